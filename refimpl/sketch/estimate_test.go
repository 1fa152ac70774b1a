package sketch_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/sketch"
)

// TestEstimate: the cells tell the number of items that differ long before the items come out, whichever sides they are on.
func TestEstimate(t *testing.T) {
	for _, c := range []struct{ theirs, ours, cells int }{
		{1_000, 1_000, 64}, {1_000, 1_000, 512}, {2_000, 0, 64}, {0, 2_000, 256}, {150, 50, 64}, {10_000, 10_000, 1_024}, {5_000, 100, 128},
	} {
		const trials = 12
		var mean, square float64
		n := float64(c.theirs + c.ours)
		for trial := range trials {
			rng := rand.New(rand.NewPCG(uint64(trial), 13))
			own, other := newSketch(t, [16]byte{}, c.cells), newSketch(t, [16]byte{}, c.cells)
			for range c.theirs {
				other.Add(randomItem(rng))
			}
			for range c.ours {
				own.Add(randomItem(rng))
			}
			d := sketch.NewDecoder(own)
			require.Zero(t, d.Estimate())
			require.NoError(t, d.Add(other.Cells(0, c.cells)))
			off := float64(d.Estimate()) - n
			mean += off / n / trials
			square += off * off / n / n / trials
		}
		t.Logf("%+v: bias %+.3f, deviation %.3f", c, mean, math.Sqrt(square))
		sigma := math.Sqrt(2 / float64(c.cells-1))
		require.InDelta(t, 0, mean, 5*sigma/math.Sqrt(trials))
		require.Less(t, math.Sqrt(square), 1.6*sigma)
	}
}

// TestEstimateOfWholeDifferences: it is of the right size where all has come out, too.
func TestEstimateOfWholeDifferences(t *testing.T) {
	own, other := sketchOf(t, [16]byte{}, 1, 300, 1_000), sketchOf(t, [16]byte{}, 101, 400, 1_000)
	d := sketch.NewDecoder(own)
	require.NoError(t, d.Add(other.Cells(0, 1_000)))
	require.True(t, d.Done())
	require.InDelta(t, 200, d.Estimate(), 60)
}
