package sketch

import (
	"slices"

	"handfast/refimpl/digest"
)

// Sketch is the first cells of a set of items, and their estimate, kept up to date with it: 24 bytes of memory for each cell, whatever the number of items.
// It does not know which items it has; who adds one twice, or removes one that was not added, has a sketch of no set.
type Sketch struct {
	salt     [16]byte
	cells    []Cell
	estimate Estimate
	items    uint64
}

// New makes the sketch of nothing, with 1 to MaxCells cells; salt is that of the items. The error is an *Error with ReasonRange.
func New(salt [16]byte, cells int) (*Sketch, error) {
	if cells < 1 || cells > MaxCells {
		return nil, &Error{ReasonRange, cells}
	}
	return &Sketch{salt: salt, cells: make([]Cell, cells)}, nil
}

// Add takes in an item: about 2 ln(cells/2) of the cells change.
func (s *Sketch) Add(it digest.Item) {
	s.items++
	s.estimate.put(it, 1)
	s.sum(halves(it))
}

// Remove takes an item out.
func (s *Sketch) Remove(it digest.Item) {
	s.items--
	s.estimate.put(it, 0xffff)
	s.sum(halves(it))
}

// Change puts one item in the place of another. Where they have one key hash, the same cells change once.
func (s *Sketch) Change(old, it digest.Item) {
	k, was := halves(old)
	if now, is := halves(it); k == now {
		s.estimate.put(old, 0xffff)
		s.estimate.put(it, 1)
		s.sum(k, was^is)
		return
	}
	s.Remove(old)
	s.Add(it)
}

// sum puts a state in the cells of a key hash, or takes it out, or does both with the sum of two states.
func (s *Sketch) sum(k, state uint64) {
	one := cellOf(k, state)
	w := newWalk(s.salt, k)
	for ok := true; ok && w.place < len(s.cells); ok = w.step() {
		s.cells[w.place] = s.cells[w.place].Plus(one)
	}
}

// Estimate gives that of the items.
func (s *Sketch) Estimate() Estimate { return s.estimate }

// Len gives the number of cells.
func (s *Sketch) Len() int { return len(s.cells) }

// Items gives the number of items.
func (s *Sketch) Items() uint64 { return s.items }

// Prefix gives a copy of the first cells, at least one and at most all: what a session works on while the set changes. It shares nothing.
func (s *Sketch) Prefix(cells int) *Sketch {
	n := min(max(cells, 1), len(s.cells))
	return &Sketch{salt: s.salt, cells: slices.Clone(s.cells[:n]), estimate: s.estimate, items: s.items}
}

// Cells gives up to n cells from a place on, fewer at the end of the sketch, and none outside it. They are the sketch's own: do not change them,
// nor the sketch while they are used.
func (s *Sketch) Cells(from, n int) []Cell {
	if from < 0 || from >= len(s.cells) || n <= 0 {
		return nil
	}
	return s.cells[from : from+min(n, len(s.cells)-from)]
}

// AppendCells appends the encoding of Cells.
func (s *Sketch) AppendCells(b []byte, from, n int) []byte {
	cells := s.Cells(from, n)
	b = slices.Grow(b, len(cells)*CellSize)
	for _, c := range cells {
		b, _ = c.AppendBinary(b) // never an error
	}
	return b
}

// AppendEstimate appends the encoding of the estimate.
func (s *Sketch) AppendEstimate(b []byte) []byte {
	b, _ = s.estimate.AppendBinary(b) // never an error
	return b
}
