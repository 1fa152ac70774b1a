package call_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

// TestRequestFirst: REQUEST is the first message of a call, it comes once, ARGs follow, and FIN ends it, for small, large
// and streamed requests (CALL-001).
func TestRequestFirst(t *testing.T) {
	for _, size := range []int{0, 1, 8 << 10, 9 << 10, 100_000, 300_000} {
		bubble(t, func(t *testing.T) {
			args := bytes.Repeat([]byte{7}, size)
			seen := make(chan [][]byte, 2)
			l := scripted(t, func(c *callee) {
				for range 2 {
					id, messages := c.request()
					seen <- messages
					c.send(codec.Accept{Stream: id}, pieces(id, codec.FlagFin, reply("ok")))
				}
			}, func(h *codec.Hello) { h.Limits.StreamCredit = 1 << 20 })
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			got, err := call.Call(ctx, l, "some.method", args, nil)
			require.NoError(t, err)
			require.Equal(t, "ok", string(got))
			check := func(messages [][]byte, args []byte) {
				req, err := codec.ParseCallRequest(messages[0])
				require.NoError(t, err)
				require.Equal(t, "some.method", req.Method)
				require.Equal(t, uint32(1500), req.DeadlineMS)
				require.True(t, bytes.Equal(args, req.Args))
				for _, m := range messages[1:] {
					require.Equal(t, byte(codec.CallKindArg), m[0])
				}
			}
			one := <-seen
			require.Len(t, one, 1)
			check(one, args)

			s, err := call.Open(ctx, l, "some.method", []byte("first"), false)
			require.NoError(t, err)
			for _, arg := range [][]byte{args, nil, []byte("x")} {
				require.NoError(t, s.Send(arg))
			}
			require.NoError(t, s.CloseSend())
			many := <-seen
			require.Len(t, many, 4)
			check(many, []byte("first"))
			require.True(t, bytes.Equal(args, many[1][1:]))
			require.Len(t, many[2], 1)
			_, err = s.Recv()
			require.NoError(t, err)
		})
	}
}

// TestBadMethod: a name that no callee takes is refused before anything is sent.
func TestBadMethod(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := scripted(t, func(c *callee) {
			m, ok := c.next()
			if ok {
				t.Errorf("sent: %+v", m)
			}
		})
		for _, name := range []string{"", "with space", "ümlaut", string(make([]byte, 129))} {
			_, err := call.Call(t.Context(), l, name, nil, nil)
			require.Error(t, err)
			_, err = call.Open(t.Context(), l, name, nil, true)
			require.Error(t, err)
		}
	})
}

// TestBrokenCalls: what breaks off is a failure that may have been processed, never an answer, however much of one had come
// (CALL-011). A rejected stream was not processed.
func TestBrokenCalls(t *testing.T) {
	for _, tc := range []struct {
		name      string
		end       func(c *callee, id uint32)
		code      codec.Code
		processed string
	}{
		{"RESET", func(c *callee, id uint32) {
			c.send(codec.Accept{Stream: id}, codec.Reset{Stream: id, Code: codec.CodeOverloaded})
		}, codec.CodeOverloaded, "maybe"},
		{"RESET after a reply", func(c *callee, id uint32) {
			c.send(codec.Accept{Stream: id}, pieces(id, 0, reply("half")), codec.Reset{Stream: id, Code: codec.CodeInternal})
		}, codec.CodeInternal, "maybe"},
		{"RESET with NO_ERROR", func(c *callee, id uint32) {
			c.send(codec.Accept{Stream: id}, pieces(id, 0, reply("half")), codec.Reset{Stream: id})
		}, codec.CodeNoError, "maybe"},
		{"RESET inside a reply", func(c *callee, id uint32) {
			c.send(codec.Accept{Stream: id}, pieces(id, codec.FlagMore, reply("half")), codec.Reset{Stream: id, Code: codec.CodeInternal})
		}, codec.CodeInternal, "maybe"},
		{"REJECT", func(c *callee, id uint32) { c.send(codec.Reject{Stream: id, Code: codec.CodeRefused}) }, codec.CodeRefused, "no"},
		{"CLOSE", func(c *callee, _ uint32) { c.send(codec.Close{Code: codec.CodeShutdown}) }, codec.CodeShutdown, "maybe"},
		{"CLOSE after a reply", func(c *callee, id uint32) {
			c.send(codec.Accept{Stream: id}, pieces(id, 0, reply("half")), codec.Close{})
		}, codec.CodeNoError, "maybe"},
		{"end of the transport", func(c *callee, _ uint32) { _ = c.conn.Close() }, codec.CodeInternal, "maybe"},
		{"end of the transport after a reply", func(c *callee, id uint32) {
			c.send(codec.Accept{Stream: id}, pieces(id, 0, reply("half")))
			_ = c.conn.Close()
		}, codec.CodeInternal, "maybe"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				check := func(err error) {
					require.Error(t, err)
					require.NotErrorIs(t, err, io.EOF)
					require.Equal(t, tc.processed, call.Processed(err))
					e, ok := errors.AsType[*link.Error](err)
					require.True(t, ok, "%T", err)
					require.Equal(t, tc.code.String(), e.Code.String())
				}
				script := func(c *callee) {
					id, _ := c.request()
					tc.end(c, id)
					_, _ = c.next()
				}
				_, err := call.Call(t.Context(), scripted(t, script), "m", nil, nil)
				check(err)
				s, err := call.Open(t.Context(), scripted(t, script), "m", nil, true)
				require.NoError(t, err)
				for err == nil {
					_, err = s.Recv()
				}
				check(err)
			})
		})
	}
}

