package conformance

import (
	"fmt"
	"slices"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
)

// dialDrainCases are about DRAIN, of the suite and of the dialer (SPEC.md chapter 13).
func dialDrainCases() []Case { return slices.Concat(dialDrainedCases(), dialDrainingCases()) }

// dialDrainedCases are about the suite's DRAIN.
func dialDrainedCases() []Case {
	const all = codec.DrainUndecided
	noOpen := func(e *Event) bool { return e.Frame != nil && e.Frame.Type == codec.TypeOpen }
	goesOn := func(slug, title string, lasts ...uint32) Case {
		return Case{
			ID: "close/" + slug, Req: []string{"DRAIN-002"}, Level: 8, Title: title,
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onOpen(c)
				s.End()
				var values [][]byte
				for i, last := range lasts {
					values = append(values, fmt.Appendf(nil, "reply %d", i))
					c.Send(drain(last), s.reply(0, values[i]))
				}
				c.Barrier()
				c.Send(s.Fin())
				s.done(values...)
			},
		}
	}
	noMore := func(slug, title string, lasts ...uint32) Case {
		return Case{
			ID: "close/" + slug, Req: []string{"DRAIN-001"}, Level: 8, Title: title,
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Echo()
				for _, last := range lasts {
					c.Send(drain(last))
				}
				c.Barrier()
				c.order(driver.OpCall, with{"method": "echo", "args": ""}, driver.KindDone, driver.KindFailed, driver.KindEnded)
				c.Quiet(MaxQuiet/2, "OPEN after DRAIN", noOpen)
			},
		}
	}
	return []Case{
		goesOn("calls-of-a-dialer-go-on-after-drain", "calls of a dialer that are open go on after DRAIN", all),
		goesOn("calls-of-a-dialer-go-on-after-final-drain", "calls of a dialer that are open go on after the final DRAIN", all, 1),
		noMore("dialer-opens-nothing-after-drain", "a dialer opens no stream after it has received DRAIN", all),
		noMore("dialer-opens-nothing-after-final-drain", "a dialer opens no stream after it has received the final DRAIN", all, 1),
		noMore("dialer-opens-nothing-after-one-drain", "a dialer opens no stream after a DRAIN that is final at once", 1),
	}
}

