package conformance

import (
	"encoding/binary"
	"fmt"
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// capCells is the capability of cells in sync (spec/cells.md). A peer that does not offer it is not judged by the cases about them.
const capCells = "sync.cells"

// celling makes the options of a link on which cells may be asked for, n at most.
func celling(n int) Options {
	o := syncing()
	offer := o.Hello
	o.Hello = func(h *codec.Hello) { offer(h); h.Caps[capCells] = int64(n) }
	return o
}

// cells gives how many cells were agreed.
func (c *Conn) cells() int {
	c.syncs()
	c.mu.Lock()
	n, _ := c.wire.Agreed.Caps[capCells].(int64)
	c.mu.Unlock()
	if n < 1 {
		c.t.Unsupported("it does not offer the capability " + capCells)
	}
	return int(min(n, codec.MaxSyncCells))
}

// sketches asks for cells.
func (x *session) sketches(first, count int) codec.SyncSketch {
	x.say(codec.SyncCells{First: first, Count: count})
	return heard[codec.SyncSketch](x)
}

// shows checks the cells of an answer.
func (x *session) shows(m codec.SyncSketch, first int, want []byte) {
	if !sameCells(m, first, want) {
		x.c.t.Fail(fmt.Sprintf("SKETCH from %d with the cells %s", first, brief(want)), "from %d, %s", m.First, brief(m.Cells))
	}
}

// cellCases are about CELLS and SKETCH of a responder.
func cellCases() []Case {
	const most = 64 // cells that the suite offers
	refuse := func(slug, req, what string, bad func(x *session, agreed int) []byte) Case {
		begin := func(c *Conn) (*session, int) { n := c.cells(); return c.session(), n }
		return Case{
			ID: "cells/" + slug, Req: strings.Fields(req), Title: what + " ends the stream with PROTOCOL",
			Reject: &Rejection{
				Options: celling(most),
				Good:    func(c *Conn) { x, _ := begin(c); x.sketches(0, 1); x.alive() },
				Bad: func(c *Conn) {
					x, n := begin(c)
					x.sketches(0, 1)
					x.c.Send(x.wrong(what, bad(x, n)))
				},
				Want: Reset(own(wire.Acceptor), codec.CodeProtocol), DialerWant: Reset(own(wire.Dialer), codec.CodeProtocol),
				Alive: answersStill,
			},
		}
	}
	ask := func(first, count int, flags ...byte) []byte {
		b := binary.BigEndian.AppendUint16(append([]byte{byte(codec.SyncKindCells)}, append(flags, 0)[0]), uint16(first))
		return binary.BigEndian.AppendUint16(b, uint16(count))
	}
	return []Case{
		{
			ID: "cells/of-everything", Req: []string{"CELL-002", "CELL-013", "CELL-001"}, Title: "CELLS from 0 on is answered with the cells of all objects",
			Run: func(t *T) {
				c := t.Open(celling(most))
				n := c.cells()
				x := c.session()
				w := x.learnsAndAdds(t, 4)
				x.shows(x.sketches(0, n), 0, sketchOf(w.under(codec.SyncPrefix{}), n))
				x.completes()
			},
		},
		{
			ID: "cells/of-what-has-changed", Req: []string{"CELL-013", "CELL-001"}, Title: "objects that were changed and deleted are in the cells with what they are now alone",
			Run: func(t *T) {
				c := t.Open(celling(most))
				n := c.cells()
				x := c.session()
				w := x.changes(x.learns())
				x.shows(x.sketches(0, n), 0, sketchOf(w.under(codec.SyncPrefix{}), n))
				x.completes()
			},
		},
		{
			ID: "cells/as-many-as-offered", Req: []string{"CELL-010", "CELL-013", "CELL-014"}, Title: "a peer gives as many cells as it has offered",
			Run: func(t *T) {
				c := t.Open(celling(codec.MaxSyncCells))
				n := c.cells()
				x := c.session()
				w := x.learnsAndAdds(t, 2)
				want := sketchOf(w.under(codec.SyncPrefix{}), n)
				for first := 0; first < n; first += codec.MaxSyncCellsMsg {
					count := min(n-first, codec.MaxSyncCellsMsg)
					x.shows(x.sketches(first, count), first, want[first*codec.SyncCellSize:(first+count)*codec.SyncCellSize])
				}
				x.completes()
			},
		},
		{
			ID: "cells/of-one-moment", Req: []string{"CELL-003", "CELL-013"}, Title: "all cells of a session are of the moment of the first CELLS, whatever is written meanwhile",
			Run: func(t *T) {
				c := t.Open(celling(most))
				n := c.cells()
				if n < 8 {
					t.Unsupported("it keeps fewer than 8 cells")
				}
				x, y := c.session(), c.session()
				w := x.learns()
				want := sketchOf(w.under(codec.SyncPrefix{}), n)
				half := n / 2 * codec.SyncCellSize
				x.shows(x.sketches(0, n/2), 0, want[:half])
				for range 8 {
					y.taken(t.key(), value(t.write(1), "meanwhile"))
				}
				x.shows(x.sketches(n/2, n-n/2), n/2, want[half:])
				x.completes()
				y.completes()
			},
		},
		{
			ID: "cells/in-order", Req: []string{"CELL-013", "SYNC-010"}, Title: "CELLS between two CHECK_KEYs is answered between their answers",
			Run: func(t *T) {
				c := t.Open(celling(most))
				c.cells()
				x := c.session()
				one, two := t.key(), t.key()
				x.say(codec.SyncCheckKey{Key: one, Version: object{}.version()}, codec.SyncCells{Count: 1}, codec.SyncCheckKey{Key: two, Version: object{}.version()})
				x.told(one)
				heard[codec.SyncSketch](x)
				x.told(two)
				x.completes()
			},
		},
		refuse("not-from-0", "CELL-014", "CELLS that leaves cells out", func(_ *session, n int) []byte { return ask(min(2, n), 1) }),
		refuse("again", "CELL-014", "CELLS for cells that were given", func(*session, int) []byte { return ask(0, 1) }),
		refuse("beyond-the-agreed-number", "CELL-014", "CELLS beyond the agreed number", func(_ *session, n int) []byte { return ask(1, n) }),
		refuse("none", "SYNC-005", "CELLS for no cells", func(*session, int) []byte { return ask(1, 0) }),
		refuse("1025", "SYNC-005", "CELLS for 1,025 cells", func(*session, int) []byte { return ask(1, codec.MaxSyncCellsMsg+1) }),
		refuse("place-65535", "SYNC-005", "CELLS for a cell that no sketch has", func(*session, int) []byte { return ask(codec.MaxSyncCells, 1) }),
		refuse("short", "SYNC-005", "CELLS of 5 bytes", func(*session, int) []byte { return ask(1, 1)[:5] }),
		refuse("estimate-behind-the-first", "SYNC-005", "CELLS from 1 on with ESTIMATE", func(*session, int) []byte { return ask(1, 1, 1) }),
	}
}

// changes brings objects to the peer, changes one, deletes one, and gives what is there now.
func (x *session) changes(w world) world {
	t := x.c.t
	for i := range 6 {
		key, a, b := t.key(), t.write(0), t.write(0)
		o := value(a, "old")
		x.taken(key, o)
		switch i {
		case 0, 1:
			o = value(b, "new", a)
		case 2, 3:
			o = tombstone(b, a)
		}
		if i < 4 {
			x.taken(key, o)
		}
		w[string(key)] = o
	}
	return w
}
