package conformance

import (
	"fmt"
	"slices"

	"handfast/codec"
	"handfast/conformance/driver"
)

// streamsNeeded is what cases need that hold streams open.
func streamsNeeded() []string { return []string{driver.FeatureStreams} }

// dialStreamCases are about the streams that a dialer opens (SPEC.md chapter 10).
func dialStreamCases() []Case {
	return slices.Concat(dialSlotCases(), dialOfferCases(), dialDirectionCases())
}

// dialSlotCases are about the number of streams.
func dialSlotCases() []Case {
	least := codec.MinLimits().Streams
	few := Options{Hello: func(h *codec.Hello) { h.Limits.Streams = least }}
	return []Case{
		{
			ID: "stream/dialer-keeps-to-the-grant", Req: []string{"STRM-018"}, Level: 7,
			Title: "a dialer makes no more calls than streams were granted, and the next one when STREAMS comes",
			Run: func(t *T) {
				c := t.Open(few)
				for range least {
					c.Echo()
				}
				s := c.theirNext()
				s.call = c.order(driver.OpCall, with{"method": "echo", "args": ""}, driver.KindDone, driver.KindFailed, driver.KindEnded)
				c.Barrier()
				c.Quiet(MaxQuiet/2, "OPEN beyond the grant", func(e *Event) bool { return e.Frame != nil && e.Frame.Type == codec.TypeOpen })
				c.Send(Message(codec.Streams{Max: least + 1}))
				c.Expect(FrameOn(codec.TypeOpen, s.ID))
				s.accept()
				s.takeRequest("echo", nil)
				s.finish(nil)
			},
		},
		{
			ID: "stream/dialer-keeps-to-the-grant-of-open-streams", Req: []string{"STRM-018"}, Level: 7, Needs: streamsNeeded(),
			Title: "a dialer holds no more streams open than were granted",
			Run: func(t *T) {
				c := t.Open(few)
				for range least {
					onHeld(c)
				}
				h := c.holding()
				o := c.order(driver.OpOpen, h.args(with{"proto": "call", "ver": "1"}), driver.KindOK, driver.KindOver, driver.KindEnded)
				c.Barrier()
				c.Quiet(MaxQuiet/2, "OPEN beyond the grant", func(e *Event) bool { return e.Frame != nil && e.Frame.Type == codec.TypeOpen })
				c.Send(Message(codec.Streams{Max: least + 3}))
				c.Expect(FrameOn(codec.TypeOpen, h.ID))
				t.await(o)
			},
		},
		{
			ID: "stream/dialer-uses-ids-in-order", Req: []string{"STRM-001", "STRM-002"}, Level: 7,
			Title: "the streams of a dialer have the ids 1, 3, 5 and so on",
			Run: func(t *T) {
				c := t.Open(Options{})
				for id := uint32(1); id < 20; id += 2 {
					s := &Stream{c: c, call: c.order(driver.OpCall, with{"method": "echo", "args": ""}, driver.KindDone, driver.KindFailed, driver.KindEnded)}
					e := c.Expect(Matching("OPEN", func(e *Event) bool { return e.Frame.Type == codec.TypeOpen }))
					if s.ID = e.Frame.Stream; s.ID != id {
						t.Fail(fmt.Sprintf("OPEN on stream %d", id), "OPEN on stream %d", s.ID)
					}
					s.accept()
					s.takeRequest("echo", nil)
					s.finish(nil)
				}
			},
		},
		{
			ID: "stream/dialer-ignores-a-stale-grant", Req: []string{"STRM-011"}, Level: 7,
			Title: "a dialer goes by the greatest STREAMS, and not by the last",
			Run: func(t *T) {
				c := t.Open(few)
				for _, most := range []uint64{least + 4, least, 0} {
					c.Send(Message(codec.Streams{Max: most}))
				}
				for range least + 4 {
					c.Echo()
				}
			},
		},
	}
}

