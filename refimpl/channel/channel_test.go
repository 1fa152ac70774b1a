package channel_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

const plenty = 256 << 20

func TestDelivers(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain %v", plain), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			b := newBooks()
			sink := newSink(t, b.of(plain))
			q := delivery.NewVolatile("q", plenty)
			src := newSource(q)
			ca, cb := net.Pipe()
			la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
			src.Attach(la)
			var last uint64
			for i := range 5000 {
				data := record(i)
				if i%500 == 499 { // larger than a frame
					data = bytes.Repeat(data, 300_000/len(data))
				}
				seq, err := src.Push(waits(t), data)
				require.NoError(t, err)
				last = seq
			}
			require.NoError(t, src.AwaitStable(waits(t), last))
			st := sink.Stats()
			require.Len(t, st, 1)
			require.Equal(t, uint64(5000), st[0].Stable)
			require.Equal(t, uint64(5000), st[0].Applied)
			got := b.effects[st[0].Key]
			require.Len(t, got, 5000)
			for i, e := range got {
				require.Equal(t, uint64(i+1), e.seq)
				if i%500 != 499 {
					require.Equal(t, string(record(i)), e.data)
				}
			}
			s := src.Stats()
			require.Zero(t, s.Unacked)
			t.Logf("%+v %+v commits %d", s, st[0], b.commits)
			src.Close()
			end(la, lb)
			sink.Close()
		})
	}
}

// TestDrain: a link that ends in good order, from either side, waits for what is in the queue; the next link goes on.
func TestDrain(t *testing.T) {
	for _, bySource := range []bool{false, true} {
		t.Run(fmt.Sprintf("by the source %v", bySource), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			b := newBooks()
			sink := newSink(t, b.of(false))
			src := newSource(delivery.NewVolatile("q", plenty))
			for round := range 3 {
				ca, cb := net.Pipe()
				la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
				src.Attach(la)
				for i := range 1000 {
					_, err := src.Push(waits(t), record(i))
					require.NoError(t, err)
				}
				if round == 0 { // an attachment that has no answer is given up
					require.NoError(t, src.AwaitStable(waits(t), 1))
				}
				drains := lb
				if bySource {
					drains = la
				}
				require.NoError(t, drains.Drain(waits(t), codec.CodeShutdown))
				<-la.Done()
				<-lb.Done()
				if round == 0 {
					require.Equal(t, uint64(1000), src.Stats().Stable)
				}
			}
			ca, cb := net.Pipe()
			la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
			src.Attach(la)
			require.NoError(t, src.AwaitStable(waits(t), 3000))
			src.Close()
			end(la, lb)
			sink.Close()
			for _, list := range b.effects {
				require.Len(t, list, 3000)
			}
		})
	}
}

// TestFull: what Push does when the queue has no room, and that room comes back with what is stable.
func TestFull(t *testing.T) {
	defer goleak.VerifyNone(t)
	limit := uint64(10 * (delivery.RecordOverhead + 8))
	full := func(policy channel.Full) *channel.Source {
		s := channel.NewSource(channel.SourceConfig{Queue: delivery.NewVolatile("q", limit), Proto: proto, WhenFull: policy})
		for range 10 {
			_, err := s.Push(waits(t), make([]byte, 8))
			require.NoError(t, err)
		}
		return s
	}
	refuse := full(channel.Refuse)
	_, err := refuse.Push(waits(t), make([]byte, 8))
	require.ErrorIs(t, err, channel.ErrFull)
	_, err = refuse.Push(waits(t), make([]byte, limit))
	require.ErrorIs(t, err, delivery.ErrTooLarge)
	require.Equal(t, uint64(1), refuse.Stats().Refused)
	refuse.Close()

	drop := full(channel.DropOldest)
	seq, err := drop.Push(waits(t), make([]byte, 8))
	require.NoError(t, err)
	require.Equal(t, uint64(11), seq)
	drop.Close()
	_, err = drop.Push(waits(t), nil)
	require.ErrorIs(t, err, channel.ErrClosed)

	wait := full(channel.Wait)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = wait.Push(ended, make([]byte, 8))
	require.ErrorIs(t, err, context.Canceled)
	pushed := make(chan error, 1)
	go func() {
		_, err := wait.Push(context.Background(), make([]byte, 8))
		pushed <- err
	}()
	sink := newSink(t, newBooks().of(false))
	ca, cb := net.Pipe()
	la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
	wait.Attach(la)
	require.NoError(t, <-pushed)
	require.NoError(t, wait.AwaitStable(waits(t), 11))
	wait.Close()
	end(la, lb)
	sink.Close()
}

// TestManyChannels: several channels share a link, and each is its own.
func TestManyChannels(t *testing.T) {
	defer goleak.VerifyNone(t)
	b := newBooks()
	sink := newSink(t, b.of(false))
	ca, cb := net.Pipe()
	la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
	var sources []*channel.Source
	for i := range 20 {
		s := newSource(delivery.NewVolatile(fmt.Sprint("q", i), plenty))
		s.Attach(la)
		sources = append(sources, s)
	}
	for n := range 300 {
		for i, s := range sources {
			_, err := s.Push(waits(t), fmt.Appendf(nil, "q%d %d", i, n))
			require.NoError(t, err)
		}
	}
	for _, s := range sources {
		require.NoError(t, s.AwaitStable(waits(t), 300))
		s.Close()
	}
	end(la, lb)
	sink.Close()
	require.Len(t, b.effects, 20)
	for key, list := range b.effects {
		require.Len(t, list, 300)
		for n, e := range list {
			require.Equal(t, fmt.Sprintf("%s %d", key.Name, n), e.data)
		}
	}
}
