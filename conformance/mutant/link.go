package mutant

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"handfast/codec"
)

// mostPayload is the greatest payload that this peer keeps, whatever its bug.
const mostPayload = 2 << 20

// errEnd says that the other side has sent CLOSE, or that this side has.
var errEnd = errors.New("mutant: the link has ended")

// link is one link, from the flight with HELLO and READY on.
type link struct {
	p      *peer
	dialer bool // this side has dialled
	nc     net.Conn
	secure *tls.Conn // nc, where that is TLS
	r      *bufio.Reader

	self, other *codec.Hello
	agreed      codec.Agreement
	th          [32]byte

	work    sync.WaitGroup
	stopped chan struct{} // closed when reading has ended
	ctx     context.Context
	cancel  context.CancelFunc // called when the transport has ended

	mu       sync.Mutex // guards the fields below
	changed  *sync.Cond // broadcast whenever somebody who waits should look again
	ready    bool       // READY was received
	maxFrame uint32     // payload that may come
	closing  bool       // CLOSE is queued or sent
	gone     bool       // the transport has ended, or will now
	alive    time.Time  // arrival of the last whole frame

	mixed   []byte          // of a peer that joins across streams
	twice   map[uint32]bool // streams that a peer has reset although they were finished
	drained *uint32         // last of the newest DRAIN

	beat
	out
	one sync.Mutex // held over a method by a peer that serves one call at a time

	streams map[uint32]*stream // not finished, or finished and still at work
	lastID  uint32
	frames  int    // that have come
	opened  uint64 // streams
	ended   uint64 // streams whose slot is free again
	mayOpen uint64 // total of the newest STREAMS that raised anything

	// Of this side's own streams, and of its end of the link.
	ownLast   uint32
	ownOpened uint64
	draining  bool // this side has sent DRAIN
	final     bool // and its final one
	end       *outcome
	credit    credit // of the link
	idle      calm
	resets    calm
}

func newLink(p *peer, nc net.Conn, r *bufio.Reader, dialer, own *codec.Hello) *link {
	l := &link{
		p: p, nc: nc, r: r, self: own, other: dialer,
		stopped:  make(chan struct{}),
		maxFrame: codec.MaxControl,
		streams:  make(map[uint32]*stream),
		twice:    make(map[uint32]bool),
		credit:   newCredit(own.Limits.LinkCredit, dialer.Limits.LinkCredit),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.idle, l.resets = p.calms()
	if l.has("takes-long-frames-before-ready") {
		l.maxFrame = uint32(own.Limits.MaxFrame)
	}
	l.changed = sync.NewCond(&l.mu)
	l.granted = own.Limits.Streams
	return l
}

func (l *link) has(bug string) bool { return l.p.has(bug) }

// run serves the link until its transport has ended. Until is the end of the opening, which READY belongs to.
func (l *link) run(until time.Time) {
	_ = l.nc.SetDeadline(time.Time{})
	if !l.has("waits-for-ready-for-ever") && !l.has("waits-for-an-acceptor-for-ever") {
		_ = l.nc.SetReadDeadline(until)
	}
	l.work.Go(l.write) // ends when the link is gone
	l.work.Go(l.watch) // ends with stopped
	l.read()
	close(l.stopped)
	l.mu.Lock()
	l.leave()
	l.leaveChannels()
	l.mu.Unlock()
	_ = l.nc.Close() // ends the writer
	l.work.Wait()
}

// read takes in frames and serves them. It never waits for the writer.
func (l *link) read() {
	for {
		f, err := l.nextFrame()
		if err == nil {
			err = l.onFrame(f)
		}
		if err == nil {
			continue
		}
		if l.late(err) {
			err = linkFault("READY-012", codec.CodeOpenTimeout, "READY has not come")
		}
		if l.answer(err) {
			l.lingerOn()
			return
		}
	}
}

// answer answers a fault by CLOSE, or by RESET. It tells whether the link has ended, be it for this reason or for another.
func (l *link) answer(err error) bool {
	f := asFault(err, 0)
	switch {
	case err == nil:
		return false
	case f == nil:
		return true
	case f.stream != 0 && !l.p.widens(f):
		l.resetFor(f)
		return false
	}
	l.fail(f)
	return true
}

// late tells whether reading has ended because READY did not come in time.
func (l *link) late(err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	var timeout net.Error
	return !l.ready && errors.As(err, &timeout) && timeout.Timeout()
}

// leave wakes everybody who waits for something that will not come any more. The caller holds mu.
func (l *link) leave() {
	l.gone = true
	l.cancel()
	l.changed.Broadcast()
}

// lingerOn drops what still arrives after CLOSE was sent, until the transport ends or the time is over (CLOSE-003). After a CLOSE of the
// other side there is nothing to wait for (CLOSE-001).
func (l *link) lingerOn() {
	l.mu.Lock()
	closing := l.closing
	l.mu.Unlock()
	switch {
	case !closing && l.has("stays-after-close"), closing && l.has("stays-after-its-close"):
		<-l.p.done
	case closing && l.has("reads-no-more-after-its-close"):
		time.Sleep(linger)
	case closing:
		_, _ = io.Copy(io.Discard, l.r) // fail has set the deadline
	}
}
