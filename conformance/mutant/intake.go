package mutant

import (
	"slices"
	"time"

	"handfast/codec"
)

// intake is a stream on which the other side sends a channel. Its fields are guarded by mu of the link, but for those of which something
// else is said.
type intake struct {
	s     *stream
	held  *held
	offer *codec.Channel

	accepted bool
	foreign  bool
	left     bool // the channel knows that the stream has ended
	expected uint64
	skip     []codec.Range // ranges of ACCEPT
	frame    int           // number of the newest RECORDS among the frames of the link
	joins    *entry        // the record whose pieces come, nil for none
	window   window
	ack      *codec.Ack // that is due
	acked    time.Time  // of a peer that acknowledges late: when an ACK became due

	gone    bool // guarded by the shelf: the stream has ended
	fin     bool // guarded by the shelf: FIN has come
	pending int  // guarded by the shelf: entries that were not applied
}

// entry is a record or a gap on its way to be applied.
type entry struct {
	from   *intake
	first  uint64
	last   uint64 // first, of a record
	gap    bool
	reason uint32
	data   []byte
	dup    bool
	charge uint64    // to be granted again when it is applied
	at     time.Time // arrival
}

// onRecords takes the pieces of RECORDS.
func (in *intake) onRecords(m codec.Records) error {
	s, l := in.s, in.s.l
	seq, pieces := m.Seq, m.Pieces
	switch {
	case in.joins != nil && seq != in.joins.first && !l.has("takes-another-number-inside-a-record"):
		return s.fault("REC-007", codec.CodeSequence, "number %d, where %d goes on", seq, in.joins.first)
	case in.joins == nil && !in.expects(seq):
		return s.fault("REC-006", codec.CodeSequence, "number %d, where %d is expected", seq, in.expected)
	}
	if in.joins == nil {
		in.expected = seq
	}
	if in.joins != nil && l.has("forgets-a-record-between-its-pieces") && l.frames > in.frame+1 {
		in.joins.data = nil
	}
	in.frame = l.frames
	for i := range pieces.Count() {
		piece, _ := pieces.Next()
		goesOn := i == pieces.Count()-1 && pieces.More()
		if in.joins == nil {
			in.joins = &entry{from: in, first: in.expected, last: in.expected, dup: m.Flags&codec.FlagPossibleDup != 0, at: time.Now()}
			s.joining, s.since = !l.has("waits-for-records-for-ever"), in.joins.at
		}
		if size := uint64(len(in.joins.data) + len(piece)); size > l.maxRecord() && !l.has("takes-records-over-max-message") {
			return s.fault("DATA-006", codec.CodeMsgTooBig, "a record of %d bytes or more", size)
		} else if size > codec.WindowBytes {
			return s.fault("REC-003", codec.CodeMsgTooBig, "a record over 64 MiB")
		}
		in.joins.data = append(in.joins.data, piece...)
		charge := uint64(len(piece)) + codec.MessageCharge
		if pieces.More() && !goesOn && l.has("joins-the-records-before-a-cut") {
			in.joins.first, in.joins.last, in.expected = in.joins.first+1, in.joins.last+1, in.expected+1
			s.giveBack(charge)
			continue
		}
		if goesOn && l.has("numbers-a-cut-record-by-its-frame") {
			in.joins.first, in.joins.last = seq, seq
		}
		if goesOn && !l.has("hands-on-pieces-of-records") {
			s.giveBack(charge) // what is joined has a bound of its own (CRED-006)
			break
		}
		whole := *in.joins
		whole.charge = charge
		in.joins, s.joining = nil, false
		in.expected = whole.first + 1
		if err := in.keep(whole); err != nil {
			return err
		}
	}
	if pieces.Fin() {
		return in.onFin()
	}
	return nil
}

// maxRecord is the largest record that this side takes.
func (l *link) maxRecord() uint64 {
	if l.has("takes-half-of-max-message") {
		return l.self.Limits.MaxMessage / 2
	}
	return l.self.Limits.MaxMessage
}

