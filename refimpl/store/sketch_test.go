package store_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/sketch"
	"handfast/refimpl/store"
)

// TestSketch: the sketch of each namespace is that of the items of its digest: behind writes, deletions, reaping, a restart and a
// repair.
func TestSketch(t *testing.T) {
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	cfg.Salt, cfg.Cells = [16]byte{5}, 64
	s, err := store.Open(cfg)
	require.NoError(t, err)
	right := func() {
		t.Helper()
		for _, ns := range spaces {
			items, _, err := s.List(ns, nil, nil, 1<<20)
			require.NoError(t, err)
			want, err := sketch.New(cfg.Salt, cfg.Cells)
			require.NoError(t, err)
			for _, it := range items {
				want.Add(it)
			}
			require.Equal(t, want, s.Sketch(ns, cfg.Cells), ns)
		}
	}
	right()
	rng := rand.New(rand.NewPCG(1, 15))
	for range 300 {
		k := in(spaces[rng.IntN(2)], fmt.Sprint(rng.IntN(60)))
		if set, err := s.Get(k); err == nil && !set.Deleted() && rng.IntN(3) == 0 {
			remove(t, s, k)
		} else {
			put(t, s, k, fmt.Sprint(rng.Uint32()))
		}
	}
	right()
	held := s.Sketch("n", cfg.Cells)
	put(t, s, key("later"), "v")
	require.NotEqual(t, held, s.Sketch("n", cfg.Cells), "a copy stays as it was")
	right()

	require.NoError(t, s.Close())
	s, err = store.Open(cfg)
	require.NoError(t, err)
	right()
	s.SpoilDigest()
	report, err := s.Check(t.Context(), true)
	require.NoError(t, err)
	require.True(t, report.Digest && report.Repaired)
	right()
	put(t, s, key("behind the repair"), "v")
	right()
	require.Nil(t, s.Sketch("none", 1))
	require.NoError(t, s.Close())

	require.Nil(t, open(t).Sketch("n", 1), "without cells in the settings")
	cfg.Cells = sketch.MaxCells + 1
	require.Error(t, cfg.Validate())
}
