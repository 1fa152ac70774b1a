package call_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

// served opens two links over a pipe, the acceptor's serving the test kit and what add adds.
func served(t *testing.T, add func(s *call.Server), limits func(l *codec.Limits)) (d, a *link.Link) {
	t.Helper()
	srv := call.NewServer()
	call.AddTestKit(srv)
	if add != nil {
		add(srv)
	}
	lim := codec.DefaultLimits()
	if limits != nil {
		limits(&lim)
	}
	dc, ac := net.Pipe()
	log := slog.New(blameless{t})
	accepted := make(chan *link.Link, 1)
	go func() {
		l, err := link.Accept(context.Background(), ac, link.Config{Node: [16]byte{2}, Logger: log, Handlers: map[string]link.Handler{call.Proto: srv}})
		if err != nil {
			t.Errorf("accept: %v", err)
		}
		accepted <- l
	}()
	d, err := link.Dial(context.Background(), dc, link.Config{Node: [16]byte{1}, Logger: log, Limits: &lim, Protos: map[string][]uint16{call.Proto: {1}}})
	require.NoError(t, err)
	a = <-accepted
	t.Cleanup(func() {
		_ = d.Close(codec.CodeNoError, "")
		<-a.Done()
	})
	return d, a
}

func request(t *testing.T, method string, ms uint32, args []byte) []byte {
	t.Helper()
	b, err := codec.AppendCallRequest(nil, method, ms, args)
	require.NoError(t, err)
	return b
}

// ending reads a stream to its end.
func ending(s *link.Stream) (messages [][]byte, err error) {
	for {
		m, err := s.Recv()
		if err != nil {
			return messages, err
		}
		messages = append(messages, bytes.Clone(m))
	}
}

// TestCallFaults: what a caller can send wrongly is answered with RESET(PROTOCOL), whatever the method does meanwhile, and
// costs no slot (CALL-002, CALL-010, CALL-012, STRM-009).
func TestCallFaults(t *testing.T) {
	sleep := func(t *testing.T) []byte { return request(t, "sleep", 0, kit(t, map[string]any{"ms": int64(50)})) }
	arg, again := codec.AppendCallArg(nil, []byte("x")), func(t *testing.T) []byte { return request(t, "echo", 0, nil) }
	for _, tc := range []struct {
		name string
		send func(t *testing.T) [][]byte
	}{
		{"nothing but FIN", func(*testing.T) [][]byte { return nil }},
		{"an empty message", func(*testing.T) [][]byte { return [][]byte{{}} }},
		{"ARG first", func(*testing.T) [][]byte { return [][]byte{arg} }},
		{"REPLY first", func(*testing.T) [][]byte { return [][]byte{reply("x")} }},
		{"REQUEST cut short", func(t *testing.T) [][]byte { return [][]byte{again(t)[:9]} }},
		{"faults behind the first", func(*testing.T) [][]byte { return [][]byte{arg, arg, arg} }},
		{"REQUEST twice, to a method that reads", func(t *testing.T) [][]byte { return [][]byte{request(t, "discard", 0, nil), arg, again(t)} }},
		{"REQUEST twice, to a method that does not", func(t *testing.T) [][]byte { return [][]byte{sleep(t), again(t)} }},
		{"REQUEST twice, ARGs between", func(t *testing.T) [][]byte { return [][]byte{sleep(t), arg, arg, again(t)} }},
		{"REPLY to a method that does not read", func(t *testing.T) [][]byte { return [][]byte{sleep(t), reply("x")} }},
		{"an empty message to it", func(t *testing.T) [][]byte { return [][]byte{sleep(t), {}} }},
		{"an unknown kind to echo", func(t *testing.T) [][]byte { return [][]byte{again(t), {0x55}} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				d, a := served(t, nil, nil)
				for range 300 { // more than the streams that may be open at once
					s, err := d.Open(t.Context(), call.Proto, nil)
					require.NoError(t, err)
					for _, m := range tc.send(t) {
						_ = s.Send(m)
					}
					_ = s.CloseSend()
					_, err = ending(s)
					require.ErrorIs(t, err, &link.Error{Code: codec.CodeProtocol})
				}
				pass(time.Second)
				require.Zero(t, a.Stats().Streams)
				require.Zero(t, a.Stats().Unread)
			})
		})
	}
}

