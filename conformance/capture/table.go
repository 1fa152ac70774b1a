package capture

import (
	"fmt"
	"net/netip"

	"handfast/codec"
)

const (
	eventCost = 64  // bytes of memory that an event takes besides its bytes
	connCost  = 512 // bytes of memory that a connection takes besides its events
	headSize  = 4   // bytes of the magic that make a connection Handfast: the rest shows paths that are not 8-bit clean (chapter 17)
)

// key names a connection whatever the direction: low is the smaller end.
type key struct{ low, high netip.AddrPort }

// state is what is known about whether a connection is of interest.
type state uint8

const (
	undecided state = iota
	handfast
	foreign
)

// conn is a connection under way. Its halves are indexed by end: 0 is that of key.low.
type conn struct {
	key    key
	halves [2]half
	heads  [2][]byte // the first bytes of each half
	dialer int       // index of the half that the dialer sends, -1 while it is not known
	state  state
	events []rawEvent
	done   bool // it is out of the table
}

// rawEvent is an Event by index of half.
type rawEvent struct {
	Event
	end int
}

// table puts segments to connections.
type table struct {
	o       Options
	open    map[key]*conn
	order   []*conn // those that are kept, by first packet
	tidyAt  int     // length of order at which it is tidied
	foreign int
	used    int64 // memory, bytes
}

func newTable(o Options) *table { return &table{o: o, open: make(map[key]*conn), tidyAt: 1024} }

// take files a segment.
func (t *table) take(s segment) error {
	c, end, err := t.find(s)
	if err != nil {
		return err
	}
	if c.state != foreign {
		t.push(c, end, s)
	}
	if s.rst || s.fin {
		t.end(c, end, s)
	}
	if t.used > t.o.MaxBytes {
		return &LimitError{Limit: "MaxBytes", Max: t.o.MaxBytes}
	}
	return nil
}

// find gives the connection of a segment and the end that sent it. A SYN with another number than before begins a new one.
func (t *table) find(s segment) (*conn, int, error) {
	k, end := key{s.from, s.to}, 0
	if s.from.Compare(s.to) > 0 {
		k, end = key{s.to, s.from}, 1
	}
	c := t.open[k]
	if c != nil && c.renewed(end, s) {
		t.remove(c)
		c = nil
	}
	if c == nil {
		if len(t.open) >= t.o.MaxConnections && !t.makeRoom() {
			return nil, 0, &LimitError{Limit: "MaxConnections", Max: int64(t.o.MaxConnections)}
		}
		c = &conn{key: k, dialer: -1}
		t.open[k] = c
		if len(t.order) >= t.tidyAt {
			t.tidy()
		}
		t.order = append(t.order, c)
		t.used += connCost
	}
	return c, end, nil
}

// renewed tells whether a SYN begins another connection between the same ends: it has another number, or comes behind bytes.
func (c *conn) renewed(end int, s segment) bool {
	h := &c.halves[end]
	switch {
	case !s.syn || s.has:
		return false
	case h.syn:
		return h.isn != s.seq
	}
	return c.state == foreign || h.offset > 0
}

// push gives a segment to its half, and decides whether this is Handfast as soon as that can be seen.
func (t *table) push(c *conn, end int, s segment) {
	h := &c.halves[end]
	seq := s.seq
	if s.syn {
		seq++ // SYN takes a number
		if h.offset == 0 {
			h.syn, h.isn = true, s.seq
			h.begin(seq)
		}
		if c.dialer < 0 {
			c.dialer = end
			if s.has {
				c.dialer = 1 - end
			}
		}
	}
	emit := func(b []byte) {
		c.heads[end] = append(c.heads[end], b[:min(len(b), headSize-len(c.heads[end]))]...)
		c.events = append(c.events, rawEvent{Event{Time: s.time, Offset: h.offset - int64(len(b)), Bytes: b}, end})
		t.used += int64(len(b)) + eventCost
	}
	if !h.known && beginsMagic(s.payload) {
		h.begin(seq)
		if c.dialer < 0 {
			c.dialer = end // without SYN: HELLO of the dialer comes first (HELLO-001)
		}
	}
	t.used += int64(h.push(seq, s.payload, t.o.MaxWaiting, emit))
	if s.has && !s.rst {
		c.halves[1-end].acknowledge(s.ack)
	}
	if c.state == undecided && !h.known && h.lost != nil {
		t.drop(c)
		return
	}
	if c.state == undecided && c.dialer >= 0 && len(c.heads[c.dialer]) == headSize {
		if beginsMagic(c.heads[c.dialer]) {
			c.state = handfast
		} else {
			t.drop(c)
		}
	}
}

