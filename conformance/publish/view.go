package publish

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"handfast/conformance"
	"handfast/conformance/known"
)

// view is everything that the page shows. Its texts are not escaped; the template does that.
type view struct {
	CSS    template.CSS
	JS     template.JS
	Policy string

	Title, Subtitle string
	Runs            []viewRun
	Verdicts        []viewCount // over all runs, those that occur
	Areas           []viewArea
	Cases           int
	Cut             int // packets whose bytes are left out because the page would be too large
}

// viewRun is the heading of a column.
type viewRun struct {
	Name, Role, Target, Result, Class, Started string
	Profile, Suite, Seed                       string
	Seconds                                    string
	Executed, Passed, Known                    int
	Partial                                    bool
	Counts                                     []viewCount
	Differences                                []string
	More                                       int // differences that are not shown
}

// viewCount is how many cases have a verdict.
type viewCount struct {
	Verdict string
	N       int
	From    float64 // of 1000, for the bar
	Width   float64
}

// viewArea is a group of rows.
type viewArea struct {
	Name, Doc string
	Totals    []viewTotal
	Rows      []*viewRow
	Quiet     int // rows in which everything passes
}

// viewTotal is the count of an area in one run.
type viewTotal struct {
	Passed, Executed int
	Class            string
}

// viewRow is a case.
type viewRow struct {
	ID, Key, Title, Search, Verdicts string
	Rules                            []rule
	Cells                            []*viewCell
	Quiet                            bool
}

// viewCell is a case in one run.
type viewCell struct {
	Run                     string
	Key                     string // of the element
	Verdict                 string // "" where the case was not part of the run
	Mark                    string // what the list of known failures adds
	MarkText                string
	Phase, Expected, Actual string
	Breaks                  []string
	Took, Again             string
	Keys                    []*viewPacket // what the failure is about
	Trace                   []*viewPacket
	Dropped                 int // entries that are not shown, wherever they were left out
	Quiet, HasTrace         bool
}

// viewPacket is an entry of a trace.
type viewPacket struct {
	At, Dir, DirText, What, Fault string
	Link, Bytes, More             int
	Key                           bool
	Fields                        []viewField
	Cut                           bool // fields are left out
}

// viewField is a field of a packet.
type viewField struct {
	Offset              int
	Depth               int
	Before, Byte, After string // its bytes; Byte is the first wrong one
	Name, Value         string
	Wrong               bool
}

// builder makes a view.
type builder struct {
	v      view
	runs   []Run
	fields int // that may still be shown
}

func newView(runs []Run) *view {
	b := &builder{runs: runs, fields: maxFields}
	for i := range runs {
		b.v.Runs = append(b.v.Runs, newViewRun(&runs[i]))
	}
	b.areas()
	first := runs[0].Report
	b.v.Title = "Handfast conformance"
	b.v.Subtitle = fmt.Sprintf("wire version %s · suite %s", plain(first.Spec, 20), plain(first.Suite, 20))
	if len(runs) == 1 {
		b.v.Title += ": " + b.v.Runs[0].Name
	} else {
		b.v.Subtitle = fmt.Sprintf("%d runs", len(runs))
	}
	total := make(map[conformance.Verdict]int)
	for i := range runs {
		for v, n := range counts(runs[i].Report.Cases) {
			total[v] += n
		}
	}
	b.v.Verdicts = viewCounts(total)
	return &b.v
}

// viewCounts gives the verdicts that occur.
func viewCounts(n map[conformance.Verdict]int) []viewCount {
	all := 0
	for _, c := range n {
		all += c
	}
	var list []viewCount
	at := 0.0
	for _, v := range verdicts() {
		if n[v] > 0 {
			width := 1000 * float64(n[v]) / float64(all)
			list = append(list, viewCount{Verdict: v.String(), N: n[v], From: at, Width: width})
			at += width
		}
	}
	return list
}

