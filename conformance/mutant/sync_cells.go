package mutant

import (
	"encoding/binary"
	"slices"
	"sort"

	"handfast/codec"
)

// cell is the sum of some items (spec/cells.md): sum, first moment and second moment.
type cell [3]uint64

// plus adds another cell, which is the same as taking it out.
func (c cell) plus(o cell) cell { return cell{c[0] ^ o[0], c[1] ^ o[1], c[2] ^ o[2]} }

// append appends the encoding.
func (c cell) append(b []byte) []byte {
	for _, n := range c {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// readCell reads a cell.
func readCell(b []byte) cell {
	return cell{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])}
}

// cellOf is what an item is in each of its cells (CELL-001).
func (p *peer) cellOf(it item) cell {
	k, s := binary.BigEndian.Uint64(it[:]), binary.BigEndian.Uint64(it[8:])
	if p.has("reads-key-hashes-from-the-other-end") {
		k = binary.LittleEndian.Uint64(it[:])
	}
	c := cell{s, p.times(k, s), p.times(k, p.times(k, s))}
	switch {
	case p.has("leaves-second-moments-out"):
		c[2] = 0
	case p.has("squares-states-for-key-hashes"):
		c[2] = p.times(p.times(s, s), k)
	case p.has("sums-key-hashes-as-they-are"):
		c[1] = k
	}
	return c
}

// places gives the cells below most that an item is in (CELL-002).
func (p *peer) places(it item, most int) []int {
	mark, of, skip := byte('C'), it[:8], 0
	switch {
	case p.has("hashes-cells-as-states"):
		mark = 'S'
	case p.has("takes-places-of-items"):
		of = it[:]
	case p.has("takes-words-from-behind-a-check"):
		skip = 8
	}
	list := []int{0}
	for n := range 256 {
		h := sum(syncSalt[:], []byte{mark}, of, []byte{byte(n)})
		words := h[:]
		if n == 0 {
			words = words[skip:]
		}
		for one := range slices.Chunk(words, 4) {
			r, i := uint64(binary.BigEndian.Uint32(one)>>1), list[len(list)-1]
			next := i + 1 + sort.Search(codec.MaxSyncCells-i-1, func(k int) bool {
				j := uint64(i + 1 + k)
				return (j+1)*(j+2)*r >= uint64(i+1)*uint64(i+2)<<31
			})
			if next >= most {
				return list
			}
			list = append(list, next)
		}
	}
	return list
}

// sketch makes the first n cells of items.
func (p *peer) sketch(items []item, n int) []cell {
	cells := make([]cell, n)
	for _, it := range items {
		c := p.cellOf(it)
		for _, at := range p.places(it, n) {
			cells[at] = cells[at].plus(c)
		}
	}
	if p.has("offers-more-cells-than-it-keeps") && n > syncCells/2 {
		clear(cells[syncCells/2:])
	}
	return cells
}

// estimate says how many items there are, and of each bit of their last two bytes how often it is set (CELL-015).
func (p *peer) estimate() []byte {
	items := p.items()
	p.store.mu.Lock()
	items = append(items, p.store.replaced...)
	p.store.mu.Unlock()
	b := make([]byte, 18)
	binary.BigEndian.PutUint16(b, uint16(len(items)))
	for _, it := range items {
		last := binary.BigEndian.Uint16(it[14:])
		if p.has("estimates-by-key-hashes") {
			last = binary.BigEndian.Uint16(it[6:])
		}
		for n := range 16 {
			bit := n
			if p.has("counts-bits-from-the-other-end") {
				bit = 15 - n
			}
			switch {
			case last>>bit&1 == 1:
				b[2+n]++
			case !p.has("counts-bits-that-are-set-alone"):
				b[2+n]--
			}
		}
	}
	return b
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
	if m.Estimate || m.First == 0 && x.p.has("gives-estimates-unasked") {
		answer.Estimate = x.p.estimate()
	}
	for _, c := range given {
		answer.Cells = c.append(answer.Cells)
	}
	if x.p.has("gives-cells-behind-the-next-answer") {
		x.kept = append(x.kept, answer)
		return nil
	}
	return x.say(answer)
}
