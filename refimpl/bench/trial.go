package main

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"
)

// trial is one run of one point, in its own process.
type trial struct {
	point
	warm, dur time.Duration
	failed    chan error // capacity 1; the first goroutine of the trial that fails sends, wait receives; never closed
}

func newTrial(p point, warm, dur time.Duration) *trial {
	return &trial{point: p, warm: warm, dur: dur, failed: make(chan error, 1)}
}

// fail ends the trial's next wait. Only the first cause is kept, since the others follow from it.
func (t *trial) fail(err error) {
	select {
	case t.failed <- err:
	default:
	}
}

// wait lets the trial's goroutines work for d.
func (t *trial) wait(d time.Duration) error {
	select {
	case err := <-t.failed:
		return err
	case <-time.After(d):
		return nil
	}
}

// window measures for t.dur. received is asked for the messages so far, at both ends of the window.
// What stops the world or reads files happens outside of it.
func (t *trial) window(received func() int64) (figures, error) {
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	w0, _ := writeCalls()
	n0, cpu0, start := received(), cpuTime(), time.Now()

	if err := t.wait(t.dur); err != nil {
		return nil, err
	}

	took, cpu1, n1 := time.Since(start), cpuTime(), received()
	w1, wrote := writeCalls()
	runtime.ReadMemStats(&m1)

	if n1 <= n0 {
		return nil, errors.New("no message arrived in the measured time")
	}
	n := float64(n1 - n0)
	f := figures{
		figRate:   n / took.Seconds(),
		figMB:     n * float64(t.Size) / took.Seconds() / 1e6,
		figAllocs: float64(m1.Mallocs-m0.Mallocs) / n,
	}
	if cpu1 > cpu0 {
		f[figCPU] = float64(cpu1-cpu0) / n
	}
	if wrote {
		f[figWrites] = float64(w1-w0) / n
	}
	return f, nil
}

// counter counts messages. One goroutine adds, any may read. It keeps a cache line to itself on each side: a thousand
// of them in a row would otherwise measure false sharing.
type counter struct {
	_ [64]byte
	n atomic.Int64
	_ [64]byte
}

// add needs no atomic addition, as only one goroutine writes.
func (c *counter) add(n int) { c.n.Store(c.n.Load() + int64(n)) }

// pumpBatch is how many messages the harness asks a pipe to send at once. See pipe.send.
const pumpBatch = 64

// pump sends on p until it fails. The goroutine ends with the process.
func (t *trial) pump(p pipe, msg []byte) {
	for {
		if err := p.send(msg, pumpBatch); err != nil {
			t.fail(err)
			return
		}
	}
}

// drain receives on p until it fails, and counts. The goroutine ends with the process.
func (t *trial) drain(p pipe, c *counter) {
	for {
		n, err := p.recv()
		if err != nil {
			t.fail(err)
			return
		}
		c.add(n)
	}
}
