package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// table is the Markdown table of one workload.
type table struct {
	workload string
	title    string
	columns  []column
}

// column is a figure under a heading.
type column struct{ heading, figure string }

func tables() []table {
	ratio := column{"x raw", figRatio}
	grpc := column{"x grpc", figRatioGRPC}
	cpu, cpuRatio := column{"CPU ns/msg", figCPU}, column{"CPU x raw", figRatioCPU}
	writes, allocs := column{"writes/msg", figWrites}, column{"allocs/msg", figAllocs}
	goroutines := column{"goroutines", figGoroutines}
	return []table{
		{oneway, "one stream, one way", []column{
			{"msg/s", figRate}, {"MB/s", figMB}, ratio, cpu, cpuRatio, writes, allocs}},
		{acked, "numbered messages, counted when acknowledged; conc are outstanding", []column{
			{"msg/s", figRate}, {"MB/s", figMB}, ratio, grpc, {"x nats", figRatioNATS}, {"p50 us", figP50}, {"p50 x raw", figRatioP50},
			{"p99 us", figP99}, cpu, cpuRatio, writes, allocs}},
		{durable, "numbered messages, counted when they are in a file; raw is the file alone", []column{
			{"msg/s", figRate}, {"MB/s", figMB}, ratio, {"commits/s", figCommits}, {"p50 us", figP50}, cpu, allocs}},
		{soak, "many numbered messages; conc is how many", []column{{"msg/s", figRate}, {"growth B", figBytes}}},
		{resume, "time to the first of many that waited in memory", []column{{"ms", figFirst}}},
		{resumeFile, "time to the first of many that waited in a file, its opening included", []column{{"ms", figFirst}}},
		{streams, "many streams on one link, one way, against ONE raw stream", []column{
			{"msg/s", figRate}, {"MB/s", figMB}, ratio, grpc, {"slowest/fastest", figFairness}, cpu, writes, allocs}},
		{call, "unary echo calls on one link", []column{
			{"call/s", figRate}, ratio, grpc, {"p50 us", figP50}, {"p99 us", figP99}, {"p99.9 us", figP999},
			{"p50 x raw", figRatioP50}, {"CPU ns/call", figCPU}, {"writes/call", figWrites}, {"allocs/call", figAllocs}}},
		{idle, "idle links, both ends together", []column{{"B/link", figBytes}, goroutines}},
		{idleStreams, "idle streams on one link, both ends together", []column{{"B/stream", figBytes}, goroutines}},
	}
}

// write prints the rows of the table's workload, or nothing if there are none.
func (t table) write(w io.Writer, rows []row) error {
	var b strings.Builder
	for _, r := range rows {
		if r.Workload != t.workload {
			continue
		}
		if b.Len() == 0 {
			t.head(&b)
		}
		fmt.Fprintf(&b, "| %d | %d | %s |", r.Size, r.Concurrency, r.Impl)
		for _, c := range t.columns {
			fmt.Fprintf(&b, " %s |", cell(r.summary.figures, c.figure))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t table) head(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s: %s\n\n| size | conc | impl |", t.workload, t.title)
	for _, c := range t.columns {
		fmt.Fprintf(b, " %s |", c.heading)
	}
	b.WriteString("\n|---:|---:|---|" + strings.Repeat("---:|", len(t.columns)) + "\n")
}

func cell(f figures, name string) string {
	v, ok := f[name]
	if !ok {
		return "-"
	}
	return short(v)
}

// short prints three digits or so: more would claim a precision that no machine here has.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a >= 9.995e5:
		return fmt.Sprintf("%.3gM", v/1e6)
	case a >= 9999.5:
		return fmt.Sprintf("%.0fk", v/1e3)
	case a >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case a >= 9.995:
		return fmt.Sprintf("%.1f", v)
	case a >= 0.0995:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.4f", v)
	}
}
