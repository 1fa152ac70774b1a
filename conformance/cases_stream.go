package conformance

import (
	"encoding/binary"
	"slices"

	"handfast/codec"
	"handfast/conformance/wire"
)

// streamCases are the cases of SPEC.md chapter 10, messages aside.
func streamCases() []Case {
	return slices.Concat(
		openCases(),
		streamStateCases(),
		forAll(finishedCases()),
		forAcceptors(streamEndCases()),
		slotCases(),
	)
}

// openCases are about OPEN and its answer.
func openCases() []Case {
	cases := closing(codec.CodeStreamID, 7,
		fault{"stream/even-id", "STRM-001", "an OPEN with an id of the other side's", onNext, openPacket, same, ofTheOther},
		fault{"stream/even-id-later", "STRM-001", "an OPEN with an id of the other side's, after others,", afterTwo, openPacket, same, ofTheOther},
		fault{"stream/first-id-three", "STRM-002", "an OPEN that leaves the first id out", onNext, openPacket, same, ahead(2)},
		fault{"stream/id-left-out", "STRM-002", "an OPEN whose id leaves one out", afterTwo, openPacket, same, ahead(2)},
		fault{"stream/id-of-a-finished-stream", "STRM-002", "an OPEN with the id of a finished stream", afterTwo, openPacket, same, ahead(-4)},
		fault{"stream/id-far-ahead", "STRM-002", "an OPEN whose id is the greatest of all", onNext, openPacket, same, greatestID},
	)
	cases = append(cases, forAcceptors(closing(codec.CodeStreamID, 7,
		fault{"stream/id-of-an-open-stream", "STRM-002", "an OPEN with the id of an open stream", afterTwo, openPacket, same, ahead(-2)},
	))...)
	return forAll(cases, []Case{
		Case{
			ID: "stream/every-open-is-answered", Req: []string{"STRM-003"}, Level: 8, Roles: Acceptors,
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
				Want: Rejected(1, codec.CodeUnknownProto), DialerWant: Rejected(2, codec.CodeUnknownProto),
			},
		},
		Case{
			ID: "stream/protocol-of-the-suite-alone", Req: []string{"STRM-004"}, Level: 8,
			Title: "an OPEN for a sub-protocol that its sender alone has offered is rejected with UNKNOWN_PROTO",
			Reject: &Rejection{
				Options: Options{Hello: func(h *codec.Hello) { h.Protos["x.suite.alone"] = []uint16{1} }},
				Good:    func(c *Conn) { c.Send(c.NewStream().OpenAs("call", 1)) },
				Bad:     func(c *Conn) { c.Send(c.NewStream().OpenAs("x.suite.alone", 1)) },
				Want:    Rejected(1, codec.CodeUnknownProto), DialerWant: Rejected(2, codec.CodeUnknownProto),
			},
		},
		Case{
			ID: "stream/another-version", Req: []string{"STRM-005"}, Level: 8,
			Title: "an OPEN with another version than READY states is rejected with PROTO_VERSION",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(c.NewStream().OpenAs("call", 1)) },
				Bad:  func(c *Conn) { c.Send(c.NewStream().OpenAs("call", 2)) },
				Want: Rejected(1, codec.CodeProtoVersion), DialerWant: Rejected(2, codec.CodeProtoVersion),
			},
		},
		Case{
			ID: "stream/data-before-accept", Req: []string{"STRM-007"}, Level: 7, Roles: Acceptors,
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
	})
}

// ahead moves an OPEN by so many ids.
func ahead(by int) edit {
	return func(p Packet) Packet {
		return header(8, binary.BigEndian.AppendUint32(nil, uint32(int(rawHeader(p.bytes).Stream)+by))...)(p)
	}
}

// ofTheOther gives an OPEN the id of the same number of the other side's.
func ofTheOther(p Packet) Packet {
	if rawHeader(p.bytes).Stream%2 == 1 {
		return ahead(1)(p)
	}
	return ahead(-1)(p)
}

// greatestID gives an OPEN the greatest id of its side.
func greatestID(p Packet) Packet {
	return header(8, 0xFF, 0xFF, 0xFF, 0xFE|byte(rawHeader(p.bytes).Stream&1))(p)
}

// afterTwo is the third stream of a side, whose first is finished and whose second is open, where the other side is sure to serve it.
func afterTwo(c *Conn) *Stream {
	if c.own == wire.Acceptor {
		onRejected(c)
		onRejected(c)
		return c.NewStream()
	}
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
	return append(forAll(closing(codec.CodeState, 8,
		fault{"stream/data-unopened", unopened, "a DATA on a stream that was never opened", onOpen, argPacket, same, second},
		fault{"stream/credit-unopened", unopened, "a CREDIT on a stream that was never opened", onOpen, creditPacket, same, second},
		fault{"stream/reset-unopened", unopened, "a RESET on a stream that was never opened", onOpen, resetPacket, same, second},
		fault{"stream/accept-unopened", unopened, "an ACCEPT on a stream that was never opened", onFinished, acceptPacket, ignored, second},
		fault{"stream/reject-unopened", unopened, "a REJECT on a stream that was never opened", onFinished, rejectPacket, ignored, second},
		fault{"stream/data-on-an-even-id", unopened, "a DATA on an even id that was not opened", onOpen, argPacket, same, onStream(2)},
		fault{"stream/reset-on-an-even-id", unopened, "a RESET on an even id that was not opened", onOpen, resetPacket, same, onStream(2)},
	)), forAcceptors(closing(codec.CodeState, 8,
		fault{"stream/accept-from-the-opener", opener, "an ACCEPT from the opener of the stream", oneOfEach, acceptPacket, then(onStream(1), ignored), onStream(3)},
		fault{"stream/reject-from-the-opener", opener, "a REJECT from the opener of the stream", oneOfEach, rejectPacket, then(onStream(1), ignored), onStream(3)},
	), []Case{
		afterFin("stream/data-after-fin", "a DATA", argPacket),
		afterFin("stream/fin-after-fin", "a FIN", (*Stream).Fin),
	})...)
}

// oneOfEach is a link with a finished stream, 1, and an open one, 3.
func oneOfEach(c *Conn) *Stream {
	onFinished(c)
	return onOpen(c)
}
