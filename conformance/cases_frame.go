package conformance

import (
	"time"

	"handfast/codec"
)

// frameCases are the cases of SPEC.md chapter 8.
func frameCases() []Case {
	return []Case{
		{
			ID:    "frame/header-checksum-wrong",
			Req:   []string{"FRAME-001", "ERR-001"},
			Title: "a header whose checksum is wrong ends the link with HEADER_CRC",
			Level: 1,
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(c.GreasePacket()) },
				Bad:  func(c *Conn) { c.Send(c.GreasePacket().Flip("header checksum", 12, 0x01)) },
				Want: Closed(codec.CodeHeaderCRC),
			},
		},
		{
			ID:    "heartbeat/ping-is-answered",
			Req:   []string{"BEAT-001", "BEAT-003"},
			Title: "a PING is answered with a PONG that carries its echo and t1",
			Level: 5,
			Run: func(t *T) {
				c := t.Open(Options{})
				ping := c.Ping()
				c.Send(Message(ping))
				c.Expect(Ponged(ping))
			},
		},
		{
			ID:    "heartbeat/silence-closes",
			Req:   []string{"BEAT-007"},
			Title: "a link on which nothing arrives for the silence limit is closed with IDLE",
			Level: 5,
			Tags:  []string{TagTiming},
			Reject: &Rejection{
				Good:       func(c *Conn) { c.t.Sleep(c.SilenceLimit() + c.PingInterval()) }, // the driver answers PINGs meanwhile
				Bad:        func(c *Conn) { c.WithholdPongs() },
				Want:       Closed(codec.CodeIdle),
				Wait:       func(c *Conn) time.Duration { return c.SilenceLimit() + Slack },
				NoSentinel: true,
			},
		},
		{
			ID:    "kit/echo-answers",
			Req:   []string{"KIT-001", "CALL-004"},
			Title: "echo answers with the bytes of its arguments",
			Level: 6,
			Run:   func(t *T) { t.Open(Options{}).Echo() },
		},
	}
}
