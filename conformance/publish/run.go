package publish

import (
	"fmt"
	"strings"
	"unicode"

	"handfast/conformance"
	"handfast/conformance/known"
	"handfast/spec"
)

// Run is one report with what its repository says about it.
type Run struct {
	Report  *conformance.Report
	Outcome *known.Outcome // nil where no list of known failures was looked at
	Name    string         // heading; "" for what the peer calls itself, or else its address
}

// name gives the heading of a run.
func (r *Run) name() string {
	for _, name := range []string{r.Name, r.Report.Peer, r.Report.Target} {
		if name != "" {
			return plain(name, 80)
		}
	}
	return "peer"
}

// role gives the role that the run judged, in the words of SPEC.md chapter 20; "" for a codec, which has none.
func (r *Run) role() string {
	switch known.Mode(r.Report) {
	case "server":
		return "acceptor"
	case "client":
		return "dialer"
	}
	return ""
}

// again gives the line that repeats one case.
func (r *Run) again(id string) string {
	command := r.Report.Options.Command
	if command == "" {
		first, _, _ := strings.Cut(r.Report.Target, ",")
		addr, secure := strings.CutSuffix(first, " (TLS)")
		command = "handfast conform " + known.Mode(r.Report) + " " + addr
		if secure {
			command += " --tls"
		}
	}
	return fmt.Sprintf("%s --run %s --seed %d%s", command, id, r.Report.Seed, r.Report.Options.After)
}

// bad reports whether a case says something against the peer that its repository does not know of.
func (r *Run) bad(c *conformance.Result) bool {
	switch r.Outcome.Mark(c.ID).Mark {
	case known.MarkKnown, known.MarkFlaky:
		return false
	}
	return c.Verdict != conformance.Pass && c.Verdict != conformance.Unsupported
}

// beyondVerdicts gives the differences that are about more than the verdict of a case which bad reports anyway.
func (r *Run) beyondVerdicts() []known.Difference {
	if r.Outcome == nil {
		return nil
	}
	var list []known.Difference
	for _, d := range r.Outcome.Differences {
		if d.Kind != known.Unlisted && d.Kind != known.Otherwise {
			list = append(list, d)
		}
	}
	return list
}

// verdicts gives all verdicts in the order in which they are shown.
func verdicts() []conformance.Verdict {
	return []conformance.Verdict{
		conformance.Pass, conformance.Fail, conformance.Weak, conformance.Crash, conformance.Timeout, conformance.Inconclusive, conformance.Unsupported,
	}
}

// counts gives how many cases have each verdict.
func counts(cases []conformance.Result) map[conformance.Verdict]int {
	n := make(map[conformance.Verdict]int)
	for i := range cases {
		n[cases[i].Verdict]++
	}
	return n
}

// area gives the first part of an id.
func area(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}

// rule is one requirement of a case.
type rule struct {
	ID, Level, Text string
	Broken          bool // the result cites it
}

// piece is a part of a sentence of the specification.
type piece struct {
	Text string
	Code bool // stands between backticks there
}

// Pieces cuts the sentence at its backticks.
func (r rule) Pieces() []piece {
	var list []piece
	for i, text := range strings.Split(r.Text, "`") {
		if text != "" {
			list = append(list, piece{text, i%2 == 1})
		}
	}
	return list
}

// rules gives the requirements of a case with their sentences; those that were found broken first.
func rules(c *conformance.Result) []rule {
	var broken, kept []rule
	for _, id := range append(append([]string{}, c.Cites...), c.Req...) {
		if has(broken, id) || has(kept, id) {
			continue
		}
		one := rule{ID: plain(id, 20)}
		if r, ok := spec.Requirement(id); ok {
			one.Level, one.Text = r.Level, r.Text
		}
		if len(broken) < len(c.Cites) {
			one.Broken = true
			broken = append(broken, one)
		} else {
			kept = append(kept, one)
		}
	}
	return append(broken, kept...)
}

func has(list []rule, id string) bool {
	for _, r := range list {
		if r.ID == id {
			return true
		}
	}
	return false
}

// plain makes one line of at most n characters of a text: what a terminal or a reader would act upon, or would not see, is replaced.
func plain(text string, n int) string {
	var b strings.Builder
	count := 0
	for _, r := range text {
		if count == n {
			b.WriteString("…")
			break
		}
		count++
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			b.WriteRune('·')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
