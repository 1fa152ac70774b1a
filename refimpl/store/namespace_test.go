package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// foreign is an object of one write of another store.
func foreign(t testing.TB, a clock.Actor, counter uint64, value string) clock.Set {
	t.Helper()
	s, err := clock.Set{}.Put(nil, clock.Dot{Actor: a, Counter: counter}, []byte(value))
	require.NoError(t, err)
	return s
}

// TestClocksOfNamespaces: writes that go to one namespace and another leave no gaps in either clock, also behind a restart, and for a namespace
// that comes later.
func TestClocksOfNamespaces(t *testing.T) {
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	s, err := store.Open(cfg)
	require.NoError(t, err)
	for i := range 100 {
		put(t, s, in([]string{"n", "last"}[i%2], fmt.Sprint(i)), "v")
	}
	whole := clock.Range{First: 1, Last: 100}
	for range 2 {
		for _, ns := range []string{"n", "last", "by"} {
			require.Equal(t, []clock.Range{whole}, s.ClockIn(ns).Ranges(s.Actor()), ns)
		}
		require.Zero(t, s.ClockIn("unknown").Count())
		sound(t, s, [16]byte{})
		require.NoError(t, s.Close())
		s, err = store.Open(cfg)
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	cfg.Namespaces["later"] = store.DefaultNamespace()
	s = openAs(t, cfg)
	require.Equal(t, []clock.Range{whole}, s.ClockIn("later").Ranges(s.Actor()))
	sound(t, s, [16]byte{})
}

// TestNamespacesAreApart: what a peer claims in one namespace hides nothing in another, and one dot in two of them is no collision.
func TestNamespacesAreApart(t *testing.T) {
	s := open(t)
	other := clock.Actor{9}
	var all clock.Node
	all.AddRange(other, clock.Range{First: 1, Last: 50})
	update(t, s, func(tx store.Tx) error { return tx.ObserveIn("last", &all) })
	code(t, store.CodeDenied, s.Update(t.Context(), func(tx store.Tx) error { return tx.ObserveIn("unknown", &all) }))
	require.Equal(t, store.NoOp, merge(t, s, in("last", "k"), foreign(t, other, 7, "gone"), nil).Outcome, "claimed, and not there")
	require.Equal(t, store.Applied, merge(t, s, key("k"), foreign(t, other, 7, "v"), nil).Outcome)
	require.Equal(t, store.Applied, merge(t, s, in("by", "other"), foreign(t, other, 7, "another"), nil).Outcome)
	require.Equal(t, []string{"v"}, get(t, s, key("k")))
	sound(t, s, [16]byte{})
	sent := 0
	upTo, damaged, err := s.SinceIn("n", new(clock.Node), func(k store.Key, _ clock.Set) error {
		require.Equal(t, key("k"), k)
		sent++
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, damaged)
	require.Equal(t, 1, sent)
	require.True(t, upTo.Equal(s.ClockIn("n")))
	_, _, err = s.SinceIn("unknown", new(clock.Node), nil)
	code(t, store.CodeDenied, err)
}

// TestReapIn: the members of one namespace say nothing about another.
func TestReapIn(t *testing.T) {
	s := open(t)
	for _, ns := range []string{"n", "last"} {
		put(t, s, in(ns, "k"), "v")
		remove(t, s, in(ns, "k"))
	}
	dropped, err := s.ReapIn(t.Context(), "n", []*clock.Node{s.ClockIn("n")})
	require.NoError(t, err)
	require.Equal(t, 1, dropped)
	require.EqualValues(t, 1, s.Stats().Tombstones)
	sound(t, s, [16]byte{})
}

// TestSinceSeesLaterSiblings: a sibling comes to an object while a walk is behind its place in the log, and before the object's own. The object
// is sent all the same: who takes the walk's clock over would otherwise lose it.
func TestSinceSeesLaterSiblings(t *testing.T) {
	s := open(t, func(c *store.Config) { c.Rand = repeat(clock.Actor{1}) })
	late := clock.Actor{0xFF}
	for i := range uint64(600) { // more than a page
		require.Equal(t, store.Applied, merge(t, s, key(fmt.Sprintf("k%03d", i)), foreign(t, late, i+1, "v"), nil).Outcome)
	}
	sent := map[string]clock.Set{}
	upTo, err := s.Since(new(clock.Node), func(k store.Key, set clock.Set) error {
		if len(sent) == 0 {
			add(t, s, key("k599"), "a sibling, whose dot stands before all others")
		}
		sent[k.Name] = set
		return nil
	})
	require.NoError(t, err)
	require.True(t, upTo.Has(clock.Dot{Actor: late, Counter: 600}))
	require.True(t, sent["k599"].Has(clock.Dot{Actor: late, Counter: 600}))
}

// TestSinceInNamesDamage: an object that cannot be read is left out, and so are its dots.
func TestSinceInNamesDamage(t *testing.T) {
	s := open(t)
	for _, k := range []string{"a", "b", "c"} {
		put(t, s, key(k), "v")
	}
	require.NoError(t, s.Spoil(func(bt *bolt.Tx) error {
		return bt.Bucket(store.BucketObjects).Put(key("b").Bytes(), []byte{0xFF})
	}))
	sent := 0
	upTo, damaged, err := s.SinceIn("n", new(clock.Node), func(store.Key, clock.Set) error { sent++; return nil })
	require.NoError(t, err)
	require.Equal(t, 2, sent)
	require.Equal(t, []store.Key{key("b")}, damaged)
	require.False(t, upTo.Has(clock.Dot{Actor: s.Actor(), Counter: 2}))
	require.True(t, upTo.Has(clock.Dot{Actor: s.Actor(), Counter: 3}))
}

func TestAgainst(t *testing.T) {
	s := open(t)
	put(t, s, key("k"), "1")
	put(t, s, key("k"), "2")
	a := s.Actor()
	dot := func(n uint64) clock.Dot { return clock.Dot{Actor: a, Counter: n} }
	set, gone, err := s.Against(key("k"), []clock.Dot{dot(1), dot(2), dot(3)})
	require.NoError(t, err)
	require.Equal(t, 1, set.Len())
	require.Equal(t, []clock.Dot{dot(1)}, gone)
	set, gone, err = s.Against(key("nothing"), []clock.Dot{dot(2)})
	require.NoError(t, err)
	require.Zero(t, set.Len())
	require.Equal(t, []clock.Dot{dot(2)}, gone)
	_, _, err = s.Against(in("unknown", "k"), nil)
	code(t, store.CodeDenied, err)
}

// TestSinceEnds: somebody writes for each object that is sent; the walk ends with what was there when it began.
func TestSinceEnds(t *testing.T) {
	s := open(t)
	for i := range 20 {
		put(t, s, key(fmt.Sprint("k", i)), "v")
	}
	sent := 0
	upTo, err := s.Since(new(clock.Node), func(store.Key, clock.Set) error {
		sent++
		require.Less(t, sent, 100)
		put(t, s, key(fmt.Sprint("new", sent)), "v")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 20, sent)
	require.EqualValues(t, 20, upTo.Max(s.Actor()))
	require.Zero(t, pull(t, s, s))
}
