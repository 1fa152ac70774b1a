package sketch_test

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
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
	theirs, ours := d.Difference()
	require.LessOrEqual(t, len(theirs)+len(ours), d.Used())
	require.LessOrEqual(t, d.Used(), len(cells))
	if all := texts(append(theirs, ours...)); len(all) < 1_000 {
		require.Len(t, slices.Compact(all), len(theirs)+len(ours), "twice")
	}
	return err
}

// script makes the cells of somebody who knows the salt and puts true items with true checks where he likes: three bytes an
// act, for the cell, the item, and whether it goes in or out.
func script(t *testing.T, acts []byte, cells int) []sketch.Cell {
	t.Helper()
	list := make([]sketch.Cell, cells)
	for ; len(acts) >= 3; acts = acts[3:] {
		one := newSketch(t, [16]byte{}, 1)
		one.Add(numbered(int(acts[1]) % 16))
		at := int(acts[0]) % cells
		if acts[2]%2 == 0 {
			list[at] = list[at].Plus(one.Cells(0, 1)[0])
		} else {
			list[at] = list[at].Minus(one.Cells(0, 1)[0])
		}
	}
	return list
}

// TestHostile: the answers to cells that no set has, and that every kind of them is met.
func TestHostile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 8))
	met := map[sketch.Reason]int{}
	for range 1_500 {
		acts := make([]byte, 3*rng.IntN(60))
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
		if i%sketch.CellSize >= sketch.CellSize-2 {
			raw[i] = byte(i % 2) // count 1: each could hold an item alone
		}
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
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64*sketch.MaxCells))
	require.ErrorIs(t, d.Add(cells[:1]), &sketch.Error{Reason: sketch.ReasonRange})
}

// TestDifferenceMemory: a difference that takes nearly all cells stays within the bound of the page.
func TestDifferenceMemory(t *testing.T) {
	own, other := newSketch(t, [16]byte{}, sketch.MaxCells), newSketch(t, [16]byte{}, sketch.MaxCells)
	rng := rand.New(rand.NewPCG(1, 12))
	for range 23_000 {
		own.Add(randomItem(rng))
		other.Add(randomItem(rng))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := sketch.NewDecoder(own)
	require.NoError(t, checkHostile(t, d, other.Cells(0, sketch.MaxCells)))
	runtime.ReadMemStats(&after)
	require.True(t, d.Done())
	require.Less(t, after.HeapAlloc-before.HeapAlloc, uint64(256*sketch.MaxCells+64<<10))
	t.Logf("%d of %d cells, %d bytes allocated", d.Used(), sketch.MaxCells, after.TotalAlloc-before.TotalAlloc)
}

// TestNoPartialTruth: cells that are damaged on the way are never taken for the difference of other items. On which side an item is follows from
// counts, which no check covers.
func TestNoPartialTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 10))
	own, other := sketchOf(t, [16]byte{}, 1, 40, 80), sketchOf(t, [16]byte{}, 11, 50, 80)
	right := other.AppendCells(nil, 0, 80)
	want := sketch.NewDecoder(own)
	require.NoError(t, want.Add(other.Cells(0, 80)))
	require.True(t, want.Done())
	all := func(d *sketch.Decoder) []string {
		theirs, ours := d.Difference()
		return texts(append(theirs, ours...))
	}
	for range 1_000 {
		raw := append([]byte{}, right...)
		at := rng.IntN(want.Used() * sketch.CellSize)
		raw[at] ^= 1 << rng.IntN(8)
		cells, err := sketch.ParseCells(raw)
		require.NoError(t, err)
		d := sketch.NewDecoder(own)
		if checkHostile(t, d, cells) == nil && d.Done() {
			require.Equal(t, all(want), all(d), "bit in byte %d", at)
		}
	}
}
