package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/spec/exchange"
	"handfast/spec/internal/outputs"
	"handfast/testdata"
)

// kinds are the files.
var kinds = []string{"openings", "frames", "links"}

// entryOf is a packet in a report.
func entryOf(dir string, opening bool, b []byte) entry {
	return entry{Link: 1, Dir: dir, Bytes: len(b), Hex: hex.EncodeToString(b), Opening: opening}
}

// trace is the exchange of SPEC.md as the suite reports it, if the suite has dialled.
func trace(t *testing.T) []entry {
	t.Helper()
	x, err := exchange.Build()
	require.NoError(t, err)
	var list []entry
	for i, s := range x.Steps {
		list = append(list, entryOf(string(s.From), i < 2, s.Bytes))
	}
	return list
}

// reported writes a report with one case for each trace.
func reported(t *testing.T, traces ...[]entry) string {
	t.Helper()
	type oneCase struct {
		Trace []entry `json:"trace"`
	}
	var r struct {
		Cases []oneCase `json:"cases"`
	}
	for _, one := range traces {
		r.Cases = append(r.Cases, oneCase{one})
	}
	b, err := json.Marshal(r)
	require.NoError(t, err)
	return written(t, b)
}

func written(t *testing.T, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	require.NoError(t, os.WriteFile(file, b, 0o600))
	return file
}

// made runs the command and reads what it has written, as the fuzz targets do.
func made(t *testing.T, reports ...string) (string, map[string][][]byte) {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, run(reports, filepath.Join(root, "corpora", "suite")))
	found := map[string][][]byte{}
	for _, name := range kinds {
		list, err := testdata.Recorded(root, name)
		require.NoError(t, err)
		found[name] = list
	}
	return root, found
}

// TestWhatIsWrittenIsRead: the reader gets the packets of the report, byte for byte, in ascending order, each once.
func TestWhatIsWrittenIsRead(t *testing.T) {
	list := trace(t)
	_, found := made(t, reported(t, list))
	var openings, frames [][]byte
	var link []byte
	for _, e := range list {
		b, err := hex.DecodeString(e.Hex)
		require.NoError(t, err)
		if e.Opening {
			openings = append(openings, b)
			continue
		}
		frames = append(frames, b)
		if e.Dir == ">" {
			link = append(link, b...)
		}
	}
	slices.SortFunc(openings, bytes.Compare)
	slices.SortFunc(frames, bytes.Compare)
	require.Equal(t, openings, found["openings"])
	require.Equal(t, slices.CompactFunc(frames, bytes.Equal), found["frames"])
	require.Equal(t, [][]byte{link}, found["links"])
}

// TestSameReportsGiveSameFiles: the order of reports and of maps does not show.
func TestSameReportsGiveSameFiles(t *testing.T) {
	list := trace(t)
	one, other := reported(t, list), reported(t, list[:9], list)
	first, _ := made(t, one, other)
	second, _ := made(t, other, one)
	for _, name := range kinds {
		path := filepath.Join("corpora", "suite", name+".hex")
		have, err := os.ReadFile(filepath.Join(first, path))
		require.NoError(t, err)
		again, err := os.ReadFile(filepath.Join(second, path))
		require.NoError(t, err)
		require.Equal(t, string(have), string(again))
	}
}

// TestOneOfEachShape: of packets with one shape the least stays, and a packet of several frames gives all of them.
func TestOneOfEachShape(t *testing.T) {
	ping := func(echo uint64) []byte { return codec.Ping{Echo: echo}.AppendFrame(nil) }
	list := trace(t)[:6]
	both := append(ping(9), ping(3)...)
	_, found := made(t, reported(t, append(list, entryOf(">", false, both), entryOf("<", false, ping(5)))))
	var pings [][]byte
	for _, f := range found["frames"] {
		if codec.Type(f[0]) == codec.TypePing {
			pings = append(pings, f)
		}
	}
	require.Equal(t, [][]byte{ping(3), ping(5)}, pings, "one for each direction")
}

