package bulk

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBulk(t *testing.T) {
	all := make([]byte, 3*step+7)
	for i := range all {
		all[i] = byte(i / 255)
	}
	for _, n := range []int{0, 1, step - 1, step, step + 1, 2 * step, 3*step + 7} {
		p := all[:n]
		require.Equal(t, sha256.Sum256(p), Sum256(p), n)
		for _, room := range []int{0, step, 4 * step} {
			b := append(make([]byte, 0, 3+room), "abc"...)
			require.Equal(t, append([]byte("abc"), p...), Append(b, p), "%d %d", n, room)
			require.Equal(t, "abc", string(b))
		}
	}
}
