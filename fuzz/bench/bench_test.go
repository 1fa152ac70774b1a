package bench

import (
	"errors"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// whole makes TestBench look for all bugs, each for a minute at most.
var whole = flag.Bool("whole", false, "look for all planted bugs, for a minute each at most")

// TestBench finds planted bugs: a few that are found in a second, or with -whole at least 22 of all 24.
func TestBench(t *testing.T) {
	c := Config{Time: 20 * time.Second, Run: regexp.MustCompile(`^(c-trusted-length|c-sign|c-cut|c-state-confusion|py-cut|py-depth|py-missing-checksum|node-depth|node-sign)$`)}
	least := 9
	if testing.Short() {
		c.Run, least = regexp.MustCompile(`^(c-sign|py-cut|node-depth)$`), 3
	}
	if *whole {
		c, least = Config{}, 22
	}
	report, err := Run(t.Context(), c)
	if tool, ok := errors.AsType[*ToolError](err); ok && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED, AND NOTHING WAS MEASURED: %v", tool)
	}
	require.NoError(t, err)
	found, _ := report.Count()
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	t.Logf("\n%s", text.String())
	require.GreaterOrEqual(t, found, least, "%s", text.String())
}

// TestBugs: 24 bugs, eight for each language, of twelve kinds.
func TestBugs(t *testing.T) {
	languages, kinds, names := make(map[string]int), make(map[string]int), make(map[string]bool)
	for _, b := range Bugs() {
		languages[b.Language]++
		kinds[b.Kind]++
		names[b.Name] = true
	}
	require.Equal(t, map[string]int{C: 8, Python: 8, Node: 8}, languages)
	require.Len(t, kinds, 12)
	require.Len(t, names, 24)
	for kind, n := range kinds {
		require.Equal(t, 2, n, kind)
	}
}

// TestSamplesHaveNoOtherBug: a sample parser without a bug has no findings, so that what is found with one is that one.
func TestSamplesHaveNoOtherBug(t *testing.T) {
	for _, language := range []string{C, Python} {
		t.Run(language, func(t *testing.T) {
			runs := int64(30_000)
			if testing.Short() {
				runs = 5000
			}
			report, err := Clean(t.Context(), language, runs)
			if tool, ok := errors.AsType[*ToolError](err); ok && os.Getenv("CI") != "true" {
				t.Skipf("SKIPPED: %v", tool)
			}
			require.NoError(t, err)
			require.Empty(t, report.Findings)
		})
	}
}
