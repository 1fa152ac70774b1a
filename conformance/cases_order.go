package conformance

import (
	"fmt"
	"slices"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/conformance/wire"
)

// orderCases are about which of several faults is reported, and about what the end of one link or stream leaves alone (chapter 14).
func orderCases() []Case {
	return slices.Concat(forAll(orderHeaderCases()), orderStreamCases(), orderOpenCases(), linkErrorCases(), forAll(isolationCases()))
}

// twoFaults is a frame that breaks two rules, of which the one that stands first is reported.
type twoFaults struct {
	slug, faults string // "a wrong header checksum and type FF"
	scene        scene
	packet       func(s *Stream) Packet
	good, bad    edit
	want         Want
}

// as makes the case of the frame.
func (f twoFaults) as() Case {
	return Case{
		ID: "order/" + f.slug, Req: []string{"ERR-003"}, Level: 9,
		Title: fmt.Sprintf("a frame with two faults, %s, gets the answer to the first: %s", f.faults, f.want.Text),
		Reject: &Rejection{
			Good: func(c *Conn) { c.Send(f.good(f.packet(f.scene(c)))) },
			Bad:  func(c *Conn) { c.Send(f.bad(f.packet(f.scene(c))).Fault(f.faults)) },
			Want: f.want,
		},
	}
}

func twoFaultCases(list []twoFaults) []Case {
	cases := make([]Case, len(list))
	for i, f := range list {
		cases[i] = f.as()
	}
	return cases
}

// lastByte breaks the trailer.
func lastByte(p Packet) Packet { return flip(len(p.bytes) - 1)(p) }

// tooLongHeader announces a payload over every limit and sends none of it.
func tooLongHeader(p Packet) Packet { return headerOnly(0x7FFFFFFF)(p) }

// orderHeaderCases are about checks 1 to 7.
func orderHeaderCases() []Case {
	const headerSum = 12
	grease := func(s *Stream) Packet { return greasePacket(s) }
	typeFF := header(0, 0xFF)
	headerCRC, payloadCRC := Closed(codec.CodeHeaderCRC), Closed(codec.CodePayloadCRC)
	return append(twoFaultCases([]twoFaults{
		{"header-checksum-before-type", "a wrong header checksum and type FF", onLink, grease, same, then(typeFF, flip(headerSum)), headerCRC},
		{"header-checksum-before-length", "a wrong header checksum and a length over max_frame", onLink, grease, same, then(tooLongHeader, flip(headerSum)), headerCRC},
		{"type-before-length", "type FF and a length over max_frame", onLink, grease, same, then(typeFF, tooLongHeader), Closed(codec.CodeProtocol)},
		{"type-before-trailer", "type FF and a wrong trailer", onLink, strangeBody, same, then(typeFF, lastByte), Closed(codec.CodeProtocol)},
		{"length-before-trailer", "a length of OPEN over 16,384 and a wrong trailer", onNext, openPacket, same,
			func(p Packet) Packet { return lastByte(put("params", make([]byte, codec.MaxControl))(p)) }, Closed(codec.CodeFrameSize)},
		{"length-before-scope", "a length of OPEN over 16,384 and stream 0", onNext, openPacket, same,
			func(p Packet) Packet { return onStream(0)(headerOnly(codec.MaxControl + 1)(p)) }, Closed(codec.CodeFrameSize)},
		{"trailer-before-state", "a wrong trailer and a second READY", onLink, greasePacket, same,
			func(p Packet) Packet { return lastByte(header(0, byte(codec.TypeReady))(p)) }, payloadCRC},
		{"trailer-before-unknown-critical", "a wrong trailer and an unknown type with MUST_UNDERSTAND", onLink, strangeBody, same, then(critical, lastByte), payloadCRC},
		{"trailer-before-scope", "a wrong trailer and a PING on stream 1", onLink, pingPacket, same, then(onStream(1), lastByte), payloadCRC},
		{"trailer-before-form", "a wrong trailer and a PING of 23 bytes", onLink, pingPacket, same, then(resized(23), lastByte), payloadCRC},
		{"trailer-before-stream-state", "a wrong trailer and DATA on a stream that was never opened", onOpen, argPacket, same, then(onStream(99), lastByte), payloadCRC},
		{"scope-before-form", "a PING on stream 1 and of 23 bytes", onLink, pingPacket, same, then(resized(23), onStream(1)), Closed(codec.CodeProtocol)},
		{"scope-before-form-of-data", "DATA on stream 0 and with bytes left over", onOpen, argPacket, same, then(leftOver, onStream(0)), Closed(codec.CodeProtocol)},
	}), beforeReady("state-before-unknown-critical", "a first frame that is not READY, and is of an unknown type with MUST_UNDERSTAND", func(s *Stream) Packet { return critical(strangePacket(s)) }),
		beforeReady("state-before-scope", "a first frame that is not READY, and is a PING on stream 1", func(s *Stream) Packet { return onStream(1)(pingPacket(s)) }),
		beforeReady("state-before-form", "a first frame that is not READY, and is a PING of 23 bytes", func(s *Stream) Packet { return resized(23)(pingPacket(s)) }))
}

