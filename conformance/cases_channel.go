package conformance

import (
	"bytes"
	"fmt"
	"time"

	"handfast/codec"
)

// attachCases are about the streams that carry a master.
func attachCases() []Case {
	// kept makes a case of a stream that ends in some way, after which the channel is where it was.
	kept := func(slug, title string, end func(f *feed) *Conn) Case {
		return Case{
			ID: "channel/kept-after-" + slug, Req: []string{"CHAN-016", "CHAN-017"}, Title: title,
			Run: func(t *T) {
				_, f := stand(t, 3)
				c := end(f)
				f.attach(c).stands(codec.PositionKept, 3)
				f.send([]byte("four")).done()
			},
		}
	}
	busy := func(f *feed, s *Stream, c *Conn) {
		c.Expect(Matching(fmt.Sprintf("RESET(BUSY_ELSEWHERE) on stream %d", s.ID), func(e *Event) bool {
			m, ok := e.Message.(codec.Reset)
			return ok && m.Stream == s.ID && m.Code == codec.CodeBusyElsewhere
		}))
	}
	plain := func(changes ...func(h *codec.Hello)) Options {
		return delivering(append(changes, func(h *codec.Hello) { delete(h.Caps, "delivery") })...)
	}
	return []Case{
		kept("reset", "a channel whose stream was reset is kept, on the same link", func(f *feed) *Conn { f.leave(); return f.c }),
		kept("fin", "a channel whose stream has ended by FIN is kept, on the same link", func(f *feed) *Conn {
			f.c.Send(f.s.Fin())
			f.c.Expect(finOn(f.s))
			return f.c
		}),
		kept("close", "a channel whose link ended by CLOSE is kept", func(f *feed) *Conn { f.c.Send(closePacket(nil)); return f.c.Again() }),
		kept("cut", "a channel whose transport just ended is kept", func(f *feed) *Conn { f.c.HangUp(); return f.c.Again() }),
		kept("cut-frame", "a channel whose transport ended inside of a frame is kept, and nothing of that frame was applied", func(f *feed) *Conn {
			p := f.records(0, []byte("cut"))
			f.ch.Next--
			f.c.Send(p.Truncate("the transport ends inside of it", len(p.bytes)-1))
			f.c.HangUp()
			return f.c.Again()
		}),
		kept("cut-record", "a channel whose transport ended inside of a record is kept, and nothing of that record was applied", func(f *feed) *Conn {
			f.c.Send(f.records(codec.FlagMore, []byte("half of ")))
			f.ch.Next--
			f.c.Barrier()
			f.c.HangUp()
			return f.c.Again()
		}),
		kept("fault", "a channel whose link ended with an error is kept", func(f *feed) *Conn {
			f.c.Send(Message(codec.Gap{Stream: f.s.ID, From: 0, To: 1, Reason: 1}).Fault("a GAP that begins with 0"))
			f.c.Expect(Gone())
			return f.c.Again()
		}),
		{
			ID: "channel/newer-wins-on-another-link", Req: []string{"CHAN-029"}, Title: "a channel that is attached on a newer link is reset with BUSY_ELSEWHERE on the older, and goes on on the newer",
			Run: func(t *T) {
				c, f := stand(t, 3)
				old := f.s
				d := c.Again()
				f.attach(d).stands(codec.PositionKept, 3).send([]byte("four")).done()
				busy(f, old, c)
				c.Echo()
				d.Echo()
			},
		},
		{
			ID: "channel/newer-wins-on-the-same-link", Req: []string{"CHAN-029"}, Title: "a channel that is attached to a newer stream of one link is reset with BUSY_ELSEWHERE on the older",
			Run: func(t *T) {
				c, f := stand(t, 3)
				old := f.s
				c.Send(f.open(c).Fault("a channel that is attached to an older stream")) // CHAN-013
				f.accepted().stands(codec.PositionKept, 3)
				busy(f, old, c)
			},
		},
		{
			ID: "channel/newer-with-another-id-wins", Req: []string{"CHAN-029"}, Title: "a newer OPEN with another id under the key ends the older stream with BUSY_ELSEWHERE",
			Run: func(t *T) {
				c, f := stand(t, 3)
				t.newFeed("a").attach(c).stands(codec.PositionLost, 0).send(words(1)...).done()
				busy(f, f.s, c)
			},
		},
		{
			ID: "channel/refused-does-not-win", Req: []string{"CHAN-029"}, Title: "a newer OPEN that is rejected leaves the older stream attached",
			Run: func(t *T) {
				c, f := history(t, 4, 3)
				old := f.as(func(ch *codec.Channel) { ch.Lineage = ch.Lineage[:1] })
				d := c.Again()
				d.Send(old.open(d))
				d.Expect(answer(old.s.ID))
				f.send([]byte("five")).done()
			},
		},
		{
			ID: "channel/nothing-after-the-newer", Req: []string{"CHAN-030", "CHAN-029"}, Title: "records that come on the older stream, behind the RESET of it, are not applied",
			Run: func(t *T) {
				c, f := stand(t, 3)
				d := c.Again()
				g := f.as(func(*codec.Channel) {})
				g.attach(d).stands(codec.PositionKept, 3)
				k := g.mirror(d).take().gives(words(3)...)
				busy(f, f.s, c)
				c.Send(f.records(0, []byte("too late"))) // on its way, as far as its receiver can know
				c.Barrier()
				g.send([]byte("in time")).done()
				k.gives([]byte("in time")).silent("that came too late")
			},
		},
		{
			ID: "channel/nothing-after-its-reset", Req: []string{"CHAN-030"}, Title: "a record that follows on a stream which its receiver has reset with SEQUENCE is not applied, though it has the right number",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(2)...).done()
				c.Send(f.numbered(7, 0, []byte("jumped")).Fault("a number that was jumped to"), f.numbered(3, 0, []byte("right, and too late")).Fault("a record behind a fault"))
				c.Expect(Matching("RESET", func(e *Event) bool { return e.Frame.Type == codec.TypeReset && e.Frame.Stream == f.s.ID }))
				f.attach(c.Again()).stands(codec.PositionKept, 2)
			},
		},
		{
			ID: "channel/missing", Req: []string{"CHAN-003"}, Title: "an OPEN of mirror without channel is rejected with PROTOCOL",
			Reject: Rejection{
				Good: func(c *Conn) { c.delivers(); c.t.newFeed("a").attach(c) },
				Bad: func(c *Conn) {
					c.Send(c.NewStream().OpenAs(mirrorProto, 1).Fault("no channel"))
				},
			}.wants(own, Rejected, codec.CodeProtocol),
		},
		{
			ID: "channel/missing-where-delivery-is-not-selected", Req: []string{"CHAN-003", "CHAN-001"}, Title: "an OPEN of mirror is rejected with PROTOCOL where delivery was not selected, because its channel is ignored",
			Reject: func() *Rejection {
				r := Rejection{
					Good: func(c *Conn) { c.Echo() },
					Bad:  func(c *Conn) { c.Send(c.t.newFeed("a").open(c)) },
				}.wants(own, Rejected, codec.CodeProtocol, codec.CodeUnknownProto)
				r.Options = plain()
				return r
			}(),
		},
		{
			ID: "channel/not-of-call", Req: []string{"CHAN-003"}, Roles: Acceptors, Title: "an OPEN of call with channel is rejected with PROTOCOL",
			Reject: func() *Rejection {
				open := func(c *Conn, ch *codec.Channel) Packet {
					return Message(codec.Open{Stream: c.NewStream().ID, Proto: "call", Ver: 1, Channel: ch})
				}
				return Rejection{
					Good: func(c *Conn) { c.Send(open(c, nil)) },
					Bad:  func(c *Conn) { c.Send(open(c, &c.t.newFeed("a").ch).Fault("a channel")) },
				}.wants(own, Rejected, codec.CodeProtocol)
			}(),
		},
		{
			ID: "channel/ignored-in-open", Req: []string{"CHAN-001"}, Roles: Acceptors, Title: "channel in OPEN is ignored where delivery was not selected, whatever stands in it",
			Run: func(t *T) {
				c := t.Open(plain())
				for _, value := range []any{int64(1), "text", map[string]any{}, map[string]any{"id": []byte{1}}, []any{}} {
					s := c.NewStream()
					c.Send(s.Open().Body("", func(m map[string]any) { m["channel"] = value }).Harmless())
					c.Expect(Accepted(s.ID))
					c.Send(s.Data(codec.FlagFin, Request("echo", 0, nil)))
					s.Answer()
				}
			},
		},
		{
			ID: "channel/ignored-in-accept", Req: []string{"CHAN-001"}, Roles: Dialers, Title: "channel in ACCEPT is ignored where delivery was not selected, whatever stands in it",
			Run: func(t *T) {
				c := t.Open(plain())
				for _, value := range []any{int64(1), "text", map[string]any{}, map[string]any{"state": "odd"}, []any{}} {
					s := c.begin("echo", []byte("x"))
					c.Send(Message(codec.Accept{Stream: s.ID}).Body("", func(m map[string]any) { m["channel"] = value }).Harmless())
					s.takeRequest("echo", []byte("x"))
					s.finish([]byte("x"))
				}
			},
		},
		{
			ID: "channel/records-before-accept", Req: []string{"CHAN-015"}, Tags: []string{TagTiming}, Title: "RECORDS that come before ACCEPT end the link with STATE",
			Reject: beforeAccept(func(f *feed) Packet { return f.numbered(1, 0, []byte("early")) }),
		},
		{
			ID: "channel/gap-before-accept", Req: []string{"CHAN-015"}, Tags: []string{TagTiming}, Title: "GAP that comes before ACCEPT ends the link with STATE",
			Reject: beforeAccept(func(f *feed) Packet {
				return Message(codec.Gap{Stream: f.s.ID, From: 1, To: 1, Reason: codec.GapExpired})
			}),
		},
		{
			ID: "channel/many-at-once", Req: []string{"CHAN-017", "REC-009", "MIRR-001"}, Title: "records of ten channels that take turns on one link are each applied to their own",
			Run: func(t *T) {
				c := t.Deliver()
				list := manyChannels(c, 10)
				var back []*taker
				for _, f := range list {
					back = append(back, f.mirror(c).take())
				}
				for n := range 5 {
					for i, f := range list {
						f.send(fmt.Appendf(nil, "%d of channel %d", n, i))
					}
				}
				for i, f := range list {
					f.done()
					for n := range 5 {
						back[i].gives(fmt.Appendf(nil, "%d of channel %d", n, i))
					}
				}
			},
		},
	}
}

