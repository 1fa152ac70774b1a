package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// cell is one as the page defines it.
type cell struct {
	sum   bytes16
	check [6]byte
	count uint16
}

// put takes an item in, n times.
func (c *cell) put(salt, item bytes16, n uint16) {
	check := checkOf(salt, item)
	for i := range c.sum {
		c.sum[i] ^= item[i]
	}
	for i := range c.check {
		c.check[i] ^= check[i]
	}
	c.count += n
}

func (c cell) bytes() []byte {
	b := append(c.sum[:], c.check[:]...)
	return binary.BigEndian.AppendUint16(b, c.count)
}

// cellsOf gives the first n cells of a set.
func cellsOf(salt bytes16, items []bytes16, n int) []cell {
	cells := make([]cell, n)
	if n == 1 { // every item is in cell 0, so that no place has to be looked for
		for _, it := range items {
			cells[0].put(salt, it, 1)
		}
		return cells
	}
	for _, it := range items {
		for _, at := range placesOf(salt, it) {
			if at < n {
				cells[at].put(salt, it, 1)
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

// sketched is the cells of the items 1 to count.
type sketched struct {
	ID    string `json:"id"`
	Salt  string `json:"salt"`
	Count int    `json:"count"`
	Cells string `json:"cells"`
}

func sketches() (all []sketched) {
	for _, s := range []struct {
		name        string
		salt        string
		count, size int
	}{
		{"none", zeros, 0, 2}, {"one", zeros, 1, 8}, {"two", zeros, 2, 8}, {"salt", salt1, 2, 8}, {"1000", zeros, 1000, 16}, {"count-wraps", zeros, 65_537, 1},
	} {
		cells := cellsOf(raw16(s.salt), span(1, s.count), s.size)
		all = append(all, sketched{fmt.Sprintf("sketch/%s", s.name), s.salt, s.count, encode(cells)})
	}
	return all
}
