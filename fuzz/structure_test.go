package fuzz

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// TestGeneratorReachesEverything: what is made by the grammar is good often enough, and breaks every rule of its parsers.
func TestGeneratorReachesEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: the numbers need many inputs, and nothing runs at the same time")
	}
	g := &generator{random: newRandom(1, 1)}
	for _, tc := range []struct {
		c    context
		reqs []string
	}{
		{context{what: testdata.OpMsgpack}, []string{"MP-001", "MP-002", "MP-003", "MP-004", "MP-005", "MP-006", "MP-007", "MP-009", "MP-010", "MP-011", "MP-012", "MP-013"}},
		{context{what: testdata.OpOpening}, []string{"HELLO-003", "HELLO-006", "HELLO-007", "HELLO-008", "HELLO-009", "HELLO-010", "HELLO-012", "HELLO-027", "CAP-010", "HELLO-013", "HELLO-014", "HELLO-020", "HELLO-022"}},
		{context{what: testdata.OpFrame}, []string{
			"FRAME-001", "FRAME-002", "FRAME-003", "FRAME-004", "FRAME-009", "FRAME-010", "FRAME-018", "DATA-001", "DATA-002", "DATA-004", "DATA-005", "CRED-008", "READY-009", "FRAME-016", "REC-001", "ACK-001", "GAP-001",
		}},
		{context{what: testdata.OpCall, turn: testdata.TurnRequest}, nil},
		{context{what: testdata.OpCall, turn: testdata.TurnReply}, nil},
	} {
		seen, accepted := make(map[string]bool), 0
		const made = 12_000
		for range made {
			in := input{context: tc.c, b: g.make(tc.c)}
			a := want(&in)
			if a.Kind == "accept" {
				accepted++
			}
			seen[a.Req] = true
		}
		require.Greater(t, accepted, made/20, tc.c.String())
		require.Less(t, accepted, made*19/20, tc.c.String())
		for _, req := range tc.reqs {
			require.True(t, seen[req], "%s never breaks %s", tc.c.String(), req)
		}
	}
}

// FuzzStructure gives any bytes to those who change inputs by their structure: nothing panics, a repaired frame has the right checksums, and a reduction is shorter than what it was made of, or as long.
func FuzzStructure(f *testing.F) {
	f.Add(uint8(0), []byte{0x82, 0xA1, 'a', 0x91, 0xC0, 0xA1, 'b', 0xC4, 1, 0})
	f.Add(uint8(1), codec.Ping{}.AppendFrame(nil))
	f.Add(uint8(1), codec.Data{Stream: 1, Pieces: codec.NewPieces(0, []byte("abc"), nil)}.AppendFrame(nil))
	whats := []context{{what: testdata.OpMsgpack}, {what: testdata.OpFrame}, {what: testdata.OpOpening}, {what: testdata.OpCall, turn: testdata.TurnReply}}
	f.Fuzz(func(t *testing.T, op uint8, b []byte) {
		c := whats[int(op)%len(whats)]
		if len(b) > 1<<12 {
			t.Skip()
		}
		g := &generator{random: newRandom(uint64(op), uint64(len(b)))}
		for _, e := range reductions(c, b) {
			require.LessOrEqual(t, len(e.apply(c, b)), len(b)+codec.TrailerSize+4)
		}
		_ = g.rebuild(c, b)
		_ = g.mutate(c, b, b)
		if fixed := repair(c, bytes.Clone(b), true); c.what == testdata.OpFrame && len(b) >= codec.HeaderSize {
			fr, n, err := codec.ParseFrame(fixed, 1<<20)
			if err == nil {
				require.Equal(t, len(fixed), n)
				require.Equal(t, fixed, codec.AppendFrame(nil, fr.Header, fr.Payload))
			} else {
				fault, ok := asFault(err)
				require.True(t, ok, "%v", err)
				require.Contains(t, []string{"FRAME-004", "FRAME-018"}, fault.Req)
			}
		}
	})
}

// FuzzVectorFile gives anything to the reader of files of vectors, which findings are written as.
func FuzzVectorFile(f *testing.F) {
	for _, b := range testdata.JSON() {
		f.Add(b[:min(len(b), 3000)])
	}
	f.Add([]byte(`{"format":1,"must_understand":[],"spec":"1","area":"found","vectors":[{"id":"found/x","req":["MP-001"],"title":"t","why":"w","op":"msgpack","in":"c0","verdict":"accept","value":null}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := testdata.Parse(b)
		if err != nil || testdata.Check([]testdata.File{*file}) != nil {
			return
		}
		for i := range file.Vectors {
			_ = file.Vectors[i].Bytes() // does not panic behind Check
		}
	})
}

func TestExport(t *testing.T) {
	dir := t.TempDir()
	out, err := Export(ExportConfig{Dir: dir, Made: 30})
	require.NoError(t, err)
	for _, form := range []string{"msgpack", "opening", "frame", "call-request", "call-arg", "call-reply"} {
		files, err := os.ReadDir(filepath.Join(dir, "corpus", form))
		require.NoError(t, err)
		require.Len(t, files, out.Inputs[form])
		require.Greater(t, len(files), 25)
	}
	text, err := os.ReadFile(filepath.Join(dir, "handfast.dict"))
	require.NoError(t, err)
	require.Equal(t, out.Tokens, strings.Count(string(text), "=\"\\x"))
	for _, token := range Dictionary() {
		require.NotEmpty(t, token.Bytes)
		require.LessOrEqual(t, len(token.Bytes), 128, token.Name)
	}
	for _, name := range []string{"project.yaml", "Dockerfile", "build.sh"} {
		require.FileExists(t, filepath.Join(dir, "oss-fuzz", name))
	}
}

// corpora are inputs that did something new in a run, a file for each form, an input a line in hexadecimal.
const corpora = "../testdata/corpora"

// TestCorpora replays what fuzzers found worth keeping: the properties of FuzzDecode hold for each.
func TestCorpora(t *testing.T) {
	files, err := os.ReadDir(corpora)
	require.NoError(t, err)
	total := 0
	for _, file := range files {
		if filepath.Ext(file.Name()) != ".hex" {
			continue
		}
		inputs, err := ReadCorpus(filepath.Join(corpora, file.Name()))
		require.NoError(t, err)
		require.NotEmpty(t, inputs)
		for _, in := range inputs {
			require.Empty(t, gocodec.Unsound(in), "%s %x", file.Name(), in.Bytes)
		}
		total += len(inputs)
	}
	require.Greater(t, total, 500)
}
