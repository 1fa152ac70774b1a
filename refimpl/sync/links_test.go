package sync_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// TestFiveStoresOverLinks: the simulation with files and links. Stores are closed and opened again, links are cut after any number of bytes, and
// what nobody has replaced is everywhere in the end.
func TestFiveStoresOverLinks(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			stores := make([]*store.Bolt, 5)
			paths := make([]string, 5)
			reopen := func(i int) {
				var err error
				stores[i], err = store.Open(settings(paths[i]))
				require.NoError(t, err)
			}
			for i := range stores {
				paths[i] = filepath.Join(t.TempDir(), "db")
				reopen(i)
			}
			t.Cleanup(func() {
				for _, s := range stores {
					require.NoError(t, s.Close())
				}
			})
			values := map[string]map[clock.Dot]string{} // key -> dot -> value
			past := map[string][]clock.Context{}        // key -> what writes have replaced
			cuts := 0
			for step := range 150 {
				i, k := rng.IntN(5), fmt.Sprint("k", rng.IntN(12))
				switch rng.IntN(6) {
				case 0, 1, 2:
					write(t, rng, stores[i], k, fmt.Sprint("v", step), values, past)
				case 3:
					require.NoError(t, stores[i].Close())
					reopen(i)
				default:
					j := (i + 1 + rng.IntN(4)) % 5
					if !session(t, rng, stores[i], stores[j]) {
						cuts++
					}
				}
			}
			require.Positive(t, cuts)
			for range 2 {
				for i := range stores {
					for j := range stores {
						if i != j {
							r := exchange(t, stores[i], stores[j])
							require.Equal(t, sync.OK, r.Outcome)
							require.True(t, r.Equal)
						}
					}
				}
			}
			for _, s := range stores {
				require.Equal(t, root(t, stores[0]), root(t, s))
				report, err := s.Check(t.Context(), false)
				require.NoError(t, err)
				require.True(t, report.Sound(), "%+v", report)
			}
			for k, dots := range values {
				var want []string
				for d, v := range dots {
					gone := slices.ContainsFunc(past[k], func(c clock.Context) bool { return c.Has(d) })
					if !gone && v != "" {
						want = append(want, v)
					}
				}
				require.ElementsMatch(t, want, valuesOf(t, stores[0], k), k)
			}
		})
	}
}

func valuesOf(t *testing.T, s store.Store, k string) []string { return values(t, s, k) }

// write puts, adds or deletes, and notes it.
func write(t *testing.T, rng *rand.Rand, s *store.Bolt, k, value string, values map[string]map[clock.Dot]string, past map[string][]clock.Context) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		was, err := tx.Get(key(k))
		if err != nil && store.CodeOf(err) != store.CodeNotFound {
			return err
		}
		seen := was.Context()
		var now clock.Set
		switch kind := rng.IntN(4); {
		case kind == 0 && len(was.Values()) > 0:
			value = ""
			now, err = tx.Delete(key(k), seen)
		case kind == 1:
			seen = nil
			now, err = tx.Put(key(k), nil, []byte(value))
		default:
			now, err = tx.Put(key(k), seen, []byte(value))
		}
		if err != nil {
			return err
		}
		if values[k] == nil {
			values[k] = map[clock.Dot]string{}
		}
		values[k][clock.Dot{Actor: s.Actor(), Counter: now.Context().Counter(s.Actor())}] = value
		if seen != nil {
			past[k] = append(past[k], seen)
		}
		return nil
	})
}

// session runs one, over a link that may be cut. It says whether that was whole.
func session(t *testing.T, rng *rand.Rand, from, to *store.Bolt) bool {
	t.Helper()
	dc, ac := tcpPair(t)
	cut := &cutting{Conn: dc}
	cut.left.Store(1 << 40)
	if rng.IntN(2) == 0 {
		cut.left.Store(int64(450 + rng.IntN(2000)))
	}
	d, a, err := dialed(cut, ac, sync.NewHandler(sync.Settings{Store: to}))
	if d != nil && err == nil {
		var r *sync.Report
		r, err = sync.Run(t.Context(), d, sync.Options{Store: from, Namespace: ns, Plan: sync.Plan{NoSince: rng.IntN(4) == 0}})
		require.Equal(t, err != nil, r.Outcome == sync.Failed)
		_ = d.Close(codec.CodeNoError, "")
	}
	if a != nil {
		<-a.Done()
	}
	return err == nil
}

// TestSilentSessionsEnd: who opens a session and says nothing does not keep its place.
func TestSilentSessionsEnd(t *testing.T) {
	d, _ := pair(t, sync.NewHandler(sync.Settings{Store: open(t), MaxSessions: new(1), Idle: 50 * time.Millisecond}))
	st := rawStream(t, d, [16]byte{}, ns)
	require.Equal(t, codec.CodeDeadline, endOf(t, st))
	require.Eventually(t, func() bool {
		r, err := sync.Run(t.Context(), d, sync.Options{Store: open(t), Namespace: ns})
		return err == nil && r.Outcome == sync.OK
	}, 5*time.Second, 10*time.Millisecond)
}
