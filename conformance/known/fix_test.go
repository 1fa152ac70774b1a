package known

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

const before = `# known failures of the parser

frame/later | fail: expected CLOSE(HEADER_CRC)    | until=2027-01-31 | https://example.org/1 | first, and   spaced
# the next one is fixed
frame/fixed | fail: | | | passes now
frame/gone | fail: | | | no such case
frame/changed | fail: expected CLOSE(STATE) | until=2026-01-01 | | fails otherwise
frame/g-* | fail: | | | a glob of which a part is fixed
frame/off | fail: | | | unsupported now
frame/old | fail: | | | has a new id
flaky:frame/maybe | fail: | | | passes today
client:close/x | fail: | | | of another mode
# the end
`

const after = `# known failures of the parser

frame/later | fail: expected CLOSE(HEADER_CRC)    | until=2027-01-31 | https://example.org/1 | first, and   spaced
# the next one is fixed
frame/changed | fail: expected CLOSE(HEADER_CRC) | until=2026-01-01 | | fails otherwise
frame/g-a | fail: | | | a glob of which a part is fixed
frame/g-c | fail: | | | a glob of which a part is fixed
frame/renamed | fail: | | | has a new id
flaky:frame/maybe | fail: | | | passes today
client:close/x | fail: | | | of another mode
# the end
frame/new | fail: expected CLOSE(HEADER_CRC) | | | TODO
stream/crash | crash: expected CLOSE(HEADER_CRC) | | | TODO
`

func fixReport() *conformance.Report {
	return report(
		fail("frame/new"), fail("frame/later"), pass("frame/fixed"), fail("frame/changed"), fail("frame/g-a"), pass("frame/g-b"),
		fail("frame/g-c"), as("frame/off", conformance.Unsupported), fail("frame/renamed"), pass("frame/maybe"), as("stream/crash", conformance.Crash),
	)
}

func TestFix(t *testing.T) {
	e := Expect{Now: now, File: list(t, before), Renames: []Rename{{"frame/old", "frame/renamed", "0.2.0"}}}
	next, changes, err := Fix(fixReport(), e)
	require.NoError(t, err)
	var b strings.Builder
	_, err = next.WriteTo(&b)
	require.NoError(t, err)
	require.Equal(t, after, b.String())
	require.Len(t, changes, 8, "%q", changes)

	e.File = list(t, b.String())
	out := Judge(fixReport(), e)
	require.Len(t, out.Differences, 1, "%v", out.Differences)
	require.Equal(t, Expired, out.Differences[0].Kind, "a date is for people to change")

	again, changes, err := Fix(fixReport(), e)
	require.NoError(t, err)
	require.Empty(t, changes, "a second fix has nothing to do")
	require.Equal(t, next.Lines, again.Lines)
}

func TestFixOfAWideGlob(t *testing.T) {
	var many []conformance.Result
	for i := range 25 {
		many = append(many, fail(fmt.Sprintf("frame/n%d", i)))
	}
	e := Expect{Now: now, File: list(t, "frame/* | fail: | | | all of them")}
	next, _, err := Fix(report(many...), e)
	require.NoError(t, err)
	require.Len(t, next.Entries(), 25)
	e.File = next
	require.Zero(t, Judge(report(many...), e).Code)
}

func TestFixWithSeveralModes(t *testing.T) {
	c := &Config{Modes: Modes{Server: &Server{}, Codec: &Driver{}}}
	next, _, err := Fix(report(fail("frame/a")), Expect{Config: c, Now: now})
	require.NoError(t, err)
	require.Equal(t, "server:frame/a | fail: expected CLOSE(HEADER_CRC) | | | TODO", next.Lines[0].Text)
}

func TestFixRefuses(t *testing.T) {
	partial := fixReport()
	partial.Options.Run = []string{"frame/*"}
	skipped := fixReport()
	skipped.Options.Skip = []string{"frame/*"}
	for name, r := range map[string]*conformance.Report{
		"run": partial, "skip": skipped, "no case": report(),
		"inconclusive": report(pass("frame/a"), as("frame/b", conformance.Inconclusive)),
	} {
		_, _, err := Fix(r, Expect{File: list(t, before)})
		_, ok := errors.AsType[*PartialError](err)
		require.True(t, ok, "%s: %v", name, err)
		_, err = (*Lock)(nil).With(r)
		_, ok = errors.AsType[*PartialError](err)
		require.True(t, ok, "%s, lock: %v", name, err)
	}
}

func TestReplaceKeepsTheFileOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, KnownFile)
	require.NoError(t, os.WriteFile(path, []byte("as it was"), 0o640))
	err := Replace(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "half of")
		return errors.Join(err, syscall.ENOSPC)
	})
	_, ok := errors.AsType[*FileError](err)
	require.True(t, ok, "%v", err)
	require.ErrorIs(t, err, syscall.ENOSPC)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file stays")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "as it was", string(b))

	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(path, link))
	require.NoError(t, Replace(link, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }))
	b, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(b), "through the link")
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode(), "mode")
	require.Error(t, Replace(filepath.Join(dir, "no", "such"), func(io.Writer) error { return nil }))
}
