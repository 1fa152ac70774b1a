package main

import (
	"math"
	"testing"
	"time"
)

func TestBucketsAreWithinOnePercent(t *testing.T) {
	prev := 0
	for v := uint64(0); v <= maxNanos; v += 1 + v/300 {
		i := bucketOf(v)
		if i < prev || i >= numBuckets {
			t.Fatalf("bucket of %d is %d, after %d of %d", v, i, prev, numBuckets)
		}
		if got := nanosOf(i); math.Abs(got-float64(v)) > float64(v)/100 {
			t.Fatalf("%d ns is reported as %v", v, got)
		}
		prev = i
	}
	if got := bucketOf(maxNanos); got != numBuckets-1 {
		t.Errorf("the longest latency is in bucket %d of %d", got, numBuckets)
	}
}

func TestQuantiles(t *testing.T) {
	var a, b histogram
	for i := 1; i <= 1000; i++ {
		a.add(time.Duration(i) * time.Microsecond)
	}
	b.add(-time.Second) // a clock that went back counts as nothing, not as a crash
	b.add(time.Hour)
	b.merge(&a)
	for _, tc := range []struct{ q, want float64 }{{.5, 500}, {.99, 991}, {.999, 1000}} {
		if got := b.quantile(tc.q); math.Abs(got-tc.want) > tc.want/100 {
			t.Errorf("quantile %v is %v us, want %v", tc.q, got, tc.want)
		}
	}
	if got := b.quantile(1); got < 1e9 {
		t.Errorf("the slowest is %v us, want about 18 minutes", got)
	}
}
