package sketch_test

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/sketch"
)

// checkHostile gives cells of any origin to a decoder, and holds its promises: it ends with an *Error or none, and what it has found
// is less than what has arrived.
func checkHostile(t *testing.T, d *sketch.Decoder, cells []sketch.Cell) error {
	t.Helper()
	err := d.Add(cells)
	var fault *sketch.Error
	if err != nil {
		require.ErrorAs(t, err, &fault)
		require.False(t, d.Done())
	}
	require.LessOrEqual(t, d.Found(), d.Used())
	require.LessOrEqual(t, d.Used(), len(cells))
	return err
}

// script makes the cells of somebody who knows the salt and puts true items where he likes: two bytes an act, for the cell and the item.
func script(t *testing.T, acts []byte, cells int) []sketch.Cell {
	t.Helper()
	list := make([]sketch.Cell, cells)
	for ; len(acts) >= 2; acts = acts[2:] {
		one := newSketch(t, [16]byte{}, 1)
		one.Add(numbered(int(acts[1]) % 16))
		at := int(acts[0]) % cells
		list[at] = list[at].Plus(one.Cells(0, 1)[0])
	}
	return list
}

// TestHostile: the answers to cells that no set has, and that every kind of them is met.
func TestHostile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 8))
	met := map[sketch.Reason]int{}
	for range 1_500 {
		acts := make([]byte, 2*rng.IntN(60))
		for i := range acts {
			acts[i] = byte(rng.Uint32())
		}
		d := sketch.NewDecoder(sketchOf(t, [16]byte{}, 0, rng.IntN(12), 24))
		var fault *sketch.Error
		if err := checkHostile(t, d, script(t, acts, 24)); errors.As(err, &fault) {
			met[fault.Reason]++
		}
	}
	require.Positive(t, met[sketch.ReasonPlace])
	require.Positive(t, met[sketch.ReasonTwice])
	require.Len(t, met, 2)
}

// TestHostileMemory: cells of random bytes, as many as there may be, cost what the sketch costs.
func TestHostileMemory(t *testing.T) {
	own := newSketch(t, [16]byte{}, sketch.MaxCells)
	own.Add(numbered(1))
	raw := make([]byte, sketch.MaxCells*sketch.CellSize)
	rng := rand.New(rand.NewPCG(1, 9))
	for i := range raw {
		raw[i] = byte(rng.Uint32())
	}
	cells, err := sketch.ParseCells(raw)
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := sketch.NewDecoder(own)
	require.NoError(t, checkHostile(t, d, cells))
	runtime.ReadMemStats(&after)
	require.False(t, d.Done())
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(96*sketch.MaxCells))
	require.ErrorIs(t, d.Add(cells[:1]), &sketch.Error{Reason: sketch.ReasonRange})
}

// TestDifferenceMemory: a difference that takes nearly all cells stays within the bound of the page, with what it gives in the end.
func TestDifferenceMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 12))
	own, other := differing(t, rng, sketch.MaxCells, 47_000, 0, 0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := sketch.NewDecoder(own)
	require.NoError(t, checkHostile(t, d, other.Cells(0, sketch.MaxCells)))
	list := d.Difference()
	runtime.ReadMemStats(&after)
	require.True(t, d.Done())
	require.Len(t, list, 47_000)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256*sketch.MaxCells+64<<10))
	t.Logf("%d of %d cells, %d bytes allocated", d.Used(), sketch.MaxCells, after.TotalAlloc-before.TotalAlloc)
}

// TestEqualStates: an odd number of key hashes with one sum of states looks like one, whose places betray it in every cell but the first. States are hashes under the salt, so that only who knows it and searches for long has such.
func TestEqualStates(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 18))
	own, other := newSketch(t, [16]byte{}, 400), newSketch(t, [16]byte{}, 400)
	for range 101 {
		it := randomItem(rng)
		copy(it[8:], "equal...")
		other.Add(it)
	}
	d := sketch.NewDecoder(own)
	require.NoError(t, checkHostile(t, d, other.Cells(0, 1)))
	require.Equal(t, 1, d.Found(), "every key hash is in cell 0: only fingerprints tell")

	other.Add(randomItem(rng)) // another state in cell 0
	d = sketch.NewDecoder(own)
	err := checkHostile(t, d, other.Cells(0, 400))
	require.ErrorIs(t, err, &sketch.Error{Reason: sketch.ReasonPlace})
}

// TestNoPartialTruth: cells that are damaged on the way are never taken for another difference.
func TestNoPartialTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 10))
	own, other := sketchOf(t, [16]byte{}, 1, 40, 80), sketchOf(t, [16]byte{}, 11, 50, 80)
	right := other.AppendCells(nil, 0, 80)
	want := sketch.NewDecoder(own)
	require.NoError(t, want.Add(other.Cells(0, 80)))
	require.True(t, want.Done())
	for range 1_000 {
		raw := append([]byte{}, right...)
		at := rng.IntN(want.Used() * sketch.CellSize)
		raw[at] ^= 1 << rng.IntN(8)
		cells, err := sketch.ParseCells(raw)
		require.NoError(t, err)
		d := sketch.NewDecoder(own)
		if checkHostile(t, d, cells) == nil && d.Done() {
			require.Equal(t, want.Difference(), d.Difference(), "bit in byte %d", at)
		}
	}
}
