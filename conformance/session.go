package conformance

import (
	"bytes"
	"fmt"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/conformance/wire"
)

// ProfileSync is the profile of spec/sync.md. Its cases judge a peer that has the namespace conform, with the salt of zeros, in which nobody but
// the suite writes while it is judged.
const ProfileSync = "sync"

const (
	syncProto     = "sync"
	syncNamespace = driver.SyncNamespace
	syncForeign   = "conform-nobody-has-it" // a namespace that no peer shares
)

// syncing makes the options of a link on which sessions are opened.
func syncing() Options {
	return Options{Hello: func(h *codec.Hello) { h.Protos[syncProto] = []uint16{1} }}
}

// Syncing makes a link on which sessions are opened.
func (t *T) Syncing() *Conn {
	c := t.Open(syncing())
	c.syncs()
	return c
}

// syncs checks that the peer offers what a peer of the profile is judged by.
func (c *Conn) syncs() {
	c.mu.Lock()
	agreed := c.wire.Agreed
	c.mu.Unlock()
	if agreed == nil || agreed.Protos[syncProto] != 1 {
		c.t.Fail("a peer that offers version 1 of the sub-protocol sync", "one that does not")
	}
}

// session is the initiator of a session, played by hand. It checks what holds for every message of a responder; what it sends may be wrong.
type session struct {
	c *Conn
	s *Stream

	own, theirs nodeClock // as stated on the stream
	last        nodeClock // that the peer has stated last; nil: none
	named       [16]byte  // fingerprint of the empty prefix that the session has named last
	stated      bool
	short       bool   // COMPLETE of the suite leaves ROOT out
	sent, acked uint64 // REPAIRs, and entries of RESULT about them
	answered    uint64 // REPAIRs of the peer that RESULT was sent about

	results  []codec.SyncEntry // came and not asked for
	repairs  []repaired        // the same
	received uint64
	errors   uint32 // ERRORs of items
	tally    [4]uint64
}

// repaired is a REPAIR that has come.
type repaired struct {
	key string
	object
}

// syncParams are the params of OPEN for the namespace of the suite.
func syncParams(namespace string) []byte {
	return codec.SyncParams{SaltCheck: codec.SyncSaltCheck([16]byte{}), Namespace: namespace}.Append(nil)
}

// opening makes an OPEN of sync on a new stream.
func (c *Conn) opening(params []byte) (*Stream, Packet) {
	s := c.NewStream()
	return s, Message(codec.Open{Stream: s.ID, Proto: syncProto, Ver: 1, Params: params})
}

// session opens a session.
func (c *Conn) session() *session {
	s, open := c.opening(syncParams(syncNamespace))
	c.Send(open)
	c.Expect(Accepted(s.ID))
	return c.sessionOn(s)
}

// sessionOn is the session of a stream that is accepted.
func (c *Conn) sessionOn(s *Stream) *session {
	return &session{c: c, s: s, own: nodeClock{}, theirs: nodeClock{}}
}

// Session makes a link and a session on it.
func (t *T) Session() *session { return t.Syncing().session() }

// encoded gives the bytes of a message.
func encoded(m codec.SyncMessage) []byte {
	b, err := m.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	return b
}

// say sends messages, each as the grants allow.
func (x *session) say(messages ...codec.SyncMessage) *session {
	for _, m := range messages {
		x.put(encoded(m))
	}
	return x
}

// put sends the bytes of a message.
func (x *session) put(b []byte) {
	most := int(min(x.c.Peer().Limits.MaxFrame, x.c.Peer().Limits.StreamCredit/4)) - pieceLength
	for len(b) > most {
		x.s.PourPiece(codec.FlagMore, b[:most])
		b = b[most:]
	}
	x.s.PourPiece(0, b)
}

// wrong makes the packet of a message that the peer has to refuse.
func (x *session) wrong(why string, b []byte) Packet { return x.s.Data(0, b).Fault(why) }

// broke ends the case: the peer has broken a rule that holds for every session.
func (x *session) broke(req, expected, actual string, args ...any) {
	x.c.t.stop(&Failure{Verdict: Fail, Req: []string{req}, Expected: expected, Actual: fmt.Sprintf(actual, args...)})
}

