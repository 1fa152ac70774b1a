package channel

import (
	"handfast/codec"
	"handfast/refimpl/delivery"
)

// Gaps counts numbers that did not come, by the reason of their GAP.
type Gaps struct{ Overflow, Restart, Expired, Filtered, Operator, Other uint64 }

func (g *Gaps) add(gap codec.Gap) {
	n := gap.To - gap.From + 1
	switch gap.Reason {
	case codec.GapOverflow:
		g.Overflow += n
	case codec.GapRestart:
		g.Restart += n
	case codec.GapExpired:
		g.Expired += n
	case codec.GapFiltered:
		g.Filtered += n
	case codec.GapOperator:
		g.Operator += n
	default:
		g.Other += n
	}
}

// Positions counts answers to OPEN, by their state.
type Positions struct{ Kept, Lost, Diverged, Foreign uint64 }

func (p *Positions) add(state codec.PositionState) {
	switch state {
	case codec.PositionKept:
		p.Kept++
	case codec.PositionLost:
		p.Lost++
	case codec.PositionDiverged:
		p.Diverged++
	case codec.PositionForeign:
		p.Foreign++
	}
}

// SourceStats is a snapshot of a Source.
type SourceStats struct {
	Attached     bool
	Next         uint64 // the number that the next record gets
	Stable       uint64 // greatest number below which everything is durable at the receiver
	Unacked      uint64 // numbers between the two
	QueueBytes   uint64
	QueueLimit   uint64
	CheckOwed    bool      // a repair has to run (CHAN-020)
	Positions    Positions // what receivers have answered; Kept is resumes
	Sent         uint64    // pieces of records
	PossibleDups uint64    // of them, flagged
	Gaps         Gaps      // as sent
	Acked        uint64    // ACKs that raised stable
	Refused      uint64    // records that Push refused for want of room
}

func (c *SourceStats) sent(f *delivery.Filled) {
	c.Sent += f.Records
	c.PossibleDups += f.PossibleDups
	for _, g := range f.Gaps {
		c.Gaps.add(g)
	}
}

// Stats reads the counters.
func (s *Source) Stats() SourceStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, h := s.counts, s.cfg.Queue.Head()
	st.Attached = s.core.Attached()
	st.Next, st.Stable, st.Unacked = h.Next, h.Stable, h.Next-1-min(h.Stable, h.Next-1)
	st.QueueBytes, st.QueueLimit = s.cfg.Queue.Bytes()
	st.CheckOwed = h.Checks > h.Checked
	return st
}

// SinkStats is a snapshot of one channel of a Sink.
type SinkStats struct {
	Key          delivery.Key
	Attached     bool
	Stable       uint64
	CheckOwed    bool      // a repair has to run (CHAN-019)
	Checks       uint64    // how often one was owed: what Repaired is told
	Positions    Positions // as answered
	Applied      uint64    // records
	PossibleDups uint64    // of them, flagged
	Gaps         Gaps      // as applied, of numbers that were missing
	Commits      uint64    // batches
	Failures     uint64    // batches that could not be committed
	Waiting      int       // records that wait to be applied
}
