package conformance

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"

	"handfast/codec/explain"
)

// MaxReport is the size of the largest report that is read, bytes. One with the traces of all cases has some tens of megabytes.
const MaxReport = 256 << 20

// ReportError says why something is no report that this suite can use.
type ReportError struct {
	Where  string // path of the member, "" for the whole
	Reason string
	Err    error // of the reader or of the JSON, or nil
}

// Error gives place and reason.
func (e *ReportError) Error() string {
	text := "report: "
	if e.Where != "" {
		text += e.Where + ": "
	}
	text += e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the error of the reader or of the JSON.
func (e *ReportError) Unwrap() error { return e.Err }

// ReadReport reads the canonical form, strictly: what it does not know or what contradicts itself is an error, because every other form,
// a badge among them, is made from what it returns. Reports of later suites may have members that this one does not know; they
// are refused as well. The error is a *ReportError.
func ReadReport(r io.Reader) (*Report, error) {
	limited := &io.LimitedReader{R: r, N: MaxReport + 1}
	d := json.NewDecoder(limited)
	d.DisallowUnknownFields()
	report := new(Report)
	if err := d.Decode(report); err != nil {
		return nil, notRead(limited, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &ReportError{Reason: "something stands behind it"}
	}
	if err := report.check(); err != nil {
		return nil, err
	}
	return report, nil
}

// notRead makes the error of JSON that is none, or another.
func notRead(limited *io.LimitedReader, err error) error {
	if limited.N <= 0 {
		return &ReportError{Reason: fmt.Sprintf("more than %d bytes", MaxReport)}
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &ReportError{Where: fmt.Sprintf("byte %d", syntax.Offset), Reason: "no JSON", Err: err}
	}
	return &ReportError{Reason: "not of format 1 as suite " + Suite + " writes it", Err: err}
}

// The forms of ids. The first part of a case's is its area.
var (
	caseID        = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+(-[a-z0-9]+)*$`)
	requirementID = regexp.MustCompile(`^[A-Z]+-[0-9]{3}$`)
)

// check looks for contradictions.
func (r *Report) check() error {
	bad := func(where, format string, args ...any) error {
		return &ReportError{Where: where, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case r.Format != 1:
		return bad("format", "%d, and this suite reads format 1", r.Format)
	case r.Suite == "" || r.Spec == "" || r.Profile == "":
		return bad("", "no suite, spec or profile")
	case r.Mode != "" && !slices.Contains(Modes(), r.Mode):
		return bad("mode", "no mode %q", r.Mode)
	case !length(r.MS):
		return bad("ms", "%v is no length of time", r.MS)
	}
	seen := make(map[string]bool, len(r.Cases))
	for i := range r.Cases {
		c := &r.Cases[i]
		if !caseID.MatchString(c.ID) {
			return bad(fmt.Sprintf("cases[%d]", i), "%q is no id of a case", c.ID)
		}
		if seen[c.ID] {
			return bad(c.ID, "is there twice")
		}
		seen[c.ID] = true
		if err := c.check(); err != nil {
			return err
		}
	}
	if counted := summarise(r.Cases); counted != r.Summary {
		return bad("summary", "says %+v, and the cases are %+v", r.Summary, counted)
	}
	return nil
}

// check looks for contradictions in one case.
func (r *Result) check() error {
	bad := func(format string, args ...any) error {
		return &ReportError{Where: r.ID, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(r.Req) == 0:
		return bad("no requirement")
	case !length(r.MS):
		return bad("%v is no length of time", r.MS)
	case !slices.Contains([]Phase{PhaseScript, PhaseTwin, PhaseFault, PhaseProbe}, r.Phase):
		return bad("no phase %q", r.Phase)
	case r.Dropped < 0:
		return bad("%d dropped entries", r.Dropped)
	}
	for _, id := range slices.Concat(r.Req, r.Cites) {
		if !requirementID.MatchString(id) {
			return bad("%q is no id of a requirement", id)
		}
	}
	for i := range r.Trace {
		e := &r.Trace[i]
		raw, err := hex.DecodeString(e.Hex)
		switch {
		case err != nil:
			return &ReportError{Where: fmt.Sprintf("%s: trace[%d].hex", r.ID, i), Reason: "no bytes", Err: err}
		case len(raw) > maxEntryBytes || len(raw) > e.Bytes:
			return bad("trace[%d] shows %d bytes of %d; at most %d are kept", i, len(raw), e.Bytes, maxEntryBytes)
		case e.FaultAt != nil && (*e.FaultAt < 0 || *e.FaultAt >= len(raw)):
			return bad("trace[%d].fault_at is %d, and there are %d bytes", i, *e.FaultAt, len(raw))
		case !slices.Contains([]string{"", explain.Msgpack.String(), explain.Call.String()}, e.Form):
			return bad("trace[%d] has no form %q", i, e.Form)
		case e.Link < 1 || e.Dir != Out && e.Dir != In:
			return bad("trace[%d] has link %d and direction %q", i, e.Link, e.Dir)
		}
	}
	return nil
}

// Modes lists the ways in which a peer is attached.
func Modes() []string { return []string{"server", "client", "codec", "matrix", "proxy", "check"} }

// length reports whether a number is one of a time.
func length(ms float64) bool { return ms >= 0 && !math.IsInf(ms, 0) }
