package conformance

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"handfast/codec"
)

// The wire checker judges every opening and frame of both ends of every link. For the peer a violation is a verdict; for the
// suite it is a bug of the suite, unless the packet was declared faulty.
//
// It judges senders: what a peer may not send, never what it should have answered. The cases do that.

// violation is a rule that a sender broke.
type violation struct {
	req    string
	offset int // in the packet, -1 where it has no place
	detail string
}

// String gives the id and what was wrong.
func (v *violation) String() string { return fmt.Sprintf("[%s] %s", v.req, v.detail) }

// broke makes a violation that has no place in the packet.
func broke(req, format string, args ...any) *violation {
	return &violation{req: req, offset: -1, detail: fmt.Sprintf(format, args...)}
}

// brokeAt makes a violation at an offset.
func brokeAt(off int, req, format string, args ...any) *violation {
	v := broke(req, format, args...)
	v.offset = off
	return v
}

// parsing turns an error of codec into a violation.
func parsing(err error) *violation {
	var e *codec.Error
	if errors.As(err, &e) {
		return brokeAt(e.Offset, e.Req, "%s", e.Detail)
	}
	return broke("", "%v", err)
}

// receiverRules maps the rules by which codec, which is a receiver, refuses a frame to those by which its sender broke them.
func receiverRules(v *violation) *violation {
	if v.req == "FRAME-003" || v.req == "READY-013" {
		v.req = "FRAME-012"
	}
	return v
}

// frame judges a whole frame with good checksums and takes it into the state of the link. A frame that its receiver cannot take leaves
// the state alone, apart from its charge.
func (l *link) frame(from side, f codec.Frame, at time.Time) *violation {
	e := &l.ends[from]
	if e.closed {
		return broke("CLOSE-002", "%v after CLOSE", f.Type)
	}
	if v := e.order(f); v != nil {
		return v
	}
	e.frames++
	if codec.IsGreaseType(f.Type) {
		return grease(f)
	}
	if !l.known(f.Type) {
		return brokeAt(0, "EXT-001", "frame type %v, which is not registered, not grease, or of a capability that was not selected", f.Type)
	}
	if err := codec.CheckStream(f.Header); err != nil {
		return parsing(err)
	}
	v := headerBits(f) // its receiver ignores them and goes on (FRAME-008), and so does the state
	if more := l.message(from, f, at); v == nil {
		v = more
	}
	return v
}

// order holds a side to READY first and grease second. CLOSE may take the place of either.
func (e *end) order(f codec.Frame) *violation {
	switch {
	case f.Type == codec.TypeClose:
		return nil
	case e.frames == 0 && f.Type != codec.TypeReady:
		return brokeAt(0, "READY-001", "first frame is %v", f.Type)
	case e.frames == 1 && !codec.IsGreaseType(f.Type):
		return brokeAt(0, "READY-016", "%v follows READY", f.Type)
	}
	return nil
}

// known reports whether the type may be sent on this link.
func (l *link) known(t codec.Type) bool {
	switch t {
	case codec.TypeRecords, codec.TypeAck, codec.TypeGap:
		return l.delivery()
	}
	return codec.KnownType(t)
}

// grease judges a frame that means nothing (SPEC.md chapter 18).
func grease(f codec.Frame) *violation {
	switch {
	case f.Stream != 0:
		return brokeAt(8, "READY-016", "grease frame on stream %d", f.Stream)
	case f.Flags&codec.FlagMustUnderstand != 0:
		return brokeAt(1, "READY-016", "grease frame with MUST_UNDERSTAND")
	case f.Length > codec.MaxGreasePayload:
		return brokeAt(4, "READY-016", "grease frame with %d bytes", f.Length)
	}
	return nil
}

// headerBits judges what every registered type shares.
func headerBits(f codec.Frame) *violation {
	info, _ := f.Type.Info()
	defined := codec.FlagMustUnderstand
	for _, flag := range info.Flags {
		defined |= flag.Flag
	}
	if extra := f.Flags &^ defined; extra != 0 {
		return brokeAt(1, "FRAME-013", "flag bits %02X are not defined for %v", uint8(extra), f.Type)
	}
	if f.Reserved != 0 {
		return brokeAt(2, "FRAME-013", "reserved is %04X", f.Reserved)
	}
	return nil
}

// message judges what a frame says. Every type has one method; those of streams stand in checker_stream.go.
func (l *link) message(from side, f codec.Frame, at time.Time) *violation {
	switch f.Type {
	case codec.TypeReady:
		return l.readyFrame(from, f)
	case codec.TypePing:
		return l.pingFrame(from, f, at)
	case codec.TypePong:
		return l.pongFrame(from, f)
	case codec.TypeCredit:
		return l.creditFrame(from, f)
	case codec.TypeStreams:
		return l.streamsFrame(from, f)
	case codec.TypeDrain:
		return l.drainFrame(from, f)
	case codec.TypeClose:
		return l.closeFrame(from, f)
	default:
		return l.streamFrame(from, f)
	}
}

func (l *link) streamsFrame(from side, f codec.Frame) *violation {
	m, err := codec.ParseStreams(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.ends[from]
	e.streamsGrant = max(e.streamsGrant, m.Max)
	return nil
}

func (l *link) creditFrame(from side, f codec.Frame) *violation {
	m, err := codec.ParseCredit(f)
	if err != nil {
		return parsing(err)
	}
	if f.Stream == 0 {
		e := &l.ends[from]
		e.linkGrant = max(e.linkGrant, m.Max)
		return nil
	}
	s, v := l.use(from, f)
	if v != nil {
		return v
	}
	h := &s.halves[from]
	h.grant = max(h.grant, m.Max)
	return nil
}

func (l *link) drainFrame(from side, f codec.Frame) *violation {
	m, err := codec.ParseDrain(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.ends[from]
	if e.drain != nil && m.Last > *e.drain {
		return brokeAt(codec.HeaderSize, "DRAIN-004", "last %d, which is over the %d before it", m.Last, *e.drain)
	}
	e.drain = &m.Last
	return nil
}

func (l *link) closeFrame(from side, f codec.Frame) *violation {
	l.ends[from].closed = true
	return ending(f)
}

// ending judges CLOSE, REJECT and RESET, which share one form. The text is looked at as it came: a parser may have repaired it.
func ending(f codec.Frame) *violation {
	const text = 8 // code and retry_ms stand before it
	switch {
	case len(f.Payload) > text+codec.MaxText:
		return brokeAt(4, "CLOSE-004", "text of %d bytes", len(f.Payload)-text)
	case len(f.Payload) < text:
		return brokeAt(4, "FRAME-010", "%v of %d bytes", f.Type, len(f.Payload))
	case !utf8.Valid(f.Payload[text:]):
		return brokeAt(codec.HeaderSize+text, "CLOSE-004", "text is not UTF-8")
	}
	return nil
}
