package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
)

// reportFormat is the number of the JSON report's form. It grows when a reader of the old form would misread the new.
const reportFormat = 1

// report is the JSON report.
type report struct {
	Format int       `json:"format"`
	Host   string    `json:"host"` // system, architecture, processors; no name of a machine
	Go     string    `json:"go"`
	Rounds int       `json:"rounds"`
	Rows   []row     `json:"rows"`
	Failed []failure `json:"failed,omitempty"`
}

// row is one point. The first nine keys are always there, null where the workload has no such figure.
type row struct {
	Workload    string   `json:"workload"`
	Size        int      `json:"size"`
	Concurrency int      `json:"concurrency"`
	Impl        string   `json:"impl"`
	Rate        *float64 `json:"rate"`
	Unit        string   `json:"unit"` // of rate; in the idle workloads, of bytes_per
	P50         *float64 `json:"p50_us"`
	P99         *float64 `json:"p99_us"`
	RatioRaw    *float64 `json:"ratio_raw"`

	P999        *float64 `json:"p999_us,omitempty"`
	MB          *float64 `json:"mb_s,omitempty"`
	RatioGRPC   *float64 `json:"ratio_grpc,omitempty"`
	RatioNATS   *float64 `json:"ratio_nats,omitempty"`
	CPU         *float64 `json:"cpu_ns_per_msg,omitempty"`
	CPURatioRaw *float64 `json:"cpu_ratio_raw,omitempty"`
	P50RatioRaw *float64 `json:"p50_ratio_raw,omitempty"`
	Writes      *float64 `json:"writes_per_msg,omitempty"`
	Allocs      *float64 `json:"allocs_per_msg,omitempty"`
	Bytes       *float64 `json:"bytes_per,omitempty"`
	Goroutines  *float64 `json:"goroutines_per,omitempty"`
	Fairness    *float64 `json:"fairness,omitempty"`
	Commits     *float64 `json:"commits_per_s,omitempty"`
	First       *float64 `json:"first_ms,omitempty"`
	Others      *float64 `json:"others_pct,omitempty"`
	Runs        int      `json:"runs"`

	summary summary // what the tables and the floors read
}

// failure is one run that found nothing.
type failure struct {
	Point string `json:"point"`
	Round int    `json:"round"` // from 1
	Error string `json:"error"`
}

func newReport(rounds int, groups []group, results []result) report {
	rep := report{
		Format: reportFormat,
		Host:   fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()),
		Go:     runtime.Version(),
		Rounds: rounds,
		Rows:   []row{},
	}
	for _, s := range summarize(groups, results) {
		rep.Rows = append(rep.Rows, newRow(s))
	}
	for _, r := range results {
		if r.err != nil {
			rep.Failed = append(rep.Failed, failure{Point: r.point.String(), Round: r.round + 1, Error: r.err.Error()})
		}
	}
	return rep
}

func newRow(s summary) row {
	get := func(name string) *float64 {
		if v, ok := s.figures[name]; ok {
			return &v
		}
		return nil
	}
	return row{
		Workload: s.Workload, Size: s.Size, Concurrency: s.Concurrency, Impl: s.Impl, Unit: s.unit, Runs: s.runs,
		Rate: get(figRate), P50: get(figP50), P99: get(figP99), P999: get(figP999), MB: get(figMB),
		RatioRaw: get(figRatio), RatioGRPC: get(figRatioGRPC), RatioNATS: get(figRatioNATS), CPURatioRaw: get(figRatioCPU), P50RatioRaw: get(figRatioP50),
		CPU: get(figCPU), Writes: get(figWrites), Allocs: get(figAllocs), Bytes: get(figBytes),
		Commits: get(figCommits), First: get(figFirst), Goroutines: get(figGoroutines), Fairness: get(figFairness), Others: get(figOthers),
		summary: s,
	}
}

// reportFile is where the JSON goes. It is opened before anything is measured, so that a wrong path costs no minutes,
// and keeps what it has until there is something to replace it with.
type reportFile struct{ f *os.File }

// openReport opens path, which may be empty for no report.
func openReport(path string) (reportFile, error) {
	if path == "" {
		return reportFile{}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	return reportFile{f}, err
}

func (r reportFile) Close() error {
	if r.f == nil {
		return nil
	}
	return r.f.Close()
}

// writeJSON replaces the file's contents.
func (rep report) writeJSON(r reportFile) error {
	if r.f == nil {
		return nil
	}
	b, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	// Not every file can be cut short: a pipe or /dev/stdout has nothing to be replaced.
	if st, err := r.f.Stat(); err == nil && st.Mode().IsRegular() {
		if err := r.f.Truncate(0); err != nil {
			return err
		}
	}
	_, err = r.f.Write(append(b, '\n'))
	return err
}

// writeMarkdown prints a table for each workload.
func (rep report) writeMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "Handfast's bench: %s, %s, %d rounds. Ratios are medians of each round's; others are medians.\n",
		rep.Host, rep.Go, rep.Rounds)
	for _, t := range tables() {
		if err := t.write(w, rep.Rows); err != nil {
			return err
		}
	}
	var others []float64
	for _, r := range rep.Rows {
		if r.Others != nil {
			others = append(others, *r.Others)
		}
	}
	if len(others) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nMeanwhile other processes used %.0f %% of the machine (median of the points).\n", median(others))
	return err
}
