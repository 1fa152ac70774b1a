package conformance

import (
	"fmt"
	"slices"
	"time"

	"handfast/codec"
)

// callMoreCases are about calls beside others, and about what is seen of a call only over time.
func callMoreCases() []Case {
	return slices.Concat(firstKindCases(), methodCases(), callFinCases(), deadlineTimeCases(), besideCases())
}

// firstKindCases are about first messages of another kind.
func firstKindCases() []Case {
	good := Request("echo", 0, []byte("args"))
	failure := must((&codec.CallError{Code: codec.CodeCallFailed, Processed: codec.ProcessedNo}).Append(nil))
	var cases []Case
	for _, b := range []struct {
		slug, what string
		bad        []byte
	}{
		{"error-first", "an ERROR", failure},
		{"kind-zero-first", "a message of kind 0", slices.Concat([]byte{0}, good[1:])},
		{"request-without-deadline", "a REQUEST that ends before deadline_ms", good[:4]},
		{"request-of-its-kind-alone", "a REQUEST of one byte", good[:1]},
	} {
		cases = append(cases, Case{
			ID: "call/" + b.slug, Req: []string{"CALL-002"}, Level: 8, Title: b.what + " as the first message ends the stream with PROTOCOL",
			Reject: &Rejection{
				Good: func(c *Conn) {
					s := c.NewStream()
					c.Send(s.Open(), s.Data(codec.FlagFin, good))
					s.answered("args")
				},
				Bad: func(c *Conn) {
					s := c.NewStream()
					c.Send(s.Open(), s.Data(codec.FlagFin, b.bad))
				},
				Want: Reset(1, codec.CodeProtocol),
			},
		})
	}
	return append(cases, Case{
		ID: "call/arg-before-request", Req: []string{"CALL-002"}, Level: 8, Title: "an ARG before the REQUEST ends the stream with PROTOCOL, although the REQUEST follows",
		Reject: &Rejection{
			Good: func(c *Conn) {
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, good, Arg([]byte("more"))))
				s.expectReply([]byte("args"))
				s.expectReply([]byte("more"))
				s.End()
			},
			Bad: func(c *Conn) {
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, Arg([]byte("more")), good))
			},
			Want: Reset(1, codec.CodeProtocol),
		},
	})
}

// methodCases are about methods that nobody serves.
func methodCases() []Case {
	unserved := func(slug, title, method string, before func(c *Conn)) Case {
		return Case{
			ID: "call/" + slug, Req: []string{"CALL-003"}, Level: 8, Title: title,
			Run: func(t *T) {
				c := t.Open(Options{})
				before(c)
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, Request(method, 0, []byte("args"))))
				s.failsWith(codec.CodeCallUnknownMethod)
				c.Echo()
			},
		}
	}
	calm := func(*Conn) {}
	return []Case{
		unserved("unknown-method-while-another-sleeps", "a method that nobody serves is answered at once, whatever other calls do", "x.suite.nothing", func(c *Conn) { onAsleep(c) }),
		unserved("method-in-another-case", "a method is known by its exact bytes: ECHO is not echo", "ECHO", calm),
		unserved("method-with-more-behind-it", "a method is known by its whole name: echoes is not echo", "echoes", calm),
	}
}

// failsWith waits for the end of a call, which has to be ERROR of a code.
func (s *Stream) failsWith(code codec.Code) {
	a := s.Answer()
	switch {
	case a.Err == nil:
		s.c.t.Fail("ERROR("+code.String()+")", "FIN after %d replies", len(a.Replies))
	case a.Err.Code != code:
		s.c.t.Fail("ERROR("+code.String()+")", "ERROR(%v)", a.Err.Code)
	}
}