// finOn wants the FIN of a side that sends nothing else on a stream but ACK and CREDIT.
func finOn(s *Stream) Want {
	w := Matching(fmt.Sprintf("FIN on stream %d", s.ID), func(e *Event) bool {
		return e.Frame.Stream == s.ID && e.Frame.Type == codec.TypeData && e.Frame.Flags&codec.FlagFin != 0
	})
	w.stream = s.ID
	return w
}

// beforeAccept makes a rejection of what comes before ACCEPT. ACCEPT is held up by a record that is being applied, of an earlier stream (CHAN-022).
func beforeAccept(what func(f *feed) Packet) *Rejection {
	open := func(c *Conn) *feed {
		f := c.t.newFeed("a").attach(c)
		f.send(hold(600 * time.Millisecond))
		c.Barrier()
		c.t.Sleep(50 * time.Millisecond) // so that its receiver has begun
		f.leave()
		c.Send(f.open(c))
		return f
	}
	return Rejection{
		Good: func(c *Conn) { open(c).accepted().send([]byte("in time")).done() },
		Bad:  func(c *Conn) { f := open(c); c.Send(what(f).Fault("before ACCEPT")) },
	}.closes(codec.CodeState)
}

// offerCases are about OPEN of the mirror, for which the peer is the sender.
func offeringCases() []Case {
	return []Case{
		{
			ID: "channel/offered", Req: []string{"CHAN-002", "CHAN-010", "MIRR-002"}, Title: "a new channel is offered under its name, with one start, and everything at its beginning",
			Run: func(t *T) {
				_, k := mastered(t.Deliver())
				if ch := k.ch; len(ch.Lineage) == 0 || ch.Lineage[len(ch.Lineage)-1].First != 1 || ch.First != 1 || ch.Next != 1 || ch.Stable != 0 {
					t.Fail("one start that begins with 1, first 1, next 1, stable 0", "%+v", ch)
				}
			},
		},
		{
			ID: "channel/ids-differ", Req: []string{"CHAN-002", "CHAN-013"}, Title: "two channels have two ids",
			Run: func(t *T) {
				c := t.Deliver()
				a, b := t.newFeed("a").attach(c).mirror(c), t.newFeed("b").attach(c).mirror(c)
				if a.ch.ID == b.ch.ID || a.ch.ID == [16]byte{} {
					t.Fail("two ids", "%x and %x", a.ch.ID, b.ch.ID)
				}
			},
		},
		{
			ID: "channel/nothing-before-accept", Req: []string{"CHAN-014"}, Title: "a sender waits for ACCEPT: what is appended until then comes behind it",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				f.send(words(20)...)
				c.Send(f.gap(3, codec.GapExpired))
				f.done()
				k.silent("before ACCEPT")
				k.take().gives(words(20)...).lacks(3, codec.GapExpired)
				f.attach(c.Again())
				k = f.mirror(f.c)
				k.silent("before ACCEPT, though there are some")
				k.resume(0).gives(words(20)...).lacks(3, codec.GapExpired)
			},
		},
		{
			ID: "channel/offers-where-it-is", Req: []string{"CHAN-010", "CHAN-016"}, Title: "an OPEN says what was acknowledged, what is still there, and which number comes next",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				f.send(words(8)...).done()
				k.take().gives(words(8)...)
				c.Send(k.ack(3))
				c.Barrier()
				id := k.ch.ID
				d := c.Again()
				f.attach(d)
				k = f.mirror(d)
				if ch := k.ch; ch.ID != id || ch.Next != 9 || ch.Stable != 3 || ch.First != 4 {
					t.Fail(fmt.Sprintf("id %x, first 4, next 9, stable 3", id), "%+v", ch)
				}
				f.send([]byte("record 9")).done()
				k.resume(3).gives(words(9)[3:]...)
			},
		},
		{
			ID: "channel/moves-with-its-link", Req: []string{"CHAN-013", "MIRR-002"}, Title: "a channel that goes on on a newer link is left on the older, and nothing more of it comes there",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(2)...).done()
				k.gives(words(2)...)
				d := c.Again()
				f.attach(d)
				l := f.mirror(d).resume(2)
				c.Expect(Matching("the end of the older stream", func(e *Event) bool {
					return e.Frame.Stream == k.s.ID && (e.Frame.Type == codec.TypeReset || e.Frame.Type == codec.TypeData && e.Frame.Flags&codec.FlagFin != 0)
				}))
				f.send([]byte("record 3")).done()
				l.gives([]byte("record 3"))
				k.silent("on the older link")
			},
		},
		{
			ID: "channel/same-bytes-again", Req: []string{"CHAN-011", "CHAN-016", "REC-004"}, Title: "what was not acknowledged comes again with the same numbers and the same bytes, three times",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				large := make([]byte, 16_000)
				t.fill(large)
				records := [][]byte{[]byte("one"), large, nil, []byte("four"), large[:9]}
				f.send(records...).done()
				k.take().gives(records...)
				for range 3 {
					c = c.Again()
					f.attach(c)
					f.mirror(c).resume(1).gives(records[1:]...)
				}
			},
		},
		{
			ID: "channel/after-foreign", Req: []string{"CHAN-025", "CHAN-026"}, Title: "a sender that is answered foreign ends the stream with FIN and goes on with a new channel, whose records it marks",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				f.send(words(4)...).done()
				id := k.ch.ID
				c.Send(k.accepts(codec.Position{State: codec.PositionForeign}))
				c.Expect(finOn(k.s))
				c.Send(k.s.Fin())
				if k.reopened(c, "a"+mirrorSuffix); k.ch.ID == id {
					t.Fail("another id", "%x again", id)
				}
				k.resume(0) // with a dup of 0: the marks are those of what was taken over
				for _, want := range words(4) {
					i := k.comes()
					if !bytes.Equal(i.data, want) || !i.dup {
						t.Fail(fmt.Sprintf("%q with POSSIBLE_DUP", want), "%s, POSSIBLE_DUP %v", i, i.dup)
					}
				}
			},
		},
		{
			ID: "channel/marks-up-to-dup", Req: []string{"CHAN-024"}, Title: "a sender sets POSSIBLE_DUP on every record up to dup of ACCEPT",
			Run: func(t *T) {
				for _, dup := range []uint64{1, 3, 6} {
					c := t.Deliver()
					f, _ := mastered(c)
					f.send(words(6)...).done()
					f.attach(c.Again())
					k := f.mirror(f.c)
					f.c.Send(k.accepts(codec.Position{State: codec.PositionKept, Stable: 0, Dup: dup}))
					for n := uint64(1); n <= 6; n++ {
						if i := k.comes(); i.first != n || n <= dup && !i.dup {
							t.Fail(fmt.Sprintf("record %d with POSSIBLE_DUP", n), "%s, POSSIBLE_DUP %v", i, i.dup)
						}
					}
				}
			},
		},
		{
			ID: "channel/no-marks-above-dup", Req: []string{"CHAN-024"}, Title: "a sender does not set POSSIBLE_DUP on records of a channel that was never offered before and whose dup is 0",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(3)...).done()
				for range 3 {
					if i := k.comes(); i.dup {
						t.Fail("a record without POSSIBLE_DUP", "%s with it", i)
					}
				}
			},
		},
	}
}
