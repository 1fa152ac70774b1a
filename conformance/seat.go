package conformance

import (
	"context"
	"slices"
	"sync"

	"handfast/conformance/driver"
)

// StartDriver starts one more process of the driver under test, which has not been asked anything yet.
type StartDriver func(ctx context.Context) (*driver.Process, error)

// seat is one driver that runs, with the port to which it dials. A case has it for itself; between two cases it is reset.
type seat struct {
	p      *driver.Process
	hub    *hub
	census *census // its openings are those of one process
	lab    *Credentials
	dials  int // for names and tokens of links
	asking sync.WaitGroup
}

// claims tells whether the driver claims a feature.
func (s *seat) claims(feature string) bool { return s.p.Claims(feature) }

// seats are the drivers of a run, with their ports: started when they are needed, used again, and replaced when they have died.
type seats struct {
	pool  *driver.Pool
	start StartDriver
	lab   *Credentials

	mu  sync.Mutex // guards all
	all map[*driver.Process]*seat
}

// newSeats makes a pool of at most n drivers.
func newSeats(start StartDriver, n int) (*seats, error) {
	lab, err := NewCredentials()
	if err != nil {
		return nil, err
	}
	begin := func(ctx context.Context) (*driver.Process, error) { return begin(ctx, start) }
	return &seats{pool: driver.NewPool(n, begin), start: start, lab: lab, all: make(map[*driver.Process]*seat)}, nil
}

// begin starts a driver and asks it hello.
func begin(ctx context.Context, start StartDriver) (*driver.Process, error) {
	p, err := start(ctx)
	if err != nil {
		return nil, err
	}
	hello, err := p.SayHello(ctx, "1", Suite)
	if err == nil && !slices.Contains(hello.Roles, driver.RoleDialer) {
		err = &driver.Fault{Reason: driver.Foreign, Op: driver.OpHello, Text: "it is no driver of the role dialer"}
	}
	if err != nil {
		_ = p.Close() // the first fault says more
		return nil, err
	}
	return p, nil
}

// take gives a driver that is ready for a case. It waits while all are in use.
func (p *seats) take(ctx context.Context) (*seat, error) {
	d, err := p.pool.Get(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.all[d]; s != nil {
		return s, nil
	}
	h, err := newHub(ctx)
	if err != nil {
		p.pool.Put(d)
		return nil, err
	}
	s := &seat{p: d, hub: h, census: newCensus(), lab: p.lab}
	p.all[d] = s
	return s, nil
}

// give takes a driver back. Fit says that it may be used again.
func (p *seats) give(s *seat, fit bool) {
	if !fit && s.p.Fault() == nil {
		s.p.Kill()
	}
	if s.p.Fault() != nil {
		p.mu.Lock()
		delete(p.all, s.p)
		p.mu.Unlock()
		s.leave()
	}
	p.pool.Put(s.p)
}

// leave ends the port, when no case uses it.
func (s *seat) leave() {
	s.hub.close()
	s.asking.Wait()
}

// close ends all drivers, when none is in use. The error is about those that did not end well.
func (p *seats) close() error {
	err := p.pool.Close()
	for _, s := range p.all {
		s.leave()
	}
	p.lab.Remove()
	return err
}
