package mutant

import (
	"errors"
	"sync"

	"handfast/codec"
)

// syncProto is the sub-protocol of sessions (spec/sync.md), and cellsCap the capability by which they may use cells.
const (
	syncProto = "sync"
	cellsCap  = "sync.cells"
)

// Limits of links on which sessions may be begun: cases of sync send clocks of 65,536 ranges, and large values, and none waits for a timer.
const (
	syncMessage = 2 << 20
	syncTime    = 5000 // ms
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
	lasted              bool // its COMPLETE has answered a CHECK with LAST
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
