package sketch

import (
	"encoding/binary"

	"handfast/refimpl/digest"
)

// CellSize is the bytes of a cell as encoded.
const CellSize = 24

// Cell is three sums over the items of one cell (CELL-001), in the field: of the state hash s, of k*s, and of k*k*s, where k is the key hash.
// The zero Cell has no items. An item that is put in a second time is out again.
type Cell struct{ sum, first, second uint64 }

// cellOf is the cell that has one item, or the change of one.
func cellOf(k, s uint64) Cell {
	m := multiplesOf(k)
	first := m.times(s)
	return Cell{s, first, m.times(first)}
}

// halves are key hash and state hash of an item.
func halves(it digest.Item) (k, s uint64) {
	return binary.BigEndian.Uint64(it[:8]), binary.BigEndian.Uint64(it[8:])
}

// Plus gives a cell with the items of both, without those that both have.
func (c Cell) Plus(o Cell) Cell { return Cell{c.sum ^ o.sum, c.first ^ o.first, c.second ^ o.second} }

// Empty tells whether nothing is in the cell.
func (c Cell) Empty() bool { return c == Cell{} }

// single gives the key hash of a cell that has one alone. Two are never taken for one: sum*second + first*first is then the product of the two states
// and of the square of the sum of the two key hashes, none of which is 0. Three and more are, by a chance of 2^-64,
// and where an odd number of them has one state: states are hashes, so that nobody has such by accident.
func (c Cell) single() (k uint64, ok bool) {
	if c.sum == 0 || times(c.sum, c.second) != square(c.first) {
		return 0, false
	}
	return times(c.first, inverse(c.sum)), true
}

// AppendBinary appends the encoding. The error is always nil.
func (c Cell) AppendBinary(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint64(b, c.sum)
	b = binary.BigEndian.AppendUint64(b, c.first)
	return binary.BigEndian.AppendUint64(b, c.second), nil
}

// ParseCells reads cells (CELL-004), all of b, which it does not alias. Any 24 bytes are a cell. The error is an *Error with ReasonSize, or with ReasonRange
// for more than MaxCells. Memory is as much as b.
func ParseCells(b []byte) ([]Cell, error) {
	if len(b)%CellSize != 0 {
		return nil, &Error{ReasonSize, len(b)}
	}
	if len(b) > MaxCells*CellSize {
		return nil, &Error{ReasonRange, len(b) / CellSize}
	}
	cells := make([]Cell, len(b)/CellSize)
	for i := range cells {
		one := b[i*CellSize:]
		cells[i] = Cell{binary.BigEndian.Uint64(one), binary.BigEndian.Uint64(one[8:]), binary.BigEndian.Uint64(one[16:])}
	}
	return cells, nil
}
