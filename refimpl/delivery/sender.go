package delivery

import (
	"slices"
	"time"

	"handfast/codec"
)

// SenderEvent is something that happens to the sender of a channel.
type SenderEvent interface{ senderEvent() }

// Attach says that a stream may be opened for the channel.
type Attach struct{}

// Accepted is ACCEPT on the stream. Position is nil where it had no channel. The limits are those of the receiver's HELLO.
type Accepted struct {
	Stream     uint32
	Position   *codec.Position
	MaxFrame   uint32
	MaxMessage uint64
}

// GotAck is an ACK on the stream.
type GotAck struct{ Ack codec.Ack }

// Room says that RECORDS for so much charge may be sent now, and in how many bytes of frames. It may come whenever there is a
// record, or room again.
type Room struct{ Charge, Bytes int }

// Finish ends the sender's direction behind what is in the queue now.
type Finish struct{}

// GotEnd is FIN of the receiver.
type GotEnd struct{}

// Detached says that the stream ended: by RESET, REJECT or with its link.
type Detached struct{}

func (Attach) senderEvent()   {}
func (Accepted) senderEvent() {}
func (GotAck) senderEvent()   {}
func (Room) senderEvent()     {}
func (Finish) senderEvent()   {}
func (GotEnd) senderEvent()   {}
func (Detached) senderEvent() {}

// SenderEffect is something that the owner of a sender does.
type SenderEffect interface{ senderEffect() }

// SendOpen opens a stream with this channel.
type SendOpen struct{ Channel *codec.Channel }

// SendRecords sends RECORDS.
type SendRecords struct{ Records codec.Records }

// SendGap sends GAP.
type SendGap struct{ Gap codec.Gap }

// SendFin sends FIN by a DATA without pieces (REC-018).
type SendFin struct{}

// Abort ends the stream or the link, as the error's scope says. The sender is detached.
type Abort struct{ Err *codec.Error }

// NewChannel says that the queue has begun a new channel, which is to be attached by another stream (CHAN-025).
type NewChannel struct{}

// Freed says that every record up to Stable is durable at the receiver, and gone from the queue. The window may have room again.
type Freed struct{ Stable uint64 }

// Broken says that the queue could not keep something. The sender is detached.
type Broken struct{ Err error }

func (SendOpen) senderEffect()    {}
func (SendRecords) senderEffect() {}
func (SendGap) senderEffect()     {}
func (SendFin) senderEffect()     {}
func (Abort) senderEffect()       {}
func (NewChannel) senderEffect()  {}
func (Broken) senderEffect()      {}
func (Freed) senderEffect()       {}
func (Idle) senderEffect()        {}

type senderState uint8

const (
	senderDetached senderState = iota
	senderOffered              // OPEN sent
	senderAttached             // ACCEPT received
	senderEnding               // own FIN sent
)

// Sender is the core of one channel's sender. The queue is its own: nobody else frees records.
type Sender struct {
	q     Queue
	rule  rules
	state senderState

	stream     uint32
	offered    *codec.Channel
	maxFrame   int
	maxMessage uint64

	next   uint64  // the number to be covered next
	has    numbers // ranges of the ACCEPT
	skip   numbers // of them, what is left out: all
	ranges numbers // of the latest ACK
	acked  uint64  // stable of the ACCEPT or the latest ACK
	dup    uint64  // dup of the ACCEPT
	window window
	begun  []byte // the rest of record next, whose first pieces were sent; nil: none
	finish bool
	filled Filled
	frames []byte // of Step(Room)
	out    []SenderEffect
}

// NewSender makes the core.
func NewSender(q Queue) *Sender { return &Sender{q: q} }

// Attached tells whether records may flow.
func (s *Sender) Attached() bool { return s.state == senderAttached }

// Idle tells whether the sender is attached and everything in its queue was sent.
func (s *Sender) Idle() bool {
	return s.state == senderAttached && s.begun == nil && s.next >= s.q.Bounds().Next
}

// Step takes an event. The effects are valid until the next Step. The sender has no timer: nothing is sent again while a stream lives
// (ACK-010), so now is only there for the form of a core.
func (s *Sender) Step(event SenderEvent, _ time.Duration) []SenderEffect {
	s.out = s.out[:0]
	switch e := event.(type) {
	case Attach:
		if s.state == senderDetached {
			h := s.q.Head()
			s.offered = h.Channel(s.rule)
			s.state = senderOffered
			s.emit(SendOpen{s.offered})
		}
	case Accepted:
		s.accepted(e)
	case GotAck:
		s.ack(e.Ack)
	case Room:
		s.room(e)
	case Finish:
		s.end()
	case GotEnd:
		if s.state == senderAttached {
			s.abort(fault(codec.CodeProtocol, codec.ScopeStream, "REC-021", "FIN of the receiver before that of the sender"))
		}
		s.detach()
	case Detached:
		s.detach()
	}
	return s.out
}

