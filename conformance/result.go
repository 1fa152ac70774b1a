package conformance

import (
	"time"
)

// Result is what one case found. Its first fields are those of the report's format 1; later versions add and never change.
type Result struct {
	ID      string   `json:"id"`
	Req     []string `json:"req"`
	Verdict Verdict  `json:"verdict"`
	MS      float64  `json:"ms"`
	Detail  string   `json:"detail"` // one line; "" for a pass
	Trace   []Entry  `json:"trace"`

	Title    string   `json:"title"`
	Profile  string   `json:"profile"`
	Level    int      `json:"level"`
	Phase    Phase    `json:"phase,omitempty"`    // of a rejecting case
	Cites    []string `json:"cites,omitempty"`    // the requirements that were found broken
	Expected string   `json:"expected,omitempty"` // what the failed step wanted
	Actual   string   `json:"actual,omitempty"`   // what came
	Dropped  int      `json:"trace_dropped,omitempty"`
	Rejects  bool     `json:"rejects"` // the case has a twin
	Tags     []string `json:"tags,omitempty"`

	failure *Failure
	skipped bool // the peer had died before
	suspect bool // the peer died while the case was under way, perhaps among others
}

// resultOf makes the result of a case that has ended.
func resultOf(c *Case, t *T, took time.Duration, traced bool) Result {
	r := Result{
		ID: c.ID, Title: c.Title, Req: c.Req, Profile: c.profile(), Level: c.Level,
		Verdict: Pass,
		MS:      float64(took.Microseconds()) / 1000,
		Trace:   []Entry{},
		Rejects: c.Reject != nil,
		Tags:    c.Tags,
	}
	var keys []*Entry
	if f := t.failure; f != nil {
		r.failure, keys = f, []*Entry{f.Sent, f.Received}
		r.Verdict, r.Phase, r.Cites, r.Expected, r.Actual, r.Detail = f.Verdict, f.Phase, f.Req, f.Expected, f.Actual, f.Error()
	}
	if traced || (r.Verdict != Pass && r.Verdict != Unsupported) {
		r.Trace, r.Dropped = t.trace.snapshot(keys...)
	}
	return r
}