// strangeBody makes a frame of a type that nobody knows, with a payload, and so with a trailer.
func strangeBody(s *Stream) Packet { return s.strange(0x2F, 20) }

// leftOver gives a DATA two bytes behind its last piece.
func leftOver(p Packet) Packet {
	return p.Payload("two bytes left over", func(b []byte) []byte { return append(b, 0, 0) })
}

// beforeReady makes the case of a first frame that is wrong in another way as well. READY-002 gives STATE for it.
func beforeReady(slug, faults string, bad func(s *Stream) Packet) Case {
	return Case{
		ID: "order/" + slug, Req: []string{"ERR-003"}, Level: 9,
		Title: fmt.Sprintf("a frame with two faults, %s, gets the answer to the first: CLOSE(STATE)", faults),
		Reject: &Rejection{
			Unopened: true,
			Good:     func(c *Conn) { c.Handshake() },
			Bad: func(c *Conn) {
				c.greet()
				c.Send(bad(onLink(c)).Fault(faults))
			},
			Want: closedUnopened(codec.CodeState),
		},
	}
}

// linkErrorCases are about CLOSE, whatever the link is doing.
func linkErrorCases() []Case {
	closes := func(slug, while string, roles Roles, busy func(c *Conn)) Case {
		return Case{
			ID: "order/" + slug, Req: []string{"ERR-001"}, Level: 8, Roles: roles, Title: "a fault of the link is answered with CLOSE of its code while " + while,
			Reject: &Rejection{
				Good: func(c *Conn) {
					busy(c)
					c.Send(c.GreasePacket())
				},
				Bad: func(c *Conn) {
					busy(c)
					c.sendFault()
				},
				Want: Closed(codec.CodeHeaderCRC),
			},
		}
	}
	return []Case{
		closes("link-error-on-an-idle-link", "nothing else happens", AnyRole, func(*Conn) {}),
		closes("link-error-while-calls-work", "calls sleep and wait for arguments", Acceptors, func(c *Conn) {
			onAsleep(c)
			onOpen(c)
		}),
		closes("link-error-without-credit", "a call waits for credit", Acceptors, func(c *Conn) {
			c.WithholdCredit()
			s := c.NewStream()
			c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", 2000, "size", 1000))))
			c.Expect(FrameOn(codec.TypeData, s.ID))
		}),
		closes("link-error-while-draining", "the link is draining", AnyRole, func(c *Conn) { c.Send(drain(codec.DrainUndecided), drain(0)) }),
	}
}

// isolationCases are about what goes on when a link or a stream ends by an error. A case that rejects does the same with a probe; these
// have calls that are under way.
func isolationCases() []Case {
	return []Case{
		{
			ID: "order/other-links-go-on", Req: []string{"ERR-004"}, Level: 8,
			Title: "calls that are under way on another link go on when a link ends by an error",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(c.GreasePacket()) },
				Bad: func(c *Conn) {
					onOpen(c.t.Open(Options{}))
					c.sendFault()
				},
				Want: Closed(codec.CodeHeaderCRC),
				Look: func(c *Conn, _ Event) {
					other := c.t.conns[len(c.t.conns)-1]
					s := other.StreamAt(1)
					other.StaysOpen(MaxQuiet)
					if other.own == wire.Acceptor {
						s.call = c.t.ops[len(c.t.ops)-1]
						s.finish([]byte("still here"))
						other.Echo()
						return
					}
					other.Send(s.Data(codec.FlagFin, Arg([]byte("still here"))))
					s.expectReply([]byte("still here"))
					s.End()
					other.Echo()
				},
			},
		},
		{
			ID: "order/other-streams-go-on", Req: []string{"ERR-004"}, Level: 8, Needs: []string{driver.FeatureConcurrent},
			Title: "calls that are under way on other streams go on when a stream ends by an error",
			Reject: &Rejection{
				Good: func(c *Conn) { s := onOpen(c); c.Send(s.Data(0, s.word(nil))) },
				Bad: func(c *Conn) {
					bad, s := onOpen(c), onOpen(c)
					if c.own == wire.Acceptor {
						c.Send(bad.Data(0, nil).Fault("a message without bytes"), s.reply(0, []byte("still")))
						bad.failed("self", codec.CodeProtocol)
						c.Send(s.reply(codec.FlagFin, []byte("here")))
						s.done([]byte("still"), []byte("here"))
						return
					}
					c.Send(bad.Data(0, nil).Fault("a message without bytes"), s.Data(0, Arg([]byte("still"))))
					s.expectReply([]byte("still"))
					c.Send(s.Data(codec.FlagFin, Arg([]byte("here"))))
					s.expectReply([]byte("here"))
					s.End()
				},
				Want: Reset(1, codec.CodeProtocol),
			},
		},
	}
}
