package publish

import (
	"encoding/xml"
	"fmt"
	"io"

	"handfast/conformance"
	"handfast/conformance/known"
)

// The elements of JUnit's XML that CI servers read. A verdict about the peer is a failure (fail, weak, timeout); where the peer or the
// suite broke down (crash, inconclusive) it is an error; what is unsupported, and what fails as it is known to, is skipped.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`

		ms float64
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		Classname string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"`
		Failure   *junitProblem `xml:"failure,omitempty"`
		Error     *junitProblem `xml:"error,omitempty"`
		Skipped   *junitProblem `xml:"skipped,omitempty"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// expectations is the name of the testsuite of what no case says: entries of a list of known failures, counts, claims.
const expectations = "expectations"

// JUnit writes a report for CI servers, one testsuite for each area.
func JUnit(w io.Writer, run Run) error {
	r := run.Report
	all := junitSuites{Name: "handfast conform", Time: seconds(r.MS)}
	byArea := make(map[string]int)
	suite := func(name string) *junitSuite {
		at, ok := byArea[name]
		if !ok {
			at = len(all.Suites)
			byArea[name] = at
			all.Suites = append(all.Suites, run.junitSuite(name))
		}
		return &all.Suites[at]
	}
	for i := range r.Cases {
		s := suite(area(r.Cases[i].ID))
		s.add(run.junitCase(s.Name, &r.Cases[i]), r.Cases[i].MS)
	}
	for i, d := range run.beyondVerdicts() {
		s := suite(expectations)
		text := xmlText(d.String())
		s.add(junitCase{
			Name: fmt.Sprintf("%s %d", d.Kind, i+1), Classname: s.Name, Time: seconds(0),
			Failure: &junitProblem{Message: text, Type: string(d.Kind), Text: text},
		}, 0)
	}
	for i := range all.Suites {
		s := &all.Suites[i]
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitSuite makes the empty testsuite of an area.
func (r *Run) junitSuite(area string) junitSuite {
	report := r.Report
	return junitSuite{
		Name:      xmlText("handfast." + report.Profile + "." + area),
		Time:      seconds(0),
		Timestamp: report.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"suite", xmlText(report.Suite)}, {"spec", xmlText(report.Spec)}, {"profile", xmlText(report.Profile)}, {"mode", known.Mode(report)},
			{"target", xmlText(report.Target)}, {"peer", xmlText(report.Peer)}, {"seed", fmt.Sprint(report.Seed)},
		},
	}
}

// junitCase makes the testcase of a result.
func (r *Run) junitCase(class string, c *conformance.Result) junitCase {
	one := junitCase{Name: xmlText(c.ID), Classname: class, Time: seconds(c.MS)}
	problem := &junitProblem{Message: xmlText(c.Detail), Type: c.Verdict.String(), Text: xmlText(c.Explain() + "  repro: " + r.again(c.ID) + "\n")}
	marked := r.Outcome.Mark(c.ID)
	switch {
	case c.Verdict == conformance.Pass:
	case c.Verdict == conformance.Unsupported:
		one.Skipped = &junitProblem{Message: xmlText(c.Detail)}
	case !r.bad(c):
		one.Skipped = &junitProblem{Message: xmlText(fmt.Sprintf("%s: %s (%s)", marked.Mark, marked.Entry.Reason, c.Detail))}
	case c.Verdict == conformance.Fail || c.Verdict == conformance.Weak || c.Verdict == conformance.Timeout:
		one.Failure = problem
	default:
		one.Error = problem
	}
	return one
}

// add files a testcase that took so many milliseconds.
func (s *junitSuite) add(c junitCase, ms float64) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.ms += ms
	s.Time = seconds(s.ms)
	s.Cases = append(s.Cases, c)
}

// seconds gives milliseconds as JUnit wants them.
func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }

// xmlText replaces what XML 1.0 has no way to say. Package encoding/xml escapes the rest.
func xmlText(text string) string {
	out := []rune(text)
	for i, r := range out {
		if r != '\t' && r != '\n' && (r < ' ' || r == 0xFFFE || r == 0xFFFF) {
			out[i] = '·'
		}
	}
	return string(out)
}
