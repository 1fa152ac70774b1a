package guide

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"handfast/conformance"
	"handfast/conformance/vectors"
	"handfast/spec"
	"handfast/spec/page"
	"handfast/testdata"
)

// Explain explains everything that has this name, whatever the case of its letters: a case and a vector may share one. The error is an
// *UnknownError.
func (l *Library) Explain(ctx context.Context, name string) ([]*Explanation, error) {
	upper, lower := strings.ToUpper(name), strings.ToLower(name)
	var all []*Explanation
	if rule, ok := ruleNamed(upper); ok {
		all = append(all, l.rule(rule))
	}
	if i := slices.IndexFunc(l.Cases, func(c conformance.Case) bool { return c.ID == lower }); i >= 0 {
		all = append(all, l.caseOf(ctx, &l.Cases[i]))
	}
	if v := l.Vectors.Vector(lower); v != nil {
		all = append(all, l.vectorOf(v))
	}
	reg := spec.Registry()
	if f, ok := reg.Frame(upper); ok {
		all = append(all, l.word("frame", f.Name, f.Doc))
	}
	if k, ok := reg.Kind(upper); ok {
		all = append(all, l.word("opening", k.Name, k.Doc))
	}
	for _, p := range reg.Protos {
		for _, m := range p.Messages {
			if m.Name == upper {
				all = append(all, l.word("message", m.Name, m.Doc))
			}
		}
	}
	if c, ok := reg.Code(upper); ok {
		all = append(all, l.code(c))
	}
	for _, limit := range reg.Limits {
		if limit.Name == lower {
			all = append(all, l.limit(limit))
		}
	}
	for _, m := range l.Mutants {
		if m.Name == lower {
			all = append(all, l.mutant(m))
		}
	}
	if p, ok := paper(lower); ok {
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, l.unknown(name)
	}
	return all, nil
}

var choiceName = regexp.MustCompile(`^OPT-0*(\d+)$`)

// ruleNamed finds a requirement; a permitted choice is also known as OPT-4.
func ruleNamed(id string) (spec.Rule, bool) {
	if m := choiceName.FindStringSubmatch(id); m != nil {
		id = fmt.Sprintf("OPT-%03s", m[1])
	}
	return spec.Requirement(id)
}

// rule explains a requirement or a permitted choice.
func (l *Library) rule(r spec.Rule) *Explanation {
	e := &Explanation{Kind: "requirement", ID: r.ID, Title: r.Text, Rule: factsOf(r)}
	if strings.HasPrefix(r.ID, "OPT-") {
		e.Kind = "choice"
	}
	e.Why = reasonsOf(r.ID)
	s := subjectOf(r.ID, r.Text)
	e.Layouts = s.layouts()
	if t := s.answers(); len(t.Rows) > 0 {
		e.Answers = &Layout{Name: "error codes", Tables: []page.Table{t}}
	}
	e.States = s.states(r.ID)
	e.Mentions = mentionsOf(r.ID)
	e.Choices = choicesOf(r.ID, &s)
	for _, id := range idForm.FindAllString(r.Text, -1) {
		if other, ok := spec.Requirement(id); ok && id != r.ID {
			e.Rules = append(e.Rules, quote(other))
		}
	}
	e.Cases, e.Vectors, e.Mutants = l.citing(r.ID)
	if v := l.example(r.ID); v != nil {
		e.Bytes = compare(v)
	}
	e.Again = againRule(e)
	return e
}

var idForm = regexp.MustCompile(`\b[A-Z]+-\d{3}\b`)

// againRule lists the commands that try a requirement.
func againRule(e *Explanation) []string {
	var list []string
	if len(e.Cases) > 0 {
		list = append(list, "handfast conform server HOST:PORT --run "+e.ID)
	}
	if len(e.Vectors) > 0 {
		list = append(list, "handfast conform codec --run "+e.ID+" -- CMD")
	}
	return list
}

func factsOf(r spec.Rule) *RuleFacts {
	f := &RuleFacts{Level: r.Level, Role: r.Role, Profile: r.Profile, Tested: r.Testable, WhyNot: r.Why, Sentence: r.Text, Link: r.Page}
	if p, ok := page.Of(r.ID); ok {
		f.Link, f.Chapter, f.Line = p.Section.Link(), p.Section.Chapter, p.Line
	}
	return f
}

// reasonsOf gives the reasons of the section in which a sentence stands, or else of its chapter.
func reasonsOf(id string) []Reason {
	p, ok := page.Of(id)
	if !ok {
		return nil
	}
	whys := p.Section.Whys()
	if len(whys) == 0 {
		for _, s := range page.InChapter(p.Section) {
			whys = append(whys, s.Whys()...)
		}
	}
	var list []Reason
	for _, w := range whys {
		list = append(list, Reason(w))
	}
	return list
}

func mentionsOf(id string) []Mention {
	var list []Mention
	for _, m := range page.Mentions(id) {
		list = append(list, Mention{m.Section.Chapter, m.Section.Link(), m.Text})
	}
	return list
}

// choicesOf lists the permitted choices that name an id, or that speak of the same frames.
func choicesOf(id string, s *subject) []Quote {
	var list []Quote
	for _, r := range spec.Requirements() {
		if !strings.HasPrefix(r.ID, "OPT-") || r.ID == id {
			continue
		}
		other := subjectOf(r.ID, r.Text)
		same := slices.ContainsFunc(other.words, func(w string) bool { return slices.Contains(s.words, w) })
		if strings.Contains(r.Text, id) || same {
			list = append(list, quote(r))
		}
	}
	return list
}

func quote(r spec.Rule) Quote { return Quote{r.ID, r.Text, factsOf(r).Link} }

