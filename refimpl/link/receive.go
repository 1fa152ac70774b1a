package link

import (
	"encoding/binary"

	"handfast/codec"
)

// nextPiece cuts the first piece off b, which was validated when its frame was read.
func nextPiece(b *[]byte) ([]byte, bool) {
	if len(*b) < pieceHeader {
		return nil, false
	}
	n := pieceHeader + int(binary.BigEndian.Uint32(*b))
	m := (*b)[pieceHeader:n:n]
	*b = (*b)[n:]
	return m, true
}

// deliver takes a DATA frame of an open stream, in the order of checks of chapter 14 from step 9 on. An error of scope
// link ends the link; stream faults are dealt with here.
func (s *Stream) deliver(p codec.Pieces, f codec.Frame) *Error {
	charge := p.Charge()
	s.mu.Lock()
	if e := s.checkData(p); e != nil {
		s.mu.Unlock()
		return e
	}
	if s.ended { // reset by this side: late data is dropped, its charge granted again (STRM-014, CRED-007)
		s.mu.Unlock()
		return s.link.drop(charge)
	}
	if s.carries != nil {
		s.mu.Unlock()
		if e := s.link.drop(charge); e != nil {
			return e
		}
		return s.deliverCarried(p)
	}
	if !s.window.Receive(charge) {
		s.mu.Unlock()
		return fault(codec.CodeFlowViolation, "CRED-001", "data beyond the stream's grant")
	}
	if s.receiver != nil && !s.joining && !p.More() && p.Count() == 1 {
		return s.deliverOne(p, charge) // unlocks
	}
	if !s.link.receive(charge) {
		s.mu.Unlock()
		return fault(codec.CodeFlowViolation, "CRED-002", "data beyond the link's grant")
	}
	if s.receiver != nil || s.joining || p.More() {
		return s.deliverEach(p) // unlocks
	}
	if len(f.Payload) > 0 {
		if e := s.tooBig(f.Payload); e != nil {
			s.mu.Unlock()
			s.link.consume(charge)
			s.fail(e)
			return nil
		}
		s.in.put(f.Payload, charge)
	}
	s.finishReceive(p.Fin())
	return nil
}

// tooBig looks for a message over max_message among pieces that are whole messages (DATA-006). A frame is seldom larger
// than max_message, so that the pieces are seldom looked at.
func (s *Stream) tooBig(payload []byte) *Error {
	if uint64(len(payload)) <= s.link.limits.MaxMessage {
		return nil
	}
	for len(payload) > 0 {
		m, _ := nextPiece(&payload)
		if uint64(len(m)) > s.link.limits.MaxMessage {
			return streamFault(codec.CodeMsgTooBig, "DATA-006", "message over max_message")
		}
	}
	return nil
}

func (s *Stream) checkData(p codec.Pieces) *Error {
	switch {
	case s.local && !s.answered:
		return fault(codec.CodeState, "STRM-021", "data before ACCEPT")
	case s.finRecv:
		return fault(codec.CodeState, "STRM-013", "data after FIN")
	case s.joining && p.Count() == 0 && !s.ended:
		return fault(codec.CodeEncoding, "DATA-009", "FIN inside a message")
	}
	return nil
}

// finishReceive wakes the reader and notes FIN. It is called with mu held and unlocks.
func (s *Stream) finishReceive(fin bool) {
	s.finRecv = s.finRecv || fin
	over := fin && s.finishLocked()
	s.recvCond.Signal()
	s.mu.Unlock()
	if over {
		s.over()
	}
}

// deliverOne hands one whole message to the receiver: what most frames of calls hold. It is called with mu held and unlocks.
func (s *Stream) deliverOne(p codec.Pieces, charge uint64) *Error {
	r, fin := s.receiver, p.Fin()
	msg, _ := p.Next()
	if uint64(len(msg)) > s.link.limits.MaxMessage {
		s.mu.Unlock()
		if e := s.link.drop(charge); e != nil {
			return e
		}
		s.fail(streamFault(codec.CodeMsgTooBig, "DATA-006", "message over max_message"))
		return nil
	}
	if !fin {
		s.consume(charge)
	}
	s.telling = true
	s.mu.Unlock()
	if !s.link.pass(charge) {
		s.told(false)
		return fault(codec.CodeFlowViolation, "CRED-002", "data beyond the link's grant")
	}
	r.OnMessage(s, msg, fin)
	s.told(fin)
	return nil
}

