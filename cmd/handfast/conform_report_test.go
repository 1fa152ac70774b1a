package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/conformance/known"
	"handfast/refimpl"
)

// file writes a file into the current folder.
func file(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

// content reads one.
func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// claims is a conformance.json.
func claims(server string) string {
	return `{"format": 1, "spec": "1", "profile": "core", "features": ["tls"], "modes": {"server": ` + server + `}, "timeouts": {"step_ms": 4000}}`
}

func TestConformWritesEveryForm(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, stderr := conform(t, "--self", "--run", "kit/*", "--seed", "7", "--json", "r.json", "--junit", "r.xml", "--html", "r.html", "--markdown", "r.md")
	require.Equal(t, exitOK, code, stdout+stderr)
	var r conformance.Report
	require.NoError(t, json.Unmarshal([]byte(content(t, "r.json")), &r))
	require.Equal(t, "handfast conform --self", r.Options.Command)
	require.Contains(t, r.Peer, "handfast/")

	code, stdout, stderr = conform(t, "report", "r.json", "--json", "a.json", "--junit", "a.xml", "--html", "a.html", "--markdown", "a.md")
	require.Equal(t, exitOK, code, stdout+stderr)
	for _, form := range []string{"json", "xml", "html", "md"} {
		require.True(t, content(t, "r."+form) == content(t, "a."+form), "%s made later differs from %s of the run", form, form)
	}
	code, _, _ = conform(t, "report", "r.json", "a.json", "--html", "both.html", "--markdown", "-")
	require.Equal(t, exitOK, code)
	require.Contains(t, content(t, "both.html"), "2 runs")
	code, stdout, _ = conform(t, "report", "r.json")
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, "38 pass")
}

func TestConformReportRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	file(t, "none.json", "{}")
	code, _, stderr := conform(t, "--self", "--run", "kit/echo-answers", "--json", "some.json")
	require.Equal(t, exitOK, code, stderr)
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no file", []string{"report"}, exitUsage, "arg"},
		{"a file that is not there", []string{"report", "x.json", "--html", "-"}, exitUsage, "x.json"},
		{"no report", []string{"report", "none.json", "--html", "-"}, exitUsage, "none.json: report: format"},
		{"JUnit of two", []string{"report", "some.json", "some.json", "--junit", "-"}, exitUsage, "one report"},
		{"a badge of some cases", []string{"badge", "some.json", "--out", "b.svg"}, exitUsage, "some cases only"},
		{"a badge that goes nowhere", []string{"badge", "some.json"}, exitUsage, "--out"},
		{"a run of some cases with a badge", []string{"--self", "--run", "kit/echo-answers", "--badge", "b.svg"}, exitUsage, "no badge"},
		{"nothing to compare with", []string{"known", "--report", "some.json"}, exitUsage, "conformance.json"},
		{"no report to compare", []string{"known"}, exitUsage, "--report"},
		{"a fix after a run of some cases", []string{"known", "--fix", "--report", "some.json"}, exitUsage, "--run or --skip"},
		{"a lock after a run of some cases", []string{"--self", "--run", "kit/echo-answers", "--update-lock"}, exitUsage, "--update-lock"},
		{"a configuration that is not there", []string{"--self", "--run", "kit/echo-answers", "--config", "x.json"}, exitUsage, "x.json"},
		{"a list that is not there", []string{"--self", "--run", "kit/echo-answers", "--known", "x.known"}, exitUsage, "x.known"},
		{"a folder that is not there", []string{"--self", "--run", "kit/echo-answers", "--html", "no/r.html"}, exitUsage, "no/r.html"},
		{"a full disk", []string{"--self", "--run", "kit/echo-answers", "--html", "/dev/full"}, exitMeasured, "no space left"},
		{"a full disk for JSON", []string{"--self", "--run", "kit/echo-answers", "--json", "/dev/full"}, exitMeasured, "no space left"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := conform(t, tc.args...)
			require.Equal(t, tc.code, code, stdout+stderr)
			require.Contains(t, stderr, tc.says)
			require.NoFileExists(t, "b.svg")
		})
	}
}