func newViewRun(r *Run) viewRun {
	report := r.Report
	v := viewRun{
		Name: r.name(), Role: r.role(), Target: plain(report.Target, 120), Profile: plain(report.Profile, 40), Suite: plain(report.Suite, 20),
		Started: report.Started.UTC().Format("2006-01-02 15:04 UTC"), Seed: fmt.Sprint(report.Seed), Seconds: fmt.Sprintf("%.1f s", report.MS/1000),
		Executed: known.Executed(report), Passed: report.Summary.Pass, Partial: known.Partial(report), Counts: viewCounts(counts(report.Cases)),
	}
	code := report.ExitCode()
	if o := r.Outcome; o != nil {
		code, v.Known = o.Code, o.Known
		for _, d := range r.beyondVerdicts() {
			if len(v.Differences) == maxEntries {
				v.More++
				continue
			}
			v.Differences = append(v.Differences, plain(d.String(), 300))
		}
	}
	switch code {
	case conformance.ExitExpected:
		v.Result, v.Class = "as expected", "good"
	case conformance.ExitDiffers:
		v.Result, v.Class = "differs", "bad"
	default:
		v.Result, v.Class = "not measured", "none"
	}
	return v
}

// areas makes the rows: areas in the order of the specification, then those that it does not know; cases in the order in which the
// reports have them.
func (b *builder) areas() {
	docs := make(map[string]string)
	var order []string
	for _, a := range conformance.Areas() {
		docs[a.Name] = a.Doc
		order = append(order, a.Name)
	}
	ids := make(map[string][]string)
	index := make([]map[string]*conformance.Result, len(b.runs))
	seen := make(map[string]bool)
	for i := range b.runs {
		index[i] = make(map[string]*conformance.Result)
		cases := b.runs[i].Report.Cases
		for k := range cases {
			c := &cases[k]
			index[i][c.ID] = c
			name := area(c.ID)
			if !seen[c.ID] {
				seen[c.ID] = true
				ids[name] = append(ids[name], c.ID)
			}
			if !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
	}
	for _, name := range order {
		if len(ids[name]) == 0 {
			continue
		}
		a := viewArea{Name: name, Doc: docs[name], Totals: make([]viewTotal, len(b.runs))}
		for _, id := range ids[name] {
			results := make([]*conformance.Result, len(b.runs))
			for i := range b.runs {
				results[i] = index[i][id]
				a.Totals[i].add(results[i])
			}
			row := b.row(id, results)
			if row.Quiet {
				a.Quiet++
			}
			a.Rows = append(a.Rows, row)
		}
		b.v.Areas = append(b.v.Areas, a)
	}
}

// add counts a result.
func (t *viewTotal) add(r *conformance.Result) {
	if r == nil || r.Verdict == conformance.Unsupported {
		return
	}
	t.Executed++
	if r.Verdict == conformance.Pass {
		t.Passed++
	}
	t.Class = "all"
	if t.Passed < t.Executed {
		t.Class = "some"
	}
}

// row makes the row of a case, which at least one of the results is about.
func (b *builder) row(id string, results []*conformance.Result) *viewRow {
	row := &viewRow{ID: id, Key: fmt.Sprintf("c%d", b.v.Cases), Quiet: true}
	b.v.Cases++
	var words, kinds []string
	for i, r := range results {
		cell := b.cell(i, row.Key, r)
		row.Cells = append(row.Cells, cell)
		if r == nil {
			continue
		}
		if row.Title == "" {
			row.Title = plain(r.Title, 300)
			words = append(words, r.Req...)
		}
		for _, one := range rules(r) {
			at := slices.IndexFunc(row.Rules, func(o rule) bool { return o.ID == one.ID })
			if at < 0 {
				row.Rules = append(row.Rules, one)
			} else {
				row.Rules[at].Broken = row.Rules[at].Broken || one.Broken
			}
		}
		row.Quiet = row.Quiet && cell.Quiet
		kinds = append(kinds, cell.Verdict)
		words = append(words, r.Cites...)
	}
	row.Verdicts = strings.Join(kinds, " ")
	row.Search = strings.ToLower(plain(strings.Join(append(words, row.ID, row.Title), " "), maxText))
	return row
}

// cell makes what one run says about a case.
func (b *builder) cell(i int, key string, r *conformance.Result) *viewCell {
	c := &viewCell{Run: b.v.Runs[i].Name, Key: fmt.Sprintf("%sr%d", key, i)}
	if r == nil {
		c.Quiet = true
		return c
	}
	run := &b.runs[i]
	c.Verdict = r.Verdict.String()
	c.Took = fmt.Sprintf("%.1f ms", r.MS)
	c.Again = plain(run.again(r.ID), maxText)
	if m := run.Outcome.Mark(r.ID); m.Mark != known.Unmarked {
		c.Mark = string(m.Mark)
		c.MarkText = plain(fmt.Sprintf("listed in line %d: %s", m.Entry.Line, m.Entry.Reason), 300)
	}
	c.Quiet = r.Verdict == conformance.Pass && (c.Mark == "" || c.Mark == string(known.MarkFlaky))
	if r.Verdict != conformance.Pass {
		c.Expected, c.Actual = plain(r.Expected, maxText), plain(r.Actual, maxText)
	}
	if r.Phase != conformance.PhaseScript {
		c.Phase = r.Phase.Text()
	}
	for _, id := range r.Cites {
		c.Breaks = append(c.Breaks, plain(id, 20))
	}
	b.trace(c, r)
	return c
}

// trace takes the packets of a case: those that the failure is about, and the first and the last of the others.
func (b *builder) trace(c *viewCell, r *conformance.Result) {
	c.Dropped = r.Dropped
	for i := range r.Trace {
		e := &r.Trace[i]
		if e.Key && len(c.Keys) < 4 {
			c.Keys = append(c.Keys, b.packet(e))
		}
	}
	for i := range r.Trace {
		e := &r.Trace[i]
		if i >= maxEntries/2 && i < len(r.Trace)-maxEntries/2 {
			c.Dropped++
			continue
		}
		p := b.packet(e)
		c.Trace = append(c.Trace, p)
	}
	c.HasTrace = len(c.Trace) > 0
}

// packet takes one entry.
func (b *builder) packet(e *conformance.Entry) *viewPacket {
	p := &viewPacket{
		At: fmt.Sprintf("%.3f ms", float64(e.AtUS)/1000), Dir: "←", DirText: "from the peer", What: plain(e.What, 300), Fault: plain(e.Fault, 300),
		Link: e.Link, Bytes: e.Bytes, More: max(e.Bytes-len(e.Hex)/2, 0), Key: e.Key,
	}
	if e.Dir == conformance.Out {
		p.Dir, p.DirText = "→", "from the suite"
	}
	if e.Hex == "" {
		return p
	}
	if b.fields <= 0 {
		p.Cut = true
		b.v.Cut++
		return p
	}
	wrong := -1
	if e.FaultAt != nil {
		wrong = *e.FaultAt
	}
	for _, part := range e.Parts() {
		p.Fields = append(p.Fields, newViewField(part, wrong))
	}
	b.fields -= len(p.Fields)
	return p
}

// newViewField shows a field. The middle of long bytes is left out, but for what stands around a wrong one.
func newViewField(part conformance.Part, wrong int) viewField {
	f := viewField{Offset: part.Offset, Depth: min(max(part.Depth-1, 0), 6), Name: plain(part.Name, 60), Value: plain(part.Value, 160), Wrong: part.Wrong}
	n := len(part.Bytes)
	at := wrong - part.Offset
	if !part.Wrong || at >= n {
		f.Before = shorten(part.Bytes, 8, 4)
		return f
	}
	f.Before = shorten(part.Bytes[:at], 4, 4)
	f.Byte = fmt.Sprintf("%02X", part.Bytes[at])
	f.After = shorten(part.Bytes[at+1:], 4, 4)
	return f
}

// shorten gives bytes in hexadecimal, the middle left out.
func shorten(b []byte, head, tail int) string {
	if len(b) <= head+tail+1 {
		return fmt.Sprintf("% X", b)
	}
	return fmt.Sprintf("% X … % X", b[:head], b[len(b)-tail:])
}
