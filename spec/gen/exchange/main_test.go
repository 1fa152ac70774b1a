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
	want, err := file(root)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Content) {
		t.Errorf("the block exchange of %s is old: run go generate ./...", page)
	}
	if !bytes.Contains(have, []byte("11. the end: CLOSE")) {
		t.Errorf("%s has no block exchange", page)
	}
}

func TestRunOutside(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, bad strings.Builder
	if code := run(&out, &bad); code != 1 || !strings.Contains(bad.String(), "no go.mod") {
		t.Errorf("exit %d, %q", code, bad.String())
	}
}
