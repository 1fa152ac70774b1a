package conformance

import (
	"bytes"
	"fmt"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// ProfileDelivery is the profile of spec/delivery.md. Its cases judge a peer through the sub-protocol mirror (spec/mirror.md): the suite sends
// a master, and takes its mirror.
const ProfileDelivery = "delivery"

const (
	mirrorProto  = "mirror"
	mirrorSuffix = "~"
)

// delivering makes the options of a link on which channels are carried. Changes are made to HELLO after that.
func delivering(changes ...func(h *codec.Hello)) Options {
	return Options{Hello: func(h *codec.Hello) {
		h.Caps["delivery"], h.Protos[mirrorProto] = true, []uint16{1}
		for _, change := range changes {
			change(h)
		}
	}}
}

// ofNode makes a link one of the node of another link, whose channels it goes on with.
func ofNode(c *Conn) func(h *codec.Hello) {
	node := c.Self().Node
	return func(h *codec.Hello) { h.Node = node }
}

// Deliver makes a link on which channels are carried.
func (t *T) Deliver(changes ...func(h *codec.Hello)) *Conn {
	c := t.Open(delivering(changes...))
	c.delivers()
	return c
}

// Again makes a link of the same node.
func (c *Conn) Again(changes ...func(h *codec.Hello)) *Conn {
	return c.t.Deliver(append([]func(h *codec.Hello){ofNode(c)}, changes...)...)
}

// delivers checks that the peer offers what a peer of the profile is judged by.
func (c *Conn) delivers() {
	c.mu.Lock()
	agreed := c.wire.Agreed
	c.mu.Unlock()
	if agreed == nil || agreed.Caps["delivery"] != true || agreed.Protos[mirrorProto] != 1 {
		c.t.Fail("a peer that offers the capability delivery and version 1 of the sub-protocol mirror", "one that does not")
	}
}

// feed is the sender of a master, played by hand. It knows what was said and nothing more: what it sends may be wrong.
type feed struct {
	c   *Conn
	s   *Stream       // of the newest OPEN
	ch  codec.Channel // as the next OPEN states it
	seq uint64        // number of the next RECORDS or GAP

	proto string         // mirror, or another one whose records these are
	at    codec.Position // of the newest ACCEPT

	stable uint64 // of the newest ACK, or of ACCEPT
}

// newFeed makes a channel of which nothing was sent.
func (t *T) newFeed(name string) *feed {
	f := &feed{ch: codec.Channel{Name: name, First: 1, Next: 1}, seq: 1, proto: mirrorProto}
	t.fill(f.ch.ID[:])
	f.restart()
	t.feeds = append(t.feeds, f)
	return f
}

// restart adds an entry to the lineage, as every start of the sender's process does.
func (f *feed) restart() {
	epoch := uint64(1)
	if n := len(f.ch.Lineage); n > 0 {
		epoch = f.ch.Lineage[n-1].Epoch + 1
	}
	nonce := uint64(0)
	for i, b := range f.ch.ID[:4] {
		nonce |= uint64(b) << (8 * i)
	}
	f.ch.Lineage = append(f.ch.Lineage[:len(f.ch.Lineage):len(f.ch.Lineage)], codec.Epoch{Epoch: epoch, Nonce: nonce + epoch, First: f.ch.Next})
	if n := len(f.ch.Lineage); n > codec.MaxLineage {
		f.ch.Lineage = f.ch.Lineage[n-codec.MaxLineage:]
	}
}

// as gives another sender that states the same of its channel, for histories that part.
func (f *feed) as(change func(ch *codec.Channel)) *feed {
	other := *f
	other.ch.Lineage = append(codec.Lineage(nil), f.ch.Lineage...)
	change(&other.ch)
	return &other
}

// open makes an OPEN on a new stream of a link.
func (f *feed) open(c *Conn) Packet {
	f.c, f.s = c, c.NewStream()
	ch := f.ch
	return Message(codec.Open{Stream: f.s.ID, Proto: f.proto, Ver: 1, Channel: &ch})
}

// attach opens a stream for the channel, and goes on where ACCEPT says.
func (f *feed) attach(c *Conn) *feed {
	c.Send(f.open(c))
	return f.accepted()
}

// accepted waits for ACCEPT.
func (f *feed) accepted() *feed {
	e := f.c.Expect(Accepted(f.s.ID))
	m, ok := e.Message.(codec.Accept)
	if !ok || m.Channel == nil {
		f.c.t.stop(&Failure{Verdict: Fail, Req: []string{"CHAN-017"}, Expected: "ACCEPT with a position in the channel", Actual: describeEvent(&e)})
	}
	f.at, f.stable, f.seq = *m.Channel, m.Channel.Stable, m.Channel.Stable+1
	return f
}

// stands checks what ACCEPT said: the state, stable, and dup, where dup is that of rows 4 and 5 of the table.
func (f *feed) stands(state codec.PositionState, stable uint64) *feed {
	want := fmt.Sprintf("ACCEPT %s, stable %d", state, stable)
	switch {
	case f.at.State != state || f.at.Stable != stable || len(f.at.Ranges) > 0:
		f.c.t.Fail(want, "%s, stable %d, dup %d, %d ranges", f.at.State, f.at.Stable, f.at.Dup, len(f.at.Ranges))
	case state == codec.PositionLost && f.at.Dup != f.ch.Next-1 && (f.at.Dup != 0 || f.at.Stable != f.ch.Next-1): // what stable has reached is not kept
		f.c.t.Fail(fmt.Sprintf("%s, dup %d", want, f.ch.Next-1), "dup %d", f.at.Dup)
	}
	return f
}

// records makes a RECORDS with the next numbers.
func (f *feed) records(flags codec.Flags, pieces ...[]byte) Packet {
	if f.seq <= f.at.Dup {
		flags |= codec.FlagPossibleDup
	}
	p := f.numbered(f.seq, flags, pieces...)
	f.seq += uint64(len(pieces))
	f.ch.Next = max(f.ch.Next, f.seq)
	if flags&codec.FlagMore != 0 {
		f.seq--
	}
	return p
}

// numbered makes a RECORDS with any number.
func (f *feed) numbered(seq uint64, flags codec.Flags, pieces ...[]byte) Packet {
	return Message(codec.Records{Stream: f.s.ID, Flags: flags, Seq: seq, Pieces: codec.NewPieces(flags, pieces...)})
}

// gap makes a GAP over the next n numbers.
func (f *feed) gap(n uint64, reason uint32) Packet {
	p := Message(codec.Gap{Stream: f.s.ID, From: f.seq, To: f.seq + n - 1, Reason: reason})
	f.seq += n
	f.ch.Next = max(f.ch.Next, f.seq)
	return p
}

// send sends records, each in a frame of its own, as the grants allow.
func (f *feed) send(records ...[]byte) *feed {
	for _, r := range records {
		f.s.AwaitCredit(uint64(len(r)) + codec.MessageCharge)
		f.c.Send(f.records(0, r))
	}
	return f
}

// words makes records that differ.
func words(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = fmt.Appendf(nil, "record %d", i+1)
	}
	return list
}

