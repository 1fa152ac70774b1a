package main

import (
	"math"
	"math/bits"
	"time"
)

// Latencies go into buckets: exact below 64 ns, then 64 buckets to each doubling, so a reading is within 1 % of the
// truth. A list of samples would need a cap, and sorting 10 million of them longer than measuring them took.
const (
	subBits    = 6
	subBuckets = 1 << subBits
	maxNanos   = 1<<40 - 1 // 18 minutes; what is slower is counted as that
	numBuckets = (40-subBits)*subBuckets + subBuckets
)

// histogram counts latencies. Not safe for concurrent use: each worker has its own.
type histogram struct {
	counts [numBuckets]uint32
	total  uint64
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(uint64(min(max(d, 0), maxNanos)))]++
	h.total++
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
}

// quantile is the latency that a share q of the calls did not exceed, in microseconds. h must not be empty.
func (h *histogram) quantile(q float64) float64 {
	rank := max(1, uint64(math.Ceil(q*float64(h.total))))
	var seen uint64
	for i, n := range h.counts {
		if seen += uint64(n); seen >= rank {
			return nanosOf(i) / 1e3
		}
	}
	return nanosOf(numBuckets-1) / 1e3
}

// bucketOf finds the bucket of v, which is at most maxNanos.
func bucketOf(v uint64) int {
	if v < subBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return shift*subBuckets + int(v>>shift)
}

// nanosOf is the middle of bucket i.
func nanosOf(i int) float64 {
	if i < 2*subBuckets { // a bucket holds one value up to here
		return float64(i)
	}
	shift := i/subBuckets - 1
	low := uint64(i%subBuckets+subBuckets) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}
