package known

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

const good = "frame/crc | fail: expected CLOSE(HEADER_CRC) | until=2027-01-31 | https://example.org/1 | not written yet"

func TestJudge(t *testing.T) {
	var many []conformance.Result
	for i := range 21 {
		many = append(many, fail(fmt.Sprintf("frame/n%d", i)))
	}
	table := []Rename{{Old: "frame/old", New: "frame/older", Since: "0.2.0"}, {Old: "frame/older", New: "frame/crc", Since: "0.3.0"}}
	claims := func(features ...string) *Config {
		return &Config{Path: "conformance.json", Spec: "1", Profile: "core", Features: features, Modes: Modes{Server: &Server{}, Client: &Driver{}}}
	}
	needsTLS := as("tls/one", conformance.Unsupported)
	needsTLS.Tags = []string{"timing", "tls"}
	partial := report(pass("frame/b"))
	partial.Options.Run = []string{"frame/b"}
	client := report(fail("frame/crc"))
	client.Mode = "client"
	twin := fail("frame/crc")
	twin.Phase = conformance.PhaseTwin

	tests := []struct {
		name   string
		report *conformance.Report
		list   string
		config *Config
		lock   *Lock
		want   []Kind
		note   string // a note that has to be there
		says   string // in the first difference
		code   int
	}{
		{name: "all pass", report: report(pass("frame/a")), code: 0},
		{name: "fails as listed", report: report(fail("frame/crc"), pass("frame/b")), list: good, code: 0},
		{name: "only known failures ran", report: report(fail("frame/crc")), list: good, code: 0},
		{name: "an unlisted failure", report: report(fail("frame/crc")), want: []Kind{Unlisted}, says: "fail: expected CLOSE(HEADER_CRC); got PONG echo #", code: 1},
		{name: "passes though listed", report: report(pass("frame/crc")), list: good, want: []Kind{Fixed}, says: "conformance.known:1: frame/crc:", code: 1},
		{name: "another expectation", report: report(fail("frame/crc")), list: "frame/crc | fail: expected CLOSE(STATE) | | | x", want: []Kind{Otherwise}, code: 1},
		{name: "another verdict", report: report(as("frame/crc", conformance.Timeout)), list: good, want: []Kind{Otherwise}, code: 1},
		{name: "another phase", report: report(twin), list: good, want: []Kind{Otherwise}, says: "twin: expected", code: 1},
		{name: "a whole signature, another number", report: report(fail("frame/crc")), list: "frame/crc | fail: expected CLOSE(HEADER_CRC); got PONG echo 00000000000000AA | | | x", code: 0},
		{name: "unsupported though listed", report: report(as("frame/crc", conformance.Unsupported), pass("frame/b")), list: good, want: []Kind{Skipped}, code: 1},
		{name: "means no case", report: report(pass("frame/crd")), list: good, want: []Kind{NoMatch}, says: `"frame/crd"`, code: 1},
		{name: "a glob that means no case", report: report(pass("frame/a")), list: "stream/* | fail: | | | x", want: []Kind{NoMatch}, code: 1},
		{name: "expired", report: report(fail("frame/crc")), list: "frame/crc | fail: | until=2026-11-21 | | x", want: []Kind{Expired}, says: "2026-11-21", code: 1},
		{name: "on its last day", report: report(fail("frame/crc")), list: "frame/crc | fail: | until=2026-11-22 | | x", code: 0},
		{name: "a glob of 20", report: report(many[:20]...), list: "frame/n* | fail: expected | | | x", code: 0},
		{name: "a glob of 21", report: report(many...), list: "frame/n* | fail: expected | | | x", want: []Kind{TooWide}, says: "21 cases", code: 1},
		{name: "a part of a glob passes", report: report(fail("frame/a"), pass("frame/b")), list: "frame/* | fail: | | | x", want: []Kind{Fixed}, code: 1},
		{name: "listed twice", report: report(fail("frame/crc")), list: good + "\nframe/* | fail: | | | y", want: []Kind{Twice}, says: "conformance.known:2:", code: 1},
		{name: "a crash is listed", report: report(as("frame/crc", conformance.Crash), pass("frame/b")), list: "frame/crc | crash: | | | x", code: 0},
		{name: "a timeout is listed", report: report(as("frame/crc", conformance.Timeout)), list: "frame/crc | timeout: expected CLOSE | | | x", code: 0},
		{name: "weak is listed", report: report(as("frame/crc", conformance.Weak)), list: "frame/crc | weak | | | x", code: 0},
		{name: "flaky passes", report: report(pass("frame/crc")), list: "flaky:frame/crc | fail: | | | x", code: 0},
		{name: "flaky fails", report: report(fail("frame/crc")), list: "flaky:frame/crc | fail: | | | x", code: 0},
		{name: "flaky fails in another way", report: report(as("frame/crc", conformance.Crash)), list: "flaky:frame/crc | fail: | | | x", want: []Kind{Otherwise}, code: 1},
		{name: "flaky is skipped", report: report(as("frame/crc", conformance.Unsupported), pass("frame/b")), list: "flaky:frame/crc | fail: | | | x", want: []Kind{Skipped}, code: 1},
		{name: "an old id", report: report(fail("frame/crc")), list: "frame/old | fail: | | | x", note: "frame/old is called frame/crc since suite 0.3.0", code: 0},
		{name: "an old id that passes", report: report(pass("frame/crc")), list: "frame/old | fail: | | | x", want: []Kind{Fixed}, code: 1},
		{name: "no reason yet", report: report(fail("frame/crc")), list: "frame/crc | fail: | | | TODO", note: "no reason", code: 0},
		{name: "a mode's own entry", report: client, list: "client:frame/crc | fail: | | | x", code: 0},
		{name: "an entry of another mode", report: client, list: "server:frame/crc | fail: | | | x", want: []Kind{Unlisted}, code: 1},
		{name: "another mode's entry is not stale", report: report(pass("frame/a")), list: "client:frame/crc | fail: | | | x", code: 0},
		{name: "a hint at modes", report: report(pass("frame/a")), list: good, config: claims(), want: []Kind{NoMatch}, says: "client:frame/crc", code: 1},
		{name: "did not run", report: partial, list: good, code: 0},
		{name: "unsupported and not claimed", report: report(pass("frame/a"), needsTLS), config: claims("limits"), code: 0},
		{name: "unsupported though claimed", report: report(pass("frame/a"), needsTLS), config: claims("tls"), want: []Kind{NotClaimed}, says: "claims feature tls", code: 1},
		{name: "as many as the lock", report: report(pass("frame/a")), lock: lockOf(1), code: 0},
		{name: "fewer than the lock", report: report(pass("frame/a"), as("frame/b", conformance.Unsupported)), lock: lockOf(2), want: []Kind{FewerCases}, says: "1 cases of mode server", code: 1},
		{name: "more than the lock", report: report(pass("frame/a"), pass("frame/b")), lock: lockOf(1), note: "--update-lock", code: 0},
		{name: "a part, with a lock", report: partial, lock: lockOf(700), code: 0},
		{name: "another mode's lock", report: client, list: good, lock: lockOf(700), code: 0},
		{name: "no case", report: report(), code: 3},
		{name: "all unsupported", report: report(as("frame/a", conformance.Unsupported)), code: 3},
		{name: "the suite is at fault", report: report(pass("frame/a"), as("frame/b", conformance.Inconclusive)), code: 3},
		{name: "inconclusive cannot be listed", report: report(as("frame/crc", conformance.Inconclusive), pass("frame/b")), list: good, code: 3},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			out := Judge(tc.report, Expect{Config: tc.config, File: list(t, tc.list), Lock: tc.lock, LockAs: LockFile, Now: now, Renames: table})
			var kinds []Kind
			for _, d := range out.Differences {
				kinds = append(kinds, d.Kind)
			}
			require.Equal(t, tc.want, kinds, "%v", out.Differences)
			require.Equal(t, tc.code, out.Code)
			if tc.says != "" {
				require.Contains(t, out.Differences[0].String(), tc.says)
			}
			if tc.note != "" {
				require.Contains(t, strings.Join(out.Notes, "\n"), tc.note)
			}
			var text strings.Builder
			require.NoError(t, out.WriteText(&text))
			require.True(t, strings.HasSuffix(text.String(), out.Summary()+"\n"), "the summary comes last")
		})
	}
}

