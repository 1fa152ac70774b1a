package publish

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/conformance"
	"handfast/conformance/known"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata/golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "go test -update writes %s anew, for people to compare", path)
}

// entry makes one entry of a trace.
func entry(link int, at int64, dir conformance.Dir, what string, b []byte) conformance.Entry {
	return conformance.Entry{Link: link, AtUS: at, Dir: dir, What: what, Bytes: len(b), Hex: hex.EncodeToString(b[:min(len(b), 640)])}
}

// sample is a report with every verdict, as it is after it was written to a file and read back.
func sample(t *testing.T) *conformance.Report {
	t.Helper()
	ping := conformance.Message(codec.Ping{Echo: 0x419E6D63C1EC2CCF, T1: 1795361100000000000})
	bad := entry(2, 2648, conformance.Out, "PING echo 419E6D63C1EC2CCF", ping.Flip("wrong", 12, 1).Bytes())
	at := 12
	bad.Fault, bad.FaultAt, bad.Key = "a header whose checksum is wrong", &at, true
	answer := entry(2, 2687, conformance.In, "CLOSE(PAYLOAD_CRC)", conformance.Message(codec.Close{Code: codec.CodePayloadCRC}).Bytes())
	answer.Key = true
	trace := []conformance.Entry{
		entry(1, 1751, conformance.Out, "PING echo 419E6D63C1EC2CCF", ping.Bytes()), bad, answer,
		entry(2, 3000, conformance.In, "end of the transport", nil),
	}
	cases := []conformance.Result{
		{ID: "opening/hello-is-answered", Req: []string{"HELLO-002"}, Title: "a HELLO is answered", Verdict: conformance.Pass, MS: 1.25, Level: 1},
		{
			ID: "frame/header-checksum-wrong", Req: []string{"FRAME-001", "ERR-001"}, Title: "a header whose checksum is wrong ends the link with HEADER_CRC",
			Verdict: conformance.Fail, MS: 2.5, Level: 4, Rejects: true, Phase: conformance.PhaseFault, Cites: []string{"FRAME-001"},
			Expected: "CLOSE(HEADER_CRC)", Actual: "CLOSE(PAYLOAD_CRC)", Detail: "fault: expected CLOSE(HEADER_CRC); got CLOSE(PAYLOAD_CRC) [FRAME-001]",
			Trace: trace, Dropped: 3,
		},
		{
			ID: "frame/header-checksum-zero", Req: []string{"FRAME-001"}, Title: "a header whose checksum is zero ends the link with HEADER_CRC",
			Verdict: conformance.Weak, MS: 2.5, Phase: conformance.PhaseFault, Cites: []string{"FRAME-001"},
			Expected: "CLOSE(HEADER_CRC)", Actual: "end of the transport", Detail: "fault: expected CLOSE(HEADER_CRC); got end of the transport [FRAME-001]",
		},
		{
			ID: "heartbeat/ping-is-answered", Req: []string{"BEAT-001"}, Title: "a PING is answered", Verdict: conformance.Timeout, MS: 5000.5, Cites: []string{"BEAT-001"},
			Expected: "PONG within 5s", Actual: "nothing", Detail: "expected PONG within 5s; got nothing [BEAT-001]",
		},
		{
			ID: "heartbeat/pings-flood", Req: []string{"BEAT-001"}, Title: "many PINGs are survived", Verdict: conformance.Crash, MS: 10, Cites: []string{"BEAT-001"},
			Expected: "PONG", Actual: "end of the transport; and the peer listens no more", Detail: "expected PONG; got end of the transport [BEAT-001]",
		},
		{
			ID: "kit/echo-answers", Req: []string{"KIT-001"}, Title: "echo answers", Verdict: conformance.Inconclusive,
			Expected: "a suite without faults", Actual: "panic: oops", Detail: "expected a suite without faults; got panic: oops",
		},
		{
			ID: "tls/needs-tls", Req: []string{"TLS-001"}, Title: "the link is under TLS", Verdict: conformance.Unsupported, Tags: []string{"tls"},
			Expected: "something that the peer does not offer", Actual: "the run has no TLS address", Detail: "the run has no TLS address",
		},
	}
	return complete(t, cases...)
}

