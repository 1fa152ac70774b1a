package model

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tools skips a test that cannot run here, and fails it where it must run.
func tools(t *testing.T) {
	t.Helper()
	for _, name := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: apt-get install spin gcc", name)
		}
		t.Skipf("THE MODEL IS NOT CHECKED: %s is missing (apt-get install spin gcc)", name)
	}
}

// verdict is what a whole search said.
type verdict struct {
	errors, states int
	text           string
}

var (
	errorsFound = regexp.MustCompile(`errors: (\d+)`)
	statesFound = regexp.MustCompile(`(\d+) states, stored`)
)

// verify searches every state of a variant of the model of delivery, or up to the first error.
func verify(t *testing.T, build []string, defines ...string) verdict {
	t.Helper()
	return search(t, "delivery.pml", build, defines...)
}

// search searches every state of a variant of a model, or up to the first error.
func search(t *testing.T, model string, build []string, defines ...string) verdict {
	t.Helper()
	source, err := filepath.Abs(model)
	require.NoError(t, err)
	dir := t.TempDir()
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute) // a bound on what hangs, not a measure
	defer stop()
	run := func(name string, args ...string) string {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
		return string(out)
	}
	run("spin", append(append([]string{"-a"}, defines...), source)...)
	run("gcc", append(append([]string{"-w", "-DSAFETY", "-DMEMLIM=2000"}, build...), "-o", "pan", "pan.c")...)
	out := run("./pan", "-m10000", "-w23")
	require.NotContains(t, out, "max search depth too small")
	require.NotContains(t, out, "out of memory")
	return verdict{number(t, errorsFound, out), number(t, statesFound, out), out}
}

func number(t *testing.T, form *regexp.Regexp, out string) int {
	t.Helper()
	m := form.FindStringSubmatch(out)
	require.Len(t, m, 2, out)
	n, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return n
}

// TestModelHolds: no state of the model breaks the promise, and none is a dead end.
func TestModelHolds(t *testing.T) {
	tools(t)
	for _, tc := range []struct {
		name    string
		build   []string
		defines []string
		long    bool
	}{
		{"three values", []string{"-O2"}, nil, false},
		{"three values, no cursor", []string{"-O2"}, []string{"-DPLAIN"}, false},
		// Four values are more than the window. States are kept as hashes, which takes a quarter of the memory: this search may miss one.
		{"four values, nothing dropped", []string{"-O2", "-DHC4"}, []string{"-DVALS=4", "-DDROPS=0"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.long && testing.Short() {
				t.Skip("LEFT OUT with -short")
			}
			t.Parallel()
			v := verify(t, tc.build, tc.defines...)
			require.Zero(t, v.errors, v.text)
			require.NotContains(t, v.text, "Search not completed")
			if tc.defines == nil {
				require.Contains(t, v.text, "(0 of ", "a part of the model was never reached")
			}
			require.Greater(t, v.states, 500000, "the search was cut short")
			t.Logf("%d states", v.states)
		})
	}
}

// TestEachRuleIsNeeded: without a rule, spin finds a run that breaks the promise.
func TestEachRuleIsNeeded(t *testing.T) {
	tools(t)
	loss, repeat := "v_lost>>v", "p_dup>>n"
	for _, tc := range []struct {
		name    string
		defines []string
		finds   string // part of the assertion that fails, or what spin says of a dead end
	}{
		{"no lineage", []string{"-DNOEPOCH"}, "f_a<s_next"},
		{"no cut", []string{"-DNOCUT"}, "f_a<s_next"},
		{"no nonce", []string{"-DNONONCE", "-DSCRASH=2", "-DRCRASH=0", "-DDROPS=0"}, loss},
		{"no POSSIBLE_DUP", []string{"-DNOFLAG", "-DPLAIN"}, repeat},
		{"ACK of what was taken", []string{"-DACKTAKEN"}, loss},
		{"freeing what was sent", []string{"-DFREESENT"}, loss},
		{"no GAP", []string{"-DNOGAP"}, "invalid end state"},
		{"GAP that jumps", []string{"-DGAPJUMP"}, loss},
		{"no CHECK", []string{"-DNOCHECK"}, "check_chan"},
		{"no waiting for the sink", []string{"-DNOWAIT"}, "assertion violated"},
		{"no window", []string{"-DNOWINDOW", "-DVALS=4"}, "r_stable+3"},
		{"no duplicates", []string{"-DNODEDUP"}, repeat},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := verify(t, []string{"-O0"}, tc.defines...)
			require.NotZero(t, v.errors, "the model does not need this rule, or cannot tell")
			require.Contains(t, v.text, tc.finds)
			t.Logf("refuted after %d states", v.states)
		})
	}
}