// hear waits for the next message, and checks what holds for each.
func (x *session) hear() codec.SyncMessage {
	raw := x.s.Next()
	m, err := codec.ParseSyncAnswer(raw)
	if err != nil {
		x.broke("SYNC-005", "a message of a responder", "%s: %v", brief(raw), err)
	}
	switch m := m.(type) {
	case codec.SyncClock:
		x.stateOf(m)
	case codec.SyncRepair:
		x.took(m)
	case codec.SyncResult:
		if n := uint64(len(m.Entries)); m.First != uint8(x.acked+1) || x.acked+n > x.sent {
			x.broke("SYNC-024", fmt.Sprintf("a RESULT that begins with %d and goes to %d at most", x.acked+1, x.sent), "%d entries from %d on", n, m.First)
		}
		x.acked += uint64(len(m.Entries))
		x.results = append(x.results, m.Entries...)
	case codec.SyncError:
		if m.Session {
			x.c.t.Fail("a session that goes on", "ERROR(%v) of the session: %s", m.Code, m.Text)
		}
		x.errors++
	}
	return m
}

// stateOf gives the clock that a CLOCK states.
func (x *session) stateOf(m codec.SyncClock) nodeClock {
	if len(m.Clock) == 0 {
		if x.last == nil {
			x.broke("SYNC-047", "a CLOCK with a clock, because none was stated before", "none")
		}
		return x.last
	}
	n, err := parseNodeClock(m.Clock)
	if err != nil {
		x.broke("SYNC-005", "a CLOCK with a node clock", "%v", err)
	}
	x.theirs.join(n)
	x.last = n
	return n
}

// took files a REPAIR.
func (x *session) took(m codec.SyncRepair) {
	x.received++
	if m.Number != uint8(x.received) {
		x.broke("SYNC-016", fmt.Sprintf("REPAIR with the number %d", x.received), "number %d", m.Number)
	}
	o, err := parseObject(m.Object)
	if err != nil {
		x.broke("SYNC-005", "a REPAIR with an object", "%v: %s", err, brief(m.Object))
	}
	for _, d := range o.context {
		if !x.theirs.reaches(d) {
			x.broke("SYNC-025", "an object whose context the clocks that were stated reach", "counter %d of actor %X", d.counter, d.actor)
		}
	}
	x.repairs = append(x.repairs, repaired{string(m.Key), o})
}

// heard waits for a message of one kind. What may come at any time is filed; anything else fails.
func heard[M codec.SyncMessage](x *session) M {
	for {
		switch m := x.hear().(type) {
		case M:
			return m
		case codec.SyncRepair, codec.SyncResult, codec.SyncClock, codec.SyncError:
		default:
			var want M
			x.c.t.Fail(want.Kind().String(), "%v", m.Kind())
		}
	}
}

// states sends CLOCK with what the dots need, without ALL.
func (x *session) states(dots ...dot) *session {
	x.own.add(dots...)
	x.stated = true
	return x.say(codec.SyncClock{Clock: x.own.encode()})
}

// repair makes the next REPAIR.
func (x *session) repair(key []byte, object []byte) codec.SyncRepair {
	x.sent++
	return codec.SyncRepair{Number: uint8(x.sent), Key: key, Object: object}
}

// give sends an object as it should be sent, and gives what became of it.
func (x *session) give(key []byte, o object) codec.SyncEntry {
	for _, d := range o.context {
		if !x.own.reaches(d) {
			x.states(o.dots()...)
			break
		}
	}
	if !x.stated {
		x.states()
	}
	x.say(x.repair(key, o.encode()))
	return x.result()
}

// result waits for the next entry of RESULT.
func (x *session) result() codec.SyncEntry {
	for len(x.results) == 0 {
		m := x.hear()
		switch m.(type) {
		case codec.SyncResult, codec.SyncRepair, codec.SyncClock, codec.SyncError:
		default:
			x.c.t.Fail("RESULT", "%v", m.Kind())
		}
	}
	e := x.results[0]
	x.results = x.results[1:]
	x.tally[e.Outcome]++
	return e
}

