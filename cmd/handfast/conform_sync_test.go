package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestConformSync judges the reference peer by the profile sync in each way: in this process, started with a folder, killed, as a driver; and says why it
// judges none that has not the namespace.
func TestConformSync(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	served := filepath.Join(dir, "served")
	tests := []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--self", "--profile", "sync", "--run", "check/*"}, exitOK, "profile sync"},
		{[]string{"client", "--self", "--profile", "sync", "--run", "initiator/*"}, exitOK, "profile sync"},
		{[]string{"server", "--profile", "sync", "--", self, "serve", "--ready", "--listen", "127.0.0.1:0", "--data", served, "--namespace", "conform"}, exitOK, "pass\n"},
		{[]string{"server", "--profile", "sync", "--run", "since/*", "--", self, "serve", "--ready", "--listen", "127.0.0.1:0", "--data", served, "--namespace", "conform"}, exitOK, "pass\n"}, // of a store that is not empty
		{[]string{"client", "--profile", "sync", "--jobs", "1", "--run", "repair/kept-after-a-kill", "--", self, "driver", "--data", filepath.Join(dir, "driven")}, exitOK, "1 pass\n"},
		{[]string{"server", "--profile", "sync", "--", self, "serve", "--ready", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "other")}, exitMeasured, "SYNC_NAMESPACE"},
		{[]string{"server", "--profile", "sync", "--", self, "serve", "--ready", "--listen", "127.0.0.1:0"}, exitMeasured, "sub-protocol sync"},
		{[]string{"--mutants", "--profile", "sync", "--run", "SYNC-004"}, exitOK, "0 survived"},
		{[]string{"client", "--mutants", "--profile", "sync", "--run", "SYNC-044"}, exitOK, "0 survived"},
		{[]string{"--mutants", "--profile", "codec"}, exitUsage, "no mutants of the profile"},
	}
	for _, tt := range tests {
		code, stdout, stderr := conform(t, tt.args...)
		require.Equal(t, tt.code, code, stdout+stderr)
		require.Contains(t, stdout+stderr, tt.says)
	}
}
