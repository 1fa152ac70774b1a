package channel_test

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// Forget makes life a channel.Forgetter.
func (l *life) Forget(key delivery.Key) error {
	return l.do("forget", func() { delete(l.cursors, key) })
}

// TestForget: a channel that was detached for 7 days is forgotten (OPT-010), in memory and in the store, and no other is; what its sender
// offers later is answered as unknown.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 80 // more than are forgotten at a time
		b := newBooks()
		sink := newSink(t, b.of(false))
		var links []*link.Link
		var sources []*channel.Source
		for node := range 2 { // a node has 64 at most
			ca, cb := net.Pipe()
			la, lb := linked(t, ca, cb, config(byte(node+1), nil), config(9, sink))
			links = append(links, la, lb)
			for i := range count / 2 {
				src := newSource(delivery.NewVolatile(fmt.Sprint(i), plenty))
				src.Attach(la)
				seq, err := src.Push(t.Context(), record(i))
				require.NoError(t, err)
				require.NoError(t, src.AwaitStable(t.Context(), seq))
				sources = append(sources, src)
			}
		}
		stays := sources[0]
		for _, src := range sources[1:] {
			src.Close()
		}
		end(links[2:]...)
		synctest.Wait()
		time.Sleep(delivery.KeepDetached - time.Minute)
		synctest.Wait()
		require.Len(t, sink.Stats(), count)
		time.Sleep(time.Hour + time.Minute)
		synctest.Wait()
		list := sink.Stats()
		require.Len(t, list, 1, "the one that is attached")
		require.True(t, list[0].Attached)
		b.mu.Lock()
		require.Len(t, b.cursors, 1)
		b.mu.Unlock()
		seq, err := stays.Push(t.Context(), record(0))
		require.NoError(t, err)
		require.NoError(t, stays.AwaitStable(t.Context(), seq))

		w := newWatch()
		_, err = links[0].OpenChannel(t.Context(), proto, nil, offered(200, 3, 2, codec.Epoch{Epoch: 1, Nonce: 7, First: 1}), w)
		require.NoError(t, err)
		p := <-w.accepted
		require.Equal(t, codec.PositionLost, p.State)

		stays.Close()
		end(links[:2]...)
		sink.Close()
	})
}

// TestForgetAndReturn: a channel that comes back while the store forgets it is kept anew.
func TestForgetAndReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBooks()
		one := b.of(false)
		sink := newSink(t, one)
		ca, cb := net.Pipe()
		la, lb := linked(t, ca, cb, config(1, nil), config(9, sink))
		q := delivery.NewVolatile("q", plenty)
		src := newSource(q)
		src.Attach(la)
		seq, err := src.Push(t.Context(), record(1))
		require.NoError(t, err)
		require.NoError(t, src.AwaitStable(t.Context(), seq))
		src.Close()
		synctest.Wait()
		fails := 0
		b.mu.Lock()
		b.fail = func(at string) (error, bool) {
			if at == "forget" && fails < 3 {
				fails++
				return errDisk, false
			}
			return nil, false
		}
		b.mu.Unlock()
		time.Sleep(delivery.KeepDetached + time.Hour)
		again := newSource(q)
		again.Attach(la)
		seq, err = again.Push(t.Context(), record(2))
		require.NoError(t, err)
		require.NoError(t, again.AwaitStable(t.Context(), seq))
		require.Equal(t, 3, fails)
		require.EqualValues(t, 1, again.Stats().Positions.Lost)
		list := sink.Stats()
		require.Len(t, list, 1)
		b.mu.Lock()
		require.Len(t, b.cursors, 1)
		require.Equal(t, seq, b.cursors[list[0].Key].Stable)
		b.mu.Unlock()
		again.Close()
		end(la, lb)
		sink.Close()
	})
}
