package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUsageOfEachCommand: what cannot be meant is refused with exit code 2 and says why, before anything is measured.
func TestUsageOfEachCommand(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		args string
		says string
	}{
		{"help bogus", "bogus"},
		{"help conform bogus", "bogus"},
		{"completion bogus", "bogus"},
		{"store bogus", "bogus"},
		{"status nohost", "HOST:PORT"},
		{"call nohost echo", "HOST:PORT"},
		{"call 127.0.0.1:99999 echo", "HOST:PORT"},
		{"get nohost default key", "HOST:PORT"},
		{"serve --listen nohost", "HOST:PORT"},
		{"serve --listen 127.0.0.1:0 --metrics nohost", "HOST:PORT"},
		{"call 127.0.0.1:1 echo x --deadline -1s", "--deadline"},
		{"status 127.0.0.1:1 --timeout -1s", "--timeout"},
		{"serve --max-links -1", "--max-links"},
		{"conform server 127.0.0.1:1 --timeout -1s", "--timeout"},
		{"conform server 127.0.0.1:1 --jobs -1", "--jobs"},
		{"conform --self --known " + dir + "/nowhere", "nowhere"},
		{"conform codec --self --known " + dir + "/nowhere", "nowhere"},
		{"fuzz --self --runs -1", "--runs"},
		{"fuzz --self --time -1s", "--time"},
		{"put 127.0.0.1:1 default key @" + dir, "is a folder"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			code, out, errs := outcome(t, strings.Fields(tc.args)...)
			require.Equal(t, exitUsage, code, errs)
			require.Empty(t, out)
			require.Contains(t, errs, tc.says)
		})
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

var errFull = errors.New("no room is left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// TestStdoutCannotBeWritten: no command ends well whose results nobody can have seen, nor is that called wrong use, or a call that has failed.
func TestStdoutCannotBeWritten(t *testing.T) {
	s := serve(t, "--data", t.TempDir(), "--fast", "--log", "off")
	folder := t.TempDir()
	for _, args := range []string{
		"--help", "--version", "completion bash", "conform init --lang c --dir " + folder,
		"call ADDR echo x", "call ADDR echo x --json", "call --fast ADDR echo [1]", "bench --fast ADDR -n 10", "bench --fast ADDR -n 10 --json",
		"put ADDR default k v", "get ADDR default k", "get ADDR default k --raw", "get ADDR default k --json", "del ADDR default k", "status ADDR", "status ADDR --json",
		"decode ../../testdata/captures/exchange.pcap", "decode --json ../../testdata/captures/exchange.pcap", "conform check ../../testdata/captures/exchange.pcap",
		"conform list", "conform list --json -", "conform explain FRAME-001", "conform next", "conform --self --run kit/echo-answers", "conform --self --run kit/echo-answers --json -",
		"conform codec --self --run frame/ping", "fuzz --self --runs 100", "fuzz --self --runs 100 --json -", "compat --no-npm", "sync ADDR --data " + folder,
	} {
		t.Run(args, func(t *testing.T) {
			var errs bytes.Buffer
			code := run(t.Context(), strings.Fields(strings.ReplaceAll(args, "ADDR", s.addr)), env{stdin: strings.NewReader(""), stdout: fullDisk{}, stderr: &errs})
			require.Equal(t, exitMeasured, code, errs.String())
			require.Contains(t, errs.String(), "cannot be written: "+errFull.Error())
			require.Equal(t, 1, strings.Count(errs.String(), errFull.Error()), "said once: %s", errs.String())
		})
	}
}
