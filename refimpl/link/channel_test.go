package link_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// carried is a ChannelHandler and its receiver that answers at once, unless late is set, and notes what comes.
type carried struct {
	late bool // AcceptChannel is the test's
	keep bool // charge is not consumed

	mu      sync.Mutex
	streams []*link.Stream
	got     []codec.Records // of which only Seq and Flags hold
	owed    []link.Charge
	gaps    []codec.Gap
	fins    int
	ends    []error
	fail    *codec.Error // what OnRecords returns
}

func (c *carried) HandleStream(s *link.Stream, _ []byte) { panic("a stream without channel") }

func (c *carried) HandleChannel(s *link.Stream, _ []byte, _ *codec.Channel) link.ChannelReceiver {
	c.mu.Lock()
	c.streams = append(c.streams, s)
	c.mu.Unlock()
	if !c.late {
		s.AcceptChannel(codec.Position{State: codec.PositionKept})
	}
	return c
}

func (c *carried) OnRecords(s *link.Stream, m codec.Records, charge link.Charge) *codec.Error {
	c.mu.Lock()
	c.got = append(c.got, m)
	if c.keep {
		c.owed = append(c.owed, charge)
	}
	c.mu.Unlock()
	if !c.keep {
		s.Consume(charge)
	}
	return c.fail
}

func (c *carried) OnGap(_ *link.Stream, g codec.Gap) (bool, *codec.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gaps = append(c.gaps, g)
	return false, nil
}

func (c *carried) OnFin(s *link.Stream) *codec.Error {
	c.mu.Lock()
	c.fins++
	c.mu.Unlock()
	_ = s.CloseSend()
	return nil
}

func (c *carried) OnEnd(s *link.Stream, err error) {
	c.mu.Lock()
	c.ends = append(c.ends, err)
	c.mu.Unlock()
	s.Done()
}

// carrying is a configuration with delivery: "t" is a channel's, "call" is not.
func carrying(c *carried) link.Config {
	return link.Config{
		Node: [16]byte{1}, GreaseEvery: -1, Delivery: true, Protos: map[string][]uint16{"t": {1}, "call": {1}},
		Handlers: map[string]link.Handler{"t": c, "call": link.HandlerFunc(sink)},
	}
}

func offersDelivery(h *codec.Hello) { h.Caps["delivery"] = true }

func offer() *codec.Channel {
	return &codec.Channel{ID: [16]byte{1}, Name: "q", Lineage: codec.Lineage{{Epoch: 1, Nonce: 1, First: 1}}, First: 1, Next: 1}
}

func openChannel(id uint32) codec.Open {
	return codec.Open{Stream: id, Proto: "t", Ver: 1, Channel: offer()}
}

func records(id uint32, flags codec.Flags, seq uint64, pieces ...[]byte) codec.Records {
	return codec.Records{Stream: id, Flags: flags, Seq: seq, Pieces: codec.NewPieces(flags, pieces...)}
}

