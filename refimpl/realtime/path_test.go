package realtime_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
	"handfast/refimpl/realtime"
	"handfast/refimpl/store"
)

// mesh makes remotes, which are named after their sites, and links between them.
func mesh(t *testing.T, edges ...[2]*site) (end func()) {
	t.Helper()
	var ends []func()
	for _, e := range edges {
		require.NoError(t, e[0].rt.Enable(string(e[1].id)))
	}
	for _, e := range edges {
		ends = append(ends, join(t, e[0], e[1]))
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// idle waits until nothing is on its way.
func idle(t *testing.T, sites ...*site) {
	t.Helper()
	sites[0].until(func() bool {
		for _, s := range sites {
			for _, m := range s.rt.Remotes() {
				if m.QueueRecords > 0 {
					return false
				}
			}
		}
		return true
	}, "something is on its way")
}

func sent(s *site, name byte) (n uint64) {
	for _, m := range s.rt.Remotes() {
		if m.Name == string(name) {
			n += m.Queued
		}
	}
	return n
}

// TestPath: a record does not go where it came from, and says by which clusters it came (REAL-002, REAL-015, REAL-016).
func TestPath(t *testing.T) {
	a, b, c := at(t, 'a'), at(t, 'b'), at(t, 'c')
	end := mesh(t, [2]*site{a, b}, [2]*site{b, a}, [2]*site{b, c}, [2]*site{c, b}, [2]*site{c, a})
	a.put(key("warm"), "up") // every remote has seen its cluster behind this
	c.holds(key("warm"), "up")
	idle(t, a, b, c)
	end()
	before := [5]uint64{sent(a, 'b'), sent(b, 'a'), sent(b, 'c'), sent(c, 'b'), sent(c, 'a')}
	require.NoError(t, b.rt.Stop("c"))
	a.put(key("x"), "1")
	defer join(t, a, b)()
	b.holds(key("x"), "1")
	a.until(func() bool { return a.remote().QueueRecords == 0 }, "not acknowledged") // and so b has queued what it passes on
	before[0]++
	before[2]++
	require.Equal(t, before, [5]uint64{sent(a, 'b'), sent(b, 'a'), sent(b, 'c'), sent(c, 'b'), sent(c, 'a')})
	list := b.queued("c")
	require.Len(t, list, 1)
	require.Equal(t, [][16]byte{id('a'), id('b')}, list[0].Path)
}

// TestRing: in a ring and in a diamond, each store passes on what is new to it, once (REAL-012).
func TestRing(t *testing.T) {
	a, b, c, d, e := at(t, 'a'), at(t, 'b'), at(t, 'c'), at(t, 'd'), at(t, 'e')
	defer mesh(t, [2]*site{a, b}, [2]*site{a, c}, [2]*site{b, d}, [2]*site{c, d}, [2]*site{d, e}, [2]*site{e, a})()
	for i := range 20 {
		a.put(key(fmt.Sprint(i)), "1")
	}
	for i := range 20 {
		e.holds(key(fmt.Sprint(i)), "1")
	}
	idle(t, a, b, c, d, e)
	require.Equal(t, uint64(20), sent(d, 'e'), "two ways lead to d")
	list, err := d.rt.Sources()
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, uint64(20), list[0].Applied+list[1].Applied)
	require.Equal(t, uint64(20), list[0].NoOps+list[1].NoOps)
	require.LessOrEqual(t, sent(e, 'a'), uint64(20), "before e has seen the cluster of a")
}

// TestLearnedCluster: what waits for a remote that came through it is held back when its cluster is learned, by a GAP that is no loss (REAL-017).
func TestLearnedCluster(t *testing.T) {
	a, b := at(t, 'a'), at(t, 'b')
	require.NoError(t, a.rt.Enable("b"))
	require.NoError(t, b.rt.Enable("a"))
	require.NoError(t, a.rt.Stop("b"))
	for i := range 5 {
		b.put(key(fmt.Sprint(i)), "from b")
	}
	// a gets it from b before it has ever seen a link to its remote.
	ca, cb := b, a
	end := joinNamed(t, ca, cb, "a", "")
	a.holds(key("4"), "from b")
	a.until(func() bool { return a.remote().QueueRecords == 5 }, "a does not know that b is its remote b")
	end()
	require.NoError(t, a.rt.Start("b"))
	a.put(key("own"), "1")
	defer join(t, a, b)()
	b.holds(key("own"), "1")
	a.until(func() bool { return a.remote().QueueRecords == 0 }, "not acknowledged")
	require.Equal(t, uint64(1), a.remote().Sent)
	b.until(func() bool { return b.source().Applied == 1 }, "not counted")
	require.Zero(t, b.source().NoOps)
	require.Zero(t, b.source().Gaps, "a skip is no loss")
	require.Equal(t, uint64(5), a.remote().Gaps.Filtered)
}

// TestLongPath: a path of 16 clusters is begun anew (REAL-003, REAL-018).
func TestLongPath(t *testing.T) {
	sites := make([]*site, 19)
	for i := range sites {
		sites[i] = at(t, byte('a'+i))
	}
	var edges [][2]*site
	for i := range len(sites) - 1 {
		edges = append(edges, [2]*site{sites[i], sites[i+1]})
	}
	defer mesh(t, edges...)()
	require.NoError(t, sites[15].rt.Enable("nobody1"))
	require.NoError(t, sites[16].rt.Enable("nobody2"))
	sites[0].put(key("x"), "1")
	sites[18].holds(key("x"), "1")
	require.Len(t, sites[15].queued("nobody1")[0].Path, 16)
	require.Len(t, sites[16].queued("nobody2")[0].Path, 1)
}

// TestResolved: what a resolver makes of two writes goes to where one of them came from, and the two sites agree.
func TestResolved(t *testing.T) {
	a, b := newSite(t, 'a'), newSite(t, 'b')
	join2 := store.ResolveBy(func(_ store.Key, list []clock.Sibling) ([]byte, bool) {
		var all []byte
		for _, one := range list {
			if len(one.Value) > len(all) {
				all = one.Value
			}
		}
		return all, true
	})
	a.resolver, b.resolver = join2, join2
	a.open()
	b.open()
	require.NoError(t, a.rt.Enable("b"))
	require.NoError(t, b.rt.Enable("a"))
	a.put(key("x"), "short")
	b.put(key("x"), "much longer")
	defer join(t, a, b)()
	for _, s := range []*site{a, b} {
		s.holds(key("x"), "much longer")
	}
	idle(t, a, b)
	require.True(t, a.get(key("x")).Equal(b.get(key("x"))))
}

// TestRules: what a rule of the sender holds back is not sent, and becomes a GAP without loss where it waits already; what a rule of the receiver does
// not take is consumed without a change (REAL-013).
func TestRules(t *testing.T) {
	a, b := at(t, 'a'), newSite(t, 'b')
	b.cfg.Take = realtime.Rules{Deny: []string{"b"}}
	b.open()
	require.NoError(t, a.rt.Enable("b"))
	other := store.Key{Namespace: "b", Name: "x"}
	a.put(other, "denied by b")
	end := join(t, a, b)
	a.put(key("x"), "1")
	b.holds(key("x"), "1")
	require.Zero(t, b.get(other).Len())
	b.until(func() bool { return b.source().Denied == 1 }, "not denied")
	idle(t, a)
	checks, _, err := b.rt.SourceChecks(b.source().Node)
	require.NoError(t, err)
	for _, c := range checks { // that of the new channel
		require.NoError(t, b.rt.Repaired(context.Background(), c))
	}
	require.False(t, b.source().CheckOwed)
	end()

	for i := range 3 {
		a.put(other, fmt.Sprint("waits ", i))
	}
	a.close()
	a.cfg.Send = realtime.Rules{Allow: []string{"a"}}
	a.open()
	a.put(other, "not queued")
	require.Equal(t, uint64(0), a.remote().Queued)
	a.put(key("x"), "2")
	defer join(t, a, b)()
	b.holds(key("x"), "2")
	idle(t, a)
	require.Equal(t, uint64(3), a.remote().Gaps.Filtered)
	require.False(t, b.source().CheckOwed)
}
