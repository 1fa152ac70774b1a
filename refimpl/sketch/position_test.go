package sketch

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/digest"
)

// slowAfter is the definition: the smallest j above i that fulfils the inequality, in steps of one.
func slowAfter(i int, r uint64) int {
	for j := i + 1; j < MaxCells; j++ {
		if uint64(j+1)*uint64(j+2)*r >= uint64(i+1)*uint64(i+2)<<31 {
			return j
		}
	}
	return MaxCells
}

func TestAfterIsTheSmallest(t *testing.T) {
	check := func(i int, r uint64) { require.Equal(t, slowAfter(i, r), after(i, r), "i=%d r=%d", i, r) }
	for _, i := range []int{0, 1, 2, 3, 255, 256, 46_339, 46_340, MaxCells - 3, MaxCells - 2, MaxCells - 1} {
		for _, r := range []uint64{0, 1, 2, 3, 1 << 15, 1<<16 - 1, 1 << 16, 1 << 30, 1<<31 - 2, 1<<31 - 1} {
			check(i, r)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2_000 {
		i := rng.IntN(MaxCells)
		if rng.IntN(2) == 0 {
			i = rng.IntN(64)
		}
		check(i, uint64(rng.Uint32()>>1)>>rng.IntN(31))
	}
	// Numbers around the ones where the result changes.
	for range 2_000 {
		i := rng.IntN(2_000)
		j := i + 1 + rng.IntN(2_000)
		edge := uint64(i+1) * uint64(i+2) << 31 / (uint64(j+1) * uint64(j+2))
		for _, r := range []uint64{edge - 1, edge, edge + 1} {
			check(i, r)
		}
	}
}

func TestSquareRoot(t *testing.T) {
	for root := uint64(1); root < 1<<17; root += 1 + root/512 {
		require.Equal(t, root, isqrt(root*root))
		require.Equal(t, root-1, isqrt(root*root-1))
		require.Equal(t, root, isqrt(root*root+2*root))
	}
	require.Zero(t, isqrt(0))
}

// TestPlacesAreThinnedOut: a key hash is in cell j with the probability 2/(j+2), and in one cell does not say anything of another.
func TestPlacesAreThinnedOut(t *testing.T) {
	const trials = 40_000
	rng := rand.New(rand.NewPCG(7, 7))
	watched := []int{1, 2, 3, 7, 20, 100, 500, 3_000}
	hits := make([]int, len(watched))
	both, steps := 0, 0
	for range trials {
		list := slices.Collect(Places([16]byte{1}, [8]byte(binary.BigEndian.AppendUint64(nil, rng.Uint64()))))
		steps += len(list)
		if list[0] != 0 {
			t.Fatal(list)
		}
		for i, at := range watched {
			if slices.Contains(list, at) {
				hits[i]++
			}
		}
		if slices.Contains(list, 2) && slices.Contains(list, 7) {
			both++
		}
	}
	within := func(what string, got int, p float64) {
		sigma := math.Sqrt(trials * p * (1 - p))
		require.InDelta(t, trials*p, float64(got), 5*sigma, what)
	}
	for i, at := range watched {
		within("one cell", hits[i], 2/float64(at+2))
	}
	within("two cells", both, 2.0/4*2/9)
	var mean float64 // the sum of 2/(j+2)
	for j := range MaxCells {
		mean += 2 / float64(j+2)
	}
	require.InDelta(t, mean, float64(steps)/trials, 0.1)
}

func TestStreamEnds(t *testing.T) {
	s := newStream([16]byte{}, 0)
	words := 0
	for _, ok := s.next(); ok; _, ok = s.next() {
		words++
	}
	require.Equal(t, 256*8, words)
}

// TestManyIsRefused: key hashes that come out beyond the number of cells are refused before they are looked at, so that what is found stays below what
// has arrived.
func TestManyIsRefused(t *testing.T) {
	own, err := New([16]byte{}, 4)
	require.NoError(t, err)
	d := NewDecoder(own)
	d.found[9] = 9
	s, err := New([16]byte{}, 4)
	require.NoError(t, err)
	s.Add(digest.Item{1, 15: 1})
	require.ErrorIs(t, d.Add(s.Cells(0, 1)), &Error{Reason: ReasonMany})
	require.Equal(t, 1, d.Found())
	require.False(t, d.Done())
}