func lockOf(n int) *Lock {
	return &Lock{Format: 1, Runs: []LockRun{{Mode: "server", Profile: "core", Suite: "0.0.9", Executed: n}}}
}

func TestJudgeInARunOfSomeCases(t *testing.T) {
	r := report(pass("frame/b"))
	r.Options.Skip = []string{"frame/crc"}
	e := Expect{File: list(t, good+"\nframe/gone | fail: | | | x"), Now: now, Cases: []string{"frame/b", "frame/crc"}}
	out := Judge(r, e)
	require.Len(t, out.Differences, 1, "one entry did not run, the other means nothing in the whole suite")
	require.Equal(t, "conformance.known:2", out.Differences[0].Place)
}

func TestMarks(t *testing.T) {
	r := report(fail("frame/crc"), pass("frame/b"), pass("frame/c"), pass("frame/d"))
	out := Judge(r, Expect{Now: now, File: list(t, good+"\nframe/b | fail: | | | x\nflaky:frame/c | fail: | | | y")})
	want := map[string]Mark{"frame/crc": MarkKnown, "frame/b": MarkFixed, "frame/c": MarkFlaky, "frame/d": Unmarked}
	for id, mark := range want {
		require.Equal(t, mark, out.Mark(id).Mark, id)
	}
	require.Equal(t, Unmarked, (*Outcome)(nil).Mark("frame/b").Mark)
	require.Equal(t, 1, out.Known)
}

func TestSignature(t *testing.T) {
	tests := []struct {
		name   string
		result conformance.Result
		want   string
	}{
		{"pass", pass("x/y"), "pass"},
		{"fault", fail("x/y"), "fail: expected CLOSE(HEADER_CRC); got PONG echo #"},
		{"times and numbers", conformance.Result{Verdict: conformance.Timeout, Expected: "a PING within 1m30s or 2.5s", Actual: "nothing for 5s of 65536"}, "timeout: expected a PING within # or #; got nothing for # of #"},
		{"ids stay", conformance.Result{Verdict: conformance.Fail, Expected: "what BEAT-001 wants", Actual: "0x1B"}, "fail: expected what BEAT-001 wants; got #"},
		{"columns", conformance.Result{Verdict: conformance.Fail, Expected: "a|b", Actual: "c\n\td"}, "fail: expected a/b; got c d"},
		{"liveness", conformance.Result{Verdict: conformance.Weak, Phase: conformance.PhaseProbe, Expected: "PONG", Actual: "end"}, "weak: liveness: expected PONG; got end"},
	}
	for _, tc := range tests {
		require.Equal(t, tc.want, Signature(&tc.result), tc.name)
	}
}
