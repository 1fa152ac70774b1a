package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestConformRealtime judges the reference peer by the profile realtime: started with a folder and killed, and says why it judges none that takes no such channel.
func TestConformRealtime(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	served := filepath.Join(t.TempDir(), "served")
	tests := []struct {
		args []string
		code int
		says string
	}{
		{[]string{self, "serve", "--ready", "--listen", "127.0.0.1:0", "--log", "off", "--data", served, "--namespace", "conform"}, exitOK, "46 pass\n"},
		{[]string{self, "serve", "--ready", "--listen", "127.0.0.1:0", "--log", "off"}, exitMeasured, "sub-protocol realtime"},
	}
	for _, tt := range tests {
		code, stdout, stderr := conform(t, append([]string{"server", "--profile", "realtime", "--"}, tt.args...)...)
		require.Equal(t, tt.code, code, stdout+stderr)
		require.Contains(t, stdout+stderr, tt.says)
	}
}
