package mutant

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"handfast/codec"
	"handfast/conformance/driver"
)

// syncWindow is how many questions an initiator has open.
const syncWindow = 32

// question is a CHECK, CHECK_KEY or CELLS.
type question struct {
	prefix codec.SyncPrefix
	pull   bool
	start  bool   // with CLOCK and BRIEF
	key    string // of CHECK_KEY
	first  int    // of CELLS
	cells  int    // of CELLS: how many
}

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
	pulled []pulledObject
	tasks  []func() error // of the goroutine that sends
	wake   chan struct{}  // capacity 1
	ending bool           // the session has ended

	mine, other codec.SyncComplete
	told        *codec.SyncError // ERROR of the session
	sketch      *decoder         // of cells, once they were asked for
}

// syncOp runs a session as its initiator.
func syncOp(ctx context.Context, l *dialLink, args map[string]string) driver.Answer {
	s, how := l.openSync(ctx, args["namespace"])
	switch {
	case how != nil && l.has("reports-every-session-as-whole"):
		return driver.Answer{Kind: driver.KindSession, End: "whole", Code: codec.CodeNoError.String()}
	case how != nil:
		return driver.Answer{Kind: driver.KindSession, End: "failed", By: how.by, Code: how.code.String()}
	}
	return s.session.initiate()
}

