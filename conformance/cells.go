package conformance

import (
	"crypto/sha256"
	"encoding/binary"
	"sort"

	"handfast/codec"
)

// The cells of spec/cells.md with a salt of zeros, as plain as the page has them: nothing here is fast.

// fieldProduct multiplies in the field of 2^64 elements: without carry, modulo x^64 + x^4 + x^3 + x + 1.
func fieldProduct(a, b uint64) (product uint64) {
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			product ^= a
		}
		beyond := a >> 63
		a = a<<1 ^ beyond*0x1B
	}
	return product
}

// fieldInverse gives a^(2^64-2), which is 1/a for all but 0.
func fieldInverse(a uint64) uint64 {
	power, inverse := a, uint64(1)
	for range 63 {
		power = fieldProduct(power, power)
		inverse = fieldProduct(inverse, power)
	}
	return inverse
}

// placesOf gives the cells below most that the items of a key hash are in, ascending.
func placesOf(kh [8]byte, most int) []int {
	places := []int{0}
	for n := range 256 {
		h := sha256.Sum256(append(append(append(make([]byte, 16), 'C'), kh[:]...), byte(n)))
		for words := h[:]; len(words) > 0; words = words[4:] {
			r, i := uint64(binary.BigEndian.Uint32(words)>>1), places[len(places)-1]
			next := i + 1 + sort.Search(codec.MaxSyncCells-i-1, func(k int) bool {
				j := uint64(i + 1 + k)
				return (j+1)*(j+2)*r >= uint64(i+1)*uint64(i+2)<<31
			})
			if next >= most {
				return places
			}
			places = append(places, next)
		}
	}
	return places
}

// cellOf is what one item is in each of its cells: s, k*s and k*k*s.
func cellOf(item [16]byte) (b [codec.SyncCellSize]byte) {
	k, s := binary.BigEndian.Uint64(item[:]), binary.BigEndian.Uint64(item[8:])
	for n := range 3 {
		binary.BigEndian.PutUint64(b[8*n:], s)
		s = fieldProduct(s, k)
	}
	return b
}

// sketchOf gives the first n cells of items.
func sketchOf(items [][16]byte, n int) []byte {
	b := make([]byte, n*codec.SyncCellSize)
	for _, item := range items {
		for _, at := range placesOf([8]byte(item[:]), n) {
			putCell(b, at, item)
		}
	}
	return b
}

// putCell adds an item to the cell at a place, or takes it out.
func putCell(cells []byte, at int, item [16]byte) {
	for i, b := range cellOf(item) {
		cells[at*codec.SyncCellSize+i] ^= b
	}
}

// estimateOf gives the estimate of items.
func estimateOf(items [][16]byte) []byte {
	b := make([]byte, codec.SyncEstimateSize)
	binary.BigEndian.PutUint16(b, uint16(len(items)))
	for _, item := range items {
		last := binary.BigEndian.Uint16(item[14:])
		for n := range 16 {
			if last>>n&1 != 0 {
				b[2+n]++
			} else {
				b[2+n]--
			}
		}
	}
	return b
}
