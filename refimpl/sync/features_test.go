package sync_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	gosync "sync"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// TestF2VersionsFirst: what two equal stores say to each other does not depend on the size of their values.
func TestF2VersionsFirst(t *testing.T) {
	var bytes []uint64
	for _, size := range []int{1, 10_000} {
		a, b := open(t), open(t)
		put(t, a, strings.Repeat("v", size), names("k", 100)...)
		exchange(t, a, b)
		for _, plan := range []sync.Plan{{}, {NoSince: true}} {
			r := exchange(t, a, b, func(o *sync.Options) { o.Plan = plan })
			require.True(t, r.Equal)
			bytes = append(bytes, r.In.Bytes+r.Out.Bytes)
		}
	}
	require.Equal(t, bytes[:2], bytes[2:])
}

// TestF22EqualityInOneTurn: one question, which is the end of its sender too, and one answer.
func TestF22EqualityInOneTurn(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "v", names("k", 300)...)
	exchange(t, a, b)
	r := exchange(t, b, a)
	require.Equal(t, sync.OK, r.Outcome)
	require.True(t, r.Equal)
	require.EqualValues(t, 300, r.Theirs.Count)
	require.EqualValues(t, 29, r.In.Bytes+r.Out.Bytes)
	require.Equal(t, 1, r.Turns)
	r = exchange(t, b, a, func(o *sync.Options) { o.Plan.NoSince, o.Plan.NoCells = true, true })
	require.True(t, r.Equal)
	require.EqualValues(t, 21, r.In.Bytes+r.Out.Bytes)
	require.Equal(t, 1, r.Turns)
}

// TestTurns: what is missing on one side only comes with SINCE, and the last question is the end; what the other side lacks waits for its RESULT.
func TestTurns(t *testing.T) {
	for name, tc := range map[string]struct {
		here, there bool // who has written
		plan        sync.Plan
		turns       int
	}{
		"there":                {there: true, turns: 3},
		"there, without START": {there: true, plan: sync.Plan{NoStart: true}, turns: 2},
		"here":                 {here: true, turns: 4},
		"here, without START":  {here: true, plan: sync.Plan{NoStart: true}, turns: 3},
		"both, without START":  {here: true, there: true, plan: sync.Plan{NoStart: true}, turns: 3},
		"nobody":               {turns: 1},
		"nobody, no START":     {plan: sync.Plan{NoStart: true}, turns: 2},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := open(t), open(t)
			put(t, a, "v", names("k", 20)...)
			exchange(t, a, b)
			if tc.here {
				put(t, a, "w", "k00001", "k00002")
			}
			if tc.there {
				put(t, b, "w", "k00003")
			}
			r := exchange(t, a, b, func(o *sync.Options) { o.Plan = tc.plan })
			require.Equal(t, sync.OK, r.Outcome)
			require.True(t, r.Equal)
			require.Equal(t, root(t, a).Count, r.Theirs.Count)
			require.Equal(t, tc.turns, r.Turns)
		})
	}
}

// TestF4DeletionsTravel: a deletion reaches a store that has never had the object, and one that has it.
func TestF4DeletionsTravel(t *testing.T) {
	a, b, c := open(t), open(t), open(t)
	put(t, a, "v", "gone", "kept")
	exchange(t, a, c)
	remove(t, a, "gone")
	for _, s := range []store.Store{b, c} {
		r := exchange(t, s, a)
		require.True(t, r.Equal)
		set, err := s.Get(key("gone"))
		require.NoError(t, err)
		require.True(t, set.Deleted())
		require.Equal(t, []string{"v"}, values(t, s, "kept"))
	}
}

