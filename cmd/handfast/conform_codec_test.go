package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/conformance/driver"
)

// ownDriver is the command of this program as a driver.
func ownDriver(t *testing.T, args ...string) []string {
	t.Helper()
	return append([]string{"--", os.Args[0]}, args...)
}

func TestConformCodec(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.json")
	args := append([]string{"codec", "--run", "heartbeat/*", "--seed", "7", "--json", file}, ownDriver(t, "driver")...)
	code, out, errs := conform(t, args...)
	require.Equal(t, exitOK, code, out+errs)
	require.Contains(t, out, "profile codec")
	b, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = b.Close() }()
	report, err := conformance.ReadReport(b)
	require.NoError(t, err)
	require.Equal(t, "codec", report.Mode)
	require.Equal(t, uint64(7), report.Seed)
	require.Greater(t, report.Summary.Pass, 20)
}

// A driver with a bug differs, and the line that repeats it does.
func TestConformCodecFindsABug(t *testing.T) {
	t.Setenv(driver.BugEnv, "minds-times-before-1970")
	args := append([]string{"codec", "--run", "heartbeat/ping-least-time", "--seed", "7"}, ownDriver(t, "driver")...)
	code, out, errs := conform(t, args...)
	require.Equal(t, exitDiffers, code, out+errs)
	require.Contains(t, out, "FAIL  heartbeat/ping-least-time")
	require.Contains(t, out, "[BEAT-001]")
	require.Contains(t, out, "repro: handfast conform codec --run heartbeat/ping-least-time --seed 7 -- "+os.Args[0]+" driver")
}

func TestConformCodecMutants(t *testing.T) {
	t.Parallel()
	code, out, errs := conform(t, "codec", "--mutants", "--run", "CALL-006")
	require.Equal(t, exitOK, code, out+errs)
	require.Contains(t, out, "0 survived, 0 misnamed")

	args := append([]string{"codec", "--mutants", "--run", "heartbeat/ping-least-time", "--json", "-"}, ownDriver(t, "driver")...)
	code, out, errs = conform(t, args...)
	var report conformance.KillReport
	require.NoError(t, json.Unmarshal([]byte(out), &report), errs)
	require.Greater(t, report.Summary.Killed, 1)
	require.Equal(t, report.ExitCode(), code)
}

func TestConformCodecExitCodes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing to judge", []string{"codec"}, exitUsage, "--self"},
		{"two things to judge", []string{"codec", "--self", "--", "true"}, exitUsage, "--self"},
		{"self once", []string{"codec", "--self", "--once"}, exitUsage, "--self"},
		{"mutants of self", []string{"codec", "--mutants", "--self"}, exitUsage, "--mutants goes with"},
		{"a matrix as JUnit", []string{"codec", "--mutants", "--junit", "x.xml"}, exitUsage, "--junit"},
		{"an id that there is not", []string{"codec", "--self", "--run", "frame/pingg"}, exitUsage, "frame/ping"},
		{"a profile that there is not", []string{"codec", "--self", "--profile", "coder"}, exitUsage, "codec"},
		{"nothing left", []string{"codec", "--self", "--run", "frame/ping", "--skip", "frame/*"}, exitMeasured, "no vector is left"},
		{"no such program", []string{"codec", "--", "no-such-command-anywhere"}, exitMeasured, "cannot be started"},
		{"no driver", []string{"codec", "--", "echo", "hello"}, exitMeasured, "canaries"},
		{"no bugs", []string{"codec", "--mutants", "--", "true"}, exitMeasured, "died"},
		{"one-shot program that accepts everything", []string{"codec", "--once", "--", "true"}, exitMeasured, "canaries"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := conform(t, tc.args...)
			require.Equal(t, tc.code, code, out+errs)
			require.Contains(t, errs, tc.says)
		})
	}
}

func TestDriverWithABugThatThereIsNot(t *testing.T) {
	t.Setenv(driver.BugEnv, "no-such-bug")
	code, _, errs := outcome(t, "driver")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "no-such-bug")
}

func TestShellWords(t *testing.T) {
	require.Equal(t, `node a.js --x=1 'two words' '' 'it'\''s'`, shellWords([]string{"node", "a.js", "--x=1", "two words", "", "it's"}))
}
