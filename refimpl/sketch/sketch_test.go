package sketch_test

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
)

func randomItem(rng *rand.Rand) (it digest.Item) {
	binary.BigEndian.PutUint64(it[:8], rng.Uint64())
	binary.BigEndian.PutUint64(it[8:], rng.Uint64())
	return it
}

func newSketch(t testing.TB, salt [16]byte, cells int) *sketch.Sketch {
	t.Helper()
	s, err := sketch.New(salt, cells)
	require.NoError(t, err)
	return s
}

// TestUpkeep: a sketch depends on the set alone and not on its history, and a longer one begins with the shorter one.
func TestUpkeep(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		salt := [16]byte(randomItem(rng))
		short, long := newSketch(t, salt, 1+rng.IntN(40)), newSketch(t, salt, 2_000)
		set := map[digest.Item]bool{}
		for range 400 {
			if it, ok := first(set); ok && rng.IntN(3) == 0 {
				delete(set, it)
				short.Remove(it)
				long.Remove(it)
				continue
			}
			it := randomItem(rng)
			set[it] = true
			short.Add(it)
			long.Add(it)
		}
		fresh := newSketch(t, salt, 2_000)
		for it := range set {
			fresh.Add(it)
		}
		require.Equal(t, fresh, long)
		require.Equal(t, fresh.Cells(0, short.Len()), short.Cells(0, short.Len()))
		require.EqualValues(t, len(set), long.Items())
		for it := range maps.Clone(set) {
			long.Remove(it)
		}
		require.Equal(t, newSketch(t, salt, 2_000), long)
	}
}

func first(set map[digest.Item]bool) (digest.Item, bool) {
	for it := range set {
		return it, true
	}
	return digest.Item{}, false
}

// TestDifference: whatever two sets differ in comes out, each item on its side, and is what cells in messages of any size give.
func TestDifference(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		salt := [16]byte(randomItem(rng))
		a, b := newSketch(t, salt, 2_000), newSketch(t, salt, 1_000)
		for range rng.IntN(300) {
			it := randomItem(rng)
			a.Add(it)
			b.Add(it)
		}
		var onlyA, onlyB []digest.Item
		for range rng.IntN(100) {
			it := randomItem(rng)
			switch rng.IntN(3) {
			case 0:
				onlyA = append(onlyA, it)
				a.Add(it)
			case 1:
				onlyB = append(onlyB, it)
				b.Add(it)
			default: // one key, two states
				other := it
				other[15]++
				onlyA, onlyB = append(onlyA, it), append(onlyB, other)
				a.Add(it)
				b.Add(other)
			}
		}
		d := sketch.NewDecoder(a)
		a.Add(digest.Item{1}) // a copy: later changes are not seen
		require.False(t, d.Done())
		for at := 0; !d.Done(); {
			n := 1 + rng.IntN(50)
			cells, err := sketch.ParseCells(b.AppendCells(nil, at, n))
			require.NoError(t, err)
			require.NotEmpty(t, cells, "seed %d: %d and %d items", seed, len(onlyA), len(onlyB))
			require.NoError(t, d.Add(cells))
			at += len(cells)
		}
		theirs, ours := d.Difference()
		require.Equal(t, texts(onlyB), texts(theirs))
		require.Equal(t, texts(onlyA), texts(ours))
		used := d.Used()
		require.NoError(t, d.Add(b.Cells(0, 1)), "cells behind the end are ignored")
		require.Equal(t, used, d.Used())
	}
}

