package link_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// TestMessageTimeout: a message that is begun and not finished in message_ms resets its stream, and that stream alone,
// however many pieces come meanwhile (DATA-007).
func TestMessageTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits(node(1, echo), func(l *codec.Limits) { l.MessageMS = 1500 })
		r, l := against(t, cfg, false)
		r.send(open(1), open(3))
		from := time.Now()
		r.send(data(1, codec.FlagMore, []byte("a")))
		pass(time.Second)
		r.send(data(3, codec.FlagMore, []byte("slow, ")), data(1, codec.FlagMore, []byte("b")))
		pass(300 * time.Millisecond)
		r.send(data(1, codec.FlagMore, []byte("c"))) // progress does not count
		m := await[codec.Reset](r)
		require.Equal(t, uint32(1), m.Stream)
		require.Equal(t, codec.CodeMessageTimeout, m.Code)
		require.InDelta(t, 1500*time.Millisecond, time.Since(from), float64(5*time.Millisecond))
		pass(900 * time.Millisecond)
		r.send(data(3, codec.FlagFin, []byte("but in time")))
		p := await[codec.Data](r)
		require.Equal(t, "slow, but in time", string(p.Pieces.All()[0]))
		require.Zero(t, l.Joining())
		pass(5 * time.Second)
		r.stillAlive()
	})
}

// TestMessageTimeoutWaitsForTheLink: the time of a message stands still while messages of other streams, which nobody reads, use up the window
// of the link, so that its rest cannot be sent (DATA-007).
func TestMessageTimeoutWaitsForTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := make(chan struct{})
		late := func(s *link.Stream, _ []byte) {
			s.Accept(nil)
			s.Go(func() {
				<-read
				for {
					m, err := s.Recv()
					if err != nil || s.Send(m) != nil {
						return
					}
				}
			})
		}
		cfg := limits(node(1, late), func(l *codec.Limits) { l.MessageMS, l.LinkCredit, l.StreamCredit = 1000, 262_144, 262_144 })
		r, _ := against(t, cfg, false)
		r.send(open(1), open(3), data(3, codec.FlagMore, []byte("a")))
		left := 262_144 - (1 + codec.MessageCharge)
		for left > codec.MessageCharge {
			n := min(60_000, left-codec.MessageCharge)
			r.send(data(1, 0, make([]byte, n)))
			left -= n + codec.MessageCharge
		}
		pass(10 * time.Second)
		close(read)
		r.send(codec.Credit{Stream: 0, Max: 1 << 40}, codec.Credit{Stream: 1, Max: 1 << 40})
		for await[codec.Credit](r).Stream != 0 {
		}
		r.send(data(3, codec.FlagFin, []byte("b")))
		for {
			if d := await[codec.Data](r); d.Stream == 3 {
				require.Equal(t, "ab", string(d.Pieces.All()[0]))
				break
			}
		}
	})
}

// TestMessageTimeoutForgets: after a message was finished its time is forgotten, and the next one has its own.
func TestMessageTimeoutForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits(node(1, echo), func(l *codec.Limits) { l.MessageMS = 1000 })
		r, _ := against(t, cfg, false)
		r.send(open(1))
		for range 10 {
			r.send(data(1, codec.FlagMore, []byte("a")))
			pass(900 * time.Millisecond)
			r.send(data(1, 0, []byte("b")))
			require.Equal(t, "ab", string(await[codec.Data](r).Pieces.All()[0]))
		}
		from := time.Now()
		r.send(data(1, codec.FlagMore, []byte("a")))
		require.Equal(t, codec.CodeMessageTimeout, await[codec.Reset](r).Code)
		require.InDelta(t, time.Second, time.Since(from), float64(5*time.Millisecond))
	})
}

