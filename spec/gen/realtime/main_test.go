package main

import (
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
	list, err := files(root)
	if err != nil {
		t.Fatal(err)
	}
	if stale := outputs.Stale(root, list...); stale != nil {
		t.Errorf("old: %q: run go run ./spec/gen/realtime", stale)
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
