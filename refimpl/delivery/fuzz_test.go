package delivery

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// choices is a source of random numbers that a fuzzer decides, as long as it has bytes, and that goes on by itself behind them.
type choices struct {
	b    []byte
	rest *rand.PCG
}

func newChoices(b []byte) *rand.Rand {
	return rand.New(&choices{b, rand.NewPCG(uint64(len(b)), 1)})
}

// Uint64 spreads a byte over the number, because most choices are made by its highest bits.
func (c *choices) Uint64() uint64 {
	if len(c.b) == 0 {
		return c.rest.Uint64()
	}
	v := uint64(c.b[0]) * 0x0101010101010101
	c.b = c.b[1:]
	return v
}

// FuzzReceiver lets the bytes choose what a hostile sender does: see TestHostileSender for what holds whatever that is.
func FuzzReceiver(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add(seedBytes(400), true)
	f.Fuzz(func(t *testing.T, b []byte, transactional bool) {
		h := hostile{t: t, rng: newChoices(b), all: NewChannels(ReceiverConfig{Transactional: transactional, MaxMessage: 4096})}
		for range min(300, 8+len(b)/2) {
			h.step()
		}
	})
}

// seedBytes makes bytes that are the same each time.
func seedBytes(n int) []byte {
	b := make([]byte, 0, n+8)
	for r := rand.NewPCG(1, 1); len(b) < n; {
		b = binary.BigEndian.AppendUint64(b, r.Uint64())
	}
	return b[:n]
}

// FuzzSender lets the bytes choose the events of a sender's core, those of a receiver that says anything included. Whatever comes: an abort has code, scope and requirement, numbers that are sent have been
// given, and what the queue frees only grows.
func FuzzSender(f *testing.F) {
	f.Add([]byte{})
	f.Add(seedBytes(300))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newChoices(b)
		q := newVolatile("q", 1<<16, constant{})
		s := NewSender(q)
		freed := uint64(0)
		for range min(300, 8+len(b)/2) {
			for range r.IntN(3) {
				_, _ = q.Append(make([]byte, r.IntN(300)))
			}
			next := q.Head().Next
			near := func() uint64 {
				switch r.IntN(6) {
				case 0:
					return r.Uint64()
				case 1:
					return next + uint64(r.IntN(3))
				}
				return next - min(next, uint64(r.IntN(8)))
			}
			ranges := func() (list []codec.Range) {
				at := near()
				for range r.IntN(4) {
					first := at + 2 + uint64(r.IntN(3))
					at = first + uint64(r.IntN(3))
					list = append(list, codec.Range{First: first, Last: at})
				}
				return list
			}
			var event SenderEvent
			switch r.IntN(8) {
			case 0:
				if s.state != senderDetached {
					continue
				}
				event = Attach{}
			case 1:
				p := &codec.Position{State: []codec.PositionState{codec.PositionKept, codec.PositionLost, codec.PositionDiverged, codec.PositionForeign}[r.IntN(4)], Stable: near(), Ranges: ranges()}
				if p.Check() != nil || s.state != senderOffered {
					continue // no parser of package codec gives it
				}
				event = Accepted{Stream: 1, Position: p, MaxFrame: 16384, MaxMessage: 65536}
			case 2:
				event = GotAck{codec.Ack{Stream: 1, Stable: near(), Ranges: ranges()}}
			case 3, 4:
				event = Room{Charge: r.IntN(1 << 16), Bytes: r.IntN(1 << 16)}
			case 5:
				event = Finish{}
			case 6:
				event = GotEnd{}
			default:
				event = Detached{}
			}
			for _, effect := range s.Step(event, time.Duration(0)) {
				switch effect := effect.(type) {
				case Abort:
					require.NotEmpty(t, effect.Err.Req)
					require.NotZero(t, effect.Err.Code)
				case SendRecords:
					require.GreaterOrEqual(t, effect.Records.Seq, uint64(1))
					require.Less(t, effect.Records.Seq, q.Head().Next)
				case NewChannel:
					freed = 0
				case Freed:
					require.GreaterOrEqual(t, effect.Stable, freed)
					require.Less(t, effect.Stable, q.Head().Next)
					freed = effect.Stable
				}
			}
		}
	})
}

// constant is a source of ids and nonces.
type constant struct{}

func (constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i + 1)
	}
	return len(b), nil
}

// FuzzDelivery lets the number choose what cuts, ends, restores and loses between two cores that keep the rules: see TestAdversary.
func FuzzDelivery(f *testing.F) {
	f.Add(uint64(1<<40), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, kind uint8) {
		r := (&trial{seed: seed, kind: sinkKind(kind % 3), steps: 200}).run()
		require.False(t, r.failed(), "%v", r)
	})
}
