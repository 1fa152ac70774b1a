package fuzz

import (
	"flag"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/conformance/mutant"
)

// liveMutants makes TestLiveMutants try all mutants that break a rule of streams, credit, calls and delivery, and say which were found.
var liveMutants = flag.String("live-mutants", "", "regular `expression` over the rules of mutants to fuzz; all that are not found are printed")

// TestLiveMutants: peers of which each breaks one rule of streams or of delivery are found out, and by that rule. The healthy one has no findings.
func TestLiveMutants(t *testing.T) {
	type one struct{ bug, req string }
	tests := []one{
		{"", ""},
		{"takes-ids-again", "STRM-002"},
		{"ignores-data-after-fin", "STRM-013"},
		{"answers-reset-with-reset", ""},
		{"closes-on-data-of-finished-streams", ""},
		{"takes-data-beyond-the-stream-grant", ""},
		{"never-ends-calls", "CALL-004"},
		{"keeps-the-slots-of-rejected-streams", "STRM-009"},
		{"takes-gaps-inside-a-record", "REC-007"},
		{"never-answers-the-end-of-a-channel", "REC-019"},
		{"ignores-ack-from-the-wrong-side", "CHAN-015"},
		{"takes-a-stable-that-it-never-gave", "CHAN-028"},
		{"takes-acks-of-what-it-never-sent", "ACK-008"},
	}
	whole := *liveMutants != ""
	if whole {
		tests = nil
		for _, m := range mutant.Mutants() {
			if regexp.MustCompile(*liveMutants).MatchString(m.Req) {
				tests = append(tests, one{m.Name, m.Req})
			}
		}
	}
	if testing.Short() {
		tests = tests[:4]
	}
	found := 0
	for _, tc := range tests {
		t.Run(tc.bug, func(t *testing.T) {
			peer, err := mutant.Start(t.Context(), tc.bug)
			require.NoError(t, err)
			defer func() { require.NoError(t, peer.Stop()) }()
			timeout := time.Second
			if tc.bug == "" { // nothing hangs, however busy the machine is
				timeout = 10 * time.Second
			}
			report, err := Live(t.Context(), LiveConfig{
				Addr: peer.Target.Addr, Seed: 3, Runs: 5000, Jobs: 8, Timeout: timeout,
				Stop: func(f *LiveFinding) bool { return tc.bug != "" && !f.Flaky },
			})
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, report.WriteText(&text))
			if len(report.Findings) > 0 {
				found++
				t.Logf("%s after %d sequences: %s, %s", report.Findings[0].ID, report.Executions, report.Findings[0].Expected, report.Findings[0].Actual)
			}
			switch {
			case whole:
				if len(report.Findings) == 0 {
					t.Logf("NOT FOUND: %s", tc.req)
				}
			case tc.bug == "":
				require.Empty(t, report.Findings, text.String())
			default:
				require.NotEmpty(t, report.Findings, "%s", text.String())
				if tc.req != "" {
					require.Equal(t, tc.req, report.Findings[len(report.Findings)-1].Req, "%s", text.String())
				}
			}
		})
	}
	if whole {
		t.Logf("%d of %d found", found, len(tests))
	}
}
