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

// numbered is item n: the first 16 bytes of H(n in 8 bytes).
func numbered(n int) bytes16 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return bytes16(sum[:16])
}

// stream gives the first blocks of H(salt, "C", item, n) for n = 0, 1, ...
func stream(salt, item bytes16, blocks int) (b []byte) {
	for n := range blocks {
		in := append(append(append([]byte{}, salt[:]...), 'C'), item[:]...)
		sum := sha256.Sum256(append(in, byte(n)))
		b = append(b, sum[:]...)
	}
	return b
}

func checkOf(salt, item bytes16) [6]byte { return [6]byte(stream(salt, item, 1)) }

// placesOf gives the cells of an item by the definition: each time the smallest j that fulfils the inequality, by trying them in steps of halves.
func placesOf(salt, item bytes16) []int {
	words := stream(salt, item, 256)[8:]
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

// placed is an item with its places.
type placed struct {
	ID     string `json:"id"`
	Salt   string `json:"salt"`
	Item   string `json:"item"`
	Check  string `json:"check"`
	Places []int  `json:"places"`
}

func places() (all []placed) {
	for _, p := range []placed{
		{ID: "places/example", Salt: zeros, Item: "4babc122ebc054f83b246ee3b09eb5fa"},
		{ID: "places/salt", Salt: salt1, Item: "4babc122ebc054f83b246ee3b09eb5fa"},
		{ID: "places/zeros", Salt: zeros, Item: zeros},
		{ID: "places/ones", Salt: salt2, Item: salt2},
		{ID: "places/1", Salt: zeros, Item: number(1)},
		{ID: "places/2", Salt: zeros, Item: number(2)},
		{ID: "places/3", Salt: salt1, Item: number(3)},
		{ID: "places/few", Salt: zeros, Item: number(extreme(fewest))},
		{ID: "places/many", Salt: zeros, Item: number(extreme(most))},
		{ID: "places/last-cell", Salt: zeros, Item: number(lastCell())},
	} {
		salt, item := raw16(p.Salt), raw16(p.Item)
		check := checkOf(salt, item)
		p.Check, p.Places = hex.EncodeToString(check[:]), placesOf(salt, item)
		all = append(all, p)
	}
	return all
}

func number(n int) string {
	it := numbered(n)
	return hex.EncodeToString(it[:])
}

func fewest(a, b int) bool { return a < b }

func most(a, b int) bool { return a > b }

// extreme gives the item among the first thousand with the fewest or most places.
func extreme(better func(a, b int) bool) (best int) {
	found := 0
	for n := 1; n <= 1000; n++ {
		if k := len(placesOf(bytes16{}, numbered(n))); best == 0 || better(k, found) {
			best, found = n, k
		}
	}
	return best
}

// lastCell gives the item among the first thousand whose last place is the greatest.
func lastCell() (best int) {
	found := 0
	for n := 1; n <= 1000; n++ {
		list := placesOf(bytes16{}, numbered(n))
		if last := list[len(list)-1]; last > found {
			best, found = n, last
		}
	}
	return best
}
