package link_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// finalDrain waits for the final DRAIN.
func finalDrain(r *raw) codec.Drain {
	r.t.Helper()
	for {
		if d := await[codec.Drain](r); d.Last != codec.DrainUndecided {
			return d
		}
	}
}

// drained is what Drain returns, on a goroutine of its own.
func drained(ctx context.Context, l *link.Link, code codec.Code) <-chan error {
	c := make(chan error, 1)
	go func() { c <- l.Drain(ctx, code) }()
	return c
}

// TestDrainInOrder: notice, a round trip, the final DRAIN with the last stream that is served, and when that has ended
// CLOSE(NO_ERROR), however long it takes (DRAIN-003).
func TestDrainInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, echo), false)
		r.send(open(1))
		await[codec.Accept](r)
		done := drained(t.Context(), l, codec.CodeShutdown)
		notice := await[codec.Drain](r)
		require.Equal(t, uint32(codec.DrainUndecided), notice.Last)
		require.Equal(t, codec.CodeShutdown, notice.Code)
		r.send(open(3)) // on its way when the notice was said: it is served
		require.Equal(t, uint32(3), await[codec.Accept](r).Stream)
		final := finalDrain(r)
		require.Equal(t, uint32(3), final.Last)
		pass(time.Hour)
		require.Empty(t, done)
		r.send(data(3, codec.FlagFin, []byte("x")))
		require.Equal(t, "x", string(await[codec.Data](r).Pieces.All()[0]), "what is open goes on")
		pass(time.Minute)
		require.Empty(t, done, "one stream is still open")
		r.send(codec.Reset{Stream: 1, Code: codec.CodeCancelled})
		r.closedWith(codec.CodeNoError)
		require.NoError(t, <-done)
		require.Equal(t, codec.CodeNoError, linkError(t, l.Err()).Code)
	})
}

// TestDrainIdle: a link without streams drains within a round trip, with the id of no stream.
func TestDrainIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, echo), false)
		from := time.Now()
		done := drained(t.Context(), l, codec.CodeMoved)
		require.Zero(t, finalDrain(r).Last)
		r.closedWith(codec.CodeNoError)
		require.NoError(t, <-done)
		require.LessOrEqual(t, time.Since(from), time.Second)
	})
}

// TestDrainDeadline: what still runs when the deadline has passed is cut by CLOSE(DRAINING), at that time (DRAIN-006).
func TestDrainDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, echo), false)
		r.send(open(1))
		await[codec.Accept](r)
		from := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		done := drained(ctx, l, codec.CodeShutdown)
		require.Equal(t, uint32(7000), await[codec.Drain](r).DeadlineMS)
		require.LessOrEqual(t, finalDrain(r).DeadlineMS, uint32(7000))
		r.closedWith(codec.CodeDraining)
		require.InDelta(t, 7*time.Second, time.Since(from), float64(10*time.Millisecond))
		require.Equal(t, codec.CodeDraining, linkError(t, <-done).Code)
	})
}

// TestOpenAfterFinalDrain: an OPEN that comes after the final DRAIN is answered with REJECT(DRAINING); its handler does not
// hear of it (DRAIN-005).
func TestOpenAfterFinalDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := 0
		r, l := against(t, node(1, func(s *link.Stream, p []byte) { served++; echo(s, p) }), false)
		r.send(open(1))
		await[codec.Accept](r)
		drained(t.Context(), l, codec.CodeShutdown)
		require.Equal(t, uint32(1), finalDrain(r).Last)
		for id := uint32(3); id < 600; id += 2 { // more than the streams that may be open at once
			r.send(open(id), data(id, codec.FlagFin, []byte("x")))
			m := await[codec.Reject](r)
			require.Equal(t, id, m.Stream)
			require.Equal(t, codec.CodeDraining, m.Code)
		}
		require.Equal(t, 1, served)
		r.send(data(1, codec.FlagFin))
		r.closedWith(codec.CodeNoError)
	})
}