// callFinCases are about FIN where the caller has not sent its own.
func callFinCases() []Case {
	ends := func(slug, title, method string, args []byte, replies int, fails bool) Case {
		return Case{
			ID: "call/" + slug, Req: []string{"CALL-004"}, Level: 8, Title: title,
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.NewStream()
				c.Send(s.Open(), s.Data(0, Request(method, 0, args)))
				if a := s.Answer(); len(a.Replies) != replies || (a.Err != nil) != fails {
					t.Fail(fmt.Sprintf("%d replies, and ERROR: %v", replies, fails), "%d replies, and ERROR: %v", len(a.Replies), a.Err != nil)
				}
			},
		}
	}
	return []Case{
		ends("fin-before-that-of-the-caller", "FIN follows the last REPLY although the caller has not sent its own", "stream", Args("n", 3, "size", 5), 3, false),
		ends("fin-of-an-error-before-that-of-the-caller", "FIN follows ERROR although the caller has not sent its own", "fail", Args("code", 0x8003, "after", 2), 2, true),
		{
			ID: "call/fin-of-echo", Req: []string{"CALL-004"}, Level: 6,
			Title: "a call of echo ends by FIN when the caller has sent FIN, and not before",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onOpen(c)
				c.Barrier()
				c.Never("FIN before that of the caller", func(e *Event) bool {
					return e.Frame != nil && e.Frame.Type == codec.TypeData
				})
				c.Send(s.Data(codec.FlagFin, Arg([]byte("the last"))))
				s.expectReply([]byte("the last"))
				s.End()
			},
		},
	}
}

// deadlineTimeCases are about when a deadline passes.
func deadlineTimeCases() []Case {
	const deadline = 150 // ms
	return []Case{
		{
			ID: "call/deadline-not-early", Req: []string{"CALL-006"}, Level: 8, Tags: []string{TagTiming},
			Title: "a call is not ended before its deadline, and at most a second after it",
			Run: func(t *T) {
				const grain = 5 * time.Millisecond // of timers, rounding included
				c := t.Open(Options{})
				began := t.now()
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, Request("sleep", deadline, Args("ms", asleep))))
				e := c.ExpectWithin(deadline*time.Millisecond+Slack, FrameOn(codec.TypeData, s.ID))
				if took := e.Time.Sub(began); took < deadline*time.Millisecond-grain {
					t.Fail("nothing before the deadline", "an end after %v", took)
				}
			},
		},
		{
			ID: "call/deadline-while-arguments-come", Req: []string{"CALL-006"}, Level: 8, Tags: []string{TagTiming},
			Title: "a call that waits for arguments ends by ERROR(DEADLINE) as well",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.NewStream()
				c.Send(s.Open(), s.Data(0, Request("discard", deadline, nil), Arg([]byte("a"))))
				s.failsWith(codec.CodeDeadline)
				c.Echo()
			},
		},
	}
}

// besideCases are about calls that take long, beside which others are served, and which stop when they are reset.
func besideCases() []Case {
	beside := func(slug, what string, slow func(c *Conn)) Case {
		return Case{
			ID: "call/" + slug, Req: []string{"CALL-009"}, Level: 8, Title: "calls are answered while " + what,
			Run: func(t *T) {
				c := t.Open(Options{})
				slow(c)
				c.Echo()
				checkStream(t, c.Call("stream", Args("n", 3, "size", 10)), 3, 10)
			},
		}
	}
	return []Case{
		beside("beside-one-that-waits-for-arguments", "another call of the link waits for arguments", func(c *Conn) { onOpen(c) }),
		beside("beside-one-that-streams", "another call of the link has replies without end", func(c *Conn) {
			s := c.NewStream()
			c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", 1<<30, "size", 1000))))
			c.Expect(FrameOn(codec.TypeData, s.ID))
		}),
		{
			ID: "call/reset-stops-the-replies", Req: []string{"CALL-008"}, Level: 8,
			Title: "no more replies come when the stream of a call was reset",
			Run: func(t *T) {
				c := t.Open(Options{Hello: func(h *codec.Hello) { // whose grants do not stop the peer
					most := codec.MaxLimits()
					h.Limits.StreamCredit, h.Limits.LinkCredit = most.StreamCredit, most.LinkCredit
				}})
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", 1<<30, "size", 10_000))))
				for range 10 {
					s.Next()
				}
				c.Send(s.Reset(codec.CodeCancelled))
				c.Echo() // what was on its way has come
				c.Call("stream", Args("n", 20, "size", 1000))
				c.forget(s.ID)
				c.Quiet(MaxQuiet/2, "a REPLY on a stream that was reset", func(e *Event) bool {
					return e.Frame != nil && e.Frame.Type == codec.TypeData && e.Frame.Stream == s.ID
				})
			},
		},
	}
}

// forget drops what has come on a stream.
func (c *Conn) forget(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = slices.DeleteFunc(c.events, func(e Event) bool { return e.Frame != nil && e.Frame.Stream == id })
}
