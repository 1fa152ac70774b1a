// Command realtime writes testdata/realtime/records.json: records of the sub-protocol realtime. It does not import the codec: the bytes are put
// together by hand here, and the verdicts stated from spec/realtime.md, so that the file can judge it.
//
//	go run ./spec/gen/realtime    from anywhere in the module
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"handfast/spec/internal/outputs"
)

const path = "testdata/realtime/records.json"

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
		fmt.Fprintln(stderr, "gen/realtime: error:", err)
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

// file is the form of records.json; records.schema.json beside it says what each member means.
type file struct {
	Format  int      `json:"format"`
	Spec    string   `json:"spec"`
	Records []vector `json:"records"`
}

type vector struct {
	ID           string   `json:"id"`
	Req          []string `json:"req"`
	Title        string   `json:"title"`
	In           string   `json:"in"`
	Verdict      string   `json:"verdict"`
	Value        *value   `json:"value,omitempty"`
	Noncanonical bool     `json:"noncanonical,omitempty"`
	Error        *fault   `json:"error,omitempty"`
	Twin         string   `json:"twin,omitempty"`
}

type value struct {
	Kind      string   `json:"kind"`
	Path      []string `json:"path"`
	Namespace string   `json:"namespace"`
	Key       string   `json:"key"`
	Object    string   `json:"object"`
}

type fault struct {
	Req string `json:"req"`
	At  int    `json:"at"`
}

func content() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(file{Format: 1, Spec: "1", Records: records()})
	return b.Bytes(), err
}
