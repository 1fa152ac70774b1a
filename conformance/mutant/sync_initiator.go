package mutant

import (
	"errors"

	"handfast/codec"
	"handfast/conformance/driver"
)

// pulledObject is what CHECK with PULL has brought.
type pulledObject struct {
	key string
	o   object
}

// phase is where an initiator is (spec/sync.md, State tables).
type phase int

const (
	phaseStart phase = iota
	phaseSince
	phaseWalk
	phaseCompleting
	phaseOver
)

// walk is what an initiator has to ask. It is guarded by mu of the session.
type walk struct {
	phase  phase
	stack  []question  // to be asked, the last first
	asked  []*question // without an answer
	lastly *question   // CHECK with LAST, which is asked when nothing else is left to do
	pulled []pulledObject
	tasks  []func() error // of the goroutine that sends
	wake   chan struct{}  // capacity 1
	ending bool           // the session has ended
	owes   bool           // FIN, behind the COMPLETE that was the answer to CHECK with LAST
	again  bool           // a peer with a bug has asked once more

	mine, other codec.SyncComplete
	told        *codec.SyncError // ERROR of the session
	sketch      *decoder         // of cells, once they were asked for
}

// initiate runs the session to its end, and reports it.
func (x *session) initiate() driver.Answer {
	x.walk = &walk{wake: make(chan struct{}, 1)}
	w := x.walk
	done := make(chan struct{})
	go func() { // ends with the session; initiate waits for it
		defer close(done)
		x.sends()
	}()
	x.push([]question{{start: true, last: x.usesLast()}})
	err := x.serve(x.hear, func() bool { return w.over() })
	x.mu.Lock()
	w.ending = true
	x.mu.Unlock()
	x.poke()
	x.leave(err)
	<-done
	return x.report(err)
}

// over tells whether COMPLETE or an ERROR of the session has come. The goroutine that reads calls it.
func (w *walk) over() bool { return w.phase == phaseOver }

// do gives work to the goroutine that sends, so that reading never waits for it (SYNC-006).
func (x *session) do(task func() error) {
	if x.p.has("reads-between-its-sends") {
		_ = task() // a stream that has ended is found by reading
		return
	}
	x.mu.Lock()
	x.walk.tasks = append(x.walk.tasks, task)
	x.mu.Unlock()
	x.poke()
}

func (x *session) poke() {
	select {
	case x.walk.wake <- struct{}{}:
	default:
	}
}

// sends does what there is to send, and completes the session when nothing is left to do.
func (x *session) sends() {
	w := x.walk
	for {
		x.mu.Lock()
		task, ending := x.next()
		x.mu.Unlock()
		switch {
		case ending:
			return
		case task == nil:
			<-w.wake
			continue
		}
		if err := task(); err != nil {
			return // reading finds that the stream has ended
		}
	}
}

// next gives what is to be sent next; nil where there is nothing. The caller holds mu.
func (x *session) next() (task func() error, ending bool) {
	w := x.walk
	switch {
	case len(w.tasks) > 0 && (!w.ending || w.told != nil || w.owes): // FIN behind an ERROR of the session, or behind its COMPLETE, is still owed
		task, w.tasks = w.tasks[0], w.tasks[1:]
		return task, false
	case w.ending:
		return nil, true
	}
	if q, due := x.lastly(); due {
		return func() error { return x.put(q) }, false
	}
	if x.quiet() {
		if x.p.has("says-last-again") && !w.again && x.usesLast() {
			w.again, w.lastly = true, &question{last: true, about: x.s.l.agreedCells() > 0}
			return x.next()
		}
		w.phase = phaseCompleting
		return func() error {
			m := x.complete()
			x.mu.Lock()
			w.mine = m
			x.mu.Unlock()
			if err := x.say(m); err != nil {
				return err
			}
			return x.s.sendFin()
		}, false
	}
	return nil, false
}

// quiet tells whether nothing is left to do (SYNC-030). The caller holds mu.
func (x *session) quiet() bool {
	w := x.walk
	switch {
	case w.phase == phaseStart && len(w.asked) > 0 && x.p.has("completes-before-its-first-answer"):
		return true
	case w.phase != phaseWalk:
		return false
	}
	if x.p.has("completes-before-its-answers") && len(w.stack) == 0 {
		return true
	}
	if x.p.has("completes-before-its-results") && len(w.asked) == 0 && len(w.stack) == 0 {
		return true
	}
	return len(w.asked) == 0 && len(w.stack) == 0 && x.counts.Sent == x.counts.Acked
}

