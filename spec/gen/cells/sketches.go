package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// cell is one as the page defines it: sum, first moment and second moment.
type cell [3]uint64

// put takes an item in, or out.
func (c *cell) put(item bytes16) {
	k, s := binary.BigEndian.Uint64(item[:8]), binary.BigEndian.Uint64(item[8:])
	c[0] ^= s
	c[1] ^= product(k, s)
	c[2] ^= product(product(k, k), s)
}

func (c cell) bytes() (b []byte) {
	for _, n := range c {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// estimateOf gives the estimate of a set.
func estimateOf(items []bytes16) string {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(items)))
	for n := range 16 {
		more := 0
		for _, it := range items {
			if binary.BigEndian.Uint16(it[14:])>>n&1 == 1 {
				more++
			} else {
				more--
			}
		}
		b = append(b, byte(more))
	}
	return hex.EncodeToString(b)
}

// cellsOf gives the first n cells of a set.
func cellsOf(salt bytes16, items []bytes16, n int) []cell {
	cells := make([]cell, n)
	if n == 1 { // every item is in cell 0, so that no place has to be looked for
		for _, it := range items {
			cells[0].put(it)
		}
		return cells
	}
	for _, it := range items {
		for _, at := range placesOf(salt, keyOf(it)) {
			if at < n {
				cells[at].put(it)
			}
		}
	}
	return cells
}

func encode(cells []cell) string {
	text := ""
	for _, c := range cells {
		text += hex.EncodeToString(c.bytes())
	}
	return text
}

// span gives items first to last.
func span(first, last int) (items []bytes16) {
	for n := first; n <= last; n++ {
		items = append(items, numbered(n))
	}
	return items
}

// sketched is the cells and the estimate of the items 1 to count.
type sketched struct {
	ID       string `json:"id"`
	Salt     string `json:"salt"`
	Count    int    `json:"count"`
	Cells    string `json:"cells"`
	Estimate string `json:"estimate"`
}

func sketches() (all []sketched) {
	for _, s := range []struct {
		name        string
		salt        string
		count, size int
	}{
		{"none", zeros, 0, 2}, {"one", zeros, 1, 8}, {"two", zeros, 2, 8}, {"salt", salt1, 2, 8}, {"1000", zeros, 1000, 16}, {"numbers-wrap", zeros, 65_537, 1},
	} {
		items := span(1, s.count)
		cells := cellsOf(raw16(s.salt), items, s.size)
		all = append(all, sketched{fmt.Sprintf("sketch/%s", s.name), s.salt, s.count, encode(cells), estimateOf(items)})
	}
	return all
}