// becomes checks what became of an object.
func (x *session) becomes(e codec.SyncEntry, outcome codec.SyncOutcome, siblings int) *session {
	if e.Outcome != outcome || int(e.Siblings) != siblings {
		x.c.t.Fail(fmt.Sprintf("RESULT %v, %d siblings", outcome, siblings), "%v, %d siblings, code %v", e.Outcome, e.Siblings, e.Code)
	}
	return x
}

// taken sends an object that is new to the peer.
func (x *session) taken(key []byte, o object) *session {
	outcome := codec.SyncApplied
	if len(o.siblings) > 1 {
		outcome = codec.SyncSiblings
	}
	return x.becomes(x.give(key, o), outcome, len(o.siblings))
}

// rejects checks that an object was not taken, with one of the codes.
func (x *session) rejects(e codec.SyncEntry, codes ...codec.Code) *session {
	for _, code := range codes {
		if e.Outcome == codec.SyncRejected && e.Code == code {
			return x
		}
	}
	x.c.t.Fail("RESULT rejected, code "+codeNames(codes), "%v, code %v", e.Outcome, e.Code)
	return x
}

// brought gives the REPAIRs that have come since the last call.
func (x *session) brought() []repaired {
	list := x.repairs
	x.repairs = nil
	return list
}

// asks asks about a key, and gives the version and the REPAIRs before it. An answer about something else fails.
func (x *session) asks(key []byte, version []byte) ([]byte, []repaired) {
	x.say(codec.SyncCheckKey{Key: key, Version: version})
	return x.told(key)
}

// told waits for VERSION.
func (x *session) told(key []byte) ([]byte, []repaired) {
	m := heard[codec.SyncVersion](x)
	if !bytes.Equal(m.Key, key) {
		x.c.t.Fail(fmt.Sprintf("VERSION of the key %q", key), "of %q", m.Key)
	}
	return m.Version, x.brought()
}

// has checks which version the peer has of a key, by a question with that same version, on which no REPAIR may come.
func (x *session) has(key []byte, o object) *session {
	got, came := x.asks(key, o.version())
	if !bytes.Equal(got, o.version()) {
		x.c.t.Fail(fmt.Sprintf("VERSION %s", brief(o.version())), "%s", brief(got))
	}
	if len(came) > 0 {
		x.c.t.Fail("no REPAIR for a version that is the peer's own", "REPAIR of %q", came[0].key)
	}
	return x
}

// alive shows that a session goes on.
func (x *session) alive() *session { return x.has(x.c.t.key(), object{}) }

// checks asks about a prefix.
func (x *session) checks(p codec.SyncPrefix, print [16]byte, pull bool) (codec.SyncDigest, []repaired) {
	if p.Length == 0 {
		x.named = print
	}
	return x.digestOf(codec.SyncCheck{Prefix: p, Fingerprint: print, Pull: pull})
}

// digestOf asks one question, and gives its answer with the REPAIRs before it.
func (x *session) digestOf(q codec.SyncCheck) (codec.SyncDigest, []repaired) {
	p := q.Prefix
	x.say(q)
	m := heard[codec.SyncDigest](x)
	if m.Prefix != p {
		x.c.t.Fail(fmt.Sprintf("DIGEST of the prefix %X/%d", p.Bytes, p.Length), "of %X/%d", m.Prefix.Bytes, m.Prefix.Length)
	}
	return m, x.brought()
}

// since asks what a clock does not cover, and gives all of it.
func (x *session) since(n nodeClock) (nodeClock, []repaired) {
	x.own.join(n)
	x.stated = true
	x.say(codec.SyncSince{Clock: n.encode()})
	for {
		m := heard[codec.SyncClock](x)
		if !m.All {
			continue
		}
		return x.last, x.brought()
	}
}

// learns gives everything that the peer has, with whatever the suite has put there.
func (x *session) learns() world {
	_, list := x.since(nodeClock{})
	w := world{}
	for _, one := range list {
		w[one.key] = one.object
	}
	return w
}

// learnsAndAdds is learns, behind n objects more of the suite.
func (x *session) learnsAndAdds(t *T, n int) world {
	w := x.learns()
	for range n {
		key, o := t.key(), value(t.write(0), "v")
		x.taken(key, o)
		w[string(key)] = o
	}
	return w
}

