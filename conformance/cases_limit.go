package conformance

import (
	"fmt"
	"slices"

	"handfast/codec"
	"handfast/conformance/wire"
)

// limitCases are about floods of frames that achieve nothing (SPEC.md chapter 15).
func limitCases() []Case {
	return slices.Concat(forAll(idleFrameCases()), forAcceptors(earlyResetCases()))
}

// idleFrameCases are about frames that change nothing.
func idleFrameCases() []Case {
	const spare = 20    // for the idle frames that the suite sends anyway, which are its grease
	const portion = 500 // sent at once: a link must not fall silent while a slow machine makes a flood for it
	flood := func(slug, what string, on scene, frame func(s *Stream, i int) Packet) Case {
		send := func(n int) func(c *Conn) {
			return func(c *Conn) {
				s := on(c)
				for sent := 0; sent < n; sent += portion {
					packets := make([]Packet, min(portion, n-sent))
					for i := range packets {
						packets[i] = frame(s, sent+i)
					}
					c.Send(packets...)
				}
			}
		}
		return Case{
			ID: "limit/" + slug, Req: []string{"CALM-001", "CALM-002"}, Level: 9, Tags: []string{TagFlood},
			Title: "a thousand " + what + " are tolerated, and ten thousand end the link with CALM",
			Reject: &Rejection{
				Good: send(codec.IdleFramesMin - spare),
				Bad:  send(codec.IdleFramesMax),
				Want: Closed(codec.CodeCalm),
			},
		}
	}
	same := func(make func(s *Stream) Packet) func(s *Stream, i int) Packet {
		return func(s *Stream, _ int) Packet { return ignored(make(s)) }
	}
	return []Case{
		flood("unknown-frames", "frames of unknown type", onLink, same(func(s *Stream) Packet { return s.strange(0x2F, 0) })),
		flood("grease-frames", "grease frames", onLink, same(func(s *Stream) Packet { return s.c.GreasePacket() })),
		flood("credit-of-the-link", "CREDITs of the link that raise nothing", onLink, same(func(s *Stream) Packet { return s.Credit(1) })),
		flood("credit-of-a-stream", "CREDITs of a stream that raise nothing", onAsleep, same(func(s *Stream) Packet { return s.Credit(1) })),
		flood("streams", "STREAMS that raise nothing", onLink, same(func(*Stream) Packet { return Message(codec.Streams{Max: 1}) })),
		flood("pongs", "PONGs without PING", onLink, same(pongPacket)),
		flood("drains", "DRAINs that lower nothing", func(c *Conn) *Stream {
			c.Send(drain(codec.DrainUndecided))
			return onLink(c)
		}, same(func(*Stream) Packet { return drain(codec.DrainUndecided) })),
		flood("frames-of-a-finished-stream", "frames of a finished stream", onFinished, func(s *Stream, i int) Packet {
			of := []func(s *Stream) Packet{resetPacket, acceptPacket, rejectPacket, creditPacket}
			return ignored(of[i%len(of)](s))
		}),
		flood("idle-frames-of-many-kinds", "frames of many kinds that change nothing", onReset, func(s *Stream, i int) Packet {
			of := []func(s *Stream) Packet{
				resetPacket, strangePacket, pongPacket, func(s *Stream) Packet { return s.Credit(1) }, func(*Stream) Packet { return Message(codec.Streams{Max: 1}) },
			}
			return ignored(of[i%len(of)](s))
		}),
	}
}

// earlyResetCases are about streams that are opened and reset.
func earlyResetCases() []Case {
	const spare = 2
	flood := func(slug, what string, flags codec.Flags, messages ...[]byte) Case {
		return Case{
			ID: "limit/" + slug, Req: []string{"CALM-003", "CALM-004"}, Level: 9, Tags: []string{TagFlood},
			Title: "a hundred " + what + " are tolerated, and a thousand end the link with CALM",
			Reject: &Rejection{
				Good: func(c *Conn) { c.openAndReset(codec.ResetsMin-spare, flags, messages...) },
				Bad:  func(c *Conn) { c.openAndReset(codec.ResetsMax, flags, messages...) },
				Want: Closed(codec.CodeCalm),
			},
		}
	}
	return []Case{
		flood("early-resets", "streams that are opened and reset at once", 0),
		flood("early-resets-of-calls", "calls that are begun and reset", codec.FlagFin, Request("sleep", 0, Args("ms", asleep))),
	}
}

// openAndReset opens n streams, with messages on each, and resets them, as fast as the peer grants them; less when the link ends before.
func (c *Conn) openAndReset(n int, flags codec.Flags, messages ...[]byte) {
	for n > 0 {
		c.Await(fmt.Sprintf("STREAMS, or the end of the link, with %d streams to go", n), func(l *wire.Link) bool {
			return c.ended || l.Ends[c.other].Closed || l.Slots(c.own) > 0
		}, "STRM-009")
		var packets []Packet
		for range min(uint64(n), c.Slots()) {
			s := c.NewStream()
			packets = append(packets, s.Open())
			if len(messages) > 0 {
				packets = append(packets, s.Data(flags, messages...))
			}
			packets = append(packets, s.Reset(codec.CodeCancelled).Fault("one of many"))
			n--
		}
		if len(packets) == 0 {
			return // the link has ended
		}
		c.Send(packets...)
	}
}
