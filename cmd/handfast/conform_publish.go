package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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

// finish prints a report, judges it by the files of the repository, writes all forms that are asked for, and gives the exit code. Every
// mode ends with it. A form that cannot be written is an error, whatever the run was.
func (c *conformCmd) finish(cmd *cobra.Command, report *conformance.Report, console conformance.ConsoleOptions) error {
	report.Options.Command, report.Options.After = console.Command, console.After
	if err := report.WriteConsole(c.people(), console); err != nil {
		return notWritten("stdout", err)
	}
	repo, err := c.repository(cmd)
	if err != nil {
		return err
	}
	run := publish.Run{Report: report, Outcome: repo.judge(report)}
	code := report.ExitCode()
	if run.Outcome != nil {
		code = run.Outcome.Code
		if err := run.Outcome.WriteText(c.people()); err != nil {
			return notWritten("stdout", err)
		}
	}
	err = errors.Join(c.write(c.json, report.WriteJSON), c.publish(run), c.updateLock(repo, report))
	if err != nil {
		return err
	}
	return exitWith(code)
}

// publish writes every form that is asked for but the JSON. It tries all of them, and the error holds those that could not be written.
func (c *conformCmd) publish(runs ...publish.Run) error {
	p, run := &c.out, runs[0]
	errs := []error{
		c.write(p.html, func(w io.Writer) error { return publish.HTML(w, runs...) }),
		c.write(p.markdown, func(w io.Writer) error { return publish.Markdown(w, runs...) }),
	}
	if p.github {
		for _, run := range runs {
			if err := publish.Annotations(c.people(), run); err != nil {
				errs = append(errs, notWritten("stdout", err))
			}
		}
		errs = append(errs, stepSummary(runs))
	}
	if len(runs) > 1 {
		if c.junit != "" || p.badge != "" || p.endpoint != "" {
			errs = append(errs, usageError("JUnit XML and badges are made of one report, not of %d", len(runs)))
		}
		return errors.Join(errs...)
	}
	errs = append(errs, c.write(c.junit, func(w io.Writer) error { return publish.JUnit(w, run) }))
	errs = append(errs, c.writeBadge(p.badge, run, publish.Badge), c.writeBadge(p.endpoint, run, publish.Endpoint))
	return errors.Join(errs...)
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
	return c.write(name, func(w io.Writer) error { _, err := w.Write(b); return err })
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

// write writes something to a file, - being stdout; "" is none. A regular file is replaced as a whole or stays as it was.
func (c *conformCmd) write(name string, what func(io.Writer) error) error {
	switch name {
	case "":
		return nil
	case "-":
		if err := what(c.env.stdout); err != nil {
			return notWritten("stdout", err)
		}
		return nil
	}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // a pipe or a device is written as it is
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return notWritten(name, err)
		}
		if err := errors.Join(what(f), f.Close()); err != nil {
			return notWritten(name, err)
		}
		return nil
	}
	if err := known.Replace(name, what); err != nil {
		return notWritten(name, err)
	}
	return nil
}

// notWritten makes the error of something that could not be written: 2 where the name is wrong, else 3. It is never green.
func notWritten(name string, err error) error {
	code := exitMeasured
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		code = exitUsage
	}
	if _, ok := errors.AsType[*known.FileError](err); !ok {
		err = fmt.Errorf("%s cannot be written: %w", name, err)
	}
	return &exitError{code: code, err: err}
}
