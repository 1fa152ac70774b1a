package known

import (
	"fmt"
	"slices"
	"time"

	"handfast/conformance"
)

// maxGlob is how many cases a glob may mean. One that means more hides failures that nobody has seen.
const maxGlob = 20

// Expect is what a report is judged by. The zero value knows nothing and claims nothing.
type Expect struct {
	Config  *Config // what is claimed, or nil
	File    *File   // what is known, or nil
	Lock    *Lock   // what ran last time, or nil
	LockAs  string  // the lock's path, for messages
	Now     time.Time
	Renames []Rename // ids that were changed; those of the suite are Renames()

	// Cases are the ids of all cases of the mode. They tell in a run of some cases whether an entry means one that did not run; nil
	// for those of the report.
	Cases []string
}

// Judge compares a report with what its repository says. The exit code is 0 if it is as expected; 1 if anything differs; 3 if nothing
// could be measured: no case ran, or the suite was at fault in one that no difference is about.
func Judge(r *conformance.Report, e Expect) *Outcome {
	j := &judge{Expect: e, report: r, mode: Mode(r), out: &Outcome{Marked: make(map[string]Marked)}}
	if j.Now.IsZero() {
		j.Now = time.Now()
	}
	j.claims()
	for _, entry := range j.File.Entries() {
		if entry.in(j.mode) {
			j.entry(entry)
		}
	}
	j.results()
	j.lock()
	switch {
	case len(j.out.Differences) > 0:
		j.out.Code = conformance.ExitDiffers
	case r.Summary.Inconclusive > 0 || Executed(r) == 0:
		j.out.Code = conformance.ExitUnmeasured
	}
	return j.out
}

// judge is one call of Judge.
type judge struct {
	Expect
	report *conformance.Report
	mode   string
	out    *Outcome
}

// place gives FILE:LINE of an entry.
func (j *judge) place(e *Entry) string { return fmt.Sprintf("%s:%d", j.File.Path, e.Line) }

// claims compares what ran with what is claimed.
func (j *judge) claims() {
	c := j.Config
	if c == nil {
		return
	}
	if c.Profile != j.report.Profile {
		j.out.note("%s claims profile %s, and the run was of %s", c.Path, c.Profile, j.report.Profile)
	}
	if c.Spec != j.report.Spec {
		j.out.differ(OtherClaim, "", c.Path, "claims spec %s, and the run was of %s", c.Spec, j.report.Spec)
	}
}

// entry compares one entry with the results that it means.
func (j *judge) entry(e *Entry) {
	if e.expired(j.Now) {
		j.out.differ(Expired, "", j.place(e), "%s: until=%s is over", e.Pattern, e.Until.Format(time.DateOnly))
	}
	if e.Reason == Todo {
		j.out.note("%s: %s has no reason yet", j.place(e), e.Pattern)
	}
	means := j.meant(e)
	if len(means) == 0 {
		return
	}
	if e.glob() && len(means) > maxGlob {
		j.out.differ(TooWide, "", j.place(e), "%s means %d cases; a glob may mean %d", e.Pattern, len(means), maxGlob)
	}
	for _, r := range means {
		if before, ok := j.out.Marked[r.ID]; ok {
			j.out.differ(Twice, r.ID, j.place(e), "is listed in line %d already", before.Entry.Line)
			continue
		}
		j.out.Marked[r.ID] = Marked{Mark: j.compare(e, r), Entry: e}
	}
}

// meant gives the results that an entry means, and says so where there are none.
func (j *judge) meant(e *Entry) []*conformance.Result {
	means := j.matching(e)
	if len(means) > 0 || e.glob() {
		if len(means) == 0 {
			j.nothing(e)
		}
		return means
	}
	if now, since, ok := renamed(j.Renames, e.Pattern); ok {
		again := *e
		again.Pattern = now
		if means = j.matching(&again); len(means) > 0 {
			j.out.note("%s: %s is called %s since suite %s", j.place(e), e.Pattern, now, since)
			return means
		}
	}
	j.nothing(e)
	return nil
}

