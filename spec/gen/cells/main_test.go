package main

import (
	"encoding/hex"
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
	one := cell{}
	item := raw16(hex16(exampleKey) + hex16(exampleState))
	one.put(item)
	var numbers []string
	for _, n := range []uint64{product(0x57, 0x83), product(exampleKey, exampleKey), one[0], one[1], one[2], inverse(exampleState), product(one[1], one[1])} {
		numbers = append(numbers, hex16(n))
	}
	wanted := append(numbers, example.Key, places, hex.EncodeToString(one.bytes()), estimateOf([]bytes16{item}))
	if missing := outputs.Lacking(page, wanted...); missing != nil {
		t.Errorf("the page lacks %q", missing)
	}
}
