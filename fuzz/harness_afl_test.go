package fuzz

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHarnessAFL: AFL++ takes the corpus and the dictionary that export writes, and finds a bug of the sample parser with them.
func TestHarnessAFL(t *testing.T) {
	binary := harness(t, "afl-clang-fast", "frame", "c-cut", "-fsanitize=fuzzer")
	dir, out := t.TempDir(), t.TempDir()
	_, err := Export(ExportConfig{Dir: dir, Made: 30})
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "afl-fuzz", "-V", "60", "-i", filepath.Join(dir, "corpus", "frame"), "-o", out, "-x", filepath.Join(dir, "handfast.dict"), "--", binary) //nolint:gosec // own files
	cmd.Env = append(os.Environ(), "AFL_SKIP_CPUFREQ=1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1", "AFL_NO_AFFINITY=1", "AFL_NO_UI=1", "AFL_BENCH_UNTIL_CRASH=1")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text[max(0, len(text)-2000):])
	require.Regexp(t, regexp.MustCompile(`Loaded \d{3} extra tokens`), string(text))
	crashes, err := filepath.Glob(filepath.Join(out, "default", "crashes", "id*"))
	require.NoError(t, err)
	require.NotEmpty(t, crashes, "%s", text[max(0, len(text)-2000):])
}
