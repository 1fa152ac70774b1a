package conformance

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sort"
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

// placesOf gives the check of an item, and the cells below most that it is in, with a salt of zeros.
func placesOf(item [16]byte, most int) (check [6]byte, list []int) {
	in := append(append(make([]byte, 16), 'C'), item[:]...)
	var words []byte
	for n := range 256 {
		h := sha256.Sum256(append(in, byte(n)))
		words = append(words, h[:]...)
		if n == 0 {
			check, words, list = [6]byte(h[:]), words[8:], []int{0}
		}
		for ; len(words) >= 4; words = words[4:] {
			r, i := uint64(binary.BigEndian.Uint32(words)>>1), list[len(list)-1]
			next := i + 1 + sort.Search(codec.MaxSyncCells-i-1, func(k int) bool {
				j := uint64(i + 1 + k)
				return (j+1)*(j+2)*r >= uint64(i+1)*uint64(i+2)<<31
			})
			if next >= most {
				return check, list
			}
			list = append(list, next)
		}
	}
	return check, list
}

// sketchOf gives the first n cells of items.
func sketchOf(items [][16]byte, n int) []byte {
	b := make([]byte, n*codec.SyncCellSize)
	for _, item := range items {
		check, places := placesOf(item, n)
		for _, at := range places {
			putCell(b[at*codec.SyncCellSize:], item, check)
		}
	}
	return b
}