// TestOverhead holds the cells that a difference takes against the published 1.35 to 1.72 for each item.
func TestOverhead(t *testing.T) {
	for _, c := range []struct {
		items, trials int
		most          float64 // mean of cells, for each item
	}{
		{1, 200, 1}, {2, 2_000, 1.8}, {5, 1_000, 1.9}, {10, 500, 1.85}, {100, 50, 1.52}, {1_000, 10, 1.40}, {10_000, 1, 1.38},
	} {
		rng := rand.New(rand.NewPCG(uint64(c.items), 4))
		sum := 0
		for range c.trials {
			a, b := newSketch(t, [16]byte{}, 256+2*c.items), newSketch(t, [16]byte{}, 256+2*c.items)
			for range c.items {
				if it := randomItem(rng); rng.IntN(2) == 0 {
					a.Add(it)
				} else {
					b.Add(it)
				}
			}
			d := sketch.NewDecoder(a)
			require.NoError(t, d.Add(b.Cells(0, b.Len())))
			require.True(t, d.Done())
			sum += d.Used()
		}
		mean := float64(sum) / float64(c.trials) / float64(c.items)
		t.Logf("%d items: %.3f cells each", c.items, mean)
		require.LessOrEqual(t, mean, c.most, "%d items", c.items)
	}
}

// TestBudget: as many cells as Budget says are enough for nearly every difference.
func TestBudget(t *testing.T) {
	for items, trials := range map[int]int{1: 200, 2: 1_000, 5: 1_000, 20: 500, 60: 200, 200: 100, 2_000: 5} {
		rng := rand.New(rand.NewPCG(uint64(items), 5))
		misses := 0
		for range trials {
			a, b := newSketch(t, [16]byte{}, sketch.Budget(items)), newSketch(t, [16]byte{}, sketch.Budget(items))
			for range items {
				a.Add(randomItem(rng))
			}
			d := sketch.NewDecoder(a)
			require.NoError(t, d.Add(b.Cells(0, b.Len())))
			if !d.Done() {
				misses++
			}
		}
		require.LessOrEqual(t, misses, 1+trials/200, "%d items", items)
	}
	require.Equal(t, sketch.MaxCells, sketch.Budget(1<<62))
	require.Equal(t, sketch.Budget(0), sketch.Budget(-1))
}

func TestSizes(t *testing.T) {
	for _, n := range []int{-1, 0, sketch.MaxCells + 1} {
		_, err := sketch.New([16]byte{}, n)
		require.ErrorIs(t, err, &sketch.Error{Reason: sketch.ReasonRange})
	}
	s := newSketch(t, [16]byte{}, 10)
	for _, c := range []struct{ from, n, want int }{
		{0, 10, 10}, {0, 11, 10}, {9, 1, 1}, {9, 1 << 62, 1}, {10, 1, 0}, {1 << 62, 1 << 62, 0}, {-1, 5, 0}, {0, 0, 0}, {0, -1, 0},
	} {
		require.Len(t, s.Cells(c.from, c.n), c.want)
		require.Len(t, s.AppendCells(nil, c.from, c.n), c.want*sketch.CellSize)
	}
	for n := 1; n < sketch.CellSize; n++ {
		_, err := sketch.ParseCells(make([]byte, sketch.CellSize+n))
		require.ErrorIs(t, err, &sketch.Error{Reason: sketch.ReasonSize})
	}
	_, err := sketch.ParseCells(make([]byte, sketch.CellSize*(sketch.MaxCells+1)))
	require.ErrorIs(t, err, &sketch.Error{Reason: sketch.ReasonRange})
	require.NotErrorIs(t, err, &sketch.Error{Reason: sketch.ReasonSize})
	none, err := sketch.ParseCells(nil)
	require.NoError(t, err)
	require.Empty(t, none)
	require.Equal(t, "reason_0", sketch.Reason(0).String())
	require.Equal(t, "reason_99", sketch.Reason(99).String())
}

// TestMoreCellsThanOwn: a decoder takes no more cells than its own sketch has.
func TestMoreCellsThanOwn(t *testing.T) {
	own, other := newSketch(t, [16]byte{}, 8), newSketch(t, [16]byte{}, 100)
	rng := rand.New(rand.NewPCG(1, 6))
	for range 60 {
		other.Add(randomItem(rng))
	}
	d := sketch.NewDecoder(own)
	require.NoError(t, d.Add(other.Cells(0, 8)))
	require.False(t, d.Done())
	require.ErrorIs(t, d.Add(other.Cells(8, 1)), &sketch.Error{Reason: sketch.ReasonRange})
	require.Equal(t, slices.Collect(sketch.Places([16]byte{}, digest.Item{}))[0], 0)
}