// TestOpenTimeout: an opening that stops at any of its steps ends when its time is over, with CLOSE where the openings
// were exchanged and without a byte where they were not (HELLO-016, READY-012, HELLO-026).
func TestOpenTimeout(t *testing.T) {
	const hello, half, ready, nothing, reads = "HELLO", "half a HELLO", "READY", "nothing", "reads nothing"
	for _, tc := range []struct {
		name   string
		dials  bool // the link is the dialer
		sends  string
		answer bool // CLOSE(OPEN_TIMEOUT) is due
		after  time.Duration
	}{
		{"acceptor, nothing comes", false, nothing, false, 10 * time.Second},
		{"acceptor, HELLO drips", false, half, false, 10 * time.Second},
		{"acceptor, READY does not come", false, hello, true, 10 * time.Second},
		{"acceptor, nobody reads its HELLO", false, reads, false, 12 * time.Second}, // 2 s for the CLOSE that nobody reads either
		{"dialer, nothing comes", true, nothing, false, 10 * time.Second},
		{"dialer, HELLO drips", true, half, false, 10 * time.Second},
		{"dialer, READY does not come", true, hello, true, 10 * time.Second},
		{"dialer, nobody reads its HELLO", true, reads, false, 10 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				r := newRaw(t, ours, !tc.dials)
				from := time.Now()
				c := start(theirs, node(1, echo), tc.dials)
				if tc.dials && tc.sends != reads {
					r.readHello()
				}
				switch tc.sends {
				case hello:
					r.sendHello()
					if !tc.dials {
						r.readHello()
					}
				case reads:
					if !tc.dials {
						r.sendHello()
					}
				case half:
					b, err := r.hello.AppendOpening(nil)
					require.NoError(t, err)
					r.write(b[:50])
					r.every(200*time.Millisecond, b[50:51]) // 50 more in the time there is
				}
				var code codec.Code
				if tc.sends != reads { // read what is said until the end
					for {
						f, err := r.rd.Next()
						if err != nil {
							break
						}
						if f.Type == codec.TypeClose {
							m, err := codec.ParseClose(f)
							require.NoError(t, err)
							code = m.Code
							_ = ours.Close()
						}
					}
				}
				e := linkError(t, (<-c).err)
				require.Equal(t, codec.CodeOpenTimeout, e.Code)
				require.InDelta(t, tc.after, time.Since(from), float64(100*time.Millisecond))
				if tc.answer {
					require.Equal(t, codec.CodeOpenTimeout, code)
				} else {
					require.Zero(t, code)
				}
				_ = ours.Close()
				r.wg.Wait()
			})
		})
	}
}

// TestOpenContext: the caller's own deadline and cancelling end an opening as well.
func TestOpenContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		from := time.Now()
		go func() { _, _ = io.Copy(io.Discard, ours) }() // ends with the pipe
		_, err := link.Dial(ctx, theirs, node(1, nil))
		require.Error(t, err)
		require.InDelta(t, 3*time.Second, time.Since(from), float64(10*time.Millisecond))
		_ = ours.Close()
	})
}

// TestLinger: who has sent CLOSE reads on and drops, and ends the transport after 2 s if the other side does not
// (CLOSE-002, CLOSE-003).
func TestLinger(t *testing.T) {
	for _, reads := range []bool{true, false} {
		t.Run(map[bool]string{true: "the other side reads and goes on sending", false: "the other side does not read"}[reads], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l := mute(t, node(1, echo))
				if reads {
					_, err := r.rd.Next() // READY
					require.NoError(t, err)
					go r.pump()
				}
				from := time.Now()
				go func() { _ = l.Close(codec.CodeNoError, "done") }()
				synctest.Wait()
				r.every(10*time.Millisecond, frames(t, codec.Ping{Echo: 1}, codec.Unknown{Type: 0x1B, Payload: make([]byte, 64)}))
				if reads {
					c := r.ended() // which fails if anything follows CLOSE
					require.NotNil(t, c)
					require.Equal(t, codec.CodeNoError, c.Code)
					require.Equal(t, "done", c.Text)
				}
				<-l.Done()
				require.InDelta(t, 2*time.Second, time.Since(from), float64(10*time.Millisecond))
			})
		})
	}
}

// TestLingerShort: when the other side ends the transport there is nothing to wait for.
func TestLingerShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := pair(t, node(1, nil), node(2, echo))
		from := time.Now()
		require.NoError(t, d.Close(codec.CodeNoError, ""))
		<-a.Done()
		require.Zero(t, time.Since(from))
		require.True(t, linkError(t, a.Err()).Remote)
	})
}

// TestCloseReceived: after CLOSE nothing is sent any more, and the transport ends (CLOSE-001).
func TestCloseReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, echo), false)
		r.send(open(1))
		await[codec.Accept](r)
		from := time.Now()
		b := frames(t, codec.Close{Code: codec.CodeShutdown, RetryMS: 1500, Text: "bye"}, codec.Ping{Echo: 1}, data(1, 0, []byte("x")))
		go r.write(b)
		require.Nil(t, r.ended())
		<-l.Done()
		require.Zero(t, time.Since(from))
		e := linkError(t, l.Err())
		require.Equal(t, codec.CodeShutdown, e.Code)
		require.True(t, e.Remote)
		require.Equal(t, 1500*time.Millisecond, e.Retry)
		require.ErrorIs(t, l.Err(), net.ErrClosed)
	})
}
