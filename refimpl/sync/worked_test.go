package sync

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/spec/exchange"
)

// TestWorkedSession: two peers say exactly what spec/sync.md shows.
func TestWorkedSession(t *testing.T) {
	want, err := exchange.Repair()
	require.NoError(t, err)
	a, b := newMem(1), newMem(2)
	for i, m := range []*mem{a, b} {
		m.ns, m.actor = exchange.RepairNamespace, exchange.RepairActors[i]
	}
	a.write("ann", "An", false)
	_, err = newPump(b, a, Plan{}).run()
	require.NoError(t, err)
	a.write("ann", "Ann", false)
	b.write("bob", "Bob", false)
	p := newPump(a, b, Plan{})
	r, err := p.run()
	require.NoError(t, err)
	require.Equal(t, OK, r.Outcome)
	require.True(t, r.Equal)
	for _, initiator := range []bool{true, false} {
		var shown, said [][]byte
		for _, m := range want {
			if (m.From == exchange.Dialer) == initiator {
				shown = append(shown, m.Bytes())
			}
		}
		for _, one := range p.trace {
			if one.fromInitiator == initiator {
				said = append(said, one.msg)
			}
		}
		require.Equal(t, shown, said)
	}
}
