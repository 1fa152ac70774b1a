package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"handfast/codec"
	"handfast/conformance"
	"handfast/conformance/mutant"
	"handfast/refimpl"
)

// lab is where conform gets the peers from that it starts itself. The suite knows none of them, so that it judges the
// reference peer by the same means as any other.
type lab struct {
	self    func(ctx context.Context) (*conformance.TestPeer, error)
	mutants []conformance.Mutant
	start   conformance.StartFunc

	dialerMutants []conformance.Mutant
	startDialer   conformance.StartFunc
}

func newLab() lab {
	return lab{
		self: startReference, mutants: mutant.Mutants(), start: mutant.Start,
		dialerMutants: mutant.DialerMutants(), startDialer: mutant.StartDialer,
	}
}

// selfLimits are those of the reference peer under test: short timers, so that cases about time take milliseconds; a largest message that
// can be sent before its timer ends, on a busy machine too; and everything else as a peer has it by default.
func selfLimits() *codec.Limits {
	l := codec.DefaultLimits()
	l.IdleMS, l.PingMS, l.PingMinMS, l.MessageMS, l.MaxMessage = 400, 100, 50, 500, 512<<10
	return &l
}

// selfOpenTimeout is the reference peer's under test.
const selfOpenTimeout = time.Second

// startReference starts the reference peer twice, as one node with a plain address and a TLS address.
func startReference(ctx context.Context) (*conformance.TestPeer, error) {
	link, err := newLinkConfig("")
	if err != nil {
		return nil, err
	}
	link.Limits = selfLimits()
	link.OpenTimeout = selfOpenTimeout
	server, client, err := conformance.LoopbackTLS()
	if err != nil {
		return nil, err
	}
	offered := mirrorFlags{on: true}
	done, err := offered.offer(&link, "")
	if err != nil {
		return nil, err
	}
	config := refimpl.Config{Link: link, DrainTimeout: new(time.Second)}
	emptied, err := storeFor(&config)
	if err != nil {
		return nil, errors.Join(err, done())
	}
	mirrored := done
	done = func() error { return errors.Join(mirrored(), emptied()) }
	plain, err := serveReference(ctx, config)
	if err != nil {
		return nil, errors.Join(err, done())
	}
	config.TLS = server
	secure, err := serveReference(ctx, config)
	if err != nil {
		return nil, errors.Join(err, plain.stop(), done())
	}
	return &conformance.TestPeer{
		Target: conformance.Target{Addr: plain.addr, TLSAddr: secure.addr, TLS: client, OpenTimeout: link.OpenTimeout},
		Stop:   func() error { return errors.Join(plain.stop(), secure.stop(), done()) },
	}, nil
}

// served is a reference peer that runs in this process.
type served struct {
	addr string
	stop func() error
}

func serveReference(ctx context.Context, config refimpl.Config) (*served, error) {
	p, err := refimpl.New(config)
	if err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	var failed error // written by the goroutine below, read after work
	work.Go(func() { failed = p.Serve(ctx, ln) })
	return &served{addr: ln.Addr().String(), stop: func() error {
		cancel()
		work.Wait()
		return failed
	}}, nil
}
