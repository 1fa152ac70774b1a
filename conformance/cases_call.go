package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// callCases are the cases of spec/call.md, the test kit aside.
func callCases() []Case {
	return slices.Concat(requestCases(), kindCases(), callEndCases(), deadlineCases(), callWorkCases())
}

// requestCases are about the first message of a call.
func requestCases() []Case {
	const kind, methodLength, method = 0, 2, 8 // offsets in a REQUEST
	good := Request("echo", 0, []byte("args"))
	set := func(off int, with ...byte) []byte {
		b := slices.Clone(good)
		copy(b[off:], with)
		return b
	}
	named := func(name string) []byte { // codec does not make methods that are too long
		b := slices.Concat(good[:method], []byte(name))
		b[methodLength], b[methodLength+1] = byte(len(name)>>8), byte(len(name))
		return b
	}
	first := func(id, what string, good, bad []byte) Case {
		return Case{
			ID: "call/" + id, Req: []string{"CALL-002"}, Level: 8, Title: what + " as the first message ends the stream with PROTOCOL",
			Reject: &Rejection{
				Good: func(c *Conn) { s := c.NewStream(); c.Send(s.Open(), s.Data(codec.FlagFin, good)); s.whole() },
				Bad:  func(c *Conn) { s := c.NewStream(); c.Send(s.Open(), s.Data(codec.FlagFin, bad)) },
				Want: Reset(1, codec.CodeProtocol),
			},
		}
	}
	return []Case{
		first("arg-first", "an ARG", good, Arg([]byte("value"))),
		first("reply-first", "a REPLY", good, codec.AppendCallReply(nil, nil)),
		first("nothing-first", "a message without bytes", good, nil),
		first("unknown-kind-first", "a message of kind 5", good, set(kind, 5)),
		first("request-header-short", "a REQUEST of 7 bytes", good, good[:method-1]),
		first("method-empty", "a REQUEST without method", good, set(methodLength, 0, 0)),
		first("method-too-long", "a REQUEST with a method of 129 bytes", named(strings.Repeat("m", 128)), named(strings.Repeat("m", 129))),
		first("method-longer-than-the-rest", "a REQUEST whose method is longer than the rest", good, set(methodLength, 0, byte(len(good)-method+1))),
		first("method-length-of-65535", "a REQUEST with a method_length of FFFF", good, set(methodLength, 0xFF, 0xFF)),
		first("method-with-space", "a REQUEST with a space in its method", good, set(method, ' ')),
		first("method-with-control-byte", "a REQUEST with a byte 7F in its method", set(method, 0x7E), set(method, 0x7F)),
		first("method-not-ascii", "a REQUEST with a byte E9 in its method", good, set(method, 0xE9)),
		{
			ID: "call/reserved-ignored", Req: []string{"CALL-002"}, Level: 6,
			Title: "a REQUEST with every bit of its reserved byte set is served",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, set(1, 0xFF)))
				s.answered("args")
			},
		},
		{
			ID: "call/fin-before-request", Req: []string{"CALL-012"}, Level: 8,
			Title: "a FIN before any REQUEST ends the stream with PROTOCOL",
			Reject: &Rejection{
				Good: func(c *Conn) { s := c.NewStream(); c.Send(s.Open(), s.Data(codec.FlagFin, good)); s.whole() },
				Bad:  func(c *Conn) { s := c.NewStream(); c.Send(s.Open(), s.Fin()) },
				Want: Reset(1, codec.CodeProtocol),
			},
		},
	}
}

// whole reads a call to its end, whatever that is.
func (s *Stream) whole() {
	s.c.Expect(Accepted(s.ID))
	s.Answer()
}

