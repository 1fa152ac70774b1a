package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/conformance/wire"
)

// responder answers a session that the peer has opened, played by hand. It checks what holds for every message of an initiator.
type responder struct {
	c  *Conn
	s  *Stream
	op *op // of the driver, which says how the session has ended

	w     world     // what the responder has
	clock nodeClock // what it says that it has

	theirs   nodeClock
	stated   nodeClock       // by the peer, last; nil: none
	named    [16]byte        // fingerprint of the empty prefix that the session has named last
	asked    map[string]bool // prefixes and keys
	checks   int             // CHECK and CHECK_KEY
	received []repaired
	sent     uint64 // REPAIRs
	acked    []codec.SyncEntry
	told     int // entries of RESULT about what was received
	answered int // questions
	cells    int // that were asked for

	last     codec.SyncMessage  // that until has waited for
	complete codec.SyncComplete // of the peer, or the counts of its last CHECK with LAST
	mine     codec.SyncComplete // that was sent
	waiting  bool               // a CHECK with LAST has no answer
	done     bool               // the peer's COMPLETE was answered, or the CHECK with LAST that was it

	// instead, if set, gets each message first, and says whether it has answered.
	instead func(m codec.SyncMessage) bool
}

// responds makes the driver begin a session, and accepts it. The responder's clock gets a write that the peer cannot know: so it is not
// that of the peer.
func (c *Conn) responds(w world, clock nodeClock) *responder {
	clock.add(c.t.write(3))
	return c.respondsAs(w, clock)
}

// respondsAs is responds with a clock as it is.
func (c *Conn) respondsAs(w world, clock nodeClock) *responder {
	s := c.theirNext()
	r := &responder{c: c, s: s, w: w, clock: clock, theirs: nodeClock{}, asked: map[string]bool{}}
	r.op = c.order(driver.OpSync, with{"namespace": syncNamespace}, driver.KindSession)
	e := c.expectOf(r.op, FrameOn(codec.TypeOpen, s.ID))
	m, _ := e.Message.(codec.Open)
	if m.Proto != syncProto || !bytes.Equal(m.Params, syncParams(syncNamespace)) {
		r.broke("SYNC-001", fmt.Sprintf("an OPEN of sync with the params % X", syncParams(syncNamespace)), "%s, % X", m.Proto, m.Params)
	}
	s.accept()
	return r
}

func (r *responder) broke(req, expected, actual string, args ...any) {
	r.c.t.stop(&Failure{Verdict: Fail, Req: []string{req}, Expected: expected, Actual: fmt.Sprintf(actual, args...)})
}

// say sends messages.
func (r *responder) say(messages ...codec.SyncMessage) {
	for _, m := range messages {
		switch m := m.(type) {
		case codec.SyncDigest:
			r.waiting = false
		case codec.SyncResult:
			r.told += len(m.Entries)
		case codec.SyncComplete:
			r.waiting, r.mine = false, m
		}
		r.s.PourPiece(0, encoded(m))
	}
}

// wrong sends a message that the peer has to refuse.
func (r *responder) wrong(why string, b []byte) { r.c.Send(r.s.Data(0, b).Fault(why)) }

