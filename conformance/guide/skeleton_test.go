package guide

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/known"
	"handfast/conformance/vectors"
)

// written writes a driver into a folder of its own, builds it, and makes that the working directory. Without the language's tools CI fails.
func written(t *testing.T, l Language) {
	t.Helper()
	for _, argv := range [][]string{l.Build, l.Command} {
		if len(argv) == 0 || argv[0] == "./driver" { // what the build makes
			continue
		}
		if _, err := exec.LookPath(argv[0]); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not there: its driver cannot be tried", argv[0])
			}
			t.Skipf("NOT TESTED: %s is not there, so that the driver in %s was not tried. CI forbids this.", argv[0], l.Name)
		}
	}
	dir := t.TempDir()
	_, err := Init(dir, l, false)
	require.NoError(t, err)
	t.Chdir(dir)
	if len(l.Build) > 0 {
		cmd := exec.CommandContext(t.Context(), l.Build[0], l.Build[1:]...)
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Empty(t, string(out), "warnings")
	}
}

// TestSkeletons: what init writes in each language passes the canaries, parses PING at every cut, refuses wrong checksums, and is told what comes next.
func TestSkeletons(t *testing.T) {
	lib := library(t)
	for _, l := range Languages() {
		t.Run(l.Name, func(t *testing.T) {
			written(t, l)
			config, err := known.Load(".")
			require.NoError(t, err)
			command := driver.Command{Args: config.Modes.Codec.Command}
			can := []string{
				"frame/ping", "frame/ping-with-ignored-bits", "frame/header-sum-0", "frame/header-sum-of-crc-32", "heartbeat/ping-greatest", "heartbeat/ping-least-time",
			}
			report, err := lib.Vectors.Run(t.Context(), vectors.Config{Command: command, Run: can, Jobs: 1})
			require.NoError(t, err, "the canaries")
			for _, r := range report.Cases {
				assert.Equal(t, conformance.Pass, r.Verdict, "%s: %s", r.ID, r.Detail)
			}
			asksForMore(t, command, lib)
			n, err := lib.Next(t.Context(), []*Judge{lib.Codec(vectors.Config{Command: command, Jobs: 2}, func(string) string { return "again" })})
			require.NoError(t, err)
			require.NotNil(t, n.Item, "%+v", n)
			assert.Equal(t, "frame/unknown-without-payload", n.Item.ID, "problem %q", n.Problem)
			assert.Equal(t, "FRAME-005", n.Rule.ID)
			assert.Greater(t, n.Passed, 10)
		})
	}
}

// asksForMore asks a driver itself: about every beginning of a PING, about a length that no integer of 32 bits holds with what is added to it, and
// about what it cannot know.
func asksForMore(t *testing.T, command driver.Command, lib *Library) {
	t.Helper()
	p, err := driver.Start(command)
	require.NoError(t, err)
	defer func() { assert.NoError(t, p.Close()) }()
	_, err = p.SayHello(t.Context(), "1", conformance.Suite)
	require.NoError(t, err)
	ask := func(op, what, hex string) string {
		a, err := p.Do(t.Context(), driver.Request{Op: op, Args: map[string]string{"what": what, "hex": hex}})
		require.NoError(t, err)
		if a.Kind == driver.KindReject {
			return a.Code + " " + a.Scope
		}
		return a.Kind
	}
	ping := compare(lib.Vectors.Vector("frame/ping")).Input.Hex
	for i := 0; i < len(ping); i += 2 {
		assert.Equal(t, driver.KindMore, ask(driver.OpDecode, "frame", ping[:i]), "%d bytes", i/2)
	}
	assert.Equal(t, driver.KindAccept, ask(driver.OpDecode, "frame", ping))
	assert.Equal(t, driver.KindAccept, ask(driver.OpDecode, "frame", ping+ping[:8]))
	assert.Equal(t, "PAYLOAD_CRC link", ask(driver.OpDecode, "frame", ping[:len(ping)-2]+"00"))
	overflow := compare(lib.Vectors.Vector("frame/length-plus-20-overflows")).Input.Hex
	assert.Equal(t, driver.KindMore, ask(driver.OpDecode, "frame", overflow), "a length of 4 GiB less 20")
	for _, what := range []string{"msgpack", "opening", "call", "frames"} {
		assert.Equal(t, driver.KindUnsupported, ask(driver.OpDecode, what, ping), what)
	}
	for _, op := range []string{driver.OpBugs, driver.OpDial, driver.OpEncode, "bye-bye"} {
		assert.Equal(t, driver.KindUnsupported, ask(op, "frame", ping), op)
	}
	a, err := p.Do(t.Context(), driver.Request{Op: driver.OpEncode, Args: map[string]string{"what": "frame"}, Value: []byte(`{"frame":"PING","op":"bye","list":["a"]}`)})
	require.NoError(t, err)
	assert.Equal(t, driver.KindUnsupported, a.Kind, "a value of any depth stands behind the texts")
}

func TestInitNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	l, ok := LanguageNamed("python")
	require.True(t, ok)
	mine := filepath.Join(dir, "README.md")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o600))
	_, err := Init(dir, l, false)
	exists, ok := errors.AsType[*ExistsError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, []string{mine}, exists.Files)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing was written")
	_, err = Init(dir, l, true)
	require.NoError(t, err)
	b, err := os.ReadFile(mine)
	require.NoError(t, err)
	assert.NotEqual(t, "mine", string(b))
	_, ok = LanguageNamed("cobol")
	assert.False(t, ok)
}
