package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"handfast/conformance/guide"
)

func (c *conformCmd) newInit() *cobra.Command {
	var name, dir string
	var force bool
	var names []string
	for _, l := range guide.Languages() {
		names = append(names, l.Name)
	}
	cmd := &cobra.Command{
		Use:   "init --lang LANGUAGE",
		Short: "Write a driver to begin with: " + strings.Join(names, ", "),
		Long: `Write a driver to begin with, conformance.json and a README.md into a folder. The driver uses the standard library alone, answers
the first questions of the suite and parses one frame; conform next says what to add. A file that is there is never
overwritten, unless --force is given.`,
		Example: `  handfast conform init --lang python
  handfast conform init --lang rust --dir my-handfast`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			language, ok := guide.LanguageNamed(name)
			if !ok {
				return usageError("--lang is one of %s, not %q", strings.Join(names, ", "), name)
			}
			return c.init(dir, language, force)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "lang", "", "`language` of the driver: "+strings.Join(names, ", "))
	f.StringVar(&dir, "dir", ".", "`folder` to write to")
	f.BoolVar(&force, "force", false, "overwrite files")
	return only(cmd)
}

func (c *conformCmd) init(dir string, l guide.Language, force bool) error {
	files, err := guide.Init(dir, l, force)
	if _, there := errors.AsType[*guide.ExistsError](err); there || errors.Is(err, fs.ErrExist) {
		return &exitError{code: exitUsage, err: err, hint: "--dir chooses another folder, --force overwrites"}
	}
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	fmt.Fprintf(c.env.stdout, "wrote to %s:\n", dir)
	for _, f := range files {
		fmt.Fprintf(c.env.stdout, "  %s\n", f.Name)
	}
	fmt.Fprintf(c.env.stdout, "\nnext:\n")
	if dir != "." {
		fmt.Fprintf(c.env.stdout, "  cd %s\n", dir)
	}
	if len(l.Build) > 0 {
		fmt.Fprintf(c.env.stdout, "  %s\n", strings.Join(l.Build, " "))
	}
	fmt.Fprintf(c.env.stdout, "  handfast conform next\n")
	return nil
}
