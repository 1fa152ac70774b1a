// Command captures writes testdata/captures/*.pcap: recordings of links for tools that read captures. Addresses, times and sequence
// numbers are fixed, so that the files are the same on each run. The bytes of the peers are made by package codec.
//
//	go run ./spec/gen/captures
package main

import (
	"fmt"
	"io"
	"os"

	"handfast/spec/internal/outputs"
)

const folder = "testdata/captures"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int { return outputs.Command("gen/captures", stdout, stderr, files) }

// files makes all captures.
func files(string) ([]outputs.File, error) {
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