// TestChannelReceives: what a link makes of frames that belong to channels, in place and out of it.
func TestChannelReceives(t *testing.T) {
	a, big := []byte("a"), make([]byte, 100<<10)
	gap := codec.Gap{Stream: 1, From: 1, To: 1, Reason: 1}
	plain := codec.Open{Stream: 1, Proto: "call", Ver: 1}
	cases := []struct {
		name  string
		send  []codec.Message
		late  bool
		keep  bool
		close codec.Code // the link ends with it
		req   string     // and says this
		reset codec.Code // the stream ends with it
		refus codec.Code // the OPEN is rejected with it
	}{
		{name: "records", send: []codec.Message{openChannel(1), records(1, 0, 1, a, a), records(1, codec.FlagFin, 3, a)}},
		{name: "a record in pieces", send: []codec.Message{openChannel(1), records(1, codec.FlagMore, 1, a), records(1, codec.FlagMore, 1, a, a), records(1, 0, 2, a, a)}},
		{name: "a gap", send: []codec.Message{openChannel(1), gap}},
		{name: "FIN alone", send: []codec.Message{openChannel(1), data(1, codec.FlagFin)}},
		{name: "FIN before ACCEPT", late: true, send: []codec.Message{openChannel(1), data(1, codec.FlagFin)}},
		{name: "records before ACCEPT", late: true, send: []codec.Message{openChannel(1), records(1, 0, 1, a)}, close: codec.CodeState, req: "CHAN-015"},
		{name: "a gap before ACCEPT", late: true, send: []codec.Message{openChannel(1), gap}, close: codec.CodeState, req: "CHAN-015"},
		{name: "an ACK of the sender", send: []codec.Message{openChannel(1), codec.Ack{Stream: 1, Stable: 1}}, close: codec.CodeState, req: "CHAN-015"},
		{name: "records after FIN", send: []codec.Message{openChannel(1), openChannel(3), records(1, codec.FlagFin, 1, a), records(3, codec.FlagFin, 1, a)}},
		{name: "records without channel", send: []codec.Message{plain, records(1, 0, 1, a)}, close: codec.CodeState, req: "CHAN-015"},
		{name: "a gap without channel", send: []codec.Message{plain, gap}, close: codec.CodeState, req: "CHAN-015"},
		{name: "an ACK without channel", send: []codec.Message{plain, codec.Ack{Stream: 1}}, close: codec.CodeState, req: "CHAN-015"},
		{name: "records that were never opened", send: []codec.Message{records(1, 0, 1, a)}, close: codec.CodeState, req: "STRM-012"},
		{name: "number 0", send: []codec.Message{openChannel(1), records(1, 0, 0, a)}, close: codec.CodeEncoding, req: "REC-001"},
		{name: "a gap of 0", send: []codec.Message{openChannel(1), codec.Gap{Stream: 1, From: 0, To: 1}}, close: codec.CodeEncoding, req: "GAP-001"},
		{name: "FIN inside a record", send: []codec.Message{openChannel(1), records(1, codec.FlagMore, 1, a), data(1, codec.FlagFin)}, close: codec.CodeEncoding, req: "DATA-009"},
		{name: "beyond the grant", keep: true, send: []codec.Message{openChannel(1), records(1, 0, 1, big), records(1, 0, 2, big), records(1, 0, 3, big)}, close: codec.CodeFlowViolation, req: "REC-011"},
		{name: "a message in DATA", send: []codec.Message{openChannel(1), data(1, 0, a)}, reset: codec.CodeProtocol},
		{name: "OPEN without channel", send: []codec.Message{codec.Open{Stream: 1, Proto: "t", Ver: 1}}, refus: codec.CodeProtocol},
		{name: "OPEN with a channel where none is used", send: []codec.Message{codec.Open{Stream: 1, Proto: "call", Ver: 1, Channel: offer()}}, refus: codec.CodeProtocol},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &carried{late: tc.late, keep: tc.keep}
				r, l := against(t, carrying(c), false, offersDelivery)
				r.send(tc.send...)
				switch {
				case tc.close != 0:
					m := await[codec.Close](r)
					require.Equal(t, tc.close.String(), m.Code.String(), m.Text)
					require.Contains(t, m.Text, tc.req)
					_ = r.conn.Close()
					return
				case tc.reset != 0:
					require.Equal(t, tc.reset, await[codec.Reset](r).Code)
				case tc.refus != 0:
					m := await[codec.Reject](r)
					require.Equal(t, tc.refus, m.Code)
					require.Contains(t, m.Text, "CHAN-003")
				}
				r.stillAlive()
				settled(t, l)
				require.Zero(t, l.Joining())
			})
		})
	}
}

