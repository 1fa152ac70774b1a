package sketch

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowTimes is the definition: the carry-less product bit by bit, each multiple of x reduced at once.
func slowTimes(a, b uint64) (product uint64) {
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			product ^= a
		}
		carry := a >> 63
		a = a<<1 ^ carry*0x1b
	}
	return product
}

// fieldSamples are numbers at the edges, and others.
func fieldSamples() []uint64 {
	list := []uint64{0, 1, 2, 3, 0x1b, 1 << 31, 1 << 32, 1 << 60, 1 << 61, 1 << 62, 1 << 63, 1<<64 - 1, 1<<63 - 1, 0xf000_0000_0000_0000}
	rng := rand.New(rand.NewPCG(1, 20))
	for range 200 {
		list = append(list, rng.Uint64()>>rng.IntN(64))
	}
	return list
}

func TestField(t *testing.T) {
	list := fieldSamples()
	for _, a := range list {
		require.Equal(t, slowTimes(a, a), square(a), "%x", a)
		m := multiplesOf(a)
		for _, b := range list {
			if m.times(b) != slowTimes(a, b) {
				t.Fatalf("%x * %x is %x, not %x", a, b, m.times(b), slowTimes(a, b))
			}
		}
		if a != 0 {
			require.EqualValues(t, 1, times(a, inverse(a)), "%x", a)
		}
	}
	require.Zero(t, inverse(0))
}

// TestTwoAreNeverSingle: two key hashes in a cell are not taken for one, whatever their states are, and one always is.
func TestTwoAreNeverSingle(t *testing.T) {
	list := fieldSamples()
	for n, k1 := range list {
		for m, k2 := range list[:n] {
			s1, s2 := list[(n*7+m)%len(list)], list[(n+m*5+1)%len(list)]
			got, ok := cellOf(k1, s1).single()
			require.Equal(t, s1 != 0, ok)
			if ok {
				require.Equal(t, k1, got)
			}
			if k1 == k2 || s1 == 0 || s2 == 0 {
				continue
			}
			if k, ok := cellOf(k1, s1).Plus(cellOf(k2, s2)).single(); ok {
				t.Fatalf("%x of %x, %x and %x, %x", k, k1, s1, k2, s2)
			}
		}
	}
	_, ok := Cell{}.single()
	require.False(t, ok)
}

func BenchmarkField(b *testing.B) {
	x := uint64(0x123456789abcdef1)
	b.Run("times", func(b *testing.B) {
		for b.Loop() {
			x = times(x, 0xfedcba9876543211)
		}
	})
	b.Run("inverse", func(b *testing.B) {
		for b.Loop() {
			x = inverse(x) ^ 1<<50
		}
	})
	b.Run("cell", func(b *testing.B) {
		for b.Loop() {
			x = cellOf(x, 0xfedcba9876543211).second
		}
	})
}
