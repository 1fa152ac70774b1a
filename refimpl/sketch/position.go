package sketch

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"math"
)

// stream is H(salt, "C", k, n) for n = 0, 1, ..., k the key hash: the words that decide the places (CELL-002).
type stream struct {
	in    [26]byte // salt, 'C', k, n
	block [sha256.Size]byte
	at    int // of the next word in block
}

const blockCount = 25 // offset of n

func newStream(salt [16]byte, k uint64) (s stream) {
	copy(s.in[:], salt[:])
	s.in[16] = 'C'
	binary.BigEndian.PutUint64(s.in[17:], k)
	s.block = sha256.Sum256(s.in[:])
	return s
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

// walk is the places of one key hash: 0 first, then each behind the other.
type walk struct {
	stream
	place int
}

func newWalk(salt [16]byte, k uint64) walk { return walk{stream: newStream(salt, k)} }

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
// A key hash is in cell j with the probability 2/(j+2); so the next place is above j with that of (i+1)(i+2)/((j+1)(j+2)), the
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

// Places gives the cells that the items of a key hash are in, ascending, from 0 (CELL-002).
func Places(salt [16]byte, key [8]byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		w := newWalk(salt, binary.BigEndian.Uint64(key[:]))
		for ok := true; ok; ok = w.step() {
			if !yield(w.place) {
				return
			}
		}
	}
}
