// Command gen writes everything that follows from the registry and the requirements: codec/zz_registry.go, the descriptions
// of the wire for other tools, the generated blocks of the pages, and spec/INDEX.md. It imports package spec and nothing else of the module, so that it runs while
// the codec does not compile.
//
//	go generate ./...                  from the root: everything
//	go run ./spec/gen -requirements    take the sentences of the pages over into requirements.json, then the same
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"handfast/spec"
	"handfast/spec/internal/outputs"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	refresh := flags.Bool("requirements", false, "first refresh the texts of requirements.json from the pages")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return 2
	}
	if err := generate(*refresh, stdout); err != nil {
		fmt.Fprintln(stderr, "gen: error:", err)
		return 1
	}
	return 0
}

// generate writes the codec's tables first: they depend on no page.
func generate(refresh bool, log io.Writer) error {
	root, err := outputs.Root()
	if err != nil {
		return err
	}
	registry := spec.Registry()
	tables, err := outputs.Tables(registry)
	if err != nil {
		return err
	}
	if err := outputs.WriteAll(root, log, tables); err != nil {
		return err
	}
	described, err := outputs.Formats(registry)
	if err != nil {
		return err
	}
	if err := outputs.WriteAll(root, log, described...); err != nil {
		return err
	}
	list, err := spec.ParseRequirements(spec.RequirementsJSON())
	if err != nil {
		return err
	}
	if refresh {
		file, err := outputs.Requirements(root, registry, list)
		if err != nil {
			return err
		}
		if err := outputs.WriteAll(root, log, file); err != nil {
			return err
		}
		if list, err = spec.ParseRequirements(file.Content); err != nil {
			return err
		}
	}
	files, err := outputs.Pages(root, registry, list.Requirements)
	if err != nil {
		return err
	}
	return outputs.WriteAll(root, log, files...)
}
