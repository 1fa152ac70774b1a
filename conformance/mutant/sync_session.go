package mutant

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"handfast/codec"
	"handfast/conformance/driver"
)

// syncProto is the sub-protocol of sessions (spec/sync.md), and cellsCap the capability by which they may use cells.
const (
	syncProto = "sync"
	cellsCap  = "sync.cells"
)

// Limits of links on which sessions may be begun: cases of sync send clocks of 65,536 ranges, and large values.
const (
	syncMessage   = 2 << 20
	syncMessageMS = 5000
)

// syncCells is how many cells this peer keeps, which it counts when it is asked.
const syncCells = 512

// session is one session of sync, on either side. A responder's is the work of one goroutine, which reads a message when the answer to the one before is sent. An
// initiator has another one, which sends. What the goroutine that reads uses alone has no guard.
type session struct {
	s     *stream
	p     *peer
	begun bool // by this side, which is the initiator

	// Guarded by mu of the link.
	inbox []message

	theirs  nodeClock // what the other side has stated; nil: nothing
	last    nodeClock // what it has stated last
	refused []dot     // of objects that were not taken
	blind   bool      // an object was none, so that nobody knows its dots
	before  map[string]object

	mu     sync.Mutex         // guards the fields below; taken before the lock of the store
	counts codec.SyncComplete // this side's
	stated nodeClock          // what this side has stated
	named  [16]byte           // fingerprint of the empty prefix that was named last, by either side
	walk   *walk              // of an initiator

	since, done, failed bool // of a responder
	cells               cellsGiven

	// Of a responder with a bug.
	kept []codec.SyncMessage
	seen []codec.SyncPrefix
}

// newSession makes a session on a stream. The caller holds mu of the link.
func newSession(s *stream, begun bool) *session {
	x := &session{s: s, p: s.l.p, begun: begun, stated: nodeClock{}}
	s.session = x
	if x.p.has("merges-with-the-state-at-the-opening") {
		x.before = map[string]object{}
		for _, key := range x.p.keys(func(string, object) bool { return true }) {
			x.before[key], _ = x.p.object(key, object{})
		}
	}
	return x
}

// fault makes the stream error of a session.
func (x *session) fault(req, text string) *fault {
	return &fault{req: req, code: codec.CodeProtocol, stream: x.s.id, text: text}
}

// checkSync judges the OPEN of a session (SYNC-002 to SYNC-004).
func (l *link) checkSync(m codec.Open) *fault {
	wrong := func(req string, code codec.Code) *fault { return &fault{req: req, code: code, stream: m.Stream} }
	params, err := codec.ParseSyncParams(m.Params)
	namespace := params.Namespace
	switch {
	case err != nil && len(m.Params) <= len(params.SaltCheck) && l.has("takes-params-of-any-size"):
		return nil
	case err != nil:
		if len(m.Params) <= len(params.SaltCheck) || !l.has("takes-any-namespace") {
			return wrong("SYNC-002", codec.CodeProtocol)
		}
		namespace = strings.TrimRight(string(m.Params[len(params.SaltCheck):]), "\x00")
		copy(params.SaltCheck[:], m.Params)
	}
	switch {
	case params.SaltCheck != codec.SyncSaltCheck(syncSalt) && !l.has("takes-any-salt"):
		return wrong("SYNC-004", codec.CodeSyncSalt)
	case namespace != driver.SyncNamespace && !l.has("takes-foreign-namespaces") && !l.has("takes-any-namespace"):
		return wrong("SYNC-003", codec.CodeSyncNamespace)
	}
	return nil
}

// onMessage takes a whole message. The caller holds mu of the link.
func (x *session) onMessage(m message) error {
	x.inbox = append(x.inbox, m)
	x.s.l.changed.Broadcast()
	return nil
}

// onFin takes FIN, in the same way.
func (x *session) onFin() error {
	s := x.s
	s.finIn = true
	s.settle()
	s.l.changed.Broadcast()
	return nil
}