// TestChannelAnswersFirst: a receiver that stores its position before it answers may owe an ACK and have seen FIN by then: both wait for
// its ACCEPT (STRM-003).
func TestChannelAnswersFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &carried{late: true}
		r, l := against(t, carrying(c), false, offersDelivery)
		r.send(openChannel(1), data(1, codec.FlagFin))
		r.stillAlive() // nothing has come on the stream
		settled(t, l)
		s := c.streams[0]
		require.Equal(t, 1, c.fins) // which closes this side's direction
		s.SendAck(codec.Ack{Stable: 7})
		r.stillAlive()
		require.True(t, s.AcceptChannel(codec.Position{State: codec.PositionLost}))
		require.Equal(t, uint32(1), r.next().(codec.Accept).Stream)
		require.Equal(t, uint64(7), r.next().(codec.Ack).Stable)
		require.True(t, r.next().(codec.Data).Pieces.Fin())
	})
}

// TestChannelNotSelected: without the capability channel is a key that nobody knows, and the frames are unknown (CHAN-001).
func TestChannelNotSelected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, carrying(&carried{}), false)
		require.False(t, l.Delivery())
		r.send(codec.Open{Stream: 1, Proto: "call", Ver: 1, Channel: offer()}, records(1, 0, 1, []byte("a")), codec.Ack{Stream: 1}, codec.Gap{Stream: 1, From: 1, To: 1})
		await[codec.Accept](r)
		r.stillAlive()
		r.send(openChannel(3))
		require.Equal(t, codec.CodeProtocol, await[codec.Reject](r).Code)
	})
}

// TestRecordTime: a record that is never completed ends its stream, as a message does (REC-002, DATA-007), and its charge comes back.
func TestRecordTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &carried{}
		cfg := limits(carrying(c), func(l *codec.Limits) { l.MessageMS = 1000 })
		r, l := against(t, cfg, false, offersDelivery)
		r.send(openChannel(1), records(1, codec.FlagMore, 1, make([]byte, 1000)))
		settled(t, l) // the piece has moved to the record that is being joined
		require.Equal(t, int64(1000), l.Joining())
		require.Equal(t, codec.CodeMessageTimeout, await[codec.Reset](r).Code)
		settled(t, l)
		require.Zero(t, l.Joining())
		require.Len(t, c.ends, 1)
	})
}

// TestRecordsWaitForTheReceiver: while the receiver consumes nothing, the charge of a record in pieces is kept too; when it has
// consumed everything, all comes back once.
func TestRecordsWaitForTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &carried{keep: true}
		r, l := against(t, carrying(c), false, offersDelivery)
		r.send(openChannel(1), records(1, 0, 1, make([]byte, 1000)), records(1, codec.FlagMore, 2, make([]byte, 5000)))
		r.stillAlive()
		_, received, consumed := l.LinkCredit()
		require.Equal(t, uint64(1064+5064), received)
		require.Zero(t, consumed)
		c.mu.Lock()
		c.streams[0].Consume(c.owed[0])
		c.mu.Unlock()
		settled(t, l) // the piece has moved to the record that is being joined
		require.Equal(t, int64(5000), l.Joining())
		r.send(records(1, 0, 2, make([]byte, 10)))
		synctest.Wait()
		require.Equal(t, int64(5010), l.Joining(), "until it is consumed")
		c.mu.Lock()
		for _, o := range c.owed[1:] {
			c.streams[0].Consume(o)
		}
		c.mu.Unlock()
		settled(t, l)
		require.Zero(t, l.Joining())
	})
}

