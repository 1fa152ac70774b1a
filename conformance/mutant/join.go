package mutant

import (
	"time"

	"handfast/codec"
)

// onPieces joins pieces to messages and hands these on.
func (s *stream) onPieces(pieces codec.Pieces) error {
	for i := range pieces.Count() {
		piece, _ := pieces.Next()
		goesOn := i == pieces.Count()-1 && pieces.More()
		if s.tooBig(len(*s.part())+len(piece), goesOn) {
			return &fault{req: "DATA-006", code: codec.CodeMsgTooBig, stream: s.id, text: "message over max_message"}
		}
		charge := uint64(len(piece)) + codec.MessageCharge
		if goesOn && !s.l.has("hands-on-pieces") {
			s.join(piece, charge)
			break
		}
		if err := s.onMessage(message{s.whole(piece), charge + s.late}); err != nil {
			return err
		}
		s.late = 0
	}
	if pieces.Fin() && s.joining { // only a peer with a bug comes here
		if err := s.onMessage(message{s.whole(nil), 0}); err != nil {
			return err
		}
	}
	if pieces.Fin() {
		return s.onFin(pieces.Count() == 0)
	}
	return nil
}

// tooBig judges the size of a message so far.
func (s *stream) tooBig(size int, goesOn bool) bool {
	if s.l.has("takes-messages-over-max-message") || s.l.has("measures-whole-messages") && goesOn {
		return false
	}
	return uint64(size) > s.l.self.Limits.MaxMessage
}

// part is where the pieces of a message wait for the last.
func (s *stream) part() *[]byte {
	if s.l.has("joins-across-streams") {
		return &s.l.mixed
	}
	return &s.partial
}

// whole completes a message.
func (s *stream) whole(last []byte) []byte {
	whole := append(*s.part(), last...)
	*s.part(), s.joining = nil, false
	return whole
}

// join keeps a piece of a message that goes on. Its charge is granted again, because the memory of messages that are being joined has
// a bound of its own (CRED-006).
func (s *stream) join(piece []byte, charge uint64) {
	if !s.joining || s.l.has("restarts-the-message-timer") {
		s.joining, s.since = true, time.Now()
	}
	*s.part() = append(*s.part(), piece...)
	if s.l.has("grants-joined-pieces-late") {
		s.late += charge
		return
	}
	s.consume(charge)
}

// overdue tells whether a message has been waiting for its end for too long.
func (s *stream) overdue(now time.Time) bool {
	limit := time.Duration(s.l.self.Limits.MessageMS) * time.Millisecond
	return s.joining && now.Sub(s.since) > limit && !s.l.has("waits-for-messages-for-ever")
}

// consume grants charge again, on the stream and on the link.
func (s *stream) consume(charge uint64) {
	s.held -= charge
	s.l.back(&s.credit, s.id, charge)
	s.l.back(&s.l.credit, 0, charge)
}