// dialDrainingCases are about the DRAIN of a dialer.
func dialDrainingCases() []Case {
	final := func(e *Event) bool {
		m, ok := e.Message.(codec.Drain)
		return ok && m.Last != codec.DrainUndecided
	}
	drained := func(c *Conn) codec.Drain {
		c.t.await(c.order(driver.OpDrain, with{"deadline_ms": "1000"}, driver.KindOK))
		e := c.Expect(Matching("the final DRAIN", final))
		m, _ := e.Message.(codec.Drain)
		return m
	}
	closes := func(c *Conn, code codec.Code, within time.Duration) {
		e := c.ExpectWithin(within, FrameOn(codec.TypeClose, 0))
		if m, ok := e.Message.(codec.Close); !ok || m.Code != code {
			c.t.Fail("CLOSE("+code.String()+")", "%s", describeEvent(&e))
		}
	}
	return []Case{
		{
			ID: "close/dialer-drains-an-idle-link", Req: []string{"DRAIN-003"}, Level: 8,
			Title: "a dialer that drains a link without streams closes it with NO_ERROR",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Echo()
				drained(c)
				closes(c, codec.CodeNoError, t.timeout)
				c.Expect(Gone())
				c.expectEnd(t.await(c.order(driver.OpWait, nil, driver.KindEnded)), "self", codec.CodeNoError.String())
			},
		},
		{
			ID: "close/dialer-drains-when-streams-have-ended", Req: []string{"DRAIN-003", "DRAIN-006"}, Level: 8, Needs: streamsNeeded(),
			Title: "a dialer that drains goes on with its open stream, and closes with NO_ERROR when that has ended",
			Run: func(t *T) {
				c := t.Open(Options{})
				h := onHeld(c)
				drained(c)
				c.Send(h.Data(0, h.word([]byte("still here"))))
				h.receives(h.word([]byte("still here")))
				c.Never("CLOSE while a stream is open", func(e *Event) bool { return e.Frame != nil && e.Frame.Type == codec.TypeClose })
				c.Send(h.Fin())
				h.sendFin()
				closes(c, codec.CodeNoError, t.timeout)
			},
		},
		{
			ID: "close/dialer-opens-nothing-after-its-drain", Req: []string{"DRAIN-001"}, Level: 8, Needs: streamsNeeded(),
			Title: "a dialer opens no stream after its own DRAIN",
			Run: func(t *T) {
				c := t.Open(Options{})
				onHeld(c)
				drained(c)
				other := c.holding()
				o := c.order(driver.OpOpen, other.args(with{"proto": "call", "ver": "1"}))
				c.Quiet(MaxQuiet/2, "OPEN after DRAIN", func(e *Event) bool { return e.Frame != nil && e.Frame.Type == codec.TypeOpen })
				_ = o
			},
		},
		{
			ID: "close/dialer-rejects-after-its-drain", Req: []string{"DRAIN-005"}, Level: 8, Needs: streamsNeeded(),
			Title: "a dialer that has sent its final DRAIN answers an OPEN with REJECT(DRAINING)",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Send(c.NewStream().OpenAs("x.suite.nobody", 1))
				e := c.Expect(FrameOn(codec.TypeReject, 2))
				if m, _ := e.Message.(codec.Reject); m.Code != codec.CodeUnknownProto {
					t.Fail("REJECT(UNKNOWN_PROTO) before DRAIN", "%s", describeEvent(&e))
				}
				h := onHeld(c)
				drained(c)
				for id := uint32(4); id < 8; id += 2 {
					c.Send(c.NewStream().Open())
					e := c.Expect(FrameOn(codec.TypeReject, id))
					if m, _ := e.Message.(codec.Reject); m.Code != codec.CodeDraining {
						t.Fail("REJECT(DRAINING)", "%s", describeEvent(&e))
					}
				}
				c.Send(h.Fin())
				h.sendFin()
				closes(c, codec.CodeNoError, t.timeout)
			},
		},
		{
			ID: "close/dialer-drains-to-its-deadline", Req: []string{"DRAIN-006"}, Level: 8, Needs: streamsNeeded(), Tags: []string{TagSlow},
			Title: "a dialer that drains closes with DRAINING when deadline_ms has passed and a stream is still open",
			Run: func(t *T) {
				c := t.Open(Options{})
				onHeld(c)
				m := drained(c)
				if m.DeadlineMS == codec.DrainUndecided {
					t.Unsupported("the dialer sets no deadline")
				}
				closes(c, codec.CodeDraining, time.Duration(m.DeadlineMS)*time.Millisecond+Slack)
			},
		},
	}
}