// acknowledge notes what the other side says to have received.
func (h *half) acknowledge(ack uint32) {
	if !h.acked || behind(ack, h.ack) > 0 {
		h.acked, h.ack = true, ack
	}
}

// beginsMagic tells whether b and the first bytes of the magic agree, as far as both go.
func beginsMagic(b []byte) bool {
	n := min(len(b), headSize)
	return n > 0 && string(b[:n]) == string(codec.Magic[:n])
}

// drop forgets what was kept of a connection that is not of interest. It stays in the table, so that the rest of it is known.
func (t *table) drop(c *conn) {
	for _, e := range c.events {
		t.used -= int64(len(e.Bytes)) + eventCost
	}
	t.used -= int64(c.halves[0].held + c.halves[1].held)
	c.state, c.events, c.halves = foreign, nil, [2]half{}
}

// end notes FIN and RST. A connection that has ended leaves the table when both directions are done.
func (t *table) end(c *conn, end int, s segment) {
	h := &c.halves[end]
	h.ended = true
	if s.fin {
		h.finKnown, h.fin = true, s.seq+uint32(len(s.payload))
		if s.syn {
			h.fin++
		}
	}
	if c.state == foreign && (s.rst || c.halves[1-end].ended) {
		t.remove(c)
	}
}

// remove takes a connection out of the table; what was found of it is kept.
func (t *table) remove(c *conn) {
	if t.open[c.key] == c {
		delete(t.open, c.key)
	}
	c.done = true
}

// makeRoom takes connections out of a full table that have not shown anything of interest. It is false where that frees too little, so that a
// hostile capture cannot make it run for every packet.
func (t *table) makeRoom() bool {
	before := len(t.open)
	for _, c := range t.open {
		if c.state == foreign || len(c.events) == 0 && c.halves[0].held+c.halves[1].held == 0 {
			t.remove(c)
		}
	}
	return len(t.open) <= before-max(1, before/16)
}

// tidy forgets connections that have left the table and are not of interest.
func (t *table) tidy() {
	kept := t.order[:0]
	for _, c := range t.order {
		if c.done && len(c.events) == 0 && c.state != handfast {
			t.foreign++
			t.used -= connCost
			continue
		}
		kept = append(kept, c)
	}
	clear(t.order[len(kept):])
	t.order = kept
	t.tidyAt = 2*len(kept) + 1024
}

// finish gives the connections that speak Handfast, and how many do not.
func (t *table) finish() ([]Connection, int) {
	var found []Connection
	for _, c := range t.order {
		if c.state != foreign {
			c.halves[0].close()
			c.halves[1].close()
		}
		if !c.speaks() {
			t.foreign++
			continue
		}
		found = append(found, c.connection())
	}
	return found, t.foreign
}

// speaks tells whether a connection is one of Handfast: by the dialer's first bytes, or, where these are missing, by the acceptor's.
func (c *conn) speaks() bool {
	if c.state != undecided || c.dialer < 0 {
		return c.state == handfast
	}
	theirs := c.heads[1-c.dialer]
	return c.halves[c.dialer].lost != nil && len(theirs) == headSize && beginsMagic(theirs)
}

// connection gives what was found, by side.
func (c *conn) connection() Connection {
	ends := [2]netip.AddrPort{c.key.low, c.key.high}
	out := Connection{Dialer: ends[c.dialer], Acceptor: ends[1-c.dialer]}
	out.Name = fmt.Sprintf("%s > %s", out.Dialer, out.Acceptor)
	for i := range c.halves {
		from := Dialer
		if i != c.dialer {
			from = Acceptor
		}
		h := &c.halves[i]
		out.Ended[from] = h.ended
		if h.lost != nil {
			out.Gaps[from] = &GapError{From: from, Offset: h.offset, Size: h.lost.size, Why: h.lost.why}
		}
	}
	for _, e := range c.events {
		e.From = Dialer
		if e.end != c.dialer {
			e.From = Acceptor
		}
		out.Events = append(out.Events, e.Event)
	}
	return out
}
