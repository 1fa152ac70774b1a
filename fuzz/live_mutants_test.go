package fuzz

import (
	"flag"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/conformance/mutant"
)

// liveMutants makes TestLiveMutants try all mutants that break a rule of streams, credit, calls and delivery, and say which were found.
var liveMutants = flag.String("live-mutants", "", "regular `expression` over the rules of mutants to fuzz; all that are not found are printed")

// TestLiveMutants: peers of which each breaks one rule of streams or of delivery are found out, and by that rule. The healthy one has no findings.
func TestLiveMutants(t *testing.T) {
	type one struct {
		bug, req string
		waits    bool // for what never comes, so that others can run meanwhile
	}
	tests := []one{
		{"", "", false},
		{"takes-ids-again", "STRM-002", false},
		{"ignores-data-after-fin", "STRM-013", false},
		{"answers-reset-with-reset", "", false},
		{"closes-on-data-of-finished-streams", "", false},
		{"takes-data-beyond-the-stream-grant", "", false},
		{"never-ends-calls", "CALL-004", true},
		{"keeps-the-slots-of-rejected-streams", "STRM-009", true},
		{"takes-gaps-inside-a-record", "REC-007", true},
		{"never-answers-the-end-of-a-channel", "REC-019", true},
		{"ignores-ack-from-the-wrong-side", "CHAN-015", false},
		{"takes-a-stable-that-it-never-gave", "CHAN-028", false},
		{"takes-acks-of-what-it-never-sent", "ACK-008", false},
	}
	whole := *liveMutants != ""
	if whole {
		tests = nil
		for _, m := range mutant.Mutants() {
			if regexp.MustCompile(*liveMutants).MatchString(m.Req) {
				tests = append(tests, one{m.Name, m.Req, false})
			}
		}
	}
	if testing.Short() {
		tests = tests[:4]
	}
	var found atomic.Int32
	for _, tc := range tests {
		t.Run(tc.bug, func(t *testing.T) {
			if tc.waits {
				t.Parallel()
			}
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
				found.Add(1)
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
		t.Logf("%d of %d found", found.Load(), len(tests))
	}
}
