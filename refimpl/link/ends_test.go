package link_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// TestOpenWhileClosing: frames that arrive after this side's CLOSE are dropped. A stream that was opened then would have
// nobody to end it (CLOSE-003).
func TestOpenWhileClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := 0
		r, l := against(t, node(1, func(s *link.Stream, p []byte) { served++; echo(s, p) }), false)
		go func() { _ = l.Close(codec.CodeShutdown, "") }()
		await[codec.Close](r)
		r.send(open(1), data(1, 0, []byte("x")))
		synctest.Wait()
		_ = r.conn.Close()
		select {
		case <-l.Done():
		case <-time.After(time.Minute):
			t.Fatal("the link never ends")
		}
		require.Zero(t, served)
	})
}

// TestNoOrphans: links that are closed at any moment of others' work end, and so does everything on them.
func TestNoOrphans(t *testing.T) {
	for round := range 30 {
		synctest.Test(t, func(t *testing.T) {
			d, a := pair(t, node(1, nil), node(2, echo))
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for {
						s, err := d.Open(t.Context(), "t", nil)
						if err != nil {
							return
						}
						if s.Send(make([]byte, 100)) != nil {
							return
						}
						_ = s.CloseSend()
						for {
							if _, err := s.Recv(); err != nil {
								break
							}
						}
						pass(time.Microsecond)
					}
				})
			}
			pass(time.Duration(round) * time.Microsecond)
			_ = []*link.Link{d, a}[round%2].Close(codec.CodeNoError, "")
			wg.Wait()
			<-a.Done()
			<-d.Done()
			require.Zero(t, a.Stats().Streams)
		})
	}
}

// TestParkedForgotten: a stream that waited for credit of the link is forgotten when it is reset: who grants nothing and
// opens and resets would otherwise make this side keep one more with each (LIM-001, CRED-010).
func TestParkedForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		talker := func(s *link.Stream, _ []byte) {
			s.Accept(nil)
			s.Go(func() {
				for s.Send(make([]byte, 30<<10)) == nil {
				}
			})
			s.Done()
		}
		r, l := against(t, node(1, talker), false, func(h *codec.Hello) { h.Limits.LinkCredit = 262_144 })
		for i := range uint32(100) {
			id := 2*i + 1
			r.send(open(id))
			synctest.Wait()
			r.send(codec.Reset{Stream: id, Code: codec.CodeCancelled})
			synctest.Wait()
			if i%50 == 0 {
				pass(11 * time.Second) // CALM-003
			}
		}
		require.Zero(t, l.Stats().Streams)
		require.LessOrEqual(t, l.Parked(), 1)
	})
}

// TestWatchEnds: a stream that has ended is not kept by the context that it was opened with, which may live long.
func TestWatchEnds(t *testing.T) {
	d, a := tcpPair(t, node(1, nil), node(2, echo))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var collected atomic.Int32
	const n = 50
	for range n {
		s, err := d.Open(ctx, "t", nil)
		require.NoError(t, err)
		require.NoError(t, s.CloseSend())
		_, err = s.Recv()
		require.Error(t, err)
		runtime.AddCleanup(s, func(*atomic.Int32) { collected.Add(1) }, &collected)
	}
	require.Eventually(t, func() bool { return a.Stats().Streams == 0 && d.Stats().Streams == 0 }, patience, time.Millisecond)
	require.Eventually(t, func() bool { runtime.GC(); return collected.Load() >= n-2 }, 5*time.Second, 10*time.Millisecond,
		"streams are kept by their context")
}

// TestParamsTooLong: params that do not fit into OPEN or ACCEPT are an error of the caller, and harm nothing else.
func TestParamsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := pair(t, node(1, nil), node(2, echo))
		_, err := d.Open(t.Context(), "t", make([]byte, 20<<10))
		require.Error(t, err)
		s, err := d.Open(t.Context(), "t", []byte("params"))
		require.NoError(t, err)
		require.NoError(t, s.Send([]byte("x")))
		m, err := s.Recv()
		require.NoError(t, err, "the link has ended: %v", d.Err())
		require.Equal(t, "x", string(m))
	})
}

// counting is a Receiver that notes what it is told, and when.
type counting struct {
	ends     chan error
	messages int
	inside   atomic.Bool
	overlaps atomic.Int32
	slow     func()
}

func (c *counting) OnMessage(*link.Stream, []byte, bool) {
	c.inside.Store(true)
	c.messages++
	if c.slow != nil {
		c.slow()
	}
	c.inside.Store(false)
}

func (c *counting) OnEnd(_ *link.Stream, err error) {
	if c.inside.Load() {
		c.overlaps.Add(1)
	}
	c.ends <- err
}

