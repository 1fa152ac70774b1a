package refimpl_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl"
)

// TestAttackFloods is row 7: floods of frames that are answered or change nothing end with the code of their rule
// (BEAT-010, CALM-002, READY-003), and keep nothing while nobody reads the answers (CRED-010).
func TestAttackFloods(t *testing.T) {
	v := attackOn(t, nil)
	ping := codec.Ping{Echo: 1}
	for _, tc := range []struct {
		name  string
		flood codec.Message
		most  int // by then at the latest
		code  codec.Code
	}{
		{"PING", ping, 1 + codec.StrikesMax, codec.CodeCalm},
		{"PONG without PING", codec.Pong{Echo: math.MaxUint64}, codec.IdleFramesMax, codec.CodeCalm},
		{"CREDIT of the link", codec.Credit{Max: 1}, codec.IdleFramesMax, codec.CodeCalm},
		{"STREAMS", codec.Streams{Max: 1}, codec.IdleFramesMax, codec.CodeCalm},
		{"DRAIN", codec.Drain{Last: codec.DrainUndecided}, 1 + codec.IdleFramesMax, codec.CodeCalm},
		{"unknown type", codec.Unknown{Type: 0x59, Payload: make([]byte, 64)}, codec.IdleFramesMax, codec.CodeCalm},
		{"unknown type on streams", codec.Unknown{Type: 0x59, Stream: 12345}, codec.IdleFramesMax, codec.CodeCalm},
		{"ACK", codec.Ack{Stream: 1}, codec.IdleFramesMax, codec.CodeCalm},
		{"READY", codec.NewReady(codec.Agreement{Version: 1}, [32]byte{}, nil), 1, codec.CodeState},
	} {
		t.Run(tc.name, func(t *testing.T) {
			list := v.attackers(4)
			b, err := tc.flood.AppendBinary(nil)
			require.NoError(t, err)
			v.heldBy(list, func(a *attacker) {
				for range tc.most { // nothing is read meanwhile
					if a.write(b) != nil {
						break
					}
				}
				a.closedWith(tc.code)
			})
		})
	}
	v.alone()
}

// TestAttackSlowFlood is row 7: PINGs that are just not early, and CREDITs that each raise a little, go on for as long as
// they like. They are answered where the answers are read, and keep one place where they are not.
func TestAttackSlowFlood(t *testing.T) {
	v := attackOn(t, func(c *refimpl.Config) { c.Link.Limits.IdleMS = 2000 })
	list := v.attackers(8)
	v.heldBy(list, func(a *attacker) {
		_ = a.send(open(1))
		every := time.NewTicker(6 * time.Millisecond)
		defer every.Stop()
		for i := range uint64(100) {
			_ = a.send(codec.Ping{Echo: i}, codec.Credit{Max: 1<<30 + i}, codec.Credit{Stream: 1, Max: 1<<30 + i}, codec.Streams{Max: 1000 + i})
			<-every.C
		}
		a.arrived()
	})
	together(list, func(a *attacker) {
		require.NoError(a.t, a.l.Err())
		_ = a.conn.Close()
	})
	v.alone()
}

// What a peer that never reads may cost beside the allowance, in bytes. The whole bound of a link is
//
//	2 x received + 64 KiB + unsentCost + streams x streamCost
//
// where streams are those that it has open, of which the victim grants 256 at once.
const (
	unsentCost = 512<<10 + 64<<10 // link.Config.MaxUnsent, and the frames of control and their spare buffer beside it
	streamCost = 8 << 10          // a stream, the goroutine of its handler with its stack, and its context
)

