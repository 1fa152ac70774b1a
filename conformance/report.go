package conformance

import (
	_ "embed"
	"encoding/json"
	"io"
	"time"
)

// Suite is the suite's own version, which reports carry: the same peer may do worse under a later suite that looks at more.
const Suite = "0.1.0"

// Report is a whole run. Its JSON form is canonical, and described by report.schema.json; every other form is made from it.
type Report struct {
	Format  int      `json:"format"` // 1
	Suite   string   `json:"suite"`
	Spec    string   `json:"spec"` // wire version
	Profile string   `json:"profile"`
	Mode    string   `json:"mode,omitempty"` // how the peer was attached: server, client or codec; "" is server
	Summary Summary  `json:"summary"`
	Cases   []Result `json:"cases"`

	Target  string     `json:"target"`
	Peer    string     `json:"peer,omitempty"` // what the peer calls itself; its own words, so escape them
	Started time.Time  `json:"started"`
	MS      float64    `json:"ms"`
	Seed    uint64     `json:"seed,string"` // a string, because half of all JSON readers round it
	Options RunOptions `json:"options"`
}

// RunOptions are what a run can be repeated with.
type RunOptions struct {
	Run       []string `json:"run"`
	Skip      []string `json:"skip"`
	TimeoutMS int64    `json:"timeout_ms"`
	Jobs      int      `json:"jobs"`
	Command   string   `json:"command,omitempty"` // that started the run, without the choice of cases: the beginning of each repro line
	After     string   `json:"after,omitempty"`   // what comes behind the choice of cases: the command of a driver
}

func newReport(config Config, started time.Time, results []Result) *Report {
	return &Report{
		Format: 1, Suite: Suite, Spec: "1", Profile: config.Profile, Mode: modeOf(config.Target),
		Summary: summarise(results),
		Cases:   results,
		Target:  config.Target.String(),
		Started: started.UTC(),
		MS:      float64(time.Since(started).Microseconds()) / 1000,
		Seed:    config.Seed,
		Options: RunOptions{
			Run:       append([]string{}, config.Run...),
			Skip:      append([]string{}, config.Skip...),
			TimeoutMS: config.Timeout.Milliseconds(),
			Jobs:      config.Jobs,
		},
	}
}

// modeOf tells how a target is attached.
func modeOf(t Target) string {
	if t.Driver != nil {
		return "client"
	}
	return ""
}

//go:embed report.schema.json
var reportSchema []byte

// ReportSchema returns the JSON Schema of the canonical report.
func ReportSchema() []byte { return append([]byte(nil), reportSchema...) }

// WriteJSON writes the canonical form.
func (r *Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}

// Exit codes of the command.
const (
	ExitExpected   = 0 // everything is as it should be
	ExitDiffers    = 1 // a verdict is not
	ExitUsage      = 2 // the command was called wrongly
	ExitUnmeasured = 3 // nothing could be measured: no peer, no case, or the suite is at fault
)

// ExitCode turns the verdicts into an exit code. It is never a count, which wraps at 256.
func (r *Report) ExitCode() int {
	s := r.Summary
	switch {
	case s.Weak+s.Fail+s.Crash+s.Timeout > 0:
		return ExitDiffers
	case s.Inconclusive > 0 || s.Pass == 0:
		return ExitUnmeasured
	}
	return ExitExpected
}
