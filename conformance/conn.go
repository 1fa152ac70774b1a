package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// Options say how a link is made, and which courtesies the suite leaves out. The zero value is a polite peer with default limits.
type Options struct {
	Hello func(h *codec.Hello) // changes the suite's HELLO before it is sent

	TLS     func(c *tls.Config) // changes the TLS configuration; a TLS link even where the run has a plain address
	InClear bool                // a plain transport to the TLS address

	// The suite answers PING, grants charge again as DATA arrives, rejects OPEN (but of calls, where it judges a dialer), and ends its half of the transport when it
	// has read CLOSE or REFUSE. Each can be switched off, the first two later as well, by WithholdPongs and WithholdCredit.
	NoPong   bool
	NoCredit bool
	NoHangUp bool

	// What the driver of a dialer is asked for, by dial.
	Limits map[string]uint64 // limits that the dialer states; a driver that does not claim limits is not asked
	Need   []string          // needs that the dialer states; without the feature need the case is unsupported

	ReadBuffer int // bytes that the kernel keeps for the suite; 0 leaves it alone. For cases in which the suite does not read
}

// Conn is one link to the peer under test, from the first byte of the transport on. A case has as many as it likes.
//
// Its methods are for the goroutine of the case alone. They do not return errors: what fails ends the case, as in a test. Two
// goroutines work behind it, the reader and the courtesies; the case's end waits for both.
type Conn struct {
	t    *T
	n    int // number of the link in its case, from 1
	nc   net.Conn
	opts Options

	wmu sync.Mutex // held over a write, so that the wire's order is the order in which the checker saw the packets

	own, other wire.Side // the suite's side, and that of the peer under test

	mu      sync.Mutex // guards the fields below
	wire    *wire.Link
	tainted bool // a fault was sent on purpose: the suite's later state is its own affair
	in      *wire.Reader
	lost    bool // the peer's framing broke: what follows is only counted
	partial map[uint32][]byte
	events  []Event // not consumed yet, in order of arrival
	found   *wire.Violation
	foundIn *Entry
	ended   bool
	faulty  *Entry // the first packet that was wrong on purpose
	paused  bool
	due     duties

	// Used by the goroutine of the case alone.
	nextStream uint32
	dialled    *dialled // nil where the suite has dialled
	watched    *op      // a request to the driver that should lead to what is expected; nil for none
	inboxes    map[uint32]*inbox

	arrived chan struct{} // capacity 1; the reader says that something changed; never closed
	wake    chan struct{} // capacity 1; says that a courtesy is due; never closed
	resume  chan struct{} // capacity 1; the case lets the reader go on; never closed
	stopped chan struct{} // closed by close
	stop    sync.Once
	work    sync.WaitGroup
}

// Dial makes a transport and sends nothing; of a dialer it waits for one. A peer that cannot be reached was reached before, so this ends the case as a crash.
func (t *T) Dial(o Options) *Conn {
	c, err := t.Connect(o)
	switch {
	case err == nil:
		return c
	case errors.Is(err, syscall.ECONNREFUSED):
		t.stop(&Failure{Verdict: Crash, Expected: "a peer that listens", Actual: err.Error()})
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		t.stop(&Failure{Verdict: Timeout, Expected: "a transport", Actual: err.Error()})
	default:
		t.stop(&Failure{Verdict: Fail, Expected: "a transport", Actual: err.Error()})
	}
	return nil
}

// Connect makes a transport, TLS handshake included, and returns the error of one that cannot be made: for the cases in which
// that is what should happen.
func (t *T) Connect(o Options) (*Conn, error) {
	nc, secure, d, err := t.transport(o)
	if err != nil {
		return nil, err
	}
	own := t.judged.Other()
	state := wire.NewLink(secure)
	c := &Conn{
		t: t, n: len(t.conns) + 1, nc: nc, opts: o,
		own: own, other: own.Other(),
		wire:       state,
		in:         wire.NewReader(state, own.Other()),
		partial:    make(map[uint32][]byte),
		nextStream: own.FirstID(),
		dialled:    d,
		inboxes:    make(map[uint32]*inbox),
		arrived:    make(chan struct{}, 1),
		wake:       make(chan struct{}, 1),
		resume:     make(chan struct{}, 1),
		stopped:    make(chan struct{}),
	}
	c.wire.Binding = c.binding
	t.conns = append(t.conns, c)
	c.work.Go(c.read)       // ends with the transport
	c.work.Go(c.courtesies) // ends with stopped
	return c, nil
}

// transport gives what lies under a link: from the driver of a dialer, or by dialling the address that the options ask for.
func (t *T) transport(o Options) (nc net.Conn, secure bool, d *dialled, err error) {
	if t.judged == wire.Dialer {
		nc, d, err = t.called(o)
		return nc, o.TLS != nil, d, err
	}
	nc, secure, err = t.dialTarget(o)
	return nc, secure, nil, err
}

// dialTarget dials an acceptor.
func (t *T) dialTarget(o Options) (nc net.Conn, secure bool, err error) {
	addr, secure := t.target.endpoint(o)
	if addr == "" {
		t.Unsupported("the run has no address for this transport")
	}
	ctx, cancel := context.WithTimeout(t.ctx, t.timeout)
	defer cancel()
	nc, err = (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, false, err
	}
	if tcp, ok := nc.(*net.TCPConn); ok && o.ReadBuffer > 0 {
		_ = tcp.SetReadBuffer(o.ReadBuffer) // best effort: a larger buffer only makes the case slower
	}
	if !secure {
		return nc, false, nil
	}
	config := t.target.config()
	if o.TLS != nil {
		o.TLS(config)
	}
	shaken := tls.Client(nc, config)
	if err := shaken.HandshakeContext(ctx); err != nil {
		_ = nc.Close() // the handshake's error says more
		return nil, false, fmt.Errorf("TLS handshake: %w", err)
	}
	return shaken, true, nil
}

// isTimeout tells the errors of deadlines of sockets.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// HangUp ends the suite's half of the transport: the peer reads its end, the suite reads on.
func (c *Conn) HangUp() {
	type closesWrite interface{ CloseWrite() error }
	if half, ok := c.nc.(closesWrite); ok {
		_ = half.CloseWrite() // fails only when the transport has ended already
	}
	if secure, ok := c.nc.(*tls.Conn); ok {
		if half, ok := secure.NetConn().(closesWrite); ok {
			_ = half.CloseWrite()
		}
	}
}

// goodbye ends a good link in good order at the end of its case: CLOSE, then whatever still comes, then the end. A peer that does
// not end the transport costs a short wait and no verdict; there is a case for that.
func (c *Conn) goodbye(patience time.Duration) {
	c.mu.Lock()
	polite := !c.ended && c.wire.Ends[c.own].Ready && !c.wire.Ends[c.own].Closed
	c.mu.Unlock()
	if !polite {
		return
	}
	c.Resume()
	c.Send(Message(codec.Close{Code: codec.CodeNoError}))
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for !c.hasEnded() {
		select {
		case <-c.arrived:
		case <-timer.C:
			return
		case <-c.t.ctx.Done():
			return
		}
	}
}

func (c *Conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// close ends the transport and waits for the goroutines. It may be called again.
func (c *Conn) close() {
	c.stop.Do(func() { close(c.stopped) })
	_ = c.nc.Close() // whatever it says, the transport is gone
	c.work.Wait()
}