// kindCases are about the messages that follow the REQUEST.
func kindCases() []Case {
	later := func(id, what string, bad []byte) Case {
		return Case{
			ID: "call/" + id, Req: []string{"CALL-010"}, Level: 8, Title: what + " after the REQUEST ends the stream with PROTOCOL",
			Reject: &Rejection{
				Good: func(c *Conn) { s := onOpen(c); c.Send(s.Data(0, Arg(nil))); s.expectReply(nil) },
				Bad:  func(c *Conn) { s := onOpen(c); c.Send(s.Data(0, bad)) },
				Want: Reset(1, codec.CodeProtocol),
			},
		}
	}
	failure := must((&codec.CallError{Code: codec.CodeCallFailed, Processed: codec.ProcessedNo}).Append(nil))
	return []Case{
		later("message-without-bytes", "a message without bytes", nil),
		later("second-request", "a second REQUEST", Request("echo", 0, nil)),
		later("reply-from-the-caller", "a REPLY", codec.AppendCallReply(nil, []byte("value"))),
		later("error-from-the-caller", "an ERROR", failure),
		later("kind-zero", "a message of kind 0", []byte{0, 'x'}),
		later("kind-unknown", "a message of kind 5", []byte{5, 'x'}),
	}
}

// callEndCases are about how a call ends.
func callEndCases() []Case {
	return []Case{
		{
			ID: "call/unknown-method", Req: []string{"CALL-003"}, Level: 8,
			Title: "a method that is not served is answered with CALL_UNKNOWN_METHOD and processed no, without waiting for FIN",
			Reject: &Rejection{
				Good: func(c *Conn) { onOpen(c) },
				Bad:  func(c *Conn) { s := c.NewStream(); c.Send(s.Open(), s.Data(0, Request("ech", 0, nil))) },
				Want: Errored(1, codec.CodeCallUnknownMethod),
				Look: func(c *Conn, answer Event) {
					failed, _ := codec.ParseCallError(answer.Messages[0])
					if failed.Processed != codec.ProcessedNo {
						c.t.Fail("processed no", "processed %s", failed.Processed)
					}
				},
			},
		},
		{
			ID: "call/fin-after-replies", Req: []string{"CALL-004"}, Level: 6,
			Title: "a call that succeeds ends with FIN, after one reply, after many, and after none",
			Run: func(t *T) {
				c := t.Open(Options{})
				for _, n := range []int{1, 50, 0} {
					checkStream(t, c.Call("stream", Args("n", n, "size", 10)), n, 10)
				}
			},
		},
		{
			ID: "call/fin-after-error", Req: []string{"CALL-004"}, Level: 8,
			Title: "a call that fails ends with FIN, whether its method fails or is unknown",
			Run: func(t *T) {
				c := t.Open(Options{})
				for _, a := range []Answer{c.Call("fail", Args("code", 0x8003)), c.Call("no.such.method", nil)} {
					if a.Err == nil {
						t.Fail("ERROR and FIN", "FIN after %d replies", len(a.Replies))
					}
				}
			},
		},
		{
			ID: "call/nothing-after-error", Req: []string{"CALL-005"}, Level: 8,
			Title: "nothing but FIN follows ERROR, also where replies came before it",
			Run: func(t *T) {
				c := t.Open(Options{})
				if a := c.Call("fail", Args("code", 0x8003, "after", 3)); a.Err == nil || len(a.Replies) != 3 {
					t.Fail("3 replies and ERROR", "%d replies, and %v", len(a.Replies), a.Err)
				}
			},
		},
		{
			ID: "call/error-form", Req: []string{"CALL-013"}, Level: 8,
			Title: "every ERROR is a map in the strict profile with code and processed",
			Run: func(t *T) {
				c := t.Open(Options{})
				for _, args := range [][]byte{
					Args("code", 0x8003),
					Args("code", 1, "name", "n", "text", "t", "data", []byte{1}, "retry_ms", 7, "processed", "yes"),
					Args("code", 0xFFFFFFFF, "text", strings.Repeat("long", 256)),
					Args("code", "no number"),
				} {
					if a := c.Call("fail", args); a.Err == nil {
						t.Fail("ERROR", "success")
					}
				}
			},
		},
	}
}

