package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

func TestMergeOutcomes(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, key("k"), "a1")
	first := object(t, a, key("k"))
	require.Equal(t, store.Result{Outcome: store.Applied, Siblings: 1}, merge(t, b, key("k"), first, a.Clock()))
	require.Equal(t, store.Result{Outcome: store.NoOp, Siblings: 1}, merge(t, b, key("k"), first, a.Clock()))
	put(t, b, key("k"), "b1")
	require.Equal(t, store.Result{Outcome: store.NoOp, Siblings: 1}, merge(t, b, key("k"), first, a.Clock()), "a late repair is no fault")
	put(t, a, key("k"), "a2")
	require.Equal(t, store.Result{Outcome: store.Siblings, Siblings: 2}, merge(t, b, key("k"), object(t, a, key("k")), a.Clock()))
	require.ElementsMatch(t, []string{"a2", "b1"}, get(t, b, key("k")))
	put(t, b, key("k"), "b2")
	require.Equal(t, store.Result{Outcome: store.Applied, Siblings: 1}, merge(t, a, key("k"), object(t, b, key("k")), b.Clock()))
	require.Equal(t, root(t, a), root(t, b))
	st := b.Stats()
	require.Equal(t, []uint64{1, 2, 1, 0}, []uint64{st.Applied, st.NoOps, st.Siblings, st.Rejected})
	sound(t, a, [16]byte{})
	sound(t, b, [16]byte{})
}

func TestMergeRejections(t *testing.T) {
	foreign := func(counter uint64, value string) clock.Set {
		s, err := clock.Set{}.Put(nil, clock.Dot{Actor: clock.Actor{1}, Counter: counter}, []byte(value))
		require.NoError(t, err)
		return s
	}
	many := func(n int) (s clock.Set) {
		for i := range n {
			var err error
			s, err = s.Put(nil, clock.Dot{Actor: clock.Actor{byte(i + 1)}, Counter: 1}, []byte{1})
			require.NoError(t, err)
		}
		return s
	}
	replaced := func(n int) clock.Set {
		s := many(n)
		s, err := s.Put(s.Context(), clock.Dot{Actor: clock.Actor{1}, Counter: 2}, nil)
		require.NoError(t, err)
		return s
	}
	var knows clock.Node
	knows.Add(clock.Dot{Actor: clock.Actor{1}, Counter: 5})
	cases := []struct {
		name   string
		want   store.Code
		key    store.Key
		set    clock.Set
		sender *clock.Node
		twin   clock.Set // differs in the fault alone
	}{
		{"denied namespace", store.CodeDenied, in("sequence", "k"), foreign(1, "v"), nil, clock.Set{}},
		{"bad key", store.CodeName, key(""), foreign(1, "v"), nil, clock.Set{}},
		{"siblings", store.CodeLimit, in("small", "k"), many(4), nil, many(3)},
		{"actors", store.CodeLimit, in("small", "k"), replaced(5), nil, replaced(4)},
		{"size", store.CodeTooLarge, in("small", "k"), foreign(1, strings.Repeat("x", 2053)), nil, foreign(1, strings.Repeat("x", 2052))},
		{"beyond the sender", store.CodeCorrupt, key("k"), foreign(6, "v"), &knows, foreign(5, "v")},
		{"far beyond the sender", store.CodeCorrupt, key("k"), foreign(1<<60, "v"), &knows, foreign(5, "v")},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t)
			before := root(t, s)
			r := merge(t, s, tc.key, tc.set, tc.sender)
			require.Equal(t, store.Rejected, r.Outcome)
			require.Equal(t, tc.want, r.Code)
			require.Equal(t, before, root(t, s))
			require.Zero(t, s.Clock().Count(), "what was rejected is not known, and will be sent again")
			if tc.twin.Len() > 0 {
				require.NotEqual(t, store.Rejected, merge(t, s, tc.key, tc.twin, tc.sender).Outcome)
			}
			sound(t, s, [16]byte{})
		})
	}
}

func TestRangesAreBounded(t *testing.T) {
	s := open(t, func(c *store.Config) { c.MaxRanges = new(2) })
	one := func(counter uint64) clock.Set {
		set, err := clock.Set{}.Put(nil, clock.Dot{Actor: clock.Actor{1}, Counter: counter}, nil)
		require.NoError(t, err)
		return set
	}
	require.Equal(t, store.Applied, merge(t, s, key("1"), one(1), nil).Outcome)
	require.Equal(t, store.CodeLimit, merge(t, s, key("2"), one(9), nil).Code)
	require.Equal(t, store.NoOp, merge(t, s, key("1"), one(1), nil).Outcome)
	var wide clock.Node
	for i := range uint64(4) {
		wide.Add(clock.Dot{Actor: clock.Actor{1}, Counter: 10 + 2*i})
	}
	err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Observe(&wide) })
	code(t, store.CodeLimit, err)
}