// dialEndCases are about CLOSE, and about what a driver says of it.
func dialEndCases() []Case {
	waits := func(slug, title string, code codec.Code, by string, end func(c *Conn)) Case {
		return Case{
			ID: "close/" + slug, Req: []string{"CLOSE-001"}, Level: 8, Title: title,
			Run: func(t *T) {
				c := t.Open(Options{})
				o := c.order(driver.OpWait, nil, driver.KindEnded)
				end(c)
				c.Expect(Gone())
				c.expectEnd(t.await(o), by, code.String())
			},
		}
	}
	return []Case{
		{
			ID: "close/dialer-closes", Req: []string{"CLOSE-002"}, Level: 8,
			Title: "a dialer that is told to close sends CLOSE(NO_ERROR) and nothing behind it",
			Run: func(t *T) {
				c := t.Open(Options{NoHangUp: true})
				c.Echo()
				o := c.order(driver.OpClose, nil, driver.KindEnded)
				e := c.Expect(FrameOn(codec.TypeClose, 0))
				if m, _ := e.Message.(codec.Close); m.Code != codec.CodeNoError {
					t.Fail("CLOSE(NO_ERROR)", "%s", describeEvent(&e))
				}
				c.HangUp()
				c.Expect(Gone())
				c.expectEnd(t.await(o), "self", codec.CodeNoError.String())
			},
		},
		waits("dialer-reports-close", "a dialer whose link was closed knows by whom, and with which code", codec.CodeShutdown, "peer", func(c *Conn) {
			c.Send(Message(codec.Close{Code: codec.CodeShutdown}))
		}),
		waits("dialer-reports-the-end-of-the-transport", "a dialer whose transport just ends does not take that for CLOSE", codec.CodeNoError, "transport", func(c *Conn) { c.HangUp() }),
		{
			ID: "close/dialer-reports-its-close", Req: []string{"ERR-001"}, Level: 8,
			Title: "a dialer that has closed for a fault knows that it has, and with which code",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(c.GreasePacket()) },
				Bad:  func(c *Conn) { c.sendFault() },
				Want: Closed(codec.CodeHeaderCRC),
				Look: func(c *Conn, _ Event) {
					c.expectEnd(c.t.await(c.order(driver.OpWait, nil, driver.KindEnded)), "self", codec.CodeHeaderCRC.String())
				},
			},
		},
	}
}

