package mutant

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"handfast/codec"
	"handfast/conformance"
)

// Times of this peer that no limit states.
const (
	openTimeout = 800 * time.Millisecond // from the transport's start to READY; the specification's 10 s would make the suite wait
	linger      = 300 * time.Millisecond // from CLOSE or REFUSE to the end of the transport
)

// limits are the least that a HELLO may state, but for max_frame, which has to be over 16,384 for the limits of READY and OPEN to differ
// from it, for max_message, so that there are records that are too large for another peer, for streams, which 64 channels need, and for idle_ms and message_ms, which leave
// room for a busy machine. Pace is 1, or more on a machine that is slower.
func limits(pace uint64) codec.Limits {
	l := codec.MinLimits()
	l.MaxFrame, l.MaxMessage, l.Streams, l.IdleMS, l.MessageMS = 24<<10, 80<<10, 80, 500*pace, 500*pace
	return l
}

// peer listens on two ports of loopback: a plain one, and one for TLS.
type peer struct {
	bug    string // "" for the healthy peer
	dials  bool   // it is a dialer
	plain  bool   // as an initiator of sessions it does without LAST (OPT-012)
	node   [16]byte
	limits codec.Limits
	wait   time.Duration // openTimeout at its pace
	tls    *tls.Config

	listeners []net.Listener
	work      sync.WaitGroup // accept loops and links
	done      chan struct{}  // closed by stop

	starts uint64 // how often it was started again; it changes while nothing of the peer runs

	shelf shelf
	store store

	mu    sync.Mutex // guards the fields below
	conns map[net.Conn]bool
	ended bool
}

// Start starts the healthy peer for "", else the peer with the bug of that name. It ends with Stop, or with ctx.
func Start(ctx context.Context, mutant string) (*conformance.TestPeer, error) {
	return start(ctx, mutant, 1)
}

// start is Start at a pace: by how much the timers are longer than they have to be.
func start(ctx context.Context, mutant string, pace int) (*conformance.TestPeer, error) {
	known := func(m conformance.Mutant) bool { return m.Name == mutant }
	if mutant != "" && !slices.ContainsFunc(Mutants(), known) {
		return nil, fmt.Errorf("mutant: no mutant %q", mutant)
	}
	secured, err := certificates()
	if err != nil {
		return nil, err
	}
	p := &peer{
		bug: mutant, limits: limits(uint64(pace)), wait: time.Duration(pace) * openTimeout, tls: secured.server,
		done: make(chan struct{}), conns: make(map[net.Conn]bool),
	}
	_, _ = rand.Read(p.node[:]) // never fails
	plain, err := p.listen(ctx, p.servePlain)
	if err != nil {
		return nil, err
	}
	secure, err := p.listen(ctx, p.serveTLS)
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	forget := context.AfterFunc(ctx, func() { _ = p.stop() }) // a peer that was stopped before ends at once
	target := conformance.Target{Addr: plain, TLSAddr: secure, TLS: secured.client, OpenTimeout: p.wait}
	return &conformance.TestPeer{
		Target: target,
		Stop: func() error {
			forget()
			return p.stop()
		},
		Kill: func(context.Context) (conformance.Target, error) { return p.kill(ctx, target) },
	}, nil
}

// has tells whether this peer has the bug of that name.
func (p *peer) has(bug string) bool { return p.bug == bug }

// listen accepts transports on a port of its own and serves each in a goroutine of its own.
func (p *peer) listen(ctx context.Context, serve func(net.Conn, time.Time)) (addr string, err error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	p.listeners = append(p.listeners, ln)
	p.work.Go(func() { // ends when the listener is closed
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			if !p.note(nc) {
				_ = nc.Close()
				return
			}
			p.work.Go(func() { // ends with the transport
				serve(nc, time.Now().Add(p.wait))
				_ = nc.Close() // most have ended it already
				p.forget(nc)
			})
		}
	})
	return ln.Addr().String(), nil
}

// note remembers a transport, to end it with the peer.
func (p *peer) note(nc net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.conns[nc] = true
	return true
}

func (p *peer) forget(nc net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, nc)
}

// drop ends all transports.
func (p *peer) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for nc := range p.conns {
		_ = nc.Close() // ends its goroutines, which is all that is wanted
	}
}

// stop ends the listeners and all links, and waits for them.
func (p *peer) stop() error {
	p.mu.Lock()
	was := p.ended
	p.ended = true
	p.mu.Unlock()
	var err error
	if !was {
		close(p.done)
		for _, ln := range p.listeners {
			err = errors.Join(err, ln.Close())
		}
	}
	p.drop()
	p.work.Wait()
	return err
}

// servePlain serves a plain transport. Until is the end of the opening.
func (p *peer) servePlain(nc net.Conn, until time.Time) {
	if l := p.open(nc, nil, until); l != nil {
		l.run(until)
	}
}
