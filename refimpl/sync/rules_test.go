package sync

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
)

// TestResultIsDurable: when an entry of RESULT is sent, the store has what it says; a store that takes nothing refuses each object (SYNC-023,
// SYNC-033).
func TestResultIsDurable(t *testing.T) {
	a, b := newMem(1), newMem(2)
	for i := range 5 {
		a.write(fmt.Sprint("k", i), "v", false)
	}
	p := newPump(a, b, Plan{})
	said := 0
	write := p.rsend.write
	p.rsend.write = func(msg []byte) error {
		if m, err := codec.ParseSyncAnswer(msg); err == nil {
			if r, ok := m.(codec.SyncResult); ok {
				said += len(r.Entries)
				require.GreaterOrEqual(t, len(b.objects), said)
			}
		}
		return write(msg)
	}
	_, err := p.run()
	require.NoError(t, err)
	require.Equal(t, 5, said)

	full := newMem(3)
	full.full = true
	r, err := newPump(a, full, Plan{}).run()
	require.NoError(t, err)
	require.Equal(t, Partial, r.Outcome)
	require.EqualValues(t, 10, r.Theirs.Rejected, "by SINCE, and again by CHECK")
	require.Zero(t, full.node.Count())
}

// TestStatedClocks: no object is sent whose context goes beyond what its sender has stated before, whoever writes meanwhile (SYNC-025).
func TestStatedClocks(t *testing.T) {
	a, b := newMem(1), newMem(2)
	for i := range 40 {
		a.write(fmt.Sprint("a", i), "v", false)
		b.write(fmt.Sprint("b", i), "v", false)
	}
	p := newPump(a, b, Plan{})
	n := 0
	p.between = func() {
		n++
		a.write(fmt.Sprint("a", n%40), "w", false)
		b.write(fmt.Sprint("b", n%40), "w", false)
	}
	_, err := p.run()
	require.NoError(t, err)
	beyond := 0
	for _, initiator := range []bool{true, false} {
		stated := new(clock.Node)
		state := func(raw []byte) {
			node, err := clock.DecodeNode(raw, clock.DefaultNodeLimits())
			require.NoError(t, err)
			stated.Join(node)
		}
		clocks := 0
		for _, m := range messagesOf(t, p, initiator) {
			switch m := m.(type) {
			case codec.SyncSince:
				state(m.Clock)
			case codec.SyncClock:
				if len(m.Clock) > 0 {
					state(m.Clock)
				}
				clocks++
			case codec.SyncRepair:
				set, err := clock.Decode(m.Object, clock.DefaultLimits())
				require.NoError(t, err)
				for _, d := range set.Context() {
					require.LessOrEqual(t, d.Counter, stated.Max(d.Actor))
				}
			}
		}
		beyond += clocks - 1
	}
	require.Positive(t, beyond, "nobody wrote meanwhile")
}

// TestDigestForms: SAME, up to 64 items, 16 parts; and all items of a prefix of 16 half bytes (SYNC-027).
func TestDigestForms(t *testing.T) {
	m := newMem(1)
	form := func(c codec.SyncCheck) codec.SyncDigest {
		effects, err := NewResponder("n", m).Receive(c)
		require.NoError(t, err)
		return effects[len(effects)-1].(Send).Msg.(codec.SyncDigest)
	}
	require.Equal(t, codec.SyncSame, form(codec.SyncCheck{}).Form, "both are empty")
	require.Equal(t, codec.SyncItems, form(codec.SyncCheck{Fingerprint: [16]byte{1}}).Form)
	for i := range 65 {
		m.write(fmt.Sprint("k", i), "v", false)
		d := form(codec.SyncCheck{})
		if i < 64 {
			require.Equal(t, codec.SyncItems, d.Form)
			require.Len(t, d.Entries, 16*(i+1))
		} else {
			require.Equal(t, codec.SyncParts, d.Form)
			require.Len(t, d.Entries, 256)
		}
		require.Equal(t, codec.SyncSame, form(codec.SyncCheck{Fingerprint: m.root().FP}).Form)
	}
	kh := clock.KeyHash([16]byte{}, "n", "k7")
	d := form(codec.SyncCheck{Prefix: prefixOf(kh)})
	require.Equal(t, codec.SyncItems, d.Form)
	require.Len(t, d.Entries, 16)
	brief := form(codec.SyncCheck{Brief: true})
	require.Equal(t, codec.SyncBrief, brief.Form)
	for half := range 16 {
		require.Equal(t, m.tree().Summary(digest.Prefix{byte(half)}).FP[0], brief.Entries[half])
	}
	require.Equal(t, codec.SyncSame, form(codec.SyncCheck{Brief: true, Fingerprint: m.root().FP}).Form)
}

// TestOddDigests: an initiator does not take a DIGEST that no responder gives (SYNC-044).
func TestOddDigests(t *testing.T) {
	many := codec.SyncDigest{Form: codec.SyncItems, Entries: make([]byte, 65*16)}
	for n := range 65 {
		many.Entries[16*n+15] = byte(n)
	}
	for name, d := range map[string]codec.SyncDigest{
		"BRIEF that was not asked for": {Form: codec.SyncBrief, Entries: make([]byte, 16)},
		"65 items":                     many,
	} {
		i := NewInitiator("n", newMem(1), Plan{NoSince: true})
		_, err := i.Begin()
		require.NoError(t, err)
		_, err = i.Receive(d)
		require.True(t, isProtocol(t, err), name)
	}
}

// TestOnlyAllIsTakenOver: what a peer states so that its objects can be judged is not believed to have been sent (SYNC-041).
func TestOnlyAllIsTakenOver(t *testing.T) {
	var far clock.Node
	far.AddRange(clock.Actor{9}, clock.Range{First: 1, Last: 50})
	raw := must(far.AppendBinary(nil))
	for name, m := range map[string]codec.SyncMessage{"SINCE": codec.SyncSince{Clock: raw}, "CLOCK": codec.SyncClock{Clock: raw}} {
		effects, err := NewResponder("n", newMem(1)).Receive(m)
		require.NoError(t, err)
		for _, e := range effects {
			_, taken := e.(Observe)
			require.False(t, taken, name)
		}
	}
	effects, err := NewResponder("n", newMem(1)).Receive(codec.SyncClock{All: true, Clock: raw})
	require.NoError(t, err)
	require.IsType(t, Observe{}, effects[0])
}
