package link

import "handfast/codec"

// onRecords takes RECORDS, in the order of checks of chapter 14.
func (l *Link) onRecords(f codec.Frame) *Error {
	m, err := codec.ParseRecords(f)
	if err != nil {
		return linkError(err)
	}
	s, seen := l.find(f.Stream)
	if s != nil {
		return s.deliverRecords(m)
	}
	if !seen {
		return fault(codec.CodeState, "STRM-012", "RECORDS for a stream that was never opened")
	}
	if m.Pieces.Fin() {
		l.endedThere(f.Stream, false)
	}
	return l.drop(m.Pieces.Charge())
}

// dry tells those who have taken RECORDS that nothing is left of what was read.
func (l *Link) dry() {
	for _, s := range l.drying {
		s.carries.drying = false
		s.carries.drier.OnDry(s)
	}
	clear(l.drying)
	l.drying = l.drying[:0]
}

// carriesIn says whether records may come on the stream now. It is called with mu held.
func (s *Stream) carriesIn() bool {
	return s.carries != nil && s.carries.receiver != nil && s.answered && !s.finRecv
}

// deliverRecords takes a RECORDS of an open stream.
func (s *Stream) deliverRecords(m codec.Records) *Error {
	charge := m.Pieces.Charge()
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return s.link.drop(charge)
	}
	if !s.carriesIn() {
		s.mu.Unlock()
		return fault(codec.CodeState, "CHAN-015", "RECORDS out of place")
	}
	if !s.window.Receive(charge) || !s.link.receive(charge) {
		s.mu.Unlock()
		return fault(codec.CodeFlowViolation, "REC-011", "records beyond the grant")
	}
	owed, ok := s.joinRecords(m.Pieces)
	c := s.carries
	c.pending += owed.charge
	give := s.moveJoin()
	s.mu.Unlock()
	s.link.consume(give)
	if !ok {
		s.Consume(owed)
		s.fail(streamFault(codec.CodeOverloaded, "OPT-006", "too many messages are being joined on this link"))
		return nil
	}
	if err := c.receiver.OnRecords(s, m, owed); err != nil {
		return s.failed(err)
	}
	if c.drier != nil && !c.drying {
		c.drying = true
		s.link.drying = append(s.link.drying, s)
	}
	if m.Pieces.Fin() {
		return s.finCarried(c.receiver.OnFin)
	}
	return nil
}

// joinRecords counts what the frame does to the record that comes in pieces: its time (DATA-007), its memory (OPT-006), and its
// charge, which waits while the receiver is behind. It gives the charge of everything else; false: the memory is more than the
// link has for that. It is called with mu held.
func (s *Stream) joinRecords(p codec.Pieces) (owed Charge, ok bool) {
	more, count := p.More(), p.Count()
	owed.charge = p.Charge()
	if !more && !s.joining {
		return owed, true
	}
	c, first, last := s.carries, 0, 0
	for i := range count {
		piece, _ := p.Next()
		if i == 0 {
			first = len(piece)
		}
		last = len(piece)
	}
	size := 0 // of the pieces of records that are joined
	if s.joining {
		size = first
	}
	if more && (count > 1 || !s.joining) {
		size += last
	}
	if !s.link.joined(size) {
		return owed, false
	}
	if s.joining && (count > 1 || !more) { // the record is whole
		if more {
			owed.joined = c.joinSize + first
			c.joinSize = last
		} else {
			owed.joined = c.joinSize + size
			c.joinSize = 0
		}
		owed.charge += s.joinCharge
		s.joinCharge, s.joining = 0, false
		s.link.unwatchJoin(s)
	} else {
		c.joinSize += size
	}
	if more {
		owed.charge -= chargeOf(last)
		s.joinCharge += chargeOf(last)
		if !s.joining {
			s.joining, s.joinFrom, s.joinHeld = true, s.link.now(), c.pending+owed.charge > 0
			s.link.watchJoin(s)
		}
	}
	return owed, true
}

// Consume grants the charge of records again, on the stream and on the link.
func (s *Stream) Consume(c Charge) {
	s.mu.Lock()
	give := c.charge
	s.carries.pending -= c.charge
	if !s.ended {
		s.consume(c.charge)
		give += s.moveJoin()
	}
	s.mu.Unlock()
	s.link.consume(give)
	s.link.joined(-c.joined)
}

// failed acts on an error of a channel's owner: one of scope link is given back, to end the link.
func (s *Stream) failed(err *codec.Error) *Error {
	e := channelError(err)
	if e.Scope == codec.ScopeLink {
		return e
	}
	s.fail(e)
	return nil
}

// finCarried notes FIN of the other side and tells of it.
func (s *Stream) finCarried(tell func(*Stream) *codec.Error) *Error {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil
	}
	s.finRecv = true
	over := s.finishLocked()
	s.mu.Unlock()
	if err := tell(s); err != nil && !over {
		return s.failed(err)
	}
	if over {
		s.over()
	}
	return nil
}

// deliverCarried takes a DATA of a stream with a channel: only FIN means anything there (REC-018).
func (s *Stream) deliverCarried(p codec.Pieces) *Error {
	if p.Count() > 0 {
		s.fail(streamFault(codec.CodeProtocol, "REC-018", "a message in DATA on the stream of a channel"))
		return nil
	}
	if s.carries.sender != nil {
		return s.finCarried(s.carries.sender.OnFin)
	}
	return s.finCarried(s.carries.receiver.OnFin)
}

// onGap takes GAP. It says whether it changed anything.
func (l *Link) onGap(f codec.Frame) (useful bool, err error) {
	g, err := codec.ParseGap(f)
	if err != nil {
		return false, err
	}
	s, seen := l.find(f.Stream)
	if s == nil {
		return false, unlessSeen(seen, f.Type)
	}
	s.mu.Lock()
	ended, ok := s.ended, s.carriesIn()
	s.mu.Unlock()
	switch {
	case ended:
		return false, nil
	case !ok:
		return false, fault(codec.CodeState, "CHAN-015", "GAP out of place")
	}
	idle, e := s.carries.receiver.OnGap(s, g)
	if e != nil {
		return true, orNil(s.failed(e))
	}
	return !idle, nil
}

// onAck takes ACK. It says whether it changed anything.
func (l *Link) onAck(f codec.Frame) (useful bool, err error) {
	if err := l.ackIn.Parse(f); err != nil {
		return false, err
	}
	s, seen := l.find(f.Stream)
	if s == nil {
		return false, unlessSeen(seen, f.Type)
	}
	s.mu.Lock()
	ended, ok := s.ended, s.carries != nil && s.carries.sender != nil && s.answered && !s.finRecv
	s.mu.Unlock()
	switch {
	case ended:
		return false, nil
	case !ok:
		return false, fault(codec.CodeState, "CHAN-015", "ACK out of place")
	}
	idle, e := s.carries.sender.OnAck(s, l.ackIn)
	if e != nil {
		return true, orNil(s.failed(e))
	}
	return !idle, nil
}

// unlessSeen is the fault of a frame for a stream that was never opened (STRM-012); of one that has ended it is ignored.
func unlessSeen(seen bool, t codec.Type) error {
	if seen {
		return nil
	}
	return fault(codec.CodeState, "STRM-012", t.String()+" for a stream that was never opened")
}
