package conformance

import (
	"slices"
	"strings"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
)

// dialCallCases are about the calls that a dialer makes (spec/call.md).
func dialCallCases() []Case {
	return slices.Concat(dialRequestCases(), dialFailureCases(), dialCancelCases())
}

// dialRequestCases are about REQUEST.
func dialRequestCases() []Case {
	return []Case{
		{
			ID: "call/request-comes-first", Req: []string{"CALL-001"}, Level: 6,
			Title: "a caller sends REQUEST, with the method and the arguments that it was asked for, once, and FIN",
			Run: func(t *T) {
				c := t.Open(Options{})
				for _, args := range [][]byte{nil, {0}, []byte("text"), make([]byte, 60_000)} {
					s := c.Ask("echo", args)
					s.End()
					s.finish(args)
				}
				longest := strings.Repeat("m", 128)
				s := c.Ask(longest, nil)
				s.End()
				s.finish()
			},
		},
		{
			ID: "call/request-states-the-deadline", Req: []string{"CALL-001"}, Level: 6,
			Title: "REQUEST states the time that the caller will wait, and 0 where it waits for ever",
			Run: func(t *T) {
				const ms, grain = 30_000, 2_000
				c := t.Open(Options{})
				for _, given := range []struct {
					more        []with
					least, most uint32
				}{{nil, 0, 0}, {[]with{{"deadline_ms": "0"}}, 0, 0}, {[]with{{"deadline_ms": "30000"}}, ms - grain, ms}} {
					s := c.begin("echo", nil, given.more...)
					s.accept()
					q := s.takeRequest("echo", nil)
					if q.DeadlineMS < given.least || q.DeadlineMS > given.most {
						t.Fail("deadline_ms as it was asked for", "%d, of %v", q.DeadlineMS, given.more)
					}
					s.finish(nil)
				}
			},
		},
		{
			ID: "call/no-reply-is-an-answer-too", Req: []string{"CALL-016"}, Level: 6,
			Title: "a call ends well by FIN, after no reply, one and many",
			Run: func(t *T) {
				c := t.Open(Options{})
				for _, n := range []int{0, 1, 50} {
					s := c.Ask("stream", nil)
					values := make([][]byte, n)
					for i := range values {
						values[i] = []byte{byte(i)}
					}
					for _, value := range values {
						c.Send(s.reply(0, value))
					}
					c.Send(s.Fin())
					s.done(values...)
				}
			},
		},
	}
}

