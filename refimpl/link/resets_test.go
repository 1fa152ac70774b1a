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

// TestResetsInPace: a program that opens and gives up streams as fast as it can is held to what every receiver tolerates, and
// gets all of them through in the end (CALM-003).
func TestResetsInPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 450
		r, l := against(t, node(1, nil), true, func(h *codec.Hello) { h.Limits.Streams = 1 << 20 })
		go func() {
			for range n {
				s, err := l.Open(context.Background(), "t", nil)
				if err != nil {
					return // the test has failed
				}
				s.Reset(codec.CodeCancelled, "")
			}
		}()
		var times []time.Time
		for len(times) < n {
			e, ok := r.event()
			require.True(t, ok)
			if _, is := e.msg.(codec.Reset); is {
				times = append(times, e.at)
			}
		}
		for i := codec.ResetsMin; i < n; i++ {
			require.Greater(t, times[i].Sub(times[i-codec.ResetsMin]), 10*time.Second, "RESET %d", i)
		}
		require.Less(t, times[n-1].Sub(times[0]), time.Minute, "no longer than needed")
		require.Zero(t, l.LateResets())
	})
}

// TestLateResets: a RESET that waits goes at once when it is not early any more, and not at all when there is nothing left to
// reset; Open waits with it as long as its context.
func TestLateResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, nil), true, func(h *codec.Hello) { h.Limits.Streams = 1 << 20 })
		const n = 3 * codec.ResetsMin
		list := make([]*link.Stream, n)
		for i := range list {
			var err error
			list[i], err = l.Open(t.Context(), "t", nil)
			require.NoError(t, err)
		}
		for i, s := range list {
			r.send(codec.Accept{Stream: s.ID()})
			list[i] = s
		}
		synctest.Wait()
		for _, s := range list[:2*codec.ResetsMin] {
			s.Reset(codec.CodeCancelled, "")
			require.Error(t, s.Send(nil), "it has ended here")
		}
		synctest.Wait()
		require.Equal(t, codec.ResetsMin, l.LateResets())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := l.Open(ctx, "t", nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		for len(r.in) > 0 {
			<-r.in
		}
		late := list[codec.ResetsMin : 2*codec.ResetsMin]
		r.send(data(late[0].ID(), 0, []byte("dropped")), data(late[5].ID(), codec.FlagFin, []byte("the end")))
		require.Equal(t, late[5].ID(), await[codec.Reset](r).Stream, "the other side has ended its direction")
		r.send(codec.Reset{Stream: late[6].ID(), Code: codec.CodeRefused})
		synctest.Wait()
		require.Equal(t, codec.ResetsMin-2, l.LateResets())
		_, err = l.Open(t.Context(), "t", nil)
		require.NoError(t, err, "fewer than a hundred wait")
		for i, s := range late {
			if i != 5 && i != 6 {
				require.Equal(t, s.ID(), await[codec.Reset](r).Stream)
			}
		}
		require.Zero(t, l.LateResets())
	})
}

// TestDrainSaysResets: the end in good order comes after the RESETs that wait: CLOSE(NO_ERROR) says that no stream is open
// (DRAIN-003).
func TestDrainSaysResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := pair(t, node(1, nil), node(2, ignore))
		for range codec.ResetsMin + 20 {
			s, err := d.Open(t.Context(), "t", nil)
			require.NoError(t, err)
			s.Reset(codec.CodeCancelled, "")
		}
		require.Equal(t, 20, d.LateResets())
		from := time.Now()
		require.NoError(t, d.Drain(t.Context(), codec.CodeShutdown))
		require.Greater(t, time.Since(from), 10*time.Second)
		<-a.Done()
		require.ErrorIs(t, a.Err(), &link.Error{Code: codec.CodeNoError})
	})
}