// hear waits for the next message; nil is FIN.
func (r *responder) hear() codec.SyncMessage {
	raw, ok := r.s.next()
	if r.waiting {
		r.broke("SYNC-049", "nothing between a CHECK with LAST and its answer", "%s, FIN %v", brief(raw), !ok)
	}
	if !ok {
		return nil
	}
	m, err := codec.ParseSyncRequest(raw)
	if err != nil {
		r.broke("SYNC-005", "a message of an initiator", "%s: %v", brief(raw), err)
	}
	switch m := m.(type) {
	case codec.SyncSince:
		r.states(m.Clock)
	case codec.SyncClock:
		switch {
		case len(m.Clock) > 0:
			r.states(m.Clock)
		case r.stated == nil:
			r.broke("SYNC-047", "a CLOCK with a clock, because none was stated before", "none")
		}
	case codec.SyncCheck:
		if m.Last {
			r.settled("CHECK with LAST")
			r.waiting, r.complete = true, m.Counts
		}
		r.checks++
		if m.Prefix.Length == 0 {
			r.named = m.Fingerprint
		}
		if !m.Pull {
			r.once(fmt.Sprintf("prefix %X/%d, CLOCK %v, BRIEF %v, ESTIMATE %v, LAST %v, COUNTS %v", m.Prefix.Bytes, m.Prefix.Length, m.Clock, m.Brief, m.Estimate, m.Last, m.Counts.Counted()))
		}
	case codec.SyncCells:
		r.checks++
		if m.First != r.cells {
			r.broke("CELL-012", fmt.Sprintf("CELLS from %d on", r.cells), "from %d on", m.First)
		}
		r.cells = m.First + m.Count
	case codec.SyncCheckKey:
		r.checks++
		r.once(fmt.Sprintf("key %q", m.Key))
	case codec.SyncRepair:
		r.took(m)
	case codec.SyncResult:
		if m.First != uint8(len(r.acked)+1) || uint64(len(r.acked)+len(m.Entries)) > r.sent {
			r.broke("SYNC-024", fmt.Sprintf("a RESULT that begins with %d and goes to %d at most", len(r.acked)+1, r.sent), "%d entries from %d on", len(m.Entries), m.First)
		}
		r.acked = append(r.acked, m.Entries...)
	case codec.SyncComplete:
		r.complete = m
		r.settled("COMPLETE")
	}
	return m
}

// settled holds that nothing is due when the peer says that it has nothing left to do.
func (r *responder) settled(what string) {
	if r.answered < r.checks || uint64(len(r.acked)) < r.sent || r.told < len(r.received) {
		r.broke("SYNC-030", what+" behind each answer and RESULT", "%d of %d questions are answered, %d of %d REPAIRs, and of the peer's %d of %d",
			r.answered, r.checks, len(r.acked), r.sent, r.told, len(r.received))
	}
}

// completes tells whether a message says that the peer has nothing left to do: COMPLETE, or a CHECK with LAST where nothing differs (SYNC-048).
func (r *responder) completes(m codec.SyncMessage) bool {
	switch m := m.(type) {
	case codec.SyncComplete:
		return true
	case codec.SyncCheck:
		d := r.digest(m)
		return m.Last && d.Form == codec.SyncSame && d.SameClock == m.Clock
	}
	return false
}

func (r *responder) states(clock []byte) {
	n, err := parseNodeClock(clock)
	if err != nil {
		r.broke("SYNC-005", "a node clock", "%v", err)
	}
	r.theirs.join(n)
	r.stated = n
}

// once holds that nothing is asked twice.
func (r *responder) once(what string) {
	if r.asked[what] {
		r.broke("SYNC-028", "a prefix or key that was not asked about", "%s again", what)
	}
	r.asked[what] = true
}

func (r *responder) took(m codec.SyncRepair) {
	o, err := parseObject(m.Object)
	switch {
	case m.Number != uint8(len(r.received)+1):
		r.broke("SYNC-016", fmt.Sprintf("REPAIR with the number %d", len(r.received)+1), "number %d", m.Number)
	case err != nil:
		r.broke("SYNC-005", "a REPAIR with an object", "%v: %s", err, brief(m.Object))
	}
	for _, d := range o.context {
		if !r.theirs.reaches(d) {
			r.broke("SYNC-025", "an object whose context the clocks that were stated reach", "counter %d of actor %X", d.counter, d.actor)
		}
	}
	r.received = append(r.received, repaired{string(m.Key), o})
}

// send makes a REPAIR of an object, and counts it.
func (r *responder) send(key string, o object) codec.SyncRepair {
	r.sent++
	return codec.SyncRepair{Number: uint8(r.sent), Key: []byte(key), Object: o.encode()}
}

