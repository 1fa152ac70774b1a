package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"handfast/conformance"
	"handfast/conformance/wire"
	"handfast/spec"
)

// before is how many packets of a link are kept to show what led to a violation.
const before = 12

// Finding is one rule that was broken.
type Finding struct {
	Link  string // name of the link
	Item  wire.Item
	Req   string
	Text  string // in a few words
	trace []conformance.Entry
}

// String gives one line.
func (f *Finding) String() string {
	return fmt.Sprintf("%s: %s sent %s at offset %d: [%s] %s", f.Link, f.Item.From, f.Item.What, f.Item.Offset, f.Req, f.Text)
}

// Watch gathers what many links show. Its methods may be called concurrently.
type Watch struct {
	started time.Time

	mu     sync.Mutex // guards the fields below
	links  int
	items  int
	said   [2]kinds
	first  [2]map[string]*Finding
	counts [2]map[string]int
	cut    []string // what could not be read to its end, and why
}

// New makes a Watch that has seen nothing.
func New() *Watch {
	return &Watch{
		started: time.Now(),
		first:   [2]map[string]*Finding{{}, {}},
		counts:  [2]map[string]int{{}, {}},
	}
}

// Link is one link that is watched. It is not safe for concurrent use.
type Link struct {
	w      *Watch
	name   string
	n      int // number of the link, from 1
	tap    *wire.Tap
	recent []conformance.Entry // the newest, at most before
	began  time.Time
}

// Link begins to watch a link. Name is for people.
func (w *Watch) Link(name string) *Link {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.links++
	return &Link{w: w, name: name, n: w.links, tap: wire.NewTap(false)}
}

// Feed takes bytes that one side has sent, in the order in which they were sent, and returns the rules that they broke.
func (l *Link) Feed(from wire.Side, b []byte, at time.Time) []*Finding {
	if l.began.IsZero() {
		l.began = at
	}
	var found []*Finding
	for _, item := range l.tap.Feed(from, b, at) {
		if f := l.look(item); f != nil {
			found = append(found, f)
		}
	}
	return found
}

// look takes in one item.
func (l *Link) look(i wire.Item) *Finding {
	entry := l.entry(i)
	defer func() {
		l.recent = append(l.recent, entry)
		if len(l.recent) > before {
			l.recent = slices.Delete(l.recent, 0, 1)
		}
	}()
	w := l.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.items++
	w.said[i.From] |= kindsOf(&i)
	if i.Violation == nil {
		return nil
	}
	f := &Finding{Link: l.name, Item: i, Req: cmp.Or(i.Violation.Req, unnamed), Text: i.Violation.Detail}
	w.counts[i.From][f.Req]++
	if w.first[i.From][f.Req] == nil {
		entry.Key, entry.Fault = true, i.Violation.String()
		f.trace = append(slices.Clone(l.recent), entry)
		w.first[i.From][f.Req] = f
	}
	return f
}

// entry turns an item into one of a report. The dialer's are those that go out, as in SPEC.md's first chapter.
func (l *Link) entry(i wire.Item) conformance.Entry {
	e := conformance.Entry{Link: l.n, AtUS: i.At.Sub(l.began).Microseconds(), Dir: conformance.Out, What: i.What, Opening: i.Opening != nil || i.Offset == 0}
	if i.From == wire.Acceptor {
		e.Dir = conformance.In
	}
	at := -1
	if i.Violation != nil {
		at = i.Violation.Offset
	}
	return e.Compose(i.Bytes, at)
}

// Cut notes that a side could not be read to its end, for example because a capture lacks bytes: nothing behind that was judged.
func (l *Link) Cut(from wire.Side, why string) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.cut = append(l.w.cut, fmt.Sprintf("%s, %s: %s", l.name, from, why))
}

// Links is the number of links so far.
func (w *Watch) Links() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.links
}

// Totals gives the counts so far: links, openings and frames, and broken rules.
func (w *Watch) Totals() (links, items, findings int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for side := range w.counts {
		for _, n := range w.counts[side] {
			findings += n
		}
	}
	return w.links, w.items, findings
}

// Cuts lists what could not be read to its end.
func (w *Watch) Cuts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.cut)
}

// Report makes the report of all links so far: a case for each rule and side. Mode is proxy or check, target says what was watched.
func (w *Watch) Report(mode, target string) *conformance.Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := conformance.Report{Profile: conformance.DefaultProfile, Mode: mode, Target: target}
	for _, side := range []wire.Side{wire.Dialer, wire.Acceptor} {
		for _, rule := range w.judged(side) {
			r.Cases = append(r.Cases, w.result(side, rule))
		}
	}
	return conformance.Compose(r, w.started)
}

// judged lists the rules of a side: all of rules, and whatever else it broke.
func (w *Watch) judged(side wire.Side) []rule {
	all := rules()
	var more []string
	for req := range w.first[side] {
		if !slices.ContainsFunc(all, func(r rule) bool { return r.req == req }) {
			more = append(more, req)
		}
	}
	slices.Sort(more)
	for _, req := range more {
		all = append(all, rule{req: req})
	}
	return all
}

// result is what the links show about one rule and side.
func (w *Watch) result(side wire.Side, r rule) conformance.Result {
	out := conformance.Result{
		ID: side.String() + "/" + strings.ToLower(r.req), Req: []string{r.req}, Profile: conformance.DefaultProfile,
		Title: "no packet of the " + side.String() + " breaks " + r.req, Verdict: conformance.Pass, Trace: []conformance.Entry{},
	}
	if rule, ok := spec.Requirement(r.req); ok {
		out.Title = fmt.Sprintf("the %s keeps: %s", side, rule.Text)
	}
	f := w.first[side][r.req]
	switch {
	case f != nil:
		out.Verdict, out.Cites, out.Trace = conformance.Fail, []string{r.req}, f.trace
		out.Expected = "packets that keep the rule"
		out.Actual = fmt.Sprintf("%s: %s: %s", f.Link, f.Item.What, f.Text)
		if n := w.counts[side][r.req]; n > 1 {
			out.Actual += fmt.Sprintf("; %d times in all", n)
		}
		out.Detail = fmt.Sprintf("expected %s; got %s [%s]", out.Expected, out.Actual, r.req)
	case w.said[side]&r.when == 0:
		out.Verdict = conformance.Unsupported
		out.Expected, out.Actual = "a packet of the kind that the rule is about", "the "+side.String()+" sent none"
		out.Detail = "the " + side.String() + " sent nothing of the kind that the rule is about"
	}
	return out
}

// Trace gives the packets that led to the finding, which is the last of them. Only the first finding of a rule and side has one.
func (f *Finding) Trace() []conformance.Entry { return append([]conformance.Entry{}, f.trace...) }
