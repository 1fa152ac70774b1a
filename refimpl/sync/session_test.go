package sync_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/sync"
)

// TestF1BothDirections: two stores, each newer in half, have equal roots behind one session.
func TestF1BothDirections(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "a", names("both", 100)...)
	exchange(t, a, b)
	put(t, a, "a2", names("both", 100)[:50]...)
	put(t, b, "b2", names("both", 100)[50:]...)
	put(t, a, "a", names("a", 200)...)
	put(t, b, "b", names("b", 300)...)
	r := exchange(t, a, b)
	require.Equal(t, sync.OK, r.Outcome, "%+v", r)
	require.True(t, r.Equal)
	require.Equal(t, root(t, a), root(t, b))
	require.EqualValues(t, 600, root(t, a).Count)
	require.EqualValues(t, 250, r.Mine.Sent)
	require.EqualValues(t, 350, r.Mine.Received)
	require.True(t, a.ClockIn(ns).Equal(b.ClockIn(ns)))
	t.Logf("%s; %d turns, %d bytes in, %d out", r, r.Turns, r.In.Bytes, r.Out.Bytes)
	r = exchange(t, b, a)
	require.Equal(t, sync.OK, r.Outcome)
	require.Zero(t, r.Mine.Sent+r.Theirs.Sent, "nothing is sent twice")
	t.Logf("%s; %d turns, %d bytes in, %d out", r, r.Turns, r.In.Bytes, r.Out.Bytes)
}

// TestScrub: digests alone find everything too.
func TestScrub(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "a", names("a", 400)...)
	put(t, b, "b", names("b", 300)...)
	put(t, b, "b", names("a", 10)...)
	r := exchange(t, a, b, func(o *sync.Options) { o.Plan.NoSince = true })
	require.Equal(t, sync.OK, r.Outcome, "%+v", r)
	require.True(t, r.Equal)
	require.Equal(t, root(t, a), root(t, b))
	require.EqualValues(t, 700, root(t, a).Count)
	require.Len(t, values(t, a, "a00003"), 2)
	t.Logf("%s; %d turns, %d bytes in, %d out", r, r.Turns, r.In.Bytes, r.Out.Bytes)
}

func TestDryRun(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "a", names("a", 100)...)
	put(t, b, "b", names("b", 200)...)
	put(t, b, "b", names("a", 10)...)
	before, other := root(t, a), root(t, b)
	r := exchange(t, a, b, func(o *sync.Options) { o.Plan.DryRun = true })
	require.Equal(t, sync.OK, r.Outcome)
	require.False(t, r.Equal)
	require.Equal(t, before, root(t, a))
	require.Equal(t, other, root(t, b))
	require.Equal(t, 90, r.Found.OnlyHere)
	require.Equal(t, 200, r.Found.OnlyThere)
	require.Equal(t, 10, r.Found.Both)
	require.Len(t, r.Found.Keys, 100)
}

// TestBothSendMuch: questions, answers and large objects in both directions at once do not make two peers wait for each other (SYNC-006).
func TestBothSendMuch(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "old", names("k", 120)...)
	exchange(t, a, b)
	large := strings.Repeat("x", 60_000)
	put(t, a, large, names("k", 120)[:60]...)
	put(t, b, large, names("k", 120)[60:]...)
	put(t, a, large, names("a", 60)...)
	put(t, b, large, names("b", 60)...)
	r := exchange(t, a, b, func(o *sync.Options) { o.Plan.NoSince = true })
	require.Equal(t, sync.OK, r.Outcome)
	require.True(t, r.Equal)
	require.EqualValues(t, 120, r.Mine.Sent)
	require.EqualValues(t, 120, r.Mine.Received)
}
