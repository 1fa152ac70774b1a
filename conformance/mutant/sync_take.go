package mutant

import (
	"handfast/codec"
)

// states takes a clock that the other side has stated.
func (x *session) states(b []byte) (nodeClock, error) {
	if len(b) == 0 && !x.p.has("skips-clocks-that-are-missing") {
		return nil, x.fault("SYNC-005", "a message without its clock")
	}
	n, err := x.p.parseClock(b)
	if len(b) == 0 {
		n, err = nodeClock{}, nil
	}
	x.last = n
	if err != nil {
		return nil, x.fault("OBJ-014", "a clock that is none")
	}
	if x.theirs == nil {
		x.theirs = nodeClock{}
	}
	x.theirs.join(n)
	return n, nil
}

// onClock takes a CLOCK. With ALL it takes the clock over, and gives it.
func (x *session) onClock(m codec.SyncClock) (all nodeClock, err error) {
	n := x.last
	switch {
	case len(m.Clock) > 0 || !m.All:
		if n, err = x.states(m.Clock); err != nil {
			return nil, err
		}
	case n == nil && !x.p.has("takes-clocks-that-were-never-stated") || x.p.has("wants-every-clock"):
		return nil, x.fault("SYNC-047", "a clock that was never stated")
	}
	if !m.All {
		if x.p.has("takes-every-clock-over") {
			x.p.observe(n)
		}
		return nil, nil
	}
	known := n.without(x.refused...)
	if x.p.has("takes-over-what-it-has-refused") {
		known = n
	}
	if !x.blind || x.p.has("takes-over-what-it-has-refused") {
		x.p.observe(known)
	}
	return n, nil
}

// onRepair takes an object and gives what became of it.
func (x *session) onRepair(m codec.SyncRepair) (codec.SyncEntry, object, error) {
	if x.theirs == nil && !x.p.has("takes-objects-before-a-clock") {
		return codec.SyncEntry{}, object{}, x.fault("SYNC-017", "REPAIR before a clock")
	}
	x.mu.Lock()
	next := x.counts.Received + 1
	x.counts.Received++
	x.mu.Unlock()
	if m.Number != uint8(next) && !x.p.has("takes-any-number-of-an-object") {
		return codec.SyncEntry{}, object{}, x.fault("SYNC-016", "REPAIR out of order")
	}
	e, o := x.taken(m)
	x.mu.Lock()
	defer x.mu.Unlock()
	switch e.Outcome {
	case codec.SyncNoOp:
		x.counts.NoOps++
	case codec.SyncApplied:
		x.counts.Applied++
	case codec.SyncSiblings:
		x.counts.Siblings++
	case codec.SyncRejected:
		x.counts.Rejected++
	}
	return e, o, nil
}

// taken merges an object, or refuses it.
func (x *session) taken(m codec.SyncRepair) (codec.SyncEntry, object) {
	o, err := x.p.parseObject(m.Object, true)
	if err != nil {
		x.blind = true
		if x.p.has("says-nothing-of-what-it-refuses") {
			return codec.SyncEntry{}, o
		}
		return codec.SyncEntry{Outcome: codec.SyncRejected, Code: codec.CodeSyncCorrupt}, o
	}
	e := codec.SyncEntry{Outcome: codec.SyncRejected, Code: codec.CodeSyncCorrupt}
	switch {
	case !x.within(o):
	case x.before != nil:
		x.p.store.mu.Lock()
		e = x.p.mergeInto(string(m.Key), o, x.before[string(m.Key)])
		x.p.store.mu.Unlock()
	case x.p.has("says-before-it-has-done") && x.p.laterMerge(string(m.Key), o):
		return codec.SyncEntry{Outcome: codec.SyncApplied, Siblings: 1}, o
	default:
		e = x.p.merge(string(m.Key), o)
	}
	if e.Outcome == codec.SyncRejected {
		for _, s := range o.siblings {
			x.refused = append(x.refused, s.dot)
		}
	}
	return e, o
}

// within tells whether the other side's clock reaches all of a context (OBJ-019).
func (x *session) within(o object) bool {
	for actor, counter := range o.context {
		if !x.theirs.reaches(actor, counter) && !x.p.has("takes-contexts-beyond-the-clock") {
			return false
		}
	}
	return true
}

// onResult takes a RESULT.
func (x *session) onResult(m codec.SyncResult) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := uint64(len(m.Entries))
	if (m.First != uint8(x.counts.Acked+1) || n > x.counts.Sent-x.counts.Acked) && !x.p.has("takes-results-of-anything") {
		return x.fault("SYNC-019", "a RESULT about something else")
	}
	x.counts.Acked += n
	return nil
}
