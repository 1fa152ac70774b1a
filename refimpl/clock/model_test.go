package clock_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
)

// history is the naive model of an object: every write that is known, each with the set of writes that its writer had seen. It
// grows for ever, and its siblings are what no other known write has seen.
type history struct {
	known map[clock.Dot]write
	names map[clock.Dot]bool // known by name: in known, or seen by one that is
}

type write struct {
	past      map[clock.Dot]bool
	value     string
	tombstone bool
}

func newHistory() history {
	return history{known: map[clock.Dot]write{}, names: map[clock.Dot]bool{}}
}

func (h history) clone() history { return history{maps.Clone(h.known), maps.Clone(h.names)} }

func (h history) put(past map[clock.Dot]bool, d clock.Dot, value string, tombstone bool) history {
	h = h.clone()
	h.known[d] = write{maps.Clone(past), value, tombstone}
	h.names[d] = true
	maps.Copy(h.names, past)
	return h
}

func (h history) merge(o history) history {
	h = h.clone()
	maps.Copy(h.known, o.known)
	maps.Copy(h.names, o.names)
	return h
}

// live gives the dots of the siblings.
func (h history) live() map[clock.Dot]write {
	out := map[clock.Dot]write{}
	for d, w := range h.known {
		gone := false
		for _, other := range h.known {
			gone = gone || other.past[d]
		}
		if !gone {
			out[d] = w
		}
	}
	return out
}

// replica holds an object twice: as it is meant, and in the model.
type replica struct {
	set   clock.Set
	model history
	count uint64 // writes of its actor, over all objects: sometimes it counts one for another object
}

// readers remember what they read somewhere and write somewhere else.
type reader struct {
	context clock.Context
	past    map[clock.Dot]bool
}

// run does n random steps on a few replicas and calls check after each.
func run(t *testing.T, rng *rand.Rand, n int, check func(all []replica)) []replica {
	t.Helper()
	all := make([]replica, 2+rng.IntN(3))
	for i := range all {
		all[i].model = newHistory()
	}
	readers := make([]reader, 3)
	for step := range n {
		at := &all[rng.IntN(len(all))]
		who := &readers[rng.IntN(len(readers))]
		switch rng.IntN(10) {
		case 0, 1:
			who.context, who.past = at.set.Context(), maps.Clone(at.model.names)
		case 2:
			*who = reader{}
		case 3:
			at.count += uint64(rng.IntN(3))
		case 4, 5, 6, 7:
			at.count++
			d := clock.Dot{Actor: actor(fmt.Sprint("r", index(all, at))), Counter: at.count}
			value, tombstone := fmt.Sprint("v", step), rng.IntN(4) == 0
			var err error
			if tombstone {
				value = ""
				at.set, err = at.set.Delete(who.context, d)
			} else {
				at.set, err = at.set.Put(who.context, d, []byte(value))
			}
			require.NoError(t, err)
			at.model = at.model.put(who.past, d, value, tombstone)
		default:
			from := all[rng.IntN(len(all))]
			merged, err := at.set.Merge(from.set)
			require.NoError(t, err)
			require.True(t, merged.Context().Descends(at.set.Context()), "merge is monotone")
			require.True(t, merged.Context().Descends(from.set.Context()), "merge is monotone")
			at.set, at.model = merged, at.model.merge(from.model)
		}
		check(all)
	}
	return all
}

func index(all []replica, one *replica) int {
	for i := range all {
		if &all[i] == one {
			return i
		}
	}
	return -1
}

// TestModel compares thousands of random histories with the naive model, after every step.
func TestModel(t *testing.T) {
	const runs = 4000
	siblings := 0
	for seed := range uint64(runs) {
		rng := rand.New(rand.NewPCG(seed, 1))
		run(t, rng, 30, func(all []replica) {
			for _, r := range all {
				live := r.model.live()
				require.Equal(t, len(live), r.set.Len(), "seed %d", seed)
				siblings = max(siblings, r.set.Len())
				for _, one := range r.set.Siblings() {
					w, ok := live[one.Dot]
					require.True(t, ok, "seed %d: %v is gone", seed, one.Dot)
					require.Equal(t, w, write{w.past, string(one.Value), one.Tombstone})
				}
				for d := range r.model.names {
					require.True(t, r.set.Context().Has(d), "seed %d: %v is not known", seed, d)
				}
			}
		})
	}
	require.Greater(t, siblings, 3, "the histories have conflicts")
}