// TestWhatIsNoPacketIsLeftOut: of a link of which the report has cut something, nothing is kept but the whole packets.
func TestWhatIsNoPacketIsLeftOut(t *testing.T) {
	list := trace(t)
	cut := entryOf(">", false, codec.Ping{Echo: 1}.AppendFrame(nil))
	cut.Bytes++
	form := entryOf(">", false, []byte("GET / HTTP/1.1"))
	form.Form = "http"
	_, want := made(t, reported(t, list))
	broken := slices.Insert(slices.Clone(list), 2, cut)
	_, found := made(t, reported(t, list, broken, []entry{form}))
	require.Equal(t, want, found)
}

// TestLongLinks: a link is kept up to its bound, whole packets only.
func TestLongLinks(t *testing.T) {
	list := trace(t)[:2]
	ping := codec.Ping{}.AppendFrame(nil)
	for range maxLink/len(ping) + 5 {
		list = append(list, entryOf(">", false, ping))
	}
	_, found := made(t, reported(t, list))
	require.Len(t, found["links"], 1)
	require.Equal(t, bytes.Repeat(ping, maxLink/len(ping)), found["links"][0])
}

// TestDamagedReports: what is no report, or has none of what is looked for, writes nothing.
func TestDamagedReports(t *testing.T) {
	whole := reported(t, trace(t))
	for name, c := range map[string]struct {
		file, want string
	}{
		"none":            {filepath.Join(t.TempDir(), "none.json"), "no such file"},
		"no JSON":         {written(t, []byte(`{"cases": [`)), "unexpected end of JSON"},
		"another form":    {written(t, []byte(`{"cases": "all"}`)), "cannot unmarshal"},
		"no hexadecimal":  {written(t, []byte(`{"cases": [{"trace": [{"hex": "0g", "bytes": 1}]}]}`)), "invalid byte"},
		"half a byte":     {written(t, []byte(`{"cases": [{"trace": [{"hex": "012", "bytes": 1}]}]}`)), "odd length"},
		"without a trace": {written(t, []byte(`{"cases": [{}]}`)), "were they made with --trace?"},
		"openings alone":  {reported(t, trace(t)[:2]), "were they made with --trace?"},
	} {
		to := filepath.Join(t.TempDir(), "suite")
		require.ErrorContains(t, run([]string{c.file}, to), c.want, name)
		entries, err := os.ReadDir(to)
		require.True(t, err == nil && len(entries) == 0 || os.IsNotExist(err), "%s: something was written", name)
	}
	require.NoError(t, run([]string{whole}, filepath.Join(t.TempDir(), "suite")))
	to := written(t, nil) // a file where the folder should be
	require.ErrorContains(t, run([]string{whole}, to), "not a directory")
}

// TestDamagedFiles: the reader refuses a file that the command has not written, and names the line.
func TestDamagedFiles(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(b []byte) []byte
		want   string
	}{
		"another letter": {func(b []byte) []byte { b[4] = 'x'; return b }, "line 1"},
		"half a byte":    {func(b []byte) []byte { return append(b, "00\n0\n"...) }, "line "},
		"an empty line":  {func(b []byte) []byte { return append([]byte("00\n\n"), b...) }, "line 2"},
		"nothing":        {func([]byte) []byte { return nil }, "line 1"},
		"two on a line":  {func(b []byte) []byte { return append([]byte("00 01\n"), b...) }, "line 1"},
	} {
		root, _ := made(t, reported(t, trace(t)))
		file := filepath.Join(root, "corpora", "suite", "frames.hex")
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, c.damage(b), 0o600))
		_, err = testdata.Recorded(root, "frames")
		require.ErrorContains(t, err, c.want, name)
	}
	_, err := testdata.Recorded(t.TempDir(), "frames")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestFilesAreInForm: the files that are there are as the command writes them.
func TestFilesAreInForm(t *testing.T) {
	root, err := outputs.Root()
	require.NoError(t, err)
	for _, name := range kinds {
		list, err := testdata.Recorded(filepath.Join(root, "testdata"), name)
		require.NoError(t, err)
		shapes := map[string][]byte{}
		for _, b := range list {
			shapes[string(b)] = b
		}
		require.Len(t, shapes, len(list), "%s has an input twice", name)
		have, err := os.ReadFile(filepath.Join(root, "testdata", "corpora", "suite", name+".hex"))
		require.NoError(t, err)
		require.Equal(t, string(have), string(text(shapes)), name)
	}
}
