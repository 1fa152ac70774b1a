package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The elements of JUnit's XML that CI servers read. A verdict about the peer is a failure; what was not measured (crash, timeout,
// inconclusive) is an error, so that it is never green and never counted as a finding; only unsupported is skipped.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
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

// WriteJUnit writes the report for CI servers, one testsuite for each area.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "handfast conform", Time: seconds(r.MS)}
	byArea := make(map[string]int)
	for i := range r.Cases {
		c := &r.Cases[i]
		area, _, _ := strings.Cut(c.ID, "/")
		at, ok := byArea[area]
		if !ok {
			at = len(all.Suites)
			byArea[area] = at
			all.Suites = append(all.Suites, r.junitSuite(area))
		}
		all.Suites[at].add(r, c)
	}
	for i := range all.Suites {
		s := &all.Suites[i]
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
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
func (r *Report) junitSuite(area string) junitSuite {
	return junitSuite{
		Name:      "handfast." + r.Profile + "." + area,
		Timestamp: r.Started.Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"suite", r.Suite}, {"spec", r.Spec}, {"profile", r.Profile}, {"target", r.Target}, {"seed", fmt.Sprint(r.Seed)},
		},
	}
}

// add files a case.
func (s *junitSuite) add(r *Report, c *Result) {
	one := junitCase{Name: c.ID, Classname: s.Name, Time: seconds(c.MS)}
	problem := &junitProblem{Message: printable(c.Detail), Type: c.Verdict.String(), Text: printable(r.explain(c))}
	s.Tests++
	switch c.Verdict {
	case Pass:
	case Unsupported:
		s.Skipped++
		one.Skipped = &junitProblem{Message: printable(c.Detail)}
	case Weak, Fail:
		s.Failures++
		one.Failure = problem
	default:
		s.Errors++
		one.Error = problem
	}
	s.ms += c.MS
	s.Time = seconds(s.ms)
	s.Cases = append(s.Cases, one)
}

// seconds gives milliseconds as JUnit wants them.
func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }

// printable drops what XML 1.0 has no way to say. Text of the peer was escaped before, so that nothing of it is lost.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r >= ' ' && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return -1
	}, text)
}