// One dot with two values: on one key, and on two.
func TestCollision(t *testing.T) {
	dot := clock.Dot{Actor: clock.Actor{7}, Counter: 3}
	of := func(value string) clock.Set {
		s, err := clock.Set{}.Put(nil, dot, []byte(value))
		require.NoError(t, err)
		return s
	}
	s := open(t)
	merge(t, s, key("k"), of("old"), nil)
	before := root(t, s)
	for _, name := range []string{"k", "other"} {
		r := merge(t, s, key(name), of("new"), nil)
		require.Equal(t, store.CodeCollision, r.Code, name)
		var collision *clock.CollisionError
		require.ErrorAs(t, r.Err, &collision)
		require.Equal(t, dot, collision.Dot)
	}
	require.Equal(t, []string{"old"}, get(t, s, key("k")))
	require.Nil(t, get(t, s, key("other")))
	require.Equal(t, before, root(t, s))
	require.EqualValues(t, 2, s.Stats().Collisions)
	var aside []string
	require.NoError(t, s.Quarantine(func(k store.Key, one clock.Sibling) {
		require.Equal(t, dot, one.Dot)
		aside = append(aside, k.Name+"="+string(one.Value))
	}))
	require.Equal(t, []string{"k=new", "other=new"}, aside)
	for range 300 {
		merge(t, s, key("k"), of("new"), nil)
	}
	require.EqualValues(t, 256, s.Stats().Quarantined, "a peer cannot fill the disk with collisions")
	sound(t, s, [16]byte{})
}

// A file that came back from a backup without a word: the first write of its own that a peer shows gives it a new actor.
func TestOldFileGetsNewActor(t *testing.T) {
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	lost, err := store.Open(cfg)
	require.NoError(t, err)
	peer := open(t)
	put(t, lost, key("a"), "1")
	old := lost.Actor()
	backup, err := lost.Get(key("a"))
	require.NoError(t, err)
	put(t, lost, key("a"), "2")
	put(t, lost, key("b"), "3")
	pull(t, peer, lost)
	require.NoError(t, lost.Close())

	// The store as it was behind its first write, under the same actor.
	cfg.Path = filepath.Join(t.TempDir(), "db")
	cfg.Rand = repeat(old)
	s, err := store.Open(cfg)
	require.NoError(t, err)
	require.Equal(t, old, s.Actor())
	put(t, s, key("a"), "1")
	require.True(t, backup.Equal(object(t, s, key("a"))))
	require.NoError(t, s.Close())
	cfg.Rand = nil
	s = openAs(t, cfg)

	pull(t, s, peer)
	require.NotEqual(t, old, s.Actor())
	require.Equal(t, []string{"2"}, get(t, s, key("a")))
	require.Equal(t, []string{"3"}, get(t, s, key("b")))
	put(t, s, key("c"), "4")
	require.Equal(t, 1, pull(t, peer, s))
	require.Equal(t, root(t, peer), root(t, s))

	// Only once for each Open.
	liar, err := clock.Set{}.Put(nil, clock.Dot{Actor: s.Actor(), Counter: 99}, nil)
	require.NoError(t, err)
	require.Equal(t, store.CodeCorrupt, merge(t, s, key("d"), liar, nil).Code)
	var ahead clock.Node
	ahead.Add(clock.Dot{Actor: s.Actor(), Counter: 99})
	code(t, store.CodeCorrupt, s.Update(t.Context(), func(tx store.Tx) error { return tx.Observe(&ahead) }))
}

// repeat is a source of actors that always gives one.
type repeat clock.Actor

func (r repeat) Read(b []byte) (int, error) { return copy(b, r[:]), nil }

func TestRestoredGetsNewActor(t *testing.T) {
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	s, err := store.Open(cfg)
	require.NoError(t, err)
	put(t, s, key("a"), "1")
	old := s.Actor()
	require.NoError(t, s.Close())
	cfg.Restored = true
	s = openAs(t, cfg)
	require.NotEqual(t, old, s.Actor())
	put(t, s, key("a"), "2")
	require.Equal(t, clock.Context{{Actor: old, Counter: 1}}.Join(clock.Context{{Actor: s.Actor(), Counter: 1}}), object(t, s, key("a")).Context())
}