// told notes that OnMessage has returned, and tells whoever receives by now of the end: of FIN, which ends this direction
// only now, so that a bad last message can still be answered; or of what has ended the stream meanwhile.
func (s *Stream) told(fin bool) {
	s.mu.Lock()
	s.telling = false
	s.finRecv = s.finRecv || fin
	over := fin && s.finishLocked()
	r, err := s.receiver, s.err
	if !fin && err == nil {
		r = nil
	} else {
		s.receiver = nil
	}
	s.mu.Unlock()
	if over {
		s.over()
	}
	if r != nil {
		r.OnEnd(s, err)
	}
}

// deliverEach takes pieces one by one: for a receiver, or where messages have to be joined. It is called with mu held and
// unlocks.
func (s *Stream) deliverEach(p codec.Pieces) *Error {
	left, rest := p.Count(), p.Charge() // pieces, and their charge, that were not dealt with
	for piece, ok := p.Next(); ok; piece, ok = p.Next() {
		left--
		charge := chargeOf(len(piece))
		joined := s.joining
		msg, whole, e := s.joinPiece(piece, left == 0 && p.More())
		if e != nil {
			s.mu.Unlock()
			s.link.consume(rest)
			s.fail(e)
			return nil
		}
		rest -= charge
		if !whole {
			s.joinCharge += charge
			charge = s.moveJoin()
			s.mu.Unlock()
			s.link.consume(charge)
			s.mu.Lock()
			if s.ended { // it was the last piece
				s.mu.Unlock()
				return nil
			}
			continue
		}
		charge += s.joinCharge
		s.joinCharge = 0
		r := s.receiver
		if r == nil {
			s.in.putMessage(msg, charge, joined)
			continue
		}
		if joined {
			s.link.joined(-len(msg))
		}
		s.consume(charge)
		s.telling = true
		s.mu.Unlock()
		s.link.consume(charge)
		r.OnMessage(s, msg, left == 0 && p.Fin())
		s.mu.Lock()
		s.telling = false
		if s.ended {
			s.mu.Unlock()
			s.link.consume(rest)
			s.told(false)
			return nil
		}
	}
	s.finishReceive(p.Fin())
	if p.Fin() {
		s.told(true)
	}
	return nil
}

// moveJoin grants the charge of the pieces of the message that is being joined, because they have moved there from the
// stream's queue (CRED-006). They do not while the queue holds messages that nobody has taken: whoever does not read
// would otherwise be sent one large message after another. It is called with mu held, and returns what the link has to
// grant again.
func (s *Stream) moveJoin() uint64 {
	if s.joinCharge == 0 || s.behind() {
		return 0
	}
	charge := s.joinCharge
	s.joinCharge = 0
	if s.joinHeld { // its time is counted from when it can go on
		s.joinHeld, s.joinFrom = false, s.link.now()
	}
	s.consume(charge)
	return charge
}

// behind says whether messages lie here that the stream's reader has not taken. It is called with mu held.
func (s *Stream) behind() bool {
	if s.carries != nil {
		return s.carries.pending > 0
	}
	return s.receiver == nil && !s.in.empty()
}

// joinPiece adds a piece to the message that is being joined, or passes a whole one through (DATA-003). It is called with
// mu held.
func (s *Stream) joinPiece(piece []byte, more bool) (msg []byte, whole bool, e *Error) {
	if !s.joining && !more {
		if uint64(len(piece)) > s.link.limits.MaxMessage {
			return nil, false, streamFault(codec.CodeMsgTooBig, "DATA-006", "message over max_message")
		}
		return piece, true, nil
	}
	if uint64(len(s.join)+len(piece)) > s.link.limits.MaxMessage {
		return nil, false, streamFault(codec.CodeMsgTooBig, "DATA-006", "message over max_message")
	}
	if !s.link.joined(len(piece)) {
		return nil, false, streamFault(codec.CodeOverloaded, "OPT-006", "too many messages are being joined on this link")
	}
	if !s.joining {
		s.joining, s.joinFrom, s.joinHeld = true, s.link.now(), s.behind()
		s.link.watchJoin(s)
	}
	s.join = append(s.join, piece...)
	if more {
		return nil, false, nil
	}
	msg = s.join // what it holds stays counted by the link until it is handed on
	s.join, s.joining = nil, false
	s.link.unwatchJoin(s)
	return msg, true, nil
}