// acknowledges answers all REPAIRs that came.
func (x *session) acknowledges() *session {
	for x.answered < x.received {
		n := min(x.received-x.answered, codec.MaxSyncResults)
		x.say(codec.SyncResult{First: uint8(x.answered + 1), Entries: make([]codec.SyncEntry, n)})
		x.answered += n
	}
	return x
}

// counts gives what COMPLETE of the suite says.
func (x *session) counts() codec.SyncComplete {
	return codec.SyncComplete{Sent: x.sent, Acked: x.acked, Received: x.received, NoOps: x.answered, Root: !x.short}
}

// completes ends the session, and holds the peer's COMPLETE against what was seen.
func (x *session) completes() codec.SyncComplete {
	x.acknowledges()
	for x.acked < x.sent {
		x.result()
	}
	for len(x.results) > 0 {
		x.result()
	}
	x.say(x.counts())
	return x.ended("SYNC-031")
}

// lasts asks by CHECK with LAST where nothing differs: it is the COMPLETE of the suite, which the peer answers with its own. Without counts it says those of the session.
func (x *session) lasts(q codec.SyncCheck) codec.SyncComplete {
	q.Last = true
	if !q.Counts.Counted() {
		q.Counts = x.counts()
		q.Counts.Root = false
	}
	x.named = q.Fingerprint
	x.say(q)
	m := x.ended("SYNC-048")
	if m.Root && m.Fingerprint != x.named {
		x.broke("SYNC-046", "COMPLETE without ROOT, or with the fingerprint that nothing differs from", "the fingerprint %X", m.Fingerprint)
	}
	return m
}

// ended holds the peer's COMPLETE against what was seen, and ends the stream.
func (x *session) ended(req string) codec.SyncComplete {
	m := heard[codec.SyncComplete](x) // without ROOT it says the fingerprint that was named before
	want := codec.SyncComplete{
		Errors: x.errors, Sent: x.received, Acked: x.answered, Received: x.sent,
		NoOps: x.tally[codec.SyncNoOp], Applied: x.tally[codec.SyncApplied], Siblings: x.tally[codec.SyncSiblings], Rejected: x.tally[codec.SyncRejected],
		Root: m.Root, Count: m.Count, Fingerprint: m.Fingerprint,
	}
	if m != want {
		x.c.t.stop(&Failure{Verdict: Fail, Req: []string{req}, Expected: fmt.Sprintf("COMPLETE %+v", want), Actual: fmt.Sprintf("%+v", m)})
	}
	x.s.End()
	x.c.Send(x.s.Fin())
	return m
}

// refusing gives a Rejection of something on the first session of a link.
func refusing(good, bad func(x *session), codes ...codec.Code) *Rejection {
	begin := func(c *Conn) *session { c.syncs(); return c.session() }
	return &Rejection{
		Options: syncing(),
		Good:    func(c *Conn) { good(begin(c)) },
		Bad:     func(c *Conn) { bad(begin(c)) },
		Want:    Reset(own(wire.Acceptor), codes...), DialerWant: Reset(own(wire.Dialer), codes...),
		Alive: answersStill,
	}
}

// answersStill asks about a key on the first session of a link, which the suite has opened: whoever answers has overlooked what came before. Where the
// suite has ended its direction it asks nothing.
func answersStill(c *Conn) Want {
	s, key := c.StreamAt(c.own.FirstID()), c.t.key()
	c.mu.Lock()
	one := c.wire.Streams[s.ID]
	ended := one == nil || one.Halves[c.own].Fin || one.Halves[c.other].Reset
	c.mu.Unlock()
	question := encoded(codec.SyncCheckKey{Key: key, Version: object{}.version()})
	if !ended {
		c.Send(s.Data(0, question).Fault(BehindFault))
	}
	return Want{see: func(e *Event) (grade, string) {
		for _, b := range e.Messages {
			if m, err := codec.ParseSyncAnswer(b); err == nil {
				if v, ok := m.(codec.SyncVersion); ok && bytes.Equal(v.Key, key) {
					return hit, ""
				}
			}
		}
		return miss, ""
	}}
}
