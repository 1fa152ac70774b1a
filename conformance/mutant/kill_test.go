package mutant

import (
	"testing"

	"handfast/conformance"
)

// TestSuiteKillsEveryMutant is the kill matrix: the suite proves itself. With -short it is a sample. It is printed by
//
//	handfast conform --mutants
func TestSuiteKillsEveryMutant(t *testing.T) {
	if pace > 1 {
		t.Skip("mutants are caught by their times as well, which the race detector stretches")
	}
	mutants, whole := Mutants(), !testing.Short()
	if !whole {
		mutants = everyTenth(mutants)
	}
	report, err := conformance.Kills(t.Context(), conformance.KillConfig{Mutants: mutants, Start: Start})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range report.Mutants {
		if k.Fate != conformance.Killed {
			t.Errorf("%s %s, which breaks %s: %s", k.Mutant, k.Fate, k.Req, k.Doc)
		}
		for _, o := range k.Others {
			if k.Fate == conformance.Misnamed {
				t.Logf("%s failed for %v: %s", o.Case, o.Cites, o.Detail)
			}
		}
	}
	if whole && len(report.Vacuous) > 0 {
		t.Errorf("no mutant is caught by %v", report.Vacuous)
	}
}

// TestSuiteKillsEveryDialer is the same of dialers. It is printed by
//
//	handfast conform client --mutants
func TestSuiteKillsEveryDialer(t *testing.T) {
	if pace > 1 {
		t.Skip("mutants are caught by their times as well, which the race detector stretches")
	}
	mutants, whole := DialerMutants(), !testing.Short()
	if !whole {
		mutants = everyTenth(mutants)
	}
	report, err := conformance.Kills(t.Context(), conformance.KillConfig{Mutants: mutants, Start: StartDialer, Dialers: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range report.Mutants {
		if k.Fate != conformance.Killed {
			t.Errorf("%s %s, which breaks %s: %s; others %v", k.Mutant, k.Fate, k.Req, k.Doc, k.Others)
		}
	}
	if whole && len(report.Vacuous) > 0 {
		t.Errorf("no dialer is caught by %v", report.Vacuous)
	}
}

// everyTenth gives every tenth mutant.
func everyTenth(mutants []conformance.Mutant) []conformance.Mutant {
	var some []conformance.Mutant
	for i := 0; i < len(mutants); i += 10 {
		some = append(some, mutants[i])
	}
	return some
}
