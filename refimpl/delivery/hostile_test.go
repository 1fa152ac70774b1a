package delivery

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/spec"
)

// TestHostileSender: a sender that sends anything at all cannot make the receiver keep more than its bound, apply a number twice in one
// history, move stable back, or answer with an error that has no code, scope and requirement.
func TestHostileSender(t *testing.T) {
	runs := uint64(1500)
	if testing.Short() {
		runs = 150
	}
	for seed := range runs {
		h := hostile{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 3)), all: NewChannels(ReceiverConfig{Transactional: seed%2 == 0, MaxMessage: 4096})}
		for range 200 {
			h.step()
		}
	}
}

type hostile struct {
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	all     *Channels
	att     uint64
	work    []codec.Range
	stable  uint64 // of this attachment
	applied map[uint64]bool
	handed  uint64 // the last number of this attachment that went to the sink
}

// near gives a number that is often the expected one, and sometimes any.
func (h *hostile) near() uint64 {
	var at uint64 = 1
	if r := h.all.Receiver(h.key()); r != nil {
		at = r.expected
	}
	switch h.rng.IntN(10) {
	case 0:
		return 1 + h.rng.Uint64N(codec.MaxSeq)
	case 1:
		return min(codec.MaxSeq, at+1+h.rng.Uint64N(5))
	case 2:
		return min(codec.MaxSeq, max(1, at-min(at, h.rng.Uint64N(5))))
	default:
		return min(codec.MaxSeq, max(1, at))
	}
}

func (h *hostile) key() Key { return Key{"n", "p", "q"} }

func (h *hostile) step() {
	var e ReceiverEvent
	switch h.rng.IntN(9) {
	case 0:
		h.att++
		e = Offered{Attachment: h.att, Channel: h.channel()}
	case 1, 2, 3:
		m := codec.Records{Seq: h.near(), Flags: codec.Flags(h.rng.IntN(8)) &^ codec.FlagFin}
		pieces := make([][]byte, 1+h.rng.IntN(5))
		for i := range pieces {
			pieces[i] = make([]byte, 1+h.rng.IntN(2000))
		}
		m.Pieces = codec.NewPieces(m.Flags, pieces...)
		f, _, err := codec.ParseFrame(m.AppendFrame(nil), 1<<20)
		require.NoError(h.t, err)
		if m, err = codec.ParseRecords(f); err != nil {
			return
		}
		e = GotRecords{h.old(), m}
	case 4:
		from := h.near()
		e = GotGap{h.old(), codec.Gap{From: from, To: from + h.rng.Uint64N(codec.MaxSeq-from+1), Reason: h.rng.Uint32N(7)}}
		if h.rng.IntN(4) > 0 {
			e = GotGap{h.old(), codec.Gap{From: from, To: min(codec.MaxSeq, from+h.rng.Uint64N(20)), Reason: h.rng.Uint32N(7)}}
		}
	case 5:
		e = Gone{h.old()}
	case 6:
		e = GotFin{h.old()}
	default:
		if len(h.work) == 0 {
			return
		}
		i := h.rng.IntN(len(h.work))
		r := h.work[i]
		h.work = append(h.work[:i], h.work[i+1:]...)
		e = Applied{r.First, r.Last}
		if h.rng.IntN(15) == 0 {
			e = Failed{First: r.First, Last: r.Last}
			for n := range h.applied {
				if n >= r.First && n <= r.Last {
					delete(h.applied, n)
				}
			}
		}
	}
	h.check(h.all.Step(h.key(), e, 0))
}

// old gives an attachment: mostly the newest.
func (h *hostile) old() uint64 { return h.att - min(h.att, uint64(h.rng.IntN(8)/7)) }

func (h *hostile) channel() *codec.Channel {
	next := 1 + h.rng.Uint64N(100)
	c := &codec.Channel{ID: [16]byte{byte(h.rng.IntN(2))}, First: 1 + h.rng.Uint64N(next), Next: next, Stable: h.rng.Uint64N(next)}
	first, epoch := 1+h.rng.Uint64N(next), 1+h.rng.Uint64N(3)
	for range 1 + h.rng.IntN(4) {
		c.Lineage = append(c.Lineage, codec.Epoch{Epoch: epoch, Nonce: h.rng.Uint64N(2), First: first})
		epoch, first = epoch+1, first+h.rng.Uint64N(next-first+1)
	}
	require.NoError(h.t, c.Check())
	return c
}

