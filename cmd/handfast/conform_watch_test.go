package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

func TestCheckCapture(t *testing.T) {
	captures := filepath.Join("..", "..", "testdata", "captures")
	code, out, errs := conform(t, "check", filepath.Join(captures, "exchange.pcap"), filepath.Join(captures, "refuse.pcap"))
	require.Equal(t, exitOK, code, out+errs)
	assert.Contains(t, errs, "2 links")

	code, out, errs = conform(t, "check", filepath.Join(captures, "fault-trailer.pcap"), "--json", "-")
	require.Equal(t, exitDiffers, code, errs)
	report, err := conformance.ReadReport(strings.NewReader(out))
	require.NoError(t, err)
	assert.Equal(t, "check", report.Mode)
	assert.Equal(t, 1, report.Summary.Fail)
	assert.Contains(t, errs, "[FRAME-002]")
}

// TestCheckReport: the trace of a run is a capture too, and the suite's own faults are found in it.
func TestCheckReport(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report.json")
	code, _, errs := conform(t, "--self", "--run", "frame/type-zero", "--trace", "--json", name)
	require.Equal(t, exitOK, code, errs)
	code, out, errs := conform(t, "check", name)
	require.Equal(t, exitDiffers, code, errs)
	assert.Contains(t, out, "FAIL  dialer/frame-004")
}

func TestCheckUsage(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk")
	require.NoError(t, os.WriteFile(junk, []byte("this is no capture"), 0o600))
	empty := filepath.Join(t.TempDir(), "empty.json")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, name := range []string{junk, empty, filepath.Join(t.TempDir(), "nothing-here")} {
		code, _, errs := conform(t, "check", name)
		assert.Equal(t, exitUsage, code, errs)
	}
	code, _, errs := conform(t, "check", filepath.Join("..", "..", "testdata", "captures", "fault-trailer.pcap"), "--run", "dialer/frame-02")
	assert.Equal(t, exitUsage, code, errs)
	assert.Contains(t, errs, "dialer/frame-002", "the nearest name")
}

// TestProxyBetweenProcesses: a dialer and an acceptor of two processes, and the proxy in a third.
func TestProxyBetweenProcesses(t *testing.T) {
	s := serve(t)
	name := filepath.Join(t.TempDir(), "report.json")
	proxy := handfast(t, "conform", "proxy", "--listen", "127.0.0.1:0", "--to", s.addr, "--links", "1", "--json", name)
	said, err := proxy.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, proxy.Start())
	lines := bufio.NewReader(said)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	addr, _, ok := strings.Cut(strings.TrimPrefix(line, "handfast: listening on "), ",")
	require.True(t, ok, line)
	code, out, errs := outcome(t, "call", addr, "stream", `{"n": 3, "size": 2}`)
	require.Equal(t, exitOK, code, errs)
	require.NotEmpty(t, out)
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.NoError(t, proxy.Wait(), string(rest))
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	var report conformance.Report
	require.NoError(t, json.Unmarshal(b, &report))
	assert.Equal(t, "proxy", report.Mode)
	assert.Zero(t, report.Summary.Fail)
	assert.Greater(t, report.Summary.Pass, 100)
}

func TestProxyUsage(t *testing.T) {
	for _, args := range [][]string{
		{"proxy"}, {"proxy", "--listen", "127.0.0.1:0"}, {"proxy", "--listen", "here", "--to", "127.0.0.1:1"},
		{"proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1", "--links", "-1"},
	} {
		code, _, errs := conform(t, args...)
		assert.Equal(t, exitUsage, code, errs)
	}
	taken := serve(t)
	code, _, errs := conform(t, "proxy", "--listen", taken.addr, "--to", taken.addr)
	assert.Equal(t, exitMeasured, code, errs)
}
