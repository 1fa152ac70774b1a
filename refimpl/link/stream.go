package link

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"handfast/codec"
)

// Receiver takes a stream's messages where their frame was read, on the goroutine that reads the link. Its methods must
// not block, and must not keep msg.
type Receiver interface {
	// OnMessage takes one whole message; last says that it came with FIN.
	OnMessage(s *Stream, msg []byte, last bool)
	// OnEnd is called once, after the last message: err is nil after FIN, an *Error otherwise.
	OnEnd(s *Stream, err error)
}

// Stream is one stream of a link. Send and CloseSend may be called by one goroutine at a time, and Recv by one at a
// time; everything else may be called by any.
type Stream struct {
	link  *Link
	id    uint32
	proto string
	local bool // opened by this side

	gone atomic.Bool // the link has forgotten it

	mu       sync.Mutex
	sendCond sync.Cond // on mu: room or credit to send, or an end
	recvCond sync.Cond // on mu: something to receive, or an end

	// guarded by mu: the half that sends
	grant     Grant
	out       *[]byte // nil, or room for a header and then pieces
	outHeld   int     // what it holds of the link's memory, in bytes
	outCharge uint64
	outMore   bool      // the last piece of out goes on in the next frame: nothing may be added
	queued    bool      // in writer.ready or writer.parked
	wants     int       // bytes that the next frame is thought to take, by the newest one
	short     int       // bytes that out could not grow to, because others have the memory; 0: none
	turn      chan bool // made when it first waits for the link's memory; used by one claim at a time
	fin       bool      // FIN is asked for
	finSent   bool

	// guarded by mu: the half that receives
	window     Window
	owing      bool // in writer.grants
	in         inbox
	join       []byte // pieces of a message that is not complete
	joining    bool
	joinFrom   int64  // monotonic ns of its first piece
	joinCharge uint64 // of its pieces that were not granted again yet
	joinHeld   bool   // its charge is kept, and its time stands still, until what came before it was read
	receiver   Receiver
	telling    bool // its OnMessage runs: OnEnd has to wait
	finRecv    bool

	carries *carrier // what a stream with a channel has beside; nil: none. Set before others see the stream

	// guarded by mu: the whole
	answered  bool            // ACCEPT was sent or received
	err       error           // why the stream ended before its time
	ended     bool            // both directions have ended
	holds     int             // work that goes on for a stream of the other side (STRM-010)
	released  bool            // its slot was given back
	ctx       context.Context // made when asked for
	cancel    context.CancelCauseFunc
	stopWatch func() bool // ends watch

	// owned by the goroutine that calls Recv
	cur     []byte  // what is left of current
	current *[]byte // chunk that messages are read from, nil: none
}

func newStream(l *Link, id uint32, proto string, local bool) *Stream {
	s := &Stream{link: l, id: id, proto: proto, local: local}
	s.sendCond.L, s.recvCond.L = &s.mu, &s.mu
	s.grant.Raise(l.peerLimits.StreamCredit)
	s.window = NewWindow(l.limits.StreamCredit, l.maxWindow)
	return s
}

// ID is the stream's id on the wire.
func (s *Stream) ID() uint32 { return s.id }

// Proto is the name of the sub-protocol.
func (s *Stream) Proto() string { return s.proto }

// Link is the link that the stream belongs to.
func (s *Stream) Link() *Link { return s.link }

// Accept answers an OPEN of the other side. It must be called from HandleStream, once. Messages wait for Recv.
func (s *Stream) Accept(params []byte) { s.AcceptWith(params, nil) }

// AcceptWith is Accept for a stream whose messages go to r, if r is not nil.
func (s *Stream) AcceptWith(params []byte, r Receiver) {
	s.mu.Lock()
	s.answered = true
	s.receiver = r
	s.holds++
	s.mu.Unlock()
	_ = s.link.w.queue(func(b []byte) []byte {
		if params == nil {
			return codec.AppendFrame(b, codec.Header{Type: codec.TypeAccept, Stream: s.id}, emptyMap)
		}
		b, _ = (&codec.Accept{Stream: s.id, Params: params}).AppendFrame(b)
		return b
	})
}

