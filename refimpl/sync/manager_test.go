package sync_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	gosync "sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/link"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

var errNoLink = errors.New("no link")

// TestF15Schedule: sessions come at jittered times, each with a random peer that is not this one, and are given the interval less twice sigma.
func TestF15Schedule(t *testing.T) {
	s := open(t)
	synctest.Test(t, func(t *testing.T) {
		const interval, sigma = time.Minute, 5 * time.Second
		var mu gosync.Mutex
		var times []time.Time
		count := map[string]int{}
		m, err := sync.NewManager(sync.ManagerConfig{
			Store: s, Namespaces: []string{ns}, Self: [16]byte{1}, Interval: interval, Sigma: sigma, Rand: rand.New(rand.NewPCG(1, 2)),
			Peers: func() []sync.Peer {
				return []sync.Peer{{Name: "self", Node: [16]byte{1}}, {Name: "b", Node: [16]byte{2}}, {Name: "c", Node: [16]byte{3}}, {Name: "d"}}
			},
			Link: func(ctx context.Context, p sync.Peer) (*link.Link, func(), error) {
				mu.Lock()
				defer mu.Unlock()
				times = append(times, time.Now())
				count[p.Name]++
				deadline, ok := ctx.Deadline()
				require.True(t, ok)
				require.Equal(t, interval-2*sigma, time.Until(deadline))
				return nil, nil, errNoLink
			},
		})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		var wg gosync.WaitGroup
		wg.Go(func() { m.Run(ctx) })
		time.Sleep(1000 * interval) // of the bubble
		m.Enable(false)
		made := func() int {
			mu.Lock()
			defer mu.Unlock()
			return len(times)
		}
		before := made()
		time.Sleep(100 * interval)
		require.Equal(t, before, made(), "switched off")
		_, err = m.Start(sync.Peer{Name: "b"}, sync.Options{Namespace: ns})
		require.ErrorIs(t, err, sync.ErrDisabled)
		m.Enable(true)
		time.Sleep(10 * interval)
		require.Greater(t, made(), before+5)
		stop()
		wg.Wait()
		m.Close()
		_, err = m.Start(sync.Peer{Name: "b"}, sync.Options{Namespace: ns})
		require.ErrorIs(t, err, sync.ErrClosed)

		require.Zero(t, count["self"])
		for _, name := range []string{"b", "c", "d"} {
			require.InDelta(t, float64(len(times))/3, count[name], 60, name)
		}
		var sum, squares float64
		n := float64(before - 1)
		for i := 1; i < before; i++ {
			d := times[i].Sub(times[i-1]).Seconds()
			sum += d
			squares += d * d
		}
		mean := sum / n
		require.InDelta(t, 60, mean, 0.7)
		require.InDelta(t, 5, math.Sqrt(squares/n-mean*mean), 0.5)
	})
}

func TestManagerConfig(t *testing.T) {
	_, err := sync.NewManager(sync.ManagerConfig{Interval: time.Millisecond, Sigma: time.Second})
	require.ErrorContains(t, err, "required")
	require.ErrorContains(t, err, "Interval")
	require.ErrorContains(t, err, "Sigma")
}

// TestStartListCancel: sessions are started by hand, shown while they go on, and ended.
func TestStartListCancel(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "v", names("k", 50)...)
	d, _ := pair(t, sync.NewHandler(sync.Settings{Store: b}))
	hung := make(chan struct{})
	ended := make(chan error, 4)
	m, err := sync.NewManager(sync.ManagerConfig{
		Store: a, Namespaces: []string{ns}, Peers: func() []sync.Peer { return nil },
		Link: func(ctx context.Context, p sync.Peer) (*link.Link, func(), error) {
			if p.Name == "hangs" {
				close(hung)
				<-ctx.Done()
				return nil, nil, ctx.Err()
			}
			return d, func() {}, nil
		},
		OnEnd: func(_ sync.Peer, _ *sync.Report, err error) { ended <- err },
	})
	require.NoError(t, err)
	defer m.Close()
	id, err := m.Start(sync.Peer{Name: "hangs"}, sync.Options{Namespace: ns})
	require.NoError(t, err)
	<-hung
	_, err = m.Start(sync.Peer{Name: "hangs"}, sync.Options{Namespace: ns})
	require.ErrorIs(t, err, sync.ErrBusy)
	list := m.List()
	require.Len(t, list, 1)
	require.Equal(t, id, list[0].ID)
	require.Equal(t, "hangs", list[0].Peer.Name)
	require.True(t, m.Cancel(id))
	require.ErrorIs(t, <-ended, context.Canceled)
	require.False(t, m.Cancel(id+100))
	_, err = m.Start(sync.Peer{Name: "b"}, sync.Options{Namespace: ns})
	require.NoError(t, err)
	require.NoError(t, <-ended)
	require.Equal(t, root(t, a), root(t, b))
	_, err = m.Start(sync.Peer{Name: "b"}, sync.Options{Namespace: "nothing"})
	require.NoError(t, err)
	require.ErrorIs(t, <-ended, &store.Error{Code: store.CodeDenied})
	require.Eventually(t, func() bool { return len(m.List()) == 0 }, 5*time.Second, time.Millisecond)
}

// TestStartIsLeftOut: sessions begin with SINCE where this store has written since the last whole one with that peer, and otherwise with START.
func TestStartIsLeftOut(t *testing.T) {
	a, b := open(t), open(t)
	put(t, a, "v", names("k", 5)...)
	d, _ := pair(t, sync.NewHandler(sync.Settings{Store: b}))
	m, err := sync.NewManager(sync.ManagerConfig{
		Store: a, Namespaces: []string{ns}, Peers: func() []sync.Peer { return nil },
		Link: func(context.Context, sync.Peer) (*link.Link, func(), error) { return d, func() {}, nil },
	})
	require.NoError(t, err)
	defer m.Close()
	for n, tc := range []struct {
		here, there bool
		turns       int
	}{{turns: 4}, {turns: 1}, {here: true, turns: 3}, {turns: 1}, {there: true, turns: 3}, {here: true, there: true, turns: 3}} {
		if tc.here {
			put(t, a, "w", "k00001")
		}
		if tc.there {
			put(t, b, "w", "k00002")
		}
		r, err := m.Over(t.Context(), sync.Peer{Name: "b"}, d, sync.Options{Namespace: ns})
		require.NoError(t, err)
		require.True(t, r.Equal)
		require.Equal(t, tc.turns, r.Turns, "session %d", n)
	}
}