// complete makes a report of cases, writes it and reads it back.
func complete(t *testing.T, cases ...conformance.Result) *conformance.Report {
	t.Helper()
	r := &conformance.Report{
		Format: 1, Suite: "0.1.0", Spec: "1", Profile: "core", Cases: cases, Target: "127.0.0.1:7400", Peer: "sample/1.0",
		Started: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), MS: 5016.75, Seed: 7,
		Options: conformance.RunOptions{Run: []string{}, Skip: []string{}, TimeoutMS: 5000, Jobs: 8, Command: "handfast conform server 127.0.0.1:7400"},
	}
	recount(r)
	var b bytes.Buffer
	require.NoError(t, r.WriteJSON(&b))
	back, err := conformance.ReadReport(&b)
	require.NoError(t, err)
	return back
}

// recount sets the summary.
func recount(r *conformance.Report) {
	n := counts(r.Cases)
	r.Summary = conformance.Summary{
		Cases: len(r.Cases), Pass: n[conformance.Pass], Weak: n[conformance.Weak], Fail: n[conformance.Fail], Unsupported: n[conformance.Unsupported],
		Crash: n[conformance.Crash], Timeout: n[conformance.Timeout], Inconclusive: n[conformance.Inconclusive],
	}
}

// judged is a report with a list of known failures.
func judged(t *testing.T, r *conformance.Report, list string) Run {
	t.Helper()
	f, err := known.ParseKnown("conformance.known", []byte(list))
	require.NoError(t, err)
	return Run{Report: r, Outcome: known.Judge(r, known.Expect{File: f, Now: r.Started})}
}

// sampleKnown lists one failure rightly, one wrongly, and one that passes.
const sampleKnown = `# what is known
frame/header-checksum-zero | weak: expected CLOSE(HEADER_CRC) | until=2027-01-31 | https://example.org/1 | it closes without a word
heartbeat/ping-is-answered | crash: | | | wrong
opening/hello-is-answered | fail: | | | passes now
`

// hostile is text that every form has to take harmlessly.
const hostile = "</script></style><script>window.pwned=1</script>\"'><img src=http://127.0.0.1:9/x onerror=window.pwned=1>{{.}}`${1}`|]]>\n::error::x\r\x1b[31m\u2028\u202e@org #1 %0A"

// harmless holds a text against what must not be in it.
func harmless(t *testing.T, text string, bad ...string) {
	t.Helper()
	for _, b := range bad {
		if at := strings.Index(text, b); at >= 0 {
			t.Errorf("%q is in it: %q", b, text[max(at-40, 0):min(at+40, len(text))])
		}
	}
}

// hostileReport has it in every text that the reader lets through.
func hostileReport(t *testing.T) Run {
	t.Helper()
	r := sample(t)
	r.Peer, r.Target, r.Profile, r.Suite, r.Spec, r.Options.Command = hostile, hostile, hostile, hostile, hostile, hostile
	for i := range r.Cases {
		c := &r.Cases[i]
		c.Title, c.Detail, c.Expected, c.Actual, c.Profile = hostile, hostile, hostile, hostile, hostile
		c.Tags = []string{hostile}
		for k := range c.Trace {
			c.Trace[k].What, c.Trace[k].Fault = hostile, hostile
		}
	}
	var b bytes.Buffer
	require.NoError(t, r.WriteJSON(&b))
	back, err := conformance.ReadReport(&b)
	require.NoError(t, err)
	reason := strings.NewReplacer("\n", " ", "\r", " ").Replace(hostile)
	return judged(t, back, "frame/header-checksum-zero | weak | | | "+reason+"\nopening/* | fail: | | | "+reason+"\n")
}
