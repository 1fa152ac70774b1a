package channel_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

// TestFailingStore: a disk that is full now and then, and a commit that fails though it is durable, lose nothing; the stream ends
// with INTERNAL (ACK-012) and records come again: once for a transactional store, flagged for a plain one.
func TestFailingStore(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for seed := range uint64(10) {
			t.Run(fmt.Sprintf("plain %v, seed %d", plain, seed), func(t *testing.T) {
				t.Parallel()
				rnd, b := rand.New(rand.NewPCG(seed, 5)), newBooks()
				l := b.of(plain)
				failures := 0
				sink := newSink(t, l)
				b.mu.Lock()
				b.fail = func(string) (error, bool) {
					if rnd.IntN(4) == 0 {
						failures++
						return errDisk, rnd.IntN(2) == 0
					}
					return nil, false
				}
				b.mu.Unlock()
				ca, cb := net.Pipe()
				la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
				src := newSource(delivery.NewVolatile("q", plenty))
				src.Attach(la)
				for i := range 400 {
					_, err := src.Push(waits(t), record(i))
					require.NoError(t, err)
					if i%40 == 39 {
						require.NoError(t, src.AwaitStable(waits(t), uint64(i+1)))
					}
				}
				src.Close()
				end(la, lb)
				sink.Close()
				require.NotZero(t, failures)
				require.Len(t, b.effects, 1)
				for _, list := range b.effects {
					seen := map[uint64]bool{}
					for _, e := range list {
						require.Equal(t, string(record(int(e.seq-1))), e.data)
						require.False(t, seen[e.seq] && (!plain || !e.flagged), "record %d came again, flagged %v", e.seq, e.flagged)
						seen[e.seq] = true
					}
					require.Len(t, seen, 400)
				}
			})
		}
	}
}

// failingQueue is a queue whose disk fails.
type failingQueue struct {
	*delivery.Volatile
	fail func() error
}

func (q *failingQueue) Append(data []byte) (uint64, error) {
	if err := q.fail(); err != nil {
		return 0, err
	}
	return q.Volatile.Append(data)
}

func (q *failingQueue) OweCheck() error {
	if err := q.fail(); err != nil {
		return err
	}
	return q.Volatile.OweCheck()
}

// TestFailingQueue: what Push could not keep it says, and it never comes; everything else comes once. A CHECK that could not be
// noted keeps the channel detached until it is (CHAN-020, CHAN-021).
func TestFailingQueue(t *testing.T) {
	rnd, b := rand.New(rand.NewPCG(1, 2)), newBooks()
	fails := make(chan error, 1<<16)
	for range cap(fails) {
		var err error
		if rnd.IntN(3) == 0 {
			err = errDisk
		}
		fails <- err
	}
	q := &failingQueue{delivery.NewVolatile("q", plenty), func() error { return <-fails }}
	sink := newSink(t, b.of(false))
	ca, cb := net.Pipe()
	la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
	src := newSource(q)
	src.Attach(la)
	var want []string
	for i := range 300 {
		if _, err := src.Push(waits(t), record(i)); err == nil {
			want = append(want, string(record(i)))
		} else {
			require.ErrorIs(t, err, errDisk)
		}
	}
	require.NoError(t, src.AwaitStable(waits(t), uint64(len(want))))
	require.True(t, src.Stats().CheckOwed, "the receiver had nothing, and a repair has to run")
	src.Close()
	end(la, lb)
	sink.Close()
	for _, list := range b.effects {
		var got []string
		for _, e := range list {
			got = append(got, e.data)
		}
		require.Equal(t, want, got)
	}
}

// TestBatchNew: what a store has already is left out, and its cursor never falls.
func TestBatchNew(t *testing.T) {
	b := channel.Batch{Items: []channel.Item{{Record: delivery.Record{Seq: 5}}, {Record: delivery.Record{Seq: 6}}, {Gap: &delivery.NoteGap{Gap: codec.Gap{From: 7, To: 9}}}}}
	items, next := b.New(delivery.Cursor{Stable: 5, Ranges: []codec.Range{{First: 12, Last: 13}}})
	require.Len(t, items, 2)
	require.Equal(t, uint64(6), items[0].Record.Seq)
	require.Equal(t, uint64(9), next.Stable)
	require.Equal(t, []codec.Range{{First: 12, Last: 13}}, next.Ranges)
	items, next = b.New(delivery.Cursor{Stable: 20})
	require.Empty(t, items)
	require.Equal(t, uint64(20), next.Stable)
}
