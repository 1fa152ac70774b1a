package store_test

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/store"
)

var kills = flag.Int("kills", 50, "how often TestKill kills the process that writes")

// TestKill kills a writing process at random points, after a random number of acknowledgements, in the opening too. What was acknowledged
// is there afterwards, effect and cursor agree, and so do digest, log and indexes. All in one store, which goes on.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	rng := rand.New(rand.NewPCG(1, uint64(*kills)))
	acked, total := ledger{}, 0
	for round := range *kills {
		cmd, out := start(t, "write", path)
		lines := -1 // the first says that the store is open
		if rng.IntN(10) > 0 {
			for most := rng.IntN(400); lines < most && out.Scan(); lines++ {
				if lines >= 0 {
					acked.line(t, out.Text())
				}
			}
		}
		require.NoError(t, cmd.Process.Kill())
		for ; out.Scan(); lines++ { // what it had still written
			if lines >= 0 {
				acked.line(t, out.Text())
			}
		}
		require.Error(t, cmd.Wait())
		total += max(lines, 0)
		s, err := store.Open(settings(path))
		require.NoError(t, err, "round %d", round)
		acked = acked.holds(t, s)
		require.NoError(t, s.Close())
	}
	t.Logf("%d kills, %d writes acknowledged, none lost", *kills, total)
	require.Greater(t, total, 20**kills)
}
