package mutant

import "handfast/codec"

// answerLast answers a CHECK with LAST by COMPLETE where nothing differs (SYNC-048); d is the DIGEST that it would be answered by. False says that it is answered so.
func (x *session) answerLast(m codec.SyncCheck, d codec.SyncDigest) (answered bool, err error) {
	equal := d.Form == codec.SyncSame && (d.SameClock == m.Clock || x.p.has("completes-though-clocks-differ"))
	switch {
	case m.Last && x.p.has("leaves-last-without-an-answer"):
		return true, nil
	case !m.Last && (!equal || m.Prefix.Length > 0 || !x.p.has("takes-every-check-for-the-last")):
		return false, nil
	case m.Last && x.p.has("wants-nothing-behind-last") && !equal:
		x.done = true
		return false, nil
	case !equal && !x.p.has("completes-whatever-differs"), x.p.has("answers-last-by-digest"):
		return false, nil
	}
	x.lasted = true
	return true, x.answerComplete(m.Counts)
}

// readsOn tells whether a bug lets a message behind the end be taken.
func (x *session) readsOn() bool {
	return x.p.has("reads-on-behind-the-end") || x.lasted && x.p.has("reads-on-behind-last")
}

// usesLast tells whether this initiator uses LAST. One with a bug in when it sends COMPLETE does without.
func (x *session) usesLast() bool {
	return !x.p.plain && !x.p.has("completes-before-its-first-answer") && !x.p.has("completes-before-its-answers") && !x.p.has("completes-before-its-results")
}

// lastly gives the CHECK with LAST of the walk when nothing else is left to do (SYNC-030). The caller holds mu.
func (x *session) lastly() (q *question, due bool) {
	w := x.walk
	waits := len(w.asked) > 0 || len(w.stack) > 0 || x.counts.Sent > x.counts.Acked && !x.p.has("says-last-before-its-results")
	if w.lastly == nil || waits {
		return nil, false
	}
	q, w.lastly = w.lastly, nil
	w.asked = append(w.asked, q)
	return q, true
}

// says gives what CHECK with LAST says, for the case that it is answered by COMPLETE. The caller holds mu.
func (x *session) says(print [16]byte) codec.SyncComplete {
	counts := x.counts
	if x.p.has("says-nothing-of-its-counts") {
		counts = codec.SyncComplete{}
	}
	x.walk.mine = x.counts
	x.walk.mine.Fingerprint = print
	return counts
}

// talksOn is what an initiator with a bug sends behind a CHECK with LAST (SYNC-049).
func (x *session) talksOn() error {
	switch {
	case x.p.has("talks-on-behind-last"):
		return x.say(codec.SyncClock{Clock: x.state(x.p.nodeClock())})
	case x.p.has("ends-behind-last"):
		return x.s.sendFin()
	}
	return nil
}

// hearLast takes a COMPLETE that is the answer to a CHECK with LAST, behind which FIN is due. The caller holds mu.
func (x *session) hearLast() bool {
	w := x.walk
	if len(w.asked) != 1 || !w.asked[0].last || x.p.has("waits-for-a-digest-of-last") {
		return false
	}
	w.asked, w.owes = nil, true
	w.tasks = append(w.tasks, func() error { return ignoringStream(x.s.sendFin()) })
	return true
}
