package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// kitCases are the cases of the methods in spec/call.md by which the suite judges an acceptor.
func kitCases() []Case {
	return slices.Concat(kitMethodCases(), kitFailCases(), kitArgumentCases())
}

// kitMethodCases are about each method.
func kitMethodCases() []Case {
	return []Case{
		{
			ID: "kit/methods-served", Req: []string{"PROF-001"}, Level: 8,
			Title: "the five methods of the test kit are served",
			Run: func(t *T) {
				c := t.Open(Options{})
				for method, args := range map[string][]byte{
					"echo": nil, "stream": Args("n", 1, "size", 1), "sleep": Args("ms", 1), "fail": Args("code", 0x8003), "discard": nil,
				} {
					if a := c.Call(method, args); a.Err != nil && a.Err.Code == codec.CodeCallUnknownMethod {
						t.Fail(method+" is served", "CALL_UNKNOWN_METHOD")
					}
				}
			},
		},
		{
			ID: "kit/echo-answers", Req: []string{"KIT-001", "CALL-004"}, Level: 6,
			Title: "echo answers with the bytes of its arguments",
			Run:   func(t *T) { t.Open(Options{}).Echo() },
		},
		{
			ID: "kit/echo-of-nothing-and-of-much", Req: []string{"KIT-001"}, Level: 7,
			Title: "echo answers with no bytes, and with 60,000",
			Run: func(t *T) {
				c := t.Open(Options{})
				for _, n := range []int{0, 60_000} {
					value := make([]byte, n)
					t.fill(value)
					s := c.NewStream()
					c.Send(s.Open())
					c.Expect(Accepted(s.ID))
					s.Pour(Request("echo", 0, value))
					s.expectReply(value)
					s.End()
				}
			},
		},
		{
			ID: "kit/echo-of-arguments", Req: []string{"KIT-001"}, Level: 7,
			Title: "echo answers REQUEST and each ARG with a REPLY, in order, each before the next one comes",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onOpen(c)
				for _, value := range []string{"one", "", "three"} {
					c.Send(s.Data(0, Arg([]byte(value))))
					s.expectReply([]byte(value))
				}
				c.Send(s.Data(codec.FlagFin, Arg([]byte("four")), Arg([]byte("five"))))
				s.expectReply([]byte("four"))
				s.expectReply([]byte("five"))
				s.End()
			},
		},
		{
			ID: "kit/stream-small", Req: []string{"KIT-002"}, Level: 7,
			Title: "stream sends 300 replies of 3 bytes, each with its number",
			Run:   func(t *T) { checkStream(t, t.Open(Options{}).Call("stream", Args("n", 300, "size", 3)), 300, 3) },
		},
		{
			ID: "kit/stream-empty", Req: []string{"KIT-002"}, Level: 7,
			Title: "stream sends 5 replies without bytes, and no replies at all",
			Run: func(t *T) {
				c := t.Open(Options{})
				checkStream(t, c.Call("stream", Args("n", 5, "size", 0)), 5, 0)
				checkStream(t, c.Call("stream", Args("n", 0, "size", 5)), 0, 5)
			},
		},
		{
			ID: "kit/stream-large", Req: []string{"KIT-002"}, Level: 7,
			Title: "stream sends 3 replies of 400,000 bytes",
			Run: func(t *T) {
				checkStream(t, t.Open(Options{}).Call("stream", Args("n", 3, "size", 400_000)), 3, 400_000)
			},
		},
		{
			ID: "kit/sleep-sleeps", Req: []string{"KIT-003"}, Level: 6, Tags: []string{TagTiming},
			Title: "sleep answers with a REPLY without bytes after the given time, and not before",
			Run:   func(t *T) { sleepsFor(t, 150*time.Millisecond) },
		},
		{
			ID: "kit/sleep-not-at-all", Req: []string{"KIT-003"}, Level: 6,
			Title: "sleep of 0 ms answers at once",
			Run:   func(t *T) { sleepsFor(t, 0) },
		},
		{
			ID: "kit/discard-counts", Req: []string{"KIT-005"}, Level: 7,
			Title: "discard answers with the number of its ARGs and of their bytes, the REQUEST's own aside",
			Run: func(t *T) {
				c := t.Open(Options{})
				discards(t, c.Call("discard", []byte("not counted"), []byte("one"), nil, make([]byte, 1000)), 1003, 3)
				discards(t, c.Call("discard", nil), 0, 0)
			},
		},
	}
}

// checkStream checks the replies of the method stream.
func checkStream(t *T, a Answer, n, size int) {
	switch {
	case a.Err != nil:
		t.Fail(fmt.Sprintf("%d replies", n), "ERROR(%v)", a.Err.Code)
	case len(a.Replies) != n:
		t.Fail(fmt.Sprintf("%d replies", n), "%d", len(a.Replies))
	}
	for k, value := range a.Replies {
		if want := bytes.Repeat([]byte{byte(k)}, size); !bytes.Equal(value, want) {
			t.Fail(fmt.Sprintf("reply %d: %d bytes of %02X", k, size, byte(k)), "%s", brief(value))
		}
	}
}

