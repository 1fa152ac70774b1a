package refimpl_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl"
	"handfast/refimpl/call"
)

// workers counts what handlers do at once.
type workers struct{ now, most, all atomic.Int64 }

func (w *workers) begin() {
	w.all.Add(1)
	n := w.now.Add(1)
	for m := w.most.Load(); n > m && !w.most.CompareAndSwap(m, n); m = w.most.Load() {
	}
}

func (w *workers) end() { w.now.Add(-1) }

// methods adds a method "work" that waits for its context, and one that does not, until release is closed.
func (w *workers) methods(release <-chan struct{}) func(s *call.Server) {
	return func(s *call.Server) {
		s.Handle("work", func(ctx context.Context, _ *call.Request, _ *call.Writer) error {
			w.begin()
			defer w.end()
			<-ctx.Done()
			return nil
		})
		s.Handle("stubborn", func(context.Context, *call.Request, *call.Writer) error {
			w.begin()
			defer w.end()
			<-release
			return nil
		})
	}
}

// TestAttackRapidReset is row 5: streams that are opened and reset at once are counted, and end with CALM; there is never more
// work than there are slots (CALM-003, CALM-004, STRM-010).
func TestAttackRapidReset(t *testing.T) {
	var w workers
	v := attackOn(t, func(c *refimpl.Config) { c.Methods = w.methods(nil) })
	list := v.attackers(8)
	v.heldBy(list, func(a *attacker) {
		granted := uint64(256)
		for id := uint32(1); ; id += 2 {
			for uint64(id+1)/2 > granted { // it keeps within its limit
				m, err := a.next(true)
				if err != nil {
					a.t.Errorf("%v", err)
					return
				}
				switch m := m.(type) {
				case codec.Streams:
					granted = m.Max
				case codec.Close:
					if m.Code != codec.CodeCalm {
						a.t.Errorf("CLOSE(%s)", m.Code)
					}
					_ = a.conn.Close()
					a.endsAs(codec.CodeCalm)
					return
				}
			}
			if a.send(open(id), data(id, codec.FlagFin, request("work", 0, nil)), codec.Reset{Stream: id, Code: codec.CodeCancelled}) != nil {
				granted = 0 // what was said lies there
			}
		}
	})
	v.alone()
	require.LessOrEqual(t, w.most.Load(), int64(8*256))
	require.LessOrEqual(t, w.all.Load(), int64(8*codec.ResetsMax))
	require.GreaterOrEqual(t, w.all.Load(), int64(8*codec.ResetsMin), "CALM-003")
	require.Zero(t, w.now.Load())
}

// TestAttackStubbornWork is row 5: a reset does not give a slot back while the work goes on, so that there is no more of it
// than the limit says (STRM-008, STRM-010).
func TestAttackStubbornWork(t *testing.T) {
	var w workers
	release := make(chan struct{})
	v := attackOn(t, func(c *refimpl.Config) {
		c.Methods = w.methods(release)
		c.Link.Limits.Streams = 16
	})
	let := sync.OnceFunc(func() { close(release) })
	t.Cleanup(let)
	list := v.attackers(8)
	v.heldBy(list, func(a *attacker) {
		for id := uint32(1); id < 35; id += 2 {
			if id == 33 { // what was granted again would have been said by the second PONG
				a.roundTrip()
				a.roundTrip()
			}
			_ = a.send(open(id), data(id, codec.FlagFin, request("stubborn", 0, nil)), codec.Reset{Stream: id, Code: codec.CodeCancelled})
		}
		a.closedWith(codec.CodeStreamLimit)
	})
	v.wait("all work has begun", func() bool { return w.now.Load() == 8*16 })
	let()
	v.alone()
	require.Equal(t, int64(8*16), w.most.Load())
}

// TestAttackProvokedResets is row 6: what makes a careless peer send RESET ends the link here, or is ignored and counted
// (STRM-012, STRM-013, STRM-014, CRED-001, CALM-002).
func TestAttackProvokedResets(t *testing.T) {
	var w workers
	v := attackOn(t, func(c *refimpl.Config) { c.Methods = w.methods(nil) })
	work := request("work", 0, nil)
	for _, tc := range []struct {
		name string
		send func(a *attacker)
		code codec.Code
	}{
		{"DATA behind FIN", func(a *attacker) { _ = a.send(open(1), data(1, codec.FlagFin, work), data(1, 0, work)) }, codec.CodeState},
		{"DATA on a stream that was never opened", func(a *attacker) { _ = a.send(data(1, 0, work)) }, codec.CodeState},
		{"CREDIT on one", func(a *attacker) { _ = a.send(codec.Credit{Stream: 7, Max: 1}) }, codec.CodeState},
		{"OPEN of an id once more", func(a *attacker) { _ = a.send(open(1), open(1)) }, codec.CodeStreamID},
		{"OPEN of the victim's own id", func(a *attacker) { _ = a.send(open(2)) }, codec.CodeStreamID},
		{"CREDIT beyond 2^63-1", func(a *attacker) { _ = a.send(open(1), codec.Credit{Stream: 1, Max: 1 << 63}) }, codec.CodeEncoding},
		{"DATA beyond the grant", func(a *attacker) {
			_ = a.send(open(1), data(1, 0, work), data(1, 0, make([]byte, 100_000)), data(1, 0, make([]byte, 100_000)), data(1, 0, make([]byte, 100_000)))
		}, codec.CodeFlowViolation},
		{"frames of a finished stream", func(a *attacker) {
			_ = a.send(open(1), data(1, codec.FlagFin, work), codec.Reset{Stream: 1})
			for range codec.IdleFramesMax {
				if a.send(codec.Credit{Stream: 1, Max: 1 << 40}) != nil {
					return
				}
			}
		}, codec.CodeCalm},
		{"ACCEPT of the opener", func(a *attacker) { _ = a.send(open(1), codec.Accept{Stream: 1}) }, codec.CodeState},
	} {
		t.Run(tc.name, func(t *testing.T) {
			list := v.attackers(4)
			v.heldBy(list, func(a *attacker) {
				tc.send(a)
				a.closedWith(tc.code)
			})
		})
	}
	v.alone()
	require.Zero(t, w.now.Load())
}

