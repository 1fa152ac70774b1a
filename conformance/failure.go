package conformance

import (
	"fmt"
	"strings"
)

// Failure is why a case did not pass.
type Failure struct {
	Verdict  Verdict
	Req      []string // what was broken: the ids that the step names, else all ids of the case
	Phase    Phase
	Expected string
	Actual   string

	// Where to look: the first packet that was wrong on purpose, and what the peer sent that contradicts. Either may be nil.
	Sent     *Entry
	Received *Entry
}

// Phase is the part of a rejecting case that a failure belongs to. It decides what a failure says about the peer: one that
// refuses the twin is too strict, one that does not refuse the fault is too lax, one that fails the probe is hurt by it.
type Phase string

// The phases.
const (
	PhaseScript Phase = ""         // a case without a fault
	PhaseTwin   Phase = "twin"     // the same input without the fault
	PhaseFault  Phase = "fault"    // the input with the fault
	PhaseProbe  Phase = "liveness" // whatever must still work afterwards
)

// Error gives one line: phase, expectation, observation and ids.
func (f *Failure) Error() string {
	var b strings.Builder
	if f.Phase != PhaseScript {
		fmt.Fprintf(&b, "%s: ", f.Phase)
	}
	fmt.Fprintf(&b, "expected %s; got %s", f.Expected, f.Actual)
	if len(f.Req) > 0 {
		fmt.Fprintf(&b, " [%s]", strings.Join(f.Req, ", "))
	}
	return b.String()
}
