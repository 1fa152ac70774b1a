package conformance

import (
	"bytes"
	"fmt"

	"handfast/codec"
	"handfast/conformance/driver"
)

// dialDataCases are about the messages that a dialer joins (SPEC.md chapter 10). What it has joined, the driver reports.
func dialDataCases() []Case {
	return []Case{
		{
			ID: "data/reply-cut-at-every-byte", Req: []string{"DATA-003"}, Level: 7,
			Title: "a REPLY in two pieces is joined, wherever it is cut",
			Run: func(t *T) {
				c := t.Open(Options{})
				reply := codec.AppendCallReply(nil, []byte("value"))
				for cut := 1; cut < len(reply); cut++ {
					s := c.Ask("echo", nil)
					c.Send(s.Data(codec.FlagMore, reply[:cut]), s.Data(codec.FlagFin, reply[cut:]))
					s.done([]byte("value"))
				}
			},
		},
		{
			ID: "data/reply-in-pieces-of-one-byte", Req: []string{"DATA-003"}, Level: 7,
			Title: "a REPLY in pieces of one byte each is joined",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.Ask("echo", nil)
				reply := codec.AppendCallReply(nil, []byte("piece by piece"))
				last := len(reply) - 1
				for i := range last {
					c.Send(s.Data(codec.FlagMore, reply[i:i+1]))
				}
				c.Send(s.Data(codec.FlagFin, reply[last:]))
				s.done([]byte("piece by piece"))
			},
		},
		{
			ID: "data/replies-whole-and-cut", Req: []string{"DATA-003"}, Level: 7,
			Title: "of a DATA with MORE the last piece alone goes on, and in the next DATA with the first piece alone",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.Ask("echo", nil)
				word := func(text string) []byte { return codec.AppendCallReply(nil, []byte(text)) }
				c.Send(
					s.Data(codec.FlagMore, word("one"), word("two"), word("thr")),
					s.Data(codec.FlagMore, []byte("ee"), word("four"), word("fi")),
					s.Data(codec.FlagMore, []byte("ve"), word("whole")),
					s.Data(codec.FlagFin, nil, word("six")))
				s.done([]byte("one"), []byte("two"), []byte("three"), []byte("four"), []byte("five"), []byte("whole"), []byte("six"))
			},
		},
		{
			ID: "data/replies-interleaved", Req: []string{"DATA-003"}, Level: 7, Needs: []string{driver.FeatureConcurrent},
			Title: "pieces of the replies of three calls that take turns are joined each with those of its own stream",
			Run: func(t *T) {
				c := t.Open(Options{})
				calls := []*Stream{c.Ask("echo", []byte("a")), c.Ask("echo", []byte("b")), c.Ask("echo", []byte("c"))}
				for k, s := range calls {
					c.Send(s.Data(codec.FlagMore, codec.AppendCallReply(nil, fmt.Appendf(nil, "first of %d, ", k))))
				}
				for k, s := range calls {
					c.Send(s.Data(codec.FlagMore, fmt.Appendf(nil, "second of %d, ", k)))
				}
				for _, s := range calls {
					c.Send(s.Data(codec.FlagFin, []byte("end")))
				}
				for k, s := range calls {
					s.done(fmt.Appendf(nil, "first of %d, second of %d, end", k, k))
				}
			},
		},
		{
			ID: "data/order-of-replies", Req: []string{"DATA-008"}, Level: 7,
			Title: "300 replies, alone and many to a frame, whole and cut, are handed on in the order of sending",
			Run: func(t *T) {
				const n = 300
				c := t.Open(Options{})
				s := c.Ask("stream", Args("n", n, "size", 10))
				var values [][]byte
				var packets []Packet
				for len(values) < n {
					var pieces [][]byte
					for range min(1+t.Rand.IntN(7), n-len(values)) {
						value := fmt.Appendf(nil, "reply %d", len(values))
						values, pieces = append(values, value), append(pieces, codec.AppendCallReply(nil, value))
					}
					last := len(pieces) - 1
					if t.Rand.IntN(2) == 0 {
						packets = append(packets, s.Data(0, pieces...))
						continue
					}
					cut := 1 + t.Rand.IntN(len(pieces[last])-1)
					tail := pieces[last][cut:]
					pieces[last] = pieces[last][:cut]
					packets = append(packets, s.Data(codec.FlagMore, pieces...), s.Data(0, tail))
				}
				c.Send(append(packets, s.Fin())...)
				s.done(values...)
			},
		},
		{
			ID: "data/replies-of-many-sizes", Req: []string{"DATA-003", "DATA-008"}, Level: 7,
			Title: "replies of no bytes, of one, and of 60,000 are handed on as they were sent",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.Ask("echo", nil)
				large := make([]byte, 60_000)
				t.fill(large)
				values := [][]byte{nil, {0}, large, []byte("last")}
				var messages [][]byte
				for _, value := range values {
					messages = append(messages, codec.AppendCallReply(nil, value))
				}
				s.Pour(messages...)
				s.done(values...)
			},
		},
		{
			ID: "data/messages-of-a-held-stream", Req: []string{"DATA-003", "DATA-008"}, Level: 7, Needs: streamsNeeded(),
			Title: "messages are handed on one by one, then FIN, on a stream that is held open",
			Run: func(t *T) {
				c := t.Open(Options{})
				h := onHeld(c)
				one, two := h.word([]byte("one")), h.word(bytes.Repeat([]byte("two"), 1000))
				c.Send(h.Data(0, one), h.Data(codec.FlagMore, two[:1000]), h.Data(codec.FlagFin, two[1000:]))
				h.receives(one)
				h.receives(two)
				h.receivesFin()
			},
		},
		{
			ID: "data/messages-that-a-dialer-cuts", Req: []string{"DATA-003", "FRAME-012"}, Level: 7,
			Title: "a request over max_frame of its receiver arrives whole, in frames that keep to it",
			Run: func(t *T) {
				c := t.Open(Options{Hello: func(h *codec.Hello) { h.Limits.MaxFrame = codec.MinLimits().MaxFrame }})
				for _, n := range []uint64{1, 3, 10} {
					args := make([]byte, n*codec.MinLimits().MaxFrame)
					t.fill(args)
					s := c.Ask("discard", args)
					s.finish(args[:5])
				}
			},
		},
	}
}
