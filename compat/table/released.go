package table

import (
	"context"
	"time"

	"handfast/compat"
	"handfast/compat/releases"
	"handfast/conformance"
)

// Released adds a report for each release of Handfast: what was built from its commit against today's.
func (t *Table) Released(ctx context.Context, c releases.Config, list []compat.Release) {
	for _, r := range list {
		started := time.Now()
		report := conformance.Report{Profile: r.Profile, Mode: "matrix", Target: "release " + r.Name}
		for _, f := range releases.Check(ctx, c, r) {
			one := conformance.Result{ID: "release/" + slug(f.Name), Title: f.Name, Req: req[KindHandfast], Profile: r.Profile, Verdict: conformance.Pass, Trace: []conformance.Entry{}}
			if f.Err != nil {
				one.Verdict, one.Expected, one.Actual = conformance.Fail, "what was released to hold", f.Err.Error()
				one.Detail = f.Err.Error()
				if f.Broken {
					one.Verdict = conformance.Inconclusive
				}
			}
			report.Cases = append(report.Cases, one)
		}
		t.Reports = append(t.Reports, conformance.Compose(report, started))
	}
}
