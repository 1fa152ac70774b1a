package conformance

import (
	"fmt"
	"io"
	"strings"
)

// ConsoleOptions say how a report is printed for people.
type ConsoleOptions struct {
	Command string // how this run was started, up to and including the target: the beginning of each repro line
	After   string // what stands behind the flags of that line: the command of a driver
	Trace   bool   // print the traces of failures
}

// WriteConsole prints what did not pass, each with clause, expectation, observation, bytes and a line that repeats it; and the
// summary at the very end, where the eye is when the run is over.
func (r *Report) WriteConsole(w io.Writer, o ConsoleOptions) error {
	var b strings.Builder
	for i := range r.Cases {
		if c := &r.Cases[i]; c.Verdict != Pass && c.Verdict != Unsupported {
			b.WriteString(c.Explain())
			if o.Trace {
				writeTrace(&b, c)
			}
			fmt.Fprintf(&b, "  repro: %s --run %s --seed %d%s\n\n", o.Command, c.ID, r.Seed, o.After)
		}
	}
	r.writeUnsupported(&b)
	fmt.Fprintf(&b, "%s\n", r.summaryLine())
	_, err := io.WriteString(w, b.String())
	return err
}

// summaryLine gives the counts that are not zero.
func (r *Report) summaryLine() string {
	s := r.Summary
	text := fmt.Sprintf("%s: profile %s, %d cases in %.1f s, seed %d: %d pass", r.Target, r.Profile, s.Cases, r.MS/1000, r.Seed, s.Pass)
	for _, v := range []Verdict{Weak, Fail, Crash, Timeout, Unsupported, Inconclusive} {
		if n := *s.count(v); n > 0 {
			text += fmt.Sprintf(", %d %v", n, v)
		}
	}
	return text
}

// writeUnsupported lists in short what was not judged, so that nobody takes it for judged.
func (r *Report) writeUnsupported(b *strings.Builder) {
	for i := range r.Cases {
		if c := &r.Cases[i]; c.Verdict == Unsupported {
			fmt.Fprintf(b, "unsupported  %s: %s\n", c.ID, c.Actual)
		}
	}
}

// writeTrace prints everything that went over the links of a case.
func writeTrace(b *strings.Builder, c *Result) {
	b.WriteString("  trace:\n")
	for _, e := range c.Trace {
		fmt.Fprintf(b, "    %8.3f ms  link %d %s %s", float64(e.AtUS)/1000, e.Link, e.Dir, e.What)
		if e.Fault != "" {
			fmt.Fprintf(b, "  (%s)", e.Fault)
		}
		b.WriteByte('\n')
	}
	if c.Dropped > 0 {
		fmt.Fprintf(b, "    ... %d more entries\n", c.Dropped)
	}
}
