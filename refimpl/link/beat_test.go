package link_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// TestPingInterval: PINGs come at the effective interval, one at a time (BEAT-004, BEAT-005, BEAT-006).
func TestPingInterval(t *testing.T) {
	for _, tc := range []struct {
		name         string
		own, peerMin uint64 // ms
		want         time.Duration
	}{
		{"own ping_ms", 5000, 1000, 5 * time.Second},
		{"the receiver's ping_min_ms", 50, 2000, 2 * time.Second},
		{"the fastest there is", 50, 10, 50 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(node(1, echo), func(l *codec.Limits) { l.PingMS = tc.own })
				r, _ := against(t, cfg, false, func(h *codec.Hello) { h.Limits.PingMinMS = tc.peerMin })
				r.silent.Store(true) // answered here
				last := time.Now()
				for i := range 20 {
					p := await[codec.Ping](r)
					require.InDelta(t, tc.want, time.Since(last), float64(2*time.Millisecond), "PING %d", i)
					last = time.Now()
					pass(tc.want / 3)
					r.send(codec.Pong{Echo: p.Echo, T1: p.T1})
				}
			})
		})
	}
}

// TestOnePingUnanswered: without PONG there is no second PING, however long it takes (BEAT-005, BEAT-012).
func TestOnePingUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, echo), false)
		r.silent.Store(true)
		p := await[codec.Ping](r)
		for range 10 {
			pass(5 * time.Second)
			require.Empty(t, r.in)
			r.send(codec.Pong{Echo: p.Echo + 1, T1: p.T1}) // not its answer
		}
		synctest.Wait()
		require.Empty(t, r.in)
		require.True(t, l.Stats().Suspect)
		r.send(codec.Pong{Echo: p.Echo, T1: p.T1})
		again := await[codec.Ping](r)
		require.NotEqual(t, p.Echo, again.Echo)
		require.False(t, l.Stats().Suspect)
	})
}

// TestPong: what a PING asks for comes back, with times that fit (BEAT-001, BEAT-003, BEAT-015).
func TestPong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := against(t, node(1, echo), false)
		before := time.Now().UnixNano()
		r.send(codec.Ping{Echo: 77, T1: -5})
		p := await[codec.Pong](r)
		require.Equal(t, uint64(77), p.Echo)
		require.Equal(t, int64(-5), p.T1)
		require.GreaterOrEqual(t, p.T2, before)
		require.GreaterOrEqual(t, p.T3, p.T2)
		require.LessOrEqual(t, p.T3, time.Now().UnixNano())
	})
}

// TestIdle: silence for the effective limit ends the link with CLOSE(IDLE), at that time and not before (BEAT-007).
func TestIdle(t *testing.T) {
	for _, tc := range []struct {
		name string
		idle uint64
		ping uint64
		want time.Duration
	}{
		{"idle_ms", 20_000, 5000, 20 * time.Second},
		{"three intervals", 200, 1000, 3 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(node(1, echo), func(l *codec.Limits) { l.IdleMS, l.PingMS = tc.idle, tc.ping })
				r, l := against(t, cfg, false)
				r.silent.Store(true)
				from := time.Now()
				c := await[codec.Close](r)
				require.Equal(t, codec.CodeIdle, c.Code)
				require.InDelta(t, tc.want, time.Since(from), float64(5*time.Millisecond))
				_ = r.conn.Close()
				<-l.Done()
				require.Equal(t, codec.CodeIdle, linkError(t, l.Err()).Code)
			})
		})
	}
}

// TestLife: every whole frame is life, those that are ignored too (BEAT-008).
func TestLife(t *testing.T) {
	ignored := map[string]func(r *raw) []byte{
		"grease":                  func(r *raw) []byte { return frames(r.t, codec.Unknown{Type: 0x1B, Payload: []byte("x")}) },
		"unknown type, no length": func(r *raw) []byte { return frames(r.t, codec.Unknown{Type: 0x55, Stream: 9}) },
		"CREDIT that is too low":  func(r *raw) []byte { return frames(r.t, codec.Credit{Max: 1}) },
		"PONG without PING":       func(r *raw) []byte { return frames(r.t, codec.Pong{Echo: 1 << 60}) },
		"delivery, not selected":  func(r *raw) []byte { return frames(r.t, codec.Ack{Stream: 1}) },
	}
	for name, frame := range ignored {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l := against(t, node(1, echo), false)
				r.silent.Store(true)
				for range 20 { // 380 s
					pass(19 * time.Second)
					r.write(frame(r))
				}
				synctest.Wait()
				require.NoError(t, l.Err())
				from := time.Now()
				require.Equal(t, codec.CodeIdle, await[codec.Close](r).Code)
				require.InDelta(t, 20*time.Second, time.Since(from), float64(5*time.Millisecond))
			})
		})
	}
}

// TestDripIsNotLife: bytes of a frame that never ends keep nobody alive (BEAT-009).
func TestDripIsNotLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := against(t, node(1, echo), false)
		r.silent.Store(true)
		long := frames(t, codec.Unknown{Type: 0x1B, Payload: make([]byte, 16<<10)})
		from := time.Now()
		r.send(codec.Unknown{Type: 0x1B})
		r.write(long[:20])
		r.every(100*time.Millisecond, long[20:21])
		require.Equal(t, codec.CodeIdle, await[codec.Close](r).Code)
		require.InDelta(t, 20*time.Second, time.Since(from), float64(5*time.Millisecond))
		_ = r.conn.Close()
	})
}

// TestStall: a transport that takes nothing for twice the silence limit is ended, without CLOSE, which it would not take
// either. The other side goes on speaking all the time (BEAT-013, CRED-011).
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := mute(t, node(1, echo))
		from := time.Now()
		r.every(time.Second, frames(t, codec.Unknown{Type: 0x1B}, codec.Ping{Echo: 1}))
		<-l.Done()
		e := linkError(t, l.Err())
		require.Equal(t, codec.CodeSendStall, e.Code)
		require.InDelta(t, 40*time.Second, time.Since(from), float64(2*time.Second))
	})
}

// TestSlowIsNoStall: a transport that takes something now and then is slow, not stalled (BEAT-013).
func TestSlowIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := mute(t, node(1, func(s *link.Stream, _ []byte) {
			s.Accept(nil)
			s.Go(func() { _ = s.Send(make([]byte, 100<<10)); _ = s.CloseSend() })
			s.Done()
		}))
		r.send(open(1))
		r.every(5*time.Second, frames(t, codec.Unknown{Type: 0x1B}))
		buf := make([]byte, 10<<10)
		for range 11 { // a tenth of the message each 15 s: 165 s for one frame
			pass(15 * time.Second)
			_, err := r.conn.Read(buf)
			require.NoError(t, err, "the link was ended although its bytes were taken: %v", l.Err())
		}
	})
}

// TestOnePongWaits: of many PINGs that cannot be answered at once only the newest is (BEAT-002, CRED-010).
func TestOnePongWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := mute(t, limits(node(1, echo), func(l *codec.Limits) { l.PingMinMS = 10 }))
		for i := range uint64(500) { // for 5 s, and nobody reads
			r.send(codec.Ping{Echo: 1000 + i})
			pass(10 * time.Millisecond)
		}
		synctest.Wait()
		require.LessOrEqual(t, l.Queued(), 256, "PONGs are queued")
		go r.pump()
		var echoes []uint64
		for len(echoes) == 0 || echoes[len(echoes)-1] != 1499 {
			echoes = append(echoes, await[codec.Pong](r).Echo)
		}
		require.LessOrEqual(t, len(echoes), 2, "one that was on its way, and the newest: %v", echoes)
	})
}
