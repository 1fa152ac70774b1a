package link_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// talker sends messages of one size as fast as it can, and counts those that Send has taken.
func talker(size int, taken *atomic.Int64) func(s *link.Stream, _ []byte) {
	return func(s *link.Stream, _ []byte) {
		s.Accept(nil)
		s.Go(func() {
			for s.Send(make([]byte, size)) == nil {
				taken.Add(int64(size))
			}
		})
		s.Done()
	}
}

// TestBlockedSendersBounded: while the transport takes nothing, all streams of a link together hold MaxUnsent, whatever their
// number and the size of what they send; then each of them waits, and a reset ends its wait (LIM-001).
func TestBlockedSendersBounded(t *testing.T) {
	for _, size := range []int{0, 100, 5_000, 16_000, 20_000, 60_000, 300_000} {
		for _, most := range []int{256 << 10, 512 << 10} {
			synctest.Test(t, func(t *testing.T) {
				var taken atomic.Int64
				cfg := node(1, talker(size, &taken))
				cfg.MaxUnsent = &most
				r, l := mute(t, cfg, func(h *codec.Hello) { h.Limits.LinkCredit, h.Limits.StreamCredit = 1<<40, 1<<30 })
				const streams = 200
				for id := uint32(1); id < 2*streams; id += 2 {
					r.send(open(id))
				}
				synctest.Wait()
				require.LessOrEqual(t, l.Stats().Unsent, most)
				require.LessOrEqual(t, taken.Load(), int64(most))
				if size > 0 {
					require.Greater(t, l.Stats().Unsent, most/4, "the bound is made use of")
				}
				for id := uint32(2*streams - 1); id > 2*(streams-90); id -= 2 { // the first ones hold memory, these wait for it
					r.send(codec.Reset{Stream: id, Code: codec.CodeCancelled})
				}
				synctest.Wait()
				require.LessOrEqual(t, len(l.Work()), streams-90+1, "a reset ends the wait; one of them may be writing")
				require.LessOrEqual(t, l.Stats().Unsent, most)
			})
		}
	}
}

// TestBlockedSendersGoOn: streams that waited for the transport go on when it takes bytes again, each with as much as the
// others, and all that was sent arrives, in order.
func TestBlockedSendersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const streams, each, size = 40, 800, 3000
		small := 256 << 10
		cfg := node(1, nil)
		cfg.MaxUnsent = &small
		got := make([]atomic.Int64, streams)
		var most atomic.Int64 // of the first stream to end, the least that another has got by then
		most.Store(-1)
		reader := func(s *link.Stream, _ []byte) {
			s.Accept(nil)
			s.Go(func() {
				for k := 0; ; k++ {
					m, err := s.Recv()
					if err != nil {
						break
					}
					if !bytes.Equal(m, bytes.Repeat([]byte{byte(k)}, size)) {
						t.Errorf("stream %d: message %d is another", s.ID(), k)
					}
					got[s.ID()/2].Add(1)
				}
				least := int64(each)
				for i := range got {
					least = min(least, got[i].Load())
				}
				most.CompareAndSwap(-1, least)
				_ = s.CloseSend()
			})
			s.Done()
		}
		d, _ := pair(t, cfg, node(2, reader))
		var wg sync.WaitGroup
		list := make([]*link.Stream, streams)
		for i := range list {
			var err error
			list[i], err = d.Open(t.Context(), "t", nil)
			require.NoError(t, err)
		}
		for _, s := range list {
			wg.Go(func() {
				for k := range each {
					if err := s.Send(bytes.Repeat([]byte{byte(k)}, size)); err != nil {
						t.Errorf("stream %d: %v", s.ID(), err)
						return
					}
				}
				_ = s.CloseSend()
				_, _ = s.Recv()
			})
		}
		wg.Wait()
		for i := range got {
			require.Equal(t, int64(each), got[i].Load())
		}
		require.Greater(t, most.Load(), int64(each/4), "when the first had all, the last had this much")
		synctest.Wait()
		require.Zero(t, d.Stats().Unsent, "all was given back")
	})
}

