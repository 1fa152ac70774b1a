package mutant

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"handfast/conformance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestHealthyPeerPassesEveryCase is what every kill rests on.
func TestHealthyPeerPassesEveryCase(t *testing.T) {
	p, err := start(t.Context(), "", pace)
	if err != nil {
		t.Fatal(err)
	}
	passesEveryCase(t, p, 3)
}

// passesEveryCase judges a healthy test peer and stops it. Jobs are those under the race detector.
func passesEveryCase(t *testing.T, p *conformance.TestPeer, jobs int) {
	t.Helper()
	config := conformance.Config{Target: p.Target, Timeout: pace * 5 * time.Second}
	if pace > 1 {
		config.Jobs = jobs
	}
	report, err := conformance.Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Cases {
		if r.Verdict != conformance.Pass {
			t.Errorf("%s: %v: %s", r.ID, r.Verdict, r.Detail)
		}
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}