// sleepsFor calls sleep and looks at the time that it takes.
func sleepsFor(t *T, d time.Duration) {
	c := t.Open(Options{})
	s := c.NewStream()
	began := t.now()
	c.Send(s.Open(), s.Data(codec.FlagFin, Request("sleep", 0, Args("ms", d.Milliseconds()))))
	c.Expect(Accepted(s.ID))
	reply := c.ExpectWithin(d+Slack, FrameOn(codec.TypeData, s.ID))
	switch took := reply.Time.Sub(began); {
	case took < d:
		t.Fail(fmt.Sprintf("a REPLY after %v", d), "one after %v", took)
	case len(reply.Messages) != 1 || !bytes.Equal(reply.Messages[0], codec.AppendCallReply(nil, nil)):
		t.Fail("one REPLY without bytes", "%s", wire.DescribeFrame(*reply.Frame))
	}
}

// discards checks the answer of the method discard.
func discards(t *T, a Answer, size, messages int) {
	want := Args("bytes", size, "messages", messages)
	if a.Err != nil || len(a.Replies) != 1 || !bytes.Equal(a.Replies[0], want) {
		t.Fail(fmt.Sprintf("one REPLY of {bytes: %d, messages: %d}", size, messages), "%x, and %v", a.Replies, a.Err)
	}
}

// kitFailCases are about the method fail.
func kitFailCases() []Case {
	fails := func(id, title string, want codec.CallError, replies int, pairs ...any) Case {
		return Case{ID: id, Req: []string{"KIT-004"}, Title: title, Level: 8, Run: func(t *T) {
			a := t.Open(Options{}).Call("fail", Args(pairs...))
			switch got := a.Err; {
			case got == nil:
				t.Fail("ERROR", "success after %d replies", len(a.Replies))
			case len(a.Replies) != replies || len(slices.Concat(a.Replies...)) != 0:
				t.Fail(fmt.Sprintf("%d empty replies before ERROR", replies), "%x", a.Replies)
			case !sameError(got, &want):
				t.Fail(fmt.Sprintf("%+v", want), "%+v", *got)
			}
		}}
	}
	maybe, text := codec.ProcessedMaybe, strings.Repeat("t", 1024)
	return []Case{
		fails("kit/fail-with-a-code", "fail ends with ERROR of the given code, and processed maybe",
			codec.CallError{Code: 0xF0F1, Processed: maybe}, 0, "code", 0xF0F1),
		fails("kit/fail-with-everything", "fail ends with ERROR of the given data, name, processed, retry_ms and text",
			codec.CallError{Code: 7, Data: []byte{0, 0xFF}, Name: "Name", Processed: codec.ProcessedYes, HasRetry: true, RetryMS: 1500, Text: "text"}, 0,
			"code", 7, "data", []byte{0, 0xFF}, "name", "Name", "processed", codec.ProcessedYes, "retry_ms", 1500, "text", "text"),
		fails("kit/fail-with-the-most", "fail ends with ERROR of the greatest code, retry_ms and text",
			codec.CallError{Code: 0xFFFFFFFF, Processed: codec.ProcessedNo, HasRetry: true, RetryMS: codec.RetryNever, Text: text}, 0,
			"code", 0xFFFFFFFF, "processed", codec.ProcessedNo, "retry_ms", 0xFFFFFFFF, "text", text),
		fails("kit/fail-after-replies", "fail sends as many empty replies as it was asked for, and ERROR then",
			codec.CallError{Code: 0x8003, Processed: maybe}, 4, "after", 4, "code", 0x8003),
	}
}

func sameError(a, b *codec.CallError) bool {
	return a.Code == b.Code && a.Name == b.Name && a.Text == b.Text && a.Processed == b.Processed &&
		a.HasRetry == b.HasRetry && a.RetryMS == b.RetryMS && bytes.Equal(a.Data, b.Data)
}

// kitArgumentCases are about arguments that a method cannot use.
func kitArgumentCases() []Case {
	refuses := func(id, method, what string, good, bad []byte) Case {
		request := func(args []byte) func(c *Conn) {
			return func(c *Conn) { s := c.NewStream(); c.Send(s.Open(), s.Data(codec.FlagFin, Request(method, 0, args))) }
		}
		return Case{
			ID: "kit/" + id, Req: []string{"KIT-006"}, Level: 8, Title: method + " answers " + what + " with CALL_BAD_ARGUMENT",
			Reject: &Rejection{Good: request(good), Bad: request(bad), Want: Errored(1, codec.CodeCallBadArgument)},
		}
	}
	stream, nap := Args("n", 1, "size", 1), Args("ms", 1)
	failure := Args("code", 0x8003)
	return []Case{
		refuses("stream-without-arguments", "stream", "no arguments", stream, nil),
		refuses("stream-without-size", "stream", "a map without size", stream, Args("n", 1)),
		refuses("stream-with-text", "stream", "n that is a str", stream, Args("n", "1", "size", 1)),
		refuses("stream-below-zero", "stream", "n of -1", stream, Args("n", -1, "size", 1)),
		refuses("sleep-without-ms", "sleep", "a map without ms", nap, Args("seconds", 1)),
		refuses("sleep-with-an-array", "sleep", "an array", nap, []byte{0x91, 0x01}),
		refuses("sleep-outside-the-profile", "sleep", "ms in a longer form than it needs", nap, []byte("\x81\xa2ms\xcc\x01")),
		refuses("fail-without-code", "fail", "a map without code", failure, Args("text", "why")),
		refuses("fail-with-another-processed", "fail", "processed perhaps", failure, Args("code", 0x8003, "processed", "perhaps")),
		refuses("fail-with-a-str-for-data", "fail", "data that is a str", failure, Args("code", 0x8003, "data", "text")),
	}
}
