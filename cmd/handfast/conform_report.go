package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"handfast/conformance"
	"handfast/conformance/publish"
)

func (c *conformCmd) newReport() *cobra.Command {
	return &cobra.Command{
		Use:   "report FILE...",
		Short: "Make other forms of JSON reports",
		Long: `Make other forms of JSON reports that earlier runs have written with --json. Several reports become the columns of one
page, and the rows of one summary. A list of known failures is looked at where there is one report.

Exit code 0: all forms were written, whatever the reports say. 2: a file is no report, or cannot be written.`,
		Example: `  handfast conform report report.json --html report.html --markdown summary.md
  handfast conform report go.json rust.json js.json --html matrix.html`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			runs, err := c.read(cmd, files)
			if err != nil {
				return err
			}
			asked := c.json + c.junit + c.out.html + c.out.markdown + c.out.badge
			if asked != "" || c.out.github {
				return errors.Join(c.env.write(c.json, runs[0].Report.WriteJSON), c.publish(runs...))
			}
			for _, run := range runs {
				console := conformance.ConsoleOptions{Command: run.Report.Options.Command, After: run.Report.Options.After, Trace: c.trace}
				if err := run.Report.WriteConsole(c.env.stdout, console); err != nil {
					return notWritten("stdout", err)
				}
			}
			return nil
		},
	}
}

// read reads reports.
func (c *conformCmd) read(cmd *cobra.Command, files []string) ([]publish.Run, error) {
	var runs []publish.Run
	for _, name := range files {
		report, err := readReport(name)
		if err != nil {
			return nil, err
		}
		runs = append(runs, publish.Run{Report: report})
	}
	if len(runs) > 1 {
		return runs, nil
	}
	repo, err := c.repository(cmd)
	if err != nil {
		return nil, err
	}
	runs[0].Outcome = repo.judge(runs[0].Report)
	return runs, nil
}

// readReport reads a report.
func readReport(name string) (*conformance.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	defer f.Close() // it was only read
	report, err := conformance.ReadReport(f)
	if err != nil {
		return nil, usageError("%s: %w", name, err)
	}
	return report, nil
}

func (c *conformCmd) newBadge() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "badge FILE",
		Short: "Make a badge of a JSON report",
		Long: `Make a badge of a JSON report: an SVG, or the JSON from which shields.io makes one. It is green if every case passes, and
amber with the number of known failures if all that fail are known. A run of some cases, one with weak verdicts, one
that is not as expected, and one that measured nothing get no badge.`,
		Example: `  handfast conform badge report.json --out badge.svg --endpoint badge.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			if out == "" && c.out.endpoint == "" {
				return usageError("conform badge takes --out, --endpoint, or both")
			}
			runs, err := c.read(cmd, files)
			if err != nil {
				return err
			}
			return errors.Join(c.writeBadge(out, runs[0], publish.Badge), c.writeBadge(c.out.endpoint, runs[0], publish.Endpoint))
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write the SVG to `file`, - being stdout")
	cmd.Flags().StringVar(&c.out.endpoint, "endpoint", "", "write the JSON for shields.io to `file`, - being stdout")
	return cmd
}
