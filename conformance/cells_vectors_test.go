package conformance

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// TestCellVectors holds the suite's own arithmetic, places, cells and estimates to testdata/cells, as far as the vectors have the suite's salt.
func TestCellVectors(t *testing.T) {
	raw, err := os.ReadFile("../testdata/cells/cells.json")
	require.NoError(t, err)
	var f struct {
		Products []struct{ ID, A, B, Product string }
		Inverses []struct{ ID, A, Inverse string }
		Places   []struct {
			ID, Salt, Key string
			Places        []int
		}
		Sketches []struct {
			ID, Salt, Cells, Estimate string
			Count                     int
		}
	}
	require.NoError(t, json.Unmarshal(raw, &f))
	number := func(text string) uint64 {
		n, err := strconv.ParseUint(text, 16, 64)
		require.NoError(t, err)
		return n
	}
	require.NotEmpty(t, f.Products)
	for _, v := range f.Products {
		require.Equal(t, number(v.Product), fieldProduct(number(v.A), number(v.B)), v.ID)
	}
	require.NotEmpty(t, f.Inverses)
	for _, v := range f.Inverses {
		require.Equal(t, number(v.Inverse), fieldInverse(number(v.A)), v.ID)
	}
	ours := strings.Repeat("0", 32)
	places, sketches := 0, 0
	for _, v := range f.Places {
		if v.Salt == ours {
			places++
			key, err := hex.DecodeString(v.Key)
			require.NoError(t, err)
			require.Equal(t, v.Places, placesOf([8]byte(key), codec.MaxSyncCells), v.ID)
		}
	}
	for _, v := range f.Sketches {
		if v.Salt == ours {
			sketches++
			items := make([][16]byte, v.Count)
			for n := range items { // as the vectors number them
				h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n+1)))
				items[n] = [16]byte(h[:])
			}
			require.Equal(t, v.Cells, hex.EncodeToString(sketchOf(items, len(v.Cells)/2/codec.SyncCellSize)), v.ID)
			require.Equal(t, v.Estimate, hex.EncodeToString(estimateOf(items)), v.ID)
		}
	}
	require.Greater(t, places, 5)
	require.Greater(t, sketches, 3)
}