// acked waits for the ACK whose stable is a number or more, and gives it.
func (f *feed) acked(stable uint64) Event {
	w := Matching(fmt.Sprintf("ACK of %d on stream %d", stable, f.s.ID), func(e *Event) bool {
		m, ok := e.Message.(codec.Ack)
		return ok && m.Stream == f.s.ID && m.Stable >= stable
	})
	w.stream = f.s.ID
	e := f.c.Expect(w)
	f.stable = e.Message.(codec.Ack).Stable
	f.ch.Stable = max(f.ch.Stable, f.stable)
	f.ch.First = max(f.ch.First, min(f.ch.Stable+1, f.ch.Next))
	return e
}

// done waits until everything that was sent is acknowledged.
func (f *feed) done() *feed {
	if f.stable < f.seq-1 {
		f.acked(f.seq - 1)
	}
	return f
}

// leave ends the stream by RESET.
func (f *feed) leave() *feed {
	f.c.Send(f.s.Reset(codec.CodeCancelled))
	return f
}

// taker is the receiver of a mirror, played by hand.
type taker struct {
	c     *Conn
	s     *Stream
	ch    codec.Channel // of the newest OPEN
	next  uint64        // number that comes next
	items []item        // came and not asked for
	part  []byte        // of a record that goes on
	fin   bool
}

