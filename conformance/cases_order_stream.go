package conformance

import (
	"fmt"

	"handfast/codec"
)

// orderStreamCases are about checks 8 to 12 of frames on streams.
func orderStreamCases() []Case {
	encoding := Closed(codec.CodeEncoding)
	never := onStream(99) // opened
	cases := twoFaultCases([]twoFaults{
		{"form-before-unopened-stream", "DATA with bytes left over, on a stream that was never opened", onOpen, argPacket, same, then(leftOver, never), encoding},
		{"form-before-finished-stream", "DATA with bytes left over, on a finished stream", onFinished, argPacket, ignored, leftOver, encoding},
		{"form-of-reset-before-unopened-stream", "a RESET of 7 bytes, on a stream that was never opened", onOpen, resetPacket, same, then(resized(7), never), encoding},
		{"form-of-credit-before-unopened-stream", "a CREDIT over 2^63-1, on a stream that was never opened", onOpen, creditPacket, same,
			then(func(p Packet) Packet { return p.Set("", codec.HeaderSize, 0x80).Reseal() }, never), encoding},
		{"form-of-open-before-id", "an OPEN without proto, of an id that is not next", onNext, openPacket, same, then(drop("proto"), never), encoding},
		{"form-before-message", "a message without bytes, and two bytes left over", onOpen, argPacket, same, then(onlyEmpty, leftOver), encoding},
	})
	fin := twoFaultCases([]twoFaults{
		{"form-before-fin", "DATA with bytes left over, after FIN", onAsleep, strangeBody, same, asData(leftOver), encoding},
	})
	return append(forAll(cases), forAcceptors(fin, []Case{
		beyondCredit("form-before-credit", "two bytes left over, and more charge than is granted", onDiscard, leftOver, codec.CodeEncoding),
		beyondCredit("stream-state-before-credit", "DATA after FIN, with more charge than is granted", onAsleep, same, codec.CodeState),
		beyondCredit("credit-before-call", "DATA with more charge than is granted, whose first message is no REQUEST", func(c *Conn) *Stream {
			s := c.NewStream()
			c.Send(s.Open())
			c.Expect(Accepted(s.ID))
			return s
		}, same, codec.CodeFlowViolation),
		beyondCredit("credit-before-message-size", "DATA with more charge than is granted, and a message over max_message", func(c *Conn) *Stream {
			s := onDiscard(c)
			s.pourBegun(c.maxMessage())
			return s
		}, same, codec.CodeFlowViolation),
	})...)
}

// asData makes a DATA with one piece of whatever frame, and edits it.
func asData(e edit) edit {
	return func(p Packet) Packet {
		return e(header(0, byte(codec.TypeData))(p.Payload("", func([]byte) []byte { return []byte{0, 0, 0, 1, 4} })))
	}
}

// onlyEmpty makes a DATA one of a single piece without bytes.
func onlyEmpty(p Packet) Packet {
	return p.Payload("", func([]byte) []byte { return make([]byte, pieceLength) })
}

// beyondCredit makes the case of a DATA that is beyond what is granted, however much of that is granted again meanwhile: thousands of
// pieces without bytes, behind one of one byte. The twin sends one.
func beyondCredit(slug, faults string, on scene, bad edit, code codec.Code) Case {
	return Case{
		ID: "order/" + slug, Req: []string{"ERR-003"}, Level: 9, Tags: []string{TagFlood},
		Title: fmt.Sprintf("a frame with two faults, %s, gets the answer to the first: CLOSE(%v)", faults, code),
		Reject: &Rejection{
			Good: func(c *Conn) {
				s := onDiscard(c)
				c.Send(s.Data(codec.FlagFin, Arg(nil)))
				s.Answer()
			},
			Bad: func(c *Conn) {
				s := on(c)
				c.Barrier() // what is granted again for what was sent has come
				limits := c.Peer().Limits
				n := limits.MaxFrame/pieceLength - 1
				if n*codec.MessageCharge < s.room()+limits.StreamCredit/2 {
					c.t.Unsupported("one frame cannot hold more charge than is granted")
				}
				pieces := make([][]byte, n)
				pieces[0] = []byte{byte(codec.CallKindArg)}
				c.Send(bad(s.Data(0, pieces...)).Fault(faults))
			},
			Want: Closed(code),
		},
	}
}

// orderOpenCases are about OPEN: its form, then its id, then how many there are, then what it opens.
func orderOpenCases() []Case {
	strangeProto := put("proto", "x.suite.nobody")
	open := func(slug, faults string, full bool, bad edit, code codec.Code) Case {
		roles := AnyRole
		if full { // what a dialer rejects, it grants again
			roles = Acceptors
		}
		return Case{
			ID: "order/" + slug, Req: []string{"ERR-003"}, Level: 9, Roles: roles,
			Title: fmt.Sprintf("a frame with two faults, %s, gets the answer to the first: CLOSE(%v)", faults, code),
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(c.NewStream().Open()) },
				Bad: func(c *Conn) {
					if full {
						c.fillSlots()
					}
					c.Send(bad(c.NewStream().Open()).Fault(faults))
				},
				Want: Closed(code),
			},
		}
	}
	return []Case{
		open("id-before-protocol", "an OPEN of an id that is not next, for an unknown sub-protocol", false, then(strangeProto, onStream(99)), codec.CodeStreamID),
		open("parity-before-protocol", "an OPEN of an id of the other side's, for an unknown sub-protocol", false, then(strangeProto, ofTheOther), codec.CodeStreamID),
		open("form-before-stream-limit", "an OPEN without proto, beyond the streams that are granted", true, drop("proto"), codec.CodeEncoding),
		open("id-before-stream-limit", "an OPEN of an id of the other side's, beyond the streams that are granted", true, ofTheOther, codec.CodeStreamID),
		open("stream-limit-before-protocol", "an OPEN for an unknown sub-protocol, beyond the streams that are granted", true, strangeProto, codec.CodeStreamLimit),
		open("stream-limit-before-version", "an OPEN for another version, beyond the streams that are granted", true, put("ver", 9), codec.CodeStreamLimit),
	}
}