// hear takes a message of the responder.
func (x *session) hear(msg codec.SyncMessage) error {
	x.mu.Lock()
	at := x.walk.phase
	x.mu.Unlock()
	if at == phaseOver && !x.p.has("reads-on-behind-the-end") {
		return x.fault("SYNC-021", "a message behind the last one")
	}
	defer x.poke() // there may be nothing left to do
	switch m := msg.(type) {
	case codec.SyncClock:
		return x.hearClock(m, at)
	case codec.SyncDigest:
		return x.hearDigest(m)
	case codec.SyncVersion:
		return x.hearVersion(m)
	case codec.SyncSketch:
		return x.hearSketch(m)
	case codec.SyncRepair:
		return x.hearRepair(m, at)
	case codec.SyncResult:
		return x.onResult(m)
	case codec.SyncError:
		return x.hearError(m, at)
	case codec.SyncComplete:
		x.mu.Lock()
		defer x.mu.Unlock()
		if at != phaseCompleting && !x.hearLast() && !x.p.has("takes-complete-at-any-time") {
			return x.fault("SYNC-020", "COMPLETE before that of the initiator")
		}
		if !m.Root {
			m.Fingerprint = x.named
		}
		x.walk.other, x.walk.phase = m, phaseOver
		return nil
	default:
		return x.fault("SYNC-005", "a kind of an initiator")
	}
}

// hearClock takes a CLOCK. The end of SINCE is answered with what the other side lacks, and begins the walk.
func (x *session) hearClock(m codec.SyncClock, at phase) error {
	if m.All && at != phaseSince {
		if x.p.has("takes-clocks-with-all-at-any-time") {
			m.All = false
		} else {
			return x.fault("SYNC-009", "a second CLOCK with ALL")
		}
	}
	all, err := x.onClock(m)
	if err != nil || all == nil {
		return err
	}
	x.do(func() error { return x.sendAll(all) })
	x.begin()
	return nil
}

// pushBack sends of what was pulled the objects that this side knows more of (SYNC-043).
func (x *session) pushBack() {
	x.mu.Lock()
	pulled := x.walk.pulled
	x.walk.pulled = nil
	x.mu.Unlock()
	if x.p.has("sends-nothing-for-what-it-has-pulled") {
		return
	}
	for _, one := range pulled {
		x.do(func() error { return x.sendNews(one.key, one.o) })
	}
}

// sendNews sends an object where it has news for a version.
func (x *session) sendNews(key string, version object) error {
	o, news := x.p.news(key, version)
	if !news {
		return nil
	}
	_, err := x.sendObject(key, o)
	return err
}

// hearRepair takes an object.
func (x *session) hearRepair(m codec.SyncRepair, at phase) error {
	x.mu.Lock()
	open := at == phaseSince || at == phaseWalk && len(x.walk.asked) > 0 && !x.walk.asked[0].last
	pulls := len(x.walk.asked) > 0 && x.walk.asked[0].pull
	x.mu.Unlock()
	if x.theirs != nil && !open && !x.p.has("takes-objects-at-any-time") {
		return x.fault("SYNC-018", "a REPAIR that nothing has asked for")
	}
	e, o, err := x.onRepair(m)
	if err != nil {
		return err
	}
	if pulls && e.Outcome != codec.SyncRejected {
		x.mu.Lock()
		x.walk.pulled = append(x.walk.pulled, pulledObject{string(m.Key), o})
		x.mu.Unlock()
	}
	x.do(func() error { return x.answerRepair(m.Number, e) })
	return nil
}

// hearError takes an ERROR.
func (x *session) hearError(m codec.SyncError, at phase) error {
	if m.Session {
		x.mu.Lock()
		x.walk.told, x.walk.phase, x.walk.tasks = &m, phaseOver, nil
		x.mu.Unlock()
		x.do(func() error { return ignoringStream(x.s.sendFin()) })
		return nil
	}
	if at == phaseSince && m.Code == codec.CodeSyncNeedDigest {
		x.begin()
	}
	return nil
}

// ignoringStream gives no error for a stream that has ended.
func ignoringStream(err error) error {
	if errors.Is(err, errStream) {
		return nil
	}
	return err
}
