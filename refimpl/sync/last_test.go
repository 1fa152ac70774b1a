package sync

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/clock"
)

// TestLastAnswered: a CHECK with LAST is answered by COMPLETE where all that it asks about is equal, and by DIGEST otherwise (SYNC-048).
func TestLastAnswered(t *testing.T) {
	m := newMem(1)
	m.write("k", "v", false)
	check, err := NewResponder("n", m).clockCheck()
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		m        codec.SyncCheck
		complete bool
		form     codec.SyncForm
	}{
		"equal":                     {codec.SyncCheck{Last: true, Fingerprint: m.root().FP}, true, 0},
		"equal, and the clocks":     {codec.SyncCheck{Last: true, Clock: true, Brief: true, Fingerprint: m.root().FP, ClockCheck: check}, true, 0},
		"equal, the clocks are not": {codec.SyncCheck{Last: true, Clock: true, Brief: true, Fingerprint: m.root().FP}, false, codec.SyncSame},
		"not equal":                 {codec.SyncCheck{Last: true, Fingerprint: [16]byte{1}}, false, codec.SyncItems},
		"the clocks are, objects not": {
			codec.SyncCheck{Last: true, Clock: true, Brief: true, Fingerprint: [16]byte{1}, ClockCheck: check}, false, codec.SyncBrief,
		},
		"equal, without LAST": {codec.SyncCheck{Fingerprint: m.root().FP}, false, codec.SyncSame},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewResponder("n", m)
			tc.m.Counts = codec.SyncComplete{}
			if tc.m.Last {
				tc.m.Counts.Errors = 7
			}
			effects, err := r.Receive(tc.m)
			require.NoError(t, err)
			peer, done := r.Done()
			require.Equal(t, tc.complete, done)
			if !tc.complete {
				require.Len(t, effects, 1)
				require.Equal(t, tc.form, effects[0].(Send).Msg.(codec.SyncDigest).Form)
				_, err = r.Receive(codec.SyncComplete{Root: true})
				require.NoError(t, err)
				peer, _ = r.Done()
				require.Zero(t, peer.Errors, "counts of a question that was no end are ignored")
				return
			}
			require.Equal(t, []Effect{Send{codec.SyncComplete{}}, Finish{}}, effects)
			require.EqualValues(t, 7, peer.Errors)
			require.Equal(t, m.root().FP, peer.Fingerprint)
			require.EqualValues(t, 1, peer.Count)
			_, err = r.Receive(codec.SyncCheck{})
			require.True(t, isProtocol(t, err))
		})
	}
}

// TestLastStandsAlone: there is nothing behind a CHECK with LAST until its answer, whoever writes meanwhile (SYNC-049), and what has come before it is
// answered (SYNC-030).
func TestLastStandsAlone(t *testing.T) {
	for _, plan := range []Plan{{}, {NoStart: true}, {NoSince: true}} {
		a, b := newMem(1), newMem(2)
		for _, k := range []string{"k", "l", "m"} {
			a.write(k, "a", false)
			b.write(k, "b", false)
		}
		p := newPump(a, b, plan)
		n := 0
		p.between = func() {
			if n++; n%3 == 0 {
				a.write("k", "again", false)
				b.write("l", "again", false)
			}
		}
		_, err := p.run()
		require.NoError(t, err)
		lasts, due, sent, acked, received := 0, false, 0, 0, 0
		for _, one := range p.trace {
			m, err := parseAs(one)
			require.NoError(t, err)
			switch m := m.(type) {
			case codec.SyncCheck:
				if due = m.Last; due {
					lasts++
					require.Equal(t, sent, acked)
					require.EqualValues(t, sent, m.Counts.Sent)
					require.EqualValues(t, received, m.Counts.Received)
				}
				continue
			case codec.SyncDigest, codec.SyncComplete:
				due = due && one.fromInitiator
			case codec.SyncRepair:
				if one.fromInitiator {
					sent++
				} else {
					received++
				}
			case codec.SyncResult:
				if !one.fromInitiator {
					acked += len(m.Entries)
				}
			}
			require.False(t, due && one.fromInitiator, "%T behind a CHECK with LAST", m)
		}
		require.Positive(t, lasts)
	}
}

func parseAs(one traced) (codec.SyncMessage, error) {
	if one.fromInitiator {
		return codec.ParseSyncRequest(one.msg)
	}
	return codec.ParseSyncAnswer(one.msg)
}

// TestSameForLast: an answer SAME, where COMPLETE is due, is a fault (SYNC-044). Where only the clocks differ it is none.
func TestSameForLast(t *testing.T) {
	for _, c := range []struct {
		plan   Plan
		answer codec.SyncDigest
		fault  bool
	}{
		{Plan{NoSince: true}, codec.SyncDigest{}, true},
		{Plan{}, codec.SyncDigest{SameClock: true}, true},
		{Plan{}, codec.SyncDigest{}, false},
	} {
		i := NewInitiator("n", newMem(1), c.plan)
		effects, err := i.Begin()
		require.NoError(t, err)
		require.True(t, effects[0].(Send).Msg.(codec.SyncCheck).Last)
		_, err = i.Receive(c.answer)
		require.Equal(t, c.fault, isProtocol(t, err), "%+v: %v", c, err)
	}
}

// TestCompleteOfAnotherFingerprint: who has written between the question and its answer says so, and the session is whole, and not equal.
func TestCompleteOfAnotherFingerprint(t *testing.T) {
	i := NewInitiator("n", newMem(1), Plan{NoSince: true})
	_, err := i.Begin()
	require.NoError(t, err)
	effects, err := i.Receive(codec.SyncComplete{Root: true, Count: 1, Fingerprint: [16]byte{1}})
	require.NoError(t, err)
	require.Equal(t, []Effect{Finish{}}, effects)
	mine, theirs, ok := i.Result()
	require.True(t, ok)
	report := Report{Mine: mine, Theirs: theirs}
	report.judge()
	require.Equal(t, OK, report.Outcome)
	require.False(t, report.Equal)
}

// TestGrown: START is left out where the clock is another one than behind the last whole session, and never for a peer that was not met.
func TestGrown(t *testing.T) {
	var known met
	s := newMem(1)
	require.False(t, known.grown("b", "n", s))
	known.note("b", "n", s)
	require.False(t, known.grown("b", "n", s))
	s.write("k", "v", false)
	require.True(t, known.grown("b", "n", s))
	require.False(t, known.grown("c", "n", s))
	require.False(t, known.grown("b", "o", s))
	known.note("b", "n", s)
	require.False(t, known.grown("b", "n", s))
	s.node.Add(clock.Dot{Actor: clock.Actor{9}, Counter: 3})
	require.True(t, known.grown("b", "n", s))
}
