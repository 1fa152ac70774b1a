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
		t.Errorf("old: %q: run go run ./spec/gen/objects", stale)
	}
}

// TestPageHasTheExample: the example of the page, and its hashes, are those of the vectors.
func TestPageHasTheExample(t *testing.T) {
	root, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "spec", "objects.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "89 bytes:\n\n```text\n")
	block, _, _ := strings.Cut(rest, "```")
	var got strings.Builder
	for line := range strings.Lines(block) {
		bytes, _, _ := strings.Cut(line, "   ")
		got.WriteString(h(strings.TrimSpace(bytes)))
	}
	if want := objects()[0].In; got.String() != want {
		t.Errorf("the page has %s, not %s", got.String(), want)
	}
	for _, want := range []string{hashes()[0].StateHash, hashes()[0].Item} {
		if !strings.Contains(string(page), "`"+want+"`") {
			t.Errorf("the page lacks %s", want)
		}
	}
}
