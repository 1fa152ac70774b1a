// Command cells writes testdata/cells/cells.json: places of items, sketches, and differences. It does not import refimpl/sketch: it follows the
// sentences of spec/cells.md word for word and slowly, so that the file can judge it.
//
//	go run ./spec/gen/cells    from anywhere in the module
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"handfast/spec/internal/outputs"
)

const path = "testdata/cells/cells.json"

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
		fmt.Fprintln(stderr, "gen/cells: error:", err)
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

// file is the form of cells.json; cells.schema.json beside it says what each member means.
type file struct {
	Format      int          `json:"format"`
	Spec        string       `json:"spec"`
	Places      []placed     `json:"places"`
	Sketches    []sketched   `json:"sketches"`
	Differences []difference `json:"differences"`
}

func content() ([]byte, error) {
	f := file{Format: 1, Spec: "1", Places: places(), Sketches: sketches(), Differences: differences()}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(f)
	return b.Bytes(), err
}