func (h *hostile) check(out []ReceiverEffect) {
	for _, e := range out {
		switch e := e.(type) {
		case StoreCursor:
			h.applied = map[uint64]bool{} // a history may have been cut
			h.stable = 0
		case SendAccept:
			require.NoError(h.t, e.Position.Check(), "seed %d", h.seed)
			h.stable, h.handed = e.Position.Stable, e.Position.Stable
		case SendAck:
			_, err := e.Ack.AppendFrame(nil)
			require.NoError(h.t, err, "seed %d", h.seed)
			require.GreaterOrEqual(h.t, e.Ack.Stable, h.stable, "seed %d", h.seed)
			h.stable = e.Ack.Stable
		case Apply:
			for _, one := range e.Items {
				r := one.Record
				require.False(h.t, h.applied[r.Seq], "seed %d: record %d twice", h.seed, r.Seq)
				h.applied[r.Seq] = true
				h.inOrder(r.Seq, r.Seq)
				h.work = append(h.work, codec.Range{First: r.Seq, Last: r.Seq})
			}
		case NoteGap:
			h.inOrder(e.Gap.From, e.Gap.To)
			h.work = append(h.work, codec.Range{First: e.Gap.From, Last: e.Gap.To})
		case End:
			h.typed(e.Err)
		case Reject:
			h.typed(e.Err)
		}
	}
	r := h.all.Receiver(h.key())
	if r == nil {
		return
	}
	c, _ := r.Cursor()
	requireCanonical(h.t, &c)
	require.LessOrEqual(h.t, r.window.count(), codec.WindowRecords)
	require.LessOrEqual(h.t, r.window.bytes, uint64(codec.WindowBytes))
	require.LessOrEqual(h.t, len(c.Ranges), codec.WindowRecords+1)
	if r.joining != nil {
		require.LessOrEqual(h.t, len(r.joining.data), 4096)
	}
	b, _ := c.AppendBinary(nil)
	_, err := DecodeCursor(b)
	require.NoError(h.t, err, "seed %d", h.seed)
}

// inOrder: records and gaps come in the order of their numbers (REC-009).
func (h *hostile) inOrder(first, last uint64) {
	require.Greater(h.t, first, h.handed, "seed %d", h.seed)
	h.handed = last
}

func (h *hostile) typed(err *codec.Error) {
	_, known := spec.Requirement(err.Req)
	info, registered := err.Code.Info()
	require.True(h.t, known && registered, "seed %d: %v", h.seed, err)
	require.Contains(h.t, []string{"any", err.Scope.String()}, info.Scope, "seed %d: %v", h.seed, err)
}

// TestWorstRanges: every second record stays open, and the attachment ends, over and over: the ranges stay within the window.
func TestWorstRanges(t *testing.T) {
	all := NewChannels(ReceiverConfig{Transactional: true})
	key := Key{"n", "p", "q"}
	lineage := starts(1, 70, 1)
	for round := range uint64(2) {
		all.Step(key, Offered{Attachment: round + 1, Channel: &codec.Channel{Lineage: lineage, First: 1, Next: 1 << 30, Stable: 0}}, 0)
		r := all.Receiver(key)
		pieces := codec.NewPieces(0, make([][]byte, codec.WindowRecords)...)
		out := all.Step(key, GotRecords{round + 1, codec.Records{Seq: r.expected, Pieces: pieces}}, 0)
		for _, e := range out {
			if a, ok := e.(Apply); ok {
				for _, one := range slices.Clone(a.Items) {
					if seq := one.Record.Seq; seq%2 == 0 {
						all.Step(key, Applied{seq, seq}, 0)
					}
				}
			}
		}
		c, _ := r.Cursor()
		require.LessOrEqual(t, len(c.Ranges), codec.WindowRecords+1)
		for len(r.sink) > 0 { // what stays open fails, so that the next OPEN is answered
			all.Step(key, Failed{First: r.sink[0].First, Last: r.sink[0].Last}, 0)
		}
	}
	c, _ := all.Receiver(key).Cursor()
	require.Zero(t, c.Stable)
	require.Equal(t, codec.WindowRecords/2, len(c.Ranges), "round after round the same records are missing")
}
