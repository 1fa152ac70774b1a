package sketch

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFieldVectors holds the arithmetic to products and inverses of the vectors.
func TestFieldVectors(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/cells/cells.json")
	require.NoError(t, err)
	var f struct {
		Products []struct{ ID, A, B, Product string }
		Inverses []struct{ ID, A, Inverse string }
	}
	require.NoError(t, json.Unmarshal(raw, &f))
	require.NotEmpty(t, f.Products)
	require.NotEmpty(t, f.Inverses)
	number := func(text string) uint64 {
		n, err := strconv.ParseUint(text, 16, 64)
		require.NoError(t, err)
		return n
	}
	for _, v := range f.Products {
		require.Equal(t, number(v.Product), times(number(v.A), number(v.B)), v.ID)
	}
	for _, v := range f.Inverses {
		require.Equal(t, number(v.Inverse), inverse(number(v.A)), v.ID)
	}
}
