package driver

import (
	"fmt"
	"strings"
	"time"
)

// Reason is what is wrong with a driver.
type Reason string

// The reasons.
const (
	NotStarted Reason = "not started" // there is no such program, or it may not be run
	Died       Reason = "died"        // it ended, or closed its stdout
	Closed     Reason = "closed"      // it closed its stdin and goes on running
	Killed     Reason = "killed"      // Kill was called
	Hung       Reason = "hung"        // no answer in time
	Junk       Reason = "junk"        // a line that is no answer
	TooLong    Reason = "too long"    // a line over MaxAnswer
	WrongID    Reason = "wrong id"    // an answer to nothing that was asked, or a second one
	WrongKind  Reason = "wrong kind"  // an answer of a kind that the request does not have
	Broken     Reason = "broken"      // the driver says so itself
	Foreign    Reason = "foreign"     // another version of the protocol, or of Handfast
	Lingers    Reason = "lingers"     // it does not end with its stdin
)

// Fault is an error of a driver. It is a verdict about the driver and never about the suite.
type Fault struct {
	Reason Reason
	Op     string        // that was asked; "" where the fault belongs to none
	Text   string        // one sentence without a full stop
	Line   string        // the line at fault, escaped and cut
	After  time.Duration // Hung, Lingers: how long was waited
	Exit   *Exit         // Died: how it ended; nil for a driver in this process
	Stderr string        // the last of what it wrote there
}

// Exit is how a process ended.
type Exit struct {
	Code   int    // -1 for one that was ended by a signal
	Signal string // "" for one that ended by itself
}

// String gives the ending in words.
func (e *Exit) String() string {
	switch {
	case e == nil:
		return "it ended"
	case e.Signal != "":
		return "it was ended by the signal " + e.Signal
	}
	return fmt.Sprintf("it ended with exit code %d", e.Code)
}

// Error gives one line, without stderr.
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString("the driver ")
	switch f.Reason {
	case NotStarted:
		b.WriteString("cannot be started")
	case Died, Hung, Lingers, Killed:
		b.WriteString(string(f.Reason))
	case Closed:
		b.WriteString("closed its stdin")
	case Broken:
		b.WriteString("says that it is broken")
	default:
		b.WriteString("answered " + string(f.Reason))
	}
	if f.Op != "" {
		fmt.Fprintf(&b, " at %q", f.Op)
	}
	if f.Text != "" {
		b.WriteString(": " + f.Text)
	}
	if f.Line != "" {
		b.WriteString(": " + f.Line)
	}
	return b.String()
}

// shownLine is how much of a line a fault shows.
const shownLine = 120

// cut makes bytes of a driver fit to be printed: escaped, and not long.
func cut(b []byte) string {
	if len(b) > shownLine {
		return fmt.Sprintf("%+q... (%d bytes)", b[:shownLine], len(b))
	}
	return fmt.Sprintf("%+q", b)
}
