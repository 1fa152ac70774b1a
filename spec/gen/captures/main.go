// Command captures writes testdata/captures/*.pcap: recordings of links for tools that read captures. Addresses, times and sequence
// numbers are fixed, so that the files are the same on each run. The bytes of the peers are made by package codec.
//
//	go run ./spec/gen/captures
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"handfast/spec/internal/outputs"
)

const folder = "testdata/captures"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int {
	if err := generate(stdout); err != nil {
		fmt.Fprintln(stderr, "gen/captures: error:", err)
		return 1
	}
	return 0
}

func generate(log io.Writer) error {
	root, err := outputs.Root()
	if err != nil {
		return err
	}
	list, err := files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(root, filepath.FromSlash(folder)), 0o755); err != nil {
		return err
	}
	for _, f := range list {
		changed, err := outputs.Write(root, f)
		if err != nil {
			return err
		}
		if changed {
			fmt.Fprintln(log, "wrote", f.Path)
		}
	}
	return nil
}

// files makes all captures.
func files() ([]outputs.File, error) {
	var list []outputs.File
	for _, s := range scenes {
		t := newTape()
		if err := s.play(t); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		content, err := t.pcap()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		list = append(list, outputs.File{Path: folder + "/" + s.name + ".pcap", Content: content})
	}
	return list, nil
}