// joinExpired resets the stream if the message that is being joined has taken too long (DATA-007). It gives the time at
// which it would have, 0 if none is being joined.
func (s *Stream) joinExpired(now int64) int64 {
	s.mu.Lock()
	at := s.joinFrom + int64(s.link.limits.MessageMS)*1_000_000
	joining := s.joining
	if s.joinHeld || now >= at && s.link.shut() { // this side keeps the other from sending the rest
		s.joinFrom = now
		at = now + int64(s.link.limits.MessageMS)*1_000_000
	}
	s.mu.Unlock()
	if !joining {
		return 0
	}
	if now < at {
		return at
	}
	s.fail(streamFault(codec.CodeMessageTimeout, "DATA-007", "message not complete in time"))
	return 0
}

// fail answers a fault of the other side on this stream with RESET.
func (s *Stream) fail(e *Error) {
	s.link.log.Warn("stream fault", "stream", s.id, "code", e.Code.String(), "req", e.Req, "text", e.Text)
	s.end(e, func(b []byte) []byte {
		return codec.Reset{Stream: s.id, Code: e.Code, Text: reasonText(e)}.AppendFrame(b)
	})
}

// finishLocked notes the end of a stream whose two directions have ended by FIN. It says whether this was the moment.
func (s *Stream) finishLocked() bool {
	if s.ended || !s.finRecv || !s.finSent {
		return false
	}
	s.ended = true
	s.endContext()
	return true
}

// over makes the link forget a stream that has ended by FIN.
func (s *Stream) over() {
	s.link.forget(s)
	if s.carries != nil {
		s.mu.Lock()
		tell := s.endCarrier()
		s.mu.Unlock()
		tell(s, nil)
	}
	s.release()
}

// onAccept takes ACCEPT for a stream that this side opened (STRM-016). p is its channel, nil where it has none.
func (s *Stream) onAccept(p *codec.Position) *Error {
	s.mu.Lock()
	if !s.local || s.answered {
		s.mu.Unlock()
		return fault(codec.CodeState, "STRM-016", "ACCEPT where none is due")
	}
	s.answered = true
	s.sendCond.Broadcast()
	s.mu.Unlock()
	if s.carries != nil {
		s.carries.sender.OnAccept(s, p)
	}
	return nil
}

// onReject takes REJECT for a stream that this side opened.
func (s *Stream) onReject(r codec.Reject) *Error {
	s.mu.Lock()
	if !s.local || s.answered {
		s.mu.Unlock()
		return fault(codec.CodeState, "STRM-016", "REJECT where none is due")
	}
	s.answered = true
	s.mu.Unlock()
	s.end(&Error{Code: r.Code, Scope: codec.ScopeStream, Remote: true, Reject: true, Retry: retryOf(r.RetryMS), Text: r.Text}, nil)
	return nil
}

// onReset takes RESET. It says whether it was early: from the opener, before this side's direction had an end.
func (s *Stream) onReset(r codec.Reset) (early bool) {
	s.mu.Lock()
	early = !s.local && !s.fin
	s.mu.Unlock()
	s.end(&Error{Code: r.Code, Scope: codec.ScopeStream, Remote: true, Retry: retryOf(r.RetryMS), Text: r.Text}, nil)
	return early
}

// onCredit takes CREDIT of the stream. It says whether it raised anything (CRED-005).
func (s *Stream) onCredit(max uint64) (useful bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.local && !s.answered {
		return false, fault(codec.CodeState, "STRM-021", "CREDIT before ACCEPT")
	}
	if s.finSent || !s.grant.Raise(max) {
		return false, nil
	}
	s.sendCond.Signal()
	return true, nil
}