// TestAttackEmptyMessages is row 8: messages of no bytes cost 64 each, and so their number is bounded where nobody takes
// them (CRED-001, DATA-002).
func TestAttackEmptyMessages(t *testing.T) {
	v := attackOn(t, nil)
	empty := make([][]byte, 4000)
	list := v.attackers(4)
	v.heldBy(list, func(a *attacker) {
		_ = a.send(open(1), data(1, 0, request("sleep", 0, kit(map[string]any{"ms": int64(600_000)}))))
		_ = a.send(data(1, 0, empty...)) // 256,000 of 262,144
		_ = a.send(codec.Ping{Echo: 1})
		a.arrived()
	})
	v.heldBy(list, func(a *attacker) {
		_ = a.send(data(1, 0, empty[:200]...))
		a.closedWith(codec.CodeFlowViolation)
	})
	list = v.attackers(4)
	together(list, func(a *attacker) {
		_ = a.send(open(1), codec.Unknown{Type: codec.TypeData, Stream: 1})
		a.closedWith(codec.CodeEncoding)
	})
	v.alone()
}

// TestAttackKit: the test kit, which is served to everybody, does not allocate on the word of a size either (LIM-001): replies
// of up to 1 GiB each take no more than the link's memory for what was not yet sent.
func TestAttackKit(t *testing.T) {
	v := attackOn(t, nil)
	for _, size := range []int64{1<<30 - 1, 10_000_000} {
		args := request("stream", 0, kit(map[string]any{"n": int64(10), "size": size}))
		list := v.attackers(4, func(h *codec.Hello) {
			h.Limits.MaxMessage, h.Limits.LinkCredit, h.Limits.StreamCredit = 1<<30, 1<<40, 1<<30
		})
		const streams = 20
		v.heldBy(list, func(a *attacker) {
			for id := uint32(1); id < 2*streams; id += 2 {
				_ = a.send(open(id), data(id, codec.FlagFin, args))
			}
			a.arrived()
			a.stalls()
		}, unsentCost+streams*streamCost)
		together(list, func(a *attacker) { _ = a.conn.Close() })
	}
	v.alone()
}

// TestAttackFragments is row 11: a message that never ends is bounded by its deadline and its size, and all of a link's
// together by a sum (DATA-006, DATA-007, OPT-006). The stream ends, the link goes on.
func TestAttackFragments(t *testing.T) {
	v := attackOn(t, func(c *refimpl.Config) {
		c.Link.Limits.MaxMessage, c.Link.Limits.MessageMS, c.Link.Limits.IdleMS = 1<<20, 600, 3000
		c.Link.MaxJoining = 2 << 20
	})
	begin := request("discard", 0, nil)
	piece := make([]byte, 60_000)
	copy(piece, []byte{byte(codec.CallKindArg)})
	reset := func(a *attacker, code codec.Code) {
		for {
			m, err := a.next(true)
			if err != nil {
				a.t.Errorf("%v", err)
				return
			}
			if r, ok := m.(codec.Reset); ok {
				if r.Code != code {
					a.t.Errorf("RESET(%s), not %s", r.Code, code)
				}
				return
			}
		}
	}
	t.Run("deadline", func(t *testing.T) {
		list := v.attackers(8)
		v.heldBy(list, func(a *attacker) {
			_ = a.send(open(1), data(1, 0, begin))
			for range 4 {
				_ = a.send(data(1, codec.FlagMore, piece))
			}
			a.arrived()
		})
		together(list, func(a *attacker) {
			reset(a, codec.CodeMessageTimeout)
			_ = a.conn.Close()
		})
	})
	t.Run("size", func(t *testing.T) {
		list := v.attackers(4)
		v.heldBy(list, func(a *attacker) {
			_ = a.send(open(1), data(1, 0, begin))
			for range 18 { // the charge of what was joined is granted again: no need to look, once it has arrived
				_ = a.send(data(1, codec.FlagMore, piece))
				a.arrived()
			}
			reset(a, codec.CodeMsgTooBig)
			_ = a.conn.Close()
		})
	})
	t.Run("sum", func(t *testing.T) {
		list := v.attackers(2)
		v.heldBy(list, func(a *attacker) {
			for id := uint32(1); id < 31; id += 2 {
				_ = a.send(open(id), data(id, 0, begin))
				for range 3 {
					_ = a.send(data(id, codec.FlagMore, piece))
				}
			}
			reset(a, codec.CodeOverloaded)
			require.LessOrEqual(a.t, a.l.Stats().Unread, uint64(8<<20))
			_ = a.conn.Close()
		})
	})
	v.alone()
}
