package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handfast/conformance/capture"
	"handfast/spec/exchange"
	"handfast/spec/internal/outputs"
)

// TestFilesAreCurrent generates again in memory, and looks for files that nothing makes any more.
func TestFilesAreCurrent(t *testing.T) {
	root, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	list, err := files("")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, f := range list {
		made[filepath.Base(f.Path)] = true
		have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.Path)))
		if err != nil || !bytes.Equal(have, f.Content) {
			t.Errorf("%s is old: run go generate ./... (%v)", f.Path, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".txt"); !made[name] && !made[name+".pcap"] && name != "README.md" {
			t.Errorf("%s/%s belongs to no scene", folder, e.Name())
		}
	}
}

// TestSegmentsHoldTheExchange reads the cut, repeated and disordered segments back.
func TestSegmentsHoldTheExchange(t *testing.T) {
	x, err := exchange.Build()
	if err != nil {
		t.Fatal(err)
	}
	list, err := files("")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range list {
		found, err := capture.Read(bytes.NewReader(f.Content), capture.Options{})
		if err != nil || len(found.Connections) != 1 || found.Skipped > 0 {
			t.Fatalf("%s: %+v, %v", f.Path, found, err)
		}
		c := found.Connections[0]
		switch name := strings.TrimSuffix(filepath.Base(f.Path), ".pcap"); name {
		case "exchange", "other-port", "segments":
			seen++
			if !bytes.Equal(c.Bytes(capture.Dialer), x.Bytes(exchange.Dialer)) || !bytes.Equal(c.Bytes(capture.Acceptor), x.Bytes(exchange.Acceptor)) {
				t.Errorf("%s does not hold the exchange", name)
			}
		case "gap":
			seen++
			if gap := c.Gaps[capture.Acceptor]; gap == nil || gap.Offset != 594 || gap.Size != 16 || c.Gaps[capture.Dialer] != nil {
				t.Errorf("%s: gaps %v", name, c.Gaps)
			}
		}
	}
	if seen != 4 {
		t.Errorf("%d scenes were looked at", seen)
	}
}

func TestRunOutside(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, bad strings.Builder
	if code := run(&out, &bad); code != 1 || !strings.Contains(bad.String(), "no go.mod") {
		t.Errorf("exit %d, %q", code, bad.String())
	}
}