// TestNoOpenAfterDrain: nothing is opened after DRAIN, received or sent, and what waits for a slot stops waiting
// (DRAIN-001); what is open goes on (DRAIN-002).
func TestNoOpenAfterDrain(t *testing.T) {
	for _, receives := range []bool{true, false} {
		t.Run(map[bool]string{true: "received", false: "sent"}[receives], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l := against(t, node(1, echo), true, func(h *codec.Hello) { h.Limits.Streams = 16 })
				var streams []*link.Stream
				for id := uint32(1); id < 32; id += 2 {
					s, err := l.Open(t.Context(), "t", nil)
					require.NoError(t, err)
					streams = append(streams, s)
					require.Equal(t, id, await[codec.Open](r).Stream)
					r.send(codec.Accept{Stream: id})
				}
				waits := make(chan error, 1)
				go func() {
					_, err := l.Open(context.Background(), "t", nil)
					waits <- err
				}()
				synctest.Wait()
				if receives {
					r.send(codec.Drain{Last: codec.DrainUndecided, Code: codec.CodeShutdown, DeadlineMS: 60_000})
				} else {
					drained(t.Context(), l, codec.CodeShutdown)
					await[codec.Drain](r)
				}
				require.ErrorIs(t, <-waits, link.ErrDraining)
				r.send(codec.Streams{Max: 100})
				_, err := l.Open(t.Context(), "t", nil)
				require.ErrorIs(t, err, link.ErrDraining)
				synctest.Wait()
				for len(r.in) > 0 {
					e := <-r.in
					require.NotEqual(t, codec.TypeOpen, e.msg.FrameType())
				}
				require.NoError(t, streams[3].Send([]byte("goes on")))
				require.Equal(t, "goes on", string(await[codec.Data](r).Pieces.All()[0]))
				require.True(t, l.Stats().Draining)
			})
		})
	}
}

// TestDrainTwice: a second Drain says nothing that the first has not said, and waits for the same end (DRAIN-004).
func TestDrainTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, echo), false)
		r.send(open(1))
		await[codec.Accept](r)
		first := drained(t.Context(), l, codec.CodeShutdown)
		require.Equal(t, uint32(1), finalDrain(r).Last)
		r.send(open(3)) // rejected, and so above what is served
		require.Equal(t, codec.CodeDraining, await[codec.Reject](r).Code)
		second := drained(t.Context(), l, codec.CodeShutdown)
		pass(10 * time.Second)
		r.send(data(1, codec.FlagFin))
		last := uint32(1)
		for {
			m := r.next()
			if d, ok := m.(codec.Drain); ok {
				require.LessOrEqual(t, d.Last, last)
				last = d.Last
			}
			if c, ok := m.(codec.Close); ok {
				require.Equal(t, codec.CodeNoError, c.Code)
				break
			}
		}
		_ = r.conn.Close()
		require.NoError(t, <-first)
		require.NoError(t, <-second)
	})
}

// TestDrainReceived: the other side's DRAIN may repeat and lower its last, and not raise it (DRAIN-004).
func TestDrainReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, echo), false)
		for _, last := range []uint32{codec.DrainUndecided, codec.DrainUndecided, 100, 100, 7} {
			r.send(codec.Drain{Last: last})
		}
		r.stillAlive()
		require.True(t, l.Stats().Draining)
		r.send(codec.Drain{Last: 8})
		r.closedWith(codec.CodeState)
	})
}

// TestDrainBoth: both sides drain at once, each with a stream of its own, and both end in good order.
func TestDrainBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := pair(t, node(1, echo), node(2, echo))
		var streams []*link.Stream
		for _, l := range []*link.Link{d, a} {
			s, err := l.Open(t.Context(), "t", nil)
			require.NoError(t, err)
			streams = append(streams, s)
		}
		one, two := drained(t.Context(), d, codec.CodeShutdown), drained(t.Context(), a, codec.CodeShutdown)
		pass(5 * time.Second)
		for _, s := range streams {
			require.NoError(t, s.Send([]byte("x")))
			m, err := s.Recv()
			require.NoError(t, err)
			require.Equal(t, "x", string(m))
			require.NoError(t, s.CloseSend())
		}
		require.NoError(t, <-one)
		require.NoError(t, <-two)
	})
}