// dialFailureCases are about calls that fail, and about what the caller says of them.
func dialFailureCases() []Case {
	reset := func(code codec.Code) func(c *Conn) {
		return func(c *Conn) {
			s := c.Ask("echo", []byte("work"))
			c.Send(s.reply(0, []byte("a part")), s.Reset(code))
			a := s.failed("peer", code)
			s.processed(a, "maybe")
			c.Echo()
		}
	}
	failure := func(slug, req, title string, script func(c *Conn)) Case {
		return Case{ID: "call/" + slug, Req: []string{req}, Level: 8, Title: title, Run: func(t *T) { script(t.Open(Options{})) }}
	}
	cut := func(end func(c *Conn)) func(c *Conn) {
		return func(c *Conn) {
			s := c.Ask("echo", []byte("work"))
			c.Send(s.reply(0, []byte("a part")))
			end(c)
			a := c.t.await(s.call)
			if a.Kind != driver.KindFailed || a.By != "link" {
				c.t.Fail("the answer failed to call, by link", "%s", describeEnd(a))
			}
			s.processed(a, "maybe")
			c.t.Open(Options{}).Echo()
		}
	}
	return []Case{
		failure("reset-is-a-failure", "CALL-011", "a call that was reset has failed, and may have been processed", reset(codec.CodeInternal)),
		failure("reset-with-deadline-is-a-failure", "CALL-011", "a call that was reset with DEADLINE has failed, and may have been processed", reset(codec.CodeDeadline)),
		failure("reset-with-no-error-is-a-failure", "CALL-011", "a call that was reset with NO_ERROR has failed all the same", reset(codec.CodeNoError)),
		failure("close-is-a-failure", "CALL-011", "a call whose link ends by CLOSE has failed, and may have been processed", cut(func(c *Conn) {
			c.Send(Message(codec.Close{Code: codec.CodeShutdown}))
		})),
		failure("close-in-good-order-is-a-failure", "CALL-011", "a call whose link ends by CLOSE(NO_ERROR) has failed, and may have been processed", cut(func(c *Conn) {
			c.Send(closePacket(nil))
		})),
		failure("end-of-the-transport-is-a-failure", "CALL-011", "a call whose transport just ends has failed, and may have been processed", cut(func(c *Conn) { c.HangUp() })),
		failure("cut-frame-is-a-failure", "CALL-011", "a call whose last frame was cut off has failed", cut(func(c *Conn) {
			s := c.StreamAt(c.other.FirstID())
			p := s.reply(codec.FlagFin, []byte("all of it"))
			c.Send(p.Truncate("the transport ends inside of it", len(p.bytes)-1))
			c.HangUp()
		})),
		failure("error-is-a-failure", "CALL-015", "a call that ends by ERROR has failed, with the code, the replies and the word on processing that were sent", func(c *Conn) {
			for _, processed := range []string{codec.ProcessedNo, codec.ProcessedMaybe, codec.ProcessedYes} {
				s := c.Ask("fail", nil)
				failure := must((&codec.CallError{Code: codec.CodeCallFailed, Processed: processed, Name: "n", Text: "on purpose", Data: []byte{1}}).Append(nil))
				c.Send(s.reply(0, []byte("one"), []byte("two")), s.Data(codec.FlagFin, failure))
				a := s.failed("error", codec.CodeCallFailed)
				s.processed(a, processed)
				s.replied(a, []byte("one"), []byte("two"))
			}
			c.Echo()
		}),
		failure("unknown-keys-of-error", "CALL-015", "keys of ERROR that nobody knows, before, between and behind the others, are ignored", func(c *Conn) {
			s := c.Ask("fail", nil)
			c.Send(s.Data(codec.FlagFin, errorOf(map[string]any{
				"a": nil, "code": int64(codec.CodeCallBadArgument), "color": []any{1, "x"}, "processed": "no", "zz": map[string]any{"deep": true},
			})))
			s.processed(s.failed("error", codec.CodeCallBadArgument), "no")
			c.Echo()
		}),
		failure("fin-behind-error", "CALL-015", "the FIN of a call that failed may come by itself", func(c *Conn) {
			s := c.Ask("fail", nil)
			failure := must((&codec.CallError{Code: codec.CodeCallFailed, Processed: codec.ProcessedYes}).Append(nil))
			c.Send(s.Data(0, failure))
			c.Barrier()
			c.Send(s.Fin())
			s.processed(s.failed("error", codec.CodeCallFailed), "yes")
		}),
	}
}

// errorOf makes an ERROR with any map.
func errorOf(m map[string]any) []byte {
	return append([]byte{byte(codec.CallKindError)}, must(codec.AppendValue(nil, m))...)
}

// dialCancelCases are about calls that the caller gives up (CALL-014).
func dialCancelCases() []Case {
	return []Case{
		{
			ID: "call/cancelled-by-the-caller", Req: []string{"CALL-014"}, Level: 8,
			Title: "a caller that wants no more replies resets the stream with CANCELLED",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.Ask("stream", Args("n", 1000, "size", 1), with{"cancel_after": "2"})
				c.Send(s.reply(0, []byte("one")), s.reply(0, []byte("two")))
				s.expectReset(codec.CodeCancelled)
				s.failed("self", codec.CodeCancelled)
				c.Echo()
			},
		},
		{
			ID: "call/deadline-of-the-caller", Req: []string{"CALL-014"}, Level: 8,
			Title: "a caller whose own deadline has passed resets the stream with DEADLINE",
			Run: func(t *T) {
				const deadline = 200 * time.Millisecond
				c := t.Open(Options{})
				began := t.now()
				s := c.Ask("sleep", Args("ms", asleep), with{"deadline_ms": "200"})
				at := s.expectReset(codec.CodeDeadline)
				if took := at.Sub(began); took < deadline*9/10 {
					t.Fail("RESET when the deadline has passed", "RESET after %v", took)
				}
				s.failed("self", codec.CodeDeadline)
				c.Echo()
			},
		},
		{
			ID: "call/reply-before-the-deadline", Req: []string{"CALL-014"}, Level: 8,
			Title: "a call that is answered within its deadline is not reset",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.Ask("echo", []byte("in time"), with{"deadline_ms": "30000"})
				s.End()
				s.finish([]byte("in time"))
				c.Echo()
				c.silentOn(s, "the end of a call")
			},
		},
	}
}

