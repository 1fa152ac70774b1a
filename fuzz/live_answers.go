package fuzz

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"handfast/codec"
)

// excuses tells whether the peer has done what makes a link go on that had to end otherwise.
func (o *outcome) excuses(want *expectation) bool {
	if want.theirs && o.theirs > 0 || want.streams && o.granted > 0 {
		return true
	}
	if a := o.streams[want.flow]; want.flow != 0 && a != nil && a.granted > o.model.kit.limits.StreamCredit {
		return true
	}
	for id, a := range o.streams { // a stream that it did not want to serve, or one of its own that it has ended
		if id%2 == 0 && a.reset != nil {
			return true
		}
		if s := o.model.streams[id]; s != nil && a.rejected != nil && !slices.Contains(s.ends, *a.rejected) {
			return true
		}
	}
	return false
}

// always are the codes with which a peer may end any stream for reasons of its own (OPT-006, OPT-008).
var always = []codec.Code{codec.CodeRefused, codec.CodeOverloaded}

// onAnswers holds what came on the streams of a link that goes on to the model; nil where it is right.
func (m *model) onAnswers(o *outcome) *difference {
	for _, id := range slices.Sorted(maps.Keys(o.streams)) {
		a, s := o.streams[id], m.streams[id]
		if id%2 == 0 || s != nil && s.free {
			continue
		}
		if s == nil {
			return wrong("STRM-012", "nothing on a stream that was never opened", "frames on one")
		}
		for _, end := range []struct {
			code *codec.Code
			name string
		}{{a.reset, "RESET"}, {a.rejected, "REJECT"}} {
			late := end.code != nil && *end.code == codec.CodeMessageTimeout && s.joining && s.want == waitNothing // on a busy machine
			if end.code != nil && !late && !slices.Contains(s.ends, *end.code) && !slices.Contains(always, *end.code) {
				return wrong(s.req, s.text(), fmt.Sprintf("%s(%s)", end.name, *end.code))
			}
		}
		if d := s.onChannel(a); d != nil {
			return d
		}
		if s.reply != nil && a.first != nil && !bytes.Equal(a.first, s.reply) && a.first[0] == byte(codec.CallKindReply) {
			d := wrong("KIT-001", fmt.Sprintf("a REPLY of %d bytes", len(s.reply)), "another one")
			d.class = Value
			return d
		}
	}
	return nil
}

// onChannel holds a position and acknowledgements to what was sent.
func (s *streamModel) onChannel(a *arrived) *difference {
	if s.proto != protoMirror || s.next == 0 {
		return nil
	}
	if a.acks > 0 && a.acked >= s.next {
		return wrong("ACK-002", fmt.Sprintf("ACK up to %d", s.next-1), fmt.Sprintf("ACK of %d", a.acked))
	}
	if s.fresh && a.accepted != nil && a.accepted.Channel != nil {
		if p := a.accepted.Channel; p.State != codec.PositionLost || p.Stable != 0 || p.Dup != firstNext-1 || len(p.Ranges) > 0 {
			return wrong("CHAN-017", fmt.Sprintf("ACCEPT with lost, 0, dup %d", firstNext-1), fmt.Sprintf("ACCEPT with %s, %d, dup %d and %d ranges", p.State, p.Stable, p.Dup, len(p.Ranges)))
		}
	}
	return nil
}

// text says how a stream may end.
func (s *streamModel) text() string {
	if len(s.ends) == 0 {
		return "a stream that goes on, or ends in good order"
	}
	text := "an end by"
	for _, code := range s.ends {
		text += " " + code.String()
	}
	return text
}

// wrong makes the difference of a stream.
func wrong(req, expected, actual string) *difference {
	return &difference{class: Verdict, expected: expected, actual: actual, req: req, cause: req + " " + digits.ReplaceAllString(actual, "#")}
}

// said says what came on the streams, for people.
func (o *outcome) said() (list []string) {
	for _, id := range slices.Sorted(maps.Keys(o.streams)) {
		a, text := o.streams[id], fmt.Sprintf("stream %d:", id)
		if a.opened != nil {
			text += " OPEN"
		}
		if a.accepted != nil {
			text += " ACCEPT"
			if p := a.accepted.Channel; p != nil {
				text += fmt.Sprintf("(%s, %d)", p.State, p.Stable)
			}
		}
		if a.rejected != nil {
			text += fmt.Sprintf(" REJECT(%s)", *a.rejected)
		}
		if a.first != nil {
			text += " DATA"
		}
		if a.records > 0 {
			text += fmt.Sprintf(" RECORDS and GAP up to %d", a.records)
		}
		if a.acks > 0 {
			text += fmt.Sprintf(" ACK(%d)", a.acked)
		}
		if a.fin {
			text += " FIN"
		}
		if a.reset != nil {
			text += fmt.Sprintf(" RESET(%s)", *a.reset)
		}
		list = append(list, text)
	}
	return list
}
