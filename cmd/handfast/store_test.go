package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// TestStoreCheck: what does not agree with the objects is found, named and put right, and only then.
func TestStoreCheck(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, "--data", dir)
	for _, key := range []string{"a", "b"} {
		code, _, errs := outcome(t, "put", s.addr, "default", key, "1")
		require.Equal(t, 0, code, errs)
	}
	code, _, errs := outcome(t, "store", "check", dir)
	require.Equal(t, exitMeasured, code)
	require.Contains(t, errs, "another process has this folder open")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, s.cmd.Wait())

	code, out, errs := outcome(t, "store", "check", dir)
	require.Equal(t, 0, code, errs)
	require.Equal(t, "2 objects: all agrees\n", out)

	db, err := bolt.Open(filepath.Join(dir, "store"), 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("dots"))
		k, _ := b.Cursor().First()
		return b.Delete(k)
	}))
	require.NoError(t, db.Close())
	code, out, errs = outcome(t, "store", "check", dir)
	require.Equal(t, exitDiffers, code)
	require.Equal(t, "2 objects: does not agree\n  1 siblings that the log of dots does not have\n", out)
	require.Contains(t, errs, "--repair")

	code, out, errs = outcome(t, "store", "check", dir, "--repair", "--json")
	require.Equal(t, 0, code, errs)
	var f storeForm
	require.NoError(t, json.Unmarshal([]byte(out), &f))
	require.Equal(t, storeForm{Objects: 2, LogMissing: 1, Repaired: true}, f)
	code, out, _ = outcome(t, "store", "check", dir)
	require.Equal(t, 0, code)
	require.Equal(t, "2 objects: all agrees\n", out)
}

func TestStoreCheckRefuses(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	code, _, errs := outcome(t, "store", "check", none)
	require.Equal(t, exitMeasured, code)
	require.Contains(t, errs, "FOLDER is what serve --data was given")
	require.NoDirExists(t, none)
	code, _, _ = outcome(t, "store", "check", none, "--namespace", "NO")
	require.Equal(t, exitUsage, code)
	code, _, _ = outcome(t, "store", "check")
	require.Equal(t, exitUsage, code)
}

// TestSalt: peers with one salt find their differences, those with two are told so (OBJ-013, SYNC-004).
func TestSalt(t *testing.T) {
	salt, other, bad := filepath.Join(t.TempDir(), "salt"), filepath.Join(t.TempDir(), "other"), filepath.Join(t.TempDir(), "bad")
	require.NoError(t, os.WriteFile(salt, []byte("00112233445566778899aabbccddeeff\n"), 0o600))
	require.NoError(t, os.WriteFile(other, []byte("ff112233445566778899aabbccddeeff"), 0o600))
	require.NoError(t, os.WriteFile(bad, []byte("ff112233445566778899aabbccddeeff00"), 0o600))
	s := serve(t, "--data", t.TempDir(), "--salt", salt)
	code, _, errs := outcome(t, "put", s.addr, "default", "a", "1")
	require.Equal(t, 0, code, errs)
	dir := t.TempDir()
	for _, args := range [][]string{nil, {"--salt", other}} {
		code, _, errs = outcome(t, append([]string{"sync", s.addr, "--data", dir}, args...)...)
		require.Equal(t, exitDiffers, code)
		require.Contains(t, errs, "SYNC_SALT")
		require.Contains(t, errs, "--salt FILE on both sides")
	}
	code, out, errs := outcome(t, "sync", s.addr, "--data", dir, "--salt", salt)
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "default: ok, equal: 0 sent, 1 received")
	code, _, errs = outcome(t, "serve", "--salt", salt)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "--salt needs --data")
	for _, args := range [][]string{{"--salt", bad}, {"--salt", salt + "x"}} {
		code, _, _ = outcome(t, append([]string{"sync", s.addr, "--data", dir}, args...)...)
		require.Equal(t, exitUsage, code)
	}
}
