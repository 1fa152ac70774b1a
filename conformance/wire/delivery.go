package wire

import (
	"slices"

	"handfast/codec"
)

// Carried is the channel on a stream (spec/delivery.md), as far as both sides have spoken of it. The sender is the stream's opener.
type Carried struct {
	Offered  *codec.Channel  // of OPEN
	Position *codec.Position // of ACCEPT; nil before it, and where ACCEPT had none
	Next     uint64          // number that comes next, those that Position has aside; of a record that goes on its own
	Stable   uint64          // of the newest ACK, or of ACCEPT

	joins  bool   // the last record goes on
	whole  uint64 // greatest number that was covered by a whole record or a GAP, or left out
	sent   []span // what is not stable, oldest first
	window uint64 // records in sent, a GAP being one
	spoilt bool   // a frame broke a rule: what the other side made of it cannot be told from here
}

// span is numbers that were sent at once. Those of a GAP count as one record.
type span struct {
	last, records uint64
	gap           bool
}

// Window is how many records were sent and are not stable.
func (c *Carried) Window() uint64 { return c.window }

// reach moves Next to a number, over numbers that may be left out. It reports whether the number may come.
func (c *Carried) reach(n uint64) bool {
	for c.Next < n && !c.joins {
		i := slices.IndexFunc(c.Position.Ranges, func(r codec.Range) bool { return r.First <= c.Next && c.Next <= r.Last })
		if i < 0 {
			return false
		}
		c.Next = min(n, c.Position.Ranges[i].Last+1)
	}
	return c.Next == n
}

// add takes numbers into the window. The pieces of one record count from the first of them.
func (c *Carried) add(last, records uint64, gap bool) {
	if records > 0 {
		c.sent = append(c.sent, span{last: last, records: records, gap: gap})
		c.window += records
	}
}

// free takes what is stable out of the window.
func (c *Carried) free(stable uint64) {
	c.Stable = stable
	for len(c.sent) > 0 {
		s := &c.sent[0]
		if s.last > stable {
			if left := s.last - stable; !s.gap && left < s.records {
				c.window -= s.records - left
				s.records = left
			}
			return
		}
		c.window -= s.records
		c.sent = c.sent[1:]
	}
}

// usesDelivery tells the sub-protocols whose streams carry channels.
func usesDelivery(proto string) bool {
	return slices.ContainsFunc(codec.ProtoInfos(), func(p codec.ProtoInfo) bool { return p.Name == proto && p.Profile == "delivery" })
}

// spoil notes on the channel of a frame's stream that the frame broke a rule.
func (l *Link) spoil(f codec.Frame) {
	s := l.Streams[f.Stream]
	if s == nil || s.Channel == nil {
		return
	}
	s.Channel.spoilt = true
	s.Answered = s.Answered || f.Type == codec.TypeAccept
}

// openChannel judges channel of an OPEN and notes it.
func (l *Link) openChannel(from Side, s *Stream, m codec.Open) *Violation {
	if m.Channel == nil {
		if l.delivery() && usesDelivery(m.Proto) {
			return Broke("CHAN-002", "OPEN of %s without channel", m.Proto)
		}
		return nil
	}
	if !usesDelivery(m.Proto) {
		return nil // its receiver rejects it (CHAN-003)
	}
	s.Channel = &Carried{Offered: m.Channel}
	for id, other := range l.Streams {
		if other != s && other.Opener == from && other.Channel != nil && other.Channel.Offered.ID == m.Channel.ID && !other.Finished() && !other.Halves[from].Fin {
			return Broke("CHAN-013", "a stream for a channel that stream %d carries", id)
		}
	}
	return nil
}

// acceptChannel judges channel of an ACCEPT and notes it.
func (l *Link) acceptChannel(s *Stream, m codec.Accept) *Violation {
	c := s.Channel
	if c == nil || c.spoilt {
		return nil
	}
	p := m.Channel
	if p == nil {
		return Broke("CHAN-017", "ACCEPT without a position in the channel")
	}
	c.Position, c.Next, c.Stable, c.whole = p, p.Stable+1, p.Stable, p.Stable
	if n := len(p.Ranges); n > 0 {
		c.whole = p.Ranges[n-1].Last
	}
	if p.State == codec.PositionForeign {
		return nil
	}
	switch offered := c.Offered; {
	case c.whole >= offered.Next || p.Dup >= offered.Next:
		return Broke("CHAN-017", "a position that is not below next, which is %d", offered.Next)
	case p.State == codec.PositionLost && (p.Stable != offered.Stable || len(p.Ranges) > 0 || p.Dup != offered.Next-1 && (p.Dup != 0 || p.Stable != offered.Next-1)):
		return Broke("CHAN-017", "lost with stable %d, dup %d and %d ranges, where stable %d and next %d were offered", p.Stable, p.Dup, len(p.Ranges), offered.Stable, offered.Next)
	}
	return nil
}