var emptyMap = []byte{0x80}

// Reject answers an OPEN of the other side: nothing of it is processed (STRM-006). It must be called from HandleStream.
func (s *Stream) Reject(code codec.Code, text string) {
	s.mu.Lock()
	s.answered, s.ended = true, true
	s.err = streamFault(code, "", text)
	s.mu.Unlock()
	_ = s.link.w.queue(func(b []byte) []byte {
		return codec.Reject{Stream: s.id, Code: code, Text: text}.AppendFrame(b)
	})
	s.link.forget(s)
	s.release()
}

// Receive makes the stream hand its messages to r instead of to Recv. It must be called before any message was received:
// from HandleStream, or by way of Link.OpenWith.
func (s *Stream) Receive(r Receiver) {
	s.mu.Lock()
	s.receiver = r
	s.mu.Unlock()
}

// Pull ends what Receive began: further messages wait for Recv. It is called from OnMessage.
func (s *Stream) Pull() { s.Receive(nil) }

func (s *Stream) hold() {
	s.mu.Lock()
	s.holds++
	s.mu.Unlock()
}

// Done says that the work which Accept began has ended, once. Once more is a fault of this program: it is logged, and does
// nothing, because a slot that is given back while work goes on would be worse (STRM-010).
func (s *Stream) Done() {
	s.mu.Lock()
	if s.holds == 0 {
		s.mu.Unlock()
		s.link.log.Error("Done without work", "proto", s.proto, "stream", s.id)
		return
	}
	s.holds--
	s.releaseLocked() // unlocks
}

// release gives the slot of a stream of the other side back when the stream and its work have ended.
func (s *Stream) release() {
	s.mu.Lock()
	s.releaseLocked() // unlocks
}

// releaseLocked gives the slot back, once. What has arrived and was not read by then is dropped: there is nobody left to
// read it. It is called with mu held and unlocks.
func (s *Stream) releaseLocked() {
	give := s.ended && s.holds == 0 && !s.released && !s.local
	if !give {
		s.mu.Unlock()
		return
	}
	s.released = true
	charge := s.dropUnread(errReleased)
	s.mu.Unlock()
	s.link.consume(charge)
	s.link.returnSlot()
}

// Recv gives the next message. It is valid until the next call. After FIN it returns io.EOF, after anything else that
// ended the stream an *Error.
func (s *Stream) Recv() ([]byte, error) {
	for {
		if m, ok := nextPiece(&s.cur); ok {
			return m, nil
		}
		if err := s.nextBatch(); err != nil {
			return nil, err
		}
	}
}

// nextBatch takes the next chunk of what has arrived. Its charge is granted again when it is taken: a slow reader can be
// made to hold one window and one chunk.
func (s *Stream) nextBatch() error {
	if s.current != nil {
		putBuffer(s.current)
		s.current, s.cur = nil, nil
	}
	s.mu.Lock()
	for s.in.empty() && !s.finRecv && s.err == nil {
		s.recvCond.Wait()
	}
	if s.err != nil {
		s.mu.Unlock()
		return s.err
	}
	if s.in.empty() {
		s.mu.Unlock()
		return io.EOF
	}
	c := s.in.take()
	s.current, s.cur = c.b, *c.b
	s.consume(c.charge)
	charge := c.charge + s.moveJoin()
	s.mu.Unlock()
	s.link.consume(charge)
	s.link.joined(-c.joined)
	return nil
}

// consume grants charge again on the stream. It is called with mu held.
func (s *Stream) consume(charge uint64) {
	if s.finRecv || s.err != nil {
		return
	}
	if !s.window.Consume(charge) {
		return
	}
	s.window.Grant(s.link.now())
	if !s.owing {
		s.owing = true
		s.link.w.owe(s)
	}
}

// appendCredit writes the CREDIT that the stream owes.
func (s *Stream) appendCredit(b []byte) []byte {
	s.mu.Lock()
	s.owing = false
	max, over := s.window.granted, s.finRecv || s.ended
	s.mu.Unlock()
	if over {
		return b
	}
	return codec.Credit{Stream: s.id, Max: max}.AppendFrame(b)
}

