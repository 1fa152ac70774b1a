package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSyncHolds: no state of a session breaks a promise, and none is a dead end.
func TestSyncHolds(t *testing.T) {
	tools(t)
	for _, tc := range []struct {
		name    string
		defines []string
		build   []string
		long    bool
	}{
		{"no cut, one write", []string{"-DCUTS=false", "-DW4=false"}, []string{"-O2"}, false},
		{"digests alone", []string{"-DNOSINCE", "-DW4=false"}, []string{"-O2"}, false},
		// States are kept as hashes, which takes a fraction of the memory: these searches may miss one.
		{"cuts, one write", []string{"-DW4=false"}, []string{"-O2", "-DHC4"}, true},
		{"no cut, two writes", []string{"-DCUTS=false"}, []string{"-O2", "-DHC4"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.long && testing.Short() {
				t.Skip("LEFT OUT with -short")
			}
			t.Parallel()
			v := search(t, "sync.pml", tc.build, tc.defines...)
			require.Zero(t, v.errors, v.text)
			require.NotContains(t, v.text, "Search not completed")
			require.Greater(t, v.states, 1000000, "the search was cut short")
			t.Logf("%d states", v.states)
		})
	}
}

// TestEachRuleOfSyncIsNeeded: without a rule, spin finds a run that breaks a promise.
func TestEachRuleOfSyncIsNeeded(t *testing.T) {
	tools(t)
	claim, equal := "i_clock", "touched"
	for _, tc := range []struct {
		name    string
		defines []string
		finds   string
	}{
		{"own version", []string{"-DECHO", "-DNOSINCE", "-DW4=false"}, equal},
		{"clock before objects", []string{"-DLATECLOCK"}, claim},
		{"refused writes are not claimed", []string{"-DCLAIMBAD"}, claim},
		{"writes behind the walk do not count", []string{"-DSKIPNEW"}, claim},
		{"RESULT when durable", []string{"-DEARLY"}, "proved"},
		{"the initiator reads", []string{"-DNOREAD"}, "invalid end state"},
		{"COMPLETE of both", []string{"-DNOCOUNT"}, equal},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := search(t, "sync.pml", []string{"-O0"}, tc.defines...)
			require.NotZero(t, v.errors, "the model does not need this rule, or cannot tell")
			require.Contains(t, v.text, tc.finds)
			t.Logf("refuted after %d states", v.states)
		})
	}
}
