package link_test

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// sendRaw sends messages in pieces as a lawful peer would: within its grants, until no more is granted. It gives what was
// sent, in bytes of messages.
func (r *raw) sendRaw(stream uint32, piece []byte, pieces int) (sent int) {
	r.t.Helper()
	streamMax, linkMax := r.peer.Limits.StreamCredit, r.peer.Limits.LinkCredit
	used := uint64(0)
	last := []byte("!")
	for {
		for i := range pieces + 1 {
			p, flags := piece, codec.FlagMore
			if i == pieces {
				p, flags = last, 0
			}
			charge := uint64(len(p)) + codec.MessageCharge
			synctest.Wait()
			for len(r.in) > 0 {
				switch m := (<-r.in).msg.(type) {
				case codec.Credit:
					if m.Stream == 0 {
						linkMax = m.Max
					} else {
						streamMax = m.Max
					}
				case codec.Reset:
					return sent
				}
			}
			if used+charge > min(streamMax, linkMax) {
				return sent
			}
			used += charge
			r.send(data(stream, flags, p))
			sent += len(p)
		}
	}
}

// TestUnreadBounded: whoever does not read holds one window, and one message that was joined: a message costs little charge
// once its pieces have been joined, but it still takes its memory (LIM-001, CRED-006).
func TestUnreadBounded(t *testing.T) {
	for _, tc := range []struct {
		name  string
		piece int
		n     int // pieces of a message, besides a last one of one byte
	}{
		{"whole messages", 10_000, 0},
		{"two pieces", 16_000, 1},
		{"many pieces", 16_000, 60},
		{"a window in one message", 16_000, 20},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(node(1, ignore), func(l *codec.Limits) { l.MaxMessage, l.StreamCredit = 1<<20, 65_536 })
				cfg.MaxWindow = 65_536
				r, _ := against(t, cfg, false)
				r.send(open(1))
				sent := r.sendRaw(1, make([]byte, tc.piece), tc.n)
				require.LessOrEqual(t, sent, 65_536+1<<20, "this much lies unread")
			})
		})
	}
}

// TestUnreadIsKept: what lies unread while credit is short arrives in the end, whole and in order.
func TestUnreadIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := make(chan struct{})
		release := sync.OnceFunc(func() { close(read) })
		defer release()
		var got [][]byte
		late := func(s *link.Stream, _ []byte) {
			s.Accept(nil)
			s.Go(func() {
				<-read
				for {
					m, err := s.Recv()
					if err != nil {
						break
					}
					got = append(got, bytes.Clone(m))
				}
				_ = s.CloseSend()
			})
			s.Done()
		}
		small := func(l *codec.Limits) { l.MaxMessage, l.StreamCredit, l.LinkCredit = 1<<20, 65_536, 262_144 }
		d, a := pair(t, node(1, nil), limits(node(2, late), small))
		s, err := d.Open(t.Context(), "t", nil)
		require.NoError(t, err)
		var want [][]byte
		sent := make(chan error, 1)
		for i := range 40 {
			want = append(want, bytes.Repeat([]byte{byte(i)}, []int{1 << 20, 10, 200_000, 60_000, 0}[i%5]))
		}
		go func() {
			for _, m := range want {
				if err := s.Send(m); err != nil {
					sent <- err
					return
				}
			}
			sent <- s.CloseSend()
		}()
		pass(10 * time.Minute)
		if len(sent) > 0 {
			require.FailNow(t, "the sender does not wait", "%v", <-sent)
		}
		require.LessOrEqual(t, a.Joining(), int64(2<<20))
		release()
		require.NoError(t, <-sent)
		_, err = s.Recv()
		require.Error(t, err)
		require.Len(t, got, len(want))
		for i := range want {
			require.True(t, bytes.Equal(want[i], got[i]), "message %d", i)
		}
		require.Zero(t, a.Joining())
		settled(t, a)
	})
}

// TestJoiningBounded: the messages of a link that are being joined are bounded in sum: the stream that goes beyond is
// reset with OVERLOADED, and the others go on (OPT-006, LIM-001).
func TestJoiningBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits(node(1, echo), func(l *codec.Limits) { l.MaxMessage = 100_000 })
		cfg.MaxJoining = 250_000
		r, l := against(t, cfg, false)
		piece := make([]byte, 90_000)
		for id := uint32(1); id <= 5; id += 2 {
			r.send(open(id), data(id, codec.FlagMore, piece))
		}
		m := await[codec.Reset](r)
		require.Equal(t, uint32(5), m.Stream)
		require.Equal(t, codec.CodeOverloaded, m.Code)
		require.Equal(t, int64(180_000), l.Joining())
		r.send(data(1, codec.FlagFin, []byte("end")))
		size := 0
		for d := range awaitData(r, 1) {
			size += d
		}
		require.Equal(t, 90_003, size)
		r.send(codec.Reset{Stream: 3, Code: codec.CodeCancelled})
		r.stillAlive()
		require.Zero(t, l.Joining())
	})
}

// awaitData gives the sizes of the pieces that come on a stream, up to FIN.
func awaitData(r *raw, stream uint32) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for {
			d := await[codec.Data](r)
			if d.Stream != stream {
				continue
			}
			for _, p := range d.Pieces.All() {
				if !yield(len(p)) {
					return
				}
			}
			if d.Pieces.Fin() {
				return
			}
		}
	}
}

// TestSendTooBig: what the other side does not take is refused before any of it is sent, in whatever way it would go.
func TestSendTooBig(t *testing.T) {
	for _, most := range []uint64{65_536, 200_000, 1 << 20} {
		synctest.Test(t, func(t *testing.T) {
			r, l := against(t, node(1, nil), true, func(h *codec.Hello) { h.Limits.MaxMessage, h.Limits.StreamCredit = most, 4<<20 })
			s, err := l.Open(t.Context(), "t", nil)
			require.NoError(t, err)
			r.send(codec.Accept{Stream: 1})
			for _, n := range []uint64{most + 1, 2 * most} {
				err = s.Send(make([]byte, n))
				require.Equal(t, codec.CodeMsgTooBig, linkError(t, err).Code)
			}
			require.NoError(t, s.Send(make([]byte, most)), "the stream is as it was")
			require.NoError(t, s.CloseSend())
			size := 0
			for d := range awaitData(r, 1) {
				size += d
			}
			require.Equal(t, int(most), size)
		})
	}
}

// TestFramesFit: no frame is over the receiver's max_frame, whatever is sent (FRAME-012).
func TestFramesFit(t *testing.T) {
	for _, most := range []uint64{16_384, 20_000, 131_072, 1 << 20} {
		synctest.Test(t, func(t *testing.T) {
			r, l := against(t, node(1, nil), true, func(h *codec.Hello) { h.Limits.MaxFrame, h.Limits.StreamCredit = most, 8<<20 })
			s, err := l.Open(t.Context(), "t", nil)
			require.NoError(t, err)
			r.send(codec.Accept{Stream: 1})
			sum := 0
			go func() {
				for i := range 60 {
					_ = s.Send(make([]byte, i*i*100))
					for range i {
						_ = s.Send(make([]byte, i))
					}
				}
				_ = s.CloseSend()
			}()
			for i := range 60 {
				sum += i*i*100 + i*i
			}
			for d := range awaitData(r, 1) { // r.rd fails at a frame over max_frame
				sum -= d
			}
			require.Zero(t, sum)
		})
	}
}
