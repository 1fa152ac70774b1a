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

func TestConformClient(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.json")
	args := append([]string{"client", "--run", "call/*", "--run", "data/*", "--seed", "7", "--json", file}, ownDriver(t, "driver")...)
	code, out, errs := conform(t, args...)
	require.Equal(t, exitOK, code, out+errs)
	b, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = b.Close() }()
	report, err := conformance.ReadReport(b)
	require.NoError(t, err)
	require.Equal(t, "client", report.Mode)
	require.Greater(t, report.Summary.Pass, 40)
	require.Zero(t, report.Summary.Unsupported)
}

func TestConformClientSelf(t *testing.T) {
	t.Parallel()
	code, out, errs := conform(t, "client", "--self", "--run", "tls/*", "--run", "stream/*", "--run", "ready/binding-*")
	require.Equal(t, exitOK, code, out+errs)
	require.Contains(t, out, "the reference peer as a dialer")
}

// A dialer with a bug differs, and the line that repeats it ends with its command.
func TestConformClientFindsABug(t *testing.T) {
	t.Setenv(driver.BugEnv, "takes-kinds-of-the-caller")
	args := append([]string{"client", "--run", "call/answer-arg", "--seed", "7", "--timeout", "500ms"}, ownDriver(t, "driver")...)
	code, out, errs := conform(t, args...)
	require.Equal(t, exitDiffers, code, out+errs)
	require.Contains(t, out, "[CALL-016]")
	require.Contains(t, out, "repro: handfast conform client --timeout=500ms --run call/answer-arg --seed 7 -- "+os.Args[0]+" driver")
}

func TestConformClientMutants(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, ownDriver(t, "driver")} {
		code, out, errs := conform(t, append([]string{"client", "--mutants", "--run", "DRAIN-005", "--json", "-"}, args...)...)
		var report conformance.KillReport
		require.NoError(t, json.Unmarshal([]byte(out), &report), errs)
		require.Equal(t, report.ExitCode(), code)
		killed := 0
		for _, k := range report.Mutants {
			if k.Req == "DRAIN-005" {
				require.Equal(t, conformance.Killed, k.Fate, k.Mutant)
				killed++
			}
		}
		require.Greater(t, killed, 1)
	}
}

func TestConformClientUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"client"}, {"client", "--self", "--", "true"}} {
		code, _, errs := conform(t, args...)
		require.Equal(t, exitUsage, code, errs)
	}
	for _, args := range [][]string{{"client", "--", "/no/such/driver"}, {"client", "--timeout", "300ms", "--", "cat"}, {"client", "--mutants", "--", "false"}} {
		code, _, errs := conform(t, args...)
		require.Equal(t, exitMeasured, code, errs)
		require.NotEmpty(t, errs)
	}
}
