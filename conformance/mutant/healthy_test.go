package mutant

import (
	"slices"
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
	profiles := []string{conformance.DefaultProfile, conformance.ProfileRealtime, conformance.ProfileSync}
	if pace == 1 { // windows of 65,536 records and ACKs in time are too much for the race detector
		profiles = append(profiles, conformance.ProfileDelivery)
	}
	for _, profile := range profiles {
		config := conformance.Config{Target: p.Target, Profile: profile, Timeout: pace * 5 * time.Second}
		if pace > 1 {
			config.Jobs = jobs
		}
		report, err := conformance.Run(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range report.Cases {
			if slices.Contains(r.Tags, conformance.TagRestart) {
				continue // this peer is a part of the process that judges it
			}
			if r.Verdict != conformance.Pass {
				t.Errorf("%s: %v: %s", r.ID, r.Verdict, r.Detail)
			}
		}
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}
