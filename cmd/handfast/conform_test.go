package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handfast/conformance"
)

// conform runs the command and returns exit code and outputs.
func conform(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"conform"}, args...), env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs})
	return code, out.String(), errs.String()
}

func TestConformJudgesTheReferencePeer(t *testing.T) {
	t.Parallel()
	junit := filepath.Join(t.TempDir(), "report.xml")
	code, stdout, stderr := conform(t, "--self", "--run", "frame/header-checksum-wrong,kit/echo-answers", "--json", "-", "--junit", junit, "--seed", "7")
	if code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	var report conformance.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("stdout is not the JSON report alone: %v", err)
	}
	if report.Summary.Cases != 2 || report.Summary.Pass != 2 || report.Seed != 7 {
		t.Errorf("summary %+v, seed %d; want 2 cases, 2 pass, seed 7", report.Summary, report.Seed)
	}
	if !strings.Contains(stderr, "2 pass") {
		t.Errorf("stderr lacks the summary: %q", stderr)
	}
	if xml, err := os.ReadFile(junit); err != nil || !bytes.Contains(xml, []byte(`name="kit/echo-answers"`)) {
		t.Errorf("JUnit file lacks the case: %v\n%s", err, xml)
	}
}

func TestConformExitCodes(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing to do", nil, exitUsage, "--self"},
		{"no port", []string{"server", "localhost"}, exitUsage, "no HOST:PORT"},
		{"a pattern that matches nothing", []string{"--self", "--run", "FRAME-01"}, exitUsage, "FRAME-001"},
		{"no such profile", []string{"--self", "--profile", "cor"}, exitUsage, "core"},
		{"no case in the profile", []string{"--self", "--profile", "codec"}, exitMeasured, "no case is left"},
		{"nothing listens", []string{"server", closed}, exitMeasured, "refused"},
		{"no folder for the report, before anything is tried", []string{"server", closed, "--html", "/nowhere/report.html"}, exitUsage, "/nowhere/report.html cannot be written"},
		{"a folder for the report", []string{"server", closed, "--json", "."}, exitUsage, ". cannot be written: is a directory"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			code, _, stderr := conform(t, tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.says) {
				t.Errorf("exit code %d, want %d; stderr lacks %q:\n%s", code, tc.code, tc.says, stderr)
			}
		})
	}
}

func TestConformListsCases(t *testing.T) {
	code, stdout, _ := conform(t, "list", "--run", "KIT-001")
	if code != exitOK || !strings.Contains(stdout, "kit/echo-answers ") {
		t.Errorf("exit code %d, stdout:\n%s", code, stdout)
	}
}
