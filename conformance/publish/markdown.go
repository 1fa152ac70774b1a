package publish

import (
	"fmt"
	"html"
	"io"
	"strings"

	"handfast/conformance"
	"handfast/conformance/known"
)

// maxMarkdown is the size of the largest summary, bytes. GitHub refuses a step's summary of more than 1 MiB, what other steps of the job
// wrote not counted.
const maxMarkdown = 1000 << 10

// Markdown writes a summary of runs, one row each, and what did not pass with the sentences that it breaks: the form of
// $GITHUB_STEP_SUMMARY. What does not fit into 1,000 KiB is left out, and counted at the end.
func Markdown(w io.Writer, runs ...Run) error {
	return bounded(w, maxMarkdown, runs)
}

func bounded(w io.Writer, limit int, runs []Run) error {
	var b strings.Builder
	b.WriteString("## Handfast conformance\n\n")
	markdownCounts(&b, runs)
	var blocks []string
	for i := range runs {
		blocks = append(blocks, runs[i].markdownBlocks(len(runs) > 1)...)
	}
	left := 0
	const room = 200 // for the words about what was left out
	for _, block := range blocks {
		if left > 0 || b.Len()+len(block)+room > limit {
			left++
			continue
		}
		b.WriteString(block)
	}
	if left > 0 {
		fmt.Fprintf(&b, "\n_%d more entries do not fit into this summary; the JSON report has them all._\n", left)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownCounts writes the table, with a column for each verdict that some run has.
func markdownCounts(b *strings.Builder, runs []Run) {
	var shown []conformance.Verdict
	for _, v := range verdicts() {
		for i := range runs {
			if v == conformance.Pass || counts(runs[i].Report.Cases)[v] > 0 {
				shown = append(shown, v)
				break
			}
		}
	}
	b.WriteString("| peer | profile | cases |")
	for _, v := range shown {
		fmt.Fprintf(b, " %s |", v)
	}
	b.WriteString(" known | result |\n|---|---|--:|" + strings.Repeat("--:|", len(shown)) + "--:|---|\n")
	for i := range runs {
		r := runs[i].Report
		fmt.Fprintf(b, "| %s | %s %s | %d |", markdownText(runs[i].name()), markdownText(r.Profile), runs[i].role(), len(r.Cases))
		n := counts(r.Cases)
		for _, v := range shown {
			fmt.Fprintf(b, " %d |", n[v])
		}
		knownHere := 0
		if o := runs[i].Outcome; o != nil {
			knownHere = o.Known
		}
		fmt.Fprintf(b, " %d | %s |\n", knownHere, runs[i].result())
	}
	b.WriteString("\n")
	for i := range runs {
		r := runs[i].Report
		fmt.Fprintf(b, "%s: suite %s, wire version %s, seed %d, %.1f s", markdownText(runs[i].name()), markdownText(r.Suite), markdownText(r.Spec), r.Seed, r.MS/1000)
		if known.Partial(r) {
			b.WriteString(", **some cases only**")
		}
		b.WriteString("  \n")
	}
}

// result gives the outcome of a run in a word or two.
func (r *Run) result() string {
	code := r.Report.ExitCode()
	if r.Outcome != nil {
		code = r.Outcome.Code
	}
	switch code {
	case conformance.ExitExpected:
		return "✅ as expected"
	case conformance.ExitDiffers:
		return "❌ differs"
	}
	return "⚠️ not measured"
}

// markdownBlocks gives what is worth reading about a run, each block whole by itself.
func (r *Run) markdownBlocks(several bool) []string {
	var unknown, listed, off []string
	for i := range r.Report.Cases {
		c := &r.Report.Cases[i]
		switch {
		case c.Verdict == conformance.Unsupported:
			off = append(off, fmt.Sprintf("- %s: %s\n", markdownText(c.ID), markdownText(plain(c.Actual, 200))))
		case r.bad(c):
			unknown = append(unknown, r.markdownCase(c))
		case c.Verdict != conformance.Pass:
			m := r.Outcome.Mark(c.ID)
			listed = append(listed, fmt.Sprintf("- %s (%v, %s): %s\n", markdownText(c.ID), c.Verdict, m.Mark, markdownText(plain(m.Entry.Reason, 200))))
		}
	}
	var blocks []string
	if d := r.beyondVerdicts(); len(d) > 0 {
		blocks = append(blocks, r.heading(several, "Not as the repository says"))
		for _, one := range d {
			blocks = append(blocks, "- "+markdownText(plain(one.String(), 500))+"\n")
		}
	}
	for _, part := range []struct {
		title string
		list  []string
	}{{"Failures", unknown}, {"Known failures", listed}, {"Unsupported", off}} {
		if len(part.list) > 0 {
			blocks = append(append(blocks, r.heading(several, fmt.Sprintf("%s: %d", part.title, len(part.list)))), part.list...)
		}
	}
	return blocks
}

func (r *Run) heading(several bool, title string) string {
	if several {
		title += ", " + markdownText(r.name())
	}
	return "\n### " + title + "\n\n"
}

// markdownCase gives a failure that can be opened.
func (r *Run) markdownCase(c *conformance.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>%s <b>%s</b>: %s</summary>\n\n", c.Verdict, htmlText(c.ID, 100), htmlText(c.Title, 300))
	for _, one := range rules(c) {
		if one.Broken {
			fmt.Fprintf(&b, "> **%s** %s\n>\n", markdownText(one.ID), one.Text) // of the specification
		}
	}
	if c.Phase != conformance.PhaseScript {
		fmt.Fprintf(&b, "\n- in: %s\n", markdownText(c.Phase.Text()))
	}
	fmt.Fprintf(&b, "\n- expected: %s\n- actual: %s\n", markdownText(plain(c.Expected, 500)), markdownText(plain(c.Actual, 500)))
	fmt.Fprintf(&b, "- again: %s\n\n</details>\n\n", markdownText(plain(r.again(c.ID), 400)))
	return b.String()
}

// htmlText makes one line of text for an HTML element, in which Markdown does nothing.
func htmlText(text string, n int) string { return inert.Replace(html.EscapeString(plain(text, n))) }

// markdownText escapes what Markdown, HTML in it, or GitHub (math, mentions, links) would act upon. It is never the beginning of a line.
func markdownText(text string) string {
	var b strings.Builder
	for _, r := range plain(text, 4000) {
		switch {
		case strings.ContainsRune("\\`*_{}[]|~$", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '@' || r == '#':
			b.WriteString(inert.Replace(string(r)))
		default:
			b.WriteString(html.EscapeString(string(r)))
		}
	}
	return noLinks.Replace(b.String())
}

// inert puts a word joiner, which nobody sees, behind what GitHub makes a mention or a reference of, even where it is an entity.
var inert = strings.NewReplacer("@", "@\u2060", "#", "#\u2060", "&#", "&#")

// noLinks keeps GitHub from making links of addresses.
var noLinks = strings.NewReplacer("://", "&#58;//", "www.", "www&#46;")
