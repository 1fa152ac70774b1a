package conformance

import (
	"fmt"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// Await waits until what both sides have said so far makes ready true, at most the run's timeout. It is for grants, which a
// peer raises when it likes and in steps of its own. Text completes "expected"; req names what is broken when it does not come.
func (c *Conn) Await(text string, ready func(l *wire.Link) bool, req ...string) {
	want := Want{Text: text, see: func(*Event) (grade, string) { return miss, "" }, req: req}
	timer := time.NewTimer(c.t.timeout)
	defer timer.Stop()
	for {
		done, failure := c.waited(want, ready)
		switch {
		case failure != nil:
			c.t.stop(failure)
		case done:
			return
		}
		select {
		case <-c.arrived:
		case <-timer.C:
			c.t.stop(c.overdue(want, c.t.timeout))
		case <-c.t.ctx.Done():
			c.t.Harness("the run was stopped while the case waited for %s", text)
		}
	}
}

// waited looks once, for Await.
func (c *Conn) waited(want Want, ready func(l *wire.Link) bool) (done bool, failure *Failure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.violated(); f != nil {
		return false, f
	}
	if ready(c.wire) {
		return true, nil
	}
	if c.ended || c.wire.Ends[c.other].Closed {
		return false, c.unmet(Fail, want, "the end of the link", nil)
	}
	return false, nil
}

// AwaitSlots waits until the suite may open n more streams, or the peer has sent CLOSE.
func (c *Conn) AwaitSlots(n uint64) {
	c.Await(fmt.Sprintf("STREAMS that grants %d more", n), func(l *wire.Link) bool {
		return l.Ends[c.other].Closed || l.Slots(c.own) >= n
	}, "STRM-009")
}

// Slots is how many streams the suite may still open.
func (c *Conn) Slots() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wire.Slots(c.own)
}

// AwaitCredit waits until DATA or RECORDS of a charge may be sent on the stream.
func (s *Stream) AwaitCredit(charge uint64) {
	ofStream, ofLink := []string{"CRED-006"}, []string{"CRED-007"}
	if s.carries() { // the case says what it is about: the grant, or what came before it
		ofStream, ofLink = nil, nil
	}
	what, reset := fmt.Sprintf("CREDIT of stream %d for %d more", s.ID, charge), false
	s.c.Await(what, func(l *wire.Link) bool {
		room := l.StreamRoom(s.c.own, s.ID) >= charge
		one := l.Streams[s.ID]
		reset = !room && one != nil && one.Halves[s.c.other].Reset
		return room || reset
	}, ofStream...)
	if reset { // which is no fault of the credit
		s.c.t.Fail(what, "the end of the stream")
	}
	s.c.Await(fmt.Sprintf("CREDIT of the link for %d more", charge), func(l *wire.Link) bool {
		return l.LinkRoom(s.c.own) >= charge
	}, ofLink...)
}

// carries tells whether the stream carries a channel.
func (s *Stream) carries() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	one := s.c.wire.Streams[s.ID]
	return one != nil && one.Channel != nil
}

// pieceLength is the length that stands before each piece.
const pieceLength = 4

// Pour sends whole messages as the grants allow, and waits for more where they do not. What does not fit into
// a frame, or into a quarter of the peer's window, is cut into pieces. FIN goes with the last message.
func (s *Stream) Pour(messages ...[]byte) {
	limits := s.c.Peer().Limits
	most := int(min(limits.MaxFrame, limits.StreamCredit/4)) - pieceLength
	for i, m := range messages {
		last := codec.FlagFin
		if i < len(messages)-1 {
			last = 0
		}
		for len(m) > most {
			s.PourPiece(codec.FlagMore, m[:most])
			m = m[most:]
		}
		s.PourPiece(last, m)
	}
}

// PourPiece sends one piece in a frame of its own when the grants allow it.
func (s *Stream) PourPiece(flags codec.Flags, piece []byte) {
	s.AwaitCredit(uint64(len(piece)) + codec.MessageCharge)
	s.c.Send(s.Data(flags, piece))
}
