package wire

import (
	"time"

	"handfast/codec"
)

// Side is one end of a link.
type Side int

// The sides (SPEC.md chapter 2).
const (
	Dialer Side = iota
	Acceptor
)

// Other is the side that reads what s sends.
func (s Side) Other() Side { return 1 - s }

// String gives the word of the specification.
func (s Side) String() string {
	if s == Dialer {
		return "dialer"
	}
	return "acceptor"
}

// FirstID is the id of the first stream that a side opens (STRM-001).
func (s Side) FirstID() uint32 {
	if s == Dialer {
		return 1
	}
	return 2
}

// Link is everything that both ends have said on one link, as far as judging the next frame needs it. Its fields are for reading; its
// methods alone change them. It is not safe for concurrent use.
type Link struct {
	TLS     bool // the transport is TLS
	Ends    [2]End
	Agreed  *codec.Agreement // nil until both HELLOs are known
	Streams map[uint32]*Stream

	// Binding computes what cb of a side's READY has to be (SPEC.md chapter 6); nil, or a nil result, where nobody can say. It is set
	// before the first frame.
	Binding func(from Side, th [32]byte) []byte
}

// NewLink makes the state of a link on which nothing was said. Secure says that its transport is TLS.
func NewLink(secure bool) *Link { return &Link{TLS: secure, Streams: make(map[uint32]*Stream)} }

// End is what one side has said.
type End struct {
	Opening []byte       // whole, as on the wire
	Hello   *codec.Hello // nil before HELLO
	Refused bool         // it sent REFUSE
	Frames  int          // whole frames
	Ready   bool
	Closed  bool    // it sent CLOSE
	Drain   *uint32 // last of its newest DRAIN

	// Streams of its own.
	Opened uint64
	LastID uint32

	// What it granted to the other side, and what it used of the other side's grants.
	StreamsGrant uint64
	LinkGrant    uint64
	LinkCharge   uint64

	Ping  Pinging
	pings map[uint64]codec.Ping // its PINGs by echo; never many, because a PING waits for its PONG
}

// Pinging is the state of one side's PINGs.
type Pinging struct {
	Waiting bool // its last PING has no PONG yet
	Sent    bool
	At      time.Time // arrival of its last PING
	strayed bool      // a PONG has come since that answers nothing
	t1      int64     // the sender's clock in it
}

// Stream is one stream, from its OPEN on.
type Stream struct {
	Opener   Side
	Answered bool // by ACCEPT or REJECT
	Halves   [2]Half
	Channel  *Carried // nil where OPEN had none
}

// Half is what one side does on a stream: the direction that it sends, and the grant for the other.
type Half struct {
	Fin    bool   // it sent FIN
	Reset  bool   // it sent RESET, or REJECT
	Joins  bool   // its last DATA had MORE
	Charge uint64 // of what it sent
	Grant  uint64 // total charge that it lets the other side send
	joined uint64
}

// Finished reports that both directions have ended.
func (s *Stream) Finished() bool {
	a, b := &s.Halves[Dialer], &s.Halves[Acceptor]
	return a.Reset || b.Reset || a.Fin && b.Fin
}

// MaxPayload is the largest payload that a side may send. What the other side stated binds from its HELLO on; before READY it is
// 16,384 at most (READY-013), which is left to READY's own bound, because openings and READY share one flight.
func (l *Link) MaxPayload(from Side) uint32 {
	if h := l.Ends[from.Other()].Hello; h != nil {
		return uint32(h.Limits.MaxFrame)
	}
	return codec.MaxControl
}

// Slots is how many streams a side may still open.
func (l *Link) Slots(from Side) uint64 {
	grant, opened := l.Ends[from.Other()].StreamsGrant, l.Ends[from].Opened
	return grant - min(grant, opened)
}

// LinkRoom is the charge that a side may still send on the link.
func (l *Link) LinkRoom(from Side) uint64 {
	grant, charge := l.Ends[from.Other()].LinkGrant, l.Ends[from].LinkCharge
	return grant - min(grant, charge)
}

// StreamRoom is the charge that a side may still send on a stream, the link's grant aside; 0 for one that was never opened.
func (l *Link) StreamRoom(from Side, id uint32) uint64 {
	s := l.Streams[id]
	if s == nil {
		return 0
	}
	grant, charge := s.Halves[from.Other()].Grant, s.Halves[from].Charge
	return grant - min(grant, charge)
}

// setHello notes the HELLO of one side and, once both are there, what they agree on.
func (l *Link) setHello(from Side, raw []byte, h *codec.Hello) {
	e := &l.Ends[from]
	e.Opening, e.Hello = raw, h
	e.StreamsGrant, e.LinkGrant = h.Limits.Streams, h.Limits.LinkCredit
	e.pings = make(map[uint64]codec.Ping)
	if l.Ends[Dialer].Hello == nil || l.Ends[Acceptor].Hello == nil {
		return
	}
	if agreed, err := codec.Agree(l.Ends[Dialer].Hello, l.Ends[Acceptor].Hello); err == nil {
		l.Agreed = &agreed
	}
}

// Hash is the transcript hash that both READY frames state.
func (l *Link) Hash() [32]byte {
	return codec.TranscriptHash(l.Ends[Dialer].Opening, l.Ends[Acceptor].Opening)
}

// Open makes the state of a new stream. It is called by Frame; and by a suite for an OPEN that was wrong on purpose, and that its receiver
// may take all the same.
func (l *Link) Open(id uint32, opener Side) *Stream {
	s := &Stream{Opener: opener}
	for i := range s.Halves {
		if h := l.Ends[i].Hello; h != nil {
			s.Halves[i].Grant = h.Limits.StreamCredit
		}
	}
	l.Streams[id] = s
	e := &l.Ends[opener]
	e.Opened++
	e.LastID = id
	return s
}

// delivery reports whether sequenced delivery was agreed, without which its frames are unknown (FRAME-015).
func (l *Link) delivery() bool { return l.Agreed != nil && l.Agreed.Caps["delivery"] == true }
