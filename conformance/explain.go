package conformance

import (
	"encoding/hex"
	"fmt"
	"strings"

	"handfast/codec/explain"
	"handfast/spec"
)

// Explain prints a case that did not pass: verdict, title, the sentences that were found broken, what was expected and what came, and
// the packets that it is about with the first wrong byte marked. It says the same about a report that was read from a file.
func (r *Result) Explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", strings.ToUpper(r.Verdict.String()), r.ID)
	fmt.Fprintf(&b, "  %s\n", r.Title)
	for _, id := range r.Cites {
		if rule, ok := spec.Requirement(id); ok {
			fmt.Fprintf(&b, "  [%s] %s\n", id, rule.Text)
		}
	}
	if r.Phase != PhaseScript {
		fmt.Fprintf(&b, "  in:       %s\n", r.Phase.Text())
	}
	fmt.Fprintf(&b, "  expected: %s\n", r.Expected)
	fmt.Fprintf(&b, "  actual:   %s\n", r.Actual)
	for i := range r.Trace {
		if e := &r.Trace[i]; e.Key && e.Bytes > 0 {
			e.write(&b)
		}
	}
	return b.String()
}

// Text says what a phase means for the peer.
func (p Phase) Text() string {
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

// write prints the annotated bytes of an entry.
func (e *Entry) write(b *strings.Builder) {
	title := "received"
	if e.Dir == Out {
		title = "sent"
	}
	fmt.Fprintf(b, "  %s: %s, %d bytes, link %d", title, e.What, e.Bytes, e.Link)
	if e.Fault != "" {
		fmt.Fprintf(b, "; fault: %s", e.Fault)
	}
	b.WriteByte('\n')
	for _, line := range e.Annotate() {
		fmt.Fprintf(b, "    %s\n", line)
	}
	if more := e.Bytes - len(e.Hex)/2; more > 0 {
		fmt.Fprintf(b, "       ... %d more bytes\n", more)
	}
}

// Annotate prints the bytes of an entry of a result field by field, as the function of that name does.
func (e *Entry) Annotate() []string { return printed(e.Parts()) }

// Parts gives the fields of an entry of a result.
func (e *Entry) Parts() []Part {
	raw, err := hex.DecodeString(e.Hex)
	if err != nil {
		return nil // ReadReport lets no such entry through
	}
	wrong := -1
	if e.FaultAt != nil {
		wrong = *e.FaultAt
	}
	what, ok := explain.ParseWhat(e.Form)
	switch {
	case ok && e.Form != "":
	case e.Opening:
		what = explain.Opening
	default:
		what = explain.Frames
	}
	return PartsOf(raw, what, wrong)
}
