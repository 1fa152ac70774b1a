// Command cells writes testdata/cells/cells.json: places of items, sketches, and differences. It does not import refimpl/sketch: it follows the
// sentences of spec/cells.md word for word and slowly, so that the file can judge it.
//
//	go run ./spec/gen/cells    from anywhere in the module
package main

import (
	"io"
	"os"

	"handfast/spec/internal/outputs"
)

const path = "testdata/cells/cells.json"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int { return outputs.Command("gen/cells", stdout, stderr, files) }

// file is the form of cells.json; cells.schema.json beside it says what each member means.
type file struct {
	Format      int          `json:"format"`
	Spec        string       `json:"spec"`
	Places      []placed     `json:"places"`
	Sketches    []sketched   `json:"sketches"`
	Differences []difference `json:"differences"`
}

func files(string) ([]outputs.File, error) {
	f := file{Format: 1, Spec: "1", Places: places(), Sketches: sketches(), Differences: differences()}
	return outputs.JSON(path, f)
}
