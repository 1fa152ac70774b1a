// Command objects writes testdata/clock/objects.json: encodings of objects and node clocks, merges, hashes and fingerprints. It does not import
// refimpl/clock: the bytes are put together by hand here, and the verdicts stated from spec/objects.md, so that the file can judge it.
//
//	go run ./spec/gen/objects    from anywhere in the module
package main

import (
	"io"
	"os"

	"handfast/spec/internal/outputs"
)

const path = "testdata/clock/objects.json"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int { return outputs.Command("gen/objects", stdout, stderr, files) }

// file is the form of objects.json; objects.schema.json beside it says what each member means.
type file struct {
	Format       int           `json:"format"`
	Spec         string        `json:"spec"`
	Objects      []vector      `json:"objects"`
	NodeClocks   []vector      `json:"node_clocks"`
	Merges       []merge       `json:"merges"`
	Hashes       []hashed      `json:"hashes"`
	Fingerprints []fingerprint `json:"fingerprints"`
}

type vector struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	In      string `json:"in"`
	Verdict string `json:"verdict"`
	Value   any    `json:"value,omitempty"`
	Error   *fault `json:"error,omitempty"`
	Twin    string `json:"twin,omitempty"`
}

type fault struct {
	Reason string `json:"reason"`
	Req    string `json:"req"`
	At     int    `json:"at"`
}

func files(string) ([]outputs.File, error) {
	f := file{
		Format: 1, Spec: "1", Objects: objects(), NodeClocks: nodeClocks(), Merges: merges(), Hashes: hashes(), Fingerprints: fingerprints(),
	}
	return outputs.JSON(path, f)
}
