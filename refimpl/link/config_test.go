package link_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/link"
)

// TestConfigBounds: a bound outside its range is an error, and so is zero where zero would be no bound (LIM-002).
func TestConfigBounds(t *testing.T) {
	for _, n := range []int{-1, 0, 256<<10 - 1, 1<<30 + 1} {
		cfg := node(1, nil)
		cfg.MaxUnsent = &n
		require.ErrorContains(t, cfg.Validate(), "MaxUnsent", "%d", n)
	}
	for _, n := range []int{256 << 10, 1 << 30} {
		cfg := node(1, nil)
		cfg.MaxUnsent = &n
		require.NoError(t, cfg.Validate())
	}
	require.ErrorContains(t, (&link.Config{Node: [16]byte{1}, WorkTimeout: new(-time.Second)}).Validate(), "WorkTimeout")
	require.NoError(t, (&link.Config{Node: [16]byte{1}, WorkTimeout: new(time.Duration(0))}).Validate())
}