// errOver says that the stream of a session has ended.
var errOver = errors.New("mutant: the session has ended")

// receive waits for the next message. False is FIN; the error is errOver.
func (x *session) receive() ([]byte, bool, error) {
	s, l := x.s, x.s.l
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case s.dead || l.gone || l.closing:
			return nil, false, errOver
		case len(x.inbox) > 0:
			m := x.inbox[0]
			x.inbox = x.inbox[1:]
			if !s.over() { // what is left of one that is over was granted again by settle
				s.consume(m.charge)
			}
			return m.bytes, true, nil
		case s.finIn:
			return nil, false, nil
		}
		l.changed.Wait()
	}
}

// say sends messages, and waits for credit.
func (x *session) say(messages ...codec.SyncMessage) error {
	for _, m := range messages {
		b, err := x.encode(m)
		if err != nil {
			return err
		}
		if err := x.s.send(x.s.l.ctx, b, false); err != nil {
			return err
		}
	}
	return nil
}

// encode makes the bytes of a message, and counts it.
func (x *session) encode(m codec.SyncMessage) ([]byte, error) {
	if _, ok := m.(codec.SyncError); ok {
		x.mu.Lock()
		x.counts.Errors++
		x.mu.Unlock()
	}
	b, err := m.AppendBinary(nil)
	if err == nil {
		b = x.p.garbleSync(m, b)
	}
	return b, err
}

// serve reads messages and takes each by take, until the stream has ended. It is what the goroutine of a session does.
func (x *session) serve(take func(msg codec.SyncMessage) error, finished func() bool) error {
	for {
		b, some, err := x.receive()
		switch {
		case err != nil:
			return err
		case !some && (finished() || x.p.has("takes-fin-for-complete")):
			return nil
		case !some:
			return x.fault("SYNC-020", "FIN before COMPLETE")
		}
		m, err := x.parse(b)
		if err == errSettled { //nolint:errorlint // it is never wrapped
			continue
		}
		if err == nil {
			err = take(m)
		}
		if err != nil {
			return err
		}
	}
}

// parse reads a message.
func (x *session) parse(b []byte) (codec.SyncMessage, error) {
	parse := codec.ParseSyncRequest
	if x.begun {
		parse = codec.ParseSyncAnswer
	}
	m, err := parse(b)
	if err != nil {
		if len(b) == 1 && x.p.has("falls-over-questions-without-a-body") {
			x.p.drop()
			return nil, errOver
		}
		if x.p.skipsSync(b) {
			return nil, errSettled
		}
		if sketch := len(b) > 0 && codec.SyncKind(b[0]) == codec.SyncKindSketch; sketch && x.begun {
			if x.p.has("skips-sketches-of-any-form") {
				return nil, errSettled
			}
			return nil, x.fault("CELL-004", "a SKETCH of another form")
		}
		return nil, x.fault("SYNC-005", "a message of another form")
	}
	return m, nil
}

// leave ends the work of a session, with RESET where the other side was at fault.
func (x *session) leave(err error) {
	s, l := x.s, x.s.l
	if errors.Is(err, errOver) {
		x.aborted()
	}
	f, faulty := errors.AsType[*fault](err)
	if faulty && l.p.widens(f) {
		l.fail(f)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if faulty && !s.over() && !l.gone && !l.closing {
		l.reset(s, f)
	}
	for _, m := range x.inbox {
		if !s.over() {
			s.consume(m.charge)
		}
	}
	x.inbox, s.working = nil, false
	s.settle()
}

// aborted is what a peer with a bug does when a session has ended in the middle.
func (x *session) aborted() {
	if x.p.has("serves-no-session-behind-an-aborted-one") {
		x.p.store.mu.Lock()
		x.p.store.stuck = true
		x.p.store.mu.Unlock()
	}
	if x.p.has("falls-over-aborted-sessions") {
		x.p.drop()
	}
}

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

// state gives the encoding of a clock that this side is about to state.
func (x *session) state(n nodeClock) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stated.join(n)
	return n.encode()
}