// all makes a CLOCK with ALL.
func (r *responder) all() codec.SyncClock {
	return codec.SyncClock{All: true, Clock: r.clock.encode()}
}

// digest answers CHECK by what is there.
func (r *responder) digest(m codec.SyncCheck) codec.SyncDigest {
	items := r.w.under(m.Prefix)
	d := codec.SyncDigest{Prefix: m.Prefix, SameClock: m.Clock && m.ClockCheck == codec.SyncClockCheck([16]byte{}, r.clock.encode())}
	const most = 64
	switch {
	case fingerprint(items, m.Prefix) == m.Fingerprint:
	case m.Estimate:
		d.Form, d.Entries = codec.SyncEstimate, estimateOf(items)
	case m.Brief:
		d.Form, d.Entries = codec.SyncBrief, briefPrints(items)
	case len(items) <= most || m.Prefix.Length == codec.MaxSyncPrefix:
		d.Form, d.Entries = codec.SyncItems, slices.Concat(entriesOf(items)...)
	default:
		prints := partPrints(items, m.Prefix)
		d.Form, d.Entries = codec.SyncParts, slices.Concat(entriesOf(prints[:])...)
	}
	return d
}

// briefPrints gives the first bytes of the fingerprints of the 16 parts of everything.
func briefPrints(items [][16]byte) (b []byte) {
	for _, print := range partPrints(items, codec.SyncPrefix{}) {
		b = append(b, print[0])
	}
	return b
}

func entriesOf(items [][16]byte) [][]byte {
	list := make([][]byte, len(items))
	for i := range items {
		list[i] = items[i][:]
	}
	return list
}

// counts gives what COMPLETE of the suite says.
func (r *responder) counts() codec.SyncComplete {
	items := r.w.under(codec.SyncPrefix{})
	return codec.SyncComplete{
		Sent: r.sent, Acked: uint64(len(r.acked)), Received: uint64(len(r.received)), Applied: uint64(len(r.received)),
		Root: true, Count: uint64(len(items)), Fingerprint: fingerprint(items, codec.SyncPrefix{}),
	}
}

// answers answers one message as it should be answered.
func (r *responder) answers(m codec.SyncMessage) {
	switch m := m.(type) {
	case codec.SyncSince:
		r.say(codec.SyncClock{Clock: r.clock.encode()})
		n, _ := parseNodeClock(m.Clock) // was looked at
		for key, o := range r.w {
			if slices.ContainsFunc(o.siblings, func(s sibling) bool { return !n.has(s.dot) }) {
				r.say(r.send(key, o))
			}
		}
		r.say(r.all())
	case codec.SyncCheck:
		if m.Pull {
			for key, o := range r.w {
				if prefixes(m.Prefix, keyHash([]byte(key))) {
					r.say(r.send(key, o))
				}
			}
		}
		r.answered++
		if m.Last {
			r.alone()
		}
		if r.completes(m) {
			r.finishes()
		} else {
			r.say(r.digest(m))
		}
	case codec.SyncCells:
		r.answered++
		r.say(r.sketch(m))
	case codec.SyncCheckKey:
		own := r.w[string(m.Key)]
		if len(own.siblings) > 0 && !bytes.Equal(own.version(), m.Version) {
			r.say(r.send(string(m.Key), own))
		}
		r.answered++
		r.say(codec.SyncVersion{Key: m.Key, Version: own.version()})
	case codec.SyncRepair:
		one := r.keeps()
		r.say(codec.SyncResult{First: m.Number, Entries: []codec.SyncEntry{{Outcome: codec.SyncApplied, Siblings: uint16(len(one.siblings))}}})
	case codec.SyncComplete:
		r.finishes()
	}
}

// alone holds that nothing has come behind a CHECK with LAST, of which the answer is about to be sent.
func (r *responder) alone() {
	if box := r.c.inbox(r.s.ID); len(box.messages) > 0 || box.fin {
		r.broke("SYNC-049", "nothing between a CHECK with LAST and its answer", "%d messages, FIN %v, in the same DATA", len(box.messages), box.fin)
	}
}

