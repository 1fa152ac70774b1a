package conformance

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// TestField holds the suite's own arithmetic to what makes a field of it, and to products that were made by hand.
func TestField(t *testing.T) {
	const x = 2
	for _, row := range []struct{ a, b, product uint64 }{
		{0, 7, 0}, {1, 7, 7}, {3, 3, 5}, {1 << 63, x, 0x1B}, {1 << 32, 1 << 32, 0x1B},
	} {
		require.Equal(t, row.product, fieldProduct(row.a, row.b), "%x * %x", row.a, row.b)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		a, b, c := random.Uint64()|1, random.Uint64(), random.Uint64()
		require.Equal(t, fieldProduct(a, b), fieldProduct(b, a))
		require.Equal(t, fieldProduct(fieldProduct(a, b), c), fieldProduct(a, fieldProduct(b, c)))
		require.Equal(t, fieldProduct(a, b^c), fieldProduct(a, b)^fieldProduct(a, c))
		require.Equal(t, uint64(1), fieldProduct(a, fieldInverse(a)))
	}
	power := uint64(x)
	for range 64 {
		power = fieldProduct(power, power)
	}
	require.Equal(t, uint64(x), power, "x^(2^64) is x")
}

// TestCells: what one item and what two leave in a cell, and that nothing is left of what was taken out.
func TestCells(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var items [][16]byte
	for range 50 {
		var item [16]byte
		for i := range item {
			item[i] = byte(random.Uint32())
		}
		items = append(items, item)
	}
	parts := func(cell []byte) (a, b, c uint64) {
		return binary.BigEndian.Uint64(cell), binary.BigEndian.Uint64(cell[8:]), binary.BigEndian.Uint64(cell[16:])
	}
	for i, item := range items {
		a, b, c := parts(sketchOf(items[i:i+1], 1))
		require.Equal(t, fieldProduct(a, c), fieldProduct(b, b))
		require.Equal(t, binary.BigEndian.Uint64(item[:]), fieldProduct(b, fieldInverse(a)))
		require.Equal(t, binary.BigEndian.Uint64(item[8:]), a)
		if i > 0 {
			a, b, c = parts(sketchOf(items[i-1:i+1], 1))
			require.NotEqual(t, fieldProduct(a, c), fieldProduct(b, b), "two items are not one")
		}
	}
	const n = 64
	whole := sketchOf(items, n)
	require.Equal(t, whole[:8*codec.SyncCellSize], sketchOf(items, 8))
	for _, item := range items {
		for _, at := range placesOf([8]byte(item[:]), n) {
			putCell(whole, at, item)
		}
	}
	require.Equal(t, make([]byte, len(whole)), whole)
}

// TestCellExample holds them to the example of spec/cells.md, which no peer of this module has made.
func TestCellExample(t *testing.T) {
	item := itemIn("users", []byte("ann"), example())
	require.Equal(t, []int{0, 7, 24, 27, 79, 128, 160, 317, 882, 1063, 1609, 2273, 5969, 12737, 14449, 32495, 65040}, placesOf([8]byte(item[:]), codec.MaxSyncCells))
	require.Equal(t, "3b246ee3b09eb5fac3e97b2b280c8bf00a16dffc7274162d", hex.EncodeToString(sketchOf([][16]byte{item}, 1)))
	require.Equal(t, "0001ff01ff010101010101ff01ff0101ff01", hex.EncodeToString(estimateOf([][16]byte{item})))
}

// TestEstimate: bits are counted, in both directions, and beyond a byte.
func TestEstimate(t *testing.T) {
	require.Equal(t, make([]byte, codec.SyncEstimateSize), estimateOf(nil))
	one := [16]byte{14: 0x80, 15: 0x05}
	got := estimateOf([][16]byte{one})
	require.Equal(t, []byte{0, 1, 1, 255, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, got)
	got = estimateOf(make([][16]byte, 300))
	require.Equal(t, []byte{1, 44}, got[:2])
	require.Equal(t, byte(0xD4), got[2], "-300 modulo 256")
}