// TestF7WritesDuringSessions: writers on both sides, sessions in both directions at once; nothing that was written is lost.
func TestF7F16WritesDuringSessions(t *testing.T) {
	a, b := open(t), open(t)
	ctx, stop := context.WithCancel(t.Context())
	var writers, sessions gosync.WaitGroup
	for n, s := range []store.Store{a, b} {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				k := key(fmt.Sprint("k", i%50))
				_ = s.Update(context.Background(), func(tx store.Tx) error {
					_, err := tx.Put(k, nil, []byte(fmt.Sprint("s", n, "-", i)))
					if store.CodeOf(err) == store.CodeLimit { // siblings
						_, err = store.Overwrite(tx, k, []byte(fmt.Sprint("s", n, "-", i)))
					}
					return err
				})
			}
		})
	}
	ab, _ := pair(t, sync.NewHandler(sync.Settings{Store: b}))
	ba, _ := pair(t, sync.NewHandler(sync.Settings{Store: a}))
	for range 3 {
		sessions.Go(func() {
			for range 5 {
				r, err := sync.Run(ctx, ab, sync.Options{Store: a, Namespace: ns})
				require.NoError(t, err)
				require.NotEqual(t, sync.Failed, r.Outcome)
				r, err = sync.Run(ctx, ba, sync.Options{Store: b, Namespace: ns, Plan: sync.Plan{NoSince: true}})
				require.NoError(t, err)
				require.NotEqual(t, sync.Failed, r.Outcome)
			}
		})
	}
	sessions.Wait()
	stop()
	writers.Wait()
	for range 3 {
		exchange(t, a, b)
	}
	require.Equal(t, root(t, a), root(t, b))
	for _, s := range []*store.Bolt{a, b} {
		report, err := s.Check(t.Context(), false)
		require.NoError(t, err)
		require.True(t, report.Sound(), "%+v", report)
	}
}

// TestF8Outcomes: catching up is no loss; a write that a last writer wins against is one, and is counted once.
func TestF8F9Outcomes(t *testing.T) {
	a, b := open(t), open(t)
	for range 3 {
		put(t, a, "v", "k")
	}
	r := exchange(t, a, b)
	require.EqualValues(t, 1, r.Theirs.Applied)
	require.Zero(t, b.Stats().Lost)

	last := func(s store.Store, value string) {
		update(t, s, func(tx store.Tx) error {
			_, err := store.Overwrite(tx, store.Key{Namespace: "last", Name: "k"}, []byte(value))
			return err
		})
	}
	last(a, "from a, with the greater counter")
	last(b, "from b")
	r = exchange(t, b, a, func(o *sync.Options) { o.Namespace = "last" })
	require.Equal(t, sync.OK, r.Outcome)
	require.True(t, r.Equal)
	require.Equal(t, 1, r.Lost)
	set, err := b.Get(store.Key{Namespace: "last", Name: "k"})
	require.NoError(t, err)
	require.Equal(t, "from a, with the greater counter", string(set.Values()[0]))
}

// TestF10Siblings: two writers make two siblings, and one that has read both makes one value of them.
func TestF10Siblings(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "a", "k")
	put(t, b, "b", "k")
	r := exchange(t, a, b)
	require.True(t, r.Equal)
	require.EqualValues(t, 1, r.Mine.Siblings)
	require.EqualValues(t, 1, r.Theirs.Siblings)
	require.ElementsMatch(t, []string{"a", "b"}, values(t, b, "k"))
	put(t, b, "both", "k")
	require.True(t, exchange(t, a, b).Equal)
	require.Equal(t, []string{"both"}, values(t, a, "k"))
}

// TestF11LatePeer: the tombstone is gone on all members when a peer comes back that still has the value.
func TestF11LatePeer(t *testing.T) {
	for _, lateBegins := range []bool{true, false} {
		t.Run(fmt.Sprint(lateBegins), func(t *testing.T) {
			a, b, late := open(t), open(t), open(t)
			put(t, a, "v", "k", "other")
			exchange(t, a, b)
			exchange(t, a, late)
			remove(t, a, "k")
			exchange(t, a, b)
			for _, s := range []*store.Bolt{a, b} {
				n, err := s.ReapIn(t.Context(), ns, []*clock.Node{a.ClockIn(ns), b.ClockIn(ns)})
				require.NoError(t, err)
				require.Equal(t, 1, n)
			}
			var r *sync.Report
			if lateBegins {
				r = exchange(t, late, a)
			} else {
				r = exchange(t, a, late)
			}
			require.Equal(t, sync.OK, r.Outcome)
			require.True(t, r.Equal)
			require.Nil(t, values(t, late, "k"))
			require.Nil(t, values(t, a, "k"))
			require.Equal(t, root(t, a), root(t, late))
		})
	}
}

