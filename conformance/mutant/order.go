package mutant

import (
	"cmp"
	"encoding/binary"
	"unicode/utf8"

	"handfast/codec"
)

// What stands here belongs to peers that look at the faults of an input in another order than chapter 14 (ERR-003). The healthy peer
// finds nothing here.

// beforeHeader makes the checks that a peer makes before it looks at the type and length of a header, which are wrong.
func (l *link) beforeHeader(h codec.Header, head []byte, wrong error) error {
	f := asFault(wrong, 0)
	switch {
	case f == nil:
	case l.has("looks-at-the-scope-before-the-length") && f.code == codec.CodeFrameSize:
		return cmp.Or(codec.CheckStream(h), wrong)
	case l.has("looks-at-the-trailer-before-the-type") && f.req == "FRAME-004",
		l.has("looks-at-the-trailer-before-the-length") && f.req == "FRAME-018" && h.Length <= 2*codec.MaxControl:
		rest := make([]byte, h.Length+codec.TrailerSize)
		if err := l.fill(rest, ""); err != nil {
			return err
		}
		if covered := append(head[:12:12], rest[:h.Length]...); codec.Checksum(covered) != binary.BigEndian.Uint32(rest[h.Length:]) {
			return linkFault("FRAME-002", codec.CodePayloadCRC, "trailer of %v is wrong", h.Type)
		}
	}
	return wrong
}

// beforeTrailer makes the check that a peer makes before it looks at the trailer, which is wrong.
func (l *link) beforeTrailer(f codec.Frame) error {
	switch {
	case l.has("looks-at-the-state-before-the-trailer"):
		return l.checkState(f)
	case l.has("looks-at-the-type-before-the-trailer") && !l.known(f.Type) && f.Flags&codec.FlagMustUnderstand != 0:
		return l.onUnknown(f)
	case l.has("looks-at-the-form-before-the-trailer"):
		_, err := codec.ParseMessage(f)
		return err
	case l.has("looks-at-the-stream-before-the-trailer") && f.Type == codec.TypeData:
		return l.checkData(f, codec.Pieces{})
	}
	return nil
}

// beforeState makes the check that a peer makes before it looks at the state of the link, which is wrong.
func (l *link) beforeState(f codec.Frame, wrong error) error {
	switch {
	case l.has("looks-at-the-type-before-the-state") && !l.known(f.Type) && f.Flags&codec.FlagMustUnderstand != 0:
		return l.onUnknown(f)
	case l.has("looks-at-the-form-before-the-state") && l.known(f.Type):
		if _, err := codec.ParseMessage(f); err != nil {
			return err
		}
	}
	return wrong
}

// beforeForm makes the check that a peer makes before it looks at the form of DATA, which is wrong.
func (l *link) beforeForm(f codec.Frame, wrong error) error {
	s := l.stream(f.Stream)
	switch {
	case l.has("looks-at-the-stream-before-the-form"):
		if err := l.checkData(f, codec.Pieces{}); err != nil || s == nil {
			return err
		}
	case s == nil:
	case l.has("looks-at-the-credit-before-the-form"):
		const most = codec.MessageCharge / 4 // of a byte, in pieces without bytes
		if err := l.charge(s, uint64(len(f.Payload)*most)); err != nil {
			return err
		}
	case l.has("looks-at-the-messages-before-the-form") && (s.requested || s.caller != nil) && len(f.Payload) > 3 && binary.BigEndian.Uint32(f.Payload) == 0:
		return &fault{req: "CALL-010", code: codec.CodeProtocol, stream: s.id, text: "message without bytes"}
	}
	return wrong
}

// beforeMessage makes the checks that a peer makes before it looks at the form of a payload, which is wrong.
func (l *link) beforeMessage(f codec.Frame) error {
	switch {
	case l.has("looks-at-the-stream-before-the-form") && (f.Type == codec.TypeReset || f.Type == codec.TypeCredit && f.Stream != 0) && l.unopened(f.Stream):
		return l.onUnopened(f)
	case f.Type == codec.TypeOpen && l.has("looks-at-the-id-before-the-form"):
		if wrong := l.checkID(f.Stream); wrong != nil {
			return wrong
		}
	case f.Type == codec.TypeOpen && l.has("looks-at-the-limit-before-the-form") && l.opened >= l.granted:
		return linkFault("STRM-008", codec.CodeStreamLimit, "stream number %d, where %d are granted", l.opened+1, l.granted)
	case f.Type == codec.TypeReset && l.has("closes-on-broken-text-of-reset") && !utf8.Valid(f.Payload),
		f.Type == codec.TypeClose && l.has("closes-on-broken-text-of-close") && !utf8.Valid(f.Payload):
		return linkFault("CLOSE-007", codec.CodeEncoding, "text that is not UTF-8")
	}
	return nil
}

// beforeID makes the checks that a peer makes before it looks at the id or the number of a stream, which is wrong.
func (l *link) beforeID(m codec.Open, wrong *fault) error {
	ver, known := l.agreed.Protos[m.Proto]
	known = known && ver == m.Ver
	limit := wrong.req == "STRM-008"
	switch {
	case l.has("looks-at-the-limit-before-the-id") && !limit && l.opened >= l.granted:
		return linkFault("STRM-008", codec.CodeStreamLimit, "stream number %d, where %d are granted", l.opened+1, l.granted)
	case l.has("looks-at-the-protocol-before-the-limit") && limit && !known,
		l.has("looks-at-the-protocol-before-the-id") && !limit && !known:
		l.push(codec.Reject{Stream: m.Stream, Code: codec.CodeUnknownProto}.AppendFrame(nil))
		return nil
	}
	return wrong
}

// beforeCredit makes the checks that a peer makes before it looks at the charge, which is too much.
func (l *link) beforeCredit(s *stream, pieces codec.Pieces, wrong error) error {
	first, _ := pieces.Next()
	size := uint64(len(*s.part()) + pieces.Bytes())
	switch {
	case l.has("looks-at-the-size-before-the-credit") && size > l.self.Limits.MaxMessage:
		return &fault{req: "DATA-006", code: codec.CodeMsgTooBig, stream: s.id, text: "message over max_message"}
	case l.has("looks-at-the-call-before-the-credit") && !s.requested:
		if _, err := codec.ParseCallRequest(first); err != nil {
			return asFault(err, s.id)
		}
	}
	return wrong
}
