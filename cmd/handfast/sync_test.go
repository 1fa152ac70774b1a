package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSyncCommand: a folder becomes a copy of a peer's objects, both take over what the other has, and what is not shared is said.
func TestSyncCommand(t *testing.T) {
	s := serve(t, "--data", t.TempDir(), "--namespace", "default,users")
	dir := filepath.Join(t.TempDir(), "copy")
	put := func(ns, key, value string) {
		t.Helper()
		code, _, errs := outcome(t, "put", s.addr, ns, key, value)
		require.Equal(t, 0, code, errs)
	}
	put("default", "a", "1")
	put("default", "b", "2")
	put("users", "ann", "Ann")

	code, out, errs := outcome(t, "sync", s.addr, "--data", dir, "--dry-run")
	require.Equal(t, 0, code, errs)
	require.Equal(t, "default: 0 only here, 2 only there, 0 differ; 0 here, 2 there\n", out)

	code, out, errs = outcome(t, "sync", s.addr, "--data", dir, "--namespace", "default", "--namespace", "users", "--json")
	require.Equal(t, 0, code, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	var r struct {
		Namespace, Outcome string
		Equal              bool
		Received, Objects  int
	}
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &r))
	require.Equal(t, "users", r.Namespace)
	require.Equal(t, "ok", r.Outcome)
	require.True(t, r.Equal)
	require.Equal(t, 1, r.Received)
	require.Equal(t, 1, r.Objects)

	code, _, errs = outcome(t, "del", s.addr, "default", "a")
	require.Equal(t, 0, code, errs)
	for _, want := range []string{"default: ok, equal: 0 sent, 1 received", "default: ok, equal: 0 sent, 0 received"} {
		code, out, errs = outcome(t, "sync", s.addr, "--data", dir)
		require.Equal(t, 0, code, errs)
		require.True(t, strings.HasPrefix(out, want), out)
	}
	code, out, _ = outcome(t, "sync", s.addr, "--data", dir, "--scrub")
	require.Equal(t, 0, code)
	require.Contains(t, out, "2 round trips")

	code, out, errs = outcome(t, "sync", s.addr, "--data", dir, "--namespace", "secret")
	require.Equal(t, 1, code)
	require.Equal(t, "secret: failed, 0 sent, 0 received\n", out)
	require.Contains(t, errs, "SYNC_NAMESPACE")
	require.Contains(t, errs, "hint: the peer does not share this namespace")
}

func TestSyncCommandRefuses(t *testing.T) {
	plain := serve(t)
	dir := t.TempDir()
	for _, tc := range []struct {
		name string
		code int
		says string
		args []string
	}{
		{"no folder", exitUsage, "data", []string{"sync", plain.addr}},
		{"bad namespace", exitUsage, "namespace", []string{"sync", plain.addr, "--data", dir, "--namespace", "A B"}},
		{"nobody there", exitMeasured, "hint", []string{"sync", "127.0.0.1:1", "--data", dir}},
		{"a peer without objects", exitDiffers, "without --data", []string{"sync", plain.addr, "--data", dir}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, _, errs := outcome(t, tc.args...)
			require.Equal(t, tc.code, code, errs)
			require.Contains(t, errs, tc.says)
		})
	}
}

// TestServeSyncWith: two peers, one of which begins sessions, come to have the same objects.
func TestServeSyncWith(t *testing.T) {
	a := serve(t, "--data", t.TempDir())
	b := serve(t, "--data", t.TempDir(), "--sync-with", a.addr, "--sync-every", "100ms")
	for addr, key := range map[string]string{a.addr: "from-a", b.addr: "from-b"} {
		code, _, errs := outcome(t, "put", addr, "default", key, "v")
		require.Equal(t, 0, code, errs)
	}
	has := func(addr, key string) bool {
		code, _, _ := outcome(t, "get", addr, "default", key)
		return code == 0
	}
	require.Eventually(t, func() bool { return has(a.addr, "from-b") && has(b.addr, "from-a") }, 20*time.Second, 20*time.Millisecond)
}
