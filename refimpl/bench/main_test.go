package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary be its own child, as the command is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "--child" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestRunWritesTheReport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.json")
	if err := os.WriteFile(file, bytes.Repeat([]byte("old"), 10000), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{
		"--json", file, "--rounds", "2", "--dur", "20ms", "--warm", "10ms", "--run", "^(oneway/h2framer/64|idle/raw)/",
	}, &stdout, &stderr)
	if code != exitOK {
		t.Fatalf("exit code %d, stderr %q", code, &stderr)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rep struct {
		Format, Rounds int
		Host, Go       string
		Rows           []map[string]any
	}
	if err := json.Unmarshal(b, &rep); err != nil {
		t.Fatal(err)
	}
	if rep.Format != 1 || rep.Rounds != 2 || rep.Host == "" || rep.Go == "" || len(rep.Rows) != 3 {
		t.Fatalf("report is %s", b)
	}
	for _, row := range rep.Rows {
		for _, key := range []string{"workload", "size", "concurrency", "impl", "rate", "unit", "p50_us", "p99_us", "ratio_raw"} {
			if _, ok := row[key]; !ok {
				t.Errorf("row %v has no key %q", row, key)
			}
		}
	}
	if got := rep.Rows[0]; got["impl"] != "raw" || got["ratio_raw"] != 1.0 {
		t.Errorf("first row is %v, want raw with ratio 1", got)
	}
	if got := rep.Rows[2]; got["rate"] != nil || got["bytes_per"] == nil || got["goroutines_per"] != 2.0 {
		t.Errorf("idle row is %v, want two goroutines, bytes and no rate", got)
	}
	if s := stdout.String(); !strings.Contains(s, "### oneway") || !strings.Contains(s, "### idle") {
		t.Errorf("stdout is %q, want a table for each workload", s)
	}
	if strings.Contains(stderr.String(), "\r") {
		t.Errorf("progress was shown to what is no terminal: %q", &stderr)
	}
}

func TestExitCodes(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want int
	}{
		{"help", []string{"--help"}, exitOK},
		{"unknown flag", []string{"--frobnicate"}, exitUsage},
		{"argument", []string{"raw"}, exitUsage},
		{"no rounds", []string{"--rounds", "0"}, exitUsage},
		{"no time", []string{"--dur", "0s"}, exitUsage},
		{"not a regexp", []string{"--run", "("}, exitUsage},
		{"file cannot be made", []string{"--json", filepath.Join(t.TempDir(), "no", "such")}, exitUsage},
		{"nothing matches", []string{"--run", "^nothing$"}, exitUnmeasured},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(t.Context(), tc.args, &stdout, &stderr); got != tc.want {
				t.Errorf("exit code %d, want %d; stderr %q", got, tc.want, &stderr)
			}
		})
	}
}