// Reset ends both directions at once. What was not yet sent or received is dropped. Of a stream that has ended it drops
// what was not received. The other side may hear of it later, after more than a hundred of them in 10 s (CALM-003).
func (s *Stream) Reset(code codec.Code, text string) {
	err := streamFault(code, "", text)
	s.end(err, func(b []byte) []byte {
		return codec.Reset{Stream: s.id, Code: code, Text: text}.AppendFrame(b)
	})
	s.mu.Lock()
	charge := s.dropUnread(err)
	s.mu.Unlock()
	s.link.consume(charge)
}

// dropUnread forgets what nobody will take, and returns its charge, which the link has to grant again (CRED-007). A Recv
// all the same fails with err: what was dropped must not look like nothing. It is called with mu held.
func (s *Stream) dropUnread(err error) uint64 {
	if s.in.empty() {
		return 0
	}
	charge, joined := s.in.drop()
	s.link.joined(-joined)
	if s.err == nil {
		s.err = err
	}
	return charge
}

// end ends the stream with err and, where say is given, tells the other side by the RESET that say appends.
func (s *Stream) end(err error, say func(b []byte) []byte) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	charge := s.endLocked(err)
	var r Receiver
	if !s.telling { // else OnEnd comes after OnMessage has returned
		r, s.receiver = s.receiver, nil
	}
	queued, turn, early := s.queued, s.turn, s.local && !s.finRecv
	tell := s.endCarrier()
	s.mu.Unlock()
	if turn != nil {
		s.link.w.unsent.leave(turn)
	}
	if say != nil {
		s.link.sayReset(s.id, early, say)
	}
	s.link.forget(s)
	if queued {
		s.link.w.unpark(s)
	}
	s.link.consume(charge)
	if r != nil {
		r.OnEnd(s, err)
	}
	if tell != nil {
		tell(s, err)
	}
	s.release()
}

// endLocked marks the end and drops what is held. It returns charge that the link has to grant again.
func (s *Stream) endLocked(err error) uint64 {
	s.err, s.ended = err, true
	if s.out != nil {
		putBuffer(s.out)
		s.link.w.unsent.give(s.outHeld)
		s.out, s.outHeld = nil, 0
	}
	charge := s.dropUnread(err) + s.joinCharge
	if s.joining {
		s.link.joined(-len(s.join))
		s.link.unwatchJoin(s)
	}
	if s.carries != nil {
		s.link.joined(-s.carries.joinSize)
		s.carries.joinSize = 0
	}
	s.join, s.joining, s.joinCharge = nil, false, 0
	s.sendCond.Broadcast()
	s.recvCond.Broadcast()
	s.endContext()
	return charge
}

// Err is why the stream has ended before its time, nil if it has not.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// watch resets the stream with CANCELLED or DEADLINE when ctx ends, until the stream ends or unwatch is called.
func (s *Stream) watch(ctx context.Context) {
	if ctx.Done() == nil {
		return
	}
	stop := context.AfterFunc(ctx, func() {
		code := codec.CodeCancelled
		if ctx.Err() == context.DeadlineExceeded {
			code = codec.CodeDeadline
		}
		s.end(streamFault(code, "", ""), func(b []byte) []byte { return codec.Reset{Stream: s.id, Code: code}.AppendFrame(b) })
	})
	s.mu.Lock()
	s.stopWatch = stop
	ended := s.ended
	s.mu.Unlock()
	if ended {
		stop()
	}
}

// unwatch ends what watch began.
func (s *Stream) unwatch() {
	s.mu.Lock()
	stop := s.stopWatch
	s.stopWatch = nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Buffered says whether Recv will return a message without waiting.
func (s *Stream) Buffered() bool { return len(s.cur) > 0 }

// Unread says whether anything has arrived that Recv has not given. It belongs to the goroutine that calls Recv.
func (s *Stream) Unread() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cur) > 0 || !s.in.empty()
}