// TestConformByItsRepository goes the way of a repository: a first run, a list, a lock.
func TestConformByItsRepository(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	file(t, in("conformance.json"), claims(`{"command": ["x"]}`))
	run := func(more ...string) (code int, out string) {
		code, stdout, stderr := outcomeIn(t, dir, append([]string{"conform", "--self", "--config", "conformance.json"}, more...)...)
		return code, stdout + stderr
	}

	code, out := run("--json", "r.json", "--badge", "b.svg")
	require.Equal(t, exitOK, code, out)
	require.Contains(t, out, "as expected, with 0 known failures")
	require.Contains(t, out, "conformance.lock: wrote that")
	require.Contains(t, content(t, in("b.svg")), "handfast 1 core acceptor")
	lock, err := known.LoadLock(in("conformance.lock"))
	require.NoError(t, err)
	require.Len(t, lock.Runs, 1)
	ran := lock.Runs[0].Executed
	require.Greater(t, ran, 700)

	code, stdout, stderr := outcomeIn(t, dir, "conform", "badge", "r.json", "--out", "-")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, content(t, in("b.svg")), stdout)

	// A line for a case that passes is a difference, and --fix takes it off.
	file(t, in("conformance.known"), "# why\nkit/echo-answers | fail: | | | not yet\n")
	code, stdout, _ = outcomeIn(t, dir, "conform", "known", "--report", "r.json")
	require.Equal(t, exitDiffers, code)
	require.Contains(t, stdout, "conformance.known:2: kit/echo-answers: is listed and passes")
	code, out = run("--run", "kit/echo-answers", "--github")
	require.Equal(t, exitDiffers, code, out)
	require.Contains(t, out, "\n::error file=conformance.known,line=2,")
	code, stdout, stderr = outcomeIn(t, dir, "conform", "known", "--fix", "--report", "r.json")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "dropped kit/echo-answers: it passes")
	require.Equal(t, "# why\n", content(t, in("conformance.known")))

	// What is wrong with a file is said with its place.
	file(t, in("conformance.known"), "# why\nkit/echo-answers | fail:\n")
	code, out = run("--run", "kit/echo-answers")
	require.Equal(t, exitUsage, code)
	require.Contains(t, out, "conformance.known:2: ")
	require.NoError(t, os.Remove(in("conformance.known")))
	code, out = run("--run", "kit/echo-answers", "--config", "conformance.known")
	require.Equal(t, exitUsage, code, out)

	// Fewer cases than last time are a difference, until somebody says that it is meant.
	lock.Runs[0].Executed = ran + 1
	b, err := lock.Encode()
	require.NoError(t, err)
	file(t, in("conformance.lock"), string(b))
	code, stdout, _ = outcomeIn(t, dir, "conform", "known", "--report", "r.json")
	require.Equal(t, exitDiffers, code)
	require.Contains(t, stdout, "the last time")
	code, out = run("--update-lock")
	require.Equal(t, exitOK, code, out)
	lock, err = known.LoadLock(in("conformance.lock"))
	require.NoError(t, err)
	require.Equal(t, ran, lock.Runs[0].Executed)
}

func TestConformOfTheClaimedServer(t *testing.T) {
	link, err := newLinkConfig("")
	require.NoError(t, err)
	p, err := serveReference(t.Context(), refimpl.Config{Link: link})
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	file(t, "conformance.json", claims(`{"addr": "`+p.addr+`"}`))

	code, stdout, stderr := conform(t, "server", "--run", "kit/echo-answers")
	require.Equal(t, exitOK, code, stdout+stderr)
	require.Contains(t, stdout, "1 pass")
	// The peer has no TLS address, which is no excuse where tls is claimed.
	code, stdout, stderr = conform(t, "server", "--run", "TLS-*,kit/echo-answers")
	require.Equal(t, exitDiffers, code, stdout+stderr)
	require.Contains(t, stdout, "conformance.json: tls/")
	require.Contains(t, stdout, "claims feature tls")
	require.NoFileExists(t, "conformance.lock", "after a run of some cases")
	require.NoError(t, p.stop())
	code, stdout, stderr = conform(t, "server", "--run", "kit/echo-answers")
	require.Equal(t, exitMeasured, code, stdout+stderr)
}

func TestConformStepSummary(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(t.TempDir(), "summary"))
	file(t, os.Getenv("GITHUB_STEP_SUMMARY"), "of another step\n")
	code, _, stderr := conform(t, "--self", "--run", "kit/echo-answers", "--github")
	require.Equal(t, exitOK, code, stderr)
	text := content(t, os.Getenv("GITHUB_STEP_SUMMARY"))
	require.True(t, strings.HasPrefix(text, "of another step\n## Handfast conformance\n"), text)
	t.Setenv("GITHUB_STEP_SUMMARY", "/dev/full")
	code, _, stderr = conform(t, "--self", "--run", "kit/echo-answers", "--github")
	require.Equal(t, exitMeasured, code)
	require.Contains(t, stderr, "/dev/full cannot be written")
}
