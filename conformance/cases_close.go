package conformance

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"handfast/codec"
)

// closeCases are the cases of SPEC.md chapter 13.
func closeCases() []Case {
	return slices.Concat(drainCases(), closedCases(), lastWordCases(), forAll(lingerCases(), textCases()), brokenTextCases())
}

// drain makes a DRAIN.
func drain(last uint32) Packet { return Message(codec.Drain{Last: last, DeadlineMS: 60_000}) }

// drainCases are about the suite's DRAIN.
func drainCases() []Case {
	goesOn := func(slug, title string, lasts ...uint32) Case {
		return Case{
			ID: "close/" + slug, Req: []string{"DRAIN-002"}, Level: 8, Title: title, Roles: Acceptors,
			Run: func(t *T) {
				c := t.Open(Options{})
				s, busy := onOpen(c), c.NewStream()
				c.Send(busy.Open(), busy.Data(codec.FlagFin, Request("sleep", 0, Args("ms", 60))))
				c.Expect(Accepted(busy.ID))
				for _, last := range lasts {
					c.Send(drain(last), s.Data(0, Arg([]byte("after DRAIN"))))
					s.expectReply([]byte("after DRAIN"))
				}
				busy.expectReply(nil)
				busy.End()
				c.Send(s.Data(codec.FlagFin, Arg([]byte("the last"))))
				s.expectReply([]byte("the last"))
				s.End()
				c.Barrier()
			},
		}
	}
	growing := func(slug, what string, good, bad []uint32) Case {
		send := func(c *Conn, lasts []uint32) {
			s := onOpen(c)
			for i, last := range lasts {
				p := drain(last)
				if i > 0 && last > lasts[i-1] {
					p = p.Fault(what)
				}
				c.Send(p)
			}
			c.Send(s.Fin())
		}
		return Case{
			ID: "close/" + slug, Req: []string{"DRAIN-004"}, Level: 8, Title: what + " ends the link with STATE", Roles: AnyRole,
			Reject: &Rejection{
				Good: func(c *Conn) { send(c, good) },
				Bad:  func(c *Conn) { send(c, bad) },
				Want: Closed(codec.CodeState),
			},
		}
	}
	const all = codec.DrainUndecided
	return []Case{
		goesOn("streams-go-on-after-drain", "streams that are open go on after DRAIN", all),
		goesOn("streams-go-on-after-final-drain", "streams that are open go on after the final DRAIN", all, 0),
		goesOn("streams-go-on-after-one-drain", "streams that are open go on after a DRAIN that is final at once", 0),
		goesOn("streams-go-on-after-drains", "streams that are open go on after a DRAIN that is said again", all, all, 4, 2, 2, 0),
		growing("drain-grows", "a DRAIN whose last is greater than the one before", []uint32{4, 2}, []uint32{2, 4}),
		growing("drain-grows-by-one-stream", "a DRAIN whose last is greater by 2", []uint32{all, 2, 2}, []uint32{all, 2, 4}),
		growing("drain-undecided-again", "a DRAIN that is undecided after a final one", []uint32{all, all, 0}, []uint32{all, 0, all}),
	}
}

