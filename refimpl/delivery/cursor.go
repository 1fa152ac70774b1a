package delivery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"handfast/codec"
)

// Cursor is what a receiver knows of a channel. A sink that can commit it together with the effect of a record makes a record
// count once, even when the process dies (CHAN-023). It is a value: Add changes only this copy, if the copy was made by Clone.
type Cursor struct {
	ID      [16]byte
	Lineage codec.Lineage
	Stable  uint64        // every number up to this one is applied or consumed
	Ranges  []codec.Range // above Stable, ascending, with a gap between them; as many as records may be outstanding, plus 1
	Dup     uint64        // records up to this one may have been applied before
	Checks  uint64        // how often a CHECK was owed
	Checked uint64        // how many of these a repair has answered
}

// ErrCursor says that bytes are no cursor.
var ErrCursor = errors.New("delivery: not a cursor")

// Clone gives a copy that shares nothing.
func (c Cursor) Clone() Cursor {
	c.Lineage, c.Ranges = slices.Clone(c.Lineage), slices.Clone(c.Ranges)
	return c
}

// Has tells whether the number was applied or consumed: a record of this number is a duplicate.
func (c *Cursor) Has(seq uint64) bool {
	if seq <= c.Stable {
		return true
	}
	_, in := numbers(c.Ranges).at(seq)
	return in
}

// Add notes that first to last are applied or consumed. Numbers that it has already are no fault.
func (c *Cursor) Add(first, last uint64) {
	if last <= c.Stable {
		return
	}
	if len(c.Ranges) == 0 && first <= c.Stable+1 { // nearly always
		c.Stable = last
		return
	}
	c.Ranges = numbers(c.Ranges).add(max(first, c.Stable+1), last)
	c.settle()
}

// settle moves Stable over what follows on it.
func (c *Cursor) settle() {
	if len(c.Ranges) > 0 && c.Ranges[0].First <= c.Stable+1 {
		c.Stable = max(c.Stable, c.Ranges[0].Last)
		c.Ranges = slices.Delete(c.Ranges, 0, 1)
	}
}

// missing lists the parts of first to last that the cursor does not have.
func (c *Cursor) missing(first, last uint64) []codec.Range {
	if last <= c.Stable {
		return nil
	}
	return numbers(c.Ranges).missing(max(first, c.Stable+1), last)
}

// cut takes away what is above point.
func (c *Cursor) cut(point uint64) {
	c.Stable = min(c.Stable, point)
	c.Ranges = numbers(c.Ranges).remove(point+1, codec.MaxSeq)
}

// top is the greatest number that the cursor has.
func (c *Cursor) top() uint64 {
	if n := len(c.Ranges); n > 0 {
		return c.Ranges[n-1].Last
	}
	return c.Stable
}

// CheckOwed tells whether a repair has still to run (CHAN-021).
func (c *Cursor) CheckOwed() bool { return c.Checks > c.Checked }

const (
	cursorVersion = 1
	cursorFixed   = 4 + 16 + 5*8 + 1 + 4 // without lineage, ranges and checksum
)

// AppendBinary appends the stored form: "HFC", the version, the fields big-endian, and their CRC-32C. The error is always nil.
func (c *Cursor) AppendBinary(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, 'H', 'F', 'C', cursorVersion)
	b = append(b, c.ID[:]...)
	for _, n := range []uint64{c.Stable, c.Dup, c.Checks, c.Checked, 0} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = append(b, byte(len(c.Lineage)))
	for _, e := range c.Lineage {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, e.Epoch), e.Nonce), e.First)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.Ranges)))
	for _, r := range c.Ranges {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, r.First), r.Last)
	}
	return binary.BigEndian.AppendUint32(b, codec.Checksum(b[start:])), nil
}

// DecodeCursor reads the stored form, all of b. What was changed, cut or written by another version is ErrCursor: a receiver that
// goes on with half a cursor applies records twice, one that begins anew answers `lost` and a repair follows.
func DecodeCursor(b []byte) (Cursor, error) {
	bad := func(why string) (Cursor, error) { return Cursor{}, fmt.Errorf("%w: %s", ErrCursor, why) }
	if len(b) < cursorFixed+4 || string(b[:3]) != "HFC" {
		return bad("no stored form")
	}
	if b[3] != cursorVersion {
		return bad("another version")
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != sum {
		return bad("the checksum is wrong")
	}
	var c Cursor
	rest := body[4+copy(c.ID[:], body[4:]):]
	u64 := func() uint64 {
		n := binary.BigEndian.Uint64(rest)
		rest = rest[8:]
		return n
	}
	c.Stable, c.Dup, c.Checks, c.Checked = u64(), u64(), u64(), u64()
	u64() // reserved
	starts := int(rest[0])
	rest = rest[1:]
	if starts > codec.MaxLineage || len(rest) < starts*24+4 {
		return bad("the lineage does not fit")
	}
	for range starts {
		e := codec.Epoch{Epoch: u64(), Nonce: u64(), First: u64()}
		if e.First == 0 || e.First > codec.MaxSeq+1 {
			return bad("an entry of the lineage is out of range")
		}
		c.Lineage = append(c.Lineage, e)
	}
	count := binary.BigEndian.Uint32(rest)
	rest = rest[4:]
	if uint64(len(rest)) != uint64(count)*16 {
		return bad("the ranges do not fit")
	}
	below := c.Stable
	for i := range count {
		r := codec.Range{First: u64(), Last: u64()}
		if r.Last < r.First || r.Last > codec.MaxSeq || r.First <= below || r.First-below < 2 {
			return bad(fmt.Sprintf("range %d is not canonical", i))
		}
		below = r.Last
		c.Ranges = append(c.Ranges, r)
	}
	if c.Stable > codec.MaxSeq || c.Dup > codec.MaxSeq {
		return bad("a number out of range")
	}
	return c, nil
}
