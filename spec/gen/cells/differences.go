package main

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
)

// difference is the items ours[0] to ours[1] of the side that decodes, the cells of the other, and what comes out.
type difference struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Salt   string   `json:"salt"`
	Ours   [2]int   `json:"ours"`
	Cells  string   `json:"cells"`
	Result string   `json:"result"` // done, more, refused
	Used   int      `json:"used,omitempty"`
	Found  []string `json:"found,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Cell   int      `json:"cell,omitempty"`
}

func differences() []difference {
	return []difference{
		between("equal", "two equal sets: one cell", zeros, 1, 50, 1, 50, 4),
		between("nothing", "two empty sets", zeros, 1, 0, 1, 0, 1),
		between("one-theirs", "one object that the other side has", zeros, 1, 50, 1, 51, 8),
		between("one-ours", "one object that the other side lacks", zeros, 1, 51, 1, 50, 8),
		between("two", "one object of each side", zeros, 1, 50, 2, 51, 32),
		between("salt", "the same with another salt", salt1, 1, 50, 2, 51, 32),
		between("all-theirs", "a side that has nothing", zeros, 1, 0, 1, 20, 60),
		between("40", "20 objects of each side, 1,000 of both", zeros, 1, 1020, 21, 1040, 120),
		between("too-few", "too few cells for 40 objects", zeros, 1, 1020, 21, 1040, 30),
		changed("changed", "one object with another state", 1, 50, 1, 8),
		changed("changed-20", "20 objects with other states", 20, 200, 0, 60),
		otherSalt(), misplaced(), again(),
	}
}

// between makes the difference of two spans, and counts the cells that it takes.
func between(id, title, salt string, ours1, ours2, theirs1, theirs2, size int) difference {
	return differ(id, title, salt, [2]int{ours1, ours2}, span(theirs1, theirs2), size)
}

// changed makes the difference to a side that has other states of the first objects, and so many objects more.
func changed(id, title string, changes, objects, more, size int) difference {
	theirs := span(1, objects+more)
	for n := range changes {
		other := numbered(1_000_000 + n)
		copy(theirs[n][8:], other[8:])
	}
	return differ(id, title, zeros, [2]int{1, objects}, theirs, size)
}

func differ(id, title, salt string, ours [2]int, theirs []bytes16, size int) difference {
	d := difference{ID: "difference/" + id, Title: title, Salt: salt, Ours: ours, Result: "more"}
	key := raw16(salt)
	d.Cells = encode(cellsOf(key, theirs, size))
	deltas := map[[8]byte]uint64{}
	for _, it := range slices.Concat(span(ours[0], ours[1]), theirs) {
		deltas[keyOf(it)] ^= binary.BigEndian.Uint64(it[8:])
	}
	maps.DeleteFunc(deltas, func(_ [8]byte, delta uint64) bool { return delta == 0 })
	for n := 1; n <= size; n++ {
		if !decodes(key, deltas, n) {
			continue
		}
		d.Result, d.Used = "done", n
		for kh, delta := range deltas {
			d.Found = append(d.Found, hex.EncodeToString(kh[:])+hex16(delta))
		}
		slices.Sort(d.Found)
		break
	}
	return d
}

// decodes tells whether the first n cells give the difference: as long as one holds a single key hash, that one is taken out of all.
// It knows the key hashes, and so needs no sums.
func decodes(salt bytes16, deltas map[[8]byte]uint64, n int) bool {
	in := make([]map[[8]byte]bool, n)
	for i := range in {
		in[i] = map[[8]byte]bool{}
	}
	for kh := range deltas {
		for _, at := range placesOf(salt, kh) {
			if at < n {
				in[at][kh] = true
			}
		}
	}
	for found := true; found; {
		found = false
		for i := range in {
			if len(in[i]) != 1 {
				continue
			}
			for kh := range in[i] {
				for j := range in {
					delete(in[j], kh)
				}
			}
			found = true
		}
	}
	return !slices.ContainsFunc(in, func(m map[[8]byte]bool) bool { return len(m) > 0 })
}

// otherSalt is cells that nothing can be made of.
func otherSalt() difference {
	d := between("other-salt", "cells made with another salt", zeros, 1, 50, 2, 51, 32)
	d.Cells = encode(cellsOf(raw16(salt1), span(2, 51), 32))
	d.Result, d.Used, d.Found = "more", 0, nil
	return d
}

// beside gives the first three items of which cell 1 has the first alone, and of which none is in cell 2.
func beside() []bytes16 {
	var alone bytes16
	var others []bytes16
	for n := 1; len(others) < 2 || alone == (bytes16{}); n++ {
		list := placesOf(bytes16{}, keyOf(numbered(n)))
		switch in1, in2 := slices.Contains(list, 1), slices.Contains(list, 2); {
		case in1 && !in2 && alone == (bytes16{}):
			alone = numbered(n)
		case !in1 && !in2 && len(others) < 2:
			others = append(others, numbered(n))
		}
	}
	return append([]bytes16{alone}, others...)
}

// misplaced is a cell with a key hash alone that is not in it.
func misplaced() difference {
	items := beside()
	cells := cellsOf(bytes16{}, items, 4)
	cells[1] = cell{}
	cells[1].put(items[1])
	return difference{
		ID: "difference/misplaced", Title: "a cell has a key hash alone that is not in it", Salt: zeros, Ours: [2]int{1, 0}, Cells: encode(cells),
		Result: "refused", Reason: "place", Cell: 1,
	}
}

// again is a cell with a key hash alone that has come out of another.
func again() difference {
	items := beside()
	cells := cellsOf(bytes16{}, items, 4)
	cells[2] = cell{}
	cells[2].put(items[0])
	return difference{
		ID: "difference/again", Title: "a key hash comes out twice", Salt: zeros, Ours: [2]int{1, 0}, Cells: encode(cells),
		Result: "refused", Reason: "twice", Cell: 2,
	}
}