// TestOneAckWaits: an ACK is one place that the newest takes (ACK-005, CRED-010), and nothing of it follows the end of the stream.
func TestOneAckWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &carried{}
		r, _ := mute(t, carrying(c), offersDelivery)
		r.send(openChannel(1))
		synctest.Wait() // the link writes into a transport that takes nothing
		c.mu.Lock()
		s := c.streams[0]
		c.mu.Unlock()
		many := []codec.Range{{First: 5000, Last: 5001}}
		for i := range uint64(1000) {
			s.SendAck(codec.Ack{Stable: i, Ranges: many})
		}
		many[0] = codec.Range{} // it was copied
		_, err := r.rd.Next()   // READY
		require.NoError(t, err)
		r.rd.SetMaxFrame(1 << 20)
		go r.pump()
		var acks []codec.Ack
		for len(acks) == 0 || acks[len(acks)-1].Stable < 999 {
			acks = append(acks, await[codec.Ack](r))
		}
		require.LessOrEqual(t, len(acks), 2)
		require.Equal(t, []codec.Range{{First: 5000, Last: 5001}}, acks[len(acks)-1].Ranges)
		s.SendAck(codec.Ack{Stable: 2000})
		s.Reset(codec.CodeInternal, "")
		s.SendAck(codec.Ack{Stable: 3000})
		for reset := false; !reset; {
			switch m := r.next().(type) {
			case codec.Ack:
				require.Equal(t, uint64(2000), m.Stable)
			case codec.Reset:
				reset = true
			}
		}
		r.send(codec.Ping{Echo: 7})
		for {
			m := r.next()
			_, isAck := m.(codec.Ack)
			require.False(t, isAck)
			if p, ok := m.(codec.Pong); ok && p.Echo == 7 {
				break
			}
		}
	})
}

// sends is a ChannelSender that notes what comes.
type sends struct {
	accepted chan *codec.Position // capacity 1
	acks     chan codec.Ack       // capacity 16
	ended    chan error           // capacity 1
	fin      *codec.Error
}

func newSends() *sends {
	return &sends{accepted: make(chan *codec.Position, 1), acks: make(chan codec.Ack, 16), ended: make(chan error, 1)}
}

func (s *sends) OnAccept(_ *link.Stream, p *codec.Position) { s.accepted <- p }
func (s *sends) OnAck(_ *link.Stream, a codec.Ack) (bool, *codec.Error) {
	a.Ranges = slices.Clone(a.Ranges)
	s.acks <- a
	return false, nil
}
func (s *sends) OnDrain(st *link.Stream)         { _ = st.CloseSend() }
func (s *sends) OnFin(*link.Stream) *codec.Error { return s.fin }
func (s *sends) OnEnd(_ *link.Stream, err error) { s.ended <- err }

