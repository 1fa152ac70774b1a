package conformance

import (
	"bytes"
	"time"

	"handfast/codec"
)

// readyLimitCases are about the limit that holds for every frame until READY has arrived.
func readyLimitCases() []Case {
	const size = codec.MaxOpeningBody + 1
	tooEarly := func(slug, what string, typ codec.Type) Case {
		return Case{
			ID: "ready/too-long-before-" + slug, Req: []string{"READY-013"}, Level: 4,
			Title: what + " of 16,385 bytes before READY ends the link with FRAME_SIZE, and after READY it does not",
			Reject: &Rejection{
				Unopened: true,
				Good: func(c *Conn) {
					c.greet()
					c.SendReady()
					s := c.NewStream()
					c.Send(s.Open(), Frame(codec.Header{Type: typ, Stream: s.ID}, long(size)).Harmless())
				},
				Bad: func(c *Conn) {
					c.greet()
					whole := Frame(codec.Header{Type: typ, Stream: c.own.FirstID()}, long(size))
					c.Send(whole.Truncate("16,385 bytes before READY, of which none has arrived", codec.HeaderSize))
				},
				Want: Closed(codec.CodeFrameSize),
			},
		}
	}
	return []Case{
		tooEarly("data", "a DATA", codec.TypeData),
	}
}

// long is a payload of DATA that begins a request: one piece of n bytes with its length.
func long(n int) []byte {
	return codec.AppendPiece(nil, Request("echo", 0, bytes.Repeat([]byte{'a'}, n-4-8-len("echo"))))
}

// readyTimeCases are about a READY that never becomes whole.
func readyTimeCases() []Case {
	late := func(slug, title string, bad func(c *Conn), wait func(c *Conn) time.Duration) Case {
		return Case{
			ID: "ready/" + slug, Req: []string{"READY-012"}, Title: title, Level: 4, Tags: []string{TagTiming, TagSlow},
			Reject: &Rejection{
				Unopened: true,
				Good:     func(c *Conn) { c.Handshake() },
				Bad:      bad,
				Want:     Closed(codec.CodeOpenTimeout),
				Wait:     wait,
			},
		}
	}
	return []Case{
		late("missing", "a link on which no READY arrives is closed with OPEN_TIMEOUT after 10 s at the latest",
			(*Conn).greet,
			func(c *Conn) time.Duration { return c.t.OpeningLimit() + Slack }),
		late("dripping", "a link whose READY goes on arriving, and is not whole, is closed with OPEN_TIMEOUT after 10 s at the latest",
			func(c *Conn) {
				c.greet()
				c.Drip(c.ReadyPacket())
			},
			dripped),
	}
}