// dialOfferCases are about what answers the OPEN of a dialer, and comes before that.
func dialOfferCases() []Case {
	early := func(slug, what string, packet func(s *Stream) Packet) Case {
		return Case{
			ID: "stream/before-accept-" + slug, Req: []string{"STRM-021"}, Level: 8,
			Title: what + " on a stream of the dialer, before ACCEPT, ends the link with STATE",
			Reject: &Rejection{
				Good: func(c *Conn) {
					s := c.begin("echo", []byte("early"))
					c.Send(acceptPacket(s), packet(s))
				},
				Bad: func(c *Conn) {
					s := c.begin("echo", []byte("early"))
					c.Send(packet(s).Fault(what + " before ACCEPT"))
				},
				Want: Closed(codec.CodeState),
			},
		}
	}
	unopened := func(slug, what string, packet func(s *Stream) Packet) Case {
		return Case{
			ID: "stream/" + slug + "-on-an-even-id", Req: []string{"STRM-012"}, Level: 8,
			Title: what + " on an id of the acceptor's that it has not opened ends the link with STATE",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(ignored(packet(onFinished(c)))) },
				Bad:  func(c *Conn) { c.Send(packet(onUnopened(c)).Fault(what + " on a stream that was never opened")) },
				Want: Closed(codec.CodeState),
			},
		}
	}
	again := func(slug, what string, second func(s *Stream) Packet) Case {
		return Case{
			ID: "stream/second-answer-" + slug, Req: []string{"STRM-016"}, Level: 8,
			Title: what + " on a stream that was accepted ends the link with STATE",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(ignored(second(onFinished(c)))) },
				Bad:  func(c *Conn) { c.Send(second(onOpen(c)).Fault("a second answer")) },
				Want: Closed(codec.CodeState),
			},
		}
	}
	malformed := func(slug, what string, bad edit) Case {
		return Case{
			ID: "frame/accept-of-a-call-" + slug, Req: []string{"FRAME-016"}, Level: 6,
			Title: "an ACCEPT " + what + " of a stream of the dialer ends the link with ENCODING",
			Reject: &Rejection{
				Good: func(c *Conn) { c.begin("echo", nil).accept() },
				Bad:  func(c *Conn) { c.Send(bad(acceptPacket(c.begin("echo", nil))).Fault("an ACCEPT " + what)) },
				Want: Closed(codec.CodeEncoding),
			},
		}
	}
	return []Case{
		unopened("credit", "a CREDIT", creditPacket),
		unopened("accept", "an ACCEPT", acceptPacket),
		unopened("reject", "a REJECT", rejectPacket),
		early("data", "a DATA", func(s *Stream) Packet { return s.reply(0, []byte("early")) }),
		early("fin", "a FIN", (*Stream).Fin),
		early("credit", "a CREDIT", creditPacket),
		again("accept", "an ACCEPT", acceptPacket),
		again("reject", "a REJECT", rejectPacket),
		malformed("array", "whose payload is an array", body(0x90)),
		malformed("empty", "without a payload", body()),
		malformed("params-str", "whose params are a str", put("params", "p")),
		malformed("trailing-byte", "with a byte behind its map", trailed("C0")),
		{
			ID: "frame/accept-unknown-keys", Req: []string{"FRAME-017"}, Level: 6,
			Title: "keys of ACCEPT that nobody knows are ignored",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.begin("echo", []byte("keys"))
				c.Send(then(put("a", nil), put("params", []byte("meant for nobody")), put("zz", []any{true}))(acceptPacket(s)).Harmless())
				s.takeRequest("echo", []byte("keys"))
				s.finish([]byte("keys"))
			},
		},
		{
			ID: "stream/offers-to-the-dialer-are-answered", Req: []string{"STRM-003"}, Level: 8,
			Title: "each of eight OPENs to a dialer that come in one piece is answered, before anything else on its stream",
			Run: func(t *T) {
				c := t.Open(Options{})
				var packets []Packet
				var ids []uint32
				for i := range 8 {
					s := c.NewStream()
					open := s.Open()
					if i%2 == 1 {
						open = s.OpenAs("x.suite.nobody", 1)
					}
					packets, ids = append(packets, open), append(ids, s.ID)
				}
				c.Send(packets...)
				for _, id := range ids {
					c.Expect(answer(id))
				}
			},
		},
	}
}

