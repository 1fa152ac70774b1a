package sketch

// firstCells is what a difference of ten items takes mostly, and less than two levels of fingerprints.
const firstCells = 32

// Budget gives the cells that are enough for a difference of so many items in more than 99.5 of 100 cases: for who has an estimate and a long
// way, and wants to ask once. The mean is 1.35 cells an item for many, and 1.8 for few.
func Budget(items int) int {
	if items >= MaxCells {
		return MaxCells
	}
	return min(64+max(items, 0)*3/2, MaxCells)
}

// Next gives how many cells to ask for next, by what the cells so far say: 1.05 to 1.1 times those that it takes in the end are asked for in
// three or four turns, where more than 30 objects are changed. 0 says that the difference is whole, the decoding has ended, or the own sketch has no more:
// fingerprints have to do it.
func (d *Decoder) Next() int {
	left := len(d.diff) - d.used
	switch {
	case d.err != nil || d.Done():
		return 0
	case d.used == 0:
		return min(firstCells, left)
	}
	items := d.Estimate()
	more := items*11/8 + 5 - d.used
	if d.used < items/2 { // the estimate is rough still
		more -= more / 4
	}
	return min(max(more, 5, d.used/16), left)
}