// finishes sends COMPLETE and FIN.
func (r *responder) finishes() {
	r.done = true
	r.say(r.counts())
	r.c.Send(r.s.Fin())
}

// keeps takes over what has come last.
func (r *responder) keeps() repaired {
	one := r.received[len(r.received)-1]
	r.w[one.key] = one.object
	r.clock.add(one.dots()...)
	return one
}

// until answers everything up to a message of a kind, which is not answered. A CHECK with LAST where nothing differs is a COMPLETE too.
func (r *responder) until(kind codec.SyncKind) codec.SyncMessage {
	for {
		m := r.hear()
		switch {
		case m == nil:
			r.c.t.Fail(kind.String(), "FIN")
		case m.Kind() == kind:
			r.last = m
			return m
		case r.instead != nil && r.instead(m):
		case kind == codec.SyncKindComplete && r.completes(m):
			r.last = m
			return m
		default:
			r.answers(m)
		}
	}
}

// whole answers everything up to FIN.
func (r *responder) whole() *responder {
	if !r.done {
		r.answers(r.until(codec.SyncKindComplete))
	}
	r.s.End()
	return r
}

// ends checks how the driver says that the session has ended. One is not whole whose counts, as the two sides have said them, do not agree.
func (r *responder) ends(how ...string) {
	a := r.c.t.await(r.op)
	if !slices.Contains(how, a.End) {
		r.c.t.stop(&Failure{Verdict: Fail, Req: []string{"SYNC-022"}, Expected: fmt.Sprintf("the answer session to sync, with the end %v", how), Actual: fmt.Sprintf("%q, code %s", a.End, a.Code)})
	}
	if a.End == "whole" && !codec.SyncAgrees(r.complete, r.mine) {
		r.broke("SYNC-022", "no session as whole whose counts do not agree", "the peer has said %+v, and was told %+v", r.complete, r.mine)
	}
}

// given finds an object among what has come.
func (r *responder) given(key []byte, o object) *responder {
	got, ok := bring(r.received, key)
	if !ok || !bytes.Equal(got.encode(), o.encode()) {
		r.c.t.Fail(fmt.Sprintf("REPAIR of %q with %s", key, brief(o.encode())), "%d REPAIRs, this one: %v", len(r.received), ok)
	}
	return r
}

// stock brings n objects to the peer.
func (c *Conn) stock(n int) (keys [][]byte) {
	x := c.session()
	for range n {
		keys = append(keys, c.t.key())
		x.taken(keys[len(keys)-1], value(c.t.write(0), "of the peer"))
	}
	x.completes()
	return keys
}

// randomPrints gives fingerprints that are nobody's.
func (t *T) randomPrints(n int) []byte {
	b := make([]byte, 16*n)
	t.fill(b)
	return b
}

// itemsUnder gives items under a prefix, ascending.
func itemsUnder(p codec.SyncPrefix, n int) []byte {
	list := make([][16]byte, n)
	for i := range list {
		h := sha256.Sum256(binary.BigEndian.AppendUint32(nil, uint32(i)))
		list[i] = [16]byte(h[:])
		copy(list[i][:p.Length/2], p.Bytes[:])
	}
	slices.SortFunc(list, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return slices.Concat(entriesOf(list)...)
}

// initiating gives a Rejection of something that a responder sends: scene brings the peer's session to where it is tried.
func initiating(scene func(c *Conn) *responder, good, bad func(r *responder)) *Rejection {
	run := func(do func(r *responder)) func(c *Conn) {
		return func(c *Conn) { c.syncs(); do(scene(c)) }
	}
	return &Rejection{
		Options: syncing(), Good: run(good), Bad: run(bad), Want: Reset(theirs(wire.Dialer), codec.CodeProtocol),
	}
}
