// Command exchange writes the block `exchange` of SPEC.md. It is not part of command gen because it needs package codec,
// which needs what gen writes.
package main

import (
	"fmt"
	"io"
	"os"

	"handfast/spec"
	"handfast/spec/exchange"
	"handfast/spec/internal/outputs"
	"handfast/spec/internal/pages"
)

const page = "SPEC.md"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int {
	if err := generate(stdout); err != nil {
		fmt.Fprintln(stderr, "gen/exchange: error:", err)
		return 1
	}
	return 0
}

func generate(log io.Writer) error {
	root, err := outputs.Root()
	if err != nil {
		return err
	}
	f, err := file(root)
	if err != nil {
		return err
	}
	changed, err := outputs.Write(root, f)
	if changed {
		fmt.Fprintln(log, "wrote", f.Path)
	}
	return err
}

// file makes the page with its block filled, and leaves every other block as it is.
func file(root string) (outputs.File, error) {
	texts, err := outputs.Read(root, spec.Registry())
	if err != nil {
		return outputs.File{}, err
	}
	text, err := pages.Splice(page, texts[page], func(name string, _ []string) (string, bool, error) {
		if name != pages.Exchange {
			return "", false, nil
		}
		content, err := exchange.Block()
		return content, true, err
	})
	return outputs.File{Path: page, Content: []byte(text)}, err
}