// giveBack grants the charge of records again. What a stream held when it ended was granted then. The caller holds mu of the link.
func (s *stream) giveBack(charge uint64) {
	charge = min(charge, s.held)
	s.held -= charge
	if !s.l.has("keeps-the-charge-of-records-on-streams") {
		s.l.back(&s.credit, s.id, charge)
	}
	if !s.l.has("keeps-the-charge-of-records-on-the-link") {
		s.l.back(&s.l.credit, 0, charge)
	}
}

// fault makes a stream error.
func (s *stream) fault(req string, code codec.Code, format string, args ...any) *fault {
	f := linkFault(req, code, format, args...)
	f.stream = s.id
	return f
}

// expects tells whether a number is the next one, with ranges of ACCEPT left out or not (REC-006).
func (in *intake) expects(seq uint64) bool {
	l := in.s.l
	if seq < in.expected {
		return l.has("takes-numbers-again")
	}
	for at := in.expected; at < seq; {
		i := slices.IndexFunc(in.skip, func(r codec.Range) bool { return r.First <= at && at <= r.Last })
		if i < 0 {
			return l.has("steps-over-holes")
		}
		at = in.skip[i].Last + 1
		if at >= seq {
			break // numbers in the middle of a range may come as well
		}
	}
	return true
}

// onGap takes a GAP. Idle says that it changes nothing.
func (in *intake) onGap(g codec.Gap) (idle bool, err error) {
	s, l := in.s, in.s.l
	switch {
	case in.joins != nil && !l.has("takes-gaps-inside-a-record"):
		return false, s.fault("REC-007", codec.CodeSequence, "GAP inside record %d", in.joins.first)
	case in.joins == nil && !in.expects(g.From) && !l.has("takes-gaps-anywhere"):
		return false, s.fault("REC-006", codec.CodeSequence, "GAP from %d, where %d is expected", g.From, in.expected)
	}
	in.expected = max(in.expected, g.To+1)
	if l.has("gives-gaps-one-number-less") && g.To > g.From {
		g.To--
	}
	in.s.l.p.shelf.mu.Lock()
	idle = len(in.held.missing(g.From, g.To)) == 0
	in.s.l.p.shelf.mu.Unlock()
	return idle, in.keep(entry{from: in, first: g.From, last: g.To, gap: true, reason: g.Reason, at: time.Now()})
}

// keep hands on what is whole, within the window.
func (in *intake) keep(e entry) error {
	l := in.s.l
	shelf := &l.p.shelf
	shelf.mu.Lock()
	defer shelf.mu.Unlock()
	in.window.free(in.held.stable)
	in.window.add(e.last, len(e.data), in.held.stable)
	if in.window.over() && !l.has("bears-any-window") && !(l.has("bears-any-bytes-in-the-window") && in.window.bytes > codec.WindowBytes) {
		return linkFault("REC-014", codec.CodeWindowExceeded, "more than the window")
	}
	if in.held.cur != in && !l.has("applies-on-after-its-reset") {
		in.s.giveBack(e.charge)
		return nil // another stream has the channel
	}
	if l.has("consumes-everything-below-a-gap") && e.gap {
		in.held.add(1, e.last)
	}
	if l.has("acknowledges-what-has-arrived") && !e.gap {
		in.held.early = max(in.held.early, e.last)
		l.p.laterLocked(in.acknowledge)
	}
	if !in.held.take(e) {
		in.s.giveBack(e.charge)
	}
	return nil
}

// onFin takes FIN of the sender.
func (in *intake) onFin() error {
	s := in.s
	if in.joins != nil && !s.l.has("takes-fin-inside-a-record") {
		return linkFault("REC-002", codec.CodeEncoding, "FIN inside record %d", in.joins.first)
	}
	s.finIn = true
	if in.foreign {
		s.finOut = true
		s.l.pushFin(s.id)
		s.settle()
		return nil
	}
	shelf := &s.l.p.shelf
	shelf.mu.Lock()
	defer shelf.mu.Unlock()
	in.fin = true
	if in.pending == 0 || s.l.has("ends-before-all-is-applied") {
		s.l.p.laterLocked(in.finish)
	}
	return nil
}