// dialDirectionCases are about the two directions of a stream, and its ends.
func dialDirectionCases() []Case {
	afterFin := func(slug, what string, packet func(s *Stream) Packet) Case {
		return Case{
			ID: "stream/after-fin-" + slug, Req: []string{"STRM-013"}, Level: 8, Needs: streamsNeeded(),
			Title: what + " after FIN, while the dialer's direction is open, ends the link with STATE",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(packet(onHeld(c).Stream)) },
				Bad: func(c *Conn) {
					h := onHeld(c)
					c.Send(h.Fin(), packet(h.Stream).Fault(what+" after FIN"))
				},
				Want: Closed(codec.CodeState),
			},
		}
	}
	return []Case{
		afterFin("data", "a DATA", argPacket),
		afterFin("fin", "a FIN", (*Stream).Fin),
		{
			ID: "stream/dialer-goes-on-after-fin", Req: []string{"STRM-017"}, Level: 7, Needs: streamsNeeded(),
			Title: "a dialer that has read FIN goes on sending, beyond the first grant",
			Run: func(t *T) {
				c := t.Open(Options{Hello: func(h *codec.Hello) { h.Limits.StreamCredit = codec.MinLimits().StreamCredit }})
				h := onHeld(c)
				c.Send(h.Fin())
				h.receivesFin()
				value := make([]byte, 40_000)
				t.fill(value)
				for range 4 {
					o := h.send(value, false)
					if m := h.Next(); !slices.Equal(m, value) {
						t.Fail("the message that the driver was asked to send", "%s", brief(m))
					}
					h.sent(o)
				}
				h.sent(h.sendFin())
				h.End()
			},
		},
		{
			ID: "stream/dialer-says-nothing-after-its-reset", Req: []string{"STRM-020"}, Level: 8, Needs: streamsNeeded(),
			Title: "a dialer sends nothing more on a stream that it has reset",
			Run: func(t *T) {
				c := t.Open(Options{})
				h := onHeld(c)
				h.sent(h.send([]byte("before"), false))
				h.cancel(codec.CodeCancelled)
				c.Expect(FrameOn(codec.TypeReset, h.ID))
				c.Send(ignored(h.reply(0, []byte("on its way"))), ignored(h.Credit(1<<20)))
				c.Echo()
				c.Barrier()
				c.Never("frame behind RESET", func(e *Event) bool {
					return e.Frame != nil && e.Frame.Stream == h.ID && e.Frame.Type != codec.TypeData
				})
			},
		},
		{
			ID: "stream/dialer-says-nothing-after-its-fin", Req: []string{"STRM-020"}, Level: 8, Needs: streamsNeeded(),
			Title: "a dialer sends nothing more on a stream after its FIN, although the other direction is open",
			Run: func(t *T) {
				c := t.Open(Options{})
				h := onHeld(c)
				h.sent(h.sendFin())
				h.End()
				c.Send(h.Data(0, h.word([]byte("still open"))))
				h.receives(h.word([]byte("still open")))
				c.Barrier()
				c.Never("DATA behind FIN", func(e *Event) bool {
					return e.Frame != nil && e.Frame.Stream == h.ID && e.Frame.Type == codec.TypeData
				})
			},
		},
		{
			ID: "stream/dialer-does-not-answer-reset", Req: []string{"STRM-015"}, Level: 8,
			Title: "a dialer does not answer RESET with RESET",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onOpen(c)
				s.End()
				c.Send(resetPacket(s))
				s.failed("peer", codec.CodeCancelled)
				c.Echo()
				c.silentOn(s, "RESET")
			},
		},
		{
			ID: "stream/dialer-bears-a-rejected-call", Req: []string{"ERR-004"}, Level: 8,
			Title: "a call that was rejected has failed, was not processed, and nothing else ends by it",
			Run: func(t *T) {
				c := t.Open(Options{})
				for _, code := range []codec.Code{codec.CodeRefused, codec.CodeOverloaded, codec.CodeUnknownProto} {
					s := c.begin("echo", nil)
					c.Send(Message(codec.Reject{Stream: s.ID, Code: code, RetryMS: codec.RetryNever}))
					s.processed(s.failed("peer", code), "no")
				}
				c.Echo()
			},
		},
		{
			ID: "close/broken-text-of-reset-to-a-dialer", Req: []string{"CLOSE-007"}, Level: 8,
			Title: "a RESET whose text is not UTF-8 ends a call of the dialer, and nothing else",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onOpen(c)
				c.Send(broken(resetPacket(s)))
				s.failed("peer", codec.CodeCancelled)
				s = c.begin("echo", nil)
				c.Send(broken(rejectPacket(s)))
				s.failed("peer", codec.CodeRefused)
				c.Send(broken(resetPacket(onFinished(c))))
				c.Echo()
			},
		},
	}
}
