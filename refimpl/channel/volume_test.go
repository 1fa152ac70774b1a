package channel_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

// counted is a store in memory that takes numbered records in order, without a hole, and keeps none.
type counted struct {
	cursors map[delivery.Key]delivery.Cursor
	n       atomic.Uint64 // records
	wrong   atomic.Uint64 // the first that was not the next; 0: none
	first   time.Time     // of the first record; read after n was seen
}

func (c *counted) Cursors() (map[delivery.Key]delivery.Cursor, error) { return c.cursors, nil }

func (c *counted) Keep(key delivery.Key, cursor delivery.Cursor) error {
	c.cursors[key] = cursor
	return nil
}

func (c *counted) Commit(b *channel.Batch) error {
	items, next := b.New(c.cursors[b.Key])
	n := c.n.Load()
	if n == 0 {
		c.first = time.Now()
	}
	for i := range items {
		n++
		if r := &items[i].Record; r.Seq != n || binary.BigEndian.Uint64(r.Data) != n {
			c.wrong.CompareAndSwap(0, n)
		}
	}
	c.n.Store(n)
	c.cursors[b.Key] = next
	return nil
}

func counting(t *testing.T) (*counted, *channel.Sink) {
	c := &counted{cursors: map[delivery.Key]delivery.Cursor{}}
	sink, err := channel.NewSink(channel.SinkConfig{Inline: true, Transactional: c})
	require.NoError(t, err)
	return c, sink
}

// tcp is a transport with buffers, as a net.Pipe has none.
func tcp(t *testing.T) (a, b net.Conn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	a, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	b, err = ln.Accept()
	require.NoError(t, err)
	return a, b
}

// numbered makes records of 64 bytes that begin with their number.
func numbered(first uint64, n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = make([]byte, 64)
		binary.BigEndian.PutUint64(list[i], first+uint64(i))
	}
	return list
}

// TestHeapIsBounded: what is acknowledged is forgotten, by both sides. The 10^7 records of workload soak in refimpl/bench say the same.
func TestHeapIsBounded(t *testing.T) {
	defer goleak.VerifyNone(t)
	const total, window = 400_000, 2048
	c, sink := counting(t)
	a, b := tcp(t)
	la, lb := linked(t, a, b, config(1, nil), config(2, sink))
	src := newSource(delivery.NewVolatile("q", plenty))
	src.Attach(la)
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var before uint64
	ctx := waits(t)
	for next := uint64(1); next <= total; next += 100 {
		last, n, err := src.PushAll(ctx, numbered(next, 100))
		require.NoError(t, err)
		require.Equal(t, 100, n)
		if last > window {
			require.NoError(t, src.AwaitStable(ctx, last-window))
		}
		if next == total/10+1 {
			before = held()
		}
	}
	after := held()
	require.Less(t, after, before+2<<20, "held %d bytes after a tenth of the records, and %d after all", before, after)
	require.NoError(t, src.AwaitStable(ctx, total))
	require.Zero(t, c.wrong.Load())
	require.EqualValues(t, total, c.n.Load())
	src.Close()
	end(la, lb)
	sink.Close()
}

// TestManyUnacked: a queue with a million records that nobody has acknowledged goes on at once, and all of them come, once and in order.
func TestManyUnacked(t *testing.T) {
	defer goleak.VerifyNone(t)
	const total = 1_000_000
	for _, durable := range []bool{false, true} {
		t.Run(fmt.Sprintf("durable %v", durable), func(t *testing.T) {
			var q channel.Queue = delivery.NewVolatile("q", plenty)
			path := filepath.Join(t.TempDir(), "queue")
			open := func() *delivery.Durable {
				q, err := delivery.OpenDurable(path, "q", plenty)
				require.NoError(t, err)
				return q
			}
			if durable {
				q = open()
			}
			for next := uint64(1); next <= total; next += 20_000 {
				_, _, err := q.AppendAll(numbered(next, 20_000))
				require.NoError(t, err)
			}
			if durable {
				require.NoError(t, q.(*delivery.Durable).Close())
			}
			c, sink := counting(t)
			a, b := tcp(t)
			la, lb := linked(t, a, b, config(1, nil), config(2, sink))
			from := time.Now()
			if durable {
				q = open()
			}
			src := newSource(q)
			src.Attach(la)
			require.NoError(t, src.AwaitStable(waits(t), total))
			t.Logf("the first record after %v, the last after %v", c.first.Sub(from), time.Since(from))
			require.Zero(t, c.wrong.Load())
			require.EqualValues(t, total, c.n.Load())
			src.Close()
			if durable {
				require.NoError(t, q.(*delivery.Durable).Close())
			}
			end(la, lb)
			sink.Close()
		})
	}
}

// TestPushAll: records follow each other under ascending numbers, and what does not fit is said.
func TestPushAll(t *testing.T) {
	defer goleak.VerifyNone(t)
	room := func(records uint64) uint64 { return records * (64 + delivery.RecordOverhead) }
	refuse := channel.NewSource(channel.SourceConfig{Queue: delivery.NewVolatile("q", room(10)), Proto: proto, WhenFull: channel.Refuse})
	last, n, err := refuse.PushAll(t.Context(), numbered(1, 7))
	require.NoError(t, err)
	require.EqualValues(t, []uint64{7, 7}, []uint64{last, uint64(n)})
	last, n, err = refuse.PushAll(t.Context(), numbered(8, 7))
	require.ErrorIs(t, err, channel.ErrFull)
	require.EqualValues(t, []uint64{10, 3}, []uint64{last, uint64(n)}, "what fits is taken")
	require.EqualValues(t, 1, refuse.Stats().Refused)
	large := append(numbered(1, 2), make([]byte, room(10)))
	refuse.Close()
	_, _, err = refuse.PushAll(t.Context(), numbered(1, 1))
	require.ErrorIs(t, err, channel.ErrClosed)

	drop := channel.NewSource(channel.SourceConfig{Queue: delivery.NewVolatile("q", room(10)), Proto: proto})
	last, n, err = drop.PushAll(t.Context(), append(large, numbered(3, 1)...))
	require.ErrorIs(t, err, delivery.ErrTooLarge)
	require.EqualValues(t, []uint64{2, 2}, []uint64{last, uint64(n)})
	last, n, err = drop.PushAll(t.Context(), numbered(3, 100))
	require.NoError(t, err)
	require.EqualValues(t, []uint64{102, 100}, []uint64{last, uint64(n)})
	require.EqualValues(t, room(10), drop.Stats().QueueBytes)
	drop.Close()

	c, sink := counting(t)
	a, b := net.Pipe()
	la, lb := linked(t, a, b, config(1, nil), config(2, sink))
	var stable atomic.Uint64
	wait := channel.NewSource(channel.SourceConfig{
		Queue: delivery.NewVolatile("q", room(10)), Proto: proto, WhenFull: channel.Wait, OnStable: stable.Store,
	})
	wait.Attach(la)
	last, n, err = wait.PushAll(waits(t), numbered(1, 1000))
	require.NoError(t, err)
	require.EqualValues(t, []uint64{1000, 1000}, []uint64{last, uint64(n)})
	require.NoError(t, wait.AwaitStable(waits(t), last))
	require.EqualValues(t, 1000, stable.Load())
	require.EqualValues(t, 1000, c.n.Load())
	require.Zero(t, c.wrong.Load())
	wait.Close()
	end(la, lb)
	sink.Close()
}
