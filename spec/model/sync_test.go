package model

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
)

var whole = flag.Bool("whole", false, "search the model of sync with four writes and a cut: 2.8 GB, some minutes")

// TestSyncHolds: no state of a session breaks a promise, and none is a dead end.
func TestSyncHolds(t *testing.T) {
	tools(t)
	type variant struct {
		name    string
		defines []string
		build   []string
		long    bool
	}
	searches := []variant{
		{"no cut, one write", []string{"-DCUTS=false", "-DW4=false"}, []string{"-O2"}, false},
		{"digests alone", []string{"-DNOSINCE", "-DW4=false"}, []string{"-O2"}, false},
		{"no cut, one write, without LAST", []string{"-DCUTS=false", "-DW4=false", "-DNOLAST"}, []string{"-O2"}, false},
		// Every state is kept whole, its parts in a table each: 0.6 GB.
		{"two objects, three writes, a cut", []string{"-DW4=false"}, []string{"-O2", "-DCOLLAPSE"}, true},
		{"no cut, four writes", []string{"-DCUTS=false"}, []string{"-O2", "-DCOLLAPSE"}, true},
	}
	if *whole {
		searches = append(searches, variant{"two objects, four writes, a cut", nil, []string{"-O2", "-DCOLLAPSE", "-DMEMLIM=6000"}, true})
	}
	for _, tc := range searches {
		t.Run(tc.name, func(t *testing.T) {
			if tc.long && testing.Short() {
				t.Skip("LEFT OUT with -short")
			}
			t.Parallel()
			v := search(t, "sync.pml", tc.build, tc.defines...)
			require.Zero(t, v.errors, v.text)
			require.NotContains(t, v.text, "Search not completed")
			require.Contains(t, v.text, "Full statespace search", "states may be missing")
			require.NotContains(t, v.text, "Hash-Compact", "states may be missing")
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
		{"LAST when everything is answered", []string{"-DSOONLAST"}, "x==r_recv"},
		{"LAST ends what is equal", []string{"-DBLINDLAST", "-DNOSINCE", "-DW4=false"}, equal},
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
