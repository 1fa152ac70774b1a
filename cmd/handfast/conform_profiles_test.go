package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

// TestConformSelfJudgesEveryProfile: without --profile there is a report of each profile that has a case which was chosen, and a file of each.
func TestConformSelfJudgesEveryProfile(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, stderr := conform(t, "--self", "--run", "kit/echo-answers", "--run", "gap/short", "--skip", "gap/long", "--json", "r.json", "--junit", "r.xml", "--html", "r.html")
	require.Equal(t, exitOK, code, stdout+stderr)
	require.Contains(t, stdout, "profile core, 1 cases")
	require.Contains(t, stdout, "profile delivery, 1 cases")
	for name, profile := range map[string]string{"r.json": "core", "r.delivery.json": "delivery"} {
		f, err := os.Open(name)
		require.NoError(t, err)
		report, err := conformance.ReadReport(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		require.Equal(t, profile, report.Profile)
		require.Len(t, report.Options.Run, 1, "the patterns of this profile alone")
	}
	require.FileExists(t, filepath.Join(".", "r.delivery.xml"))
	html, err := os.ReadFile("r.html")
	require.NoError(t, err)
	require.Contains(t, string(html), "gap/short")

	code, stdout, stderr = conform(t, "--self", "--run", "ACK-008", "--run", "ack/short")
	require.Equal(t, exitOK, code, stdout+stderr)
	require.NotContains(t, stdout, "profile core", "nothing of core was chosen")

	code, _, stderr = conform(t, "--self", "--run", "ack/short", "--run", "nothing/like-this")
	require.Equal(t, exitUsage, code, stderr)
	code, _, stderr = conform(t, "--self", "--profile", "core", "--run", "ack/short")
	require.Equal(t, exitUsage, code, stderr)
}

// TestConformDeliveryNeedsMirror: a peer that does not offer mirror is not judged by the profile delivery, in neither role.
func TestConformDeliveryNeedsMirror(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	code, stdout, stderr := conform(t, "client", "--self", "--profile", "delivery", "--run", "gap/short")
	require.Equal(t, exitOK, code, stdout+stderr)
	code, stdout, stderr = conform(t, "server", "--profile", "delivery", "--", self, "serve", "--ready", "--listen", "127.0.0.1:0")
	require.Equal(t, exitMeasured, code, stdout+stderr)
	require.Contains(t, stderr, "mirror")
	code, stdout, stderr = conform(t, "server", "--profile", "delivery", "--run", "gap/*", "--", self, "serve", "--ready", "--mirror", "--short-timers", "--listen", "127.0.0.1:0")
	require.Equal(t, exitOK, code, stdout+stderr)
}

// TestConformRestarts: the suite kills a peer that keeps its channels, in both roles, and says so of one that does not.
func TestConformRestarts(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	for _, args := range [][]string{
		{"server", "--profile", "delivery", "--run", "resume/*", "--", self, "serve", "--ready", "--mirror", "--short-timers", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "acceptor")},
		{"client", "--profile", "delivery", "--jobs", "1", "--run", "resume/*", "--", self, "driver", "--data", filepath.Join(dir, "dialer")},
	} {
		code, stdout, stderr := conform(t, args...)
		require.Equal(t, exitOK, code, stdout+stderr)
		require.Contains(t, stdout, ": 4 pass")
	}
	code, stdout, stderr := conform(t, "client", "--self", "--profile", "delivery", "--run", "resume/numbers-go-on")
	require.Equal(t, exitMeasured, code, stdout+stderr)
	require.Contains(t, stdout, "1 unsupported")
}