// dialFrameCases are about frames of a dialer, and about bytes that the transport cuts as it likes.
func dialFrameCases() []Case {
	return []Case{
		{
			ID: "frame/dialer-byte-by-byte", Req: []string{"FRAME-014"}, Level: 6,
			Title: "HELLO in parts, and READY, ACCEPT, a reply and a PING that arrive byte by byte are taken",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.Expect(Greeted())
				c.SendSlowly(60, 2*time.Millisecond, c.HelloPacket()) // so that its parts are read apart from each other
				ping := c.Ping()
				c.SendCut(1, c.ReadyPacket(), c.GreasePacket(), Message(ping))
				c.Expect(Ponged(ping))
				s := c.begin("echo", []byte("slowly"))
				c.SendCut(1, acceptPacket(s), s.reply(codec.FlagFin, []byte("slowly")))
				s.done([]byte("slowly"))
			},
		},
		{
			ID: "frame/dialer-all-at-once", Req: []string{"FRAME-014", "HELLO-002"}[:1], Level: 6,
			Title: "HELLO, READY, grease and PING that arrive in one piece are taken",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.Expect(Greeted())
				ping := c.Ping()
				opening := c.record(c.HelloPacket())
				rest := c.record(c.ReadyPacket(), c.GreasePacket(), Message(ping))
				c.write(append(opening, rest...))
				c.Expect(Ponged(ping))
				c.Echo()
			},
		},
		{
			ID: "frame/dialer-cut-at-every-position", Req: []string{"FRAME-014"}, Level: 6,
			Title: "an ACCEPT and a reply that arrive in two parts are taken, wherever they are cut",
			Run: func(t *T) {
				// The PING that ends the first part shows that the peer has read it, and so the cut.
				c := t.Open(Options{NoPong: true, NoCredit: true})
				for cut, whole := 1, 2; cut < whole; cut += 3 {
					s := c.begin("echo", []byte("cut"))
					b := c.record(acceptPacket(s), s.reply(codec.FlagFin, []byte("cut")))
					whole = len(b)
					c.write(b[:cut])
					t.Sleep(time.Millisecond)
					c.write(b[cut:])
					s.done([]byte("cut"))
				}
			},
		},
		{
			ID: "frame/dialer-large-in-small-parts", Req: []string{"FRAME-014"}, Level: 7,
			Title: "a reply of 40,000 bytes that arrives in parts of 1,447 bytes is taken",
			Run: func(t *T) {
				c := t.Open(Options{})
				value := make([]byte, 40_000)
				t.fill(value)
				s := c.Ask("echo", nil)
				reply := codec.AppendCallReply(nil, value)
				c.SendCut(1447, s.Data(codec.FlagMore, reply[:15_000]), s.Data(codec.FlagMore, reply[15_000:30_000]), s.Data(codec.FlagFin, reply[30_000:]))
				s.done(value)
			},
		},
		{
			ID: "frame/dialer-bits-without-meaning-sent-zero", Req: []string{"FRAME-013"}, Level: 8,
			Title: "reserved and undefined flag bits are sent as zero in frames of every kind of a dialer",
			Run:   func(t *T) { t.Open(Options{Limits: leastGrants()}).dialerTour() },
		},
		{
			ID: "extension/dialer-frame-types-of-this-link-alone", Req: []string{"EXT-001"}, Level: 8,
			Title: "a dialer sends no frame type that is not registered, or whose capability was not selected, beside grease",
			Run: func(t *T) {
				t.Open(Options{Limits: leastGrants()}).dialerTour() // the dialer may offer delivery, and the suite does not
				c := t.Dial(Options{Limits: leastGrants()})
				c.HandshakeWith(putIn("caps", "delivery", true)(c.HelloPacket()).Harmless())
				c.dialerTour()
			},
		},
		{
			ID: "heartbeat/dialer-pong-while-a-call-waits", Req: []string{"BEAT-015", "BEAT-001"}, Level: 7,
			Title: "a dialer answers a PING within a second while a call of it waits",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: func(h *codec.Hello) { h.Limits.StreamCredit = codec.MinLimits().StreamCredit }})
				s := c.begin("discard", make([]byte, 200_000))
				s.accept()
				s.awaitData()
				ping := c.Ping()
				c.Send(Message(ping))
				c.ExpectWithin(time.Second+Slack/4, Ponged(ping))
			},
		},
		{
			ID: "heartbeat/dialer-stalled-transport-ended", Req: []string{"BEAT-013"}, Level: 9, Tags: []string{TagTiming, TagSlow}, Needs: streamsNeeded(),
			Title: "a dialer ends a transport that takes none of its bytes for twice the silence limit, although frames arrive",
			Run: func(t *T) {
				const kept = 256 << 10
				c := t.Open(Options{ReadBuffer: kept, Hello: func(h *codec.Hello) {
					most := codec.MaxLimits()
					h.Limits.StreamCredit, h.Limits.LinkCredit = most.StreamCredit, most.LinkCredit
				}})
				h := onHeld(c)
				c.Pause()
				message := make([]byte, 400_000)
				for range 24 { // more than kernels keep
					h.send(message, false)
				}
				c.keepsAlive(4*c.SilenceLimit()+Slack, c.SilenceLimit()/8)
				c.Resume()
				c.keepsAlive(t.Timeout(), c.SilenceLimit()/8) // it is not silence that ends the transport
				c.Expect(Gone())
			},
		},
	}
}

// dialerTour makes a dialer send every kind of frame that it sends without DRAIN, for the wire checker to look at.
func (c *Conn) dialerTour() {
	ping := c.Ping()
	c.Send(Message(ping))
	c.Expect(Ponged(ping))
	onRejected(c)
	s := onOpen(c)
	c.spend(s, 3*c.affordable(c.Peer().Limits.StreamCredit))
	c.Send(s.Fin())
	c.t.await(s.call)
	s = c.Ask("stream", nil, with{"cancel_after": "1"})
	c.Send(s.reply(0, []byte("one")))
	s.expectReset(codec.CodeCancelled)
	for range c.moreThanGranted() {
		c.AwaitSlots(1)
		onRejected(c)
	}
	c.ExpectWithin(c.PingInterval()+Slack, FrameOn(codec.TypePing, 0))
}
