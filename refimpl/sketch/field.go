package sketch

// The field of 2^64 elements (spec/cells.md, Field): bit n of a number is the coefficient of x^n. A sum is without carry, which Go writes ^; a product is
// modulo x^64 + x^4 + x^3 + x + 1. Nothing here allocates, and no input makes anything slower than another.

// multiples are the products of one number with all polynomials of 4 bits. Who multiplies by it more than once makes them once.
type multiples [16]uint64

func multiplesOf(a uint64) (m multiples) {
	m[1] = a
	for i := 2; i < len(m); i += 2 {
		m[i] = m[i/2]<<1 ^ m[i/2]>>63*0x1b
		m[i+1] = m[i] ^ a
	}
	return m
}

// times gives the product with b, of which each step takes 4 bits.
func (m *multiples) times(b uint64) uint64 {
	var high, low uint64
	for shift := 60; shift >= 0; shift -= 4 {
		high = high<<4 | low>>60
		low = low<<4 ^ m[b>>shift&15]
	}
	return reduce(high, low)
}

// reduce gives high*x^64 + low. x^64 is x^4 + x^3 + x + 1, so that high leaves a second carry of 4 bits, and that one none.
func reduce(high, low uint64) uint64 {
	over := high>>63 ^ high>>61 ^ high>>60
	high ^= over
	return low ^ high ^ high<<1 ^ high<<3 ^ high<<4
}

func times(a, b uint64) uint64 {
	m := multiplesOf(a)
	return m.times(b)
}

// square is the product of a number with itself: its bits with a 0 between each two.
func square(a uint64) uint64 { return reduce(spread(a>>32), spread(a&0xffff_ffff)) }

// spread puts bit n of a number of 32 bits in the place 2n.
func spread(a uint64) uint64 {
	a = (a | a<<16) & 0x0000_ffff_0000_ffff
	a = (a | a<<8) & 0x00ff_00ff_00ff_00ff
	a = (a | a<<4) & 0x0f0f_0f0f_0f0f_0f0f
	a = (a | a<<2) & 0x3333_3333_3333_3333
	return (a | a<<1) & 0x5555_5555_5555_5555
}

// inverse gives a^(2^64-2): the number whose product with a is 1, and 0 for 0.
func inverse(a uint64) uint64 {
	power, bits := a, 1 // a^(2^bits-1)
	for bits < 63 {     // 1, 3, 7, 15, 31, 63
		twice := power
		for range bits {
			twice = square(twice)
		}
		power = times(square(times(twice, power)), a)
		bits = 2*bits + 1
	}
	return square(power)
}