func (j *judge) matching(e *Entry) []*conformance.Result {
	var list []*conformance.Result
	for i := range j.report.Cases {
		if r := &j.report.Cases[i]; e.matches(r.ID, j.mode) {
			list = append(list, r)
		}
	}
	return list
}

// nothing notes an entry that means no result. In a run of some cases that is fair where it means one that did not run.
func (j *judge) nothing(e *Entry) {
	if Partial(j.report) {
		literal := e.Pattern
		if now, _, ok := renamed(j.Renames, literal); ok {
			literal = now
		}
		if j.Cases == nil || slices.ContainsFunc(j.Cases, func(id string) bool { return id == literal || e.matches(id, j.mode) }) {
			return
		}
	}
	text := fmt.Sprintf("%s means no case", e.Pattern)
	names := j.Cases
	if names == nil {
		for i := range j.report.Cases {
			names = append(names, j.report.Cases[i].ID)
		}
	}
	if !e.glob() {
		text += didYouMean(names, e.Pattern)
	}
	if j.Config != nil && j.Config.modes() > 1 && e.Mode == "" {
		text += fmt.Sprintf("; an entry for another mode than %s names it: client:%s", j.mode, e.Pattern)
	}
	j.out.differ(NoMatch, "", j.place(e), "%s", text)
}

// compare judges one listed result.
func (j *judge) compare(e *Entry, r *conformance.Result) Mark {
	switch {
	case r.Verdict == conformance.Inconclusive:
		return MarkOther // the exit code says it
	case r.Verdict == conformance.Pass && e.Flaky:
		return MarkFlaky
	case r.Verdict == conformance.Pass:
		j.out.differ(Fixed, r.ID, j.place(e), "is listed and passes; take it off the list")
		return MarkFixed
	case r.Verdict == conformance.Unsupported:
		j.out.differ(Skipped, r.ID, j.place(e), "is listed and unsupported: %s", oneLine(r.Actual))
		return MarkOther
	case !hasPrefix(Signature(r), e.Prefix):
		j.out.differ(Otherwise, r.ID, j.place(e), "is listed with %q, and the result is %q", e.Prefix, Signature(r))
		return MarkOther
	case e.Flaky:
		return MarkFlaky
	}
	j.out.Known++
	return MarkKnown
}

// results looks at what is not listed.
func (j *judge) results() {
	for i := range j.report.Cases {
		r := &j.report.Cases[i]
		if _, listed := j.out.Marked[r.ID]; listed {
			continue
		}
		if failed(r.Verdict) {
			j.out.differ(Unlisted, r.ID, "", "%s", oneLine(Signature(r)))
		}
		if r.Verdict == conformance.Unsupported && j.Config != nil {
			for _, tag := range r.Tags {
				if j.Config.Claims(tag) {
					j.out.differ(NotClaimed, r.ID, j.Config.Path, "claims feature %s, and the case is unsupported: %s", tag, oneLine(r.Actual))
					break
				}
			}
		}
	}
}

// lock compares the counts.
func (j *judge) lock() {
	last, ok := j.Lock.Find(j.mode, j.report.Profile)
	if !ok || Partial(j.report) {
		return
	}
	now := Executed(j.report)
	switch {
	case now < last.Executed:
		j.out.differ(FewerCases, "", j.LockAs, "%d cases of mode %s and profile %s ran, %d of suite %s the last time", now, j.mode, j.report.Profile, last.Executed, last.Suite)
	case now > last.Executed:
		j.out.note("%s: %d cases ran, %d the last time (suite %s, now %s): --update-lock writes it down", j.LockAs, now, last.Executed, last.Suite, j.report.Suite)
	}
}

// oneLine bounds what came from a peer.
func oneLine(text string) string {
	const most = 300
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// hasPrefix compares a signature with a prefix in which numbers may be written out.
func hasPrefix(signature, prefix string) bool {
	prefix = stable(prefix)
	return len(signature) >= len(prefix) && signature[:len(prefix)] == prefix
}
