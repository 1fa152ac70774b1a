package sketch

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Change is a key hash under which two sets differ, and the sum of the states of both sides: of one object on each side, or of one that only one side has.
type Change struct{ Key, Delta [8]byte }

// Decoder finds the difference between the set of a sketch and that of cells which arrive from elsewhere.
//
// Its memory and work are bounded by the sketch, whatever arrives: 33 bytes for each of its cells, at most as many key hashes found as cells
// taken, and for each of these one walk through its places.
type Decoder struct {
	salt [16]byte
	own  Estimate
	// diff is what the two sides have not in common, less what was found: whole in the first used cells, and in the others all
	// but the cells of the other side.
	diff   []Cell
	used   int
	filled int   // of the first used, how many are not empty
	queue  []int // cells among the first used that may have one key hash alone, each once
	queued []bool
	places []int // of the key hash at hand
	found  map[uint64]uint64
	expect int // key hashes, by the estimate of the other side
	err    error
}

// NewDecoder makes a decoder against a sketch, which it copies.
func NewDecoder(own *Sketch) *Decoder {
	return &Decoder{salt: own.salt, own: own.Estimate(), diff: slices.Clone(own.cells), queued: make([]bool, len(own.cells)), found: map[uint64]uint64{}}
}

// Add takes the next cells of the other side, in the order of their places from 0. It stops when the difference is whole: cells behind that
// are ignored. The error is an *Error: ReasonRange for more cells than the sketch has, ReasonPlace, ReasonTwice or ReasonMany
// for cells that no two sets have. Then the decoder is of no more use, and gives the same error again.
func (d *Decoder) Add(cells []Cell) error {
	for _, c := range cells {
		if d.err != nil || d.Done() {
			break
		}
		d.take(c)
	}
	return d.err
}

func (d *Decoder) take(c Cell) {
	if d.used == len(d.diff) {
		d.err = &Error{ReasonRange, d.used}
		return
	}
	i := d.used
	d.used++
	d.diff[i] = d.diff[i].Plus(c)
	if d.diff[i].Empty() {
		return
	}
	d.filled++
	d.push(i)
	for len(d.queue) > 0 && d.err == nil {
		last := len(d.queue) - 1
		at := d.queue[last]
		d.queue, d.queued[at] = d.queue[:last], false
		d.peel(at)
	}
}

// peel takes the key hash of a cell out of all cells, if the cell has one alone.
func (d *Decoder) peel(at int) {
	c := d.diff[at]
	k, ok := c.single()
	if !ok {
		return
	}
	if reason := d.refuse(k, at); reason != 0 {
		d.err = &Error{reason, at}
		return
	}
	d.found[k] = c.sum
	for _, place := range d.places {
		d.without(place, c)
	}
}

// refuse gives the reason why no two sets have a key hash alone in this cell, 0 for none, and leaves its places in d.places. Without these rules
// a peer that knows the salt makes key hashes come out and back in for ever.
func (d *Decoder) refuse(k uint64, at int) Reason {
	if _, ok := d.found[k]; ok {
		return ReasonTwice
	}
	if len(d.found) == d.used {
		return ReasonMany
	}
	w := newWalk(d.salt, k)
	in := false
	d.places = d.places[:0]
	for ok := true; ok && w.place < len(d.diff); ok = w.step() {
		d.places = append(d.places, w.place)
		in = in || w.place == at
	}
	if !in {
		return ReasonPlace
	}
	return 0
}

// without takes one key hash out of a cell.
func (d *Decoder) without(at int, one Cell) {
	was := d.diff[at]
	now := was.Plus(one)
	d.diff[at] = now
	if at >= d.used {
		return
	}
	if was.Empty() {
		d.filled++
	}
	if now.Empty() {
		d.filled--
	} else {
		d.push(at)
	}
}

func (d *Decoder) push(at int) {
	if !d.queued[at] {
		d.queued[at] = true
		d.queue = append(d.queue, at)
	}
}

// Done tells whether the difference is whole: at least one cell was taken, and every one is explained by the key hashes found.
func (d *Decoder) Done() bool { return d.err == nil && d.used > 0 && d.filled == 0 }

// Used gives the number of cells taken.
func (d *Decoder) Used() int { return d.used }

// Found gives how many key hashes have come out so far.
func (d *Decoder) Found() int { return len(d.found) }

// Difference gives the key hashes under which the two sides differ, as far as they are found, ascending; all of them when Done. Cells do not say which
// side has an object: its owner looks at its own.
func (d *Decoder) Difference() []Change {
	list := make([]Change, 0, len(d.found))
	for k, delta := range d.found {
		var one Change
		binary.BigEndian.PutUint64(one.Key[:], k)
		binary.BigEndian.PutUint64(one.Delta[:], delta)
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Compare(binary.BigEndian.Uint64(a.Key[:]), binary.BigEndian.Uint64(b.Key[:]))
	})
	return list
}
