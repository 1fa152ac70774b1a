package sketch

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"math"

	"handfast/refimpl/digest"
)

// stream is H(salt, "C", item, n) for n = 0, 1, ...: check, and the words that decide the places (CELL-002).
type stream struct {
	in    [34]byte // salt, 'C', item, n
	block [sha256.Size]byte
	at    int // of the next word in block
}

// checkSize is the bytes at the beginning of the stream that are the check; the words come behind two more that nothing uses.
const (
	checkSize  = 6
	firstWord  = 8
	blockCount = 33 // offset of n
)

func newStream(salt [16]byte, it digest.Item) (s stream) {
	copy(s.in[:], salt[:])
	s.in[16] = 'C'
	copy(s.in[17:], it[:])
	s.block = sha256.Sum256(s.in[:])
	s.at = firstWord
	return s
}

// check is that of the item (CELL-001), a number of 48 bits.
func (s *stream) check() uint64 {
	return binary.BigEndian.Uint64(s.block[:]) >> (64 - 8*checkSize)
}

// next gives a number below 2^31. n does not wrap: a walk has at most 65,534 steps in theory and 40 in practice, and ends at the 256th
// block, as the page says.
func (s *stream) next() (r uint64, ok bool) {
	if s.at == len(s.block) {
		if s.in[blockCount] == 255 {
			return 0, false
		}
		s.in[blockCount]++
		s.block = sha256.Sum256(s.in[:])
		s.at = 0
	}
	r = uint64(binary.BigEndian.Uint32(s.block[s.at:]) >> 1)
	s.at += 4
	return r, true
}

// walk is the places of one item: 0 first, then each behind the other.
type walk struct {
	stream
	place int
}

// step goes to the next place. ok is false where there is none below MaxCells.
func (w *walk) step() (ok bool) {
	r, ok := w.next()
	if !ok {
		return false
	}
	w.place = after(w.place, r)
	return w.place < MaxCells
}

// after gives the smallest j for which (j+1)(j+2)*r is at least (i+1)(i+2)*2^31, MaxCells where there is none below it (CELL-002). r is
// below 2^31 and i below MaxCells, so that no product reaches 2^63.
//
// An item is in cell j with the probability 2/(j+2); so the next place is above j with that of (i+1)(i+2)/((j+1)(j+2)), the
// product of all the cells between that it is not in. No j up to i can be the result, because r is below 2^31.
func after(i int, r uint64) int {
	const end = MaxCells * (MaxCells + 1) // (j+1)(j+2) of the last cell
	a := uint64(i+1) * uint64(i+2) << 31
	if r == 0 || a > end*r {
		return MaxCells
	}
	need := (a + r - 1) / r
	root := isqrt(need)
	if root*(root+1) >= need {
		return int(root - 1)
	}
	return int(root)
}

// isqrt gives the greatest integer whose square is at most n, for n below 2^40. The floating-point root only saves time: what it gives is put
// right, so that the result is the same on every machine.
func isqrt(n uint64) uint64 {
	root := uint64(math.Sqrt(float64(n)))
	for root*root > n {
		root--
	}
	for (root+1)*(root+1) <= n {
		root++
	}
	return root
}

// Places gives the cells that an item is in, ascending, from 0 (CELL-002).
func Places(salt [16]byte, it digest.Item) iter.Seq[int] {
	return func(yield func(int) bool) {
		w := walk{stream: newStream(salt, it)}
		for ok := true; ok; ok = w.step() {
			if !yield(w.place) {
				return
			}
		}
	}
}

// Check gives the six bytes by which a cell shows that it holds the item alone (CELL-001).
func Check(salt [16]byte, it digest.Item) (check [6]byte) {
	s := newStream(salt, it)
	copy(check[:], s.block[:])
	return check
}