// finish answers FIN, when everything was applied (REC-019). It is called without locks.
func (in *intake) finish() {
	s, l := in.s, in.s.l
	if l.has("never-answers-the-end-of-a-channel") {
		return
	}
	in.acknowledge()
	s.on(func() {
		if in.acked != (time.Time{}) && in.ack == nil && !l.has("ends-without-a-last-ack") {
			in.due()
		}
		if in.ack != nil { // it goes before FIN
			if b, err := in.ack.AppendFrame(nil); err == nil {
				l.push(b)
			}
			in.ack = nil
		}
		s.finOut = true
		l.pushFin(s.id)
		in.left = true
		s.settle()
	})
	l.p.shelf.mu.Lock()
	h := in.held
	if h.cur == in {
		h.cur = nil
		if l.has("forgets-channels-with-fin") {
			h.forget()
		}
	}
	q := h.mirror
	l.p.shelf.mu.Unlock()
	if q != nil {
		q.finishOn(l)
	}
}

// acknowledge owes an ACK of where the channel stands. It is called without locks.
func (in *intake) acknowledge() {
	in.s.on(func() {
		l := in.s.l
		switch late := l.has("acknowledges-after-400-ms"); {
		case l.has("ends-without-a-last-ack") && in.s.finIn:
		case l.has("acknowledges-every-hundredth") && !in.s.finIn && in.position().Stable%100 != 0, l.has("acknowledges-at-the-end-alone") && !in.s.finIn:
		case late && in.acked.IsZero():
			in.acked = time.Now()
			l.later(400*time.Millisecond, func() {
				in.acked = time.Time{}
				if !in.s.over() && !in.s.finOut {
					in.due()
				}
			})
		case !late:
			in.due()
		}
	})
}

// due makes the ACK. The caller holds mu of the link.
func (in *intake) due() {
	l := in.s.l
	in.ack = in.position()
	if l.has("keeps-every-ack") {
		if b, err := in.ack.AppendFrame(l.kept); err == nil {
			l.kept, in.ack = b, nil
		}
	}
	if l.acks == nil {
		l.acks = make(map[uint32]bool)
	}
	l.acks[in.s.id] = true
	l.changed.Broadcast()
}

// position makes an ACK of where the channel stands.
func (in *intake) position() *codec.Ack {
	l := in.s.l
	l.p.shelf.mu.Lock()
	defer l.p.shelf.mu.Unlock()
	h := in.held
	a := &codec.Ack{Stream: in.s.id, Stable: h.stable, Ranges: h.firstRanges(), DelayUS: uint32(time.Since(h.moved).Microseconds())}
	switch {
	case l.has("acknowledges-what-has-arrived"):
		a.Stable, a.Ranges = max(h.stable, h.early), nil
	case l.has("states-a-delay-of-an-hour"):
		a.DelayUS = 3_600_000_000
	case l.has("acknowledges-one-too-many"):
		a.Stable, a.Ranges = h.stable+1, nil
	}
	return a
}

// detach leaves the channel: nothing of the stream comes any more. The caller holds the lock of the shelf.
func (in *intake) detach() {
	h := in.held
	if h == nil { // its OPEN waits for the desk
		return
	}
	if h.cur == in {
		h.cur = nil
		h.ended()
	}
	if h.waiting == in {
		h.waiting = nil
	}
}

// window counts what came or went on a stream and is above stable.
type window struct {
	list  []sized
	bytes int
}

type sized struct {
	seq  uint64
	size int
}

// add counts a record, or a gap by its last number.
func (w *window) add(seq uint64, size int, stable uint64) {
	if seq > stable {
		w.list = append(w.list, sized{seq, size})
		w.bytes += size
	}
}

// free takes out what is stable.
func (w *window) free(stable uint64) {
	for len(w.list) > 0 && w.list[0].seq <= stable {
		w.bytes -= w.list[0].size
		w.list = w.list[1:]
	}
}

// over tells whether it is larger than it may be.
func (w *window) over() bool { return len(w.list) > codec.WindowRecords || w.bytes > codec.WindowBytes }

// dropped forgets what of a stream was not begun, because this side ends it by RESET (CHAN-030). The caller holds the lock of the shelf.
func (in *intake) dropped() {
	if in.held != nil {
		in.held.drop(in)
	}
}
