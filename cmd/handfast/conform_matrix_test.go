package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

// impls writes a list of implementations in which {handfast} is this binary.
func impls(t *testing.T, list string) string {
	t.Helper()
	me, err := json.Marshal(os.Args[0])
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "impls.json")
	require.NoError(t, os.WriteFile(name, []byte(strings.ReplaceAll(list, `"{handfast}"`, string(me))), 0o600))
	return name
}

const bothTransports = `{"format": 1, "impls": [
	{"name": "go", "dialer": ["{handfast}", "driver"], "acceptor": ["{handfast}", "serve", "--listen", "127.0.0.1:0", "--ready"]},
	{"name": "go-tls", "acceptor": ["{handfast}", "serve", "--listen", "127.0.0.1:0", "--ready", "--tls-cert", "{cert}", "--tls-key", "{key}", "--tls-ca", "{ca}"]}]}`

func TestMatrixOfTheReferencePeer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	page := filepath.Join(dir, "matrix.html")
	code, out, errs := conform(t, "matrix", impls(t, bothTransports), "--json", "-", "--html", page)
	require.Equal(t, exitOK, code, errs)
	var reports []conformance.Report
	require.NoError(t, json.Unmarshal([]byte(out), &reports))
	require.Len(t, reports, 2)
	for i, want := range []string{"go to go", "go to go-tls"} {
		assert.Equal(t, want, reports[i].Target)
		assert.Equal(t, "matrix", reports[i].Mode)
		assert.GreaterOrEqual(t, reports[i].Summary.Pass, 19)
		assert.Equal(t, reports[i].Summary.Cases, reports[i].Summary.Pass)
	}
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(html), "go to go-tls")
}

// TestMatrixSeesAnotherAnswer: an acceptor that is none of ours fails, and the exit code says so.
func TestMatrixSeesAnotherAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, "--max-links", "0")
	code, out, errs := conform(t, "matrix", impls(t, `{"format": 1, "impls": [
		{"name": "go", "dialer": ["{handfast}", "driver"]}, {"name": "full", "addr": "`+s.addr+`"}]}`), "--run", "tcp/echo-small")
	assert.Equal(t, exitDiffers, code, errs)
	assert.Contains(t, out, "expected: a link that opens")
}

func TestMatrixOfDriversThatAreNone(t *testing.T) {
	t.Parallel()
	for name, program := range map[string]string{"silent": "sleep 60", "gone": "exit 3", "chatty": "echo hello; cat", "missing": "exit 127"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			list := `{"format": 1, "impls": [{"name": "odd", "dialer": ["sh", "-c", "` + program + `"]}, {"name": "go", "addr": "` + s.addr + `"}]}`
			code, out, errs := conform(t, "matrix", impls(t, list), "--run", "tcp/echo-small", "--timeout", "500ms")
			assert.Equal(t, exitDiffers, code, errs)
			assert.Contains(t, out, "a driver that answers")
		})
	}
}

func TestMatrixUsage(t *testing.T) {
	for name, list := range map[string]string{
		"no JSON":           `impls`,
		"an unknown member": `{"format": 1, "impls": [{"name": "a", "diler": ["x"]}]}`,
		"another format":    `{"format": 2, "impls": []}`,
		"no pair":           `{"format": 1, "impls": [{"name": "a", "dialer": ["x"]}]}`,
		"a name twice":      `{"format": 1, "impls": [{"name": "a", "dialer": ["x"]}, {"name": "a", "addr": "127.0.0.1:1"}]}`,
		"a bad name":        `{"format": 1, "impls": [{"name": "A b", "dialer": ["x"]}]}`,
		"nothing to do":     `{"format": 1, "impls": [{"name": "a"}]}`,
		"two acceptors":     `{"format": 1, "impls": [{"name": "a", "dialer": ["x"], "acceptor": ["x"], "addr": "127.0.0.1:1"}]}`,
		"no address":        `{"format": 1, "impls": [{"name": "a", "dialer": ["x"], "addr": "here"}]}`,
		"something behind":  `{"format": 1, "impls": [{"name": "a", "dialer": ["x"], "addr": "127.0.0.1:1"}]} {}`,
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := conform(t, "matrix", impls(t, list))
			assert.Equal(t, exitUsage, code, errs)
			assert.Contains(t, errs, "matrix: ")
		})
	}
	code, _, errs := conform(t, "matrix", impls(t, bothTransports), "--run", "tcp/eco-small")
	assert.Equal(t, exitUsage, code, errs)
	assert.Contains(t, errs, "tcp/echo-small", "the nearest name")
}
