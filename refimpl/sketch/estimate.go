package sketch

import (
	"encoding/binary"

	"handfast/refimpl/digest"
)

// EstimateSize is the bytes of an estimate as encoded.
const EstimateSize = 18

// Estimate says so much of a set that two of them tell how much differs (CELL-015): the number of items modulo 65,536, and for each bit of their last two
// bytes how many have it less how many have not, modulo 256. The zero Estimate is that of no items.
type Estimate struct {
	items uint16
	bits  [16]uint8
}

// put takes an item in, where by is 1, and out, where it is -1 modulo 2^16.
func (e *Estimate) put(it digest.Item, by uint16) {
	e.items += by
	last := binary.BigEndian.Uint16(it[14:])
	for n := range e.bits {
		e.bits[n] += uint8(by) * uint8(last>>n&1<<1-1)
	}
}

// AppendBinary appends the encoding. The error is always nil.
func (e Estimate) AppendBinary(b []byte) ([]byte, error) {
	return append(binary.BigEndian.AppendUint16(b, e.items), e.bits[:]...), nil
}

// ParseEstimate reads an estimate, all of b. Any 18 bytes are one; the error is an *Error with ReasonSize.
func ParseEstimate(b []byte) (e Estimate, err error) {
	if len(b) != EstimateSize {
		return e, &Error{ReasonSize, len(b)}
	}
	e.items = binary.BigEndian.Uint16(b)
	copy(e.bits[:], b[2:])
	return e, nil
}

// Keys gives about how many key hashes two sets differ in, rounded up: with a standard deviation of 35 of 100, where that is more than a few and less than a
// thousand. A changed object is two items, an added one is one and shows in the numbers. Above, it gives about 2,700 or less, whatever differs.
func (e Estimate) Keys(o Estimate) int {
	more := max(int(int16(e.items-o.items)), -int(int16(e.items-o.items)))
	squares := 0 // 16 times the items that differ
	for n := range e.bits {
		z := int(int8(e.bits[n] - o.bits[n]))
		squares += z * z
	}
	return max((squares+16*more+31)/32, more)
}
