package sync

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/clock"
)

// messagesOf parses what one side has sent.
func messagesOf(t *testing.T, p *pump, initiator bool) (list []codec.SyncMessage) {
	t.Helper()
	for _, one := range p.trace {
		if one.fromInitiator != initiator {
			continue
		}
		parse := codec.ParseSyncAnswer
		if initiator {
			parse = codec.ParseSyncRequest
		}
		m, err := parse(one.msg)
		require.NoError(t, err)
		list = append(list, m)
	}
	return list
}

// older gives two stores that hold the same 20 objects, which the first has then written again, each under a version that names the other.
func older(t *testing.T) (newer, older *mem) {
	t.Helper()
	a, b := newMem(1), newMem(2)
	for i := range 20 {
		a.write(fmt.Sprint("k", i), "old", false)
	}
	_, err := newPump(a, b, Plan{}).run()
	require.NoError(t, err)
	for i := range 20 {
		a.write(fmt.Sprint("k", i), "new", false)
	}
	return a, b
}

// TestF3OwnVersion: each CHECK_KEY is answered once, with the version that the responder has, and so all that is newer at the initiator arrives.
func TestF3OwnVersion(t *testing.T) {
	a, b := older(t)
	before := map[string]clock.Version{}
	for k, s := range b.objects {
		before[k] = s.Version()
	}
	p := newPump(a, b, Plan{NoSince: true})
	r, err := p.run()
	require.NoError(t, err)
	require.Equal(t, OK, r.Outcome)
	require.True(t, r.Equal)
	require.EqualValues(t, 20, r.Theirs.Applied)
	asked, answered := 0, 0
	for _, m := range messagesOf(t, p, true) {
		if _, ok := m.(codec.SyncCheckKey); ok {
			asked++
		}
	}
	for _, m := range messagesOf(t, p, false) {
		if v, ok := m.(codec.SyncVersion); ok {
			answered++
			own, err := clock.DecodeVersion(v.Version, clock.DefaultLimits())
			require.NoError(t, err)
			require.Equal(t, before[string(v.Key)], own)
		}
	}
	require.Equal(t, 20, asked)
	require.Equal(t, 20, answered)
}

// TestB0EchoIsNotOK: a responder that answers with the version that it was asked about keeps its old objects. The session does not pass for
// one that has worked.
func TestB0EchoIsNotOK(t *testing.T) {
	a, b := older(t)
	p := newPump(a, b, Plan{NoSince: true})
	asked := map[string][]byte{}
	write := p.isend.write
	p.isend.write = func(msg []byte) error {
		if m, err := codec.ParseSyncRequest(msg); err == nil {
			if c, ok := m.(codec.SyncCheckKey); ok {
				asked[string(c.Key)] = append([]byte(nil), c.Version...)
			}
		}
		return write(msg)
	}
	answer := p.rsend.write
	p.rsend.write = func(msg []byte) error {
		if m, err := codec.ParseSyncAnswer(msg); err == nil {
			if v, ok := m.(codec.SyncVersion); ok {
				msg, _ = codec.SyncVersion{Key: v.Key, Version: asked[string(v.Key)]}.AppendBinary(nil)
			}
		}
		return answer(msg)
	}
	r, err := p.run()
	require.NoError(t, err)
	require.Zero(t, r.Mine.Sent, "the initiator sees its own version, and has nothing to send")
	require.Equal(t, 20, r.Echoes)
	require.False(t, r.Equal)
	require.Equal(t, Partial, r.Outcome)
}

