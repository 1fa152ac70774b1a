// Package table finds out who can talk to whom: today's peers and older ones, as dialers and as acceptors, of both kinds. A pair is as
// it should be when it works as far as both sides speak the same, and is refused in good order where they do not.
package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"handfast/conformance"
)

// Kinds of peers; a dialer meets the acceptors of its kind.
const (
	KindHandfast = "handfast"
	KindFast     = "fast"
)

// acceptor is a row.
type acceptor struct {
	kind, name string
	// start starts it and gives its address. alive says whether it lives, stop ends it; stop's error says that it had died.
	start func(ctx context.Context) (r running, err error)
}

type running struct {
	addr  string
	alive func() error
	stop  func() error
}

// dialer is a column.
type dialer struct {
	kind, name string
	// meet talks to an acceptor.
	meet func(ctx context.Context, a *acceptor, addr string) outcome
}

// outcome is what came of a pair.
type outcome struct {
	verdict          conformance.Verdict
	expected, actual string // where it is not a pass
	word             string // for the cell: a few letters
}

func passed(word string) outcome { return outcome{verdict: conformance.Pass, word: word} }

func failed(expected string, err error) outcome {
	return outcome{verdict: conformance.Fail, expected: expected, actual: err.Error(), word: "FAIL"}
}

// notMeant is a pair of which neither side can be judged.
func notMeant(why string) outcome {
	return outcome{verdict: conformance.Unsupported, expected: "a pair that is meant to meet", actual: why, word: "-"}
}

// Config says what to run.
type Config struct {
	Cache string // folder for releases from npm
	NoNPM bool   // leave real releases of Fast out
	// Each is called with each pair as it is done, from one goroutine. Nil: not.
	Each func(acceptor, dialer, word string)
}

// Table is what was found.
type Table struct {
	Reports []*conformance.Report // one for each dialer, with a case for each acceptor of its kind
	cells   map[[2]string]string
	rows    []*acceptor
	columns []*dialer
}

// req is what the pairs of a kind are about.
var req = map[string][]string{
	KindHandfast: {"VER-001", "VER-002", "CAP-011", "HELLO-013"},
	KindFast:     {"FAST-004", "FAST-010", "FAST-017"},
}

// patience bounds one pair.
const patience = 30 * time.Second

// Run lets every dialer meet every acceptor of its kind. The error is the context's, or that of an installation.
func Run(ctx context.Context, c Config) (*Table, error) {
	rows, columns, err := peers(ctx, c)
	if err != nil {
		return nil, err
	}
	t := &Table{cells: make(map[[2]string]string), rows: rows, columns: columns}
	for _, d := range columns {
		t.Reports = append(t.Reports, &conformance.Report{Profile: "full", Mode: "matrix", Target: d.kind + " " + d.name + " dials"})
	}
	started := time.Now()
	for _, a := range rows {
		if err := t.row(ctx, c, a); err != nil {
			return nil, err
		}
	}
	for i, r := range t.Reports {
		t.Reports[i] = conformance.Compose(*r, started)
	}
	return t, ctx.Err()
}

// row lets every dialer meet one acceptor.
func (t *Table) row(ctx context.Context, c Config, a *acceptor) error {
	run, err := a.start(ctx)
	if err != nil {
		return fmt.Errorf("table: %s does not start: %w", a.name, err)
	}
	for i, d := range t.columns {
		if d.kind != a.kind {
			continue
		}
		started := time.Now()
		one, cancel := context.WithTimeout(ctx, patience)
		o := d.meet(one, a, run.addr)
		cancel()
		if err := run.alive(); err != nil {
			o = outcome{verdict: conformance.Crash, expected: "an acceptor that lives", actual: err.Error(), word: "DIED"}
			_ = run.stop()
			if run, err = a.start(ctx); err != nil {
				return err
			}
		}
		t.note(i, a, d, o, started)
		if c.Each != nil {
			c.Each(a.name, d.name, o.word)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(run.stop(), ctx.Err())
}

func (t *Table) note(i int, a *acceptor, d *dialer, o outcome, started time.Time) {
	r := conformance.Result{
		ID: a.kind + "/" + slug(a.name), Title: "to " + a.name, Req: req[a.kind], Profile: "full", Verdict: o.verdict, Trace: []conformance.Entry{},
		MS: float64(time.Since(started).Microseconds()) / 1000,
	}
	if o.verdict != conformance.Pass {
		r.Expected, r.Actual = o.expected, o.actual
		r.Detail = fmt.Sprintf("expected %s; got %s", o.expected, o.actual)
	}
	t.Reports[i].Cases = append(t.Reports[i].Cases, r)
	t.cells[[2]string{a.kind + a.name, d.kind + d.name}] = o.word
}

// slug is a name in the form of ids of cases.
func slug(name string) string {
	b := []byte(name)
	for i, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-') {
			b[i] = '-'
		}
	}
	return string(b)
}

// ExitCode is that of all reports together.
func (t *Table) ExitCode() int {
	codes := make([]int, len(t.Reports))
	for i, r := range t.Reports {
		codes[i] = r.ExitCode()
	}
	for _, code := range []int{conformance.ExitDiffers, conformance.ExitUnmeasured} {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return conformance.ExitExpected
}

// WriteText prints one table for each kind: rows accept, columns dial.
func (t *Table) WriteText(w io.Writer) error {
	for _, kind := range []string{KindHandfast, KindFast} {
		tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(tab, "%s", kind)
		for _, d := range t.columns {
			if d.kind == kind {
				fmt.Fprintf(tab, "\t%s", d.name)
			}
		}
		fmt.Fprintln(tab)
		for _, a := range t.rows {
			if a.kind != kind {
				continue
			}
			fmt.Fprintf(tab, "%s", a.name)
			for _, d := range t.columns {
				if d.kind == kind {
					fmt.Fprintf(tab, "\t%s", t.cells[[2]string{kind + a.name, kind + d.name}])
				}
			}
			fmt.Fprintln(tab)
		}
		if err := tab.Flush(); err != nil {
			return err
		}
		if kind == KindHandfast {
			fmt.Fprintln(w)
		}
	}
	_, err := fmt.Fprintln(w, "\nrows accept, columns dial; a number is the wire version of the link, +call where calls are agreed; ok: all requests as they should be;\nno: refused or ended, as it has to be; -: neither side is ours, or the release dies of what it cannot take; FAIL, DIED: it should be otherwise")
	return err
}
