// Command vectors writes testdata/vectors. It does not import package codec: the bytes are put together by hand here, and the verdicts
// are stated here from the specification, so that the files can judge the codec.
//
//	go run ./spec/gen/vectors    from anywhere in the module
//
// Each area is a function in a file of its own name, with one call for each vector: ok and other add an accepted one, no and
// both a rejected one, by the accepted form and one damage to it. A checksum is made right again behind a damage, unless it is
// the damage.
package main

import (
	"fmt"
	"io"
	"os"

	"handfast/spec/internal/outputs"
	"handfast/testdata"
)

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int { return outputs.Command("gen/vectors", stdout, stderr, files) }

// areas lists the files.
func areas() []*area {
	return []*area{
		msgpackArea(), openingArea(), readyArea(), frameArea(), heartbeatArea(),
		streamArea(), dataArea(), endingArea(), deliveryArea(), callArea(),
	}
}

// files makes all files, and checks them as a reader of them would.
func files(string) ([]outputs.File, error) {
	var list []outputs.File
	var parsed []testdata.File
	for _, a := range areas() {
		content, err := a.file()
		if err != nil {
			return nil, err
		}
		f, err := testdata.Parse(content)
		if err != nil {
			return nil, fmt.Errorf("area %s: %w", a.name, err)
		}
		parsed = append(parsed, *f)
		list = append(list, outputs.File{Path: "testdata/vectors/" + a.name + ".json", Content: content})
	}
	return list, testdata.Check(parsed)
}
