package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"handfast/conformance"
	"handfast/conformance/known"
	"handfast/conformance/publish"
)

// publishing is where the forms of a report go. "" is nowhere, - is stdout.
type publishing struct {
	html, markdown, badge, endpoint string
	github                          bool
}

func (p *publishing) flags(f *pflag.FlagSet) {
	f.StringVar(&p.html, "html", "", "write one HTML page with everything to `file`")
	f.StringVar(&p.markdown, "markdown", "", "write a summary in Markdown to `file`")
	f.StringVar(&p.badge, "badge", "", "write a badge to `file`, an SVG; only for a full run that is as expected")
	f.BoolVar(&p.github, "github", false, "print ::error annotations, and add the summary to the file that GITHUB_STEP_SUMMARY names")
}

// judged is a report and how to print it.
type judged struct {
	report  *conformance.Report
	console conformance.ConsoleOptions
}

// finish prints reports, judges them by the files of the repository, writes all forms that are asked for, and gives the worst exit code.
// Every mode ends with it. A form that cannot be written is an error, whatever the run was. A file that holds one report is written for each:
// behind the first, the profile stands in its name.
func (c *conformCmd) finish(cmd *cobra.Command, list ...judged) error {
	for _, j := range list {
		j.report.Options.Command, j.report.Options.After = j.console.Command, j.console.After
		if err := j.report.WriteConsole(c.people(), j.console); err != nil {
			return notWritten("stdout", err)
		}
	}
	repo, err := c.repository(cmd)
	if err != nil {
		return err
	}
	worst := exitOK
	var runs []publish.Run
	var errs []error
	for i, j := range list {
		run := publish.Run{Report: j.report, Outcome: repo.judge(j.report)}
		runs = append(runs, run)
		code := j.report.ExitCode()
		if run.Outcome != nil {
			code = run.Outcome.Code
			if err := run.Outcome.WriteText(c.people()); err != nil {
				return notWritten("stdout", err)
			}
		}
		worst = max(worst, code)
		name := func(file string) string { return file }
		if i > 0 {
			name = func(file string) string { return withProfile(file, j.report.Profile) }
		}
		errs = append(errs, c.env.write(name(c.json), j.report.WriteJSON), c.publishAlone(run, name))
	}
	errs = append(errs, c.publishTogether(runs))
	for _, j := range list {
		errs = append(errs, c.updateLock(repo, j.report))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return exitWith(worst)
}

// withProfile puts a profile into the name of a file: report.json becomes report.delivery.json. Nowhere and stdout stay.
func withProfile(file, profile string) string {
	if file == "" || file == "-" {
		return file
	}
	ext := filepath.Ext(file)
	return strings.TrimSuffix(file, ext) + "." + profile + ext
}

// publish writes every form that is asked for but the JSON. It tries all of them, and the error holds those that could not be written.
func (c *conformCmd) publish(runs ...publish.Run) error {
	err := c.publishTogether(runs)
	if len(runs) == 1 {
		return errors.Join(err, c.publishAlone(runs[0], func(file string) string { return file }))
	}
	if c.junit != "" || c.out.badge != "" || c.out.endpoint != "" {
		err = errors.Join(err, usageError("JUnit XML and badges are made of one report, not of %d", len(runs)))
	}
	return err
}

// publishTogether writes the forms that hold any number of reports.
func (c *conformCmd) publishTogether(runs []publish.Run) error {
	p := &c.out
	errs := []error{
		c.env.write(p.html, func(w io.Writer) error { return publish.HTML(w, runs...) }),
		c.env.write(p.markdown, func(w io.Writer) error { return publish.Markdown(w, runs...) }),
	}
	if p.github {
		for _, run := range runs {
			if err := publish.Annotations(c.people(), run); err != nil {
				errs = append(errs, notWritten("stdout", err))
			}
		}
		errs = append(errs, stepSummary(runs))
	}
	return errors.Join(errs...)
}

// publishAlone writes the forms that hold one report. Name gives the file for the one that a flag names.
func (c *conformCmd) publishAlone(run publish.Run, name func(file string) string) error {
	p := &c.out
	return errors.Join(
		c.env.write(name(c.junit), func(w io.Writer) error { return publish.JUnit(w, run) }),
		c.writeBadge(name(p.badge), run, publish.Badge),
		c.writeBadge(name(p.endpoint), run, publish.Endpoint),
	)
}

// stepSummary appends the summary to the file that GitHub shows.
func stepSummary(runs []publish.Run) error {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return notWritten(path, err)
	}
	if err := errors.Join(publish.Markdown(f, runs...), f.Close()); err != nil {
		return notWritten(path, err)
	}
	return nil
}

// writeBadge writes one form of the badge. A run that gets none is an error with the exit code of its reason.
func (c *conformCmd) writeBadge(name string, run publish.Run, form func(*conformance.Report, *known.Outcome) ([]byte, error)) error {
	if name == "" {
		return nil
	}
	b, err := form(run.Report, run.Outcome)
	if refused, ok := errors.AsType[*publish.BadgeError](err); ok {
		return &exitError{code: badgeCode(refused.Reason), err: err, hint: fmt.Sprintf("%s is not written; an earlier one may be out of date", name)}
	}
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	return c.env.write(name, func(w io.Writer) error { _, err := w.Write(b); return err })
}

// badgeCode gives the exit code of a run that gets no badge.
func badgeCode(reason publish.BadgeReason) int {
	switch reason {
	case publish.BadgePartial:
		return exitUsage
	case publish.BadgeEmpty, publish.BadgeInconclusive:
		return exitMeasured
	}
	return exitDiffers
}