// TestAttackNeverReads is row 9: a peer that asks for much and reads nothing is written to up to what the sockets hold, and
// ends when nothing was taken for twice the silence limit (BEAT-013, CRED-003, CRED-004). What waits for it is one bound for
// all of its streams together.
func TestAttackNeverReads(t *testing.T) {
	small := func(h *codec.Hello) { h.Limits.LinkCredit, h.Limits.StreamCredit = 262_144, 65_536 }
	large := func(h *codec.Hello) { h.Limits.LinkCredit, h.Limits.StreamCredit = 1<<40, 1<<30 }
	stream := request("stream", 0, kit(map[string]any{"n": int64(1_000_000), "size": int64(50_000)}))
	for _, tc := range []struct {
		name    string
		grants  func(h *codec.Hello)
		streams int
		ask     []byte
	}{
		{"smallest grants, one stream", small, 1, stream},
		{"smallest grants, 64 streams", small, 64, stream},
		{"largest grants, one stream", large, 1, stream},
		{"largest grants, 64 streams", large, 64, stream},
		{"largest grants, 256 streams", large, 256, stream},
		{"echoes of 7,000 bytes on 256 streams", large, 256, request("echo", 0, make([]byte, 7000))},
		{"echoes of 60,000 bytes on 256 streams", large, 256, request("echo", 0, make([]byte, 60_000))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := attackOn(t, nil)
			list := v.attackers(3, tc.grants)
			v.heldBy(list, func(a *attacker) {
				for id := uint32(1); id < uint32(2*tc.streams); id += 2 {
					_ = a.send(open(id), data(id, codec.FlagFin, tc.ask))
				}
				a.arrived()
				a.stalls()
			}, unsentCost+tc.streams*streamCost)
			together(list, func(a *attacker) {
				defer func() { _ = a.conn.Close() }()
				if a.hello.Limits.LinkCredit == 262_144 || a.l.Stats().Unsent == 0 { // the sockets hold all that it has granted, or asked for
					return
				}
				stop := a.lives()
				a.endsAs(codec.CodeSendStall)
				stop()
			})
			v.alone()
		})
	}
}

