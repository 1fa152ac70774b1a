package mutant

import (
	"slices"

	"handfast/codec"
)

// outlet is a stream on which this side sends a channel. It is guarded by mu of the link.
type outlet struct {
	s    *stream
	q    *queue
	turn int

	offered  *codec.Channel
	accepted bool
	next     uint64 // the number to be covered next
	acked    uint64 // stable of the newest ACK, or of ACCEPT
	dup      uint64
	has      []codec.Range // ranges of ACCEPT
	ranges   []codec.Range // of the newest ACK
	window   window
}

// openOutlet opens a stream for a mirror. It waits for a grant. Refused: the link opens no streams any more. Nil: the queue has left the link.
func (l *link) openOutlet(q *queue, turn int) (s *stream, refused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.mayOpenMore() && !l.gone && !l.closing && !l.drains() {
		l.changed.Wait()
	}
	if l.gone || l.closing || l.drains() {
		return nil, true
	}
	shelf := &l.p.shelf
	shelf.mu.Lock()
	if q.turn != turn {
		shelf.mu.Unlock()
		return nil, false
	}
	s = l.nextOwn(true)
	o := &outlet{s: s, q: q, turn: turn, offered: q.offer()}
	s.outlet, q.out = o, o
	shelf.mu.Unlock()
	open := codec.Open{Stream: s.id, Proto: q.proto, Ver: 1, Channel: o.offered}
	if l.has("opens-channels-without-a-word") {
		open.Channel = nil
	}
	if b, err := open.AppendFrame(nil); err == nil {
		l.push(b)
	}
	if l.has("opens-two-streams-for-a-channel") {
		twin := l.nextOwn(true)
		twin.outlet = &outlet{s: twin, q: q, turn: turn, offered: o.offered}
		open.Stream = twin.id
		if b, err := open.AppendFrame(nil); err == nil {
			l.push(b)
		}
	}
	return s, false
}

// onAccept takes the receiver's position.
func (o *outlet) onAccept(at *codec.Position) error {
	s, l, q := o.s, o.s.l, o.q
	if at == nil {
		if l.has("takes-an-accept-without-a-position") {
			at = &codec.Position{State: codec.PositionKept, Stable: o.offered.Stable}
		} else {
			return s.fault("CHAN-027", codec.CodeProtocol, "ACCEPT without channel")
		}
	}
	if at.State == codec.PositionForeign {
		return o.onForeign()
	}
	if why := o.impossible(at); why != "" {
		return linkFault("CHAN-028", codec.CodeAckInvalid, "%s", why)
	}
	q.p.shelf.mu.Lock()
	q.free(at.Stable)
	q.p.shelf.mu.Unlock()
	o.accepted, o.next, o.acked, o.dup, o.has = true, at.Stable+1, at.Stable, at.Dup, at.Ranges
	switch {
	case l.has("begins-with-the-newest"):
		q.p.shelf.mu.Lock()
		o.next = q.next
		q.p.shelf.mu.Unlock()
	case l.has("leaves-the-first-number-out") && o.next < o.offered.Next:
		o.next++
	case l.has("sends-no-possible-dup"):
		o.dup = 0
	case l.has("flags-one-record-too-few") && o.dup > 0:
		o.dup--
	}
	l.changed.Broadcast()
	return nil
}

// impossible tells what a position says that the offer does not allow (CHAN-028).
func (o *outlet) impossible(at *codec.Position) string {
	l, next := o.s.l, o.offered.Next
	switch {
	case at.Stable >= next && !l.has("takes-a-stable-that-it-never-gave"):
		return "stable is not below next"
	case at.Dup >= next && !l.has("takes-a-dup-that-it-never-gave"):
		return "dup is not below next"
	case len(at.Ranges) > 0 && at.Ranges[len(at.Ranges)-1].Last >= next && !l.has("takes-a-range-that-it-never-gave"):
		return "a range is not below next"
	case at.State == codec.PositionLost && at.Stable != o.offered.Stable && !l.has("takes-lost-with-any-stable"):
		return "lost with another stable"
	}
	return ""
}

// onForeign ends the stream, and goes on with a new channel (CHAN-025).
func (o *outlet) onForeign() error {
	s, l, q := o.s, o.s.l, o.q
	q.p.shelf.mu.Lock()
	q.renew()
	if q.out == o {
		q.out = nil
	}
	q.p.shelf.mu.Unlock()
	switch {
	case l.has("resets-foreign-channels"):
		l.reset(s, s.fault("CHAN-025", codec.CodeCancelled, "foreign"))
	case !l.has("leaves-foreign-channels-open"):
		s.finOut = true
		l.pushFin(s.id)
	}
	o.turn = -1 // send leaves it
	l.changed.Broadcast()
	return nil
}

// onAck takes an ACK. Idle says that it changes nothing.
func (o *outlet) onAck(a codec.Ack) (idle bool, err error) {
	s, l, q := o.s, o.s.l, o.q
	if why := o.impossibleAck(a); why != "" {
		if l.has("frees-by-impossible-acks") {
			q.p.shelf.mu.Lock()
			q.free(min(a.Stable, q.next-1))
			q.p.shelf.mu.Unlock()
		}
		return false, linkFault("ACK-008", codec.CodeAckInvalid, "%s", why)
	}
	stable := a.Stable
	if l.has("frees-what-ranges-have") && len(a.Ranges) > 0 {
		stable = a.Ranges[len(a.Ranges)-1].Last
	}
	known := func(r codec.Range) bool {
		return slices.ContainsFunc(o.ranges, func(k codec.Range) bool { return k.First <= r.First && r.Last <= k.Last })
	}
	idle = a.Stable <= o.acked && !slices.ContainsFunc(a.Ranges, func(r codec.Range) bool { return !known(r) })
	if !idle {
		o.ranges = a.Ranges
	}
	o.acked = max(o.acked, a.Stable)
	o.window.free(o.acked)
	q.p.shelf.mu.Lock()
	q.free(min(stable, q.next-1))
	q.p.shelf.mu.Unlock()
	if o.next <= o.acked {
		o.next = o.acked + 1
	}
	if l.has("sends-again-what-an-ack-leaves-open") && o.next > o.acked+1 && len(a.Ranges) == 0 {
		o.next--
	}
	s.l.changed.Broadcast()
	return idle, nil
}

// impossibleAck tells what an ACK says that was not covered, or takes back (ACK-008).
func (o *outlet) impossibleAck(a codec.Ack) string {
	l := o.s.l
	covered := o.next - 1
	for _, r := range o.has {
		if r.First == covered+1 {
			covered = r.Last
		}
	}
	if a.Stable > covered && !l.has("takes-acks-of-what-it-never-sent") {
		return "stable is above what was covered"
	}
	if a.Stable < o.acked && !l.has("takes-falling-acks") {
		return "stable falls"
	}
	for _, r := range a.Ranges {
		in := slices.ContainsFunc(o.has, func(h codec.Range) bool { return h.First <= r.First && r.Last <= h.Last })
		if r.Last > covered && !in && !l.has("takes-ranges-of-what-it-never-sent") {
			return "a range is above what was covered"
		}
	}
	return ""
}

// onFin takes FIN of the receiver.
func (o *outlet) onFin() error {
	s := o.s
	if !s.finOut && !s.l.has("bears-an-early-end-of-the-receiver") {
		return s.fault("REC-021", codec.CodeProtocol, "FIN before that of the sender")
	}
	s.finIn = true
	s.settle()
	s.l.changed.Broadcast()
	return nil
}
