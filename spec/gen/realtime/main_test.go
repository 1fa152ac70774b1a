package main

import (
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
	page, err := outputs.Page("realtime.md")
	if err != nil {
		t.Fatal(err)
	}
	got := outputs.ExampleBytes(page, "= 121 bytes:")
	if len(got) < 60 || !strings.HasPrefix(example, got) || len(example) != 2*121 {
		t.Errorf("the page has %s, the vectors %s", got, example)
	}
}
