package driver

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// Pool keeps up to a number of equal drivers running, and starts another one for one that has a fault. Its methods may be called concurrently.
type Pool struct {
	start    func(ctx context.Context) (*Process, error)
	places   chan *Process // of the capacity of the pool: a driver that is free, or nil for one that is to be started
	restarts atomic.Int64

	mu     sync.Mutex // guards faults
	faults []error    // of drivers at their end
}

// NewPool makes a pool that starts its drivers when they are needed. Start gives one that has said hello.
func NewPool(size int, start func(ctx context.Context) (*Process, error)) *Pool {
	p := &Pool{start: start, places: make(chan *Process, max(size, 1))}
	for range cap(p.places) {
		p.places <- nil
	}
	return p
}

// Get takes a driver, and waits for one where all are taken. It has to be given back by Put. The error is that of start or of ctx.
func (p *Pool) Get(ctx context.Context) (*Process, error) {
	var d *Process
	select {
	case d = <-p.places:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if d != nil {
		return d, nil
	}
	d, err := p.start(ctx)
	if err != nil {
		p.places <- nil
		return nil, err
	}
	return d, nil
}

// Put gives a driver back. One with a fault is ended; the fault was the answer to some request, and is not kept.
func (p *Pool) Put(d *Process) {
	if d.Fault() != nil {
		_ = d.Close()
		p.restarts.Add(1)
		d = nil
	}
	p.places <- d
}

// Restarts counts the drivers that were ended for a fault.
func (p *Pool) Restarts() int { return int(p.restarts.Load()) }

// Close ends the drivers, all at once, and gives what is wrong with how they end. Every driver has to be given back before.
func (p *Pool) Close() error {
	var ending sync.WaitGroup
	for range cap(p.places) {
		if d := <-p.places; d != nil {
			ending.Go(func() { // ends with the driver
				if err := d.Close(); err != nil {
					p.mu.Lock()
					p.faults = append(p.faults, err)
					p.mu.Unlock()
				}
			})
		}
	}
	ending.Wait()
	return errors.Join(p.faults...)
}