// sendObject sends an object, or ERROR in its place. Before it goes a CLOCK where none that was stated reaches its context.
func (x *session) sendObject(key string, o object) (sent bool, err error) {
	x.mu.Lock()
	reached := true
	for actor, counter := range o.context {
		reached = reached && x.stated.reaches(actor, counter)
	}
	x.mu.Unlock()
	if !reached && !x.p.has("sends-contexts-beyond-its-clock") {
		if err := x.say(codec.SyncClock{Clock: x.state(x.p.nodeClock())}); err != nil {
			return false, err
		}
	}
	const head = 12
	b := o.append(nil, true)
	if most := x.s.l.other.Limits.MaxMessage; uint64(head+len(key)+len(b)) > most {
		if x.p.has("leaves-large-objects-out") {
			return false, nil
		}
		return false, x.say(codec.SyncError{Code: codec.CodeSyncTooLarge, RetryMS: codec.RetryNever, Key: []byte(key)})
	}
	x.mu.Lock()
	x.counts.Sent++
	number := uint8(x.counts.Sent)
	x.mu.Unlock()
	if x.p.has("numbers-objects-from-0") {
		number--
	}
	return true, x.say(codec.SyncRepair{Number: number, Key: []byte(key), Object: b})
}

// sendAll sends every object that shows a write which a clock has not, and behind them CLOCK with ALL.
func (x *session) sendAll(have nodeClock) error {
	own := x.p.nodeClock() // before it begins to look (SYNC-040)
	if !x.p.has("sends-contexts-beyond-its-clock") {
		if err := x.say(codec.SyncClock{Clock: x.state(own)}); err != nil {
			return err
		}
	}
	missing := func(_ string, o object) bool {
		if x.p.has("looks-at-contexts-alone") {
			for actor, counter := range o.context {
				if !have.reaches(actor, counter) {
					return true
				}
			}
			return false
		}
		return x.p.has("sends-everything-always") || slices.ContainsFunc(o.siblings, func(s sibling) bool { return !have.has(s.dot) })
	}
	var left []dot
	for _, key := range x.p.keys(missing) {
		o, _ := x.p.object(key, object{})
		if x.p.has("sends-tombstones-to-nobody") && len(o.siblings) == 1 && o.siblings[0].gone {
			continue
		}
		sent, err := x.sendObject(key, o)
		if err != nil {
			return err
		}
		if !sent && !x.p.has("claims-what-it-could-not-send") {
			for _, s := range o.siblings {
				left = append(left, s.dot)
			}
		}
	}
	if x.p.has("takes-its-clock-behind-its-objects") {
		own = x.p.nodeClock()
	}
	return x.say(codec.SyncClock{All: !x.p.has("never-says-all"), Clock: x.state(own.without(left...))})
}

// complete makes this side's COMPLETE.
func (x *session) complete() codec.SyncComplete {
	items := x.p.items()
	x.mu.Lock()
	defer x.mu.Unlock()
	m := x.counts
	m.Count, m.Fingerprint = uint64(len(items)), x.p.fingerprint(items, codec.SyncPrefix{})
	m.Root = m.Fingerprint != x.named && !x.p.has("leaves-its-fingerprint-out") // SYNC-046
	x.named = m.Fingerprint
	switch {
	case x.p.has("forgets-what-it-has-received"):
		m.Received, m.NoOps, m.Applied, m.Siblings, m.Rejected = 0, 0, 0, 0, 0
	case x.p.has("states-the-count-of-the-opening"):
		m.Root, m.Count, m.Fingerprint = true, 0, [16]byte{}
	}
	if !m.Root {
		m.Count, m.Fingerprint = 0, [16]byte{}
	}
	return m
}
