// Command cells writes testdata/cells/cells.json: products and inverses, places of key hashes, sketches, differences,
// and estimates. It does not import refimpl/sketch: it follows the
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
	Products    []multiplied `json:"products"`
	Inverses    []inverted   `json:"inverses"`
	Places      []placed     `json:"places"`
	Sketches    []sketched   `json:"sketches"`
	Differences []difference `json:"differences"`
	Estimates   []estimated  `json:"estimates"`
}

func files(string) ([]outputs.File, error) {
	f := file{
		Format: 2, Spec: "1", Products: products(), Inverses: inverses(), Places: places(), Sketches: sketches(), Differences: differences(),
		Estimates: estimates(),
	}
	return outputs.JSON(path, f)
}
