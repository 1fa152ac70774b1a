package delivery

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// TestCursorIsASet holds random Adds and cuts against a map.
func TestCursorIsASet(t *testing.T) {
	const most = 200
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var c Cursor
		want := map[uint64]bool{}
		for range 60 {
			first := 1 + rng.Uint64N(most)
			last := first + rng.Uint64N(12)
			if rng.IntN(20) == 0 {
				c.cut(first)
				for n := range want {
					if n > first {
						delete(want, n)
					}
				}
			} else {
				fresh := 0
				for _, r := range c.missing(first, last) {
					for n := r.First; n <= r.Last; n++ {
						fresh++
						require.False(t, want[n], "seed %d", seed)
					}
				}
				was := c.Stable
				c.Add(first, last)
				require.GreaterOrEqual(t, c.Stable, was, "stable never falls")
				for n := first; n <= last; n++ {
					if !want[n] {
						fresh--
					}
					want[n] = true
				}
				require.Zero(t, fresh, "seed %d: missing lists exactly what is missing", seed)
			}
			requireCanonical(t, &c)
			for n := uint64(1); n < most+20; n++ {
				if want[n] != c.Has(n) {
					t.Fatalf("seed %d, number %d: want %v", seed, n, want[n])
				}
			}
		}
	}
}

// requireCanonical: one state has one form.
func requireCanonical(t *testing.T, c *Cursor) {
	t.Helper()
	below := c.Stable
	for _, r := range c.Ranges {
		require.Greater(t, r.First, below+1)
		require.GreaterOrEqual(t, r.Last, r.First)
		below = r.Last
	}
}

func TestCursorStored(t *testing.T) {
	for _, c := range []Cursor{
		{},
		*known(),
		{ID: [16]byte{15: 9}, Lineage: starts(1, 2, 3), Stable: codec.MaxSeq, Dup: codec.MaxSeq, Checks: 7, Checked: 6},
	} {
		b, err := c.AppendBinary([]byte("before"))
		require.NoError(t, err)
		b = b[len("before"):]
		again, err := DecodeCursor(b)
		require.NoError(t, err)
		require.Equal(t, c, again)
		for i := range b {
			_, err := DecodeCursor(b[:i])
			require.ErrorIs(t, err, ErrCursor, "%d bytes", i)
			bad := append([]byte{}, b...)
			bad[i] ^= 1
			_, err = DecodeCursor(bad)
			require.ErrorIs(t, err, ErrCursor, "byte %d", i)
		}
		_, err = DecodeCursor(append(b, 0))
		require.ErrorIs(t, err, ErrCursor)
	}
}

// TestCursorOfABadWriter: the checksum is right, and what it covers is not.
func TestCursorOfABadWriter(t *testing.T) {
	for name, c := range map[string]Cursor{
		"ranges touch":    {Stable: 3, Ranges: []codec.Range{{First: 5, Last: 6}, {First: 7, Last: 8}}},
		"range of stable": {Stable: 3, Ranges: []codec.Range{{First: 4, Last: 6}}},
		"range backwards": {Stable: 3, Ranges: []codec.Range{{First: 6, Last: 5}}},
		"over the last":   {Stable: 3, Ranges: []codec.Range{{First: 6, Last: codec.MaxSeq + 1}}},
		"stable":          {Stable: codec.MaxSeq + 1},
		"a start at 0":    {Lineage: starts(1, 70, 0)},
		"nine starts":     {Lineage: starts(make([]uint64, 27)...)},
	} {
		b, _ := c.AppendBinary(nil)
		_, err := DecodeCursor(b)
		require.ErrorIs(t, err, ErrCursor, name)
	}
}

func FuzzCursor(f *testing.F) {
	b, _ := known().AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeCursor(b)
		if err != nil {
			return
		}
		requireCanonical(t, &c)
		again, _ := c.AppendBinary(nil)
		require.Equal(t, len(b), len(again))
	})
}
