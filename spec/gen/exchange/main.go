// Command exchange writes the block `exchange` of SPEC.md, `resume` of spec/delivery.md, and `repair` of spec/sync.md. It is not part of command gen because it needs package codec,
// which needs what gen writes.
package main

import (
	"io"
	"os"

	"handfast/spec"
	"handfast/spec/exchange"
	"handfast/spec/internal/outputs"
	"handfast/spec/internal/pages"
)

// blocks lists the pages, and what stands in them.
var blocks = []struct {
	page, name string
	content    func() (string, error)
}{
	{"SPEC.md", pages.Exchange, exchange.Block},
	{"spec/delivery.md", pages.Resume, exchange.ResumeBlock},
	{"spec/sync.md", pages.Repair, exchange.RepairBlock},
}

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int { return outputs.Command("gen/exchange", stdout, stderr, files) }

// files makes the pages with their blocks filled, and leaves every other block as it is.
func files(root string) ([]outputs.File, error) {
	texts, err := outputs.Read(root, spec.Registry())
	if err != nil {
		return nil, err
	}
	var list []outputs.File
	for _, b := range blocks {
		text, err := pages.Splice(b.page, texts[b.page], func(name string, _ []string) (string, bool, error) {
			if name != b.name {
				return "", false, nil
			}
			content, err := b.content()
			return content, true, err
		})
		if err != nil {
			return nil, err
		}
		list = append(list, outputs.File{Path: b.page, Content: []byte(text)})
	}
	return list, nil
}
