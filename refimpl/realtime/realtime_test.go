package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/delivery"
	"handfast/refimpl/realtime"
	"handfast/refimpl/store"
)

// TestPutAppears: what is written at one site is at the other, before and behind the first link.
func TestPutAppears(t *testing.T) {
	a, b := at(t, 'a'), at(t, 'b')
	require.NoError(t, a.rt.Enable("b"))
	a.put(key("early"), "1")
	defer join(t, a, b)()
	b.holds(key("early"), "1")
	for i := range 50 {
		a.put(key(fmt.Sprint("late", i)), fmt.Sprint(i))
	}
	for i := range 50 {
		b.holds(key(fmt.Sprint("late", i)), fmt.Sprint(i))
	}
	require.NoError(t, a.rt.Update(context.Background(), func(tx store.Tx) error {
		_, err := store.Remove(tx, key("early"))
		return err
	}))
	b.until(func() bool { return b.get(key("early")).Deleted() }, "the deletion has not come")
}

// TestBothWays: two sites that write the same object while they do not see each other hold both values in the end, each under its dot.
func TestBothWays(t *testing.T) {
	a, b := at(t, 'a'), at(t, 'b')
	require.NoError(t, a.rt.Enable("b"))
	require.NoError(t, b.rt.Enable("a"))
	a.put(key("x"), "from a")
	b.put(key("x"), "from b")
	defer join(t, a, b)()
	for _, s := range []*site{a, b} {
		s.until(func() bool { return s.get(key("x")).Len() == 2 }, "%s has not both", string(s.id))
	}
	require.True(t, a.get(key("x")).Equal(b.get(key("x"))))
	// One dot has gone each way, and nothing comes round.
	a.until(func() bool { return a.remote().QueueRecords+b.remote().QueueRecords == 0 }, "it goes on")
}

// TestNoOp: what a store has is acknowledged, is no change, and is not passed on (REAL-010, REAL-012).
func TestNoOp(t *testing.T) {
	a, b := at(t, 'a'), at(t, 'b')
	require.NoError(t, a.rt.Enable("b"))
	require.NoError(t, b.rt.Enable("nobody"))
	a.put(key("x"), "1")
	set := a.get(key("x"))
	require.NoError(t, b.rt.Update(context.Background(), func(tx store.Tx) error {
		require.Equal(t, store.Applied, tx.Merge(key("x"), set, nil).Outcome)
		return nil
	}))
	defer join(t, a, b)()
	idle(t, a)
	b.until(func() bool { return b.source().NoOps == 1 }, "not counted")
	require.Zero(t, b.source().Applied)
	require.Equal(t, uint64(1), b.remote().Queued, "by the merge, and not by the record")
	require.True(t, b.get(key("x")).Equal(set))
}

// TestNames: what is no name of a remote, and calls for one that is not there.
func TestNames(t *testing.T) {
	a := at(t, 'a')
	for _, name := range []string{"", ".", "..", "a/b", "A", "0123456789012345678901234567890123"} {
		require.ErrorIs(t, a.rt.Enable(name), realtime.ErrName, name)
	}
	require.ErrorIs(t, a.rt.Start("x"), realtime.ErrNoRemote)
	require.ErrorIs(t, a.rt.Stop("x"), realtime.ErrNoRemote)
	require.ErrorIs(t, a.rt.Disable("x"), realtime.ErrNoRemote)
	_, _, err := a.rt.RemoteChecks("x")
	require.ErrorIs(t, err, realtime.ErrNoRemote)
	require.NoError(t, a.rt.Enable("x"))
	require.NoError(t, a.rt.Enable("x"), "again")
	require.NoError(t, a.rt.Close())
	require.ErrorIs(t, a.rt.Enable("y"), realtime.ErrClosed)
	require.ErrorIs(t, a.rt.Update(context.Background(), func(store.Tx) error { return errors.New("not called") }), realtime.ErrClosed)
}

// TestStop: what is written while a remote is stopped waits for it, over the end of the process too (REAL-025, REAL-026); what is written
// while it is not enabled does not.
func TestStop(t *testing.T) {
	a, b := at(t, 'a'), at(t, 'b')
	a.put(key("before"), "0")
	require.NoError(t, a.rt.Enable("b"))
	end := join(t, a, b)
	a.put(key("x"), "1")
	b.holds(key("x"), "1")
	idle(t, a)
	require.NoError(t, a.rt.Stop("b"))
	a.put(key("x"), "2")
	a.put(key("y"), "2")
	require.Equal(t, uint64(2), a.remote().QueueRecords)
	end()
	a.close()
	a.open()
	defer join(t, a, b)()
	require.False(t, a.remote().Started)
	require.Equal(t, uint64(2), a.remote().QueueRecords)
	require.NoError(t, a.rt.Start("b"))
	b.holds(key("x"), "2")
	b.holds(key("y"), "2")
	require.Equal(t, uint64(1), a.remote().Positions.Kept, "the channel goes on")
	require.Zero(t, b.get(key("before")).Len())

	require.NoError(t, a.rt.Disable("b"))
	a.put(key("unseen"), "3")
	require.NoError(t, a.rt.Enable("b"))
	a.put(key("seen"), "4")
	require.Zero(t, a.remote().Positions.Kept)
	b.holds(key("seen"), "4") // the link is still that of before
	require.Zero(t, b.get(key("unseen")).Len())
}

// TestForget: a channel that is forgotten leaves the store, others stay; keys may be any bytes.
func TestForget(t *testing.T) {
	b := at(t, 'b')
	in := realtime.Intake(b.rt)
	keys := []delivery.Key{{Node: "node:1", Proto: realtime.Proto, Name: "x"}, {Node: "node:1", Proto: realtime.Proto, Name: "\x00/\xFF"}, {Node: "node:2", Proto: realtime.Proto}}
	var wg sync.WaitGroup
	for i, k := range keys {
		wg.Go(func() {
			assert.NoError(t, in.Keep(k, delivery.Cursor{ID: [16]byte{byte(i)}, Lineage: codec.Lineage{{Epoch: 1, Nonce: 1, First: 1}}, Stable: uint64(i)}))
		})
	}
	wg.Wait()
	require.NoError(t, in.Forget(keys[1]))
	b.close()
	b.open()
	all, err := realtime.Intake(b.rt).Cursors()
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, uint64(2), all[keys[2]].Stable)
	require.NotContains(t, all, keys[1])
}
