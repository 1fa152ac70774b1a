package sketch

import (
	"encoding/binary"

	"handfast/refimpl/digest"
)

// CellSize is the bytes of a cell as encoded.
const CellSize = 24

// Cell is what the items of one cell have in common: the sum of their bytes and checks without carry, and their number modulo 2^16.
// The zero Cell has no items.
type Cell struct {
	hi, lo uint64 // of the items
	check  uint64 // 48 bits
	count  uint16
}

// single is the cell that holds one item.
func single(it digest.Item, check uint64) Cell {
	return Cell{binary.BigEndian.Uint64(it[:8]), binary.BigEndian.Uint64(it[8:]), check, 1}
}

// Plus gives a cell with the items of both.
func (c Cell) Plus(o Cell) Cell {
	return Cell{c.hi ^ o.hi, c.lo ^ o.lo, c.check ^ o.check, c.count + o.count}
}

// Minus gives what stays of c without the items of o. What both have is gone; what o alone has counts below zero.
func (c Cell) Minus(o Cell) Cell {
	return Cell{c.hi ^ o.hi, c.lo ^ o.lo, c.check ^ o.check, c.count - o.count}
}

// Empty tells whether nothing is in the cell.
func (c Cell) Empty() bool { return c == Cell{} }

// maybeSingle tells whether the count is that of one item, of either side.
func (c Cell) maybeSingle() bool { return c.count == 1 || c.count == 0xffff }

// item gives the sum, which is the item where the cell has one.
func (c Cell) item() (it digest.Item) {
	binary.BigEndian.PutUint64(it[:8], c.hi)
	binary.BigEndian.PutUint64(it[8:], c.lo)
	return it
}

// AppendBinary appends the encoding. The error is always nil.
func (c Cell) AppendBinary(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint64(b, c.hi)
	b = binary.BigEndian.AppendUint64(b, c.lo)
	return binary.BigEndian.AppendUint64(b, c.check<<16|uint64(c.count)), nil
}

// ParseCells reads cells (CELL-004), all of b, which it does not alias. Any 24 bytes are a cell. The error is an *Error with ReasonSize, or with ReasonRange
// for more than MaxCells. Memory is 4/3 of b.
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
		tail := binary.BigEndian.Uint64(one[16:])
		cells[i] = Cell{binary.BigEndian.Uint64(one), binary.BigEndian.Uint64(one[8:]), tail >> 16, uint16(tail)}
	}
	return cells, nil
}
