package conformance

import (
	"fmt"
	"io"
	"strings"

	"handfast/spec"
)

// ConsoleOptions say how a report is printed for people.
type ConsoleOptions struct {
	Command string // how this run was started, up to and including the target: the beginning of each repro line
	Trace   bool   // print the traces of failures
}

// WriteConsole prints what did not pass, each with clause, expectation, observation, bytes and a line that repeats it; and the
// summary at the very end, where the eye is when the run is over.
func (r *Report) WriteConsole(w io.Writer, o ConsoleOptions) error {
	var b strings.Builder
	for i := range r.Cases {
		if c := &r.Cases[i]; c.Verdict != Pass && c.Verdict != Unsupported {
			b.WriteString(r.explain(c))
			if o.Trace {
				writeTrace(&b, c)
			}
			fmt.Fprintf(&b, "  repro: %s --run %s --seed %d\n\n", o.Command, c.ID, r.Seed)
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

// explain prints one case that did not pass, without its repro line.
func (r *Report) explain(c *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", strings.ToUpper(c.Verdict.String()), c.ID)
	fmt.Fprintf(&b, "  %s\n", c.Title)
	for _, id := range c.Cites {
		if rule, ok := spec.Requirement(id); ok {
			fmt.Fprintf(&b, "  [%s] %s\n", id, rule.Text)
		}
	}
	if c.Phase != PhaseScript {
		fmt.Fprintf(&b, "  in:       %s\n", phaseText(c.Phase))
	}
	fmt.Fprintf(&b, "  expected: %s\n", c.Expected)
	fmt.Fprintf(&b, "  actual:   %s\n", c.Actual)
	if f := c.failure; f != nil {
		writePacket(&b, "sent", f.Sent)
		if f.Received != nil && f.Received.Bytes > 0 {
			writePacket(&b, "received", f.Received)
		}
	}
	return b.String()
}

// phaseText says what a phase means for the peer.
func phaseText(p Phase) string {
	switch p {
	case PhaseTwin:
		return "the twin without the fault, which has to be accepted"
	case PhaseFault:
		return "the answer to the fault"
	case PhaseProbe:
		return "the liveness probe after the fault: what it did not concern has to go on"
	}
	return string(p)
}

// writePacket prints annotated bytes.
func writePacket(b *strings.Builder, title string, e *Entry) {
	if e == nil {
		return
	}
	fmt.Fprintf(b, "  %s: %s, %d bytes, link %d", title, e.What, e.Bytes, e.Link)
	if e.Fault != "" {
		fmt.Fprintf(b, "; fault: %s", e.Fault)
	}
	b.WriteByte('\n')
	for _, line := range Annotate(e.raw, e.opening, e.faultAt) {
		fmt.Fprintf(b, "    %s\n", line)
	}
	if e.Bytes > len(e.raw) {
		fmt.Fprintf(b, "       ... %d more bytes\n", e.Bytes-len(e.raw))
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
