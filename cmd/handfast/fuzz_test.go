package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFuzzPage runs every command of fuzz/README.md, each block in a folder beside the parts of the tree that it names.
func TestFuzzPage(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	s := serve(t, "--log", "off")
	for _, b := range blocks(t, filepath.Join(root, "fuzz", "README.md")) {
		t.Run(fmt.Sprintf("%s, line %d", b.section, b.line), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range []string{"conformance", "fuzz", "testdata"} {
				require.NoError(t, os.Symlink(filepath.Join(root, name), filepath.Join(dir, name)))
			}
			bash(t, dir, strings.ReplaceAll(b.script(), "127.0.0.1:7400", s.addr))
		})
	}
}

func TestFuzzWrongUse(t *testing.T) {
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{}, 2, "one of"},
		{[]string{"--self", "--", "x"}, 2, "one of"},
		{[]string{"--self", "--what", "everything"}, 2, "everything"},
		{[]string{"--tcp", "127.0.0.1:1"}, 3, "listens"},
		{[]string{"--tcp", "127.0.0.1:1", "--out", "x"}, 2, "--out"},
		{[]string{"--self", "--known", "/nowhere"}, 2, "nowhere"},
		{[]string{"--self", "--json", "/nowhere/report.json"}, 2, "/nowhere/report.json cannot be written"},
		{[]string{"--self", "--json", "."}, 2, ". cannot be written: is a directory"},
		{[]string{"--self", "--out", "fuzz_test.go/found"}, 2, "fuzz_test.go/found cannot be written"},
		{[]string{"--self", "--corpus", "fuzz_test.go"}, 2, "fuzz_test.go cannot be written"},
		{[]string{"--self", "--replay", "/nowhere"}, 2, "nowhere"},
		{[]string{"--", "no-such-command-anywhere"}, 3, "cannot be started"},
		{[]string{"bench", "--run", "no-such-bug"}, 2, "none of the bugs"},
		{[]string{"export"}, 2, "accepts 1 arg"},
		{[]string{"vector", "/nowhere"}, 2, "nowhere"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			code, _, errs := outcome(t, append([]string{"fuzz"}, tc.args...)...)
			require.Equal(t, tc.code, code, errs)
			require.Contains(t, errs, tc.says)
		})
	}
}

// TestFuzzJSON: the report is on stdout alone, and is JSON.
func TestFuzzJSON(t *testing.T) {
	code, out, errs := outcome(t, "fuzz", "--self", "--runs", "3000", "--seed", "9", "--json", "-")
	require.Equal(t, 0, code, errs)
	var report struct {
		Format     int    `json:"format"`
		Seed       string `json:"seed"`
		Executions int64  `json:"executions"`
		Findings   []any  `json:"findings"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, 1, report.Format)
	require.Equal(t, "9", report.Seed)
	require.GreaterOrEqual(t, report.Executions, int64(3000))
	require.Empty(t, report.Findings)
	require.Empty(t, errs, "progress is for terminals")
}