// TestDeadlineWithoutCredit: the work of a call ends with its deadline, though the caller takes nothing any more and ERROR
// cannot be said (CALL-006). It runs on real time: a reply that waits for credit holds a lock, which stops a bubble's clock.
func TestDeadlineWithoutCredit(t *testing.T) {
	ended := make(chan error, 1)
	d, a := pairWith(t, func(s *call.Server) {
		s.Handle("flood", func(_ context.Context, _ *call.Request, w *call.Writer) error {
			for {
				if err := w.Reply(make([]byte, 10_000)); err != nil {
					ended <- err
					return err
				}
			}
		})
	}, link.Config{}, link.Config{})
	s, err := d.Open(t.Context(), call.Proto, nil)
	require.NoError(t, err)
	require.NoError(t, s.Send(request(t, "flood", 50, nil)))
	require.NoError(t, s.CloseSend())
	select {
	case err := <-ended: // nobody reads s
		require.Error(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the handler goes on")
	}
	_, err = ending(s)
	require.ErrorIs(t, err, &link.Error{Code: codec.CodeDeadline})
	require.Eventually(t, func() bool { return a.Stats().Streams == 0 }, 5*time.Second, time.Millisecond)
}

// TestDeadline: at its deadline a call ends with ERROR(DEADLINE), in whatever its handler is; one of 0 is none (CALL-006,
// CALL-007).
func TestDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var stopped atomic.Int32
		stubborn := make(chan struct{})
		defer close(stubborn)
		d, _ := served(t, func(s *call.Server) {
			s.Handle("polite", func(ctx context.Context, _ *call.Request, _ *call.Writer) error {
				<-ctx.Done()
				stopped.Add(1)
				return ctx.Err()
			})
			s.Handle("stubborn", func(context.Context, *call.Request, *call.Writer) error { <-stubborn; return nil })
		}, nil)
		for _, method := range []string{"polite", "stubborn", "discard"} {
			s, err := d.Open(t.Context(), call.Proto, nil)
			require.NoError(t, err)
			from := time.Now()
			require.NoError(t, s.Send(request(t, method, 3000, nil)))
			messages, err := ending(s) // FIN of the caller does not come
			require.ErrorIs(t, err, io.EOF, method)
			require.Equal(t, 3*time.Second, time.Since(from), method)
			e, err := codec.ParseCallError(messages[len(messages)-1])
			require.NoError(t, err)
			require.Equal(t, codec.CodeDeadline, e.Code)
			s.Reset(codec.CodeCancelled, "")
		}
		require.Equal(t, int32(1), stopped.Load())
		s, err := d.Open(t.Context(), call.Proto, nil)
		require.NoError(t, err)
		require.NoError(t, s.Send(request(t, "sleep", 0, kit(t, map[string]any{"ms": int64(3_600_000)}))))
		require.NoError(t, s.CloseSend())
		from := time.Now()
		_, err = ending(s)
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, time.Hour, time.Since(from))
	})
}

// TestCancelStops: RESET of the caller stops the work (CALL-008).
func TestCancelStops(t *testing.T) {
	bubble(t, func(t *testing.T) {
		causes := make(chan error, 1)
		d, a := served(t, func(s *call.Server) {
			s.Handle("wait", func(ctx context.Context, _ *call.Request, _ *call.Writer) error {
				<-ctx.Done()
				causes <- context.Cause(ctx)
				return nil
			})
		}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := call.Call(ctx, d, "wait", nil, nil)
		require.ErrorIs(t, err, &link.Error{Code: codec.CodeCancelled})
		cause := <-causes
		e, ok := errors.AsType[*link.Error](cause)
		require.True(t, ok, "%v", cause)
		require.True(t, e.Remote)
		synctest.Wait()
		require.Zero(t, a.Stats().Streams)
	})
}
