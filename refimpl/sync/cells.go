package sync

import (
	"errors"
	"maps"
	"slices"

	"handfast/codec"
	"handfast/refimpl/digest"
	"handfast/refimpl/link"
	"handfast/refimpl/sketch"
	"handfast/refimpl/store"
)

// CapCells is the capability by which CELLS and SKETCH may be used. Who offers it must have a store with as many cells (store.Config.Cells).
const CapCells = "sync.cells"

// OfferCells adds the capability to what a link offers, if the store keeps cells (CELL-010).
func OfferCells(cfg *link.Config, s store.Store) {
	if own, ok := s.(store.Sketcher); ok && own.Cells() > 0 {
		cfg.Caps = maps.Clone(cfg.Caps)
		if cfg.Caps == nil {
			cfg.Caps = codec.Caps{}
		}
		cfg.Caps[CapCells] = int64(own.Cells())
	}
}

// errNoSketch says that the link offers cells that the store does not keep (CELL-010).
var errNoSketch = errors.New("sync: a link with the capability sync.cells, and a store without cells")

// sketcher is a Reader that keeps cells (store.Sketcher).
type sketcher interface {
	Sketch(namespace string, cells int) *sketch.Sketch
}

// agreedCells gives the number of cells that both sides of a link keep; 0 where cells may not be used.
func agreedCells(l *link.Link) int {
	n, _ := l.Agreed().Caps[CapCells].(int64)
	return int(min(max(n, 0), sketch.MaxCells))
}

// UseCells lets the core use cells: as many as were agreed for the link. 0, which is the default, uses none. Call it before anything else.
func (c *side) UseCells(n int) { c.cells = n }

// snapshot gives the sketch of the store as it is now, nil where there is none of the agreed length.
func (c *side) snapshot() *sketch.Sketch {
	read, ok := c.read.(sketcher)
	if !ok || c.cells == 0 {
		return nil
	}
	if s := read.Sketch(c.ns, c.cells); s != nil && s.Len() == c.cells {
		return s
	}
	return nil
}

// cellsAsked answers CELLS from the set that there was at the first one (CELL-013).
func (r *Responder) cellsAsked(m codec.SyncCells) ([]Effect, error) {
	switch {
	case r.cells == 0:
		return nil, fault("CELL-011", "CELLS without the capability")
	case m.First != r.given || m.Count > r.cells-m.First:
		return nil, fault("CELL-014", "cells out of order, or more than were agreed")
	}
	if r.sketch == nil {
		if r.sketch = r.snapshot(); r.sketch == nil {
			return nil, errNoSketch
		}
	}
	r.given += m.Count
	return []Effect{Send{codec.SyncSketch{First: m.First, Cells: r.sketch.AppendCells(nil, m.First, m.Count)}}}, nil
}

// mayUseCells says whether cells are still to be tried.
func (i *Initiator) mayUseCells() bool {
	_, ok := i.read.(sketcher)
	return ok && i.cells > 0 && i.decoder == nil && !i.plan.NoCells
}

// beginCells makes the decoder, if there are cells to be had. A session does so once, when the digests differ.
func (i *Initiator) beginCells() bool {
	if !i.mayUseCells() {
		return false
	}
	own := i.snapshot()
	if own == nil {
		return false
	}
	i.decoder = sketch.NewDecoder(own)
	return true
}

// briefCells is how many cells are asked for first, by how many of the 16 parts of the root differ: about as many as the difference takes that
// the parts show, of d objects that differ, about 16*ln(16/(16-k)) where k parts do. From 54 objects on all parts differ.
var briefCells = [17]int{4, 4, 8, 10, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128}

// firstCells asks for the first cells.
func (i *Initiator) firstCells(m codec.SyncDigest) error {
	own, err := i.read.Probe(i.ns, nil, 1)
	if err != nil {
		return err
	}
	differ := 0
	for half := range own {
		if own[half].FP[0] != m.Entries[half] {
			differ++
		}
	}
	i.pushCells(min(briefCells[differ], i.cells))
	return nil
}

// askCells puts the next questions for cells on the stack. ok is false where there is nothing more to ask.
func (i *Initiator) askCells() (ok bool) {
	n := i.decoder.Next()
	i.pushCells(n)
	return n > 0
}

func (i *Initiator) pushCells(n int) {
	var list []question
	for from := i.decoder.Used(); n > 0; {
		count := min(n, codec.MaxSyncCellsMsg)
		list = append(list, question{first: from, cells: count})
		from, n = from+count, n-count
	}
	slices.Reverse(list)
	i.stack = append(i.stack, list...)
}

// sketchGiven takes the answer to CELLS. When nothing more is to be had, it goes on with what has come out, or, where the difference is not whole, with
// fingerprints (CELL-009).
func (i *Initiator) sketchGiven(m codec.SyncSketch) ([]Effect, error) {
	q, err := i.next()
	if err != nil {
		return nil, err
	}
	if q.cells == 0 || m.First != q.first || len(m.Cells) != q.cells*codec.SyncCellSize {
		return nil, fault("CELL-014", "other cells than were asked for")
	}
	cells, err := sketch.ParseCells(m.Cells)
	if err != nil {
		return nil, fault("CELL-004", "cells that are none")
	}
	_ = i.decoder.Add(cells) // what an error means, Next and Done say too
	if i.cellsOpen() || i.askCells() {
		return i.ask()
	}
	whole := i.decoder.Done()
	theirs, ours := i.decoder.Difference()
	i.decoder = new(sketch.Decoder) // its memory goes; a second time is not tried
	if !whole {
		i.stack = []question{{}}
		return i.ask()
	}
	if err := i.differAll(theirs, ours); err != nil {
		return nil, err
	}
	return i.ask()
}

// cellsOpen tells whether cells are still asked for, or to be asked for.
func (i *Initiator) cellsOpen() bool {
	cells := func(q question) bool { return q.cells > 0 }
	return slices.ContainsFunc(i.asked, cells) || slices.ContainsFunc(i.stack, cells)
}

// differAll takes two lists of items that differ, as compareItems takes those of a prefix.
func (i *Initiator) differAll(theirs, ours []digest.Item) error {
	slices.SortFunc(theirs, digest.Item.Compare)
	slices.SortFunc(ours, digest.Item.Compare)
	var flat []byte
	for _, it := range theirs {
		flat = append(flat, it[:]...)
	}
	return i.compareLists(ours, flat)
}
