package mutant

// times multiplies in the field of 2^64 elements (spec/cells.md): all 128 bits first, and then modulo x^64 + x^4 + x^3 + x + 1.
func (p *peer) times(a, b uint64) uint64 {
	var high, low uint64
	for i := range 64 {
		if b>>i&1 == 1 {
			low ^= a << i
			high ^= a >> (64 - i)
		}
	}
	tail := [3]int{1, 3, 4}
	if p.has("reduces-by-another-polynomial") {
		tail = [3]int{2, 3, 4}
	}
	for high != 0 {
		low ^= high
		var over uint64
		for _, n := range tail {
			low ^= high << n
			over ^= high >> (64 - n)
		}
		high = over
	}
	return low
}

// inverse gives 1/a, as a^(2^64-2); 0 for 0.
func (p *peer) inverse(a uint64) uint64 {
	result := a
	for range 62 { // 2^1-1, 2^2-1, and so on to 2^63-1
		result = p.times(p.times(result, result), a)
	}
	return p.times(result, result)
}