// TestF12OneBadObject: one object of many that cannot be read does not keep the others back, and the session is partial.
func TestF12OneBadObject(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s, err := store.Open(settings(path))
	require.NoError(t, err)
	put(t, s, "v", names("k", 300)...)
	require.NoError(t, s.Close())
	rot(t, path, "k00123")
	s = open(t, func(c *store.Config) { c.Path = path })
	for _, plan := range []sync.Plan{{}, {NoSince: true}} {
		other := open(t)
		r := exchange(t, s, other, func(o *sync.Options) { o.Plan = plan })
		require.EqualValues(t, 299, root(t, other).Count)
		if !plan.NoSince { // the digest does not know of it
			require.Equal(t, sync.Partial, r.Outcome)
			require.EqualValues(t, 1, r.Mine.Errors)
			for _, d := range other.ClockIn(ns).Actors() {
				require.Len(t, other.ClockIn(ns).Ranges(d), 2, "what was not sent is not taken for gone")
			}
		}
		other = open(t)
		r = exchange(t, other, s, func(o *sync.Options) { o.Plan = plan })
		require.EqualValues(t, 299, root(t, other).Count)
		require.Equal(t, plan.NoSince, r.Outcome == sync.OK, "%+v", r)
	}
}

// rot makes an object of a closed store unreadable.
func rot(t *testing.T, path, name string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("objects"))
		k := []byte(ns + "\x00" + name)
		v := append([]byte(nil), b.Get(k)...)
		v[0] ^= 0x40
		return b.Put(k, v)
	}))
	require.NoError(t, db.Close())
}

// TestF13OneDotTwoValues: somebody has copied a store. SINCE sees nothing; digests do, and neither value is lost.
func TestF13OneDotTwoValues(t *testing.T) {
	a, b := open(t), open(t)
	d := clock.Dot{Actor: clock.Actor{9}, Counter: 4}
	for s, value := range map[*store.Bolt]string{a: "one", b: "two"} {
		set, err := clock.Set{}.Put(nil, d, []byte(value))
		require.NoError(t, err)
		require.Equal(t, store.Applied, merge(t, s, key("k"), set).Outcome)
		put(t, s, "v", "fine-"+value)
	}
	r := exchange(t, a, b)
	require.Equal(t, sync.Partial, r.Outcome)
	require.False(t, r.Equal)
	require.EqualValues(t, 1, r.Mine.Rejected)
	require.EqualValues(t, 1, r.Theirs.Rejected)
	require.Equal(t, []string{"one"}, values(t, a, "k"))
	require.Equal(t, []string{"two"}, values(t, b, "k"))
	require.Equal(t, []string{"v"}, values(t, a, "fine-two"))
	for _, s := range []*store.Bolt{a, b} {
		require.EqualValues(t, 1, s.Stats().Collisions)
		require.EqualValues(t, 1, s.Stats().Quarantined)
	}
}

// TestContextWithoutDot: a context that has grown without a write is found by the digest alone.
func TestContextWithoutDot(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "v", "k")
	exchange(t, a, b)
	set, err := a.Get(key("k"))
	require.NoError(t, err)
	merge(t, a, key("k"), set.Knowing(clock.Dot{Actor: clock.Actor{3}, Counter: 8}))
	var node clock.Node
	node.Add(clock.Dot{Actor: clock.Actor{3}, Counter: 8})
	update(t, b, func(tx store.Tx) error { return tx.ObserveIn(ns, &node) }) // its clock has all that a's has
	require.NotEqual(t, root(t, a), root(t, b))
	r := exchange(t, b, a)
	require.Equal(t, sync.OK, r.Outcome)
	require.True(t, r.Equal)
	require.Equal(t, root(t, a), root(t, b))
}

var objects = flag.Int("objects", 20_000, "objects of TestF21CostFollowsDifference, at least 1,000 and in whole thousands")

