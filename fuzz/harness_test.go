package fuzz

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// harness builds the C harness around the sample parser with a bug, "" for none. It is skipped where the compiler is not there, but not in CI.
func harness(t *testing.T, compiler, what, bug string, flags ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED with -short: there is no Go in it")
	}
	if _, err := exec.LookPath(compiler); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not there", compiler)
		}
		t.Skipf("SKIPPED, AND NOTHING WAS SHOWN: %s is not there", compiler)
	}
	binary := filepath.Join(t.TempDir(), "fuzz_"+what)
	args := append([]string{"-g", "-O1", "-Wall", "-DWHAT=" + what, `-DBUG="` + bug + `"`, "-I", "bench/samples", "harness/harness.c", "bench/samples/sample.c", "-o", binary}, flags...)
	out, err := exec.CommandContext(t.Context(), compiler, args...).CombinedOutput() //nolint:gosec // own files
	require.NoError(t, err, "%s", out)
	return binary
}

// TestHarnessLibFuzzer: with what export writes, libFuzzer finds a bug of the sample parser, and none where there is none.
func TestHarnessLibFuzzer(t *testing.T) {
	dir := t.TempDir()
	_, err := Export(ExportConfig{Dir: dir, Made: 30})
	require.NoError(t, err)
	for _, tc := range []struct {
		what, bug, says string
		args            []string
	}{
		{"frame", "", "Done 20000 runs", nil},
		{"msgpack", "", "Done 20000 runs", nil},
		{"frame", "c-cut", "depends on how the input is cut", nil},
		{"msgpack", "c-trusted-length", "out-of-memory", []string{"-malloc_limit_mb=64", "-runs=1000000", "-max_total_time=30"}},
		{"frame", "c-leak", "memory leaks", nil},
	} {
		t.Run(tc.what+tc.bug, func(t *testing.T) {
			binary := harness(t, "clang", tc.what, tc.bug, "-fsanitize=fuzzer,address")
			args := append([]string{"-seed=1", "-runs=20000", "-max_len=2048", "-artifact_prefix=" + t.TempDir() + "/", "-dict=" + filepath.Join(dir, "handfast.dict")}, tc.args...)
			cmd := exec.CommandContext(t.Context(), binary, append(args, t.TempDir(), filepath.Join(dir, "corpus", tc.what))...) //nolint:gosec // own files
			out, err := cmd.CombinedOutput()
			require.True(t, bytes.Contains(out, []byte(tc.says)), "%s", out[max(0, len(out)-2000):])
			require.Equal(t, tc.bug == "", err == nil)
		})
	}
}

// TestHarnessStandalone: without libFuzzer the harness parses files, as AFL++ has it.
func TestHarnessStandalone(t *testing.T) {
	dir := t.TempDir()
	_, err := Export(ExportConfig{Dir: dir, Made: 30})
	require.NoError(t, err)
	binary := harness(t, "cc", "frame", "", "-DSTANDALONE")
	files, err := filepath.Glob(filepath.Join(dir, "corpus", "frame", "*"))
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), binary, files...).CombinedOutput() //nolint:gosec // own files
	require.NoError(t, err, "%s", out)
}
