package delivery

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/spec/exchange"
)

// TestPlain: the effect comes first, one store for a batch, and what fails is told.
func TestPlain(t *testing.T) {
	var log []string
	var bad error
	p := &Plain{
		Effect: func(r Record) error {
			if string(r.Data) == "bad" {
				return errDisk
			}
			log = append(log, string(r.Data))
			return nil
		},
		Gap:  func(g NoteGap) error { log = append(log, "gap"); return nil },
		Keep: func(c Cursor) error { log = append(log, "cursor"); return bad },
	}
	require.NoError(t, p.Store(StoreCursor{Cursor{Stable: 5}}))
	got := p.Apply(Apply{items(Record{Seq: 6, Data: []byte("a")}, Record{Seq: 8, Data: []byte("b")}, Record{Seq: 9, Data: []byte("bad")}, Record{Seq: 10, Data: []byte("c")})})
	require.Equal(t, []ReceiverEvent{Applied{6, 6}, Applied{8, 8}, Failed{9, 10, errDisk}}, got)
	require.Equal(t, []string{"cursor", "a", "b", "cursor"}, log)
	require.EqualValues(t, 6, p.cursor.Stable)
	require.Equal(t, []ReceiverEvent{Applied{7, 7}}, p.NoteGap(NoteGap{Gap: codec.Gap{From: 7, To: 7}}))
	require.EqualValues(t, 8, p.cursor.Stable)
	bad = errors.New("no room")
	require.Equal(t, []ReceiverEvent{Failed{9, 9, bad}}, p.Apply(Apply{items(Record{Seq: 9, Data: []byte("d")})}))
	require.EqualValues(t, 8, p.cursor.Stable, "what was not stored does not count")
}

// TestIdleFrames: what changes nothing is told, because the link counts it (CALM-001, CALM-002).
func TestIdleFrames(t *testing.T) {
	r := attached(t, 5, codec.Range{First: 7, Last: 9})
	r.Step(some(6, 0, "a"), 0)
	require.Equal(t, []ReceiverEffect{Idle{}}, r.Step(aGap(7, 8, 1), 0))
	s, _ := sending(t, 10, codec.Position{State: codec.PositionKept})
	s.Step(Room{plenty, plenty}, 0)
	ack := func(stable uint64, ranges ...codec.Range) []SenderEffect {
		return s.Step(GotAck{codec.Ack{Stable: stable, Ranges: ranges}}, 0)
	}
	require.Equal(t, []SenderEffect{Freed{2}}, ack(2))
	require.Equal(t, []SenderEffect{Idle{}}, ack(2))
	require.Empty(t, ack(2, codec.Range{First: 5, Last: 7}))
	require.Equal(t, []SenderEffect{Idle{}}, ack(2, codec.Range{First: 5, Last: 7}))
	require.Equal(t, []SenderEffect{Idle{}}, ack(2, codec.Range{First: 5, Last: 6}))
	require.Empty(t, ack(2, codec.Range{First: 5, Last: 8}))
	require.Equal(t, []SenderEffect{Freed{3}}, ack(3, codec.Range{First: 5, Last: 8}))
}

// TestPageShowsTheCores: the bytes of the example in spec/delivery.md are what the cores say.
func TestPageShowsTheCores(t *testing.T) {
	x, err := exchange.Resume()
	require.NoError(t, err)
	q := NewVolatile("out", plenty)
	q.head.ID, q.head.Lineage = exchange.ResumeOffer().ID, starts(1, 70, 1)
	for n := range 65 {
		if n == 39 {
			q.head.begin(71)
		}
		_, err := q.Append([]byte("rec" + string(rune('0'+(n+1)/10)) + string(rune('0'+(n+1)%10))))
		require.NoError(t, err)
	}
	require.NoError(t, q.Free(50))
	require.NoError(t, q.Drop(51, 61, codec.GapOverflow))
	s := NewSender(q)
	r := NewReceiver(ReceiverConfig{MaxMessage: 1 << 20}, &Cursor{
		ID: exchange.ResumeOffer().ID, Lineage: starts(1, 70, 1, 2, 71, 40), Stable: 57, Ranges: []codec.Range{{First: 60, Last: 61}}})

	open := s.Step(Attach{}, 0)[0].(SendOpen).Channel
	require.Equal(t, x.Steps[0].Bytes, encodeFrame(codec.Open{Stream: 5, Proto: "realtime", Ver: 1, Channel: open}))
	accept := r.Step(Offered{Attachment: 1, Stream: 5, Channel: open}, 0)[1].(SendAccept)
	require.Equal(t, x.Steps[1].Bytes, encodeFrame(codec.Accept{Stream: 5, Channel: &accept.Position}))
	s.Step(Accepted{Stream: 5, Position: &accept.Position, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0)
	out := s.Step(Room{Charge: 2 * (5 + codec.MessageCharge), Bytes: plenty}, 0)
	require.Len(t, out, 2)
	gap, records := out[0].(SendGap).Gap, out[1].(SendRecords).Records
	require.Equal(t, x.Steps[2].Bytes, encodeFrame(gap))
	require.Equal(t, x.Steps[3].Bytes, encodeFrame(records))
	r.Step(GotGap{1, gap}, 0)
	r.Step(GotRecords{1, records}, 0)
	r.Step(Applied{58, 59}, 0)
	r.Step(Applied{62, 62}, 0)
	out2 := r.Step(Tick{}, 100*time.Millisecond)
	require.Equal(t, x.Steps[4].Bytes, encodeFrame(out2[0].(SendAck).Ack))
}

func items(records ...Record) (list []Item) {
	for _, r := range records {
		list = append(list, Item{Record: r})
	}
	return list
}