// putCell adds an item to a cell.
func putCell(cell []byte, item [16]byte, check [6]byte) {
	for i := range item {
		cell[i] ^= item[i]
	}
	for i := range check {
		cell[16+i] ^= check[i]
	}
	binary.BigEndian.PutUint16(cell[22:], binary.BigEndian.Uint16(cell[22:])+1)
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
	ask := func(first, count int) []byte {
		b := binary.BigEndian.AppendUint16([]byte{byte(codec.SyncKindCells), 0}, uint16(first))
		return binary.BigEndian.AppendUint16(b, uint16(count))
	}
	return []Case{
		{
			ID: "cells/of-everything", Req: []string{"CELL-001", "CELL-002", "CELL-013"}, Title: "CELLS from 0 on is answered with the cells of all objects",
			Run: func(t *T) {
				c := t.Open(celling(most))
				n := c.cells()
				x := c.session()
				w := x.learns()
				for range 4 {
					key, o := t.key(), value(t.write(0), "v")
					x.taken(key, o)
					w[string(key)] = o
				}
				x.shows(x.sketches(0, n), 0, sketchOf(w.under(codec.SyncPrefix{}), n))
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
		refuse("short", "SYNC-005", "CELLS of 5 bytes", func(*session, int) []byte { return ask(1, 1)[:5] }),
	}
}

// onCells is a session whose first CELLS is not answered. The peer, which has one object, is told of 70 others by CLOCK alone, so that the fingerprints differ;
// one that asks for no cells is not judged.
func onCells(c *Conn) *responder {
	c.cells()
	c.stock(1)
	const n = 70
	w, dots := world{}, []dot(nil)
	for range n {
		d := c.t.write(2)
		w[string(c.t.key())], dots = value(d, "there"), append(dots, d)
	}
	r := c.responds(w, nodeClock{})
	for {
		switch m := r.hear().(type) {
		case codec.SyncSince:
			r.say(codec.SyncClock{Clock: clockOf(dots...).encode()}, r.all())
		case codec.SyncCells:
			r.last = m
			return r
		case nil, codec.SyncComplete:
			c.t.Unsupported("it asks for no cells")
		default:
			r.answers(m)
		}
	}
}

// sketch answers CELLS by what is there.
func (r *responder) sketch(m codec.SyncCells) codec.SyncSketch {
	b := sketchOf(r.w.under(codec.SyncPrefix{}), m.First+m.Count)
	return codec.SyncSketch{First: m.First, Cells: b[m.First*codec.SyncCellSize:]}
}

// initiatorCells are about initiators that ask for cells.
func initiatorCells() []Case {
	const most = 1024 // cells that the suite offers
	refuse := func(slug, req, what string, bad func(r *responder, m codec.SyncCells) []byte) Case {
		return Case{
			ID: "initiator/" + slug, Req: strings.Fields(req), Title: what + " ends the stream with PROTOCOL",
			Reject: &Rejection{
				Options: celling(most),
				Good:    func(c *Conn) { r := onCells(c); r.answers(r.last); r.whole().ends("whole", "partial") },
				Bad: func(c *Conn) {
					r := onCells(c)
					r.wrong(what, bad(r, r.last.(codec.SyncCells))) //nolint:forcetypeassert // the scene has waited for one
				},
				Want: Reset(theirs(wire.Dialer), codec.CodeProtocol),
			},
		}
	}
	// ended plays a session whose cells do not come out, and checks that it ends as if there were none.
	ended := func(slug, title string, answer func(t *T, m codec.SyncCells, right codec.SyncSketch) codec.SyncSketch, req ...string) Case {
		return Case{
			ID: "initiator/" + slug, Req: req, Title: title,
			Run: func(t *T) {
				c := t.Open(celling(most))
				r := onCells(c)
				r.instead = func(m codec.SyncMessage) bool {
					q, ok := m.(codec.SyncCells)
					if ok {
						r.answered++
						r.say(answer(t, q, r.sketch(q)))
					}
					return ok
				}
				r.instead(r.last)
				r.last = nil
				r.whole().ends("whole")
				x := c.session()
				for key, o := range r.w {
					x.has([]byte(key), o)
				}
				x.completes()
			},
		}
	}
	return []Case{
		ended("cells", "an initiator asks for cells from 0 on, each once, and takes what they show", func(_ *T, _ codec.SyncCells, right codec.SyncSketch) codec.SyncSketch {
			return right
		}, "CELL-012", "SYNC-030"),
		ended("cells-that-do-not-come-out", "an initiator goes on with fingerprints when cells have ended without a whole difference", func(t *T, m codec.SyncCells, _ codec.SyncSketch) codec.SyncSketch {
			b := make([]byte, m.Count*codec.SyncCellSize)
			t.fill(b)
			return codec.SyncSketch{First: m.First, Cells: b}
		}, "CELL-009"),
		ended("cells-that-seem-whole", "an initiator does not take a difference as whole while a cell is not empty", func(_ *T, m codec.SyncCells, right codec.SyncSketch) codec.SyncSketch {
			if m.First == 0 { // behind the first places nothing of one object alone is right
				right.Cells[22] ^= 0x55
			}
			return right
		}, "CELL-006"),
		refuse("sketch-of-other-cells", "CELL-014", "a SKETCH of other cells than were asked for", func(r *responder, m codec.SyncCells) []byte {
			one := r.sketch(m)
			one.First++
			return encoded(one)
		}),
		refuse("sketch-of-fewer-cells", "CELL-014", "a SKETCH of fewer cells than were asked for", func(r *responder, m codec.SyncCells) []byte {
			one := r.sketch(codec.SyncCells{Count: m.Count + 1})
			return encoded(one)
		}),
		refuse("sketch-cut", "CELL-004", "a SKETCH that ends inside a cell", func(r *responder, m codec.SyncCells) []byte {
			b := encoded(r.sketch(m))
			return b[:len(b)-1]
		}),
		{
			ID: "initiator/sketch-without-the-capability", Req: []string{"CELL-011"}, Title: "a SKETCH without the capability sync.cells ends the stream with PROTOCOL",
			Reject: initiating(onCheck,
				func(r *responder) { r.answers(r.last); r.whole().ends("whole", "partial") },
				func(r *responder) {
					r.wrong("a SKETCH without the capability", encoded(codec.SyncSketch{Cells: make([]byte, codec.SyncCellSize)}))
				}),
		},
	}
}
