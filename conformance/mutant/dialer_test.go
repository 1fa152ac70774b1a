package mutant

import (
	"slices"
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
	passesEveryCase(t, p, 2)
}

// TestInitiatorWithoutLast: one that does without LAST passes, and what is about LAST alone is unsupported.
func TestInitiatorWithoutLast(t *testing.T) {
	p, err := startDialer("", func(p *peer) { p.plain = true })
	if err != nil {
		t.Fatal(err)
	}
	config := conformance.Config{Target: p.Target, Profile: conformance.ProfileSync, Run: []string{"initiator/*"}, Timeout: pace * 5 * time.Second}
	report, err := conformance.Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	lasts := []string{
		"initiator/silent-behind-start", "initiator/silent-behind-last", "initiator/same-for-last", "initiator/same-for-last-behind-since", "initiator/repair-for-last",
	}
	for _, r := range report.Cases {
		if want := slices.Contains(lasts, r.ID); r.Verdict != conformance.Pass && !want || (r.Verdict == conformance.Unsupported) != want {
			t.Errorf("%s: %v: %s", r.ID, r.Verdict, r.Detail)
		}
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}