// TestChannelSends: the sender's side of a stream: OPEN with channel, frames in one buffer, FIN behind them, and what is out of place.
func TestChannelSends(t *testing.T) {
	kept := codec.Accept{Stream: 1, Channel: &codec.Position{State: codec.PositionKept}}
	t.Run("frames and FIN", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, l := against(t, carrying(&carried{}), true, offersDelivery)
			out := newSends()
			s, err := l.OpenChannel(context.Background(), "t", nil, offer(), out)
			require.NoError(t, err)
			require.Equal(t, offer(), await[codec.Open](r).Channel)
			r.send(kept)
			require.Equal(t, codec.PositionKept, (<-out.accepted).State)
			room, err := s.AwaitRoom(1000)
			require.NoError(t, err)
			require.NotZero(t, room)
			m, g := records(1, 0, 1, []byte("abc")), codec.Gap{Stream: 1, From: 2, To: 3, Reason: 1}
			require.True(t, s.SendFrames(func(b []byte) ([]byte, int) { return g.AppendFrame(m.AppendFrame(b)), int(m.Pieces.Charge()) }))
			require.NoError(t, s.CloseSend())
			s.Flush()
			require.Equal(t, m.Seq, await[codec.Records](r).Seq)
			require.Equal(t, g, await[codec.Gap](r))
			require.True(t, await[codec.Data](r).Pieces.Fin())
			r.send(codec.Ack{Stream: 1, Stable: 3, Ranges: []codec.Range{{First: 5, Last: 6}}}, data(1, codec.FlagFin))
			a := <-out.acks
			require.Equal(t, uint64(3), a.Stable)
			require.NoError(t, <-out.ended)
			synctest.Wait() // whoever wrote gives back behind it
			require.Zero(t, l.Stats().Unsent)
		})
	})
	t.Run("room that is given back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, l := against(t, carrying(&carried{}), true, offersDelivery)
			s, err := l.OpenChannel(context.Background(), "t", nil, offer(), newSends())
			require.NoError(t, err)
			await[codec.Open](r)
			r.send(kept)
			synctest.Wait()
			for range 100 {
				_, err := s.AwaitRoom(1 << 20)
				require.NoError(t, err)
				s.GiveRoom()
				require.Zero(t, l.Stats().Unsent)
			}
			_, err = s.AwaitRoom(1 << 20) // and room that is never used goes with the stream
			require.NoError(t, err)
			s.Reset(codec.CodeCancelled, "")
			require.Zero(t, l.Stats().Unsent)
			_, err = s.AwaitRoom(1)
			require.Equal(t, codec.CodeCancelled, linkError(t, err).Code)
		})
	})
	for name, tc := range map[string]struct {
		before bool // ACCEPT has come
		send   codec.Message
		close  codec.Code
		reset  codec.Code
		req    string
	}{
		"an ACK before ACCEPT":         {send: codec.Ack{Stream: 1}, close: codec.CodeState, req: "CHAN-015"},
		"records of the receiver":      {before: true, send: records(1, 0, 1, []byte("a")), close: codec.CodeState, req: "CHAN-015"},
		"a gap of the receiver":        {before: true, send: codec.Gap{Stream: 1, From: 1, To: 1}, close: codec.CodeState, req: "CHAN-015"},
		"an ACK of a form":             {before: true, send: codec.Unknown{Type: codec.TypeAck, Stream: 1, Payload: bytes.Repeat([]byte{0xFF}, 16)}, close: codec.CodeEncoding, req: "ACK-001"},
		"a message of the receiver":    {before: true, send: data(1, 0, []byte("a")), reset: codec.CodeProtocol, req: "REC-018"},
		"an ACCEPT with a bad channel": {send: codec.Unknown{Type: codec.TypeAccept, Stream: 1, Payload: []byte("\x81\xA7channel\x80")}, close: codec.CodeEncoding, req: "CHAN-004"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l := against(t, carrying(&carried{}), true, offersDelivery)
				out := newSends()
				_, err := l.OpenChannel(context.Background(), "t", nil, offer(), out)
				require.NoError(t, err)
				await[codec.Open](r)
				if tc.before {
					r.send(kept)
				}
				r.send(tc.send)
				if tc.reset != 0 {
					m := await[codec.Reset](r)
					require.Equal(t, tc.reset, m.Code)
					require.Contains(t, m.Text, tc.req)
				} else {
					m := await[codec.Close](r)
					require.Equal(t, tc.close.String(), m.Code.String(), m.Text)
					require.Contains(t, m.Text, tc.req)
					_ = r.conn.Close()
				}
				require.Error(t, <-out.ended)
			})
		})
	}
}

// TestRecordsWaitForCredit: a sender without credit waits for a grant that is worth a frame, and the link's memory is not held meanwhile.
func TestRecordsWaitForCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, carrying(&carried{}), true, offersDelivery, func(h *codec.Hello) { h.Limits.StreamCredit = 65_536 })
		s, err := l.OpenChannel(context.Background(), "t", nil, offer(), newSends())
		require.NoError(t, err)
		await[codec.Open](r)
		r.send(codec.Accept{Stream: 1, Channel: &codec.Position{State: codec.PositionKept}})
		synctest.Wait()
		room, err := s.AwaitRoom(1 << 20)
		require.NoError(t, err)
		require.Equal(t, 65_536, room.Charge)
		m := records(1, 0, 1, make([]byte, 40_000))
		require.True(t, s.SendFrames(func(b []byte) ([]byte, int) { return m.AppendFrame(b), int(m.Pieces.Charge()) }))
		s.Flush()
		got := make(chan link.Room, 1)
		go func() {
			room, _ := s.AwaitRoom(1 << 20)
			got <- room
		}()
		await[codec.Records](r)
		synctest.Wait()
		require.Empty(t, got)
		require.Zero(t, l.Stats().Unsent)
		r.send(codec.Credit{Stream: 1, Max: 65_536 + 40_064})
		require.Equal(t, 65_536, (<-got).Charge)
		pass(time.Second)
	})
}