// openSync opens the stream of a session, and waits for its answer.
func (l *link) openSync(ctx context.Context, namespace string) (*stream, *outcome) {
	wake := context.AfterFunc(ctx, l.wake)
	defer wake()
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.mayOpenMore() && !l.gone && !l.closing && !l.drains() && ctx.Err() == nil {
		l.changed.Wait()
	}
	if l.gone || l.closing || l.drains() || ctx.Err() != nil {
		how := *l.endedHow()
		how.by = "link"
		return nil, &how
	}
	s := l.nextOwn(true)
	s.working = true
	newSession(s, true)
	params := codec.SyncParams{SaltCheck: codec.SyncSaltCheck(syncSalt), Namespace: namespace}
	switch {
	case l.has("opens-sessions-of-another-namespace"):
		params.Namespace = "another"
	case l.has("opens-sessions-with-another-salt"):
		params.SaltCheck[0]++
	}
	raw := params.Append(nil)
	if l.has("opens-sessions-without-params") {
		raw = nil
	}
	b, err := codec.Open{Stream: s.id, Proto: syncProto, Ver: 1, Params: raw}.AppendFrame(nil)
	if err != nil {
		return nil, &outcome{"self", codec.CodeInternal, "no"}
	}
	l.push(b)
	for !s.caller.answered && !l.gone && !l.closing {
		l.changed.Wait()
	}
	if how := s.caller.over; how != nil {
		return nil, how
	}
	return s, nil
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
	x.push([]question{{start: true}})
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

// report says how the session has ended (SYNC-022).
func (x *session) report(err error) driver.Answer {
	w := x.walk
	a := driver.Answer{Kind: driver.KindSession, End: "failed", Code: codec.CodeNoError.String()}
	f, faulty := errors.AsType[*fault](err)
	switch {
	case faulty:
		a.By, a.Code = "self", f.code.String()
	case err != nil:
		x.s.l.mu.Lock()
		how := x.s.caller.over
		if how == nil {
			how = &outcome{"link", x.s.l.endedHow().code, "maybe"}
		}
		a.By, a.Code = how.by, how.code.String()
		x.s.l.mu.Unlock()
	case w.told != nil:
		a.By, a.Code = "error", w.told.Code.String()
	case x.agree():
		a.End = "whole"
	default:
		a.End = "partial"
	}
	if x.p.has("reports-every-session-as-whole") {
		a.End, a.By = "whole", ""
	}
	return a
}

// agree tells whether a session is whole.
func (x *session) agree() bool {
	mine, other := x.walk.mine, x.walk.other
	switch {
	case x.p.has("takes-complete-for-whole"):
		return true
	case x.p.has("counts-what-it-has-sent-alone"):
		return mine.Sent == mine.Acked
	case x.p.has("overlooks-errors-of-the-other"):
		other.Errors = 0
	case x.p.has("overlooks-what-was-rejected"):
		for _, m := range []*codec.SyncComplete{&mine, &other} {
			m.Applied += m.Rejected
			m.Rejected = 0
		}
	case x.p.has("overlooks-sums"):
		other.Applied = other.Received - other.NoOps - other.Siblings
	}
	return codec.SyncAgrees(mine, other)
}

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
	case len(w.tasks) > 0 && (!w.ending || w.told != nil): // FIN behind an ERROR of the session is still owed
		task, w.tasks = w.tasks[0], w.tasks[1:]
		return task, false
	case w.ending:
		return nil, true
	case x.quiet():
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
		if at != phaseCompleting && !x.p.has("takes-complete-at-any-time") {
			return x.fault("SYNC-020", "COMPLETE before that of the initiator")
		}
		x.mu.Lock()
		defer x.mu.Unlock()
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

// begin begins the walk.
func (x *session) begin() {
	x.mu.Lock()
	x.walk.phase = phaseWalk
	if !x.p.has("asks-nothing-behind-since") {
		x.walk.stack = []question{{}}
	}
	x.mu.Unlock()
	x.ask()
}

// ask asks what may be asked, depth first.
func (x *session) ask() {
	x.mu.Lock()
	var list []*question
	w := x.walk
	for len(w.asked) < syncWindow && len(w.stack) > 0 {
		q := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		w.asked = append(w.asked, &q)
		list = append(list, &q)
		if x.p.has("asks-twice") && !q.pull && !q.start && q.cells == 0 && (q.key != "" || q.prefix.Length > 0) {
			again := q
			w.asked = append(w.asked, &again)
			list = append(list, &again)
		}
	}
	x.mu.Unlock()
	for _, q := range list {
		x.do(func() error { return x.put(q) })
	}
}

// put sends a question.
func (x *session) put(q *question) error {
	switch {
	case q.cells > 0:
		return x.say(codec.SyncCells{First: q.first, Count: q.cells})
	case q.key != "":
		own, _ := x.p.object(q.key, object{})
		return x.say(codec.SyncCheckKey{Key: []byte(q.key), Version: own.append(nil, false)})
	}
	print := x.p.fingerprint(under(x.p.items(), q.prefix), q.prefix)
	if q.prefix.Length == 0 {
		x.mu.Lock()
		x.named = print
		x.mu.Unlock()
	}
	m := codec.SyncCheck{Prefix: q.prefix, Pull: q.pull, Fingerprint: print}
	if q.start {
		m.Clock, m.Brief, m.ClockCheck = true, true, codec.SyncClockCheck(syncSalt, x.p.nodeClock().encode())
	}
	return x.say(m)
}

// answered gives the question that an answer belongs to.
func (x *session) answered(belongs func(q *question) bool) (question, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	w := x.walk
	if len(w.asked) == 0 {
		if x.p.has("takes-answers-to-nothing") {
			return question{}, errSettled
		}
		return question{}, x.fault("SYNC-011", "an answer to nothing that was asked")
	}
	q := w.asked[0]
	if !belongs(q) {
		if x.p.has("takes-answers-about-anything") {
			w.asked = w.asked[1:]
			return *q, errSettled
		}
		return question{}, x.fault("SYNC-011", "an answer to something else")
	}
	w.asked = w.asked[1:]
	return *q, nil
}

// ignoring gives no error for what was settled.
func ignoring(err error) error {
	if errors.Is(err, errSettled) {
		return nil
	}
	return err
}

// started takes the answer to the first CHECK: SINCE follows where the clocks differ, and where only objects do, the walk.
func (x *session) started(m codec.SyncDigest) {
	switch {
	case m.SameClock && m.Form == codec.SyncSame:
		x.mu.Lock()
		x.walk.phase = phaseWalk
		x.mu.Unlock()
	case m.SameClock:
		x.begin()
	default:
		x.mu.Lock()
		x.walk.phase = phaseSince
		x.mu.Unlock()
		x.do(func() error { return x.say(codec.SyncSince{Clock: x.state(x.p.nodeClock())}) })
	}
}

// hearDigest takes the answer to CHECK, and asks on where the two sides differ.
func (x *session) hearDigest(m codec.SyncDigest) error {
	q, err := x.answered(func(q *question) bool { return q.key == "" && q.cells == 0 && q.prefix == m.Prefix })
	if err != nil {
		return ignoring(err)
	}
	brief := m.Form == codec.SyncBrief
	switch {
	case q.start && !brief && m.Form != codec.SyncSame && !x.p.has("takes-long-answers-to-brief-questions"):
		return x.fault("SYNC-044", "an answer that is not brief")
	case q.start:
		x.started(m)
		return nil
	case brief && !x.p.has("takes-brief-answers-unasked"):
		return x.fault("SYNC-044", "BRIEF that was not asked for")
	case m.Form == codec.SyncItems && len(m.Entries) > mostItems*len(item{}) && m.Prefix.Length < codec.MaxSyncPrefix && !x.p.has("takes-lists-of-any-length"):
		return x.fault("SYNC-044", "more items than are listed")
	}
	var list []question
	switch {
	case q.pull:
		x.pushBack()
	case m.Form == codec.SyncParts && m.Prefix.Length == 0 && x.beginCells():
		m.Entries = bytes.Clone(m.Entries)
		x.mu.Lock()
		x.walk.sketch.root = m
		more, _ := x.moreCells()
		x.mu.Unlock()
		list = []question{more}
	case m.Form == codec.SyncParts:
		list = x.longer(m)
	case m.Form == codec.SyncItems:
		list = x.compare(under(x.p.items(), m.Prefix), itemsOf(m.Entries))
	}
	x.push(list)
	return nil
}

// longer gives the questions about the parts of a prefix that differ.
func (x *session) longer(m codec.SyncDigest) (list []question) {
	own := x.p.parts(under(x.p.items(), m.Prefix), m.Prefix)
	for half := len(own) - 1; half >= 0; half-- {
		if own[half] != m.Entry(half) {
			list = append(list, question{prefix: m.Prefix.Next(byte(half))})
		}
	}
	return list
}

// push puts questions on the stack, and asks.
func (x *session) push(list []question) {
	x.mu.Lock()
	x.walk.stack = append(x.walk.stack, list...)
	x.mu.Unlock()
	x.ask()
}

// itemsOf reads items.
func itemsOf(b []byte) (list []item) {
	for one := range slices.Chunk(b, len(item{})) {
		list = append(list, item(one))
	}
	return list
}

// compare gives the questions about two lists of items.
func (x *session) compare(own, theirs []item) (list []question) {
	count := map[[8]byte]int{} // of theirs
	differ := map[[8]byte]bool{}
	for _, it := range theirs {
		count[it.keyHash()]++
		if !slices.Contains(own, it) {
			differ[it.keyHash()] = true
		}
	}
	for _, it := range own {
		if !slices.Contains(theirs, it) {
			differ[it.keyHash()] = true
		}
	}
	for kh := range differ {
		keys := x.p.keys(func(key string, _ object) bool { return x.p.keyHash(key) == kh })
		if count[kh] > len(keys) && !x.p.has("never-pulls") {
			list = append(list, question{prefix: prefixOf(kh, codec.MaxSyncPrefix), pull: true})
		}
		for _, key := range keys {
			if !x.p.has("never-asks-about-keys") {
				list = append(list, question{key: key})
			}
		}
	}
	return list
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

// hearVersion takes the answer to CHECK_KEY, and sends what it shows that the other side lacks (SYNC-013).
func (x *session) hearVersion(m codec.SyncVersion) error {
	q, err := x.answered(func(q *question) bool { return q.key != "" && bytes.Equal(m.Key, []byte(q.key)) })
	if err != nil {
		return ignoring(err)
	}
	theirs, err := x.p.parseObject(m.Version, false)
	switch {
	case err != nil && x.p.has("takes-any-version-of-an-object"):
	case err != nil:
		return x.fault("SYNC-005", "a version that is none")
	case !x.p.has("sends-nothing-for-versions"):
		x.do(func() error { return x.sendNews(q.key, theirs) })
	}
	x.ask()
	return nil
}

// hearRepair takes an object.
func (x *session) hearRepair(m codec.SyncRepair, at phase) error {
	x.mu.Lock()
	open := at == phaseSince || at == phaseWalk && len(x.walk.asked) > 0
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
