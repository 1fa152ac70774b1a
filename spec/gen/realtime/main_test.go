package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handfast/spec/internal/outputs"
)

func TestFileIsCurrent(t *testing.T) {
	root, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	want, err := content()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil || !bytes.Equal(have, want) {
		t.Errorf("%s is old (%v): run go run ./spec/gen/realtime", path, err)
	}
}

// TestPageHasTheExample: the example of the page is that of the vectors, up to the object.
func TestPageHasTheExample(t *testing.T) {
	root, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "spec", "realtime.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "= 121 bytes:\n\n```text\n")
	block, _, _ := strings.Cut(rest, "```")
	var got strings.Builder
	for line := range strings.Lines(block) {
		bytes, _, _ := strings.Cut(line, "   ")
		got.WriteString(strings.ReplaceAll(strings.TrimSuffix(strings.TrimSpace(bytes), "..."), " ", ""))
	}
	if got.Len() < 60 || !strings.HasPrefix(example, got.String()) || len(example) != 2*121 {
		t.Errorf("the page has %s, the vectors %s", got.String(), example)
	}
}
