package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handfast/spec/internal/outputs"
	"handfast/testdata"
)

func TestFilesAreCurrent(t *testing.T) {
	root, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	want, err := files("")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range want {
		have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.Path)))
		if err != nil || !bytes.Equal(have, f.Content) {
			t.Errorf("%s is old: run go generate ./... (%v)", f.Path, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "testdata", "vectors"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(want) {
		t.Errorf("testdata/vectors has %d files, of which the generator writes %d", len(entries), len(want))
	}
}

// TestGeneratorDoesNotKnowTheCodec: what the vectors judge may not have made them.
func TestGeneratorDoesNotKnowTheCodec(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	for _, name := range sources {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if path := strings.Trim(i.Path.Value, `"`); strings.Contains(path, "codec") || strings.Contains(path, "msgpack") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}

func TestRunOutside(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, bad strings.Builder
	if code := run(&out, &bad); code != 1 || !strings.Contains(bad.String(), "no go.mod") {
		t.Errorf("exit %d, %q", code, bad.String())
	}
}

// TestHelpers judges the helpers that the tables are made with by bytes that a person wrote, and by frames of SPEC.md.
func TestHelpers(t *testing.T) {
	b := body{{"a", "01", "1"}, {"c", "c0", nil}}
	for _, tc := range []struct {
		name      string
		got, want hexed
	}{
		{"map", b.hexed(), "82 a161 01 a163 c0"},
		{"with between", b.with("b", "02", nil).hexed(), "83 a161 01 a162 02 a163 c0"},
		{"with before", b.with("A", "02", nil).hexed(), "83 a141 02 a161 01 a163 c0"},
		{"with behind", b.with("d", "02", nil).hexed(), "83 a161 01 a163 c0 a164 02"},
		{"with in place", b.with("c", "02", nil).hexed(), "82 a161 01 a163 02"},
		{"without", b.without("a").hexed(), "81 a163 c0"},
		{"cut", hexed("01 02 03").cut(2), "01"},
		{"check value of CRC-32C", u32(crc32c("313233343536373839")), "e3069283"},
		{"check value of CRC-32", u32(crcIEEE("313233343536373839")), "cbf43926"},
		{"frame of SPEC.md, 4", frame{kind: 0xb6}.hexed(), "b6 00 0000 00000000 00000000 6e70e550"},
		{"frame of SPEC.md, 9", accept(1).hexed(), "11 00 0000 00000001 00000001 c94255d1 80 f1fa48d4"},
		{"frame of SPEC.md, 11", closing(0, "NO_ERROR", 0, "done").hexed(), "07 00 0000 0000000c 00000000 98172cec 00000000 00000000 646f6e65 6ef059cc"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, tc.got, tc.want)
		}
	}
	if at := b.offset("c"); at != 6 {
		t.Errorf("offset %d, want 6", at)
	}
	if n := b.padded(1000).hexed().len(); n != 1000 {
		t.Errorf("padded to %d", n)
	}
}

func load(t *testing.T) []testdata.File {
	t.Helper()
	list, err := testdata.Load()
	if err != nil {
		t.Fatal(err)
	}
	return list
}
