package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// The phases of a call trial. Workers read the phase after each call.
const (
	phaseWarm    = iota // call, but keep no latency
	phaseMeasure        // keep latencies
	phaseStop           // end
)

// tally is what one worker has done. Only its worker writes it, apart from phase, which all workers share.
type tally struct {
	counter
	latency histogram // the worker's until it has ended, then runCall's
	phase   *atomic.Int32
}

// done notes one call, and is false when there are to be no more.
func (t *tally) done(took time.Duration) bool {
	t.add(1)
	switch t.phase.Load() {
	case phaseMeasure:
		t.latency.add(took)
	case phaseStop:
		return false
	}
	return true
}

// runCall keeps t.Concurrency unary echo calls outstanding on one link.
func runCall(t *trial, p peer) (figures, error) {
	workers, err := p.echo(t.Size, t.Concurrency)
	if err != nil {
		return nil, err
	}
	var (
		phase   atomic.Int32
		wg      sync.WaitGroup
		tallies = make([]tally, len(workers))
	)
	for i, work := range workers {
		tallies[i].phase = &phase
		wg.Go(func() {
			if err := work(&tallies[i]); err != nil {
				t.fail(err)
			}
		})
	}
	if err := t.wait(t.warm); err != nil {
		return nil, err
	}
	phase.Store(phaseMeasure)
	f, err := t.window(func() (n int64) {
		for i := range tallies {
			n += tallies[i].n.Load()
		}
		return n
	})
	if err != nil {
		return nil, err
	}
	phase.Store(phaseStop)
	wg.Wait() // the histograms are the workers' until then; a call that hangs is ended by the child's time limit

	var all histogram
	for i := range tallies {
		all.merge(&tallies[i].latency)
	}
	if all.total > 0 {
		f[figP50], f[figP99], f[figP999] = all.quantile(.5), all.quantile(.99), all.quantile(.999)
	}
	return f, nil
}