// lives sends frames that are life and nothing else until the returned function is called.
func (a *attacker) lives() (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for {
			select {
			case <-every.C:
				_ = a.send(codec.Unknown{Type: 0x1B})
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

// stalls lives on until the victim has written nothing for a while.
func (a *attacker) stalls() {
	defer a.lives()()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for written, n := uint64(1), uint64(0); written != n; {
		written = n
		<-every.C
		n = a.l.Stats().BytesOut
	}
}

// drips writes b a byte at a time, until it is written or the transport has ended.
func (a *attacker) drips(b []byte) {
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for i := range b {
		if a.write(b[i:i+1]) != nil {
			return
		}
		<-every.C
	}
}

// TestAttackNeverWrites is row 3: a peer that says nothing ends with IDLE (BEAT-007), and one that drips bytes of a frame too
// (BEAT-009).
func TestAttackNeverWrites(t *testing.T) {
	v := attackOn(t, nil)
	from := time.Now()
	list := v.attackers(40)
	v.heldBy(list, func(a *attacker) { a.closedWith(codec.CodeIdle) })
	list = v.attackers(10)
	v.heldBy(list, func(a *attacker) {
		b := codec.AppendFrame(nil, codec.Header{Type: 0x1B}, make([]byte, 16_000))
		go a.drips(b) // ends with the transport
		a.closedWith(codec.CodeIdle)
	})
	require.Less(t, time.Since(from), patience/2)
	v.alone()
}

// TestAttackBogusDelivery is row 15: RECORDS, ACK and GAP of a delivery that was not agreed on are unknown types: ignored, or
// an error where they must be understood (FRAME-005, FRAME-006, FRAME-007, FRAME-015).
func TestAttackBogusDelivery(t *testing.T) {
	v := attackOn(t, nil)
	ack := codec.Ack{Stream: 1, Stable: 1 << 60}
	list := v.attackers(4)
	v.heldBy(list, func(a *attacker) {
		_ = a.send(ack, codec.Gap{Stream: 77}, codec.Records{Stream: 1, Pieces: codec.NewPieces(0, []byte("x"))})
		_ = a.send(codec.Unknown{Type: codec.TypeAck, Stream: 1, Payload: []byte("no ACK at all")})
		_ = a.send(open(1), data(1, codec.FlagFin, request("echo", 0, []byte("still here"))), ack)
		for {
			m, err := a.next(true)
			if err != nil {
				a.t.Errorf("%v", err)
				return
			}
			if d, ok := m.(codec.Data); ok {
				if string(d.Pieces.All()[0][1:]) != "still here" {
					a.t.Errorf("%q", d.Pieces.All())
				}
				break
			}
		}
		_ = a.conn.Close()
	})
	for _, m := range []codec.Unknown{
		{Type: codec.TypeAck, Flags: codec.FlagMustUnderstand, Stream: 1},
		{Type: codec.TypeRecords, Flags: codec.FlagMustUnderstand, Stream: 0},
		{Type: codec.TypeGap, Flags: codec.FlagMustUnderstand, Stream: 9},
	} {
		together(v.attackers(2), func(a *attacker) {
			_ = a.send(m)
			a.closedWith(codec.CodeUnknownCritical)
		})
	}
	v.alone()
}

// TestAttackClocks is row 30: what a peer says of its clock is reported with a bound or dropped, and nothing is done by it:
// calls keep their deadlines, links their silence limits, this side its clock (BEAT-014, BEAT-016).
func TestAttackClocks(t *testing.T) {
	v := attackOn(t, nil)
	now := func() int64 { return time.Now().UnixNano() }
	year := int64(365 * 24 * time.Hour)
	for _, tc := range []struct {
		name   string
		answer func(p codec.Ping) codec.Pong
		taken  bool
	}{
		{"honest", func(p codec.Ping) codec.Pong { return codec.Pong{T2: now(), T3: now()} }, true},
		{"ten years ahead", func(p codec.Ping) codec.Pong { return codec.Pong{T2: now() + 10*year, T3: now() + 10*year} }, true},
		{"1970", func(p codec.Ping) codec.Pong { return codec.Pong{} }, false},
		{"the end of time", func(p codec.Ping) codec.Pong { return codec.Pong{T2: math.MaxInt64, T3: math.MaxInt64} }, false},
		{"the beginning of time", func(p codec.Ping) codec.Pong { return codec.Pong{T2: math.MinInt64, T3: math.MaxInt64} }, false},
		{"held for an hour", func(p codec.Ping) codec.Pong {
			return codec.Pong{T2: now(), T3: now() + int64(time.Hour), HoldUS: uint32(time.Hour.Microseconds())}
		}, true},
		{"held for longer than it took", func(p codec.Ping) codec.Pong { return codec.Pong{T2: now(), T3: now(), HoldUS: math.MaxUint32} }, false},
		{"another t1", func(p codec.Ping) codec.Pong { return codec.Pong{T1: 5, T2: now(), T3: now()} }, false},
		{"stepped", func(p codec.Ping) codec.Pong { return codec.Pong{T2: now(), T3: now(), Clock: codec.ClockStepped} }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := v.attackers(1)[0]
			sleep := request("sleep", 0, kit(map[string]any{"ms": int64(200)}))
			late := request("sleep", 100, kit(map[string]any{"ms": int64(60_000)}))
			from := time.Now()
			require.NoError(t, a.send(open(1), data(1, codec.FlagFin, sleep), open(3), data(3, codec.FlagFin, late), codec.Ping{T1: math.MinInt64}))
			for slept, ended := false, false; !slept || !ended; {
				f, err := a.rd.Next()
				require.NoError(t, err)
				m, err := codec.ParseMessage(f)
				require.NoError(t, err)
				switch m := m.(type) {
				case codec.Ping:
					p := tc.answer(m)
					p.Echo = m.Echo
					if p.T1 == 0 {
						p.T1 = m.T1
					}
					require.NoError(t, a.send(p))
				case codec.Data:
					if m.Stream == 1 {
						slept = true
						require.GreaterOrEqual(t, time.Since(from), 190*time.Millisecond)
					} else {
						ended = true
						require.Equal(t, byte(codec.CallKindError), m.Pieces.All()[0][0])
						require.GreaterOrEqual(t, time.Since(from), 90*time.Millisecond)
					}
				}
			}
			require.Less(t, time.Since(from), 3*time.Second)
			c := a.l.Stats().Clock
			require.Equal(t, tc.taken, c.Samples > 0, "%+v", c)
			if tc.taken {
				require.GreaterOrEqual(t, c.RTT, time.Microsecond)
				require.GreaterOrEqual(t, c.Err, 250*time.Millisecond, "what is said without a bound has a wide one")
			}
			_ = a.conn.Close()
		})
	}
	v.alone()
}
