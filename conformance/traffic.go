package conformance

import (
	"fmt"

	"handfast/codec"
	"handfast/conformance/wire"
)

// tour makes the peer send every kind of frame that an acceptor of the profile core sends without being asked to by an operator, for the
// wire checker to look at. CLOSE is left to the cases that reject.
func (c *Conn) tour() {
	ping := c.Ping()
	c.Send(Message(ping))
	c.Expect(Ponged(ping))
	onRejected(c)
	if a := c.Call("stream", Args("n", 20, "size", 3000)); len(a.Replies) != 20 {
		c.t.Fail("20 replies of stream", "%d", len(a.Replies))
	}
	if a := c.Call("fail", Args("code", 0x8003, "text", "on purpose")); a.Err == nil {
		c.t.Fail("ERROR from fail", "%d replies", len(a.Replies))
	}
	s := c.NewStream()
	c.Send(s.Open(), s.Data(0, Arg(nil))) // where REQUEST is due
	c.Expect(FrameOn(codec.TypeReset, s.ID))
	s = onDiscard(c)
	c.Send(s.fill(s.room())...)
	s.AwaitCredit(codec.MessageCharge)
	c.Send(s.Fin())
	s.Answer()
	c.useStreams(c.Slots())
	c.AwaitSlots(1)
	c.ExpectWithin(c.PingInterval()+Slack, FrameOn(codec.TypePing, 0))
}

// useStreams makes n calls of echo, as many at a time as the peer has granted.
func (c *Conn) useStreams(n uint64) {
	const tooMany, atOnce = 1 << 13, 64
	if n > tooMany {
		c.t.Unsupported(fmt.Sprintf("the case would have to make %d calls", n))
	}
	for n > 0 {
		c.AwaitSlots(1)
		var packets []Packet
		var streams []*Stream
		for range min(n, c.Slots(), atOnce) {
			s := c.NewStream()
			streams = append(streams, s)
			packets = append(packets, s.Open(), s.Data(codec.FlagFin, Request("echo", 0, nil)))
		}
		c.Send(packets...)
		for _, s := range streams {
			c.Expect(Accepted(s.ID))
			s.expectReply(nil)
			s.End()
		}
		n -= uint64(len(streams))
	}
}

// awaitData waits until the peer has sent DATA on the stream, and leaves it to later expectations.
func (s *Stream) awaitData() {
	s.c.Await(fmt.Sprintf("DATA on stream %d", s.ID), func(l *wire.Link) bool { return l.Streams[s.ID].Halves[s.c.other].Charge > 0 })
}

// exhaust lets the peer use what it may of the link's grant, and what it thinks it may: until eight questions have been answered in a row without
// more of it being used, or sixty-four altogether. What a peer leaves unused is its own affair.
func (c *Conn) exhaust() {
	used := func() uint64 {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.wire.Ends[c.other].LinkCharge
	}
	for last, still, all := used(), 0, 0; still < 8 && all < 64; all++ {
		c.Barrier()
		now := used()
		if still++; now != last {
			last, still = now, 0
		}
	}
}

// room is the charge that may be sent on a stream.
func (s *Stream) room() uint64 {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return min(s.c.wire.StreamRoom(s.c.own, s.ID), s.c.wire.LinkRoom(s.c.own))
}

// fill makes DATA with arguments, or replies, whose charge is as much as is asked for.
func (s *Stream) fill(charge uint64) []Packet { return s.pack(s.crumbs(charge)) }

// crumbs makes arguments or replies whose charge is as much as is asked for, which is 65 or more. Small pieces cost most, so that a whole window
// fits into few bytes and, for most peers, into one frame.
func (s *Stream) crumbs(charge uint64) [][]byte {
	const one = codec.MessageCharge + 1 // of an ARG without bytes
	var list [][]byte
	for charge >= 2*one {
		list = append(list, s.word(nil))
		charge -= one
	}
	return append(list, s.word(make([]byte, charge-one)))
}

// pack puts messages into as few DATA as max_frame of the peer allows.
func (s *Stream) pack(messages [][]byte) []Packet {
	most := int(s.c.Peer().Limits.MaxFrame)
	var packets []Packet
	begin, size := 0, 0
	for i, m := range messages {
		if size+pieceLength+len(m) > most {
			packets = append(packets, s.Data(0, messages[begin:i]...))
			begin, size = i, 0
		}
		size += pieceLength + len(m)
	}
	return append(packets, s.Data(0, messages[begin:]...))
}
