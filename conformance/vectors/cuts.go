package vectors

import (
	"math/rand/v2"
	"slices"
)

// Up to where everything is tried, and how much of what is longer.
const (
	everyOffset  = 64  // inputs of up to so many bytes, and the first bytes of longer ones, are cut at every position
	sampled      = 24  // positions behind them
	byteByByte   = 512 // bytes at the beginning that come one by one
	lastBytes    = 32  // bytes at the end that come one by one
	oncePrefixes = 3   // prefixes where each costs a process
)

// positions gives the offsets inside an input of n bytes at which it is cut: all that are near its beginning, near its end and near where a
// fault is, and a sample of the others.
func positions(n, at int, random *rand.Rand) []int {
	var list []int
	for i := range min(n, everyOffset) {
		list = append(list, i)
	}
	if n > everyOffset {
		for _, near := range []int{at, n} {
			for i := max(near-3, everyOffset); i < min(near+3, n); i++ {
				list = append(list, i)
			}
		}
		for range sampled {
			list = append(list, everyOffset+random.IntN(n-everyOffset))
		}
		slices.Sort(list)
		list = slices.Compact(list)
	}
	return list
}

// singly gives the cuts by which an input comes byte by byte. The middle of a long one comes as a whole.
func singly(n int) []int {
	var list []int
	for i := 1; i < n; i++ {
		if i <= byteByByte || i >= n-lastBytes {
			list = append(list, i)
		}
	}
	return list
}
