package mutant

import (
	"bytes"
	"errors"
	"slices"

	"handfast/codec"
)

// syncWindow is how many questions an initiator has open.
const syncWindow = 32

// question is a CHECK, CHECK_KEY or CELLS.
type question struct {
	prefix codec.SyncPrefix
	pull   bool
	start  bool   // with CLOCK and BRIEF
	last   bool   // with LAST
	about  bool   // with ESTIMATE
	key    string // of CHECK_KEY
	first  int    // of CELLS
	cells  int    // of CELLS: how many
}

// begin begins the walk.
func (x *session) begin() {
	x.mu.Lock()
	x.walk.phase = phaseWalk
	if !x.p.has("asks-nothing-behind-since") {
		q := question{about: x.s.l.agreedCells() > 0, last: x.usesLast() && x.walk.sketch == nil}
		if q.last {
			x.walk.lastly = &q
		} else {
			x.walk.stack = []question{q}
		}
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
	m := codec.SyncCheck{Prefix: q.prefix, Pull: q.pull, Estimate: q.about, Fingerprint: print}
	if q.start {
		m.Clock, m.Brief, m.ClockCheck = true, true, codec.SyncClockCheck(syncSalt, x.p.nodeClock().encode())
	}
	if !q.last {
		return x.say(m)
	}
	m.Last = true
	x.mu.Lock()
	m.Counts = x.says(print)
	x.mu.Unlock()
	if err := x.say(m); err != nil {
		return err
	}
	return x.talksOn()
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
	case q.last && m.Form == codec.SyncSame && (m.SameClock == q.start || x.p.has("takes-no-same-for-last")) && !x.p.has("takes-a-digest-for-the-end"):
		return x.fault("SYNC-044", "SAME where COMPLETE was due")
	case q.start:
		x.started(m)
		return nil
	case brief && !x.p.has("takes-brief-answers-unasked"):
		return x.fault("SYNC-044", "BRIEF that was not asked for")
	case (m.Form == codec.SyncEstimate) != q.about && m.Form != codec.SyncSame && !x.p.has("takes-any-answer-for-an-estimate"):
		return x.fault("SYNC-044", "ESTIMATE that was not asked for, or another form where it was")
	case m.Form == codec.SyncItems && len(m.Entries) > mostItems*len(item{}) && m.Prefix.Length < codec.MaxSyncPrefix && !x.p.has("takes-lists-of-any-length"):
		return x.fault("SYNC-044", "more items than are listed")
	}
	var list []question
	switch {
	case q.pull:
		x.pushBack()
	case m.Form == codec.SyncEstimate && x.beginCells():
		x.mu.Lock()
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
