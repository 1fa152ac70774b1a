package main

import (
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
	page, err := outputs.Page("objects.md")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := outputs.ExampleBytes(page, "89 bytes:"), objects()[0].In; got != want {
		t.Errorf("the page has %s, not %s", got, want)
	}
	if missing := outputs.Lacking(page, hashes()[0].StateHash, hashes()[0].Item); missing != nil {
		t.Errorf("the page lacks %q", missing)
	}
}
