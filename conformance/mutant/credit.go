package mutant

import (
	"handfast/codec"
)

// credit is the account of one stream, or of the link: what the other side may send and has sent, and the same for this side.
type credit struct {
	window   uint64 // first grant
	granted  uint64 // total charge that the other side may send
	used     uint64 // total charge that it has sent
	returned uint64 // of which was consumed

	allowed uint64 // total charge that this side may send
	spent   uint64 // total charge that it has sent
}

func newCredit(own, others uint64) credit {
	return credit{window: own, granted: own, allowed: others}
}

// grant raises what the other side may send to the whole window beyond what was consumed.
func (c *credit) grant() uint64 {
	c.granted = max(c.granted, c.returned+c.window)
	return c.granted
}

// room gives the charge that this side may still send.
func (c *credit) room() uint64 { return c.allowed - min(c.allowed, c.spent) }

// due tells whether a new grant would be worth a frame, which half of the window is.
func (c *credit) due() bool { return c.returned+c.window-c.granted >= c.window/2 }

// creditOf gives the account of a stream that still receives, or that of the link for 0; nil for others.
func (l *link) creditOf(id uint32) *credit {
	if id == 0 {
		return &l.credit
	}
	s := l.stream(id)
	if s == nil || s.finIn {
		return nil
	}
	return &s.credit
}

// back returns charge that was consumed on an account, and owes a CREDIT when that is worth it.
func (l *link) back(c *credit, id uint32, charge uint64) {
	if l.has("never-grants-on-streams") && id != 0 || l.has("never-grants-on-the-link") && id == 0 {
		return
	}
	c.returned += charge
	if c.due() && l.creditOf(id) != nil {
		if l.credits == nil {
			l.credits = make(map[uint32]bool)
		}
		l.credits[id] = true
		l.changed.Broadcast()
	}
}

// charge takes DATA into the accounts. S is nil for a finished stream, whose charge counts on the link alone.
func (l *link) charge(s *stream, charge uint64) error {
	if s != nil {
		s.credit.used += charge
		if s.credit.used > s.credit.granted && !l.has("takes-data-beyond-the-stream-grant") {
			return linkFault("CRED-001", codec.CodeFlowViolation, "charge %d on stream %d, where %d was granted", s.credit.used, s.id, s.credit.granted)
		}
	}
	l.credit.used += charge
	if l.credit.used > l.credit.granted && !l.has("takes-data-beyond-the-link-grant") {
		return linkFault("CRED-002", codec.CodeFlowViolation, "charge %d on the link, where %d was granted", l.credit.used, l.credit.granted)
	}
	return nil
}

func (l *link) onCredit(f codec.Frame) error {
	m, err := codec.ParseCredit(f)
	if f := asFault(err, 0); f != nil && f.req == "CRED-008" && l.has("takes-credit-over-the-most") {
		return nil
	}
	if err != nil {
		return err
	}
	c := &l.credit
	if f.Stream != 0 {
		s := l.stream(f.Stream)
		switch {
		case l.unopened(f.Stream):
			return l.onUnopened(f)
		case s == nil && l.has("closes-on-credit-of-finished-streams"):
			return linkFault("STRM-014", codec.CodeState, "CREDIT of a finished stream")
		case s.early(f, "takes-credit-before-accept") != nil:
			return s.early(f, "takes-credit-before-accept")
		case s == nil || s.finOut || s.finIn && l.has("ignores-credit-after-fin"):
			return l.onIdle(f)
		}
		c = &s.credit
	}
	switch {
	case l.has("adds-credit-up"):
		c.allowed += m.Max
	case m.Max > c.allowed, l.has("takes-grants-back"):
		c.allowed = m.Max
	case l.has("closes-on-stale-credit"):
		return linkFault("CRED-005", codec.CodeState, "CREDIT that raises nothing")
	default:
		return l.onIdle(f)
	}
	l.changed.Broadcast()
	return nil
}

// onStreams notes how many streams this side may open.
func (l *link) onStreams(f codec.Frame) error {
	m, err := codec.ParseStreams(f)
	if f := asFault(err, 0); f != nil && f.req == "CRED-008" && l.has("takes-streams-over-the-most") {
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case m.Max > max(l.mayOpen, l.other.Limits.Streams), l.has("takes-stream-grants-back"):
		l.mayOpen = m.Max
		l.changed.Broadcast()
		return nil
	case l.has("closes-on-stale-streams"):
		return linkFault("STRM-011", codec.CodeState, "STREAMS that raises nothing")
	}
	return l.onIdle(f)
}