// TestReceiverTold: a Receiver is told of the end once, whatever ends its stream.
func TestReceiverTold(t *testing.T) {
	big := make([]byte, 70<<10)
	for _, tc := range []struct {
		name string
		do   func(r *raw, s *link.Stream)
		want codec.Code
	}{
		{"FIN", func(r *raw, _ *link.Stream) { r.send(data(1, codec.FlagFin, []byte("x"))) }, codec.CodeNoError},
		{"FIN without a message", func(r *raw, _ *link.Stream) { r.send(data(1, codec.FlagFin)) }, codec.CodeNoError},
		{"many and FIN", func(r *raw, _ *link.Stream) {
			r.send(data(1, 0, []byte("x"), nil), data(1, codec.FlagFin, nil, nil))
		}, codec.CodeNoError},
		{"RESET", func(r *raw, _ *link.Stream) { r.send(codec.Reset{Stream: 1, Code: codec.CodeRefused}) }, codec.CodeRefused},
		{"its own Reset", func(_ *raw, s *link.Stream) { s.Reset(codec.CodeCancelled, "") }, codec.CodeCancelled},
		{"too big, with FIN", func(r *raw, _ *link.Stream) { r.send(data(1, codec.FlagFin, big)) }, codec.CodeMsgTooBig},
		{"too big, without FIN", func(r *raw, _ *link.Stream) { r.send(data(1, 0, big)) }, codec.CodeMsgTooBig},
		{"too big, behind another", func(r *raw, _ *link.Stream) { r.send(data(1, codec.FlagFin, []byte("x"), big)) }, codec.CodeMsgTooBig},
		{"CLOSE", func(r *raw, _ *link.Stream) { r.send(codec.Close{Code: codec.CodeShutdown}) }, codec.CodeShutdown},
		{"end of the transport", func(r *raw, _ *link.Stream) { _ = r.conn.Close() }, codec.CodeInternal},
	} {
		for _, half := range []bool{false, true} { // is this side's direction still open?
			t.Run(tc.name+map[bool]string{false: "", true: ", own direction open"}[half], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := limits(node(1, nil), func(l *codec.Limits) { l.MaxMessage = 65_536 })
					r, l := against(t, cfg, true)
					c := &counting{ends: make(chan error, 16)}
					first := []byte("request")
					if half {
						first = nil
					}
					s, err := l.OpenWith(t.Context(), "t", nil, c, first)
					require.NoError(t, err)
					r.send(codec.Accept{Stream: 1})
					synctest.Wait()
					tc.do(r, s)
					pass(time.Second)
					require.Len(t, c.ends, 1)
					err = <-c.ends
					if tc.want == codec.CodeNoError {
						require.NoError(t, err)
					} else {
						require.Equal(t, tc.want.String(), linkError(t, err).Code.String())
					}
					if tc.want == codec.CodeMsgTooBig {
						require.Equal(t, codec.CodeMsgTooBig, await[codec.Reset](r).Code, "DATA-006")
					}
					_ = r.conn.Close()
					<-l.Done()
					require.Empty(t, c.ends, "told twice")
				})
			})
		}
	}
}

// TestReceiverAlone: OnEnd does not come while OnMessage runs: what a Receiver writes to is its own until then.
func TestReceiverAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, nil), true)
		c := &counting{ends: make(chan error, 16), slow: func() { pass(time.Second) }}
		s, err := l.OpenWith(t.Context(), "t", nil, c, nil)
		require.NoError(t, err)
		r.send(codec.Accept{Stream: 1}, data(1, 0, []byte("x")))
		synctest.Wait()
		require.True(t, c.inside.Load())
		s.Reset(codec.CodeCancelled, "")
		require.Equal(t, codec.CodeCancelled, linkError(t, <-c.ends).Code)
		require.Zero(t, c.overlaps.Load())
		pass(2 * time.Second)
		require.Empty(t, c.ends)
	})
}

// TestOpenFails: a stream that cannot send its first message does not stay behind, and its receiver hears of it.
func TestOpenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, nil), true, func(h *codec.Hello) { h.Limits.MaxMessage, h.Limits.StreamCredit = 65_536, 65_536 })
		c := &counting{ends: make(chan error, 16)}
		_, err := l.OpenWith(t.Context(), "t", nil, c, make([]byte, 65_537))
		if err == nil {
			err = <-c.ends
		}
		require.Equal(t, codec.CodeMsgTooBig, linkError(t, err).Code)
		synctest.Wait()
		require.Zero(t, l.Stats().Streams)
		// No credit: the wait ends with the context.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() { // takes everything and grants nothing
			for range 2 {
				r.send(codec.Accept{Stream: await[codec.Open](r).Stream})
			}
		}()
		_, err = l.OpenWith(ctx, "t", nil, c, make([]byte, 60_000))
		require.NoError(t, err)
		from := time.Now()
		_, err = l.OpenWith(ctx, "t", nil, c, make([]byte, 65_500))
		_ = err
		require.LessOrEqual(t, time.Since(from), time.Second)
	})
}
