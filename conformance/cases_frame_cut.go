package conformance

import (
	"slices"
	"time"

	"handfast/codec"
)

// frameCutCases are about a transport that cuts and joins the bytes as it likes (FRAME-014).
func frameCutCases() []Case {
	req := []string{"FRAME-014"}
	return []Case{
		{
			ID: "frame/byte-by-byte", Req: req, Level: 6,
			Title: "READY, a call and a PING that arrive byte by byte are served",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.Send(c.HelloPacket())
				c.Expect(Greeted())
				s, ping := c.NewStream(), c.Ping()
				c.SendCut(1, c.ReadyPacket(), c.GreasePacket(), s.Open(), s.Data(codec.FlagFin, Request("echo", 0, []byte("slowly"))), Message(ping))
				s.answered("slowly")
				c.Expect(Ponged(ping))
			},
		},
		{
			ID: "frame/cut-at-every-position", Req: req, Level: 6,
			Title: "a call that arrives in two parts is served, wherever it is cut",
			Run: func(t *T) {
				// Each part begins with the rest of one call and ends inside the next. The answer to the one shows that the peer has read
				// the beginning of the other, which so is cut for certain. Meanwhile nothing else may be sent.
				c := t.Open(Options{NoPong: true, NoCredit: true})
				var rest []byte
				var before *Stream
				for cut, whole := 0, 1; cut < whole; cut++ {
					c.AwaitSlots(1)
					s := c.NewStream()
					call := c.record(s.Open(), s.Data(codec.FlagFin, Request("echo", 0, []byte("cut"))))
					c.write(slices.Concat(rest, call[:cut]))
					if before != nil {
						before.answered("cut")
					}
					before, rest, whole = s, call[cut:], len(call)
				}
				c.write(rest)
				before.answered("cut")
			},
		},
		{
			ID: "frame/many-at-once", Req: req, Level: 6,
			Title: "READY, three calls and a PING that arrive in one piece are served",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.Send(c.HelloPacket())
				c.Expect(Greeted())
				ping := c.Ping()
				packets := []Packet{c.ReadyPacket(), c.GreasePacket()}
				values := []string{"one", "two", "three"}
				for _, value := range values {
					s := c.NewStream()
					packets = append(packets, s.Open(), s.Data(codec.FlagFin, Request("echo", 0, []byte(value))))
				}
				c.Send(append(packets, Message(ping))...)
				for i, value := range values {
					c.StreamAt(uint32(2*i + 1)).answered(value)
				}
				c.Expect(Ponged(ping))
			},
		},
		{
			ID: "frame/large-in-small-parts", Req: req, Level: 7,
			Title: "a message of 40,000 bytes that arrives in parts of 1,447 bytes is served",
			Run: func(t *T) {
				c := t.Open(Options{})
				value := make([]byte, 40_000)
				t.fill(value)
				request := Request("echo", 0, value)
				s := c.NewStream()
				third := len(request) / 3
				c.SendCut(1447, s.Open(), s.Data(codec.FlagMore, request[:third]), s.Data(codec.FlagMore, request[third:2*third]), s.Data(codec.FlagFin, request[2*third:]))
				s.answered(string(value))
			},
		},
		{
			ID: "frame/fault-byte-by-byte", Req: []string{"FRAME-014", "FRAME-002"}, Level: 6, Roles: AnyRole,
			Title: "a DATA whose trailer is wrong ends the link with PAYLOAD_CRC when it arrives byte by byte",
			Reject: &Rejection{
				Good: func(c *Conn) { c.SendCut(1, argPacket(onOpen(c))) },
				Bad: func(c *Conn) {
					p := argPacket(onOpen(c))
					c.SendCut(1, p.Flip("one bit of the trailer", len(p.bytes)-1, 0x01))
				},
				Want: Closed(codec.CodePayloadCRC),
			},
		},
	}
}

// record takes packets into the state of the link, as Send does, and returns their bytes for the case to write.
func (c *Conn) record(packets ...Packet) []byte {
	b, v := c.say(packets)
	if v != nil {
		c.t.Harness("the suite broke %v", v)
	}
	return b
}

// write writes bytes in one piece. An ended transport is found by the next expectation.
func (c *Conn) write(b []byte) {
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.t.timeout))
	_, _ = c.nc.Write(b)
}

// answered reads a call of echo to its end.
func (s *Stream) answered(value string) {
	s.c.Expect(Accepted(s.ID))
	s.expectReply([]byte(value))
	s.End()
}
