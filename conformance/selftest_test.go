package conformance

import (
	"context"
	"testing"

	"handfast/conformance/useless"
)

func TestCasesAreWellFormed(t *testing.T) {
	for _, err := range Lint(Cases()) {
		t.Error(err)
	}
}

// TestEveryWireRequirementHasACase is the gate of the path that every change takes: a MUST that can be seen on the wire has a case.
func TestEveryWireRequirementHasACase(t *testing.T) {
	for _, profile := range JudgedProfiles() {
		for _, row := range Coverage(Cases(), nil, profile) {
			if len(row.Cases) == 0 {
				t.Errorf("no case cites %s", row.Req)
			}
		}
	}
}

func TestUselessPeersStayUnderTheirCeilings(t *testing.T) {
	ceilings, err := Ceilings()
	if err != nil {
		t.Fatal(err)
	}
	for _, peers := range []struct {
		names []string
		score func(ctx context.Context, name string, cases []Case) (Score, error)
	}{{useless.Names(), ScoreUseless}, {useless.DialerNames(), ScoreUselessDialer}} {
		for _, name := range peers.names {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // they wait most of the time
				most, ok := ceilings[name]
				if !ok {
					t.Fatal("no ceiling is pinned")
				}
				got, err := peers.score(t.Context(), name, Cases())
				if err != nil {
					t.Fatal(err)
				}
				if got.Pass > most.Pass || got.Pairs > most.Pairs {
					t.Errorf("scores %+v, and %+v is its ceiling", got, most)
				}
			})
		}
	}
}