// item is a record, or a GAP.
type item struct {
	first, last uint64
	data        []byte
	dup         bool // POSSIBLE_DUP was set
	gap         bool
	reason      uint32
	at          time.Time
	frame       *Event
}

// String tells what it is, for failures.
func (i item) String() string {
	if i.gap {
		return fmt.Sprintf("GAP %d to %d, reason %d", i.first, i.last, i.reason)
	}
	return fmt.Sprintf("record %d, %s", i.first, brief(i.data))
}

// mirror waits for the OPEN of the mirror on a link.
func (f *feed) mirror(c *Conn) *taker {
	k := &taker{}
	k.reopened(c, f.ch.Name+mirrorSuffix)
	return k
}

// opensMirror tells the OPEN of the mirror of a master.
func opensMirror(name string) func(e *Event) bool {
	return func(e *Event) bool {
		m, ok := e.Message.(codec.Open)
		return ok && m.Channel != nil && m.Channel.Name == name
	}
}

// reopened waits for the next OPEN of the mirror.
func (k *taker) reopened(c *Conn, name string) *taker {
	e := c.Expect(Matching("OPEN of the channel "+name, opensMirror(name)))
	m := e.Message.(codec.Open)
	k.c, k.s, k.ch = c, c.StreamAt(m.Stream), *m.Channel
	k.items, k.part, k.fin = nil, nil, false
	return k
}

// accepts makes an ACCEPT with a position.
func (k *taker) accepts(p codec.Position) Packet {
	k.next = p.Stable + 1
	return Message(codec.Accept{Stream: k.s.ID, Channel: &p})
}

// take accepts the mirror from its beginning, as a receiver that knows nothing of it.
func (k *taker) take() *taker {
	k.c.Send(k.accepts(codec.Position{State: codec.PositionLost, Stable: k.ch.Stable, Dup: k.ch.Next - 1}))
	return k
}

// resume accepts the mirror where it was.
func (k *taker) resume(stable uint64, ranges ...codec.Range) *taker {
	k.c.Send(k.accepts(codec.Position{State: codec.PositionKept, Stable: stable, Ranges: ranges}))
	return k
}

// comes waits for the next record or GAP.
func (k *taker) comes() item {
	i, ok := k.item()
	if !ok {
		k.c.t.Fail("a record or GAP of the mirror", "FIN")
	}
	return i
}

// item waits for the next record or GAP, or FIN.
func (k *taker) item() (i item, ok bool) {
	for len(k.items) == 0 {
		if k.fin {
			return item{}, false
		}
		carries := func(e *Event) bool {
			return e.Frame.Stream == k.s.ID && (e.Frame.Type == codec.TypeRecords || e.Frame.Type == codec.TypeGap || e.Frame.Type == codec.TypeData)
		}
		w := Matching(fmt.Sprintf("RECORDS, GAP or FIN on stream %d", k.s.ID), carries)
		w.stream = k.s.ID
		k.file(k.c.Expect(w))
		for _, e := range k.c.more(carries) {
			k.file(e)
		}
	}
	i, k.items = k.items[0], k.items[1:]
	return i, true
}