// TestF21CostFollowsDifference: of many objects few differ. SINCE costs the objects; digests cost a few kilobytes for each, and no more than 1.2 times what a
// bare digest of 10^6 items costs, with 200 bytes more for each object itself and its versions.
func TestF21CostFollowsDifference(t *testing.T) {
	n := *objects
	all := names("k", n)
	a, b := open(t), open(t)
	for from := 0; from < n; from += 1000 {
		put(t, a, "v", all[from:from+1000]...)
	}
	r := exchange(t, a, b)
	require.Equal(t, sync.OK, r.Outcome)
	require.EqualValues(t, n, r.Mine.Sent)
	for _, tc := range []struct {
		d              int
		since, digests uint64 // most bytes of both directions
	}{{0, 480, 52}, {1, 700, 1_961}, {10, 2_500, 14_673}, {100, 20_000, 119_536}, {1000, 200_000, 897_852}} {
		for _, noSince := range []bool{false, true} {
			put(t, a, fmt.Sprint("w", tc.d, noSince), all[:tc.d]...)
			r := exchange(t, b, a, func(o *sync.Options) { o.Plan.NoSince = noSince })
			require.True(t, r.Equal)
			require.EqualValues(t, tc.d, r.Mine.Applied)
			total := r.In.Bytes + r.Out.Bytes
			t.Logf("d=%d, SINCE %v: %d bytes, %d round trips, %v", tc.d, !noSince, total, r.Turns, r.Took)
			if noSince {
				require.LessOrEqual(t, total, tc.digests)
			} else {
				require.LessOrEqual(t, total, tc.since)
			}
		}
	}
}

// TestTooLarge: an object over what the other side takes is named, and is not taken for gone.
func TestTooLarge(t *testing.T) {
	a := open(t)
	b := open(t, func(c *store.Config) {
		small := store.DefaultNamespace()
		small.MaxValue, small.MaxObject = 1000, 1100
		c.Namespaces[ns] = small
	})
	put(t, a, strings.Repeat("x", 5000), "large")
	put(t, a, "v", "small")
	r := exchange(t, a, b)
	require.Equal(t, sync.Partial, r.Outcome)
	require.EqualValues(t, 1, r.Theirs.Applied)
	require.NotZero(t, r.Theirs.Rejected)
	require.False(t, b.ClockIn(ns).Has(clock.Dot{Actor: a.Actor(), Counter: 1}))
	put(t, a, "now it fits", "large")
	r = exchange(t, b, a)
	require.Equal(t, sync.OK, r.Outcome)
	require.True(t, r.Equal)
}

// TestF18Metrics: both perspectives are counted.
func TestF18Metrics(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "v", names("a", 10)...)
	put(t, b, "v", names("b", 20)...)
	var mine, theirs sync.Metrics
	ended := make(chan struct{}, 2)
	h := sync.NewHandler(sync.Settings{Store: b, Metrics: &theirs, OnEnd: func(*sync.Report, error) { ended <- struct{}{} }})
	d, _ := pair(t, h)
	r, err := sync.Run(t.Context(), d, sync.Options{Store: a, Namespace: ns})
	require.NoError(t, err)
	mine.Note(r)
	<-ended
	i, o := mine.Totals(sync.Asked), theirs.Totals(sync.Answered)
	require.EqualValues(t, 1, i.Sessions[sync.OK])
	require.EqualValues(t, 1, o.Sessions[sync.OK])
	require.EqualValues(t, 10, i.Pushes)
	require.EqualValues(t, 20, i.Pulls)
	require.EqualValues(t, 20, o.Pushes)
	require.Equal(t, i.BytesIn, o.BytesOut)
	require.Equal(t, i.BytesOut, o.BytesIn)
	require.Positive(t, i.Turns)
	require.Positive(t, i.Since.Sum)
	require.False(t, i.LastOK.IsZero())
	require.Zero(t, theirs.Totals(sync.Asked).Pushes)
}

// TestStoreThatTakesNothing: a full disk refuses objects, one by one, and the session says so.
func TestStoreThatTakesNothing(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "v", names("k", 5)...)
	require.NoError(t, b.Close())
	d, _ := pair(t, sync.NewHandler(sync.Settings{Store: b}))
	_, err := sync.Run(t.Context(), d, sync.Options{Store: a, Namespace: ns})
	require.Error(t, err)
}
