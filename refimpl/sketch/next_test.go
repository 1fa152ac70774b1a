package sketch_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/sketch"
)

// TestNext: who asks for as many cells as Next says asks a few times, and for few that it does not need.
func TestNext(t *testing.T) {
	for _, c := range []struct {
		changed, trials int
		turns, asked    float64 // means: at most so many turns, and cells for each one that it takes
	}{
		{0, 1, 1, 32}, {1, 200, 1.1, 12}, {10, 200, 2, 1.3}, {100, 100, 5, 1.15}, {1_000, 10, 4, 1.2}, {10_000, 2, 4, 1.2},
	} {
		var turns, asked, used int
		for trial := range c.trials {
			rng := rand.New(rand.NewPCG(uint64(trial), 14))
			own, other := newSketch(t, [16]byte{}, 300+3*c.changed), newSketch(t, [16]byte{}, 300+3*c.changed)
			for range c.changed {
				own.Add(randomItem(rng))
				other.Add(randomItem(rng))
			}
			d := sketch.NewDecoder(own)
			at := 0
			for n := d.Next(); n > 0; n = d.Next() {
				require.NoError(t, d.Add(other.Cells(at, n)))
				at += n
				turns++
			}
			require.True(t, d.Done())
			asked, used = asked+at, used+d.Used()
		}
		trials := float64(c.trials)
		t.Logf("%d changed: %.2f turns, %.0f cells needed, %.0f asked for", c.changed, float64(turns)/trials, float64(used)/trials, float64(asked)/trials)
		require.LessOrEqual(t, float64(turns)/trials, c.turns)
		require.LessOrEqual(t, float64(asked)/float64(used), c.asked)
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
	require.Error(t, d.Add(script(t, []byte{0, 1, 0, 0, 2, 0, 1, 3, 0, 2, 3, 0, 3, 3, 0, 4, 3, 0, 5, 3, 0, 6, 3, 0}, 32)))
	require.Zero(t, d.Next())
}
