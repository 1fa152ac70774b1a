package delivery

import (
	"bytes"
	"crypto/rand"
	"errors"
	mrand "math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

const plenty = 1 << 30

// sending gives a sender whose ACCEPT said p, over a queue with count records.
func sending(t *testing.T, count int, p codec.Position) (*Sender, *Volatile) {
	t.Helper()
	q := NewVolatile("q", plenty)
	for i := range count {
		_, err := q.Append([]byte{byte(i + 1)})
		require.NoError(t, err)
	}
	s := NewSender(q)
	out := s.Step(Attach{}, 0)
	require.Len(t, out, 1)
	require.NoError(t, out[0].(SendOpen).Channel.Check())
	require.Empty(t, s.Step(Room{plenty, plenty}, 0), "nothing before ACCEPT (CHAN-014)")
	for _, e := range s.Step(Accepted{Stream: 5, Position: &p, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0) {
		_, bad := e.(Abort)
		require.False(t, bad, "%+v", e)
	}
	return s, q
}

// sent lists what the sender covers: numbers of records, and gaps by their first number, negative.
func sent(out []SenderEffect) (list []int64) {
	for _, e := range out {
		switch e := e.(type) {
		case SendRecords:
			for i := range e.Records.Pieces.Count() {
				list = append(list, int64(e.Records.Seq)+int64(i))
			}
		case SendGap:
			list = append(list, -int64(e.Gap.From), -int64(e.Gap.To), int64(e.Gap.Reason))
		}
	}
	return list
}

func aborted(t *testing.T, out []SenderEffect) *codec.Error {
	t.Helper()
	require.NotEmpty(t, out)
	a, ok := out[len(out)-1].(Abort)
	require.True(t, ok, "%+v", out)
	return a.Err
}

// TestSenderFaults is the table of faults of spec/delivery.md, as far as it is the sender's. The queue stays as it was (ACK-009).
func TestSenderFaults(t *testing.T) {
	kept := codec.Position{State: codec.PositionKept, Stable: 2, Ranges: []codec.Range{{First: 5, Last: 6}, {First: 9, Last: 9}}}
	ack := func(stable uint64, ranges ...codec.Range) SenderEvent {
		return GotAck{codec.Ack{Stable: stable, Ranges: ranges}}
	}
	for name, tc := range map[string]struct {
		before []SenderEvent
		fault  SenderEvent
	}{
		"stable beyond what was sent":       {nil, ack(3)},
		"stable beyond the channel":         {[]SenderEvent{Room{plenty, plenty}}, ack(11)},
		"stable that falls":                 {nil, ack(1)},
		"stable that falls below an ACK":    {[]SenderEvent{Room{plenty, plenty}, ack(8)}, ack(7)},
		"a range beyond what was sent":      {nil, ack(2, codec.Range{First: 4, Last: 4})},
		"a range around one of ACCEPT":      {nil, ack(2, codec.Range{First: 5, Last: 7})},
		"a range behind the channel":        {[]SenderEvent{Room{plenty, plenty}}, ack(2, codec.Range{First: 8, Last: 11})},
		"everything":                        {nil, ack(codec.MaxSeq)},
		"a range that begins inside ACCEPT": {nil, ack(2, codec.Range{First: 6, Last: 9})},
	} {
		t.Run(name, func(t *testing.T) {
			s, q := sending(t, 10, kept)
			for _, e := range tc.before {
				s.Step(e, 0)
				require.True(t, s.Attached())
			}
			before := q.Head()
			requireFault(t, aborted(t, s.Step(tc.fault, 0)), codec.CodeAckInvalid, codec.ScopeLink, "ACK-008")
			require.Equal(t, before, q.Head())
			require.False(t, s.Attached())
		})
	}
	t.Run("twins", func(t *testing.T) {
		s, q := sending(t, 10, kept)
		for _, e := range []SenderEvent{
			ack(2), ack(2, codec.Range{First: 5, Last: 6}), ack(2, codec.Range{First: 5, Last: 5}, codec.Range{First: 9, Last: 9}),
			Room{plenty, plenty}, ack(3, codec.Range{First: 5, Last: 10}), ack(3), ack(10),
		} {
			s.Step(e, 0)
			require.True(t, s.Attached(), "%+v", e)
		}
		require.Equal(t, []uint64{11, 10}, []uint64{q.Head().First, q.Head().Stable})
	})
	t.Run("FIN of the receiver first", func(t *testing.T) {
		s, _ := sending(t, 3, codec.Position{State: codec.PositionKept})
		requireFault(t, aborted(t, s.Step(GotEnd{}, 0)), codec.CodeProtocol, codec.ScopeStream, "REC-021")
		s, _ = sending(t, 3, codec.Position{State: codec.PositionKept})
		s.Step(Finish{}, 0)
		out := s.Step(Room{plenty, plenty}, 0)
		require.IsType(t, SendFin{}, out[len(out)-1], "FIN stands behind what was in the queue")
		require.Equal(t, []SenderEffect{Freed{3}}, s.Step(GotAck{codec.Ack{Stable: 3}}, 0))
		require.Empty(t, s.Step(GotEnd{}, 0))
		require.Len(t, s.Step(Attach{}, 0), 1, "the channel lives on")
	})
	t.Run("ACK before ACCEPT", func(t *testing.T) {
		s := NewSender(NewVolatile("q", plenty))
		s.Step(Attach{}, 0)
		requireFault(t, aborted(t, s.Step(ack(0), 0)), codec.CodeState, codec.ScopeLink, "CHAN-015")
	})
}

// TestHalfARecord: a number counts as sent when its last piece was (ACK-008).
func TestHalfARecord(t *testing.T) {
	q := NewVolatile("q", plenty)
	_, _ = q.Append(make([]byte, 100))
	s := NewSender(q)
	s.Step(Attach{}, 0)
	s.Step(Accepted{Stream: 5, Position: &codec.Position{State: codec.PositionKept}, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0)
	out := s.Step(Room{Charge: codec.MessageCharge + 40, Bytes: plenty}, 0)
	require.Equal(t, codec.FlagMore, out[0].(SendRecords).Records.Flags)
	require.NoError(t, q.Drop(1, 1, codec.GapOverflow), "the queue may drop it in the middle")
	out = s.Step(Room{Charge: plenty, Bytes: plenty}, 0)
	pieces := out[0].(SendRecords).Records.Pieces
	rest, _ := pieces.Next()
	require.Len(t, rest, 60, "the rest is sent all the same")
	require.True(t, s.Idle())
	s.Step(GotAck{codec.Ack{Stable: 1}}, 0)
	require.True(t, s.Attached())

	q = NewVolatile("q", plenty)
	_, _ = q.Append(make([]byte, 100))
	s = NewSender(q)
	s.Step(Attach{}, 0)
	s.Step(Accepted{Stream: 5, Position: &codec.Position{State: codec.PositionKept}, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0)
	s.Step(Room{Charge: codec.MessageCharge + 40, Bytes: plenty}, 0)
	requireFault(t, aborted(t, s.Step(GotAck{codec.Ack{Stable: 1}}, 0)), codec.CodeAckInvalid, codec.ScopeLink, "ACK-008")
}

// TestImpossiblePositions: what no receiver of this channel may say (CHAN-027, CHAN-028).
func TestImpossiblePositions(t *testing.T) {
	for name, p := range map[string]*codec.Position{
		"stable is next":      {State: codec.PositionKept, Stable: 11},
		"a range is next":     {State: codec.PositionKept, Stable: 2, Ranges: []codec.Range{{First: 4, Last: 11}}},
		"dup is next":         {State: codec.PositionKept, Stable: 2, Dup: 11},
		"lost somewhere else": {State: codec.PositionLost, Stable: 1},
		"diverged in future":  {State: codec.PositionDiverged, Stable: 12},
	} {
		q := NewVolatile("q", plenty)
		for range 10 {
			_, _ = q.Append([]byte("x"))
		}
		s := NewSender(q)
		s.Step(Attach{}, 0)
		before := q.Head()
		requireFault(t, aborted(t, s.Step(Accepted{Stream: 5, Position: p}, 0)), codec.CodeAckInvalid, codec.ScopeLink, "CHAN-028")
		require.Equal(t, before, q.Head(), name)
	}
	s := NewSender(NewVolatile("q", plenty))
	s.Step(Attach{}, 0)
	requireFault(t, aborted(t, s.Step(Accepted{Stream: 5}, 0)), codec.CodeProtocol, codec.ScopeStream, "CHAN-027")
}

// TestSenderCovers: every number once and ascending, what ACCEPT has left out, holes as GAP (REC-004, GAP-006, GAP-007).
func TestSenderCovers(t *testing.T) {
	q := NewVolatile("q", plenty)
	for i := range 20 {
		_, err := q.Append([]byte{byte(i)})
		require.NoError(t, err)
	}
	require.NoError(t, q.Drop(1, 4, codec.GapExpired))
	require.NoError(t, q.Drop(5, 6, codec.GapOperator))
	require.NoError(t, q.Drop(12, 13, codec.GapFiltered))
	s := NewSender(q)
	s.Step(Attach{}, 0)
	p := codec.Position{State: codec.PositionKept, Stable: 2, Dup: 9, Ranges: []codec.Range{{First: 4, Last: 4}, {First: 12, Last: 12}, {First: 15, Last: 16}}}
	s.Step(Accepted{Stream: 5, Position: &p, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0)
	out := s.Step(Room{plenty, plenty}, 0)
	require.Equal(t, []int64{-3, -3, 3, -5, -6, 5, 7, 8, 9, 10, 11, -13, -13, 4, 14, 17, 18, 19, 20}, sent(out))
	for _, e := range out {
		if r, ok := e.(SendRecords); ok {
			require.Equal(t, r.Records.Seq <= 9, r.Records.Flags&codec.FlagPossibleDup != 0, "CHAN-024")
		}
	}
	require.True(t, s.Idle())
	require.Empty(t, s.Step(Room{plenty, plenty}, 0), "nothing is sent twice (ACK-010)")
	require.IsType(t, SendFin{}, s.Step(Finish{}, 0)[0])
}

// TestLostAndDivergedOweACheck: and kept does not (CHAN-020).
func TestLostAndDivergedOweACheck(t *testing.T) {
	for state, want := range map[codec.PositionState]uint64{codec.PositionKept: 0, codec.PositionLost: 1, codec.PositionDiverged: 1} {
		_, q := sending(t, 3, codec.Position{State: state})
		require.Equal(t, want, q.Head().Checks)
	}
}

// TestForeign: the records go on in a new channel, under new numbers, flagged (CHAN-025, CHAN-026).
func TestForeign(t *testing.T) {
	q := NewVolatile("q", plenty)
	for i := range 6 {
		_, _ = q.Append([]byte{byte(i)})
	}
	require.NoError(t, q.Free(2))
	require.NoError(t, q.Drop(4, 4, codec.GapOperator))
	s, old := NewSender(q), q.Head()
	s.Step(Attach{}, 0)
	out := s.Step(Accepted{Stream: 5, Position: &codec.Position{State: codec.PositionForeign}}, 0)
	require.Equal(t, []SenderEffect{SendFin{}, NewChannel{}}, out)
	h := q.Head()
	require.NotEqual(t, old.ID, h.ID)
	require.Equal(t, []uint64{1, 4, 3, 0}, []uint64{h.First, h.Next, h.Dup, h.Stable})
	s.Step(Attach{}, 0)
	_, _ = q.Append([]byte("new"))
	s.Step(Accepted{Stream: 7, Position: &codec.Position{State: codec.PositionLost}, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0)
	require.Equal(t, []int64{1, 2, 3, 4}, sent(s.Step(Room{plenty, plenty}, 0)))
	s.Step(Detached{}, 0)
	s.Step(Attach{}, 0)
	s.Step(Accepted{Stream: 9, Position: &codec.Position{State: codec.PositionKept}, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0)
	out = s.Step(Room{plenty, plenty}, 0)
	require.Equal(t, codec.FlagPossibleDup, out[0].(SendRecords).Records.Flags)
	require.Zero(t, out[1].(SendRecords).Records.Flags)
}

// TestTooLargeForTheReceiver: a GAP stands in the record's place, and the channel goes on (REC-015, REC-016).
func TestTooLargeForTheReceiver(t *testing.T) {
	q := NewVolatile("q", plenty)
	for _, size := range []int{1, 101, 2, 102, 100} {
		_, _ = q.Append(make([]byte, size))
	}
	s := NewSender(q)
	s.Step(Attach{}, 0)
	s.Step(Accepted{Stream: 5, Position: &codec.Position{State: codec.PositionKept}, MaxFrame: 1 << 17, MaxMessage: 100}, 0)
	require.Equal(t, []int64{1, -2, -2, 5, 3, -4, -4, 5, 5}, sent(s.Step(Room{plenty, plenty}, 0)))
	_, err := q.Append(make([]byte, codec.WindowBytes+1))
	require.ErrorIs(t, err, ErrTooLarge)
}

// TestSenderWindow: never over 65,536 records, a GAP counting as one, nor over 64 MiB (REC-013).
func TestSenderWindow(t *testing.T) {
	s, q := sending(t, codec.WindowRecords+10, codec.Position{State: codec.PositionKept})
	require.NoError(t, q.Drop(3, 5, codec.GapFiltered))
	total := 0
	for range 10 {
		for _, e := range s.Step(Room{plenty, plenty}, 0) {
			if r, ok := e.(SendRecords); ok {
				total += r.Records.Pieces.Count()
			}
		}
	}
	require.Equal(t, codec.WindowRecords-1, total)
	s.Step(GotAck{codec.Ack{Stable: 6}}, 0)
	require.Equal(t, 4, len(sent(s.Step(Room{plenty, plenty}, 0))), "1, 2, the GAP and 6 are stable")

	q = NewVolatile("q", plenty)
	for range 70 {
		_, _ = q.Append(make([]byte, 1<<20))
	}
	s = NewSender(q)
	s.Step(Attach{}, 0)
	s.Step(Accepted{Stream: 5, Position: &codec.Position{State: codec.PositionKept}, MaxFrame: 1 << 21, MaxMessage: 1 << 21}, 0)
	require.Len(t, sent(s.Step(Room{plenty, plenty}, 0)), 64)
	s.Step(GotAck{codec.Ack{Stable: 1}}, 0)
	require.Equal(t, []int64{65}, sent(s.Step(Room{plenty, plenty}, 0)))
}

// TestRandomLife: whatever happens, room and frame size are kept, numbers ascend, the window is kept, records join to what was
// appended, and only ACK and the bound take records away.
func TestRandomLife(t *testing.T) {
	for seed := range uint64(400) {
		rng := mrand.New(mrand.NewPCG(seed, 7))
		q := newVolatile("q", 40*(RecordOverhead+60), rand.Reader)
		s := NewSender(q)
		want := map[uint64][]byte{}
		var last, acked, covered uint64
		var joined []byte
		for range 300 {
			switch rng.IntN(6) {
			case 0, 1:
				data := bytes.Repeat([]byte{byte(rng.Uint32())}, rng.IntN(120))
				seq, err := q.Append(data)
				require.NoError(t, err)
				want[seq] = data
				have, limit := q.Bytes()
				require.LessOrEqual(t, have, limit)
				require.Equal(t, recount(q), have, "the count is exact")
			case 2:
				if s.Attached() {
					break
				}
				s.Step(Attach{}, 0)
				h := q.Head()
				p := codec.Position{State: codec.PositionKept, Stable: h.Stable}
				s.Step(Accepted{Stream: 1, Position: &p, MaxFrame: 64, MaxMessage: 100}, 0)
				last, acked, covered, joined = p.Stable, p.Stable, p.Stable, nil
			case 3:
				room := Room{rng.IntN(1000), rng.IntN(2000)}
				charge, size := 0, 0
				for _, e := range s.Step(room, 0) {
					switch e := e.(type) {
					case SendGap:
						require.Equal(t, last+1, e.Gap.From)
						require.Nil(t, joined)
						last, covered = e.Gap.To, e.Gap.To
						size += e.Gap.Size()
					case SendRecords:
						m := e.Records
						require.Equal(t, last+1, m.Seq)
						require.LessOrEqual(t, m.Size()-codec.HeaderSize-codec.TrailerSize, 64)
						size += m.Size()
						seq, count, pieces := m.Seq, m.Pieces.Count(), m.Pieces
						for i := range count {
							piece, _ := pieces.Next()
							charge += len(piece) + codec.MessageCharge
							joined = append(joined, piece...)
							if i == count-1 && m.Flags&codec.FlagMore != 0 {
								break
							}
							require.True(t, bytes.Equal(want[seq], joined), "seed %d record %d", seed, seq)
							require.LessOrEqual(t, len(joined), 100)
							joined, last, covered = nil, seq, seq
							seq++
						}
					default:
						t.Fatalf("%+v", e)
					}
				}
				require.LessOrEqual(t, charge, room.Charge)
				require.LessOrEqual(t, size, room.Bytes)
			case 4:
				if s.Attached() && covered > acked {
					acked += 1 + rng.Uint64N(covered-acked)
					require.Equal(t, []SenderEffect{Freed{acked}}, s.Step(GotAck{codec.Ack{Stable: acked}}, 0))
					require.Equal(t, max(acked, 0), q.Head().Stable)
				}
			case 5:
				if rng.IntN(6) == 0 {
					s.Step(Detached{}, 0)
				}
			}
		}
	}
}

func recount(q *Volatile) (sum uint64) {
	for seq := q.head.First; seq < q.head.Next; seq++ {
		data, _ := q.Get(seq)
		sum += uint64(len(data)) + RecordOverhead
	}
	return sum
}

// TestQueueBound: the oldest go, as one exact hole; more holes than the list has are joined, and a skip never hides a loss.
func TestQueueBound(t *testing.T) {
	q := NewVolatile("q", 10*(RecordOverhead+1))
	for range 25 {
		_, err := q.Append([]byte("x"))
		require.NoError(t, err)
	}
	h := q.Head()
	require.Equal(t, []uint64{16, 26}, []uint64{h.First, h.Next})
	to, reason := q.Hole(1)
	require.EqualValues(t, 15, to)
	require.Equal(t, codec.GapOverflow, reason)
	require.NoError(t, q.Free(7))
	to, _ = q.Hole(8)
	require.EqualValues(t, 15, to)
	require.Equal(t, holes{{8, 15, codec.GapOverflow}}, q.before)
	require.NoError(t, q.Free(15))
	require.Empty(t, q.before, "what is stable is no hole")
	_, err := q.Append(make([]byte, 10*(RecordOverhead+1)-RecordOverhead+1))
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = NewVolatile("q", 0).Append(nil)
	require.ErrorIs(t, err, ErrTooLarge, "a bound of zero refuses (LIM-002)")

	var list holes
	for i := range uint64(200) {
		reason := codec.GapFiltered
		if i%2 == 0 {
			reason = codec.GapOverflow
		}
		list = list.push(Hole{i + 1, i + 1, reason})
		require.LessOrEqual(t, len(list), maxHoles)
	}
	require.EqualValues(t, 1, list[0].First)
	require.EqualValues(t, 200, list[len(list)-1].Last)
	require.Equal(t, codec.GapOverflow, list[0].Reason)
	for i := 1; i < len(list); i++ {
		require.Equal(t, list[i-1].Last+1, list[i].First)
	}
}

// TestResume: a process of which only the head is left goes on with its numbers, in a new epoch (CHAN-007, CHAN-009).
func TestResume(t *testing.T) {
	q := NewVolatile("q", plenty)
	for i := range 10 {
		_, _ = q.Append([]byte("x"))
		h := q.Head()
		q = Resume(h, plenty)
		again := q.Head()
		require.Equal(t, h.ID, again.ID)
		require.Equal(t, h.Next, again.Next)
		require.Equal(t, h.Next, again.First)
		require.Len(t, again.Lineage, min(i+2, codec.MaxLineage))
		require.NoError(t, again.Channel(rules{}).Check())
		require.Equal(t, codec.GapRestart, func() uint32 { _, reason := q.Hole(1); return reason }())
	}
}

// full is a queue whose disk is full.
type full struct{ *Volatile }

func (full) Free(uint64) error                 { return errors.New("disk") }
func (full) Drop(uint64, uint64, uint32) error { return errors.New("disk") }

// TestBrokenQueue: a sender whose queue cannot keep what it must stops, and says why.
func TestBrokenQueue(t *testing.T) {
	q := full{NewVolatile("q", plenty)}
	_, _ = q.Append([]byte("x"))
	s := NewSender(q)
	s.Step(Attach{}, 0)
	out := s.Step(Accepted{Stream: 5, Position: &codec.Position{State: codec.PositionKept}, MaxFrame: 1 << 17, MaxMessage: 1}, 0)
	require.IsType(t, Broken{}, out[0])
	require.False(t, s.Attached())
}