// file takes a frame of the mirror apart.
func (k *taker) file(e Event) {
	k.fin = k.fin || e.Frame.Flags&codec.FlagFin != 0 && e.Frame.Type != codec.TypeGap
	switch m := e.Message.(type) {
	case codec.Gap:
		k.items = append(k.items, item{first: m.From, last: m.To, gap: true, reason: m.Reason, at: e.Time, frame: &e})
	case codec.Records:
		pieces := m.Pieces.All()
		for i, piece := range pieces {
			k.part = append(k.part, piece...)
			if i == len(pieces)-1 && m.Flags&codec.FlagMore != 0 {
				return
			}
			n := m.Seq + uint64(i)
			k.items = append(k.items, item{first: n, last: n, data: k.part, dup: m.Flags&codec.FlagPossibleDup != 0, at: e.Time, frame: &e})
			k.part = nil
		}
	}
}

// gives waits for these records, with the numbers behind the last one.
func (k *taker) gives(records ...[]byte) *taker {
	for _, want := range records {
		i := k.comes()
		if i.gap || i.first != k.next || !bytes.Equal(i.data, want) {
			k.c.t.Fail(fmt.Sprintf("record %d of the mirror, %s", k.next, brief(want)), "%s", i)
		}
		k.next++
	}
	return k
}

// lacks waits for a GAP over the next n numbers, in one frame or several.
func (k *taker) lacks(n uint64, reason uint32) *taker {
	for end := k.next + n; k.next < end; {
		i := k.comes()
		if !i.gap || i.first != k.next || i.last >= end || i.reason != reason {
			k.c.t.Fail(fmt.Sprintf("GAP from %d to %d of the mirror, reason %d", k.next, end-1, reason), "%s", i)
		}
		k.next = i.last + 1
	}
	return k
}

// ends waits for FIN, with nothing before it.
func (k *taker) ends() *taker {
	if i, ok := k.item(); ok {
		k.c.t.Fail("FIN of the mirror", "%s", i)
	}
	return k
}

// ack makes an ACK.
func (k *taker) ack(stable uint64, ranges ...codec.Range) Packet {
	return Message(codec.Ack{Stream: k.s.ID, Stable: stable, Ranges: ranges})
}

// silent checks that nothing of the mirror comes for a while.
func (k *taker) silent(what string) {
	k.c.Quiet(MaxQuiet/2, "record of the mirror "+what, func(e *Event) bool {
		return e.Frame != nil && e.Frame.Stream == k.s.ID && (e.Frame.Type == codec.TypeRecords || e.Frame.Type == codec.TypeGap)
	})
	if len(k.items) > 0 {
		k.c.t.Fail("no record of the mirror "+what, "%s", k.items[0])
	}
}

// hold makes a record that takes so long to be applied.
func hold(d time.Duration) []byte { return fmt.Appendf(nil, "hold %d", d.Milliseconds()) }

// mastered attaches a new master and waits for its mirror, which is not accepted yet.
func mastered(c *Conn) (*feed, *taker) {
	c.delivers()
	f := c.t.newFeed("a").attach(c)
	return f, f.mirror(c)
}

// own and theirs are the first streams of a link of the two sides, for wants that are written down.
func own(s wire.Side) uint32    { return s.Other().FirstID() }
func theirs(s wire.Side) uint32 { return s.FirstID() }

// wants gives a Rejection its wants: of gives the stream, where a peer is judged in a role.
func (r Rejection) wants(of func(judged wire.Side) uint32, want func(id uint32, codes ...codec.Code) Want, codes ...codec.Code) *Rejection {
	r.Options = delivering()
	r.Want, r.DialerWant = want(of(wire.Acceptor), codes...), want(of(wire.Dialer), codes...)
	return &r
}

// closes gives a Rejection the end of the link as its want.
func (r Rejection) closes(codes ...codec.Code) *Rejection {
	r.Options, r.Want = delivering(), Closed(codes...)
	return &r
}
