package vectors

import (
	"errors"
	"fmt"
	"strings"

	"handfast/conformance"
	"handfast/conformance/driver"
)

// faulty makes the failure of a driver that did not answer as drivers do.
func (j *judge) faulty(err error, in *input) *conformance.Failure {
	return faultOf(j, err, fmt.Sprintf("an answer about %d bytes%s", len(in.b), inPieces(in)))
}

// faultOf turns an error of a driver into a failure.
func faultOf(j *judge, err error, want string) *conformance.Failure {
	f, ok := errors.AsType[*driver.Fault](err)
	if !ok {
		return j.fail(conformance.Inconclusive, want, "%v", err)
	}
	verdict := conformance.Fail
	switch f.Reason {
	case driver.Died, driver.Closed:
		verdict = conformance.Crash
	case driver.Hung:
		verdict = conformance.Timeout
	case driver.Broken, driver.NotStarted, driver.Killed:
		verdict = conformance.Inconclusive
	}
	return j.fail(verdict, want, "%v%s", err, lastWords(f))
}

// lastWords gives the end of a driver's stderr in one line.
func lastWords(f *driver.Fault) string {
	const most = 400
	text := strings.TrimSpace(f.Stderr)
	if text == "" {
		return ""
	}
	if len(text) > most {
		text = "..." + text[len(text)-most:]
	}
	return fmt.Sprintf("; its stderr ends with %+q", text)
}

// said gives an answer in words.
func said(a driver.Answer) string {
	text := a.Kind
	if a.Code != "" {
		text += " with " + quoted(a.Code)
	}
	if a.Scope != "" {
		text += " of the " + quoted(a.Scope)
	}
	return text
}

// quoted prints what a driver chose, as it is where that is harmless.
func quoted(text string) string {
	const most = 60
	for _, c := range text {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' || len(text) > most {
			return fmt.Sprintf("%+q", text[:min(len(text), most)])
		}
	}
	if text == "" {
		return `""`
	}
	return text
}

// inPieces says how an input was given.
func inPieces(in *input) string {
	switch len(in.cuts) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(", in two pieces that meet at offset %d", in.cuts[0])
	}
	return ", byte by byte"
}