// TestErrorKeys: keys of ERROR that the caller does not know are ignored (CALL-015); what it says is handed on.
func TestErrorKeys(t *testing.T) {
	known := codec.CallError{Code: 0x8103, Name: "Conflict", Text: "try again", Processed: "no", RetryMS: 20, HasRetry: true, Data: []byte{1}}
	want := &call.Error{Code: 0x8103, Name: "Conflict", Text: "try again", Processed: "no", Retry: 20 * time.Millisecond, HasRetry: true, Data: []byte{1}}
	extended := func(t *testing.T) []byte {
		m := map[string]any{
			"a": nil, "code": int64(0x8103), "data": []byte{1}, "future": map[string]any{"deep": []any{int64(1), "x"}}, "name": "Conflict",
			"processed": "no", "retry_ms": int64(20), "text": "try again", "z": true,
		}
		b, err := codec.AppendValue([]byte{byte(codec.CallKindError)}, m)
		require.NoError(t, err)
		return b
	}
	for name, message := range map[string]func(t *testing.T) []byte{
		"the keys there are": func(t *testing.T) []byte { return callError(t, known) },
		"and some more":      extended,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := scripted(t, func(c *callee) {
					for range 2 {
						id, _ := c.request()
						c.send(codec.Accept{Stream: id}, pieces(id, codec.FlagFin, message(t)))
					}
					_, _ = c.next()
				})
				_, err := call.Call(t.Context(), l, "m", nil, nil)
				require.Equal(t, want, err)
				s, err := call.Open(t.Context(), l, "m", nil, true)
				require.NoError(t, err)
				_, err = s.Recv()
				require.Equal(t, want, err)
			})
		})
	}
}

// TestBadAnswers: an answer that is none resets its stream with PROTOCOL, with FIN and without, and the next call is served
// (CALL-016). A call that is read by hand has ended when FIN has come, and nothing can be said on it any more.
func TestBadAnswers(t *testing.T) {
	failed := callError(t, codec.CallError{Code: codec.CodeCallFailed, Processed: "yes"})
	for name, answer := range map[string][][]byte{
		"empty":               {{}},
		"of kind REQUEST":     {{byte(codec.CallKindRequest), 0}},
		"of kind ARG":         {codec.AppendCallArg(nil, nil)},
		"of unknown kind":     {{0x77}},
		"ERROR without map":   {{byte(codec.CallKindError), 0xC0}},
		"ERROR, empty map":    {{byte(codec.CallKindError), 0x80}},
		"behind a reply":      {reply("x"), {}},
		"a reply after ERROR": {failed, reply("x")},
		"ERROR after ERROR":   {failed, failed},
	} {
		for _, fin := range []codec.Flags{0, codec.FlagFin} {
			t.Run(name+map[codec.Flags]string{0: "", codec.FlagFin: ", with FIN"}[fin], func(t *testing.T) {
				bubble(t, func(t *testing.T) { badAnswer(t, answer, fin) })
			})
		}
	}
}

func badAnswer(t *testing.T, answer [][]byte, fin codec.Flags) {
	byHand := fin == 0
	l := scripted(t, func(c *callee) {
		bad := func() {
			id, _ := c.request()
			c.send(codec.Accept{Stream: id}, pieces(id, fin, answer...))
			for {
				m, ok := c.next()
				if r, is := m.(codec.Reset); !ok || is {
					if !is || r.Code != codec.CodeProtocol || r.Stream != id {
						t.Errorf("%+v", m)
					}
					return
				}
			}
		}
		bad()
		if byHand {
			bad()
		}
		id, _ := c.request()
		c.send(codec.Accept{Stream: id}, pieces(id, codec.FlagFin, reply("right")))
	})
	_, err := call.Call(t.Context(), l, "m", nil, nil)
	require.Error(t, err)
	if byHand {
		s, err := call.Open(t.Context(), l, "m", nil, true)
		require.NoError(t, err)
		for err == nil {
			_, err = s.Recv()
		}
		require.NotErrorIs(t, err, io.EOF)
	}
	got, err := call.Call(t.Context(), l, "m", nil, nil)
	require.NoError(t, err)
	require.Equal(t, "right", string(got))
}

