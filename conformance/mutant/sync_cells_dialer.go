package mutant

import (
	"encoding/binary"
	"slices"

	"handfast/codec"
)

// decoder finds the difference between this side's items and those of the cells that have come.
type decoder struct {
	own  []cell
	came []cell
}

// beginCells asks for cells where they were agreed, once in a session.
func (x *session) beginCells() bool {
	n := x.s.l.agreedCells()
	x.mu.Lock()
	defer x.mu.Unlock()
	if n == 0 || x.walk.sketch != nil {
		return false
	}
	x.walk.sketch = &decoder{own: x.p.sketch(x.p.items(), n)}
	return true
}

// cellsAtOnce is how many cells one question asks for.
const cellsAtOnce = 32

// moreCells gives the next question for cells, if there are any. The caller holds mu.
func (x *session) moreCells() (q question, ok bool) {
	d := x.walk.sketch
	first := len(d.came)
	count := min(cellsAtOnce, len(d.own)-first)
	switch {
	case x.p.has("asks-for-cells-out-of-order") && first == 0:
		first = 1
	case x.p.has("asks-for-cells-again") && first > 0:
		first = 0
	}
	return question{first: first, cells: count}, count > 0
}

// hearSketch takes the answer to CELLS.
func (x *session) hearSketch(m codec.SyncSketch) error {
	if x.s.l.agreedCells() == 0 {
		if x.p.has("skips-sketches-without-the-capability") {
			return nil
		}
		return x.fault("CELL-011", "SKETCH without the capability")
	}
	q, err := x.answered(func(q *question) bool { return q.cells > 0 })
	if err != nil {
		return ignoring(err)
	}
	if (m.First != q.first || len(m.Cells) != q.cells*codec.SyncCellSize || m.Estimate != nil) && !x.p.has("takes-cells-that-it-has-not-asked-for") {
		return x.fault("CELL-014", "other cells than were asked for")
	}
	x.mu.Lock()
	d := x.walk.sketch
	for one := range slices.Chunk(m.Cells, codec.SyncCellSize) {
		d.came = append(d.came, readCell(one))
	}
	more, some := x.moreCells()
	x.mu.Unlock()
	found, whole, sound := x.difference(d)
	switch {
	case whole:
		x.push(x.explain(found))
	case sound && some:
		x.push([]question{more})
	case x.p.has("gives-up-behind-its-cells"):
	default: // CELL-009
		x.push([]question{{}})
	}
	return nil
}

// unknown is a key hash under which two sets differ, with the sum of the states on both sides.
type unknown struct {
	kh    [8]byte
	delta uint64
}

// single gives what is alone in a cell.
func (p *peer) single(c cell) (one unknown, ok bool) {
	if c[0] == 0 || p.times(c[0], c[2]) != p.times(c[1], c[1]) {
		return one, false
	}
	binary.BigEndian.PutUint64(one.kh[:], p.times(c[1], p.inverse(c[0])))
	one.delta = c[0]
	return one, true
}

// difference decodes what has come. Sound is false where no two sets have such cells (CELL-005).
func (x *session) difference(d *decoder) (found []unknown, whole, sound bool) {
	left := make([]cell, len(d.came))
	for i := range left {
		left[i] = d.came[i]
		if i < len(d.own) {
			left[i] = left[i].plus(d.own[i])
		}
	}
	known := map[[8]byte]bool{}
	for at := 0; at < len(left); at++ {
		one, ok := x.p.single(left[at])
		if !ok {
			continue
		}
		it := item(binary.BigEndian.AppendUint64(one.kh[:], one.delta))
		places := x.p.places(it, len(left))
		switch {
		case !slices.Contains(places, at) && x.p.has("takes-key-hashes-out-of-any-cell"):
			places = []int{at}
		case !slices.Contains(places, at), len(known) == len(left):
			return nil, false, false
		case known[one.kh] && x.p.has("decodes-for-ever"):
			<-x.p.done
			return nil, false, false
		case known[one.kh] && x.p.has("skips-what-comes-out-again"):
			continue
		case known[one.kh]:
			return nil, false, false
		}
		known[one.kh] = true
		found = append(found, one)
		for _, place := range places {
			left[place] = left[place].plus(x.p.cellOf(it))
		}
		at = -1
	}
	if x.p.has("takes-a-difference-as-whole-too-early") && len(found) > 0 {
		return found, true, true
	}
	return found, !slices.ContainsFunc(left, func(c cell) bool { return c != cell{} }), true
}

// explain gives the questions about what cells have shown. Who has an object under a key hash, they do not say.
func (x *session) explain(found []unknown) (list []question) {
	for _, one := range found {
		keys := x.p.keys(func(key string, _ object) bool { return x.p.keyHash(key) == one.kh })
		if len(keys) == 0 && !x.p.has("never-pulls") {
			list = append(list, question{prefix: prefixOf(one.kh, codec.MaxSyncPrefix), pull: true})
		}
		for _, key := range keys {
			if x.p.has("deletes-what-cells-lack") && x.p.lacks(key, one.delta) {
				continue
			}
			if !x.p.has("never-asks-about-keys") {
				list = append(list, question{key: key})
			}
		}
	}
	return list
}

// lacks deletes an object of which cells say that the other side has none, and says whether they do.
func (p *peer) lacks(key string, delta uint64) bool {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	it := p.store.items[key]
	if binary.BigEndian.Uint64(it[8:]) != delta {
		return false
	}
	p.put(key, object{})
	return true
}
