package conformance

import (
	"slices"
	"strings"
	"time"

	"handfast/codec"
)

// kitMoreCases are about large and odd arguments of the test kit.
func kitMoreCases() []Case { return slices.Concat(kitLargeCases(), kitOddCases()) }

// kitLargeCases are about messages of several frames, and about many.
func kitLargeCases() []Case {
	discard := func(slug, title string, sizes ...int) Case {
		return Case{
			ID: "kit/discard-" + slug, Req: []string{"KIT-005"}, Level: 7, Title: title,
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onDiscard(c)
				sum := 0
				for _, n := range sizes {
					sum += n
					s.pourWhole(Arg(make([]byte, n)))
				}
				c.Send(s.Fin())
				s.expectReply(Args("bytes", sum, "messages", len(sizes)))
				s.End()
			},
		}
	}
	return []Case{
		discard("large", "discard counts ARGs of several frames", 60_000, 2, 60_000, 65_000),
		discard("many", "discard counts five hundred ARGs", slices.Repeat([]int{10}, 500)...),
		{
			ID: "kit/echo-of-large-arguments", Req: []string{"KIT-001"}, Level: 7,
			Title: "echo answers arguments of several pieces with the same bytes",
			Run: func(t *T) {
				c := t.Open(Options{})
				const kind = 1
				largest := make([]byte, int(min(c.Peer().Limits.MaxMessage, c.Self().Limits.MaxMessage, 256<<10))-kind)
				t.fill(largest)
				s := c.NewStream()
				c.Send(s.Open())
				s.PourPiece(codec.FlagMore, Request("echo", 0, largest[:1000]))
				s.PourPiece(codec.FlagMore, largest[1000:1001])
				s.PourPiece(0, largest[1001:20_000])
				s.expectReply(largest[:20_000])
				for _, value := range [][]byte{largest, largest[:3], largest} {
					s.pourWhole(Arg(value))
					s.expectReply(value)
				}
				c.Send(s.Fin())
				s.End()
			},
		},
		{
			ID: "kit/sleep-longer", Req: []string{"KIT-003"}, Level: 6, Tags: []string{TagTiming},
			Title: "sleep answers after 900 ms, and not before: a machine has to be very busy to hide half of that",
			Run:   func(t *T) { sleepsFor(t, 900*time.Millisecond) },
		},
		{
			ID: "kit/stream-many", Req: []string{"KIT-002"}, Level: 7,
			Title: "stream sends 2,000 replies of 500 bytes, which is more than any credit at once",
			Run:   func(t *T) { checkStream(t, t.Open(Options{}).Call("stream", Args("n", 2000, "size", 500)), 2000, 500) },
		},
	}
}

// kitOddCases are about arguments that are almost right.
func kitOddCases() []Case {
	odd := func(slug, method, what string, good, bad []byte) Case {
		request := func(args []byte) func(c *Conn) {
			return func(c *Conn) {
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, Request(method, 0, args)))
			}
		}
		return Case{
			ID: "kit/" + slug, Req: []string{"KIT-006"}, Level: 8, Title: method + " answers " + what + " with CALL_BAD_ARGUMENT",
			Reject: &Rejection{Good: request(good), Bad: request(bad), Want: Errored(1, codec.CodeCallBadArgument)},
		}
	}
	stream, nap, failure := Args("n", 1, "size", 1), Args("ms", 1), Args("code", 0x8003)
	return []Case{
		odd("stream-without-n", "stream", "a map without n", stream, Args("size", 1)),
		odd("stream-with-a-size-below-zero", "stream", "size of -1", stream, Args("n", 1, "size", -1)),
		odd("stream-with-bytes-left", "stream", "a byte behind the map", stream, append(Args("n", 1, "size", 1), 0xC0)),
		odd("sleep-with-text", "sleep", "ms that is a str", nap, Args("ms", "1")),
		odd("sleep-below-zero", "sleep", "ms of -1", nap, Args("ms", -1)),
		odd("fail-with-text-for-code", "fail", "a code that is a str", failure, Args("code", "8003")),
		odd("fail-with-a-code-of-five-bytes", "fail", "a code over 32 bits", failure, Args("code", int64(1)<<32)),
		odd("fail-with-a-number-for-text", "fail", "text that is an int", failure, Args("code", 0x8003, "text", 1)),
		odd("fail-with-a-long-name", "fail", "a name of 65 bytes", Args("code", 0x8003, "name", strings.Repeat("n", 64)), Args("code", 0x8003, "name", strings.Repeat("n", 65))),
	}
}

// pourWhole sends one message as the grants allow, in pieces where one is too long.
func (s *Stream) pourWhole(message []byte) {
	limits := s.c.Peer().Limits
	most := int(min(limits.MaxFrame, limits.StreamCredit/2)) - pieceLength - codec.MessageCharge
	for len(message) > most {
		s.PourPiece(codec.FlagMore, message[:most])
		message = message[most:]
	}
	s.PourPiece(0, message)
}