// quotes gives the sentences of ids, without those that do not exist.
func quotes(ids []string) []Quote {
	var list []Quote
	for _, id := range ids {
		if r, ok := spec.Requirement(id); ok {
			list = append(list, quote(r))
		}
	}
	return list
}

// example chooses the vector that shows a requirement best: one that is refused by it, else one that is about it; the first in its file that is
// not much longer than the shortest.
func (l *Library) example(req string) *vectors.Vector {
	rank := func(v *vectors.Vector) int {
		switch {
		case v.Error != nil && v.Error.Req == req && v.Req[0] == req:
			return 0
		case v.Error != nil && v.Error.Req == req:
			return 1
		case v.Req[0] == req:
			return 2
		}
		return 3
	}
	var best []*vectors.Vector
	for _, v := range l.Vectors.Vectors {
		switch {
		case !slices.Contains(v.Req, req):
		case len(best) == 0 || rank(v) < rank(best[0]):
			best = []*vectors.Vector{v}
		case rank(v) == rank(best[0]):
			best = append(best, v)
		}
	}
	shortest := 0
	for i, v := range best {
		if i == 0 || len(v.In) < shortest {
			shortest = len(v.In)
		}
	}
	for _, v := range best {
		if len(v.In) <= 2*shortest {
			return v
		}
	}
	return nil
}

// vectorOf explains a vector.
func (l *Library) vectorOf(v *vectors.Vector) *Explanation {
	e := &Explanation{Kind: "vector", ID: v.ID, Title: v.Title, Rules: quotes(v.Req), Level: v.Level, Bytes: compare(v)}
	e.Why = append(e.Why, Reason{"Why this vector", v.Why})
	if v.Notes != "" {
		e.Why = append(e.Why, Reason{"Note", v.Notes})
	}
	e.Layouts = uniqueLayouts(layoutOf(vectors.NameOf(v.Vector)))
	e.Context = contextOf(v)
	e.Again = []string{"handfast conform codec --run " + v.ID + " -- CMD"}
	return e
}

// contextOf says what a receiver of a vector knows beforehand.
func contextOf(v *vectors.Vector) []string {
	list := []string{"what = " + v.Op}
	if v.Turn != "" {
		list = append(list, "turn = "+v.Turn)
	}
	if v.MaxFrame != 0 {
		list = append(list, fmt.Sprintf("max_frame = %d", v.MaxFrame))
	}
	if v.BeforeReady {
		list = append(list, "before READY was received")
	}
	return list
}

// word explains a frame, an opening or a message of a sub-protocol.
func (l *Library) word(kind, name, doc string) *Explanation {
	e := &Explanation{Kind: kind, ID: name, Title: doc, Layouts: layoutOf(name)}
	for _, r := range spec.Requirements() {
		s := subjectOf(r.ID, r.Text)
		switch {
		case !slices.Contains(s.words, name):
		case strings.HasPrefix(r.ID, "OPT-"):
			e.Choices = append(e.Choices, quote(r))
		default:
			e.Rules = append(e.Rules, quote(r))
		}
	}
	for area, table := range map[string]string{"FRAME": "Link", "STRM": "Stream", "BEAT": "Heartbeat"} {
		if kind != "frame" && kind != "opening" {
			break
		}
		s := subject{area: area, words: []string{name}, codes: []string{"any"}, sends: ""}
		for _, state := range s.states("") {
			if state.Table == table {
				e.States = append(e.States, state)
			}
		}
	}
	slices.SortFunc(e.States, func(a, b State) int { return strings.Compare(a.Table, b.Table) })
	if v := l.sample(name); v != nil {
		e.Bytes = compare(v)
	}
	return e
}

// sample finds the first accepted vector of a frame, an opening or a message.
func (l *Library) sample(name string) *vectors.Vector {
	for _, v := range l.Vectors.Vectors {
		if v.Verdict == testdata.Accept && vectors.NameOf(v.Vector) == name {
			return v
		}
	}
	return nil
}

// code explains an error code.
func (l *Library) code(c spec.Code) *Explanation {
	e := &Explanation{Kind: "error", ID: c.Name, Title: c.Doc}
	s := subject{codes: []string{c.Name}}
	e.Answers = &Layout{Name: "error codes", Tables: []page.Table{s.answers()}}
	for _, r := range spec.Requirements() {
		if slices.Contains(subjectOf(r.ID, r.Text).codes, c.Name) {
			e.Rules = append(e.Rules, quote(r))
		}
	}
	for _, v := range l.Vectors.Vectors {
		if v.Error != nil && v.Error.Code == c.Name {
			e.Vectors = append(e.Vectors, vectorRef(v))
			if e.Bytes == nil {
				e.Bytes = compare(v)
			}
		}
	}
	return e
}

// limit explains a limit.
func (l *Library) limit(limit spec.Limit) *Explanation {
	s := subject{quoted: []string{limit.Name}}
	e := &Explanation{Kind: "limit", ID: limit.Name, Title: limit.Doc}
	e.Layouts = []Layout{{Name: "limits", Tables: []page.Table{{Head: blockTable("limits").Head, Rows: s.limits()}}}}
	for _, r := range spec.Requirements() {
		if strings.Contains(r.Text, "`"+limit.Name+"`") {
			e.Rules = append(e.Rules, quote(r))
		}
	}
	return e
}

// mutant explains a test peer with one bug.
func (l *Library) mutant(m Mutant) *Explanation {
	e := &Explanation{Kind: "mutant", ID: m.Name, Title: m.Role + ": " + m.Doc, Rules: quotes([]string{m.Req})}
	e.Cases, _, _ = l.citing(m.Req)
	return e
}
