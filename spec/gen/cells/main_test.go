package main

import (
	"fmt"
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
		t.Errorf("old: %q: run go run ./spec/gen/cells", stale)
	}
}

// TestPageHasTheExample: the example of the page is that of the vectors.
func TestPageHasTheExample(t *testing.T) {
	root, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "spec", "cells.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := places()[0]
	places := strings.Trim(strings.ReplaceAll(fmt.Sprint(example.Places), " ", ", "), "[]")
	for _, want := range []string{example.Item, example.Check, places} {
		if !strings.Contains(string(page), "`"+want+"`") {
			t.Errorf("the page lacks %s", want)
		}
	}
}