// carrier finds the channel on the stream of a RECORDS or GAP, and checks that it may be sent there. It gives none where a frame before
// this one was faulty.
func (l *Link) carrier(from Side, f codec.Frame) (*Stream, *Violation) {
	s, v := l.use(from, f)
	switch {
	case v != nil, s.Channel != nil && s.Channel.spoilt:
		return nil, v
	case s.Channel == nil || s.Opener != from:
		return nil, Broke("CHAN-015", "%v on stream %d from a side that sends no channel there", f.Type, f.Stream)
	case !s.Answered:
		return nil, Broke("CHAN-014", "%v on stream %d before ACCEPT", f.Type, f.Stream)
	case s.Channel.Position == nil || s.Channel.Position.State == codec.PositionForeign:
		return nil, Broke("CHAN-014", "%v on stream %d, whose ACCEPT gives no position", f.Type, f.Stream)
	case s.Halves[from].Fin:
		return nil, Broke("STRM-020", "%v on stream %d after FIN", f.Type, f.Stream)
	}
	return s, nil
}

// recordsFrame judges RECORDS. Its charge counts even where the frame breaks a rule, as that of DATA.
func (l *Link) recordsFrame(from Side, f codec.Frame) *Violation {
	m, err := codec.ParseRecords(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.Ends[from]
	e.LinkCharge += m.Pieces.Charge()
	if s := l.Streams[f.Stream]; s != nil {
		s.Halves[from].Charge += m.Pieces.Charge()
	}
	s, v := l.carrier(from, f)
	if v != nil || s == nil {
		return v
	}
	mine, theirs := &s.Halves[from], &s.Halves[from.Other()]
	switch {
	case mine.Charge > theirs.Grant:
		return Broke("REC-012", "charge %d on stream %d, where %d is granted", mine.Charge, f.Stream, theirs.Grant)
	case e.LinkCharge > l.Ends[from.Other()].LinkGrant:
		return Broke("REC-012", "charge %d on the link, where %d is granted", e.LinkCharge, l.Ends[from.Other()].LinkGrant)
	}
	c := s.Channel
	if v := c.expect(m.Seq, f.Type); v != nil {
		return v
	}
	n := uint64(m.Pieces.Count())
	last := m.Seq + n - 1
	fresh := n
	if c.joins {
		fresh--
	}
	c.add(last, fresh, false)
	c.joins = m.Flags&codec.FlagMore != 0
	c.Next = last + 1
	if c.joins {
		c.Next = last
	}
	c.whole = max(c.whole, c.Next-1)
	if c.window > codec.WindowRecords {
		return Broke("REC-013", "%d records are sent and not stable", c.window)
	}
	return l.joinPieces("REC-015", from, f, mine, m.Pieces)
}

// expect judges the number that a RECORDS or GAP begins with.
func (c *Carried) expect(n uint64, typ codec.Type) *Violation {
	switch due := c.Next; {
	case c.joins && (n != c.Next || typ == codec.TypeGap):
		return brokeAt(codec.HeaderSize, "REC-004", "%v with number %d where record %d goes on", typ, n, due)
	case n <= c.Position.Stable:
		return brokeAt(codec.HeaderSize, "REC-004", "%v with number %d, where ACCEPT had everything up to %d", typ, n, c.Position.Stable)
	case n < c.Next:
		return brokeAt(codec.HeaderSize, "ACK-010", "%v with number %d where %d is next", typ, n, due)
	case !c.reach(n):
		return brokeAt(codec.HeaderSize, "REC-004", "%v with number %d where %d is next", typ, n, due)
	}
	return nil
}

// gapFrame judges GAP.
func (l *Link) gapFrame(from Side, f codec.Frame) *Violation {
	m, err := codec.ParseGap(f)
	if err != nil {
		return parsing(err)
	}
	s, v := l.carrier(from, f)
	if v != nil || s == nil {
		return v
	}
	c := s.Channel
	for _, r := range c.Position.Ranges {
		if r.First <= m.To && m.From <= r.Last {
			return brokeAt(codec.HeaderSize, "GAP-007", "GAP over %d to %d, of which ACCEPT has %d to %d", m.From, m.To, r.First, r.Last)
		}
	}
	if v := c.expect(m.From, f.Type); v != nil {
		return v
	}
	c.add(m.To, 1, true)
	c.Next, c.whole = m.To+1, max(c.whole, m.To)
	if c.window > codec.WindowRecords {
		return Broke("REC-013", "%d records are sent and not stable", c.window)
	}
	return nil
}

// ackFrame judges ACK.
func (l *Link) ackFrame(from Side, f codec.Frame) *Violation {
	var m codec.Ack
	if err := m.Parse(f); err != nil {
		return parsing(err)
	}
	s, v := l.use(from, f)
	switch {
	case v != nil, s.Channel != nil && s.Channel.spoilt:
		return v
	case s.Channel == nil || s.Opener == from || s.Channel.Position == nil || s.Channel.Position.State == codec.PositionForeign:
		return Broke("CHAN-015", "ACK on stream %d from a side that takes no channel there", f.Stream)
	case s.Halves[from].Fin:
		return Broke("STRM-020", "ACK on stream %d after FIN", f.Stream)
	}
	c := s.Channel
	top := m.Stable
	if n := len(m.Ranges); n > 0 {
		top = m.Ranges[n-1].Last
	}
	switch {
	case m.Stable < c.Stable:
		return brokeAt(codec.HeaderSize, "ACK-003", "stable %d, which was %d before", m.Stable, c.Stable)
	case top > c.whole:
		return brokeAt(codec.HeaderSize, "ACK-002", "ACK of %d, where %d is the last number that came", top, c.whole)
	}
	c.free(m.Stable)
	return nil
}
