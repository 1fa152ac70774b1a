package conformance

import "time"

// NewReport makes the report of a run whose cases another package has judged. Of config it takes what a run can be repeated with; mode is server,
// client or codec, and target what was judged.
func NewReport(config Config, mode, target string, started time.Time, results []Result) *Report {
	r := newReport(config, started, results)
	r.Mode, r.Target = mode, target
	return r
}