func (s *Sender) emit(e SenderEffect) { s.out = append(s.out, e) }

func (s *Sender) abort(err *codec.Error) {
	s.emit(Abort{err})
	s.detach()
}

// broken ends the attachment because the queue failed: a sender that goes on without a durable queue breaks the promise.
func (s *Sender) broken(err error) bool {
	if err == nil {
		return false
	}
	s.emit(Broken{err})
	s.detach()
	return true
}

func (s *Sender) detach() {
	s.state, s.stream, s.offered, s.begun, s.finish = senderDetached, 0, nil, nil, false
	s.has, s.skip, s.ranges, s.window = nil, nil, nil, window{}
}

func (s *Sender) accepted(e Accepted) {
	if s.state != senderOffered {
		return // STRM-016 is the link's
	}
	p := e.Position
	if p == nil {
		s.abort(fault(codec.CodeProtocol, codec.ScopeStream, "CHAN-027", "ACCEPT without channel"))
		return
	}
	if p.State == codec.PositionForeign {
		s.emit(SendFin{})
		if !s.broken(s.q.Renew()) {
			s.emit(NewChannel{})
			s.detach()
		}
		return
	}
	if s.impossible(p) {
		s.abort(fault(codec.CodeAckInvalid, codec.ScopeLink, "CHAN-028", "a position that the offer does not allow"))
		return
	}
	if p.State != codec.PositionKept && s.broken(s.q.OweCheck()) {
		return
	}
	if s.broken(s.q.Free(p.Stable)) {
		return
	}
	s.state, s.stream = senderAttached, e.Stream
	s.maxFrame, s.maxMessage = int(e.MaxFrame), min(e.MaxMessage, codec.WindowBytes)
	s.next, s.acked, s.dup = p.Stable+1, p.Stable, p.Dup
	s.skip = nil
	s.has = nil
	for _, r := range p.Ranges {
		s.has = s.has.add(r.First, r.Last)
	}
	if !s.rule.resend {
		s.skip = s.has
	}
}

// Impossible tells whether the position of an ACCEPT that is not taken yet ends the attachment because of a fault of the receiver.
func (s *Sender) Impossible(p *codec.Position) bool {
	return s.state == senderOffered && (p == nil || p.State != codec.PositionForeign && s.impossible(p))
}

// impossible tells whether a position is one that the offer does not allow (CHAN-028).
func (s *Sender) impossible(p *codec.Position) bool {
	top := p.Stable
	if n := len(p.Ranges); n > 0 {
		top = p.Ranges[n-1].Last
	}
	return top >= s.offered.Next || p.Dup >= s.offered.Next || p.State == codec.PositionLost && p.Stable != s.offered.Stable
}

// covered gives the last number up to which everything was sent, or is in the ranges of ACCEPT.
func (s *Sender) covered() uint64 { return s.has.past(s.next) - 1 }

func (s *Sender) ack(a codec.Ack) {
	if s.state != senderAttached && s.state != senderEnding {
		s.abort(fault(codec.CodeState, codec.ScopeLink, "CHAN-015", "ACK before ACCEPT"))
		return
	}
	covered := s.covered()
	bad := a.Stable > covered || a.Stable < s.acked
	for _, r := range a.Ranges {
		in, ok := s.has.at(r.First)
		bad = bad || r.Last > covered && (!ok || r.Last > in.Last)
	}
	if bad {
		s.abort(fault(codec.CodeAckInvalid, codec.ScopeLink, "ACK-008", "more was acknowledged than was sent, or less than before"))
		return
	}
	if s.broken(s.q.Free(a.Stable)) {
		return
	}
	s.progress(a)
	s.acked = a.Stable
	s.window.pop(a.Stable)
	if s.begun == nil {
		s.next = max(s.next, a.Stable+1)
	}
}

// progress says what an ACK has changed. A range counts as new where the ACK before did not name the whole of it.
func (s *Sender) progress(a codec.Ack) {
	if a.Stable > s.acked {
		s.emit(Freed{a.Stable})
	}
	known := func(r codec.Range) bool {
		in, ok := s.ranges.at(r.First)
		return ok && r.Last <= in.Last
	}
	if a.Stable == s.acked && !slices.ContainsFunc(a.Ranges, func(r codec.Range) bool { return !known(r) }) {
		s.emit(Idle{})
		return // what the ACK leaves out is still true (ACK-003)
	}
	s.ranges = append(s.ranges[:0], a.Ranges...)
}

// end sends FIN when everything was sent.
func (s *Sender) end() {
	switch s.state {
	case senderOffered:
		s.abort(fault(codec.CodeCancelled, codec.ScopeStream, "REC-018", "the channel is given up before ACCEPT"))
	case senderAttached:
		if s.finish = true; s.Idle() {
			s.state = senderEnding
			s.emit(SendFin{})
		}
	}
}
