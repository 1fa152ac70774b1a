package guide

import (
	"fmt"
	"io"
	"strings"
)

// WriteText prints the explanation for people: what it is, why, how it looks, who judges it, the bytes, and what to run.
func (e *Explanation) WriteText(w io.Writer) error {
	p := new(printer)
	e.title(p)
	if e.Text != "" {
		p.b.WriteString("\n" + strings.Trim(e.Text, "\n") + "\n")
	}
	for _, why := range e.Why {
		p.head("%s", why.Title)
		p.wrap("  ", why.Text)
	}
	if e.Kind == "frame" || e.Kind == "opening" || e.Kind == "message" { // how it looks goes before what binds
		e.layouts(p)
		e.rules(p)
	} else {
		e.rules(p)
		e.layouts(p)
	}
	if e.Answers != nil && len(e.Answers.Tables[0].Rows) > 0 {
		p.layout(e.Answers)
	}
	for i := range e.States {
		s := &e.States[i]
		p.head("State table %s (%s)", s.Table, s.Link)
		p.table(s.Head, s.Rows, s.Marked)
	}
	if len(e.Mentions) > 0 {
		p.head("Also named in")
		for _, m := range e.Mentions {
			p.wrap("  "+m.Chapter+": ", m.Text)
		}
	}
	if len(e.Choices) > 0 {
		p.head("Permitted choices that touch it")
		for _, q := range e.Choices {
			p.wrap("  ["+q.ID+"] ", q.Text)
		}
	}
	p.refs("Cases", e.Cases)
	p.refs("Vectors", e.Vectors)
	p.refs("Mutants: test peers with one bug here, each of which a case has to find", e.Mutants)
	if e.Bytes != nil {
		p.head("Bytes")
		p.comparison(e.Bytes)
	}
	for i := range e.Exchanges {
		p.exchange(&e.Exchanges[i])
	}
	if len(e.Again) > 0 {
		p.head("To try it")
		for _, a := range e.Again {
			p.line("  %s", a)
		}
	}
	return p.flush(w)
}

func (e *Explanation) title(p *printer) {
	r := e.Rule
	if e.Text != "" {
		p.line("%s", e.ID)
		return
	}
	if r == nil {
		p.wrap(fmt.Sprintf("%s  %s: ", e.ID, e.Kind), e.Title)
		if e.Level > 0 {
			p.wrap(fmt.Sprintf("  level %d: ", e.Level), levelText(e.Level))
		}
		for _, c := range e.Context {
			p.line("  %s", c)
		}
		return
	}
	p.wrap(e.ID+"  ", r.Sentence)
	p.b.WriteByte('\n')
	p.line("  %s; who obeys: %s; profile %s", r.Level, r.Role, r.Profile)
	p.line("  %s, line %d, chapter %s", r.Link, r.Line, r.Chapter)
	switch r.Tested {
	case "wire":
		p.line("  the suite sees it on the wire")
	case "api":
		p.wrap("  the suite cannot see it on the wire; test it in your own code: ", r.WhyNot)
	default:
		p.wrap("  nobody can test it: ", r.WhyNot)
	}
}

func (e *Explanation) layouts(p *printer) {
	for i := range e.Layouts {
		p.layout(&e.Layouts[i])
	}
}

// rules prints sentences: those that it is about in full, of many only the first.
func (e *Explanation) rules(p *printer) {
	if len(e.Rules) == 0 {
		return
	}
	switch e.Kind {
	case "requirement", "choice":
		p.head("It names")
	default:
		p.head("What binds")
	}
	for i, q := range e.Rules {
		if i == 2*fewRefs {
			p.line("  ... %d more", len(e.Rules)-i)
			break
		}
		p.wrap("  ["+q.ID+"] ", q.Text)
	}
}

func (p *printer) layout(l *Layout) {
	p.head("%s", strings.ToUpper(l.Name[:1])+l.Name[1:])
	if l.Text != "" {
		p.wrap("  ", l.Text)
	}
	if l.Diagram != "" {
		p.b.WriteByte('\n')
		for line := range strings.Lines(l.Diagram) {
			p.line("%s", strings.TrimSuffix(line, "\n"))
		}
	}
	for _, t := range l.Tables {
		p.b.WriteByte('\n')
		p.table(t.Head, t.Rows, nil)
	}
}

func (p *printer) refs(title string, refs []Ref) {
	if len(refs) == 0 {
		return
	}
	p.head("%s", title)
	width := 0
	for _, r := range refs[:min(len(refs), fewRefs)] {
		width = max(width, len(r.ID))
	}
	for i, r := range refs {
		if i == fewRefs {
			p.line("  ... %d more", len(refs)-i)
			break
		}
		p.wrap(fmt.Sprintf("  %-*s  ", width, r.ID), r.Text)
	}
}

func (p *printer) exchange(x *Exchange) {
	switch x.Part {
	case "driver":
		p.head("What the driver is told")
	case "twin":
		p.head("Link %d, the twin: has to be accepted", x.Link)
	case "fault":
		p.head("Link %d, the fault: has to be refused as the title says", x.Link)
	case "probe":
		p.head("Link %d, the probe: everything else goes on", x.Link)
	default:
		p.head("Link %d", x.Link)
	}
	for _, packet := range x.Packets {
		line := fmt.Sprintf("  %s %s", packet.Dir, packet.What)
		if packet.Fault != "" && packet.Fault != packet.What {
			line += "   (" + packet.Fault + ")"
		}
		p.line("%s", line)
	}
	if x.More > 0 {
		p.line("  ... %d more", x.More)
	}
	if x.Fault != nil {
		p.b.WriteByte('\n')
		p.line("  %s", x.Fault.What)
		p.lines(x.Fault.Lines, len(x.Fault.Lines) > fewLines)
	}
}
