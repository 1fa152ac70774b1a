package known

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), LockFile)
	l, err := LoadLock(path)
	require.NoError(t, err)
	require.Nil(t, l, "there is none yet")
	_, ok := l.Find("server", "core")
	require.False(t, ok)

	l, err = l.With(report(pass("frame/a"), fail("frame/b")))
	require.NoError(t, err)
	codec := report(pass("frame/a"))
	codec.Mode, codec.Profile = "codec", "codec"
	l, err = l.With(codec)
	require.NoError(t, err)
	l, err = l.With(report(pass("frame/a"), pass("frame/b"), pass("frame/c")))
	require.NoError(t, err)
	b, err := l.Encode()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o600))
	back, err := LoadLock(path)
	require.NoError(t, err)
	require.Equal(t, l, back)
	require.Equal(t, []LockRun{{"codec", "codec", "0.1.0", 1}, {"server", "core", "0.1.0", 3}}, back.Runs)
}

func TestLockRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"format":      `{"format": 2, "runs": []}`,
		"unknown key": `{"format": 1, "run": []}`,
		"twice":       `{"format": 1, "runs": [{"mode": "server", "profile": "core", "suite": "1", "executed": 1}, {"mode": "server", "profile": "core", "suite": "1", "executed": 2}]}`,
		"negative":    `{"format": 1, "runs": [{"mode": "server", "profile": "core", "suite": "1", "executed": -1}]}`,
		"mode":        `{"format": 1, "runs": [{"mode": "magic", "profile": "core", "suite": "1", "executed": 1}]}`,
		"nothing":     ``,
	} {
		path := filepath.Join(t.TempDir(), LockFile)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := LoadLock(path)
		_, ok := errors.AsType[*FileError](err)
		require.True(t, ok, "%s: %v", name, err)
	}
}
