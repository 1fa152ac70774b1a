package mutant

import (
	"testing"
	"time"

	"handfast/conformance"
)

// TestHealthyDialerPassesEveryCase is what every kill of a dialer rests on.
func TestHealthyDialerPassesEveryCase(t *testing.T) {
	p, err := StartDialer(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	config := conformance.Config{Target: p.Target, Timeout: pace * 5 * time.Second}
	if pace > 1 {
		config.Jobs = 2
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
