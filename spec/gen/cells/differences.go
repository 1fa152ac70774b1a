package main

import (
	"encoding/hex"
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
	Theirs []string `json:"only_theirs,omitempty"`
	Own    []string `json:"only_ours,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Cell   int      `json:"cell,omitempty"`
}

func differences() []difference {
	return []difference{
		between("equal", "two equal sets: one cell", zeros, 1, 50, 1, 50, 4),
		between("nothing", "two empty sets", zeros, 1, 0, 1, 0, 1),
		between("one-theirs", "one item that the other side has", zeros, 1, 50, 1, 51, 8),
		between("one-ours", "one item that the other side lacks", zeros, 1, 51, 1, 50, 8),
		between("two", "one item of each side", zeros, 1, 50, 2, 51, 32),
		between("salt", "the same with another salt", salt1, 1, 50, 2, 51, 32),
		between("all-theirs", "a side that has nothing", zeros, 1, 0, 1, 20, 60),
		between("40", "20 items of each side, 1,000 of both", zeros, 1, 1020, 21, 1040, 120),
		between("too-few", "too few cells for 40 items", zeros, 1, 1020, 21, 1040, 30),
		otherSalt(), misplaced(), again(),
	}
}

// between makes the difference of two spans, and counts the cells that it takes.
func between(id, title, salt string, ours1, ours2, theirs1, theirs2, size int) difference {
	d := difference{ID: "difference/" + id, Title: title, Salt: salt, Ours: [2]int{ours1, ours2}, Result: "more"}
	key := raw16(salt)
	ours, theirs := span(ours1, ours2), span(theirs1, theirs2)
	cells := cellsOf(key, theirs, size)
	d.Cells = encode(cells)
	onlyTheirs, onlyOurs := without(theirs, ours), without(ours, theirs)
	for n := 1; n <= size; n++ {
		if decodes(key, onlyTheirs, onlyOurs, n) {
			d.Result, d.Used = "done", n
			d.Theirs, d.Own = texts(onlyTheirs), texts(onlyOurs)
			break
		}
	}
	return d
}

func without(items, others []bytes16) (left []bytes16) {
	for _, it := range items {
		if !slices.Contains(others, it) {
			left = append(left, it)
		}
	}
	return left
}

func texts(items []bytes16) (list []string) {
	for _, it := range items {
		list = append(list, hex.EncodeToString(it[:]))
	}
	slices.Sort(list)
	return list
}

// decodes tells whether the first n cells give the difference: as long as one holds a single item, that one is taken out of all.
// It knows the items, and so needs no checks.
func decodes(salt bytes16, onlyTheirs, onlyOurs []bytes16, n int) bool {
	in := make([]map[bytes16]bool, n)
	for i := range in {
		in[i] = map[bytes16]bool{}
	}
	for _, it := range slices.Concat(onlyTheirs, onlyOurs) {
		for _, at := range placesOf(salt, it) {
			if at < n {
				in[at][it] = true
			}
		}
	}
	for found := true; found; {
		found = false
		for i := range in {
			if len(in[i]) != 1 {
				continue
			}
			for it := range in[i] {
				for j := range in {
					delete(in[j], it)
				}
			}
			found = true
		}
	}
	return !slices.ContainsFunc(in, func(m map[bytes16]bool) bool { return len(m) > 0 })
}

// otherSalt is cells that nothing can be made of.
func otherSalt() difference {
	d := between("other-salt", "cells made with another salt", zeros, 1, 50, 2, 51, 32)
	d.Cells = encode(cellsOf(raw16(salt1), span(2, 51), 32))
	d.Result, d.Used, d.Theirs, d.Own = "more", 0, nil, nil
	return d
}

// beside gives the first three items of which cell 1 has the first alone, and of which none is in cell 2.
func beside() []bytes16 {
	var alone bytes16
	var others []bytes16
	for n := 1; len(others) < 2 || alone == (bytes16{}); n++ {
		list := placesOf(bytes16{}, numbered(n))
		switch in1, in2 := slices.Contains(list, 1), slices.Contains(list, 2); {
		case in1 && !in2 && alone == (bytes16{}):
			alone = numbered(n)
		case !in1 && !in2 && len(others) < 2:
			others = append(others, numbered(n))
		}
	}
	return append([]bytes16{alone}, others...)
}

// misplaced is a cell with an item alone that is not in it.
func misplaced() difference {
	items := beside()
	cells := cellsOf(bytes16{}, items, 4)
	cells[1] = cell{}
	cells[1].put(bytes16{}, items[1], 1)
	return difference{
		ID: "difference/misplaced", Title: "a cell has an item alone that is not in it", Salt: zeros, Ours: [2]int{1, 0}, Cells: encode(cells),
		Result: "refused", Reason: "place", Cell: 1,
	}
}

// again is a cell with an item alone that has come out of another.
func again() difference {
	items := beside()
	cells := cellsOf(bytes16{}, items, 4)
	cells[2] = cell{}
	cells[2].put(bytes16{}, items[0], 1)
	return difference{
		ID: "difference/again", Title: "an item comes out twice", Salt: zeros, Ours: [2]int{1, 0}, Cells: encode(cells),
		Result: "refused", Reason: "twice", Cell: 2,
	}
}
