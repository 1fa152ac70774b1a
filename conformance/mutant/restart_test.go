package mutant

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

// TestSuiteKillsWhatForgets: cases that kill a peer and start it again are passed by the healthy one, and each catches one that forgets.
func TestSuiteKillsWhatForgets(t *testing.T) {
	if pace > 1 {
		t.Skip("mutants are caught by their times as well, which the race detector stretches")
	}
	cases := slices.DeleteFunc(conformance.Cases(), func(c conformance.Case) bool {
		return !slices.Contains(c.Tags, conformance.TagRestart) || c.Profile != conformance.ProfileDelivery && c.Profile != conformance.ProfileSync
	})
	require.NotEmpty(t, cases)
	mutants := slices.DeleteFunc(Mutants(), func(m conformance.Mutant) bool { return !slices.Contains(forgetful(), m.Name) })
	require.Len(t, mutants, len(forgetful()))
	report, err := conformance.Kills(t.Context(), conformance.KillConfig{Mutants: mutants, Start: Start, Cases: cases, Obligations: []string{}})
	require.NoError(t, err)
	for _, k := range report.Mutants {
		require.Equal(t, conformance.Killed, k.Fate, "%s: others %v", k.Mutant, k.Others)
	}
	require.Empty(t, report.Vacuous)
}
