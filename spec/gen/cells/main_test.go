package main

import (
	"fmt"
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
		t.Errorf("old: %q: run go run ./spec/gen/cells", stale)
	}
}

// TestPageHasTheExample: the example of the page is that of the vectors.
func TestPageHasTheExample(t *testing.T) {
	page, err := outputs.Page("cells.md")
	if err != nil {
		t.Fatal(err)
	}
	example := places()[0]
	places := strings.Trim(strings.ReplaceAll(fmt.Sprint(example.Places), " ", ", "), "[]")
	if missing := outputs.Lacking(page, example.Item, example.Check, places); missing != nil {
		t.Errorf("the page lacks %q", missing)
	}
}
