package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/store"
)

// TestConvergence: random writes, deletions, merges of single objects, whole pulls and reaping on three stores; what a write has put and nobody has
// replaced is there in the end, what was deleted does not come back, and all stores, digests and logs agree.
func TestConvergence(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { converge(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

// truth remembers of each key which values nobody has replaced: the naive model, by the value's text.
type truth struct {
	known map[string]map[string]bool // of each value, what its writer had seen
}

func converge(t *testing.T, rng *rand.Rand) {
	stores := []*store.Bolt{open(t), open(t), open(t)}
	keys := []store.Key{key("a"), key("b"), key("c"), key("d")}
	model := map[store.Key]truth{}
	seen := make([]map[store.Key]map[string]bool, len(stores)) // of each store, all values of a key that it knows
	for i := range seen {
		seen[i] = map[store.Key]map[string]bool{}
	}
	share := func(to, from int, k store.Key) {
		if seen[to][k] == nil {
			seen[to][k] = map[string]bool{}
		}
		for v := range seen[from][k] {
			seen[to][k][v] = true
		}
	}
	for step := range 60 {
		i, k := rng.IntN(3), keys[rng.IntN(len(keys))]
		s := stores[i]
		value := fmt.Sprint("v", step)
		switch rng.IntN(8) {
		case 0, 1, 2: // a write that has seen what the store knows, or nothing
			blind := rng.IntN(3) == 0
			past := map[string]bool{}
			if blind {
				add(t, s, k, value)
			} else {
				put(t, s, k, value)
				for v := range seen[i][k] {
					past[v] = true
				}
			}
			note(model, seen[i], k, value, past)
		case 3:
			if len(get(t, s, k)) > 0 {
				past := map[string]bool{}
				for v := range seen[i][k] {
					past[v] = true
				}
				remove(t, s, k)
				note(model, seen[i], k, "", past)
			}
		case 4, 5: // one object
			j := rng.IntN(3)
			if set, err := stores[j].Get(k); err == nil {
				merge(t, s, k, set, stores[j].Clock())
				share(i, j, k)
			}
		case 6:
			j := rng.IntN(3)
			pull(t, s, stores[j])
			for _, k := range keys {
				share(i, j, k)
			}
		default:
			var acked []*clock.Node
			for _, o := range stores {
				acked = append(acked, o.Clock())
			}
			_, err := s.Reap(t.Context(), acked)
			require.NoError(t, err)
		}
	}
	settle(t, stores)
	for _, k := range keys {
		require.ElementsMatch(t, live(model[k]), get(t, stores[0], k), "%v", k)
	}
}

func note(model map[store.Key]truth, seen map[store.Key]map[string]bool, k store.Key, value string, past map[string]bool) {
	if model[k].known == nil {
		model[k] = truth{map[string]map[string]bool{}}
	}
	if value == "" {
		value = fmt.Sprint("deletion ", len(model[k].known))
	}
	model[k].known[value] = past
	if seen[k] == nil {
		seen[k] = map[string]bool{}
	}
	seen[k][value] = true
}

// live gives the values that no write has seen, deletions left out.
func live(of truth) (values []string) {
	for v := range of.known {
		gone := len(v) > 8 && v[:8] == "deletion"
		for _, past := range of.known {
			gone = gone || past[v]
		}
		if !gone {
			values = append(values, v)
		}
	}
	return values
}

// settle pulls everything round, after which all stores have the same values; repairs what the digests still tell apart, which is what
// one store has reaped and another not; and holds the stores against each other.
func settle(t *testing.T, stores []*store.Bolt) {
	t.Helper()
	pairs := func(f func(a, b *store.Bolt)) {
		for _, a := range stores {
			for _, b := range stores {
				f(a, b)
			}
		}
	}
	pairs(func(a, b *store.Bolt) { pull(t, a, b) })
	pairs(func(a, b *store.Bolt) { pull(t, a, b) })
	for _, s := range stores {
		require.True(t, stores[0].Clock().Equal(s.Clock()))
		require.Equal(t, visible(t, stores[0]), visible(t, s))
	}
	pairs(func(a, b *store.Bolt) { repair(t, a, b) })
	pairs(func(a, b *store.Bolt) { repair(t, a, b) })
	var acked []*clock.Node
	for _, s := range stores {
		acked = append(acked, s.Clock())
		require.Equal(t, root(t, stores[0]), root(t, s))
	}
	for _, s := range stores {
		_, err := s.Reap(t.Context(), acked)
		require.NoError(t, err)
		require.Zero(t, s.Stats().Tombstones)
		require.Equal(t, root(t, stores[0]), root(t, s))
		sound(t, s, [16]byte{})
	}
}

// visible gives all values of all keys.
func visible(t *testing.T, s *store.Bolt) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	require.NoError(t, s.Ascend("n", "", "", func(k store.Key, set clock.Set) error {
		if !set.Deleted() {
			all[k.Name] = get(t, s, k)
		}
		return nil
	}))
	return all
}

// repair exchanges the objects whose items differ, as a session does behind a walk through the digests.
func repair(t *testing.T, a, b *store.Bolt) {
	t.Helper()
	for _, ns := range spaces {
		repairIn(t, ns, a, b)
	}
}

func repairIn(t *testing.T, ns string, a, b *store.Bolt) {
	t.Helper()
	differ := map[digest.Item]int{}
	for i, s := range []*store.Bolt{a, b} {
		items, more, err := s.List(ns, nil, nil, 1000)
		require.NoError(t, err)
		require.False(t, more)
		for _, it := range items {
			differ[it] += 1 + i
		}
	}
	for it, where := range differ {
		if where == 3 {
			continue
		}
		holder := []*store.Bolt{a, b}[where-1]
		keys, err := holder.Find(ns, [8]byte(it[:8]))
		require.NoError(t, err)
		for _, k := range keys {
			exchange(t, a, b, k)
			exchange(t, b, a, k)
		}
	}
}

// exchange sends an object; a receiver that knows that all of it is gone says so.
func exchange(t *testing.T, from, to *store.Bolt, k store.Key) {
	t.Helper()
	set, err := from.Get(k)
	if err != nil {
		return
	}
	require.NotEqual(t, store.Rejected, merge(t, to, k, set, from.Clock()).Outcome)
	if _, err := to.Get(k); err != nil {
		merge(t, from, k, set.Without(func(clock.Dot) bool { return true }), to.Clock())
	}
}
