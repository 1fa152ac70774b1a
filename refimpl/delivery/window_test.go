package delivery

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
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

// TestWindowTakesRuns: records that are noted together count as those that are noted one after the other.
func TestWindowTakesRuns(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 10))
		var one, many window
		seq := uint64(1)
		for range 20 {
			run := NewRun(make([]byte, rng.IntN(100)))
			if n := rng.IntN(20); n > 0 {
				run = Run{base: uint32(rng.IntN(1000))}
				at := run.base
				for range n {
					at += pieceHead + uint32([]int{0, 64, 64, 64, 100}[rng.IntN(5)])
					run.ends = append(run.ends, at)
				}
			}
			n := 1 + rng.IntN(run.Count())
			sum := 0
			for i := range n {
				require.Nil(t, one.push(seq+uint64(i), run.Size(i), 0))
				sum += run.Size(i)
			}
			require.Equal(t, sum, run.Bytes(n))
			many.joinRun(seq, &run, n)
			seq += uint64(n) + uint64(rng.IntN(3))/2
			require.Equal(t, one, many, "seed %d", seed)
			stable := rng.Uint64N(seq)
			one.pop(stable)
			many.pop(stable)
		}
	}
}

// TestWindowIsFull: as many fit together as one after the other.
func TestWindowIsFull(t *testing.T) {
	var w window
	require.True(t, w.fitAll(codec.WindowRecords, codec.WindowBytes))
	require.False(t, w.fitAll(codec.WindowRecords+1, 0))
	require.False(t, w.fitAll(1, codec.WindowBytes+1))
	w.join(entry{last: 10, count: 10, bytes: 5})
	require.True(t, w.fitAll(codec.WindowRecords-10, codec.WindowBytes-50))
	require.False(t, w.fitAll(codec.WindowRecords-9, 0))
	require.False(t, w.fitAll(1, codec.WindowBytes-49))
}
