package known

import (
	"fmt"
	"io"
	"strings"

	"handfast/conformance"
)

// Kind is why a run is not as its repository says.
type Kind string

// The kinds of difference.
const (
	Unlisted   Kind = "unlisted"    // a case fails and is not listed
	Fixed      Kind = "fixed"       // a listed case passes
	Otherwise  Kind = "otherwise"   // a listed case fails in another way
	Skipped    Kind = "skipped"     // a listed case is unsupported
	NoMatch    Kind = "no-match"    // an entry means no case
	Expired    Kind = "expired"     // an entry's last day is over
	TooWide    Kind = "too-wide"    // a glob means too many cases
	Twice      Kind = "twice"       // two entries mean the same case
	NotClaimed Kind = "claimed"     // a case of a claimed feature is unsupported
	FewerCases Kind = "fewer"       // less ran than the lock says
	OtherClaim Kind = "other-claim" // the run was not of what the configuration claims
)

// Difference is one thing that is not as the repository says.
type Difference struct {
	Kind  Kind   `json:"kind"`
	Case  string `json:"case,omitempty"`  // "" where it is about no case
	Place string `json:"place,omitempty"` // FILE:LINE, "" where no file says anything
	Text  string `json:"text"`
}

// String gives one line.
func (d Difference) String() string {
	parts := make([]string, 0, 3)
	for _, p := range []string{d.Place, d.Case, d.Text} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

// Mark is what the list says about a case beside its verdict.
type Mark string

// The marks.
const (
	Unmarked  Mark = ""
	MarkKnown Mark = "known" // fails as listed
	MarkFlaky Mark = "flaky" // listed as flaky: passes, or fails as listed
	MarkFixed Mark = "fixed" // listed, and passes
	MarkOther Mark = "other" // listed, and is neither
)

// Marked is a case that is listed.
type Marked struct {
	Mark  Mark
	Entry *Entry
}

// Outcome is a report judged by the files of a repository.
type Outcome struct {
	Differences []Difference
	Notes       []string          // what somebody should know, and fails nothing
	Marked      map[string]Marked // by id, the cases that are listed
	Known       int               // cases that fail as listed
	Code        int               // exit code of the command
}

// Mark gives the mark of a case. A nil Outcome marks none.
func (o *Outcome) Mark(id string) Marked {
	if o == nil {
		return Marked{}
	}
	return o.Marked[id]
}

// differ adds a difference.
func (o *Outcome) differ(kind Kind, id, place, format string, args ...any) {
	o.Differences = append(o.Differences, Difference{Kind: kind, Case: id, Place: place, Text: fmt.Sprintf(format, args...)})
}

// note adds a note.
func (o *Outcome) note(format string, args ...any) {
	o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
}

// WriteText prints the outcome for people. The summary comes last.
func (o *Outcome) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, n := range o.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	for _, d := range o.Differences {
		fmt.Fprintf(&b, "differs: %s\n", d)
	}
	fmt.Fprintf(&b, "%s\n", o.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary gives one line.
func (o *Outcome) Summary() string {
	if o.Code == conformance.ExitUnmeasured {
		return "the run measured nothing that could be compared"
	}
	switch n := len(o.Differences); {
	case n == 1:
		return fmt.Sprintf("not as expected: 1 difference; %d known failures", o.Known)
	case n > 1:
		return fmt.Sprintf("not as expected: %d differences; %d known failures", n, o.Known)
	}
	return fmt.Sprintf("as expected, with %d known failures", o.Known)
}