// TestF5NoPingPong: what only answers may say is no question, and what nothing has asked for ends the session.
func TestF5NoPingPong(t *testing.T) {
	v := must(version(clock.Set{}))
	for name, m := range map[string]codec.SyncMessage{
		"VERSION that nothing has asked for": codec.SyncVersion{Key: []byte("k0"), Version: v},
		"DIGEST of another prefix":           codec.SyncDigest{Prefix: codec.SyncPrefix{}.Next(3)},
		"REPAIR that nothing has asked for":  codec.SyncRepair{Number: 1, Key: []byte("k0"), Object: must(clock.Set{}.AppendBinary(nil))},
		"COMPLETE before COMPLETE":           codec.SyncComplete{},
		"RESULT of nothing":                  codec.SyncResult{First: 1, Entries: make([]codec.SyncEntry, 1)},
		"a second end of SINCE":              codec.SyncClock{All: true, Clock: must(new(clock.Node).AppendBinary(nil))},
		"CHECK_KEY":                          codec.SyncCheckKey{Key: []byte("k0"), Version: v},
	} {
		t.Run(name, func(t *testing.T) {
			i := NewInitiator("n", newMem(1), Plan{})
			_, err := i.Begin()
			require.NoError(t, err)
			_, err = i.Receive(codec.SyncDigest{})
			require.NoError(t, err)
			_, err = i.Receive(codec.SyncClock{All: true, Clock: must(new(clock.Node).AppendBinary(nil))})
			require.NoError(t, err)
			if name != "COMPLETE before COMPLETE" { // the CHECK with LAST that follows may be answered so
				_, err = i.Complete()
				require.NoError(t, err)
			}
			_, err = i.Receive(m)
			var fault *codec.Error
			require.ErrorAs(t, err, &fault)
			require.Equal(t, codec.CodeProtocol, fault.Code)
			require.Equal(t, codec.ScopeStream, fault.Scope)
		})
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// TestTermination: the other side writes at each message; the session asks no more questions than there were prefixes and keys to begin with.
func TestTermination(t *testing.T) {
	a, b := newMem(1), newMem(2)
	for i := range 300 {
		a.write(fmt.Sprint("a", i), "v", false)
		b.write(fmt.Sprint("b", i), "v", false)
	}
	p := newPump(a, b, Plan{NoSince: true})
	n := 0
	p.between = func() {
		n++
		b.write(fmt.Sprint("b", n%300), fmt.Sprint(n), false)
	}
	r, err := p.run()
	require.NoError(t, err)
	require.NotEqual(t, Failed, r.Outcome)
	seen := map[string]bool{}
	for _, m := range messagesOf(t, p, true) {
		var q string
		switch m := m.(type) {
		case codec.SyncCheck:
			q = fmt.Sprint(m.Prefix, m.Pull, m.Clock, m.Brief)
		case codec.SyncCheckKey:
			q = "key " + string(m.Key)
		default:
			continue
		}
		require.False(t, seen[q], "asked twice: %s", q)
		seen[q] = true
	}
	require.Less(t, len(seen), 1000)
}

// TestHostileDigests: a responder that claims differences everywhere costs the initiator questions, and no memory.
func TestHostileDigests(t *testing.T) {
	i := NewInitiator("n", newMem(1), Plan{NoSince: true})
	effects, err := i.Begin()
	require.NoError(t, err)
	fp := byte(0)
	for range 20_000 {
		q := i.asked[0]
		require.NotEmpty(t, effects)
		fp++
		d := codec.SyncDigest{Prefix: q.prefix, Form: codec.SyncParts, Entries: make([]byte, 256)}
		for n := range d.Entries {
			d.Entries[n] = fp | 1
		}
		if q.prefix.Length == 16 {
			d.Form, d.Entries = codec.SyncItems, nil
		}
		_, err = i.Receive(d)
		require.NoError(t, err)
		require.Less(t, len(i.stack), 16*16*window)
	}
}

// TestWithGone: what is said of writes that are gone never covers one that is not known.
func TestWithGone(t *testing.T) {
	a := clock.Actor{1}
	dot := func(n uint64) clock.Dot { return clock.Dot{Actor: a, Counter: n} }
	theirs := func(list ...uint64) (s clock.Set) {
		for _, n := range list {
			s, _ = s.Put(nil, dot(n), []byte{byte(n)})
		}
		return s
	}
	for _, tc := range []struct {
		name string
		held clock.Set
		v    []uint64
		gone []clock.Dot
		want uint64 // context of the actor
	}{
		{"nothing known", clock.Set{}, []uint64{3}, nil, 0},
		{"gone", clock.Set{}, []uint64{3}, []clock.Dot{dot(3)}, 3},
		{"an earlier one is not known", clock.Set{}, []uint64{3, 5}, []clock.Dot{dot(5)}, 0},
		{"a later one is not known", clock.Set{}, []uint64{3, 5}, []clock.Dot{dot(3)}, 3},
		{"both", clock.Set{}, []uint64{3, 5}, []clock.Dot{dot(3), dot(5)}, 5},
		{"covered already", theirs(4), []uint64{3}, []clock.Dot{dot(3)}, 4},
		{"behind a sibling", theirs(3), []uint64{3, 6}, []clock.Dot{dot(6)}, 6},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := theirs(tc.v...).Version()
			require.Equal(t, tc.want, withGone(tc.held, tc.gone, v).Context().Counter(a))
		})
	}
}
