package fuzz

import "math/rand/v2"

// random is the source of all choices of one worker. It is not safe for concurrent use.
type random struct{ *rand.Rand }

func newRandom(seed, stream uint64) random {
	return random{rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // to be repeated
}

// one tells whether a thing happens that happens once in n times.
func (r random) one(n int) bool { return r.IntN(n) == 0 }

// of picks an element. The list is not empty.
func of[T any](r random, list []T) T { return list[r.IntN(len(list))] }

// bytes makes n bytes: random ones, equal ones, or ascending ones.
func (r random) bytes(n int) []byte {
	b := make([]byte, n)
	switch r.IntN(4) {
	case 0:
		c := byte(r.Uint32())
		for i := range b {
			b[i] = c
		}
	case 1:
		for i := range b {
			b[i] = byte(i)
		}
	default:
		r.fill(b)
	}
	return b
}

func (r random) fill(b []byte) {
	for i := 0; i < len(b); i += 8 {
		v := r.Uint64()
		for k := i; k < min(i+8, len(b)); k++ {
			b[k] = byte(v)
			v >>= 8
		}
	}
}

// number makes an integer that parsers get wrong more often than others: near a power of two, small, or anything.
func (r random) number() uint64 {
	switch r.IntN(8) {
	case 0, 1:
		return uint64(r.IntN(17))
	case 2:
		return r.Uint64()
	case 3:
		return uint64(r.Uint32())
	}
	return uint64(1)<<r.IntN(64) + uint64(r.IntN(5)) - 2
}

// size makes a length: small most of the time, and now and then one near a bound.
func (r random) size(most int, bounds ...int) int {
	n := 0
	switch r.IntN(6) {
	case 0, 1, 2:
		n = r.IntN(9)
	case 3:
		n = r.IntN(80)
	case 4:
		if len(bounds) > 0 {
			n = of(r, bounds) + r.IntN(3) - 1
		}
	default:
		n = int(r.number() % 300)
	}
	return max(0, min(n, most))
}
