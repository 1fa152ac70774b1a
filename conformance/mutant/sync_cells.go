package mutant

import (
	"encoding/binary"
	"slices"
	"sort"

	"handfast/codec"
)

// cell is the sum of some items (spec/cells.md).
type cell struct {
	sum   item
	check [6]byte
	count uint16
}

// with adds an item; n is 1, or 65,535 to take it out.
func (c cell) with(it item, check [6]byte, n uint16) cell {
	for i := range c.sum {
		c.sum[i] ^= it[i]
	}
	for i := range c.check {
		c.check[i] ^= check[i]
	}
	c.count += n
	return c
}

// minus subtracts another cell.
func (c cell) minus(o cell) cell { return c.with(o.sum, o.check, -o.count) }

// append appends the encoding.
func (c cell) append(b []byte) []byte {
	return binary.BigEndian.AppendUint16(append(append(b, c.sum[:]...), c.check[:]...), c.count)
}

// cellOf reads a cell.
func cellOf(b []byte) cell {
	return cell{item(b), [6]byte(b[16:]), binary.BigEndian.Uint16(b[22:])}
}

// places gives the check of an item, and the cells below most that it is in (CELL-001, CELL-002).
func (p *peer) places(it item, most int) (check [6]byte, list []int) {
	mark := byte('C')
	if p.has("hashes-cells-as-states") {
		mark = 'S'
	}
	var stream []byte
	for n := range 256 {
		h := sum(syncSalt[:], []byte{mark}, it[:], []byte{byte(n)})
		stream = append(stream, h[:]...)
		if n == 0 {
			check = [6]byte(h[:])
			stream = stream[8:]
			if p.has("takes-words-from-the-beginning") {
				stream = h[:]
			}
			list = append(list, 0)
		}
		for len(stream) >= 4 {
			r := uint64(binary.BigEndian.Uint32(stream) >> 1)
			stream = stream[4:]
			i := list[len(list)-1]
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

// sketch makes the first n cells of items.
func (p *peer) sketch(items []item, n int) []cell {
	cells := make([]cell, n)
	for _, it := range items {
		check, places := p.places(it, n)
		for _, at := range places {
			cells[at] = cells[at].with(it, check, 1)
		}
	}
	return cells
}

// agreedCells gives the number of cells that both sides keep; 0 without the capability.
func (l *link) agreedCells() int {
	n, _ := l.agreed.Caps[cellsCap].(int64)
	return int(min(max(n, 0), codec.MaxSyncCells))
}

// cellsGiven is what a responder has given of its cells.
type cellsGiven struct {
	sketch []cell // of the set at the first CELLS
	next   int
}

// answerCells answers CELLS (CELL-013).
func (x *session) answerCells(m codec.SyncCells) error {
	n := x.s.l.agreedCells()
	switch {
	case n == 0 && !x.p.has("answers-cells-without-the-capability"):
		return x.fault("CELL-011", "CELLS without the capability")
	case n == 0:
		n = syncCells
	}
	switch {
	case m.First+m.Count > n && !x.p.has("gives-cells-beyond-the-agreed-number"):
		return x.fault("CELL-014", "cells beyond what was agreed")
	case m.First != x.cells.next && !x.p.has("gives-cells-in-any-order"):
		return x.fault("CELL-014", "cells out of order")
	}
	if len(x.cells.sketch) < m.First+m.Count || x.p.has("gives-cells-of-the-moment") { // there is none yet, or the peer has a bug
		x.cells.sketch = x.p.sketch(x.p.items(), max(n, m.First+m.Count))
	}
	x.cells.next = m.First + m.Count
	given := x.cells.sketch[m.First:x.cells.next]
	if x.p.has("gives-one-cell-less") && len(given) > 1 {
		given = given[:len(given)-1]
	}
	answer := codec.SyncSketch{First: m.First}
	for _, c := range given {
		answer.Cells = c.append(answer.Cells)
	}
	if x.p.has("gives-cells-behind-the-next-answer") {
		x.kept = append(x.kept, answer)
		return nil
	}
	return x.say(answer)
}

// decoder finds the difference between this side's items and those of the cells that have come.
type decoder struct {
	own  []cell
	came []cell
	root codec.SyncDigest // by which the session goes on where the difference does not come out
}

// beginCells asks for cells where they were agreed, once in a session. The root's answer is kept.
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
	if (m.First != q.first || len(m.Cells) != q.cells*codec.SyncCellSize) && !x.p.has("takes-cells-that-it-has-not-asked-for") {
		return x.fault("CELL-014", "other cells than were asked for")
	}
	x.mu.Lock()
	d := x.walk.sketch
	for one := range slices.Chunk(m.Cells, codec.SyncCellSize) {
		d.came = append(d.came, cellOf(one))
	}
	more, some := x.moreCells()
	x.mu.Unlock()
	ours, theirs, whole, sound := x.difference(d)
	switch {
	case whole:
		x.push(x.compare(ours, theirs))
	case sound && some:
		x.push([]question{more})
	case x.p.has("gives-up-behind-its-cells"):
	default: // CELL-009
		x.push(x.longer(d.root))
	}
	return nil
}

// difference decodes what has come. Sound is false where no two sets have such cells (CELL-005).
func (x *session) difference(d *decoder) (ours, theirs []item, whole, sound bool) {
	left := make([]cell, len(d.came))
	for i := range left {
		left[i] = d.came[i]
		if i < len(d.own) {
			left[i] = left[i].minus(d.own[i])
		}
	}
	found := map[item]bool{}
	for at := 0; at < len(left); at++ {
		c := left[at]
		check, places := x.p.places(c.sum, len(left))
		if c.count != 1 && c.count != 65_535 || c.check != check {
			continue
		}
		if found[c.sum] || len(found) == len(left) || !slices.Contains(places, at) {
			return nil, nil, false, false
		}
		found[c.sum] = true
		if c.count == 1 {
			theirs = append(theirs, c.sum)
		} else {
			ours = append(ours, c.sum)
		}
		for _, place := range places {
			left[place] = left[place].minus(c)
		}
		at = -1
	}
	if x.p.has("takes-a-difference-as-whole-too-early") && len(found) > 0 {
		return ours, theirs, true, true
	}
	return ours, theirs, !slices.ContainsFunc(left, func(c cell) bool { return c != cell{} }), true
}
