package conformance

import (
	"time"

	"handfast/codec"
)

// side is one end of a link: the suite, which dials, or the peer under test, which accepts.
type side int

// The sides.
const (
	suite side = iota
	peer
)

// other is the side that reads what s sends.
func (s side) other() side { return 1 - s }

// link is everything that both ends have said on one link, as far as judging the next frame needs it. It is the memory of
// the wire checker, whose methods are the only ones that change it. It is not safe for concurrent use; its Conn guards it.
type link struct {
	tls     bool // the transport is TLS
	ends    [2]end
	agreed  *codec.Agreement // nil until both HELLOs are known
	streams map[uint32]*stream

	binding func(from side, th [32]byte) []byte // what cb of READY has to be; nil where nobody can say
}

func newLink(tls bool) *link { return &link{tls: tls, streams: make(map[uint32]*stream)} }

// end is what one side has said.
type end struct {
	opening []byte       // whole, as on the wire
	hello   *codec.Hello // nil before HELLO
	refused bool         // it sent REFUSE
	frames  int          // whole frames
	ready   bool
	closed  bool    // it sent CLOSE
	drain   *uint32 // last of its newest DRAIN

	// Streams of its own.
	opened uint64
	lastID uint32

	// What it granted to the other side, and what it used of the other side's grants.
	streamsGrant uint64
	linkGrant    uint64
	linkCharge   uint64

	ping  pinging
	pings map[uint64]codec.Ping // its PINGs by echo; never many, because a PING waits for its PONG
}

// pinging is the state of one side's PINGs.
type pinging struct {
	waiting bool // its last PING has no PONG yet
	strayed bool // a PONG has come since that answers nothing
	sent    bool
	at      time.Time // arrival of its last PING
	t1      int64     // the sender's clock in it
}

// stream is one stream, from its OPEN on.
type stream struct {
	opener   side
	answered bool // by ACCEPT or REJECT
	halves   [2]half
}

// half is what one side does on a stream: the direction that it sends, and the grant for the other.
type half struct {
	fin    bool // it sent FIN
	reset  bool // it sent RESET, or REJECT
	joins  bool // its last DATA had MORE
	joined uint64
	charge uint64
	grant  uint64 // total charge that it lets the other side send
}

// finished reports that both directions have ended.
func (s *stream) finished() bool {
	a, b := &s.halves[suite], &s.halves[peer]
	return a.reset || b.reset || a.fin && b.fin
}

// maxPayload is the largest payload that from may send. What the other side stated binds from its HELLO on; before READY it is
// 16,384 at most (READY-013), which the checker leaves to READY's own bound, because openings and READY share one flight.
func (l *link) maxPayload(from side) uint32 {
	if h := l.ends[from.other()].hello; h != nil {
		return uint32(h.Limits.MaxFrame)
	}
	return codec.MaxControl
}

// setHello notes the HELLO of one side and, once both are there, what they agree on.
func (l *link) setHello(from side, raw []byte, h *codec.Hello) {
	e := &l.ends[from]
	e.opening, e.hello = raw, h
	e.streamsGrant, e.linkGrant = h.Limits.Streams, h.Limits.LinkCredit
	e.pings = make(map[uint64]codec.Ping)
	if l.ends[suite].hello == nil || l.ends[peer].hello == nil {
		return
	}
	if agreed, err := codec.Agree(l.ends[suite].hello, l.ends[peer].hello); err == nil {
		l.agreed = &agreed
	}
}

// hash is the transcript hash that both READY frames state.
func (l *link) hash() [32]byte {
	return codec.TranscriptHash(l.ends[suite].opening, l.ends[peer].opening)
}

// open makes the state of a new stream.
func (l *link) open(id uint32, opener side) *stream {
	s := &stream{opener: opener}
	for i := range s.halves {
		if h := l.ends[i].hello; h != nil {
			s.halves[i].grant = h.Limits.StreamCredit
		}
	}
	l.streams[id] = s
	e := &l.ends[opener]
	e.opened++
	e.lastID = id
	return s
}

// delivery reports whether sequenced delivery was agreed, without which its frames are unknown (FRAME-015).
func (l *link) delivery() bool { return l.agreed != nil && l.agreed.Caps["delivery"] == true }
