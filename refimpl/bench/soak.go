package main

import (
	"runtime"
	"time"
)

// soakOutstanding is how many records of soak are outstanding.
const soakOutstanding = 1024

// runSoak sends as many records as the shape says, and compares what the process holds after a tenth of them with what it holds at the
// end: what is acknowledged has to be forgotten.
func runSoak(t *trial, p peer) (figures, error) {
	f, err := p.acked(t.Size, soakOutstanding)
	if err != nil {
		return nil, err
	}
	l, start := newLedger(soakOutstanding), time.Now()
	go f.run(t, l) // ends with the process
	held := func(records int) (bytes float64, err error) {
		for l.n.Load() < int64(records) {
			if err := t.wait(time.Millisecond); err != nil {
				return 0, err
			}
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc), nil
	}
	before, err := held(max(1, t.Concurrency/10))
	if err != nil {
		return nil, err
	}
	after, err := held(t.Concurrency)
	if err != nil {
		return nil, err
	}
	return figures{figBytes: max(0, after-before), figRate: float64(l.n.Load()) / time.Since(start).Seconds()}, nil
}
