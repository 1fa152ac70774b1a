package guide

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"handfast/conformance"
)

// WriteText prints the one thing to implement now for people: how far it is, the sentence, the layout, the bytes, what came and what should
// have, and what to run.
func (n *Next) WriteText(w io.Writer) error {
	p := new(printer)
	if n.Done {
		n.done(p)
		return p.flush(w)
	}
	p.line("%s of %s passed (%s)", grouped(n.Passed), grouped(n.Total), n.Roles)
	p.wrap(fmt.Sprintf("level %d of %d: ", n.Level, n.Levels), n.Step)
	if n.Problem != "" {
		p.head("First of all")
		p.wrap("  ", n.Problem)
	}
	if n.Item != nil {
		n.item(p)
	}
	if len(n.Again) > 0 {
		p.head("Then")
		for _, a := range n.Again {
			p.line("  %s", a)
		}
	}
	return p.flush(w)
}

func (n *Next) done(p *printer) {
	p.line("%s of %s passed (%s): nothing is left to implement", grouped(n.Passed), grouped(n.Total), n.Roles)
	p.head("Next")
	for _, a := range n.Again {
		p.line("  %s", a)
	}
}

func (n *Next) item(p *printer) {
	e := n.Item
	p.head("Now: %s", e.ID)
	p.wrap("  the "+e.Kind+": ", e.Title)
	if e.Kind == "vector" {
		if len(e.Context) > 1 {
			p.wrap("  the receiver: ", strings.Join(e.Context[1:], ", "))
		}
		for _, why := range e.Why {
			p.wrap("  "+strings.ToLower(strings.TrimSuffix(why.Title, " this vector"))+": ", why.Text)
		}
	}
	if r := n.Rule; r != nil {
		p.head("The rule (%s)", r.Rule.Link)
		p.wrap("  ["+r.ID+"] ", r.Title)
	}
	for _, l := range n.layouts() {
		p.layout(&l)
	}
	if e.Bytes != nil {
		p.head("Bytes")
		p.comparison(e.Bytes)
	}
	for i := range e.Exchanges {
		if x := &e.Exchanges[i]; x.Part == "script" || x.Part == "fault" || n.Result != nil && n.Result.Phase == conformance.PhaseTwin {
			p.exchange(x)
		}
	}
	p.b.WriteByte('\n')
	n.answer(p)
}

// layouts gives those of the rule, then those of the item, each once.
func (n *Next) layouts() []Layout {
	var all []Layout
	if n.Rule != nil {
		all = append(all, n.Rule.Layouts...)
	}
	return uniqueLayouts(append(all, n.Item.Layouts...))
}

// answer prints what was wanted and what came.
func (n *Next) answer(p *printer) {
	r := n.Result
	if c := n.Item.Bytes; c != nil {
		p.wrap("  wanted    ", c.Input.Verdict)
		var value bytes.Buffer
		if len(n.Value) > 0 && json.Compact(&value, n.Value) == nil {
			p.wrap("            ", "value "+cut(value.String(), 400))
		}
	} else if r != nil {
		p.wrap("  wanted    ", r.Expected)
	}
	if r == nil {
		return
	}
	if more, ok := strings.CutPrefix(r.Expected, "accept "); ok && n.Item.Bytes != nil {
		p.wrap("            ", more)
	}
	p.wrap("  answered  ", r.Actual)
	if r.Phase != conformance.PhaseScript && (r.Phase != conformance.PhaseFault || n.Role != RoleCodec) {
		p.wrap("  at        ", r.Phase.Text())
	}
}

// grouped writes a count with commas, as the pages do.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// cut keeps a text readable.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " ..."
}