func TestLastWriter(t *testing.T) {
	a, b := open(t), open(t)
	k := in("last", "k")
	put(t, a, in("last", "x"), "makes the counter of a greater")
	put(t, a, k, "from a")
	put(t, b, k, "from b")
	fromA, fromB := object(t, a, k), object(t, b, k)
	require.Equal(t, store.Applied, merge(t, b, k, fromA, nil).Outcome)
	require.Equal(t, store.Applied, merge(t, a, k, fromB, nil).Outcome, "the context has grown")
	require.Equal(t, []string{"from a"}, get(t, a, k))
	require.True(t, object(t, a, k).Equal(object(t, b, k)))
	require.EqualValues(t, 1, a.Stats().Lost)
	require.EqualValues(t, 1, b.Stats().Lost)
	require.Equal(t, store.NoOp, merge(t, b, k, fromB, nil).Outcome, "the loser does not come back")
}

// Two stores resolve the same conflict by a function, each by a write of its own: they settle on one value without new siblings.
func TestResolversSettle(t *testing.T) {
	a, b, c := open(t), open(t), open(t)
	k := in("by", "k")
	put(t, a, k, "long")
	put(t, b, k, "x")
	fromA, fromB := object(t, a, k), object(t, b, k)
	merge(t, a, k, fromB, nil)
	merge(t, b, k, fromA, nil)
	require.Equal(t, []string{"+long"}, get(t, a, k))
	require.Equal(t, []string{"+long"}, get(t, b, k))
	require.False(t, object(t, a, k).Equal(object(t, b, k)), "two writes of one value")
	rounds := 0
	for root(t, a) != root(t, b) || root(t, b) != root(t, c) {
		pull(t, a, b)
		pull(t, b, a)
		pull(t, c, b)
		repair(t, a, b) // a context that has grown has no dot of its own that would be pulled
		repair(t, c, b)
		rounds++
		require.Less(t, rounds, 4)
	}
	require.Equal(t, []string{"+long"}, get(t, c, k))
}

func TestSince(t *testing.T) {
	a, b := open(t), open(t)
	for i := range 1000 {
		put(t, a, key(fmt.Sprint(i%300)), fmt.Sprint(i)) // 300 objects, whose dots are the last 300
	}
	add(t, a, key("7"), "sibling")
	remove(t, a, key("8"))
	require.Equal(t, 300, pull(t, b, a))
	require.Equal(t, root(t, a), root(t, b))
	require.True(t, a.Clock().Equal(b.Clock()))
	require.Zero(t, pull(t, b, a), "nothing is sent twice")
	put(t, a, key("9"), "new")
	require.Equal(t, 1, pull(t, b, a), "cost by difference")
	add(t, b, key("9"), "b")
	add(t, b, key("9"), "b2")
	require.Equal(t, 1, pull(t, a, b), "an object with two new siblings comes once")
	require.Equal(t, root(t, a), root(t, b))
	require.Zero(t, pull(t, b, a))
}

// TestReap: a tombstone leaves when all members have it, and no late peer brings the object back.
func TestReap(t *testing.T) {
	a, b, late := open(t), open(t), open(t)
	put(t, a, key("k"), "v")
	put(t, a, key("alive"), "v")
	stale := object(t, a, key("k"))
	pull(t, b, a)
	pull(t, late, a)
	remove(t, a, key("k"))
	reap := func(acked ...*clock.Node) int {
		n, err := a.Reap(t.Context(), acked)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, reap(), "no members, no knowledge")
	require.Zero(t, reap(b.Clock(), nil))
	require.Zero(t, reap(b.Clock(), late.Clock()))
	pull(t, b, a)
	require.Zero(t, reap(b.Clock(), late.Clock()))
	require.True(t, object(t, a, key("k")).Deleted())

	require.Equal(t, 1, reap(b.Clock())) // late is no member any more
	_, err := a.Get(key("k"))
	code(t, store.CodeNotFound, err)
	require.EqualValues(t, 1, a.Stats().Objects)
	require.Zero(t, a.Stats().Tombstones)
	require.Equal(t, store.NoOp, merge(t, a, key("k"), stale, late.Clock()).Outcome, "it is gone, and known to be")
	require.Nil(t, get(t, a, key("k")))
	pull(t, a, late)
	require.Nil(t, get(t, a, key("k")))
	sound(t, a, [16]byte{})

	// An object without siblings says that what its context covers is gone.
	gone := stale.Without(func(clock.Dot) bool { return true })
	require.Equal(t, store.Applied, merge(t, late, key("k"), gone, nil).Outcome)
	require.Nil(t, get(t, late, key("k")))
	require.Equal(t, root(t, a), root(t, late))
	sound(t, late, [16]byte{})

	// What is new under the old name is no resurrection.
	put(t, late, key("k"), "new")
	pull(t, a, late)
	require.Equal(t, []string{"new"}, get(t, a, key("k")))
}
