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
	opened  uint64 // streams
	ended   uint64 // streams whose slot is free again
	mayOpen uint64 // total of the newest STREAMS that raised anything
	credit  credit // of the link
	idle    calm
	resets  calm
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
	if !l.has("waits-for-ready-for-ever") {
		_ = l.nc.SetReadDeadline(until)
	}
	l.work.Go(l.write) // ends when the link is gone
	l.work.Go(l.watch) // ends with stopped
	l.read()
	close(l.stopped)
	l.mu.Lock()
	l.leave()
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

// onFrame makes the checks 5 to 12 of chapter 14, and does what the frame says.
func (l *link) onFrame(f codec.Frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return errEnd
	}
	if l.living(f.Type) {
		l.alive = time.Now()
	}
	if err := l.checkState(f); err != nil {
		if l.skips(f) {
			return nil
		}
		return l.beforeState(f, err)
	}
	switch {
	case !l.known(f.Type):
		return l.onUnknown(f)
	case l.has("closes-on-reserved-bits") && f.Reserved != 0, l.has("closes-on-undefined-flags") && undefined(f) != 0:
		return linkFault("FRAME-008", codec.CodeProtocol, "flags %02X, reserved %04X", uint8(f.Flags), f.Reserved)
	}
	if err := l.checkStream(f); err != nil {
		return err
	}
	if l.has("ignores-stream-frames-on-stream-0") && codec.CheckStream(f.Header) != nil {
		return l.onIdle()
	}
	return l.onMessage(l.reshaped(f))
}

// living tells whether a whole frame is a sign of life (BEAT-008).
func (l *link) living(t codec.Type) bool {
	switch {
	case l.has("counts-known-frames-as-life"):
		return l.known(t)
	case l.has("counts-pongs-as-life"):
		return t == codec.TypePong || t == codec.TypeReady
	}
	return true
}

// touch notes a sign of life.
func (l *link) touch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alive = time.Now()
}

// checkState makes check 5.
func (l *link) checkState(f codec.Frame) error {
	switch {
	case !l.ready && f.Type != codec.TypeReady && (f.Type != codec.TypeClose || l.has("refuses-close-before-ready")):
		return linkFault("READY-002", codec.CodeState, "%v before READY", f.Type)
	case l.ready && f.Type == codec.TypeReady:
		return linkFault("READY-003", codec.CodeState, "second READY")
	}
	return nil
}

// checkStream makes check 7.
func (l *link) checkStream(f codec.Frame) error {
	err := codec.CheckStream(f.Header)
	switch {
	case err == nil,
		l.has("takes-link-frames-on-streams") && f.Stream != 0,
		l.has("ignores-stream-frames-on-stream-0") && f.Stream == 0:
		return nil
	case l.has("looks-at-the-form-before-the-scope"):
		if _, err := codec.ParseMessage(f); err != nil {
			return err
		}
	}
	return err
}

// undefined gives the flags that a frame's type does not define.
func undefined(f codec.Frame) codec.Flags {
	info, _ := f.Type.Info()
	rest := f.Flags &^ codec.FlagMustUnderstand
	for _, flag := range info.Flags {
		rest &^= flag.Flag
	}
	return rest
}

// reshaped gives a frame the size that its type allows, for peers that do not look at sizes.
func (l *link) reshaped(f codec.Frame) codec.Frame {
	info, _ := f.Type.Info()
	size := len(f.Payload)
	switch {
	case l.has("takes-fixed-frames-of-any-size") && info.Body == "fixed":
		size = info.MinPayload
	case l.has("takes-short-endings") && info.Body == "ending":
		size = max(size, info.MinPayload)
	case l.has("takes-long-endings") && info.Body == "ending":
		size = min(size, info.MaxPayload)
	}
	if size == len(f.Payload) {
		return f
	}
	payload := make([]byte, size)
	copy(payload, f.Payload)
	f.Payload = payload
	return f
}

// onMessage serves a frame by its type. Each method checks the payload's form first and the state of the link or stream then.
func (l *link) onMessage(f codec.Frame) error {
	switch f.Type {
	case codec.TypeReady:
		return l.onReady(f)
	case codec.TypePing:
		return l.onPing(f)
	case codec.TypePong:
		return l.onPong(f)
	case codec.TypeCredit:
		return l.onCredit(f)
	case codec.TypeStreams:
		return l.onStreams(f)
	case codec.TypeDrain:
		return l.onDrain(f)
	case codec.TypeClose:
		return l.onClose(f)
	case codec.TypeOpen:
		return l.onOpen(f)
	case codec.TypeAccept, codec.TypeReject:
		return l.onAnswer(f)
	case codec.TypeReset:
		return l.onReset(f)
	default:
		return l.onData(f)
	}
}

// known tells whether frames of a type mean anything on this link. This peer does not offer delivery, so that its frames never do
// (FRAME-015).
func (l *link) known(t codec.Type) bool {
	switch t {
	case codec.TypeRecords, codec.TypeAck, codec.TypeGap:
		return false
	}
	return codec.KnownType(t)
}

// onUnknown skips a frame of unknown type, unless it must be understood.
func (l *link) onUnknown(f codec.Frame) error {
	critical := f.Flags&codec.FlagMustUnderstand != 0
	open := l.stream(f.Stream) != nil
	switch {
	case l.has("closes-on-unknown-types") && !codec.IsGreaseType(f.Type),
		l.has("closes-on-unknown-types-on-streams") && f.Stream != 0:
		return linkFault("FRAME-005", codec.CodeUnknownCritical, "frame type %v", f.Type)
	case l.has("knows-frames-of-delivery") && codec.KnownType(f.Type):
		return linkFault("FRAME-015", codec.CodeState, "%v without delivery", f.Type)
	case !critical,
		l.has("skips-critical-frames") && f.Stream == 0,
		l.has("skips-critical-frames-of-finished-streams") && f.Stream != 0 && !open,
		l.has("skips-critical-frames-of-open-streams") && open:
		return l.onIdle()
	case !open:
		return linkFault("FRAME-006", codec.CodeUnknownCritical, "frame type %v", f.Type)
	}
	return &fault{req: "FRAME-007", code: codec.CodeUnknownCritical, stream: f.Stream, text: f.Type.String()}
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
