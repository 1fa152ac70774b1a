package sketch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/sketch"
)

// FuzzCells: any bytes are refused or are cells which encode to the same bytes, and no cells do harm.
func FuzzCells(f *testing.F) {
	for _, v := range readVectors(f).Differences {
		raw := make([]byte, len(v.Cells)/2)
		for i := range raw {
			raw[i] = hexByte(v.Cells[2*i])<<4 | hexByte(v.Cells[2*i+1])
		}
		f.Add(raw)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		cells, err := sketch.ParseCells(raw)
		if err != nil {
			var fault *sketch.Error
			require.ErrorAs(t, err, &fault)
			return
		}
		var again []byte
		for _, c := range cells {
			again, _ = c.AppendBinary(again)
		}
		require.Equal(t, len(raw), len(again))
		require.Equal(t, string(raw), string(again))
		_ = checkHostile(t, sketch.NewDecoder(sketchOf(t, [16]byte{}, 1, 50, 130)), cells)
	})
}

// FuzzScript lets somebody who knows the salt put true items where he likes.
func FuzzScript(f *testing.F) {
	f.Add([]byte{0, 1, 1, 1, 0, 2, 2, 1})
	f.Add([]byte{0, 1, 0, 2, 0, 3, 1, 1, 5, 2})
	f.Fuzz(func(t *testing.T, acts []byte) {
		_ = checkHostile(t, sketch.NewDecoder(sketchOf(t, [16]byte{}, 0, 7, 32)), script(t, acts, 32))
	})
}

func hexByte(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
