package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"handfast/conformance"
	"handfast/conformance/matrix"
	"handfast/conformance/publish"
)

func (c *conformCmd) newMatrix() *cobra.Command {
	return &cobra.Command{
		Use:   "matrix FILE",
		Short: "Let every dialer talk to every acceptor, over TCP and TLS",
		Long: `Let every dialer talk to every acceptor, over TCP and over TLS. FILE lists the implementations:

  {"format": 1, "impls": [
    {"name": "mine", "dialer": ["node", "driver.js"]},
    {"name": "go", "dialer": ["handfast", "driver"],
     "acceptor": ["handfast", "serve", "--listen", "127.0.0.1:0", "--ready", "--tls-cert", "{cert}", "--tls-key", "{key}", "--tls-ca", "{ca}"]},
    {"name": "other", "addr": "127.0.0.1:7400"}]}

A dialer is a driver, an acceptor a program that prints where it listens (both: conformance/DRIVER.md), or an address. The scenes
call the methods of the test kit; in clear, every frame of both sides is judged as well.

--json writes an array of reports, one for each pair; --html shows the pairs beside each other.`,
		Example: "  handfast conform matrix impls.json --html matrix.html",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.matrix(cmd, args[0]) },
	}
}

func (c *conformCmd) matrix(cmd *cobra.Command, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	impls, err := matrix.Read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return &exitError{code: exitUsage, err: err, hint: "handfast conform matrix --help shows the form"}
	}
	lab, err := conformance.NewCredentials()
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	defer lab.Remove()
	config := matrix.Config{
		Impls: impls, Run: c.run, Timeout: c.timeout, Jobs: c.jobs,
		Files: matrix.Files{CA: lab.CA, Cert: lab.Cert, Key: lab.Key},
	}
	if terminal(c.env.stderr) {
		config.Each = (&conformance.Progress{W: c.env.stderr}).Each
	}
	reports, err := matrix.Run(cmd.Context(), config)
	if err != nil {
		if _, ok := errors.AsType[*matrix.FileError](err); ok {
			return &exitError{code: exitUsage, err: err}
		}
		return c.refused(err)
	}
	return c.finishMatrix(reports, "handfast conform matrix "+name)
}

// finishMatrix prints what did not pass, then the matrix, and writes the forms.
func (c *conformCmd) finishMatrix(reports []*conformance.Report, how string) error {
	runs := make([]publish.Run, len(reports))
	code := exitOK
	for i, r := range reports {
		r.Options.Command = how
		runs[i] = publish.Run{Report: r}
		code = worse(code, r.ExitCode())
		if err := r.WriteConsole(c.people(), conformance.ConsoleOptions{Command: how, Trace: c.trace}); err != nil {
			return notWritten("stdout", err)
		}
	}
	if err := c.writeMatrix(reports); err != nil {
		return notWritten("stdout", err)
	}
	if err := errors.Join(c.env.write(c.json, func(w io.Writer) error { return writeJSON(w, reports) }), c.publish(runs...)); err != nil {
		return err
	}
	return exitWith(code)
}

// writeMatrix prints one line for each pair.
func (c *conformCmd) writeMatrix(reports []*conformance.Report) error {
	w := tabwriter.NewWriter(c.people(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\npair\tpassed\tnot passed\tunsupported")
	for _, r := range reports {
		s := r.Summary
		fmt.Fprintf(w, "%s\t%d of %d\t%d\t%d\n", r.Target, s.Pass, s.Cases, s.Cases-s.Pass-s.Unsupported, s.Unsupported)
	}
	return w.Flush()
}

// worse gives the exit code of two runs together: a verdict that differs, then what could not be measured.
func worse(a, b int) int {
	for _, code := range []int{exitDiffers, exitMeasured} {
		if a == code || b == code {
			return code
		}
	}
	return exitOK
}

// list joins names for people.
func list(names []string) string { return strings.Join(names, " ") }
