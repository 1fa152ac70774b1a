package conformance

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// celled is a session whose first CELLS is not answered.
type celled struct {
	*responder
	agreed int      // cells
	atOnce int      // cells that the peer asks for before it has an answer
	keys   [][]byte // that the peer had before
	walked bool     // the peer has asked by CHECK for fingerprints, behind its first CELLS
}

// onCells begins one. The peer, which has two objects, is told of 70 others by CLOCK alone, so that the fingerprints differ; one that asks for no cells is not
// judged.
func onCells(c *Conn) *celled {
	agreed := c.cells()
	keys := c.stock(2)
	const n = 70
	w, dots := world{}, []dot(nil)
	for range n {
		d := c.t.write(2)
		w[string(c.t.key())], dots = value(d, "there"), append(dots, d)
	}
	r := &celled{responder: c.responds(w, nodeClock{}), agreed: agreed, keys: keys}
	for {
		switch m := r.hear().(type) {
		case codec.SyncSince:
			r.say(codec.SyncClock{Clock: clockOf(dots...).encode()}, r.all())
		case codec.SyncCells:
			r.last, r.atOnce = m, m.Count
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
	items := r.w.under(codec.SyncPrefix{})
	answer := codec.SyncSketch{First: m.First, Cells: sketchOf(items, m.First+m.Count)[m.First*codec.SyncCellSize:]}
	if m.Estimate {
		answer.Estimate = estimateOf(items)
	}
	return answer
}

// answering answers every CELLS of the session, and goes on to its end.
func (r *celled) answering(answer func(right codec.SyncSketch) codec.SyncSketch) {
	r.instead = func(m codec.SyncMessage) bool {
		switch m := m.(type) {
		case codec.SyncCells:
			r.answered++
			r.say(answer(r.sketch(m)))
			return true
		case codec.SyncCheck:
			r.walked = r.walked || !m.Pull && !m.Brief && !m.Estimate
		}
		return false
	}
	r.instead(r.last)
	r.last = nil
	r.whole().ends("whole")
}

// looksAhead waits for the questions that the peer has on their way while it waits for its first cells.
func (r *celled) looksAhead() {
	r.c.t.Sleep(MaxQuiet)
	box := r.c.inbox(r.s.ID)
	for _, e := range r.c.more(func(e *Event) bool { return e.Frame.Type == codec.TypeData && e.Frame.Stream == r.s.ID }) {
		box.messages = append(box.messages, e.Messages...)
		box.fin = box.fin || e.Frame.Flags&codec.FlagFin != 0
	}
	for _, b := range box.messages {
		if m, err := codec.ParseSyncRequest(b); err == nil {
			if q, ok := m.(codec.SyncCells); ok {
				r.atOnce = q.First + q.Count
			}
		}
	}
}

// ended checks that the decoding was ended by what has come, and that fingerprints came in its place.
func (r *celled) ended() {
	if r.cells == r.agreed && r.atOnce < r.agreed {
		r.broke("CELL-005", "no CELLS when the decoding is ended", "CELLS up to the last of %d cells", r.agreed)
	}
	if !r.walked {
		r.broke("CELL-005", "a CHECK of fingerprints when the decoding is ended", "none")
	}
}

// equal checks that the peer has what the responder has.
func (r *celled) equal() {
	x := r.c.session()
	for key, o := range r.w {
		x.has([]byte(key), o)
	}
	x.completes()
}

// overlay is what a hostile responder adds to its cells, which are those from 0 on.
type overlay []byte

// on adds it to an answer.
func (o overlay) on(m codec.SyncSketch) codec.SyncSketch {
	for i := range m.Cells {
		if at := m.First*codec.SyncCellSize + i; at < len(o) {
			m.Cells[i] ^= o[at]
		}
	}
	return m
}

// invented gives an item that nobody has, whose places below most are as the caller wants them.
func (t *T) invented(most int, fits func(places []int) bool) (item [16]byte, places []int) {
	for n := uint32(0); ; n++ {
		h := sha256.Sum256(binary.BigEndian.AppendUint32(t.key(), n))
		item = [16]byte(h[:])
		if places = placesOf([8]byte(item[:]), most); fits(places) {
			return item, places
		}
	}
}

// initiatorCells are about initiators that ask for cells.
func initiatorCells() []Case {
	const most = 1024 // cells that the suite offers
	refuse := func(slug, req, what string, bad func(r *celled, m codec.SyncCells) []byte) Case {
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
	play := func(slug, title string, script func(t *T, r *celled), req ...string) Case {
		return Case{
			ID: "initiator/" + slug, Req: req, Title: title,
			Run: func(t *T) {
				r := onCells(t.Open(celling(most)))
				script(t, r)
				r.equal()
			},
		}
	}
	return []Case{
		play("cells", "an initiator asks for cells from 0 on, each once, and takes what they show", func(_ *T, r *celled) {
			r.answering(func(right codec.SyncSketch) codec.SyncSketch { return right })
		}, "CELL-012", "SYNC-030"),
		play("cells-that-do-not-come-out", "an initiator goes on with fingerprints when cells have ended without a whole difference", func(t *T, r *celled) {
			r.answering(func(right codec.SyncSketch) codec.SyncSketch {
				t.fill(right.Cells)
				return right
			})
			if !r.walked {
				r.broke("CELL-009", "a CHECK of fingerprints when cells have ended", "none")
			}
		}, "CELL-009"),
		play("cells-that-seem-whole", "an initiator does not take a difference as whole while a cell is not empty", func(_ *T, r *celled) {
			r.answering(func(right codec.SyncSketch) codec.SyncSketch {
				if right.First == 0 {
					right.Cells[16] ^= 0x55 // of the second moment: what is left in the end is no key hash
				}
				return right
			})
		}, "CELL-006"),
		play("cells-with-a-wrong-place", "an initiator ends the decoding when a key hash comes out of a cell that is none of its places", func(t *T, r *celled) {
			const at = 2
			item, _ := t.invented(most, func(places []int) bool { return !slices.Contains(places, at) })
			wrong := make(overlay, most*codec.SyncCellSize)
			putCell(wrong, at, item)
			r.looksAhead()
			r.answering(wrong.on)
			r.ended()
		}, "CELL-005", "CELL-009"),
		play("cells-with-a-key-hash-twice", "an initiator ends the decoding when a key hash comes out a second time", func(t *T, r *celled) {
			item, places := t.invented(most, func(places []int) bool { return len(places) > 1 && places[1] <= 4 })
			wrong := make(overlay, most*codec.SyncCellSize)
			other := item
			other[15] ^= 1 // the state in one of its cells
			for i, at := range places {
				if i == 1 {
					putCell(wrong, at, other)
				} else {
					putCell(wrong, at, item)
				}
			}
			r.looksAhead()
			r.answering(wrong.on)
			r.ended()
		}, "CELL-005", "CELL-009"),
		play("cells-that-lie", "an initiator that is told by cells that others lack its objects, or have others, changes none", func(t *T, r *celled) {
			wrong := make(overlay, most*codec.SyncCellSize)
			for i, key := range r.keys {
				item := itemOf(key, r.w[string(key)]) // as if the responder had none
				if i > 0 {
					t.fill(item[8:]) // as if it had another one
				}
				for _, at := range placesOf([8]byte(item[:]), most) {
					putCell(wrong, at, item)
				}
			}
			r.answering(wrong.on)
		}, "CELL-007"),
		refuse("sketch-of-other-cells", "CELL-014", "a SKETCH of other cells than were asked for", func(r *celled, m codec.SyncCells) []byte {
			one := r.sketch(m)
			one.First, one.Estimate = one.First+1, nil
			return encoded(one)
		}),
		refuse("sketch-of-fewer-cells", "CELL-014", "a SKETCH of fewer cells than were asked for", func(r *celled, m codec.SyncCells) []byte {
			b := encoded(r.sketch(m))
			return b[:len(b)-codec.SyncCellSize]
		}),
		refuse("sketch-of-more-cells", "CELL-014", "a SKETCH of more cells than were asked for", func(r *celled, m codec.SyncCells) []byte {
			return append(encoded(r.sketch(m)), make([]byte, codec.SyncCellSize)...)
		}),
		refuse("sketch-with-or-without-an-estimate", "CELL-014", "a SKETCH with an estimate that CELLS has not asked for, or without one that it has", func(r *celled, m codec.SyncCells) []byte {
			m.Estimate = !m.Estimate
			return encoded(r.sketch(m))
		}),
		refuse("sketch-cut", "CELL-004", "a SKETCH that ends inside a cell", func(r *celled, m codec.SyncCells) []byte {
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
