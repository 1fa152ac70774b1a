package publish

import (
	"fmt"
	"io"
	"strings"

	"handfast/conformance"
	"handfast/conformance/known"
)

// maxAnnotations is how many errors of one step GitHub shows.
const maxAnnotations = 10

// Annotations writes what is wrong with a run as ::error commands of GitHub Actions. There are ten at most, because GitHub shows no more; the
// last of ten says how many others there are.
func Annotations(w io.Writer, run Run) error {
	list := run.annotations()
	if n := len(list); n > maxAnnotations {
		list = append(list[:maxAnnotations-1:maxAnnotations-1], annotation{
			title: "Handfast conformance", text: fmt.Sprintf("and %d more; the summary and the report have them all", n-maxAnnotations+1),
		})
	}
	var b strings.Builder
	for _, a := range list {
		b.WriteString(a.String() + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// annotation is one ::error command.
type annotation struct {
	file, line, title, text string
}

// annotations gives all of them.
func (r *Run) annotations() []annotation {
	var list []annotation
	for _, d := range r.beyondVerdicts() {
		a := annotation{title: fmt.Sprintf("Handfast conformance: %s", d.Kind), text: d.String()}
		if file, line, ok := splitPlace(d.Place); ok {
			a.file, a.line = file, line
		}
		list = append(list, a)
	}
	for i := range r.Report.Cases {
		if c := &r.Report.Cases[i]; r.bad(c) {
			list = append(list, annotation{title: fmt.Sprintf("%v: %s", c.Verdict, c.ID), text: r.annotationText(c)})
		}
	}
	return list
}

// splitPlace takes FILE:LINE apart.
func splitPlace(place string) (file, line string, ok bool) {
	at := strings.LastIndexByte(place, ':')
	if at <= 0 || strings.Trim(place[at+1:], "0123456789") != "" {
		return place, "", place != ""
	}
	return place[:at], place[at+1:], true
}

// annotationText gives a failure in a few lines.
func (r *Run) annotationText(c *conformance.Result) string {
	lines := []string{plain(c.Title, 300)}
	for _, one := range rules(c) {
		if one.Broken {
			lines = append(lines, "["+one.ID+"] "+one.Text)
		}
	}
	lines = append(lines, "expected: "+plain(c.Expected, 300), "actual: "+plain(c.Actual, 300), r.again(c.ID))
	if m := r.Outcome.Mark(c.ID); m.Mark == known.MarkOther {
		lines = append(lines, fmt.Sprintf("listed in line %d in another way", m.Entry.Line))
	}
	return strings.Join(lines, "\n")
}

// String gives the command, one line.
func (a annotation) String() string {
	var properties []string
	for _, p := range [][2]string{{"file", a.file}, {"line", a.line}, {"title", a.title}} {
		if p[1] != "" {
			properties = append(properties, p[0]+"="+commandProperty.Replace(p[1]))
		}
	}
	return "::error " + strings.Join(properties, ",") + "::" + commandText.Replace(a.text)
}

// The escapes of workflow commands. A property ends at a comma or a colon, so that these are escaped as well.
var (
	commandText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
