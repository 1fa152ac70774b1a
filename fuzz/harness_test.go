package fuzz

import (
	"archive/zip"
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

// TestOSSFuzzBuild: build.sh of the exported project makes targets in the environment that OSS-Fuzz gives it, which run over their seed corpora, and nothing outside OUT and WORK.
func TestOSSFuzzBuild(t *testing.T) {
	harness(t, "clang", "frame", "", "-fsanitize=fuzzer,address") // says what is missing
	src, work, out := t.TempDir(), t.TempDir(), t.TempDir()
	_, err := Export(ExportConfig{Dir: filepath.Join(src, "exported"), Made: 10, Project: "project"})
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(src, "exported", "oss-fuzz", "*"))
	require.NoError(t, err)
	for _, name := range files { // as the Dockerfile copies them
		b, err := os.ReadFile(name) //nolint:gosec // own files
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(src, filepath.Base(name)), b, 0o600))
	}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(root, filepath.Join(src, "project"))) // as it clones
	if _, err := exec.LookPath("shellcheck"); err == nil {
		out, err := exec.CommandContext(t.Context(), "shellcheck", filepath.Join(src, "build.sh")).CombinedOutput() //nolint:gosec // own file
		require.NoError(t, err, "%s", out)
	}
	flags := "-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION -fsanitize=address -fsanitize-address-use-after-scope -fsanitize=fuzzer-no-link"
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", filepath.Join(src, "build.sh")) //nolint:gosec // own file
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "SRC="+src, "WORK="+work, "OUT="+out, "CC=clang", "CXX=clang++", "CFLAGS="+flags, "CXXFLAGS="+flags, "LIB_FUZZING_ENGINE=-fsanitize=fuzzer")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	for _, what := range ossForms {
		require.FileExists(t, filepath.Join(out, "fuzz_"+what+".dict"))
		z, err := zip.OpenReader(filepath.Join(out, "fuzz_"+what+"_seed_corpus.zip"))
		require.NoError(t, err)
		require.Greater(t, len(z.File), 100)
		seeds := t.TempDir()
		require.NoError(t, os.CopyFS(seeds, z))
		require.NoError(t, z.Close())
		text, err := exec.CommandContext(t.Context(), filepath.Join(out, "fuzz_"+what), "-runs=2000", "-dict="+filepath.Join(out, "fuzz_"+what+".dict"), seeds).CombinedOutput() //nolint:gosec // own files
		require.NoError(t, err, "%s", text)
		require.Contains(t, string(text), "Done")
	}
}
