package mutant

import (
	"encoding/binary"
	"strings"

	"handfast/codec"
)

// onRecords makes the checks of RECORDS, and hands on what is whole.
func (l *link) onRecords(f codec.Frame) error {
	m, err := l.parseRecords(f)
	if err != nil {
		return err
	}
	s := l.stream(f.Stream)
	switch {
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s == nil:
		if err := l.charge(nil, m.Pieces.Charge()); err != nil {
			return err
		}
		l.back(&l.credit, 0, m.Pieces.Charge())
		return nil
	}
	if err := s.outOfPlace(f); err != nil {
		return err
	}
	if s.intake == nil || !s.intake.accepted { // only a peer with a bug comes here
		return l.onIdle(f)
	}
	if err := s.chargeRecords(m.Pieces.Charge()); err != nil {
		return err
	}
	s.held += m.Pieces.Charge()
	return s.intake.onRecords(m)
}

// chargeRecords takes RECORDS into the accounts.
func (s *stream) chargeRecords(charge uint64) error {
	l := s.l
	s.credit.used += charge
	l.credit.used += charge
	switch {
	case s.credit.used > s.credit.granted && !l.has("takes-records-beyond-the-stream-grant"),
		l.credit.used > l.credit.granted && !l.has("takes-records-beyond-the-link-grant"):
		return linkFault("REC-011", codec.CodeFlowViolation, "records of charge %d beyond the grant", charge)
	}
	return nil
}

// outOfPlace judges whether RECORDS, GAP or ACK may come on a stream now (CHAN-015).
func (s *stream) outOfPlace(f codec.Frame) error {
	l := s.l
	wrong := func(why string) error {
		return linkFault("CHAN-015", codec.CodeState, "%v on stream %d %s", f.Type, f.Stream, why)
	}
	ack := f.Type == codec.TypeAck
	switch {
	case s.intake == nil && s.outlet == nil:
		if l.has("ignores-" + strings.ToLower(f.Type.String()) + "-without-a-channel") {
			return nil
		}
		return wrong("without a channel")
	case ack == (s.intake != nil):
		if l.has("ignores-" + strings.ToLower(f.Type.String()) + "-from-the-wrong-side") {
			return nil
		}
		return wrong("from the wrong side of the channel")
	case s.intake != nil && !s.intake.accepted, s.outlet != nil && !s.outlet.accepted:
		if l.has("ignores-" + strings.ToLower(f.Type.String()) + "-before-accept") {
			return nil
		}
		return wrong("before ACCEPT")
	case s.finIn:
		if l.has("ignores-" + strings.ToLower(f.Type.String()) + "-after-fin") {
			return nil
		}
		return wrong("after FIN")
	}
	return nil
}

// parseRecords makes check 8 for RECORDS.
func (l *link) parseRecords(f codec.Frame) (codec.Records, error) {
	const size = 8 // of the number
	numbered := len(f.Payload) >= size
	switch {
	case !numbered:
	case l.has("ignores-leftover-bytes-of-records"):
		f.Payload = append(f.Payload[:size:size], fitted(f.Payload[size:], true, false)...)
	case l.has("takes-fin-with-more-in-records") && f.Flags&codec.FlagFin != 0:
		f.Flags &^= codec.FlagMore
	case l.has("takes-the-number-0") && binary.BigEndian.Uint64(f.Payload) == 0:
		f.Payload = append(binary.BigEndian.AppendUint64(nil, 1), f.Payload[size:]...)
	}
	m, err := codec.ParseRecords(f)
	wrong := asFault(err, 0)
	switch {
	case wrong == nil:
	case wrong.req == "REC-001" && !numbered && l.has("ignores-records-without-a-number"),
		wrong.req == "REC-001" && numbered && binary.BigEndian.Uint64(f.Payload) > 0 && l.has("ignores-numbers-above-the-last"),
		wrong.req == "DATA-002" && len(f.Payload) == size && l.has("ignores-records-without-a-piece"):
		return m, errSettled
	case strings.HasPrefix(wrong.req, "DATA-"):
		wrong.req = "REC-002"
		return m, wrong
	}
	return m, err
}

// carrying finds the stream of a GAP or ACK, and checks that it may come there. It gives none for one that is unknown: such a frame is idle.
func (l *link) carrying(f codec.Frame) (*stream, error) {
	s := l.stream(f.Stream)
	switch {
	case l.unopened(f.Stream):
		if err := l.onUnopened(f); err != nil {
			return nil, err
		}
		return nil, errSettled
	case s == nil:
		return nil, nil
	}
	return s, s.outOfPlace(f)
}

// onGap makes the checks of GAP.
func (l *link) onGap(f codec.Frame) error {
	if len(f.Payload) == 24 {
		f.Payload = l.mendGap(f.Payload)
	}
	g, err := codec.ParseGap(f)
	if err != nil {
		return err
	}
	s, err := l.carrying(f)
	if err != nil {
		return err
	}
	if s == nil || s.intake == nil || !s.intake.accepted || s.finIn { // it is unknown, or only a peer with a bug comes here
		return l.onIdle(f)
	}
	idle, err := s.intake.onGap(g)
	if idle && err == nil {
		return l.onIdle(f)
	}
	return err
}

// onAck makes the checks of ACK.
func (l *link) onAck(f codec.Frame) error {
	f.Payload = l.mendAck(f.Payload)
	m, err := codec.ParseAck(f)
	if err != nil {
		return err
	}
	s, err := l.carrying(f)
	if err != nil {
		return err
	}
	if s == nil || s.outlet == nil || !s.outlet.accepted { // it is unknown, or only a peer with a bug comes here
		return l.onIdle(f)
	}
	idle, err := s.outlet.onAck(m)
	if idle && err == nil {
		return l.onIdle(f)
	}
	return err
}

// onChannelData takes DATA on a stream of a channel, of which FIN alone has a meaning (REC-018).
func (s *stream) onChannelData(p codec.Pieces) error {
	if p.Count() > 0 {
		s.consume(p.Charge())
		return &fault{req: "REC-018", code: codec.CodeProtocol, stream: s.id, text: "DATA with pieces on a channel"}
	}
	if !p.Fin() {
		return nil
	}
	if s.outlet != nil {
		return s.outlet.onFin()
	}
	return s.intake.onFin()
}