// TestCallsApart: a call that ends while its request is still being sent, or while its reply is being read, leaves nothing
// behind that a later call could take for its own answer.
func TestCallsApart(t *testing.T) {
	d, _ := pair(t, link.Config{}, link.Config{})
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			for k := range 38 { // of 190 RESETs 90 wait, so that no call has to
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(k*37%700)*time.Microsecond)
				args := bytes.Repeat([]byte{byte(i)}, 300_000)
				got, err := call.Call(ctx, d, "echo", args, nil)
				cancel()
				if err == nil && !bytes.Equal(args, got) {
					t.Errorf("%d bytes of %d and no error", len(got), len(args))
				}
				args = bytes.Repeat([]byte{byte(k)}, 10)
				if got, err = call.Call(t.Context(), d, "echo", args, nil); err != nil || !bytes.Equal(args, got) {
					t.Errorf("the next call: %q, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestRefusedWhileSending: RESET and REJECT that come while a large request waits for credit end that call and no other.
func TestRefusedWhileSending(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := scripted(t, func(c *callee) {
			for i := 0; ; i++ {
				m, ok := c.next()
				if !ok {
					return
				}
				o, is := m.(codec.Open)
				if !is {
					continue
				}
				if i%2 == 0 {
					c.send(codec.Reject{Stream: o.Stream, Code: codec.CodeRefused})
				} else {
					c.send(codec.Accept{Stream: o.Stream}, codec.Reset{Stream: o.Stream, Code: codec.CodeRefused})
				}
			}
		}, func(h *codec.Hello) { h.Limits.StreamCredit = 65_536 })
		for range 20 {
			got, err := call.Call(t.Context(), l, "m", make([]byte, 200_000), nil)
			require.ErrorIs(t, err, &link.Error{Code: codec.CodeRefused})
			require.Empty(t, got)
			got, err = call.Call(t.Context(), l, "m", []byte("small"), nil)
			require.ErrorIs(t, err, &link.Error{Code: codec.CodeRefused}, "an answer of the call before")
			require.Empty(t, got)
		}
		synctest.Wait()
		require.Zero(t, l.Stats().Streams)
	})
}

// TestNoCredit: a call whose request waits for credit ends with its context, and resets its stream (CALL-014).
func TestNoCredit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		resets := make(chan codec.Code, 16)
		l := scripted(t, func(c *callee) {
			for {
				m, ok := c.next()
				if !ok {
					return
				}
				switch m := m.(type) {
				case codec.Open:
					c.send(codec.Accept{Stream: m.Stream})
				case codec.Reset:
					resets <- m.Code
				}
			}
		}, func(h *codec.Hello) { h.Limits.StreamCredit = 65_536 })
		from := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := call.Call(ctx, l, "m", make([]byte, 1<<20), nil)
		require.Error(t, err)
		require.Equal(t, 3*time.Second, time.Since(from))
		require.Equal(t, codec.CodeDeadline, <-resets)
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		_, err = call.Call(ctx, l, "m", make([]byte, 1<<20), nil)
		require.Error(t, err)
		require.Equal(t, 5*time.Second, time.Since(from))
		require.Equal(t, codec.CodeCancelled, <-resets)
		_, err = call.Open(ctx, l, "m", nil, true)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// TestTooLarge: a request over the callee's max_message is an error of the caller, and costs the link nothing.
func TestTooLarge(t *testing.T) {
	d, a := pair(t, link.Config{}, link.Config{})
	_, err := call.Call(t.Context(), d, "echo", make([]byte, 16<<20), nil)
	require.ErrorIs(t, err, &link.Error{Code: codec.CodeMsgTooBig})
	_, err = call.Open(t.Context(), d, "echo", make([]byte, 16<<20), true)
	require.ErrorIs(t, err, &link.Error{Code: codec.CodeMsgTooBig})
	got, err := call.Call(t.Context(), d, "echo", []byte("x"), nil)
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
	require.Eventually(t, func() bool { return d.Stats().Streams == 0 && a.Stats().Streams == 0 }, 5*time.Second, time.Millisecond)
}
