package explain

import "handfast/codec"

// linkState is what one direction has said so far, as far as later frames depend on it.
type linkState struct {
	opened      bool       // the opening was seen, so that nothing was said before
	ready       bool       // READY was seen
	caps        codec.Caps // what READY has selected; nil if it was not seen
	proto       string     // the only sub-protocol of READY; "" if there are several or READY was not seen
	closed      bool
	lastOpen    uint32 // 0: none was seen
	drained     bool   // DRAIN was seen
	lastDrained uint32
	streams     map[uint32]*stream // each took a frame of 16 bytes
}

func newLinkState() linkState { return linkState{streams: make(map[uint32]*stream)} }

// stream gives the stream, unknown before if need be.
func (l *linkState) stream(id uint32) *stream {
	s := l.streams[id]
	if s == nil {
		s = &stream{}
		l.streams[id] = s
	}
	return s
}

// maxFrame gives the limit of the next payload (READY-013).
func (l *linkState) maxFrame(own uint32) uint32 {
	if l.opened && !l.ready {
		return min(own, codec.MaxOpeningBody)
	}
	return own
}

// judge finds the first fault of a whole frame whose checksums are good: steps 5 to 12 of chapter 14 of SPEC.md, as far as this direction
// alone shows them.
func (l *linkState) judge(f rawFrame) *codec.Error {
	for _, step := range []func(rawFrame) *codec.Error{l.order, l.critical, l.form, l.streamState, l.draining} {
		if fault := step(f); fault != nil {
			return fault
		}
	}
	return nil
}

// order is step 5: which frames may stand where.
func (l *linkState) order(f rawFrame) *codec.Error {
	switch {
	case l.closed:
		return linkFault(codec.CodeState, "CLOSE-002", f.at, "a frame behind CLOSE")
	case l.ready && f.Type == codec.TypeReady:
		return linkFault(codec.CodeState, "READY-003", f.at, "a second READY")
	case l.opened && !l.ready && f.Type != codec.TypeReady && f.Type != codec.TypeClose:
		return linkFault(codec.CodeState, "READY-002", f.at, "the first frame is neither READY nor CLOSE")
	}
	return nil
}

// unknown tells whether the receiver does not know the type, or must not (FRAME-015).
func (l *linkState) unknown(t codec.Type) bool {
	info, known := t.Info()
	if known && info.Capability != "" && l.caps != nil {
		_, selected := l.caps[info.Capability]
		return !selected
	}
	return !known
}

// critical is step 6: unknown types.
func (l *linkState) critical(f rawFrame) *codec.Error {
	if !l.unknown(f.Type) || f.Flags&codec.FlagMustUnderstand == 0 {
		return nil
	}
	const detail = "an unknown type with MUST_UNDERSTAND"
	if s := l.streams[f.Stream]; s == nil || s.done || s.proto == "" {
		return linkFault(codec.CodeUnknownCritical, "FRAME-006", f.at, detail)
	}
	fault := streamFault("FRAME-007", f.at, detail)
	fault.Code = codec.CodeUnknownCritical
	return fault
}

// form is steps 7 and 8: scope, and the payload by itself.
func (l *linkState) form(f rawFrame) *codec.Error {
	if l.unknown(f.Type) {
		return nil
	}
	_, err := codec.ParseMessage(f.Frame)
	return faultOf(err, f.at)
}

// streamState is step 9: ids, and what may follow what.
func (l *linkState) streamState(f rawFrame) *codec.Error {
	s := l.streams[f.Stream]
	switch {
	case f.Type == codec.TypeOpen:
		return l.id(f)
	case f.Type != codec.TypeData || s == nil:
		return nil
	case s.done:
		return linkFault(codec.CodeState, "STRM-020", f.at, "DATA behind FIN or RESET")
	case s.joining && len(f.Payload) == 0:
		return linkFault(codec.CodeEncoding, "DATA-009", f.at+1, "FIN instead of the rest of a message")
	}
	return nil
}

// id judges the stream id of an OPEN.
func (l *linkState) id(f rawFrame) *codec.Error {
	const offStream = 8
	switch {
	case l.lastOpen == 0 && (!l.opened || f.Stream <= 2):
		return nil
	case l.lastOpen == 0:
		return linkFault(codec.CodeStreamID, "STRM-002", f.at+offStream, "the first stream is neither 1 nor 2")
	case f.Stream%2 != l.lastOpen%2:
		return linkFault(codec.CodeStreamID, "STRM-001", f.at+offStream, "an id of the other side")
	case f.Stream-l.lastOpen != 2:
		return linkFault(codec.CodeStreamID, "STRM-002", f.at+offStream, "not the opener's last id plus 2")
	}
	return nil
}

// draining is a part of step 12.
func (l *linkState) draining(f rawFrame) *codec.Error {
	m, err := codec.ParseDrain(f.Frame)
	if f.Type != codec.TypeDrain || err != nil || !l.drained || m.Last <= l.lastDrained {
		return nil
	}
	return linkFault(codec.CodeState, "DRAIN-004", f.payloadAt(), "last is greater than before")
}

// note remembers what a whole frame says, faulty or not: a frame with one wrong bit still tells most.
func (l *linkState) note(f rawFrame) {
	switch f.Type {
	case codec.TypeReady:
		l.ready = true
		if m, err := codec.ParseReady(f.Frame); err == nil {
			l.agreed(m)
		}
	case codec.TypeClose:
		l.closed = true
	case codec.TypeDrain:
		if m, err := codec.ParseDrain(f.Frame); err == nil {
			l.drained, l.lastDrained = true, m.Last
		}
	case codec.TypeOpen:
		l.lastOpen = f.Stream
		m, err := codec.ParseOpen(f.Frame)
		if err == nil && f.Stream != 0 {
			l.streams[f.Stream] = &stream{proto: m.Proto, caller: true}
		}
	case codec.TypeAccept:
		// The other direction named the sub-protocol. Where READY has only one, it is that one (STRM-004).
		if s := l.stream(f.Stream); s.proto == "" {
			s.proto = l.proto
		}
	case codec.TypeReset, codec.TypeReject:
		l.stream(f.Stream).done = true
	case codec.TypeData:
		if f.Flags&codec.FlagFin != 0 {
			l.stream(f.Stream).done = true
		}
	}
}

func (l *linkState) agreed(m *codec.Ready) {
	l.caps = m.Caps
	if len(m.Protos) == 1 {
		for name := range m.Protos {
			l.proto = name
		}
	}
}