// expectReset waits for the RESET that the driver was asked for, which is no rejection, and gives its time.
func (s *Stream) expectReset(code codec.Code) time.Time {
	e := s.c.Expect(FrameOn(codec.TypeReset, s.ID))
	if m, ok := e.Message.(codec.Reset); !ok || m.Code != code {
		s.c.t.Fail("RESET("+code.String()+")", "%s", describeEvent(&e))
	}
	return e.Time
}

// dialAnswerCases are about answers that no callee gives (CALL-016).
func dialAnswerCases() []Case {
	wrong := func(slug, what string, good, bad []byte) Case {
		return Case{
			ID: "call/answer-" + slug, Req: []string{"CALL-016"}, Level: 8, Title: what + " from a callee ends the stream with PROTOCOL",
			Reject: &Rejection{
				Good: func(c *Conn) { s := onOpen(c); c.Send(s.Data(0, good)) },
				Bad:  func(c *Conn) { s := onOpen(c); c.Send(s.Data(0, bad)) },
				Want: Reset(1, codec.CodeProtocol),
			},
		}
	}
	reply := codec.AppendCallReply(nil, []byte("value"))
	failure := map[string]any{"code": int64(codec.CodeCallFailed), "processed": "no"}
	without := func(key string) []byte {
		m := map[string]any{}
		for k, v := range failure {
			if k != key {
				m[k] = v
			}
		}
		return errorOf(m)
	}
	having := func(key string, v any) []byte {
		m := map[string]any{key: v}
		for k, v := range failure {
			if k != key {
				m[k] = v
			}
		}
		return errorOf(m)
	}
	good := errorOf(failure)
	after := func(slug, what string, more []byte) Case {
		return Case{
			ID: "call/after-error-" + slug, Req: []string{"CALL-016"}, Level: 8, Title: what + " after ERROR ends the stream with PROTOCOL",
			Reject: &Rejection{
				Good: func(c *Conn) {
					s := onOpen(c)
					c.Send(s.Data(codec.FlagFin, good))
					s.failed("error", codec.CodeCallFailed)
				},
				Bad:  func(c *Conn) { s := onOpen(c); c.Send(s.Data(0, good), s.Data(0, more)) },
				Want: Reset(1, codec.CodeProtocol),
			},
		}
	}
	return []Case{
		wrong("without-bytes", "a message without bytes", reply, nil),
		wrong("request", "a REQUEST", reply, Request("echo", 0, nil)),
		wrong("arg", "an ARG", reply, Arg([]byte("value"))),
		wrong("kind-zero", "a message of kind 0", reply, []byte{0, 'x'}),
		wrong("kind-unknown", "a message of kind 5", reply, []byte{5, 'x'}),
		wrong("error-empty", "an ERROR without a body", good, []byte{byte(codec.CallKindError)}),
		wrong("error-array", "an ERROR whose body is an array", good, []byte{byte(codec.CallKindError), 0x90}),
		wrong("error-without-code", "an ERROR without code", good, without("code")),
		wrong("error-without-processed", "an ERROR without processed", good, without("processed")),
		wrong("error-code-str", "an ERROR whose code is a str", good, having("code", "1")),
		wrong("error-code-over-u32", "an ERROR whose code is 2^32", having("code", int64(1<<32-1)), having("code", int64(1<<32))),
		wrong("error-processed-int", "an ERROR whose processed is an int", good, having("processed", int64(1))),
		wrong("error-processed-unknown", "an ERROR whose processed is neither no, maybe nor yes", having("processed", "yes"), having("processed", "perhaps")),
		wrong("error-text-bin", "an ERROR whose text is a bin", having("text", "t"), having("text", []byte("t"))),
		wrong("error-name-long", "an ERROR whose name has 65 bytes", having("name", strings.Repeat("n", 64)), having("name", strings.Repeat("n", 65))),
		wrong("error-text-long", "an ERROR whose text has 1,025 bytes", having("text", strings.Repeat("t", 1024)), having("text", strings.Repeat("t", 1025))),
		wrong("error-byte-behind", "an ERROR with a byte behind its map", good, append(slices.Clone(good), 0xC0)),
		wrong("error-keys-descending", "an ERROR whose keys do not ascend", good, slices.Concat([]byte{byte(codec.CallKindError), 0x82},
			codec.AppendStr(codec.AppendStr(nil, "processed"), "no"), codec.AppendUint(codec.AppendStr(nil, "code"), 1))),
		after("reply", "a REPLY", reply),
		after("error", "a second ERROR", good),
		after("nothing", "a message without bytes", nil),
	}
}
