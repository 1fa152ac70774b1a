package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

// TestFastBetweenProcesses serves both protocols on one address, and calls it in each.
func TestFastBetweenProcesses(t *testing.T) {
	s := serve(t, "--fast", "--log", "off")
	for _, c := range []struct {
		name string
		args []string
		code int
		out  string // the start of stdout
		errs string // within stderr
	}{
		{"date", []string{"call", "--fast", s.addr, "date"}, exitOK, `{"timestamp":`, ""},
		{"echo", []string{"call", "--fast", s.addr, "echo", `["a ☃",{"b":1}]`}, exitOK, "{\"value\":\"a ☃\"}\n{\"value\":{\"b\":1}}\n", ""},
		{"echo, version 2", []string{"call", "--fast", s.addr, "echo", `[1]`, "--fast-dialect", "2", "--json"}, exitOK, "{\"reply\":{\"value\":1}}\n{\"end\":\"ok\"}\n", ""},
		{"yes", []string{"call", "--fast", s.addr, "yes", `[{"value":7,"count":3}]`}, exitOK, strings.Repeat("{\"value\":7}\n", 3), ""},
		{"fastbench", []string{"call", "--fast", s.addr, "fastbench", `[{"echo":[1,2]}]`}, exitOK, "{\"value\":1}\n{\"value\":2}\n", ""},
		{"sleep", []string{"call", "--fast", s.addr, "sleep", `[{"ms":1}]`}, exitOK, "", ""},
		{"sleep for too long", []string{"call", "--fast", s.addr, "sleep", `[{"ms":60000}]`, "--deadline", "50ms"}, exitDiffers, "", "timed out after"},
		{"fail", []string{"call", "--fast", s.addr, "fail", `[{"name":"MyError","message":"boom"}]`}, exitDiffers, "", `MyError: "boom"`},
		{"fail, JSON", []string{"call", "--fast", s.addr, "fail", `[{"name":"MyError","message":"boom"}]`, "--json"}, exitDiffers, `{"end":"error"`, ""},
		{"unknown method", []string{"call", "--fast", s.addr, "nothing"}, exitDiffers, "", "unsupported RPC method"},
		{"wrong checksum", []string{"call", "--fast", s.addr, "date", "--fast-dialect", "1new"}, exitDiffers, "", "request failed"},
		{"arguments that are no array", []string{"call", "--fast", s.addr, "echo", `{}`}, exitUsage, "", "JSON array"},
		{"a look that is too long", []string{"call", "--fast", s.addr, "date", "--fast-spin", "2ms"}, exitUsage, "", "--fast-spin"},
		{"no look", []string{"call", "--fast", s.addr, "date", "--fast-spin", "0"}, exitOK, `{"timestamp":`, ""},
		{"serve with a look that is too long", []string{"serve", "--fast", "--fast-spin", "-1us"}, exitUsage, "", "--fast-spin"},
		{"unknown dialect", []string{"call", "--fast", s.addr, "date", "--fast-dialect", "3"}, exitUsage, "", "none of"},
		{"nobody listens", []string{"call", "--fast", nobody(t), "date"}, exitMeasured, "", "is a peer listening"},
		{"Handfast on the same address", []string{"call", s.addr, "echo", "hello"}, exitOK, "hello\n", ""},
		{"bench", []string{"bench", "--fast", s.addr, "echo", "--dur", "100ms", "-c", "20"}, exitOK, "workload     echo, 20 at once over 2 connections", ""},
		{"bench of a number of requests", []string{"bench", "--fast", s.addr, "-n", "50", "--json"}, exitOK, `{"completed":50,`, ""},
		{"bench without --fast", []string{"bench", s.addr}, exitUsage, "", "--fast"},
		{"bench of an unknown workload", []string{"bench", "--fast", s.addr, "words"}, exitUsage, "", "no workload"},
		{"bench of nobody", []string{"bench", "--fast", nobody(t)}, exitMeasured, "", "is a peer listening"},
		{"serve on TLS", []string{"serve", "--fast", "--tls-cert", "/none", "--tls-key", "/none"}, exitUsage, "", ""},
		{"serve with an unknown checksum", []string{"serve", "--fast", "--fast-checksum", "none"}, exitUsage, "", "none of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := outcome(t, c.args...)
			require.Equal(t, c.code, code, "%s%s", out, errs)
			require.True(t, strings.HasPrefix(out, c.out), "%q", out)
			require.Contains(t, errs, c.errs)
		})
	}
}

// nobody gives an address on which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	return ln.Addr().String()
}

// TestFastChecksums serves version 1 with each checksum.
func TestFastChecksums(t *testing.T) {
	for _, c := range []struct {
		served, dialect string
		code            int
	}{
		{"either", "1", exitOK}, {"either", "1new", exitOK}, {"new", "1new", exitOK}, {"new", "1", exitDiffers}, {"version", "2", exitOK},
	} {
		s := serve(t, "--fast", "--log", "off", "--fast-checksum", c.served)
		code, _, errs := outcome(t, "call", "--fast", s.addr, "date", "--fast-dialect", c.dialect)
		require.Equal(t, c.code, code, "%s to %s: %s", c.dialect, c.served, errs)
	}
}

// TestCompat prints the matrix of today's own peers, in every form.
func TestCompat(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "compat.html")
	code, out, errs := outcome(t, "compat", "--no-npm", "--json", "-", "--html", page, "--repo", "../..")
	require.Equal(t, exitOK, code, "%s", errs)
	require.Contains(t, errs, "rows accept, columns dial")
	var reports []conformance.Report
	require.NoError(t, json.Unmarshal([]byte(out), &reports))
	require.Len(t, reports, 12)
	b, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(b), "needs-more")
	code, out, _ = outcome(t, "compat", "--no-npm")
	require.Equal(t, exitOK, code)
	require.Contains(t, out, "future")
}
