package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// maxCells is the number of cells that a sketch may have.
const maxCells = 65_535

type bytes16 = [16]byte

// Salts, as they are written.
var (
	zeros = strings.Repeat("00", 16)
	salt1 = "000102030405060708090a0b0c0d0e0f"
	salt2 = strings.Repeat("ff", 16)
)

func raw16(text string) (b bytes16) {
	if n, err := hex.Decode(b[:], []byte(text)); err != nil || n != len(b) {
		panic("not 16 bytes: " + text) // a constant of this program
	}
	return b
}

func raw8(text string) (b [8]byte) {
	if n, err := hex.Decode(b[:], []byte(text)); err != nil || n != len(b) {
		panic("not 8 bytes: " + text) // a constant of this program
	}
	return b
}

// numbered is item n: the first 16 bytes of H(n in 8 bytes).
func numbered(n int) bytes16 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return bytes16(sum[:16])
}

// keyOf is the key hash of an item.
func keyOf(item bytes16) [8]byte { return [8]byte(item[:8]) }

// stream gives the first blocks of H(salt, "C", key hash, n) for n = 0, 1, ...
func stream(salt bytes16, key [8]byte, blocks int) (b []byte) {
	for n := range blocks {
		in := append(append(append([]byte{}, salt[:]...), 'C'), key[:]...)
		sum := sha256.Sum256(append(in, byte(n)))
		b = append(b, sum[:]...)
	}
	return b
}

// placesOf gives the cells of a key hash by the definition: each time the smallest j that fulfils the inequality, by trying them in steps of halves.
func placesOf(salt bytes16, key [8]byte) []int {
	words := stream(salt, key, 256)
	list := []int{0}
	for i := 0; len(words) > 0; words = words[4:] {
		r := uint64(binary.BigEndian.Uint32(words) / 2)
		enough := func(j int) bool { return uint64(j+1)*uint64(j+2)*r >= uint64(i+1)*uint64(i+2)<<31 }
		if !enough(maxCells - 1) {
			break
		}
		low, high := i, maxCells-1 // low is not enough, high is
		for high-low > 1 {
			if middle := (low + high) / 2; enough(middle) {
				high = middle
			} else {
				low = middle
			}
		}
		i = high
		list = append(list, i)
	}
	return list
}

// placed is a key hash with its places.
type placed struct {
	ID     string `json:"id"`
	Salt   string `json:"salt"`
	Key    string `json:"key"`
	Places []int  `json:"places"`
}

func places() (all []placed) {
	for _, p := range []placed{
		{ID: "places/example", Salt: zeros, Key: hex16(exampleKey)},
		{ID: "places/salt", Salt: salt1, Key: hex16(exampleKey)},
		{ID: "places/zeros", Salt: zeros, Key: zeros[:16]},
		{ID: "places/ones", Salt: salt2, Key: salt2[:16]},
		{ID: "places/1", Salt: zeros, Key: number(1)},
		{ID: "places/2", Salt: zeros, Key: number(2)},
		{ID: "places/3", Salt: salt1, Key: number(3)},
		{ID: "places/few", Salt: zeros, Key: number(extreme(fewest))},
		{ID: "places/many", Salt: zeros, Key: number(extreme(most))},
		{ID: "places/last-cell", Salt: zeros, Key: number(lastCell())},
	} {
		p.Places = placesOf(raw16(p.Salt), raw8(p.Key))
		all = append(all, p)
	}
	return all
}

func number(n int) string {
	it := numbered(n)
	return hex.EncodeToString(it[:8])
}

func fewest(a, b int) bool { return a < b }

func most(a, b int) bool { return a > b }

// extreme gives the item among the first thousand whose key hash has the fewest or the most places.
func extreme(better func(a, b int) bool) (best int) {
	found := 0
	for n := 1; n <= 1000; n++ {
		if k := len(placesOf(bytes16{}, keyOf(numbered(n)))); best == 0 || better(k, found) {
			best, found = n, k
		}
	}
	return best
}

// lastCell gives the item among the first thousand whose last place is the greatest.
func lastCell() (best int) {
	found := 0
	for n := 1; n <= 1000; n++ {
		list := placesOf(bytes16{}, keyOf(numbered(n)))
		if last := list[len(list)-1]; last > found {
			best, found = n, last
		}
	}
	return best
}
