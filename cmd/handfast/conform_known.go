package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"handfast/conformance/known"
)

func (c *conformCmd) newKnown() *cobra.Command {
	var fix bool
	var from string
	cmd := &cobra.Command{
		Use:   "known --report FILE",
		Short: "Compare a JSON report with the list of known failures, or write the list anew",
		Long: `Compare a JSON report with the list of known failures and with the lock. A line of the list is

  id or glob | signature prefix | until=2027-01-31 | issue URL | reason

and the run differs if a case fails that is not listed; if one is listed and passes, fails in another way, or is
unsupported; if a line means no case or more than 20, or its date is over. In front of an id, "flaky:" allows a pass,
and "client:" and so on restrict a line to one mode.

With --fix the list is written anew from a full run: comments, order, reasons and dates of lines that still hold stay, what
does not hold goes, and new failures come last with TODO as their reason.

Exit code 0: as expected, or the list was written. 1: something differs. 2: a file cannot be read or written, or the run was
of some cases only. 3: the report measured nothing.`,
		Example: `  handfast conform known --report report.json
  handfast conform known --fix --report report.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == "" {
				return usageError("conform known takes --report FILE, a report that a run has written with --json")
			}
			if fix {
				return c.fixKnown(cmd, from)
			}
			runs, err := c.read(cmd, []string{from})
			if err != nil {
				return err
			}
			outcome := runs[0].Outcome
			if outcome == nil {
				return usageError("there is no conformance.json here, and neither --config nor --known names a file")
			}
			if err := outcome.WriteText(c.env.stdout); err != nil {
				return notWritten("stdout", err)
			}
			return exitWith(outcome.Code)
		},
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "write the list anew")
	cmd.Flags().StringVar(&from, "report", "", "`file` of the report")
	return cmd
}

// fixKnown writes the list anew. There need not be one yet.
func (c *conformCmd) fixKnown(cmd *cobra.Command, from string) error {
	report, err := readReport(from)
	if err != nil {
		return err
	}
	config, err := c.configuration(cmd)
	if err != nil {
		return err
	}
	path := known.KnownFile
	switch {
	case c.repo.known != "":
		path = c.repo.known
	case config != nil:
		path = config.KnownPath()
	}
	file, err := known.LoadKnown(path)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = &known.File{Path: path}, nil
	}
	if err != nil {
		return badFile(err)
	}
	next, changes, err := known.Fix(report, known.Expect{Config: config, File: file, Renames: known.Renames()})
	if err != nil {
		return usageError("--fix: %w", err)
	}
	if err := c.env.write(path, func(w io.Writer) error { _, err := next.WriteTo(w); return err }); err != nil {
		return err
	}
	for _, change := range changes {
		fmt.Fprintln(c.env.stdout, change)
	}
	fmt.Fprintf(c.env.stdout, "%s: %d entries, %d changes\n", path, len(next.Entries()), len(changes))
	return nil
}
