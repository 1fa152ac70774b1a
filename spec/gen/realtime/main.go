// Command realtime writes testdata/realtime/records.json: records of the sub-protocol realtime. It does not import the codec: the bytes are put
// together by hand here, and the verdicts stated from spec/realtime.md, so that the file can judge it.
//
//	go run ./spec/gen/realtime    from anywhere in the module
package main

import (
	"io"
	"os"

	"handfast/spec/internal/outputs"
)

const path = "testdata/realtime/records.json"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int { return outputs.Command("gen/realtime", stdout, stderr, files) }

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
	Kind string `json:"kind"`

	// of an OBJECT
	Path      []string `json:"path,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
	Key       string   `json:"key,omitempty"`
	Object    string   `json:"object,omitempty"`

	// of a PART
	ID     string `json:"id,omitempty"`
	Total  string `json:"total,omitempty"`
	Offset string `json:"offset,omitempty"`
	Bytes  string `json:"bytes,omitempty"`
}

type fault struct {
	Req string `json:"req"`
	At  int    `json:"at"`
}

func files(string) ([]outputs.File, error) {
	return outputs.JSON(path, file{Format: 1, Spec: "1", Records: records()})
}
