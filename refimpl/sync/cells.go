package sync

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"handfast/codec"
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
	answer := codec.SyncSketch{First: m.First, Cells: r.sketch.AppendCells(nil, m.First, m.Count)}
	if m.Estimate {
		answer.Estimate = r.sketch.AppendEstimate(nil)
	}
	return []Effect{Send{answer}}, nil
}

// answerEstimate answers CHECK with the estimate of the set as it is now.
func (r *Responder) answerEstimate(answer *codec.SyncDigest) error {
	read, ok := r.read.(sketcher)
	if !ok {
		return errNoSketch
	}
	now := read.Sketch(r.ns, 1)
	if now == nil {
		return errNoSketch
	}
	answer.Form, answer.Entries = codec.SyncEstimate, now.AppendEstimate(nil)
	return nil
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

// mayEstimate says whether the responder is asked for its estimate: where cells are to be tried.
func (i *Initiator) mayEstimate() bool { return i.mayUseCells() }

// firstCells asks for the first cells, as many as the estimate says.
func (i *Initiator) firstCells(m codec.SyncDigest) error {
	if err := i.expect(m.Entries); err != nil {
		return err
	}
	i.askCells()
	return nil
}

// expect takes the estimate of the responder.
func (i *Initiator) expect(estimate []byte) error {
	theirs, err := sketch.ParseEstimate(estimate)
	if err != nil {
		return fault("SYNC-005", "an estimate that is none")
	}
	i.decoder.Expect(theirs)
	return nil
}

// cellsFirst asks for the first cell and the estimate, if there are any: one changed object, and none, needs no more.
func (i *Initiator) cellsFirst() bool {
	if !i.beginCells() {
		return false
	}
	i.stack = append(i.stack, question{cells: 1, estimate: true})
	return true
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
	if q.cells == 0 || m.First != q.first || len(m.Cells) != q.cells*codec.SyncCellSize || q.estimate != (m.Estimate != nil) {
		return nil, fault("CELL-014", "other cells than were asked for")
	}
	cells, err := sketch.ParseCells(m.Cells)
	if err != nil {
		return nil, fault("CELL-004", "cells that are none")
	}
	if q.estimate {
		if err := i.expect(m.Estimate); err != nil {
			return nil, err
		}
	}
	_ = i.decoder.Add(cells) // what an error means, Next and Done say too
	if i.cellsOpen() || i.askCells() {
		return i.ask()
	}
	whole := i.decoder.Done()
	changes := i.decoder.Difference()
	i.decoder = new(sketch.Decoder) // its memory goes; a second time is not tried
	if !whole {
		i.stack = []question{{}}
		return i.ask()
	}
	for _, c := range slices.Backward(changes) { // the stack gives the last first
		if err := i.changed(c); err != nil {
			return nil, err
		}
	}
	return i.ask()
}

// cellsOpen tells whether cells are still asked for, or to be asked for.
func (i *Initiator) cellsOpen() bool {
	cells := func(q question) bool { return q.cells > 0 }
	return slices.ContainsFunc(i.asked, cells) || slices.ContainsFunc(i.stack, cells)
}

// changed asks about a key hash under which the two sides differ: about its own keys, and for all objects where it has none.
func (i *Initiator) changed(c sketch.Change) error {
	keys, err := i.read.Find(i.ns, c.Key)
	if err != nil {
		return fmt.Errorf("sync: the keys of a hash: %w", err)
	}
	if i.plan.DryRun {
		return i.countChange(c, keys)
	}
	if len(keys) == 0 {
		i.stack = append(i.stack, question{prefix: prefixOf(c.Key), pull: true})
	}
	for _, k := range keys {
		i.stack = append(i.stack, question{key: k.Name})
	}
	return nil
}

// countChange says who has an object: only this side where the change is the state of its one item.
func (i *Initiator) countChange(c sketch.Change, keys []store.Key) error {
	own, err := i.items(prefixOf(c.Key))
	if err != nil {
		return err
	}
	there := len(own)
	switch {
	case len(own) == 0:
		there = 1
	case len(own) == 1 && [8]byte(own[0][8:]) == c.Delta:
		there = 0
	}
	i.count(keys, len(own), there)
	return nil
}
