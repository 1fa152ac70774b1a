package conformance

import (
	"fmt"

	"handfast/codec"
)

// finishedCases are about frames that come late: on streams that are finished, whichever way they ended.
func finishedCases() []Case {
	late := func(id, what string, on scene, packets ...func(s *Stream) Packet) Case {
		return Case{
			ID: "stream/late-" + id, Req: []string{"STRM-014"}, Level: 8,
			Title: what + " are ignored",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := on(c)
				for _, packet := range packets {
					c.Send(ignored(packet(s)))
				}
				c.Echo()
				c.silentOn(s, "late frames")
			},
		}
	}
	fin := func(s *Stream) Packet { return s.Fin() }
	return []Case{
		late("data", "DATA of a finished stream, with and without FIN,", onFinished, argPacket, argPacket, fin),
		late("credit", "CREDITs of a finished stream", onFinished, creditPacket, creditPacket),
		late("reset", "RESETs of a finished stream", onFinished, resetPacket, resetPacket),
		late("answers", "ACCEPT and REJECT of a finished stream", onFinished, acceptPacket, rejectPacket),
		late("after-reset", "frames of a stream that the suite has reset", onReset, argPacket, creditPacket, resetPacket, fin),
		late("after-reject", "frames of a stream that the peer has rejected", onRejected, argPacket, creditPacket, resetPacket, fin),
		{
			ID: "stream/late-after-its-reset", Req: []string{"STRM-014"}, Level: 8,
			Title: "DATA, CREDIT and RESET of a stream that the peer has reset are ignored",
			Reject: &Rejection{
				Good: func(c *Conn) {
					s := onOpen(c)
					c.Send(s.strange(0x2F, 0), argPacket(s), argPacket(s), creditPacket(s), resetPacket(s))
				},
				Bad: func(c *Conn) { // what follows the fault was on its way when it was found
					s := onOpen(c)
					c.Send(critical(s.strange(0x2F, 0)).Fault("unknown, and critical"), argPacket(s), argPacket(s), creditPacket(s), resetPacket(s))
				},
				Want: Reset(1, codec.CodeUnknownCritical),
			},
		},
	}
}

// silentOn checks that the peer has sent nothing on a stream that it was not asked for, up to the answer to something later.
func (c *Conn) silentOn(s *Stream, after string) {
	c.Barrier()
	c.Never(fmt.Sprintf("frame on stream %d after %s", s.ID, after), func(e *Event) bool {
		return e.Frame != nil && e.Frame.Stream == s.ID
	})
}

// streamEndCases are about the two directions of a stream and their ends.
func streamEndCases() []Case {
	return []Case{
		{
			ID: "stream/reset-is-not-answered", Req: []string{"STRM-015"}, Level: 8,
			Title: "RESET is not answered with RESET, on a call that waits and on one that works",
			Run: func(t *T) {
				c := t.Open(Options{})
				waits, works := onOpen(c), onAsleep(c)
				c.Send(resetPacket(waits), resetPacket(works))
				c.Echo()
				c.silentOn(waits, "RESET")
				c.silentOn(works, "RESET")
			},
		},
		{
			ID: "stream/half-closed-goes-on", Req: []string{"STRM-017"}, Level: 7,
			Title: "a peer that has read FIN goes on sending, beyond the first grant",
			Run: func(t *T) {
				c := t.Open(Options{Hello: func(h *codec.Hello) { h.Limits.StreamCredit = codec.MinLimits().StreamCredit }})
				const n, size = 30, 10_000
				checkStream(t, c.Call("stream", Args("n", n, "size", size)), n, size)
			},
		},
		{
			ID: "stream/half-closed-by-a-fin-of-its-own", Req: []string{"STRM-017"}, Level: 7,
			Title: "a peer that has read FIN without a message goes on sending",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: func(h *codec.Hello) { h.Limits.StreamCredit = codec.MinLimits().StreamCredit }})
				const n, size = 30, 10_000
				s := c.NewStream()
				c.Send(s.Open(), s.Data(0, Request("stream", 0, Args("n", n, "size", size))))
				c.Expect(Accepted(s.ID))
				c.Send(s.Fin())
				c.Barrier()
				c.Send(s.Credit(1 << 20))
				checkStream(t, s.Answer(), n, size)
			},
		},
		{
			ID: "stream/nothing-after-reset", Req: []string{"STRM-020"}, Level: 8,
			Title: "a peer that resets a stream in the middle of its replies sends nothing more on it",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(onStreaming(c).strange(0x2F, 0)) },
				Bad:  func(c *Conn) { c.Send(critical(onStreaming(c).strange(0x2F, 0)).Fault("unknown, and critical")) },
				Want: Reset(1, codec.CodeUnknownCritical),
			},
		},
		{
			ID: "stream/nothing-after-fin", Req: []string{"STRM-020"}, Level: 6,
			Title: "a peer that has sent FIN sends nothing more on the stream, although the other direction is open",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.NewStream()
				c.Send(s.Open(), s.Data(0, Request("stream", 0, Args("n", 1, "size", 1))))
				c.Expect(Accepted(s.ID))
				checkStream(t, s.Answer(), 1, 1)
				c.Echo()
				c.Send(s.Fin())
				c.Echo()
				c.silentOn(s, "FIN")
			},
		},
	}
}

