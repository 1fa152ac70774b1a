package delivery

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWindowCounts: it counts as a list of all records and gaps would.
func TestWindowCounts(t *testing.T) {
	type one struct{ seq, bytes uint64 }
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 9))
		var w window
		var all []one
		var seq, stable uint64
		for range 500 {
			if rng.IntN(4) > 0 {
				seq += 1 + uint64(rng.IntN(8))/7*uint64(rng.IntN(5)) // a gap now and then
				size := []int{0, 64, 64, 64, 100}[rng.IntN(5)]
				require.Nil(t, w.push(seq, size, stable))
				all = append(all, one{seq, uint64(size)})
			} else if seq > stable {
				stable += 1 + rng.Uint64N(seq-stable)
				records, bytes := 0, uint64(0)
				for len(all) > 0 && all[0].seq <= stable {
					records, bytes, all = records+1, bytes+all[0].bytes, all[1:]
				}
				gotRecords, gotBytes := w.pop(stable)
				require.Equal(t, records, gotRecords, "seed %d", seed)
				require.Equal(t, bytes, gotBytes, "seed %d", seed)
			}
			sum := uint64(0)
			for _, o := range all {
				sum += o.bytes
			}
			require.Equal(t, len(all), w.count(), "seed %d", seed)
			require.Equal(t, sum, w.bytes, "seed %d", seed)
		}
	}
}
