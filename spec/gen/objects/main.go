// Command objects writes testdata/clock/objects.json: encodings of objects and node clocks, merges, hashes and fingerprints. It does not import
// refimpl/clock: the bytes are put together by hand here, and the verdicts stated from spec/objects.md, so that the file can judge it.
//
//	go run ./spec/gen/objects    from anywhere in the module
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"handfast/spec/internal/outputs"
)

const path = "testdata/clock/objects.json"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int {
	root, err := outputs.Root()
	if err == nil {
		var changed bool
		if changed, err = write(root); changed {
			fmt.Fprintln(stdout, "wrote", path)
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "gen/objects: error:", err)
		return 1
	}
	return 0
}

func write(root string) (changed bool, err error) {
	content, err := content()
	if err != nil {
		return false, err
	}
	return outputs.Write(root, outputs.File{Path: path, Content: content})
}

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

func content() ([]byte, error) {
	f := file{
		Format: 1, Spec: "1", Objects: objects(), NodeClocks: nodeClocks(), Merges: merges(), Hashes: hashes(), Fingerprints: fingerprints(),
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(f)
	return b.Bytes(), err
}
