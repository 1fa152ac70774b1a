package mutant

import (
	"encoding/binary"
	"errors"
	"time"

	"handfast/codec"
)

func (l *link) onData(f codec.Frame) error {
	pieces, err := l.parseData(f)
	if errors.Is(err, errSettled) {
		return nil
	}
	if err != nil {
		return l.beforeForm(f, err)
	}
	s := l.stream(f.Stream)
	if err := s.early(f, "takes-data-before-accept"); err != nil {
		return err
	}
	if s != nil && l.has("looks-at-the-credit-before-the-state") {
		if err := l.charge(s, pieces.Charge()); err != nil {
			return err
		}
		s.credit.used -= pieces.Charge()
		l.credit.used -= pieces.Charge()
	}
	switch {
	case s != nil && s.finIn && l.has("ignores-data-after-fin"):
		return l.onIdle(f)
	case s != nil && s.finIn && l.has("resets-on-data-after-fin"):
		return &fault{req: "STRM-013", code: codec.CodeState, stream: s.id}
	}
	if err := l.checkData(f, pieces); err != nil {
		return err
	}
	if s == nil {
		return l.ignoreData(f, pieces)
	}
	if l.has("drops-data-in-the-flight-of-open") && time.Since(s.born) < 20*time.Millisecond && !pieces.Fin() {
		return l.ignoreData(f, pieces)
	}
	charge := pieces.Charge()
	if l.has("forgets-the-64-of-pieces") {
		charge = uint64(pieces.Bytes())
	}
	if err := l.charge(s, charge); err != nil {
		return l.beforeCredit(s, pieces, err)
	}
	s.held += pieces.Charge()
	if s.intake != nil || s.outlet != nil {
		return s.onChannelData(pieces)
	}
	return s.onPieces(pieces)
}

// parseData makes check 8 for DATA.
func (l *link) parseData(f codec.Frame) (codec.Pieces, error) {
	switch {
	case l.has("ignores-leftover-bytes"), l.has("cuts-long-pieces"):
		f.Payload = fitted(f.Payload, l.has("ignores-leftover-bytes"), l.has("cuts-long-pieces"))
	case l.has("takes-fin-with-more") && f.Flags&codec.FlagFin != 0,
		l.has("takes-empty-last-pieces") && endsEmpty(f.Payload):
		f.Flags &^= codec.FlagMore
	}
	pieces, err := codec.ParseData(f)
	wrong := asFault(err, 0)
	if wrong != nil && (wrong.req == "DATA-002" && l.has("ignores-empty-data") || wrong.req == "DATA-005" && l.has("takes-more-without-pieces")) {
		return pieces, errSettled
	}
	return pieces, err
}

// fitted makes pieces fit into a payload: it drops bytes that are left over, or cuts the last piece, or neither.
func fitted(payload []byte, drop, cut bool) []byte {
	const header = 4
	for off := 0; off < len(payload); {
		left := len(payload) - off - header
		if left < 0 {
			if drop {
				return payload[:off]
			}
			return payload
		}
		n := int(binary.BigEndian.Uint32(payload[off:]))
		if n > left && cut {
			binary.BigEndian.PutUint32(payload[off:], uint32(left))
			n = left
		}
		off += header + n
	}
	return payload
}

// endsEmpty tells whether a payload ends with an empty piece.
func endsEmpty(payload []byte) bool {
	pieces, err := codec.ParseData(codec.Frame{Payload: payload})
	list := pieces.All()
	return err == nil && len(list) > 0 && len(list[len(list)-1]) == 0
}

// checkData makes check 9 for DATA.
func (l *link) checkData(f codec.Frame, pieces codec.Pieces) error {
	s := l.stream(f.Stream)
	switch {
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s == nil:
		return nil
	case s.finIn:
		return linkFault("STRM-013", codec.CodeState, "DATA on stream %d after FIN", f.Stream)
	case s.joining && pieces.Count() == 0 && s.intake == nil && !l.has("takes-fin-in-a-message"):
		return linkFault("DATA-009", codec.CodeEncoding, "FIN in the middle of a message")
	}
	return nil
}

// ignoreData takes DATA of which nothing counts but the charge (STRM-014).
func (l *link) ignoreData(f codec.Frame, pieces codec.Pieces) error {
	switch {
	case l.has("resets-finished-streams") && !l.twice[f.Stream]:
		l.twice[f.Stream] = true
		l.push(codec.Reset{Stream: f.Stream, Code: codec.CodeState}.AppendFrame(nil))
	case l.has("closes-on-data-of-finished-streams"):
		return linkFault("STRM-014", codec.CodeState, "DATA of a finished stream")
	}
	if err := l.charge(nil, pieces.Charge()); err != nil {
		return err
	}
	if !l.has("keeps-the-charge-of-ignored-data") {
		l.back(&l.credit, 0, pieces.Charge())
	}
	return nil
}