// TestMergeLaws: commutative, associative, idempotent, monotone, over states that random histories reach.
func TestMergeLaws(t *testing.T) {
	const runs = 4000
	merge := func(a, b clock.Set) clock.Set {
		m, err := a.Merge(b)
		require.NoError(t, err)
		return m
	}
	for seed := range uint64(runs) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var past []clock.Set
		run(t, rng, 25, func(all []replica) {
			for _, r := range all {
				if rng.IntN(4) == 0 {
					past = append(past, r.set)
				}
			}
		})
		for range 20 {
			a, b, c := past[rng.IntN(len(past))], past[rng.IntN(len(past))], past[rng.IntN(len(past))]
			if rng.IntN(3) == 0 {
				a = a.LastWriter() // stores that resolve are part of the same order
			}
			if rng.IntN(3) == 0 {
				b = b.Dedupe()
			}
			require.True(t, merge(a, a).Equal(a), "idempotent, seed %d", seed)
			require.True(t, merge(a, b).Equal(merge(b, a)), "commutative, seed %d", seed)
			require.True(t, merge(merge(a, b), c).Equal(merge(a, merge(b, c))), "associative, seed %d", seed)
			require.True(t, merge(a, merge(a, b)).Equal(merge(a, b)), "monotone, seed %d", seed)
			require.False(t, merge(a, b).Less(a), "monotone, seed %d", seed)
		}
	}
}

// TestOrderOfDeliveryMeansNothing: all states of a history, merged in any order and repeated, give one result.
func TestOrderOfDeliveryMeansNothing(t *testing.T) {
	for seed := range uint64(1000) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var past []clock.Set
		run(t, rng, 20, func(all []replica) { past = append(past, all[0].set, all[len(all)-1].set) })
		var results []clock.Set
		for range 3 {
			var s clock.Set
			for range 2 {
				for _, i := range rng.Perm(len(past)) {
					var err error
					s, err = s.Merge(past[i])
					require.NoError(t, err)
				}
			}
			results = append(results, s)
		}
		require.True(t, results[0].Equal(results[1]) && results[1].Equal(results[2]), "seed %d", seed)
		want, err := results[0].AppendBinary(nil)
		require.NoError(t, err)
		got, err := results[2].AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, want, got, "equal states have equal bytes")
	}
}

// TestNodeModel compares the node clock with a set of dots.
func TestNodeModel(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 4))
		nodes := []*clock.Node{{}, {}}
		models := []map[clock.Dot]bool{{}, {}}
		for range 60 {
			i := rng.IntN(2)
			d := clock.Dot{Actor: actor(fmt.Sprint(rng.IntN(3))), Counter: uint64(1 + rng.IntN(25))}
			switch rng.IntN(8) {
			case 0:
				last := d.Counter + uint64(rng.IntN(6))
				nodes[i].AddRange(d.Actor, clock.Range{First: d.Counter, Last: last})
				for c := d.Counter; c <= last; c++ {
					models[i][clock.Dot{Actor: d.Actor, Counter: c}] = true
				}
			case 1:
				nodes[i].Join(nodes[1-i])
				maps.Copy(models[i], models[1-i])
			default:
				nodes[i].Add(d)
				models[i][d] = true
			}
			checkNode(t, nodes[i], models[i])
			covered := true
			for d := range models[1-i] {
				covered = covered && models[i][d]
			}
			require.Equal(t, covered, nodes[i].Covers(nodes[1-i]))
			require.Equal(t, covered && len(models[0]) == len(models[1]), nodes[i].Equal(nodes[1-i]))
		}
	}
}

func checkNode(t *testing.T, n *clock.Node, model map[clock.Dot]bool) {
	t.Helper()
	total := 0
	for _, a := range n.Actors() {
		before := uint64(0)
		for i, r := range n.Ranges(a) {
			require.True(t, r.First <= r.Last && (i == 0 && r.First >= 1 || r.First > before+1), "ranges are canonical")
			before = r.Last
			total += int(r.Last - r.First + 1)
		}
		require.Equal(t, before, n.Max(a))
		gaps := uint64(0)
		for at := uint64(0); at < 40; {
			gap := n.After(a, at)
			for c := gap.First; c <= min(gap.Last, 40); c++ {
				require.False(t, model[clock.Dot{Actor: a, Counter: c}])
				gaps++
			}
			at = gap.Last
		}
		have := uint64(0)
		for c := uint64(1); c <= 40; c++ {
			if model[clock.Dot{Actor: a, Counter: c}] {
				have++
			}
		}
		require.Equal(t, 40-have, gaps)
	}
	require.Equal(t, len(model), total)
	for d := range model {
		require.True(t, n.Has(d))
	}
	b, err := n.AppendBinary(nil)
	require.NoError(t, err)
	back, err := clock.DecodeNode(b, clock.DefaultNodeLimits())
	require.NoError(t, err)
	require.True(t, back.Equal(n))
}
