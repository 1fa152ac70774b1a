package fuzz

import (
	"encoding/binary"
	"slices"

	"handfast/codec"
	"handfast/testdata"
)

// mutate changes an input in one place or a few, and most of the time mends lengths and checksums behind that, so that the change is seen by more than the first check.
// Other is a second input to take parts from, or nil. What comes back is new.
func (g *generator) mutate(c context, b, other []byte) []byte {
	if !g.plain && g.one(3) {
		if r := g.rebuild(c, b); r != nil && len(r) < maxMutated {
			return r
		}
	}
	b = slices.Clone(b)
	for range 1 + g.IntN(1<<g.IntN(3)) {
		b = g.change(b, other)
	}
	if g.plain {
		return b
	}
	switch g.IntN(4) {
	case 0:
	case 1:
		b = repair(c, b, false)
	default:
		b = repair(c, b, true)
	}
	return b
}

// telling are bytes at which parsers decide.
var telling = []byte{0, 1, 2, 0x0F, 0x10, 0x1F, 0x20, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xC4, 0xC6, 0xCC, 0xCF, 0xD0, 0xD3, 0xD9, 0xDB, 0xDC, 0xDF, 0xE0, 0xFE, 0xFF}

// maxMutated is how long an input may grow.
const maxMutated = 1 << 18

func (g *generator) change(b, other []byte) []byte {
	if len(b) == 0 {
		return g.bytes(1 + g.IntN(8))
	}
	at := g.IntN(len(b))
	switch g.IntN(12) {
	case 0, 1:
		b[at] ^= 1 << g.IntN(8)
	case 2:
		b[at] = of(g.random, telling)
	case 3:
		b[at] += byte(g.IntN(7)) - 3
	case 4:
		g.arithmetic(b[at:])
	case 5:
		return slices.Insert(b, at, g.bytes(1+g.IntN(4))...)
	case 6:
		return slices.Delete(b, at, min(len(b), at+1+g.IntN(8)))
	case 7: // a part twice
		n := min(1+g.IntN(32), len(b)-at)
		if len(b)+n > maxMutated {
			return b
		}
		return slices.Insert(b, g.IntN(len(b)+1), slices.Clone(b[at:at+n])...)
	case 8: // two parts in the other order
		n := 1 + g.IntN(16)
		if at+2*n <= len(b) {
			tail := append(slices.Clone(b[at+n:at+2*n]), b[at:at+n]...)
			copy(b[at:], tail)
		}
	case 9:
		return b[:at]
	case 10:
		if len(other) > 0 && len(b)+len(other) < maxMutated {
			from := g.IntN(len(other))
			n := min(1+g.IntN(64), len(other)-from)
			return slices.Insert(b, at, other[from:from+n]...)
		}
	default:
		if len(other) > 0 {
			copy(b[at:], other[g.IntN(len(other)):])
		}
	}
	return b
}

// arithmetic changes an integer by a little, or puts another in its place.
func (g *generator) arithmetic(b []byte) {
	size := 1 << g.IntN(4)
	if size > len(b) {
		return
	}
	b = b[:size]
	v := g.number()
	if g.one(2) {
		v = 0
		for _, c := range b {
			v = v<<8 | uint64(c)
		}
		v += uint64(g.IntN(9)) - 4
	}
	for i := size - 1; i >= 0; i-- {
		b[i] = byte(v)
		v >>= 8
	}
}

// repair makes lengths and checksums of an input right again: the checksums alone, for lengths that lie on purpose, or the lengths as well.
func repair(c context, b []byte, lengths bool) []byte {
	switch c.what {
	case testdata.OpFrame:
		return repairFrame(b, lengths)
	case testdata.OpOpening:
		if len(b) >= codec.OpeningSize {
			copy(b, codec.Magic[:])
			b[8] = codec.Invariants
			if lengths {
				binary.BigEndian.PutUint32(b[16:], uint32(len(b)-codec.OpeningSize))
			}
			repairOpening(b)
		}
	}
	return b
}

// repairOpening makes the checksum right where the body is there.
func repairOpening(b []byte) {
	n := uint64(binary.BigEndian.Uint32(b[16:])) + codec.OpeningSize
	if n > uint64(len(b)) {
		n = uint64(len(b))
	}
	sum := codec.Checksum(append(slices.Clone(b[:20]), b[codec.OpeningSize:n]...))
	binary.BigEndian.PutUint32(b[20:], sum)
}

// repairFrame takes the whole input for one frame.
func repairFrame(b []byte, lengths bool) []byte {
	if len(b) < codec.HeaderSize {
		return b
	}
	if lengths {
		n := max(0, len(b)-codec.HeaderSize-codec.TrailerSize)
		b = b[:codec.HeaderSize+n]
		binary.BigEndian.PutUint32(b[4:], uint32(n))
		sealHeader(b)
		if n == 0 {
			return b
		}
		return binary.BigEndian.AppendUint32(b, trailer(b))
	}
	sealHeader(b)
	n := uint64(binary.BigEndian.Uint32(b[4:]))
	if end := codec.HeaderSize + n; n > 0 && end+codec.TrailerSize <= uint64(len(b)) {
		binary.BigEndian.PutUint32(b[end:], trailer(b[:end]))
	}
	return b
}

// trailer gives the checksum behind a payload: that of header bytes 0-11 and the payload.
func trailer(b []byte) uint32 {
	return codec.Checksum(slices.Concat(b[:12], b[codec.HeaderSize:]))
}
