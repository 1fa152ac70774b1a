package conformance

import (
	"slices"

	"handfast/codec"
)

// streamCases are the cases of SPEC.md chapter 10, messages aside.
func streamCases() []Case {
	return slices.Concat(
		openCases(),
		streamStateCases(),
		finishedCases(),
		streamEndCases(),
		slotCases(),
	)
}

// openCases are about OPEN and its answer.
func openCases() []Case {
	cases := closing(codec.CodeStreamID, 7,
		fault{"stream/even-id", "STRM-001", "an OPEN with an id of the acceptor's", onNext, openPacket, same, onStream(2)},
		fault{"stream/even-id-later", "STRM-001", "an OPEN with an id of the acceptor's, after others,", afterTwo, openPacket, same, onStream(6)},
		fault{"stream/first-id-three", "STRM-002", "an OPEN whose id is 3, as the first,", onNext, openPacket, same, onStream(3)},
		fault{"stream/id-left-out", "STRM-002", "an OPEN whose id leaves one out", afterTwo, openPacket, same, onStream(7)},
		fault{"stream/id-of-an-open-stream", "STRM-002", "an OPEN with the id of an open stream", afterTwo, openPacket, same, onStream(3)},
		fault{"stream/id-of-a-finished-stream", "STRM-002", "an OPEN with the id of a finished stream", afterTwo, openPacket, same, onStream(1)},
		fault{"stream/id-far-ahead", "STRM-002", "an OPEN whose id is the greatest of all", onNext, openPacket, same, header(8, 0xFF, 0xFF, 0xFF, 0xFF)},
	)
	return append(cases,
		Case{
			ID: "stream/every-open-is-answered", Req: []string{"STRM-003"}, Level: 8,
			Title: "each of eight OPENs that come with their data in one piece is answered, before anything else on its stream",
			Run: func(t *T) {
				c := t.Open(Options{})
				var packets []Packet
				for i := range 8 {
					s := c.NewStream()
					open := s.Open()
					if i%2 == 1 {
						open = s.OpenAs("x.suite.nobody", 1)
					}
					packets = append(packets, open, s.Data(codec.FlagFin, Request("echo", 0, []byte("eight"))))
				}
				c.Send(packets...)
				for i := range uint32(8) {
					if i%2 == 0 {
						c.StreamAt(2*i + 1).answered("eight")
					} else {
						c.Expect(FrameOn(codec.TypeReject, 2*i+1))
					}
				}
			},
		},
		Case{
			ID: "stream/unknown-protocol", Req: []string{"STRM-004"}, Level: 8,
			Title: "an OPEN for a sub-protocol that is not in READY is rejected with UNKNOWN_PROTO",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(c.NewStream().OpenAs("call", 1)) },
				Bad:  func(c *Conn) { c.Send(c.NewStream().OpenAs("cal", 1)) },
				Want: Rejected(1, codec.CodeUnknownProto),
			},
		},
		Case{
			ID: "stream/protocol-of-the-suite-alone", Req: []string{"STRM-004"}, Level: 8,
			Title: "an OPEN for a sub-protocol that the dialer alone has offered is rejected with UNKNOWN_PROTO",
			Reject: &Rejection{
				Options: Options{Hello: func(h *codec.Hello) { h.Protos["x.suite.alone"] = []uint16{1} }},
				Good:    func(c *Conn) { c.Send(c.NewStream().OpenAs("call", 1)) },
				Bad:     func(c *Conn) { c.Send(c.NewStream().OpenAs("x.suite.alone", 1)) },
				Want:    Rejected(1, codec.CodeUnknownProto),
			},
		},
		Case{
			ID: "stream/another-version", Req: []string{"STRM-005"}, Level: 8,
			Title: "an OPEN with another version than READY states is rejected with PROTO_VERSION",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(c.NewStream().OpenAs("call", 1)) },
				Bad:  func(c *Conn) { c.Send(c.NewStream().OpenAs("call", 2)) },
				Want: Rejected(1, codec.CodeProtoVersion),
			},
		},
		Case{
			ID: "stream/data-before-accept", Req: []string{"STRM-007"}, Level: 7,
			Title: "messages and pieces that come before ACCEPT are taken",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.NewStream()
				c.Send(s.Open(), s.Data(0, Request("echo", 0, []byte("a"))), s.Data(0, Arg([]byte("b"))), s.Data(codec.FlagMore, Arg([]byte("c"))))
				c.Expect(Accepted(s.ID))
				c.Send(s.Data(codec.FlagFin, []byte("d")))
				for _, value := range []string{"a", "b", "cd"} {
					s.expectReply([]byte(value))
				}
				s.End()
			},
		},
	)
}

// afterTwo is the third stream of a link, whose first is finished and whose second is open.
func afterTwo(c *Conn) *Stream {
	onFinished(c)
	onOpen(c)
	return c.NewStream()
}

// streamStateCases are about frames that the state of their stream does not allow.
func streamStateCases() []Case {
	const unopened, opener = "STRM-012", "STRM-016"
	second := onStream(3)
	half := func(c *Conn) *Stream { // its twin has sent no FIN
		s := c.NewStream()
		c.Send(s.Open(), s.Data(0, Request("sleep", 0, Args("ms", asleep))))
		c.Expect(Accepted(s.ID))
		return s
	}
	afterFin := func(id, what string, packet func(s *Stream) Packet) Case {
		return Case{
			ID: id, Req: []string{"STRM-013"}, Level: 8, Title: what + " after FIN, while the stream is open, ends the link with STATE",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(packet(half(c))) },
				Bad:  func(c *Conn) { c.Send(packet(onAsleep(c)).Fault(what + " after FIN")) },
				Want: Closed(codec.CodeState),
			},
		}
	}
	return append(closing(codec.CodeState, 8,
		fault{"stream/data-unopened", unopened, "a DATA on a stream that was never opened", onOpen, argPacket, same, second},
		fault{"stream/credit-unopened", unopened, "a CREDIT on a stream that was never opened", onOpen, creditPacket, same, second},
		fault{"stream/reset-unopened", unopened, "a RESET on a stream that was never opened", onOpen, resetPacket, same, second},
		fault{"stream/accept-unopened", unopened, "an ACCEPT on a stream that was never opened", onFinished, acceptPacket, ignored, second},
		fault{"stream/reject-unopened", unopened, "a REJECT on a stream that was never opened", onFinished, rejectPacket, ignored, second},
		fault{"stream/data-on-an-even-id", unopened, "a DATA on an id of the acceptor's, which it has not opened,", onOpen, argPacket, same, onStream(2)},
		fault{"stream/reset-on-an-even-id", unopened, "a RESET on an id of the acceptor's, which it has not opened,", onOpen, resetPacket, same, onStream(2)},
		fault{"stream/accept-from-the-opener", opener, "an ACCEPT from the opener of the stream", oneOfEach, acceptPacket, then(onStream(1), ignored), onStream(3)},
		fault{"stream/reject-from-the-opener", opener, "a REJECT from the opener of the stream", oneOfEach, rejectPacket, then(onStream(1), ignored), onStream(3)},
	),
		afterFin("stream/data-after-fin", "a DATA", argPacket),
		afterFin("stream/fin-after-fin", "a FIN", (*Stream).Fin),
	)
}

// oneOfEach is a link with a finished stream, 1, and an open one, 3.
func oneOfEach(c *Conn) *Stream {
	onFinished(c)
	return onOpen(c)
}
