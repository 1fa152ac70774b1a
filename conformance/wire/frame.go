package wire

import (
	"time"
	"unicode/utf8"

	"handfast/codec"
)

// Frame judges a whole frame with good checksums and takes it into the state of the link. A frame that its receiver cannot take leaves
// the state alone, apart from its charge.
func (l *Link) Frame(from Side, f codec.Frame, at time.Time) *Violation {
	e := &l.Ends[from]
	if e.Closed {
		return Broke("CLOSE-002", "%v after CLOSE", f.Type)
	}
	if v := e.order(f); v != nil {
		return v
	}
	e.Frames++
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
func (e *End) order(f codec.Frame) *Violation {
	switch {
	case f.Type == codec.TypeClose:
		return nil
	case e.Frames == 0 && f.Type != codec.TypeReady:
		return brokeAt(0, "READY-001", "first frame is %v", f.Type)
	case e.Frames == 1 && !codec.IsGreaseType(f.Type):
		return brokeAt(0, "READY-016", "%v follows READY", f.Type)
	}
	return nil
}

// known reports whether the type may be sent on this link.
func (l *Link) known(t codec.Type) bool {
	switch t {
	case codec.TypeRecords, codec.TypeAck, codec.TypeGap:
		return l.delivery()
	}
	return codec.KnownType(t)
}

// grease judges a frame that means nothing (SPEC.md chapter 18).
func grease(f codec.Frame) *Violation {
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
func headerBits(f codec.Frame) *Violation {
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
func (l *Link) message(from Side, f codec.Frame, at time.Time) *Violation {
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

func (l *Link) streamsFrame(from Side, f codec.Frame) *Violation {
	m, err := codec.ParseStreams(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.Ends[from]
	e.StreamsGrant = max(e.StreamsGrant, m.Max)
	return nil
}

func (l *Link) creditFrame(from Side, f codec.Frame) *Violation {
	m, err := codec.ParseCredit(f)
	if err != nil {
		return parsing(err)
	}
	if f.Stream == 0 {
		e := &l.Ends[from]
		e.LinkGrant = max(e.LinkGrant, m.Max)
		return nil
	}
	s, v := l.use(from, f)
	if v != nil {
		return v
	}
	h := &s.Halves[from]
	h.Grant = max(h.Grant, m.Max)
	return nil
}

func (l *Link) drainFrame(from Side, f codec.Frame) *Violation {
	m, err := codec.ParseDrain(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.Ends[from]
	if e.Drain != nil && m.Last > *e.Drain {
		return brokeAt(codec.HeaderSize, "DRAIN-004", "last %d, which is over the %d before it", m.Last, *e.Drain)
	}
	e.Drain = &m.Last
	return nil
}

func (l *Link) closeFrame(from Side, f codec.Frame) *Violation {
	l.Ends[from].Closed = true
	return ending(f)
}

// ending judges CLOSE, REJECT and RESET, which share one form. The text is looked at as it came: a parser may have repaired it.
func ending(f codec.Frame) *Violation {
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
