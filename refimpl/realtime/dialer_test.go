package realtime_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/link"
	"handfast/refimpl/realtime"
)

// TestDialerBacksOff: the waits double from Min to Max, each drawn between half and the whole.
func TestDialerBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var times []time.Time
		errNobody := errors.New("nobody there")
		d := realtime.NewDialer(realtime.DialerConfig{
			Dial: func(context.Context) (net.Conn, error) {
				if times = append(times, time.Now()); len(times) == 12 {
					cancel()
				}
				return nil, errNobody
			},
			Min: 100 * time.Millisecond, Max: 3 * time.Second,
		})
		d.Run(ctx, 0)
		require.Len(t, times, 12)
		wait := 100 * time.Millisecond
		for i := range len(times) - 1 {
			got := times[i+1].Sub(times[i])
			require.GreaterOrEqual(t, got, wait/2, i)
			require.LessOrEqual(t, got, wait, i)
			wait = min(2*wait, 3*time.Second)
		}
		st := d.State()
		require.Equal(t, uint64(12), st.Tries)
		require.ErrorIs(t, st.Err, errNobody)
		require.Nil(t, st.Link)
	})
}

// TestDialerComesBack: a link that ends is followed by the next one, a link that is not wanted is closed, and the end of Run ends the last.
func TestDialerComesBack(t *testing.T) {
	a, b := at(t, 'a'), at(t, 'b')
	ctx, cancel := context.WithCancel(waits(t))
	defer cancel()
	links := make(chan *link.Link)
	var accepted sync.WaitGroup
	refuse := true
	d := realtime.NewDialer(realtime.DialerConfig{
		Dial: func(context.Context) (net.Conn, error) {
			ca, cb := transports(t)
			accepted.Go(func() {
				if l, err := link.Accept(context.Background(), cb, b.config()); err == nil {
					<-l.Done()
				}
			})
			return ca, nil
		},
		Link: a.config(),
		OnLink: func(_ context.Context, l *link.Link) error {
			if refuse {
				refuse = false
				return realtime.ErrNoRemote
			}
			links <- l
			return nil
		},
		Min: time.Millisecond, Max: 10 * time.Millisecond,
	})
	done := make(chan struct{})
	go func() { d.Run(ctx, time.Second); close(done) }()
	first := <-links
	require.NoError(t, first.Close(0, ""))
	second := <-links
	require.NotSame(t, first, second)
	a.until(func() bool { return d.State().Link == second }, "it has no link")
	cancel()
	<-done
	<-second.Done()
	accepted.Wait()
	require.GreaterOrEqual(t, d.State().Tries, uint64(3))
}
