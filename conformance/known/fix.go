package known

import (
	"fmt"
	"io"
	"strings"

	"handfast/conformance"
)

// Fix makes the list that a report is as expected by, but for expired entries, which only people can judge. Comments, order,
// reasons and dates of entries that still hold stay. What passes now, is unsupported, or means no case goes; a glob of which a part goes
// becomes an entry for each case that stays; new failures come last, with TODO as their reason. Changes says what was done,
// one line each. The error is a *PartialError for a run that does not say enough.
func Fix(r *conformance.Report, e Expect) (next *File, changes []string, err error) {
	if err := full(r); err != nil {
		return nil, nil, err
	}
	fix := &fixer{judge: judge{Expect: e, report: r, mode: Mode(r), out: &Outcome{}}, listed: make(map[string]bool)}
	next = &File{Path: KnownFile}
	if e.File != nil {
		next.Path = e.File.Path
		for _, line := range e.File.Lines {
			next.Lines = append(next.Lines, fix.line(line)...)
		}
	}
	scope := ""
	if e.Config != nil && e.Config.modes() > 1 {
		scope = fix.mode
	}
	for i := range r.Cases {
		if c := &r.Cases[i]; failed(c.Verdict) && !fix.listed[c.ID] {
			entry := &Entry{Mode: scope, Pattern: c.ID, Prefix: expectation(c), Reason: Todo}
			next.Lines = append(next.Lines, Line{Text: entry.String(), Entry: entry})
			fix.say("added %s: %s", c.ID, entry.Prefix)
		}
	}
	for i := range next.Lines {
		if entry := next.Lines[i].Entry; entry != nil {
			entry.Line = i + 1
		}
	}
	return next, fix.changes, nil
}

// fixer is one call of Fix.
type fixer struct {
	judge
	listed  map[string]bool // cases that have an entry
	changes []string
}

func (f *fixer) say(format string, args ...any) {
	f.changes = append(f.changes, fmt.Sprintf(format, args...))
}

// line gives what becomes of a line.
func (f *fixer) line(old Line) []Line {
	e := old.Entry
	if e == nil {
		return []Line{old}
	}
	kept := *e
	if !e.in(f.mode) {
		return []Line{{Text: old.Text, Entry: &kept}}
	}
	if !e.glob() {
		if now, _, ok := renamed(f.Renames, e.Pattern); ok && len(f.matching(e)) == 0 {
			kept.Pattern = now
			f.say("renamed %s to %s", e.Pattern, now)
		}
	}
	all := f.matching(&kept)
	hold, exact := f.holding(&kept, all)
	switch {
	case len(hold) == 0:
		f.say("dropped %s%s", e.Pattern, whyDropped(all))
		return nil
	case len(hold) == len(all) && exact && (!e.glob() || len(all) <= maxGlob):
		if kept == *e {
			return []Line{{Text: old.Text, Entry: &kept}}
		}
		return []Line{{Text: kept.String(), Entry: &kept}}
	}
	var lines []Line
	for _, r := range hold {
		one := kept
		one.Pattern = r.ID
		if failed(r.Verdict) && !hasPrefix(Signature(r), one.Prefix) {
			one.Prefix = expectation(r)
			f.say("%s fails in another way: %s", r.ID, one.Prefix)
		}
		lines = append(lines, Line{Text: one.String(), Entry: &one})
	}
	if e.glob() {
		f.say("%s became %d entries", e.Pattern, len(lines))
	}
	return lines
}

// holding gives the cases of an entry that have to stay listed, and whether the entry is right about all of them.
func (f *fixer) holding(e *Entry, all []*conformance.Result) (hold []*conformance.Result, exact bool) {
	exact = true
	for _, r := range all {
		if f.listed[r.ID] || !failed(r.Verdict) && !(e.Flaky && r.Verdict == conformance.Pass) {
			continue
		}
		f.listed[r.ID] = true
		hold = append(hold, r)
		exact = exact && (r.Verdict == conformance.Pass || hasPrefix(Signature(r), e.Prefix))
	}
	return hold, exact
}

// whyDropped says what the cases of an entry are now.
func whyDropped(all []*conformance.Result) string {
	switch {
	case len(all) == 0:
		return ": it means no case"
	case all[0].Verdict == conformance.Pass:
		return ": it passes"
	case all[0].Verdict == conformance.Unsupported:
		return ": it is unsupported"
	}
	return ": it is listed elsewhere"
}

// WriteTo writes the file.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	for _, line := range f.Lines {
		b.WriteString(line.Text + "\n")
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}