// deadlineCases are about deadline_ms.
func deadlineCases() []Case {
	const deadline = 100 // ms
	sleep := func(deadlineMS uint32, ms int) func(c *Conn) {
		return func(c *Conn) {
			s := c.NewStream()
			c.Send(s.Open(), s.Data(codec.FlagFin, Request("sleep", deadlineMS, Args("ms", ms))))
			c.Expect(Accepted(s.ID))
		}
	}
	within := func(*Conn) time.Duration { return deadline*time.Millisecond + Slack }
	return []Case{
		{
			ID: "call/deadline-passed", Req: []string{"CALL-006"}, Level: 8, Tags: []string{TagTiming},
			Title: "a call whose deadline has passed ends with ERROR(DEADLINE)",
			Reject: &Rejection{
				Good: func(c *Conn) { sleep(asleep, deadline)(c); c.StreamAt(1).expectReply(nil); c.StreamAt(1).End() },
				Bad:  sleep(deadline, asleep),
				Want: Errored(1, codec.CodeDeadline),
				Wait: within,
			},
		},
		{
			ID: "call/deadline-stops-the-work", Req: []string{"CALL-006", "STRM-009"}, Level: 9, Tags: []string{TagTiming},
			Title: "calls whose deadlines have passed give their streams back, although all that were granted are used up",
			Run: func(t *T) {
				c := t.Open(Options{})
				n := c.moreThanGranted() - 1
				for range n {
					sleep(deadline/2, asleep)(c)
				}
				for i := range uint32(n) {
					if a := c.StreamAt(2*i + 1).Answer(); a.Err == nil || a.Err.Code != codec.CodeDeadline {
						t.Fail("ERROR(DEADLINE)", "%d replies, and %v", len(a.Replies), a.Err)
					}
				}
				c.AwaitSlots(1)
				c.Echo()
			},
		},
		{
			ID: "call/no-deadline", Req: []string{"CALL-007"}, Level: 8, Tags: []string{TagTiming},
			Title: "a call whose deadline_ms is 0 has no deadline",
			Run: func(t *T) {
				c := t.Open(Options{})
				sleep(0, 3*deadline)(c)
				s := c.StreamAt(1)
				s.expectReply(nil)
				s.End()
			},
		},
	}
}

// callWorkCases are about the work behind a call.
func callWorkCases() []Case {
	return []Case{
		{
			ID: "call/reset-stops-the-work", Req: []string{"CALL-008"}, Level: 9,
			Title: "calls that were reset stop their work, which gives their streams back",
			Run: func(t *T) {
				c := t.Open(Options{})
				n := min(c.moreThanGranted()-1, codec.ResetsMin-10) // no more than are tolerated
				var packets []Packet
				for range n {
					packets = append(packets, resetPacket(onAsleep(c)))
				}
				c.Send(packets...)
				c.regains(n)
			},
		},
		{
			ID: "call/sleeping-call-delays-nobody", Req: []string{"CALL-009"}, Level: 8,
			Title: "a call is answered while eight others sleep",
			Run: func(t *T) {
				c := t.Open(Options{})
				const ms, sleepers = 1500, 8
				for range sleepers {
					s := c.NewStream()
					c.Send(s.Open(), s.Data(codec.FlagFin, Request("sleep", 0, Args("ms", ms))))
				}
				c.Barrier() // all of them have begun
				c.Echo()
				c.Never("reply of a call that began earlier and sleeps", func(e *Event) bool {
					return e.Frame != nil && e.Frame.Type == codec.TypeData
				})
			},
		},
		{
			ID: "call/blocked-call-delays-nobody", Req: []string{"CALL-009"}, Level: 8,
			Title: "a call is answered while another waits for credit of its stream",
			Run: func(t *T) {
				c := t.Open(jammed())
				onJammed(c)
				c.Echo()
			},
		},
	}
}

// regains checks that the peer grants again the streams of n calls that it has stopped to work for, all other calls being at an end. A
// peer may grant in steps, and when most of what it has granted is used, so that calls have to be made until it does.
func (c *Conn) regains(n uint64) {
	limit := c.Peer().Limits.Streams
	for range limit {
		c.Await("STREAMS", func(l *wire.Link) bool { return l.Slots(c.own) > 0 })
		if c.Slots() > limit-n {
			return
		}
		c.Echo()
	}
	c.t.Fail(fmt.Sprintf("STREAMS that grants over %d at once", limit-n), "%d at most", limit-n)
}
