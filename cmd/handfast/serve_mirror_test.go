package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
)

// notes is a store in memory: the mirrored records in their order, and how many there are.
type notes struct {
	mu      sync.Mutex
	cursors map[delivery.Key]delivery.Cursor
	records []string
	come    chan struct{} // capacity 1: there are more
}

func (n *notes) Cursors() (map[delivery.Key]delivery.Cursor, error) { return nil, nil }

func (n *notes) Keep(key delivery.Key, c delivery.Cursor) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cursors[key] = c.Clone()
	return nil
}

func (n *notes) Commit(b *channel.Batch) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	items, next := b.New(n.cursors[b.Key])
	for _, i := range items {
		what := string(i.Record.Data)
		if i.Gap != nil {
			what = "gap"
		}
		n.records = append(n.records, what)
	}
	n.cursors[b.Key] = next
	select {
	case n.come <- struct{}{}:
	default:
	}
	return nil
}

func (n *notes) list() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.records...)
}

// TestServeMirrorIsKilled: a peer that is killed while records come goes on where it was, and each record comes back once, in order
// (ACK-002, CHAN-018, MIRR-001).
func TestServeMirrorIsKilled(t *testing.T) {
	const lives, each = 5, 40
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	back := &notes{cursors: map[delivery.Key]delivery.Cursor{}, come: make(chan struct{}, 1)}
	sink, err := channel.NewSink(channel.SinkConfig{Transactional: back})
	require.NoError(t, err)
	defer sink.Close()
	src := channel.NewSource(channel.SourceConfig{Queue: delivery.NewVolatile("a", 1<<20), Proto: mirror.Proto, RetryMin: time.Millisecond})
	defer src.Close()
	var want []string
	for life := range lives {
		s := serve(t, "--mirror", "--data", dir, "--log", "off")
		conn, err := dial.Transport(ctx, s.addr, nil)
		require.NoError(t, err)
		l, err := link.Dial(ctx, conn, link.Config{Node: [16]byte{1}, Delivery: true, Handlers: map[string]link.Handler{mirror.Proto: sink}})
		require.NoError(t, err)
		src.Attach(l)
		for i := range each {
			data := fmt.Sprintf("record %d of life %d", i, life)
			seq, err := src.Push(ctx, []byte(data))
			require.NoError(t, err)
			want = append(want, data)
			if life == lives-1 || i == each/2 { // in the others the rest is on its way when the peer is killed
				require.NoError(t, src.AwaitStable(ctx, seq))
			}
		}
		if life < lives-1 {
			require.NoError(t, s.cmd.Process.Kill())
			_ = s.cmd.Wait() // says that it was killed
			<-l.Done()
			continue
		}
		for len(back.list()) < len(want) {
			select {
			case <-back.come:
			case <-ctx.Done():
				t.Fatalf("%d of %d records have come back", len(back.list()), len(want))
			}
		}
		require.Equal(t, want, back.list())
		for key, c := range back.cursors {
			require.Equal(t, "a~", key.Name)
			require.Len(t, c.Lineage, lives, "an entry for each life (CHAN-007)")
		}
		require.EqualValues(t, lives-1, src.Stats().Positions.Kept)
		require.NoError(t, l.Close(codec.CodeNoError, ""))
	}
}
