package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handfast/spec/internal/outputs"
)

func TestBlockIsCurrent(t *testing.T) {
	root, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	list, err := files(root)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]string{"SPEC.md": "11. the end: CLOSE", "spec/delivery.md": "5. the gap is noted"}
	for _, want := range list {
		have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(want.Path)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want.Content) {
			t.Errorf("a block of %s is old: run go generate ./...", want.Path)
		}
		if !bytes.Contains(have, []byte(last[want.Path])) {
			t.Errorf("%s lacks a block", want.Path)
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
