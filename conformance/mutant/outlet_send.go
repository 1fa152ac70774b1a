package mutant

import (
	"slices"

	"handfast/codec"
)

// send sends what there is until the stream has ended.
func (o *outlet) send() {
	s, l := o.s, o.s.l
	l.mu.Lock()
	defer l.mu.Unlock()
	for !s.over() && !l.gone && !l.closing && o.turn >= 0 {
		if !o.accepted && l.has("sends-records-before-accept") {
			o.next = max(o.next, o.offered.Stable+1)
			o.one()
		}
		if !o.accepted || s.finOut || !o.one() {
			l.changed.Wait()
		}
	}
	if s.dead && l.has("sends-on-after-reset-of-a-channel") && !l.gone && !l.closing {
		s.dead = false
		o.one()
		s.dead = true
	}
}

// step is what comes next on the stream.
type step struct {
	kind   int
	to     uint64 // of skips and gaps
	reason uint32
	data   []byte
	flags  codec.Flags
}

// The kinds of steps.
const (
	stepNone = iota
	stepSkip
	stepGap
	stepRecord
	stepEnd
)

// look tells what comes next.
func (o *outlet) look() step {
	l, q := o.s.l, o.q
	q.p.shelf.mu.Lock()
	defer q.p.shelf.mu.Unlock()
	for _, r := range o.has {
		if r.First <= o.next && o.next <= r.Last && !l.has("gives-up-what-the-ranges-have") {
			return step{kind: stepSkip, to: r.Last}
		}
	}
	switch {
	case o.next >= q.next:
		if q.finish || l.draining || l.drained != nil {
			return step{kind: stepEnd}
		}
		return step{}
	case o.next <= q.stable: // of a peer with a bug, or freed since
		if l.has("frees-what-ranges-have") || l.has("frees-what-it-has-sent") || l.has("frees-by-impossible-acks") {
			return step{kind: stepGap, to: q.stable, reason: codec.GapOverflow}
		}
		return step{kind: stepSkip, to: q.stable}
	}
	one := q.at(o.next)
	if l.has("gives-up-what-the-ranges-have") && slices.ContainsFunc(o.has, func(r codec.Range) bool { return r.First <= o.next && o.next <= r.Last }) {
		one = &slot{gap: true, reason: codec.GapRestart}
	}
	most := min(l.other.Limits.MaxMessage, codec.WindowBytes)
	switch {
	case !one.gap && uint64(len(one.data)) > most && l.has("gives-large-records-up-for-another-reason"):
		*one = slot{gap: true, reason: codec.GapOverflow}
	case !one.gap && uint64(len(one.data)) > most && !l.has("sends-records-over-max-message"):
		*one = slot{gap: true, reason: codec.GapOperator} // REC-016
	case !one.gap && l.has("gives-up-what-it-has") && o.next > 1:
		return step{kind: stepGap, to: o.next, reason: codec.GapOverflow}
	}
	if one.gap {
		if l.has("passes-over-what-it-gave-up") {
			return step{kind: stepSkip, to: o.next}
		}
		to := o.next
		for to+1 < q.next && q.at(to+1).gap && q.at(to+1).reason == one.reason && !slices.ContainsFunc(o.has, func(r codec.Range) bool { return r.First == to+1 }) {
			to++
		}
		if to+1 >= q.next && l.has("keeps-gaps-until-a-record-follows") {
			return step{}
		}
		if l.has("gives-up-one-number-too-many") && to+1 < q.next {
			to++
		}
		return step{kind: stepGap, to: to, reason: one.reason}
	}
	st := step{kind: stepRecord, data: one.data}
	if o.next <= max(o.dup, q.dup) || l.has("flags-every-record") {
		st.flags = codec.FlagPossibleDup
	}
	if l.has("sends-other-bytes-again") && o.next < o.offered.Next && o.offered.Next > 1 && len(st.data) > 0 {
		st.data = append([]byte{st.data[0] ^ 1}, st.data[1:]...)
	}
	return st
}

// one does the next step. False: there is none, or no room.
func (o *outlet) one() bool {
	s, l := o.s, o.s.l
	st := o.look()
	switch st.kind {
	case stepNone:
		return false
	case stepSkip:
		o.next = max(o.next, st.to) + 1
		return true
	case stepEnd:
		switch {
		case l.has("never-ends-channels"):
			return false
		case l.has("ends-channels-by-reset"):
			l.reset(s, s.fault("REC-018", codec.CodeCancelled, "nothing more"))
			return true
		}
		s.finOut = true
		l.pushFin(s.id)
		s.settle()
		return true
	case stepGap:
		if !o.fits(0) {
			return false
		}
		o.window.add(st.to, 0, o.acked)
		l.push(codec.Gap{Stream: s.id, From: o.next, To: st.to, Reason: st.reason}.AppendFrame(nil))
		o.next = st.to + 1
		return true
	}
	return o.record(st)
}

// fits tells whether one more record is within the window (REC-013).
func (o *outlet) fits(size int) bool {
	l := o.s.l
	records := len(o.window.list) < codec.WindowRecords || l.has("sends-beyond-the-window-of-records")
	return records && (o.window.bytes+size <= codec.WindowBytes || l.has("sends-beyond-the-window-of-bytes"))
}

// record sends a record, in as many pieces as frames and credit ask for. It waits for credit between two pieces.
func (o *outlet) record(st step) bool {
	s, l, q := o.s, o.s.l, o.q
	if !o.fits(len(st.data)) {
		return false
	}
	seq, data := o.next, st.data
	begun := false
	for first := true; first || len(data) > 0; first = false {
		n := o.room(len(data))
		if n < 0 && first {
			return false
		}
		for n < 0 {
			l.changed.Wait()
			if s.over() || l.gone || l.closing || o.turn < 0 {
				return true
			}
			n = o.room(len(data))
		}
		if !begun {
			o.window.add(seq, len(data), o.acked)
			begun = true
		}
		flags := st.flags
		if n < len(data) {
			flags |= codec.FlagMore
		}
		charge := uint64(n) + codec.MessageCharge
		s.credit.spent += charge
		l.credit.spent += charge
		frame := codec.Records{Stream: s.id, Flags: flags, Seq: seq, Pieces: codec.NewPieces(flags, data[:n])}.AppendFrame(nil)
		l.push(frame)
		if l.has("sends-numbers-twice") && seq%3 == 0 && flags&codec.FlagMore == 0 {
			l.push(frame)
		}
		data = data[n:]
	}
	if o.next == seq { // an ACK may have come between two pieces
		o.next = seq + 1
	}
	if l.has("frees-what-it-has-sent") {
		q.p.shelf.mu.Lock()
		q.free(min(seq, q.next-1))
		q.p.shelf.mu.Unlock()
	}
	return true
}

// room gives how many bytes of a record of n may be sent now, -1 for none.
func (o *outlet) room(n int) int {
	s, l := o.s, o.s.l
	const before = 8 + 4 // number and length
	may := min(s.credit.room(), l.credit.room())
	switch {
	case l.has("sends-records-beyond-the-stream-grant"):
		may = l.credit.room()
	case l.has("sends-records-beyond-the-link-grant"):
		may = s.credit.room()
	}
	if may < codec.MessageCharge+uint64(min(n, 1)) || len(l.queue) >= fullQueue {
		return -1
	}
	return int(min(uint64(n), may-codec.MessageCharge, l.other.Limits.MaxFrame-before))
}
