package sketch

// Expect takes the estimate of the other side, by which Next goes.
func (d *Decoder) Expect(theirs Estimate) { d.expect = d.own.Keys(theirs) }

// enough gives the cells that are enough in about 95 of 100 cases where so many key hashes are expected: 1.4 each, and twice as many, because the estimate is
// half of the truth in 5 of 100.
func enough(expect int) int { return expect*28/10 + 6 }

// Next gives how many cells to ask for next. 0 says that the difference is whole, the decoding has ended, or the own sketch has no more: fingerprints
// have to do it.
func (d *Decoder) Next() int {
	left := len(d.diff) - d.used
	switch {
	case d.err != nil || d.Done():
		return 0
	case d.used <= 1:
		return min(max(enough(d.expect)-d.used, 1), left)
	case d.used >= 1_024: // the estimate has told its most
		return min(d.used, left)
	default: // how many are missing, nothing says
		return min(max(d.used/2, 5), left)
	}
}
