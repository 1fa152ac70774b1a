package link

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// windowModel is Window as a child would write it: two lists of charges and a sum.
type windowModel struct {
	arrived, eaten []uint64
	granted        uint64
}

func (m *windowModel) received() uint64 { return sumOf(m.arrived) }
func (m *windowModel) consumed() uint64 { return sumOf(m.eaten) }

func sumOf(list []uint64) (sum uint64) {
	for _, n := range list {
		sum += n
	}
	return sum
}

// TestWindowAgainstModel drives Window through random orders of arriving and consuming, and holds every answer against the
// model and the invariants of chapter 11.
func TestWindowAgainstModel(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		first := uint64(65_536) << rnd.IntN(4)
		most := first << rnd.IntN(4)
		w, m := NewWindow(first, most), windowModel{granted: first}
		now := int64(1)
		for range 400 {
			now += rnd.Int64N(2 * fastGrant)
			if rnd.IntN(2) == 0 {
				charge := 64 + rnd.Uint64N(first)
				want := m.received()+charge <= m.granted
				require.Equal(t, want, w.Receive(charge), "seed %d: charge %d of %d left", seed, charge, m.granted-m.received())
				if want {
					m.arrived = append(m.arrived, charge)
				}
			} else if out := m.received() - m.consumed(); out > 0 {
				charge := 1 + rnd.Uint64N(out)
				m.eaten = append(m.eaten, charge)
				if w.Consume(charge) {
					to := w.Grant(now)
					require.Greater(t, to, m.granted, "seed %d: a grant that raises nothing is an idle frame to the other side", seed)
					require.GreaterOrEqual(t, to-m.granted, first/4, "seed %d: CRED-009", seed)
					m.granted = to
				}
			}
			require.Equal(t, m.received()-m.consumed(), w.Outstanding(), "seed %d", seed)
			require.LessOrEqual(t, m.received(), m.granted, "seed %d", seed)
			require.LessOrEqual(t, m.granted-m.consumed(), most, "seed %d: more outstanding than the window may grow to", seed)
			if m.received() == m.consumed() { // nothing is held: a sender must find room, or it waits for ever
				require.GreaterOrEqual(t, m.granted-m.received(), first/2, "seed %d", seed)
			}
		}
	}
}

func TestWindowGrows(t *testing.T) {
	const first, most = 64 << 10, 512 << 10
	steps := []struct {
		name string
		gap  int64 // ns since the last grant
		want uint64
	}{
		{"the first grant does not grow: nothing is known of the pace", 0, first},
		{"a fast one doubles", fastGrant - 1, 2 * first},
		{"a slow one does not", fastGrant, 2 * first},
		{"fast again", 1, 4 * first},
		{"and again, to the most", 1, most},
		{"never beyond the most", 1, most},
	}
	w, now := NewWindow(first, most), int64(1)
	for _, s := range steps {
		now += s.gap
		left := w.granted - w.received
		require.True(t, w.Receive(left), s.name)
		require.True(t, w.Consume(left), s.name)
		require.Equal(t, w.consumed+s.want, w.Grant(now), s.name)
	}
}

func TestWindowEdge(t *testing.T) {
	w := NewWindow(1000, 1000)
	require.True(t, w.Receive(1000), "exactly what was granted")
	require.False(t, w.Receive(1), "one more (CRED-001)")
	require.Equal(t, uint64(1000), w.Outstanding(), "what was refused is not counted")
	require.False(t, w.Consume(499))
	require.True(t, w.Consume(1), "half of the window is free")
}

// TestCreditEndToEnd joins Grant and Window by a wire that loses no order but delays, and that repeats CREDITs: the sender
// never goes beyond what was granted, ignores what does not raise, and always comes to the end.
func TestCreditEndToEnd(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		first := uint64(65_536)
		w := NewWindow(first, 4*first)
		var g Grant
		require.True(t, g.Raise(first))
		var data, credits []uint64 // on the wire
		var left uint64 = 40 * first
		var unread []uint64
		newest := first
		for steps := 0; left > 0 || len(data) > 0 || len(unread) > 0; steps++ {
			require.Less(t, steps, 1_000_000, "seed %d: stuck", seed)
			switch rnd.IntN(4) {
			case 0: // send, as much as a frame holds
				charge := min(64+rnd.Uint64N(first/2-64), left)
				if charge > 0 && charge <= g.Free() {
					g.Use(charge)
					left -= charge
					data = append(data, charge)
				}
			case 1: // arrive
				if len(data) > 0 {
					require.True(t, w.Receive(data[0]), "seed %d: the sender kept within its grant", seed)
					unread, data = append(unread, data[0]), data[1:]
				}
			case 2: // consume
				if len(unread) > 0 {
					if w.Consume(unread[0]) {
						credits = append(credits, w.Grant(int64(steps)+1))
					}
					unread = unread[1:]
				}
			case 3: // a CREDIT arrives, perhaps twice
				if len(credits) > 0 {
					require.Equal(t, credits[0] > newest, g.Raise(credits[0]), "seed %d", seed)
					newest = max(newest, credits[0])
					require.False(t, g.Raise(credits[0]), "CRED-005: not greater than the one before")
					require.False(t, g.Raise(first))
					credits = credits[1:]
				}
			}
			require.LessOrEqual(t, g.used, g.max)
		}
	}
}
