package link_test

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// TestBothPush: both sides push on many streams and neither application reads, over a transport without buffers. PINGs and
// PONGs go on for as long as it lasts, nobody holds more than was granted, and when the applications read everything comes
// through (CRED-011, wire.md 5.4).
func TestBothPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const streams, size = 8, 20_000
		read := make(chan struct{})
		release := sync.OnceFunc(func() { close(read) })
		defer release()
		var got atomic.Int64
		drink := func(s *link.Stream) {
			<-read
			for {
				m, err := s.Recv()
				if err != nil {
					return
				}
				got.Add(int64(len(m)))
			}
		}
		var stopped atomic.Bool
		var sent atomic.Int64
		push := func(s *link.Stream) {
			for !stopped.Load() {
				if s.Send(make([]byte, size)) != nil {
					return
				}
				sent.Add(size)
			}
			_ = s.CloseSend()
		}
		serve := func(s *link.Stream, _ []byte) {
			s.Accept(nil)
			s.Go(func() { drink(s) })
			s.Go(func() { push(s) })
			s.Done()
		}
		small := func(l *codec.Limits) { l.LinkCredit, l.StreamCredit = 262_144, 65_536 }
		d, a := pair(t, limits(node(1, serve), small), limits(node(2, serve), small))
		var wg sync.WaitGroup
		for _, l := range []*link.Link{d, a} {
			for range streams {
				s, err := l.Open(context.Background(), "t", nil)
				require.NoError(t, err)
				wg.Go(func() { drink(s) })
				wg.Go(func() { push(s) })
			}
		}
		synctest.Wait()
		stuck := sent.Load()
		require.NotZero(t, stuck)
		before := [2]uint64{d.Stats().FramesIn, a.Stats().FramesIn}
		pass(10 * time.Minute) // 120 PINGs each way, 30 silence limits
		require.Equal(t, stuck, sent.Load(), "the senders wait for credit")
		for i, l := range []*link.Link{d, a} {
			require.NoError(t, l.Err())
			require.GreaterOrEqual(t, l.Stats().FramesIn-before[i], uint64(2*115), "PINGs and PONGs")
			require.LessOrEqual(t, l.Stats().Unread, uint64(262_144))
			require.LessOrEqual(t, l.Queued(), 4096)
		}
		stopped.Store(true)
		release()
		wg.Wait()
		synctest.Wait()
		require.Equal(t, sent.Load(), got.Load(), "everything came through")
	})
}

// TestReadsWhileBlocked: a side that cannot write takes every frame that it may be sent, at once (CRED-011).
func TestReadsWhileBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := node(1, echo)
		cfg.MaxWindow = 262_144
		r, l := mute(t, cfg)
		from := time.Now()
		used := 0
		r.send(open(1), open(3))
		for range 100 { // lawful: within the first grants, and nothing of what was granted since was read
			r.send(data(1, 0, make([]byte, 1000)), codec.Ping{Echo: 1}, codec.Unknown{Type: 0x1B}, codec.Credit{Stream: 1, Max: 1 << 30}, codec.Credit{Max: 1 << 40})
			used += 1064
			pass(600 * time.Millisecond)
		}
		r.send(codec.Reset{Stream: 1, Code: codec.CodeCancelled})
		for id := uint32(5); id < 100; id += 2 {
			r.send(open(id), codec.Reset{Stream: id})
		}
		require.Less(t, time.Since(from), 61*time.Second, "a write of the other side had to wait")
		_ = l
	})
}

// TestSlowReaderAlone: a stream whose reader sleeps keeps no other stream of the link waiting.
func TestSlowReaderAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		serve := func(s *link.Stream, p []byte) {
			if n++; n == 1 {
				ignore(s, p)
			} else {
				echo(s, p)
			}
		}
		d, _ := pair(t, node(1, nil), node(2, serve))
		slow, err := d.Open(t.Context(), "t", nil)
		require.NoError(t, err)
		go func() {
			for slow.Send(make([]byte, 10_000)) == nil {
			}
		}()
		synctest.Wait()
		from := time.Now()
		for range 20 {
			s, err := d.Open(t.Context(), "t", nil)
			require.NoError(t, err)
			require.NoError(t, s.Send(make([]byte, 100_000)))
			require.NoError(t, s.CloseSend())
			m, err := s.Recv()
			require.NoError(t, err)
			require.Len(t, m, 100_000)
			_, err = s.Recv()
			require.ErrorIs(t, err, io.EOF)
		}
		require.Zero(t, time.Since(from))
		slow.Reset(codec.CodeCancelled, "")
	})
}

// TestHalfClosed: a side goes on sending after the other has sent FIN (STRM-017).
func TestHalfClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := func(s *link.Stream, _ []byte) {
			s.Accept(nil)
			s.Go(func() {
				_, err := s.Recv()
				require.ErrorIs(t, err, io.EOF)
				for i := range 50 {
					pass(time.Second)
					_ = s.Send([]byte{byte(i)})
				}
				_ = s.CloseSend()
			})
			s.Done()
		}
		d, a := pair(t, node(1, nil), node(2, late))
		s, err := d.Open(t.Context(), "t", nil)
		require.NoError(t, err)
		require.NoError(t, s.CloseSend())
		require.Error(t, s.Send([]byte("x")), "STRM-020")
		for i := range 50 {
			m, err := s.Recv()
			require.NoError(t, err)
			require.Equal(t, []byte{byte(i)}, m)
		}
		_, err = s.Recv()
		require.ErrorIs(t, err, io.EOF)
		synctest.Wait()
		require.Zero(t, a.Stats().Streams)
		require.Zero(t, d.Stats().Streams)
	})
}