// closedCases are about what a peer does when CLOSE comes.
func closedCases() []Case {
	closed := func(slug, title string, level int, before func(c *Conn), message codec.Close) Case {
		return Case{
			ID: "close/" + slug, Req: []string{"CLOSE-001"}, Level: level, Title: title, Roles: AnyRole,
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Expect(Greased())
				before(c)
				c.Send(Message(message))
				c.Expect(Ended())
			},
		}
	}
	idle := func(*Conn) {}
	good := codec.Close{Code: codec.CodeNoError}
	return []Case{
		closed("ends-the-transport", "CLOSE is answered by the end of the transport, and by nothing else", 8, idle, good),
		closed("ends-while-a-call-sleeps", "CLOSE ends a link on which a call sleeps, without an answer to the call", 8, func(c *Conn) { onAsleep(c) }, good),
		closed("ends-while-a-call-waits", "CLOSE ends a link on which a call waits for arguments, without an answer to the call", 8, func(c *Conn) { onOpen(c) }, good),
		closed("ends-after-drain", "CLOSE ends a link that is draining", 8, func(c *Conn) { c.Send(drain(codec.DrainUndecided), drain(0)) }, good),
		closed("ends-by-an-error", "CLOSE with an error code is not answered either", 8, idle, codec.Close{Code: codec.CodeProtocol, RetryMS: codec.RetryNever, Text: strings.Repeat("x", codec.MaxText)}),
		closed("ends-by-an-unknown-code", "CLOSE with a code that nobody knows is not answered either", 8, idle, codec.Close{Code: 0xF00D, RetryMS: 1000}),
		{
			ID: "close/ends-before-ready", Req: []string{"CLOSE-001"}, Level: 8, Roles: AnyRole,
			Title: "CLOSE in the place of READY ends the transport, without an answer",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.greet()
				c.Expect(Greased())
				c.Send(Message(good))
				c.Expect(Ended())
				c.endsDial("peer", codec.CodeNoError)
			},
		},
		{
			ID: "close/nothing-is-served-after-it", Req: []string{"CLOSE-001"}, Level: 8, Roles: Acceptors,
			Title: "what stands behind CLOSE is not served",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Expect(Greased())
				s := c.NewStream()
				ping := Message(c.Ping()).Fault("behind CLOSE")
				c.Send(Message(good), ping, s.Open().Fault("behind CLOSE"), s.Data(codec.FlagFin, Request("echo", 0, nil)))
				c.Expect(Ended())
				c.Never("PONG after CLOSE", func(e *Event) bool { return e.Frame != nil && e.Frame.Type == codec.TypePong })
			},
		},
	}
}

// sendFault sends what ends every link with HEADER_CRC.
func (c *Conn) sendFault() { c.Send(c.GreasePacket().Flip("header checksum", 12, 0x01)) }

// lastWordCases are about the peer's CLOSE, behind which nothing may come.
func lastWordCases() []Case {
	last := func(slug, title string, level int, roles Roles, before func(c *Conn)) Case {
		return Case{
			ID: "close/" + slug, Req: []string{"CLOSE-002"}, Level: level, Title: title, Roles: roles,
			Reject: &Rejection{
				Options: Options{NoHangUp: true, Hello: func(h *codec.Hello) { h.Limits.StreamCredit = 16 << 20 }},
				Good: func(c *Conn) {
					before(c)
					c.Send(c.GreasePacket())
				},
				Bad: func(c *Conn) {
					before(c)
					c.sendFault()
				},
				Want: Closed(codec.CodeHeaderCRC),
			},
		}
	}
	return []Case{
		last("last-word", "nothing follows the peer's CLOSE", 4, AnyRole, func(*Conn) {}),
		last("last-word-while-a-call-streams", "nothing follows the peer's CLOSE, although a call has more replies", 8, Acceptors, func(c *Conn) {
			s := c.NewStream()
			c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", 2000, "size", 1000))))
			c.Expect(FrameOn(codec.TypeData, s.ID))
		}),
		last("last-word-while-calls-sleep", "nothing follows the peer's CLOSE, although calls end by it", 8, Acceptors, func(c *Conn) {
			onAsleep(c)
			onOpen(c)
		}),
	}
}