// onStreaming is a call of stream that has much to send and has begun.
func onStreaming(c *Conn) *Stream {
	s := c.NewStream()
	c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", 1000, "size", 5000))))
	s.awaitData()
	return s
}

// slotCases are about the number of streams.
func slotCases() []Case {
	return []Case{
		{
			ID: "stream/beyond-the-grant", Req: []string{"STRM-008"}, Level: 9, Roles: Acceptors,
			Title: "an OPEN beyond the number of streams that was granted ends the link with STREAM_LIMIT",
			Reject: &Rejection{
				Good: func(c *Conn) { c.fillSlots() },
				Bad:  func(c *Conn) { c.fillSlots(); c.Send(c.NewStream().Open().Fault("one stream too many")) },
				Want: Closed(codec.CodeStreamLimit),
				// A barrier would need one more stream where no PING is due, and none is granted; but none was sent before.
			},
		},
		{
			ID: "stream/grant-raised", Req: []string{"STRM-009"}, Level: 7, Roles: Acceptors,
			Title: "the number of streams that is granted rises as calls end, over three times the first grant",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.useStreams(3 * c.Peer().Limits.Streams)
			},
		},
		{
			ID: "stream/grant-raised-for-rejected", Req: []string{"STRM-009"}, Level: 8, Roles: AnyRole,
			Title: "the number of streams that is granted rises as streams are rejected",
			Run: func(t *T) {
				c := t.Open(Options{})
				for range c.moreThanGranted() {
					c.AwaitSlots(1)
					onRejected(c)
				}
			},
		},
		{
			ID: "stream/grant-raised-for-reset", Req: []string{"STRM-009"}, Level: 8, Roles: Acceptors,
			Title: "the number of streams that is granted rises as streams are reset, by the peer",
			Run: func(t *T) {
				c := t.Open(Options{})
				for range c.moreThanGranted() {
					c.AwaitSlots(1)
					s := c.NewStream()
					c.Send(s.Open(), s.Data(0, Arg(nil))) // where REQUEST is due
					c.Expect(FrameOn(codec.TypeReset, s.ID))
				}
			},
		},
		{
			ID: "stream/stale-grant-ignored", Req: []string{"STRM-011"}, Level: 7, Roles: AnyRole,
			Title: "a STREAMS that is not greater than the one before is ignored",
			Run: func(t *T) {
				c := t.Open(Options{})
				for _, most := range []uint64{c.Self().Limits.Streams, 0, 1000, 1000, 999} {
					c.Send(Message(codec.Streams{Max: most}))
				}
				c.Echo()
			},
		},
	}
}

// fillSlots opens calls until no more are granted, and leaves them open.
func (c *Conn) fillSlots() {
	c.moreThanGranted()
	for c.Slots() > 0 {
		var packets []Packet
		for range c.Slots() {
			packets = append(packets, c.NewStream().Open())
		}
		c.Send(packets...)
		c.Expect(Accepted(c.nextStream - 2))
	}
}

// moreThanGranted is a number of streams for which the first grant is not enough. A peer may grant more than any case can open.
func (c *Conn) moreThanGranted() uint64 {
	const most = 1 << 12
	n := c.Peer().Limits.Streams + 1
	if n > most {
		c.t.Unsupported(fmt.Sprintf("the case would have to open %d streams", n))
	}
	return n
}
