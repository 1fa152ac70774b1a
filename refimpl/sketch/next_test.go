package sketch_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/sketch"
)

// asked is what finding a difference takes by CELLS and SKETCH.
type asked struct{ turns, bytes, cells int }

// ask finds a difference as an initiator does that has the estimate, and the first cells with it where so many came with it.
func ask(t testing.TB, own, other *sketch.Sketch, with int) (a asked) {
	const question, answer, most = 6, 4, 1_024 // bytes of CELLS, of the head of SKETCH; cells of a message
	d := sketch.NewDecoder(own)
	d.Expect(other.Estimate())
	if with > 0 {
		require.NoError(t, d.Add(other.Cells(0, with)))
		a.bytes += question + answer + sketch.EstimateSize + with*sketch.CellSize
		a.cells += with
	}
	for n := d.Next(); n > 0; n = d.Next() {
		a.turns++
		a.bytes += (n+most-1)/most*(question+answer) + n*sketch.CellSize
		require.NoError(t, d.Add(other.Cells(a.cells, n)))
		a.cells += n
	}
	require.True(t, d.Done())
	return a
}

// TestNext holds what asking by the estimate takes: the mean of the bytes of CELLS and SKETCH, and how often one turn behind the estimate is enough.
func TestNext(t *testing.T) {
	for _, c := range []struct {
		changed, trials int
		bytes           float64 // mean, at most
		once            float64 // of 100, at least
	}{
		{1, 2_000, 95, 100}, {2, 2_000, 400, 90}, {10, 2_000, 966, 90}, {100, 300, 8_449, 90}, {1_000, 40, 82_630, 90}, {10_000, 2, 818_618, 0},
	} {
		rng := rand.New(rand.NewPCG(uint64(c.changed), 14))
		var bytes, once, turns int
		for range c.trials {
			own, other := differing(t, rng, min(300+8*c.changed, sketch.MaxCells), c.changed, 0, 0)
			a := ask(t, own, other, 1)
			bytes += a.bytes
			turns += a.turns
			if a.turns <= 1 {
				once++
			}
		}
		trials := float64(c.trials)
		t.Logf("%d changed: %.0f bytes, %.1f of 100 in one turn, %.2f turns", c.changed, float64(bytes)/trials, 100*float64(once)/trials, float64(turns)/trials)
		require.LessOrEqual(t, float64(bytes)/trials, c.bytes)
		require.GreaterOrEqual(t, 100*float64(once)/trials, c.once)
	}
}

// TestNextEnds: where the own sketch ends, or the cells are of no sets, there is nothing more to ask for.
func TestNextEnds(t *testing.T) {
	own, other := newSketch(t, [16]byte{}, 40), sketchOf(t, [16]byte{}, 1, 500, 40)
	d := sketch.NewDecoder(own)
	total := 0
	for n := d.Next(); n > 0; n = d.Next() {
		require.NoError(t, d.Add(other.Cells(total, n)))
		total += n
	}
	require.Equal(t, 40, total)
	require.False(t, d.Done())

	d = sketch.NewDecoder(own)
	require.Error(t, d.Add(script(t, []byte{0, 1, 0, 2, 1, 3, 2, 3, 3, 3, 4, 3, 5, 3, 6, 3}, 32)))
	require.Zero(t, d.Next())
}
