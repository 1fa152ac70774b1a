package sketch_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
)

// changedState gives the same key hash with another state.
func changedState(rng *rand.Rand, it digest.Item) digest.Item {
	other := randomItem(rng)
	copy(other[:8], it[:8])
	return other
}

// differing are two sketches of one cell that differ in so many objects that are changed, and so many that one side alone has.
func differing(t testing.TB, rng *rand.Rand, cells, changed, theirs, ours int) (own, other *sketch.Sketch) {
	own, other = newSketch(t, [16]byte{}, cells), newSketch(t, [16]byte{}, cells)
	for range changed {
		it := randomItem(rng)
		own.Add(it)
		other.Add(changedState(rng, it))
	}
	for range theirs {
		other.Add(randomItem(rng))
	}
	for range ours {
		own.Add(randomItem(rng))
	}
	return own, other
}

// TestEstimate: two estimates tell about how much differs, whichever side has it.
func TestEstimate(t *testing.T) {
	for _, c := range []struct{ changed, theirs, ours int }{
		{1, 0, 0}, {10, 0, 0}, {100, 0, 0}, {1_000, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 100, 0}, {0, 0, 1_000}, {100, 50, 50}, {0, 500, 500},
	} {
		const trials = 400
		var mean, square float64
		keys := float64(c.changed + c.theirs + c.ours)
		items := float64(2*c.changed + c.theirs + c.ours)
		about := (items + math.Abs(float64(c.theirs-c.ours))) / 2
		rng := rand.New(rand.NewPCG(1, 13))
		for range trials {
			own, other := differing(t, rng, 1, c.changed, c.theirs, c.ours)
			got := float64(other.Estimate().Keys(own.Estimate()))
			require.Equal(t, int(got), own.Estimate().Keys(other.Estimate()))
			mean += got / trials
			square += (got - keys) * (got - keys) / trials
		}
		t.Logf("%+v: mean %.1f, deviation %.3f", c, mean, math.Sqrt(square)/keys)
		require.InDelta(t, about+0.5, mean, 0.5+0.1*about, "rounded up")
		require.Less(t, math.Sqrt((square-(about-keys)*(about-keys)))/about, 0.7)
	}
}

// TestEstimateEnds: what differs beyond what it can say is said to be much.
func TestEstimateEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 14))
	own, other := differing(t, rng, 1, 30_000, 0, 0)
	require.Greater(t, other.Estimate().Keys(own.Estimate()), 1_000)
	own, other = differing(t, rng, 1, 0, 20_000, 0)
	require.Equal(t, 20_000, other.Estimate().Keys(own.Estimate()))
	require.Zero(t, own.Estimate().Keys(own.Estimate()))
	for n := range 40 {
		_, err := sketch.ParseEstimate(make([]byte, n))
		if n == sketch.EstimateSize {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, &sketch.Error{Reason: sketch.ReasonSize})
	}
	back, err := sketch.ParseEstimate(other.AppendEstimate(nil))
	require.NoError(t, err)
	require.Equal(t, other.Estimate(), back)
}