// TestSendParts and SendMade: a message in parts, or made where it is sent from, is the message.
func TestSendParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, nil), true, func(h *codec.Hello) { h.Limits.MaxFrame, h.Limits.StreamCredit = 16_384, 8<<20 })
		s, err := l.Open(t.Context(), "t", nil)
		require.NoError(t, err)
		r.send(codec.Accept{Stream: 1})
		sizes := []int{0, 1, 2, 1000, 16_300, 16_400, 33_000, 150_000}
		whole := make([]byte, 150_000)
		for i := range whole {
			whole[i] = byte(i * 31 >> 4)
		}
		go func() {
			for _, n := range sizes {
				_ = s.SendParts(whole[:n/3], whole[n/3:n])
				_ = s.SendMade(n, func(p []byte, from int) { copy(p, whole[from:]) })
			}
			_ = s.CloseSend()
		}()
		var join []byte
		for i := 0; i < 2*len(sizes); {
			d := await[codec.Data](r)
			all := d.Pieces.All()
			for k, p := range all {
				join = append(join, p...)
				if k == len(all)-1 && d.Pieces.More() {
					break
				}
				require.True(t, bytes.Equal(whole[:sizes[i/2]], join), "message %d", i)
				join = join[:0]
				i++
			}
		}
		for _, n := range []int{int(r.hello.Limits.MaxMessage) + 1} {
			require.Equal(t, codec.CodeMsgTooBig, linkError(t, s.SendParts(nil, make([]byte, n))).Code)
			require.Equal(t, codec.CodeMsgTooBig, linkError(t, s.SendMade(n, nil)).Code)
		}
	})
}

// TestOpenWaitsForTransport: opening streams does not queue frames without bound while the transport takes nothing.
func TestOpenWaitsForTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := start(theirs, node(1, nil), true)
		r := newRaw(t, ours, false, func(h *codec.Hello) { h.Limits.Streams = 1 << 20 })
		r.readHello()
		r.sendHello()
		r.wg.Go(func() { r.write(frames(t, r.ready())) })
		_, err := r.rd.Next() // READY; nothing is read from here on
		require.NoError(t, err)
		o := <-c
		require.NoError(t, o.err)
		defer r.close(o.l)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for err == nil {
			_, err = o.l.Open(ctx, "t", make([]byte, 10_000))
			require.LessOrEqual(t, o.l.Queued(), 300<<10)
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// slowClose is a transport whose writes fail on demand, and whose Close waits.
type slowClose struct {
	net.Conn
	broken  atomic.Bool
	closing chan struct{} // closed when Close was called
	release chan struct{} // closed to let Close go on
	once    sync.Once
}

var errBroken = errors.New("broken")

func (c *slowClose) Write(b []byte) (int, error) {
	if c.broken.Load() {
		return 0, errBroken
	}
	return c.Conn.Write(b)
}

func (c *slowClose) Close() error {
	c.once.Do(func() { close(c.closing) })
	<-c.release
	return c.Conn.Close()
}

// TestSlowClose: while the closing of a failed transport waits, as that of TLS may, nothing else does: streams end, and so does
// whatever waits to send. It runs on real time, because a lock that is waited for stops a bubble's clock.
func TestSlowClose(t *testing.T) {
	ours, theirs := net.Pipe()
	conn := &slowClose{Conn: theirs, closing: make(chan struct{}), release: make(chan struct{})}
	c := start(conn, node(1, nil), true)
	r := newRaw(t, ours, false)
	r.open()
	o := <-c
	require.NoError(t, o.err)
	release := sync.OnceFunc(func() { close(conn.release) })
	defer func() {
		release()
		r.close(o.l)
	}()
	s, err := o.l.Open(t.Context(), "t", nil)
	require.NoError(t, err)
	r.send(codec.Accept{Stream: 1})
	r.stillAlive()
	conn.broken.Store(true)
	sent, ended := make(chan struct{}), make(chan error, 3)
	go func() {
		_ = s.Send([]byte("x")) // it is written later: nobody but the writer hears of it
		close(sent)
	}()
	<-conn.closing
	go func() {
		<-sent
		_ = o.l.Queued() // takes the writer's lock
		_ = ours.Close() // the reader hears of it, though Close has not returned
		_, err := s.Recv()
		ended <- err
		ended <- s.Send([]byte("x"))
		_, err = o.l.Open(t.Context(), "t", nil)
		ended <- err
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	for range 3 {
		select {
		case err := <-ended:
			require.ErrorIs(t, err, &link.Error{Code: codec.CodeInternal})
		case <-late.C:
			release()
			require.FailNow(t, "something waits for Close")
		}
	}
}
