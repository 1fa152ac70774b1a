package sketch

import "handfast/refimpl/digest"

// Decoder finds the difference between the set of a sketch and that of cells which arrive from elsewhere.
//
// Its memory and work are bounded by the sketch, whatever arrives: 40 bytes for each of its cells, at most as many items found as cells
// taken, and for each item one walk through its places.
type Decoder struct {
	salt [16]byte
	// diff is what the other side has and this one has not, less the items found: whole in the first used cells, and in the others all
	// but the cells of the other side.
	diff   []Cell
	used   int
	filled int   // of the first used, how many are not empty
	queue  []int // cells among the first used that may have one item alone, each once
	queued []bool
	places []int // of the item at hand
	found  map[digest.Item]struct{}
	theirs []digest.Item
	ours   []digest.Item
	sum    uint64 // of what each cell taken but the first has said about the number of items that differ
	err    error
}

// NewDecoder makes a decoder against a sketch, which it copies.
func NewDecoder(own *Sketch) *Decoder {
	d := &Decoder{salt: own.salt, diff: make([]Cell, len(own.cells)), queued: make([]bool, len(own.cells)), found: map[digest.Item]struct{}{}}
	for i, c := range own.cells {
		d.diff[i] = Cell{}.Minus(c)
	}
	return d
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
	d.sum += d.guess(i)
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

// guess gives the number of items that differ, as far as one cell tells, and none for the first. With n items not found yet, and more of
// the other side than of this one by a surplus, which cell 0 counts, the count of cell i has the mean surplus*p and the variance
// n*p*(1-p), where p is 2/(i+2). So n is the mean of (count*(i+2) - 2*surplus)^2 / (2*i).
func (d *Decoder) guess(i int) uint64 {
	if i == 0 {
		return 0
	}
	off := int64(int16(d.diff[i].count))*int64(i+2) - 2*int64(int16(d.diff[0].count)) // below 2^32
	return min(uint64(off*off)/uint64(2*i), 1<<32) + uint64(len(d.found))             // what a hostile side says does not make the sum wrap
}

// Estimate gives how many items differ, about: with a standard deviation of 18 of 100 behind 64 cells, and of 4.5 behind 1,024, where there are many. At most
// MaxCells, which is more than come out of any cells, and 0 before the second cell.
func (d *Decoder) Estimate() int {
	if d.used < 2 {
		return 0
	}
	return int(min(d.sum/uint64(d.used-1), MaxCells))
}

// peel takes the item of a cell out of all cells, if the cell has one alone.
func (d *Decoder) peel(at int) {
	c := d.diff[at]
	if !c.maybeSingle() {
		return
	}
	it := c.item()
	w := walk{stream: newStream(d.salt, it)}
	if w.check() != c.check {
		return
	}
	if reason := d.refuse(it, at, &w); reason != 0 {
		d.err = &Error{reason, at}
		return
	}
	d.found[it] = struct{}{}
	if c.count == 1 {
		d.theirs = append(d.theirs, it)
	} else {
		d.ours = append(d.ours, it)
	}
	for _, place := range d.places {
		d.without(place, c)
	}
}

// refuse gives the reason why no two sets have an item alone in this cell, 0 for none, and leaves its places in d.places. Without these rules
// a peer that knows the salt makes items come out and back in for ever.
func (d *Decoder) refuse(it digest.Item, at int, w *walk) Reason {
	if _, ok := d.found[it]; ok {
		return ReasonTwice
	}
	if len(d.found) == d.used {
		return ReasonMany
	}
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

// without takes one item out of a cell.
func (d *Decoder) without(at int, one Cell) {
	was := d.diff[at]
	now := was.Minus(one)
	d.diff[at] = now
	if at >= d.used {
		return
	}
	if was.Empty() {
		d.filled++
	}
	if now.Empty() {
		d.filled--
	} else if now.maybeSingle() {
		d.push(at)
	}
}

func (d *Decoder) push(at int) {
	if !d.queued[at] {
		d.queued[at] = true
		d.queue = append(d.queue, at)
	}
}

// Done tells whether the difference is whole: at least one cell was taken, and every one is explained by the items found.
func (d *Decoder) Done() bool { return d.err == nil && d.used > 0 && d.filled == 0 }

// Used gives the number of cells taken.
func (d *Decoder) Used() int { return d.used }

// Difference gives the items that only the other side has, and those that only this side has, as far as they are found; all of them when
// Done. The order means nothing. They are the decoder's own. A hostile side can put an item into the wrong list, because no check covers
// counts: an item of ours that is not in the set, or of theirs that is, is a sign of that.
func (d *Decoder) Difference() (theirs, ours []digest.Item) { return d.theirs, d.ours }