// lingerCases are about the time between the peer's CLOSE and the end of the transport.
func lingerCases() []Case {
	reading := func(c *Conn, _ Event) {
		c.HangUp()
		e := c.ExpectWithin(codec.Linger*time.Millisecond+Slack, Gone())
		if !errors.Is(e.End, io.EOF) {
			c.t.Fail("a peer that reads what was sent before its CLOSE arrived", "a transport that was reset: %v", e.End)
		}
	}
	return []Case{
		{
			ID: "close/reads-on-after-its-close", Req: []string{"CLOSE-003"}, Level: 8,
			Title: "a peer that has sent CLOSE goes on reading, so that a megabyte behind the fault does not reset the transport",
			Reject: &Rejection{
				Options: Options{NoHangUp: true},
				Good:    func(c *Conn) { c.Send(c.GreasePacket(), c.strangeBytes(1<<10)) },
				Bad: func(c *Conn) {
					bad := c.GreasePacket().Flip("header checksum", 12, 0x01)
					c.Send(bad, c.strangeBytes(1<<10), Raw("bytes behind a fault", make([]byte, 1<<20)))
				},
				Want: Closed(codec.CodeHeaderCRC), Look: reading, NoSentinel: true,
			},
		},
		{
			ID: "close/ends-two-seconds-after-its-close", Req: []string{"CLOSE-003"}, Level: 8, Tags: []string{TagTiming, TagSlow},
			Title: "a peer ends the transport at the latest two seconds after its CLOSE, although the other side goes on sending",
			Reject: &Rejection{
				Options: Options{NoHangUp: true},
				Good:    func(c *Conn) { c.Send(c.GreasePacket()) },
				Bad:     func(c *Conn) { c.sendFault() },
				Want:    Closed(codec.CodeHeaderCRC),
				Look: func(c *Conn, _ Event) {
					const pause = 50 * time.Millisecond
					for waited := time.Duration(0); waited < codec.Linger*time.Millisecond && !c.hasEnded(); waited += pause {
						c.Send(c.GreasePacket())
						c.t.Sleep(pause)
					}
					c.ExpectWithin(Slack, Gone())
				},
			},
		},
	}
}

// strangeBytes makes a frame that nobody knows, of n bytes.
func (c *Conn) strangeBytes(n int) Packet { return ignored(onLink(c).strange(0x2F, n)) }

// brokenText are bytes that are not UTF-8.
const brokenText = "broken \xC3( text"

// broken gives a CLOSE, REJECT or RESET text that is not UTF-8. Its receiver takes no offence (CLOSE-007).
func broken(p Packet) Packet {
	return ignored(p.Payload(brokenText, func(b []byte) []byte { return append(b, brokenText...) }))
}

// brokenTextCases are about text that is not UTF-8 where the suite says it.
func brokenTextCases() []Case {
	return []Case{
		{
			ID: "close/broken-text-of-reset", Req: []string{"CLOSE-007"}, Level: 8, Roles: Acceptors,
			Title: "a RESET whose text is not UTF-8 ends its stream and nothing else",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Send(broken(resetPacket(onAsleep(c))), broken(resetPacket(onFinished(c))))
				c.Echo()
			},
		},
		{
			ID: "close/broken-text-of-close", Req: []string{"CLOSE-007"}, Level: 8, Roles: AnyRole,
			Title: "a CLOSE whose text is not UTF-8 ends the link without an answer",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Expect(Greased())
				onAsleep(c)
				c.Send(broken(closePacket(nil)))
				c.Expect(Ended())
			},
		},
	}
}

// textCases are about the text of what ends a link or a stream. The peer's fault is found by the wire checker, whenever it says one.
func textCases() []Case {
	reject := closeText("text-of-reject", "REJECT", Rejected(1, codec.CodeUnknownProto),
		func(c *Conn) { onOpen(c) },
		func(c *Conn) {
			c.Send(c.NewStream().OpenAs("x.suite."+strings.Repeat("é", 28), 1).Fault("a sub-protocol that nobody has"))
		})
	reject.Reject.DialerWant = Rejected(2, codec.CodeUnknownProto)
	return []Case{
		reject,
		closeText("text-of-close", "CLOSE", Closed(codec.CodeHeaderCRC), func(c *Conn) { c.Send(c.GreasePacket()) }, (*Conn).sendFault),
		closeText("text-of-reset", "RESET", Reset(1, codec.CodeProtocol),
			func(c *Conn) { onOpen(c) },
			func(c *Conn) {
				s := onOpen(c)
				c.Send(s.Data(0, nil).Fault("a message without bytes"))
			}),
	}
}

// closeText makes the case of one text.
func closeText(slug, frame string, want Want, good, bad func(c *Conn)) Case {
	return Case{
		ID: "close/" + slug, Req: []string{"CLOSE-004"}, Level: 8,
		Title:  "the text of " + frame + " is valid UTF-8 of at most 256 bytes",
		Reject: &Rejection{Good: good, Bad: bad, Want: want},
	}
}
