package call_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tcpPair is a transport on loopback.
func tcpPair(t testing.TB) (dialer, acceptor net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	dialer, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	acceptor, err = ln.Accept()
	require.NoError(t, err)
	return dialer, acceptor
}

// pair is two open links, the acceptor's serving the test kit.
func pair(t testing.TB, dial, accept link.Config) (d, a *link.Link) {
	t.Helper()
	return pairWith(t, func(*call.Server) {}, dial, accept)
}

// pairWith is pair with further methods.
func pairWith(t testing.TB, add func(s *call.Server), dial, accept link.Config) (d, a *link.Link) {
	t.Helper()
	srv := call.NewServer()
	call.AddTestKit(srv)
	add(srv)
	dial.Node, accept.Node = [16]byte{1}, [16]byte{2}
	dial.Protos = map[string][]uint16{call.Proto: {call.Version}}
	accept.Handlers = map[string]link.Handler{call.Proto: srv}
	dc, ac := tcpPair(t)
	var wg sync.WaitGroup
	var aerr error
	wg.Go(func() { a, aerr = link.Accept(context.Background(), ac, accept) })
	d, derr := link.Dial(context.Background(), dc, dial)
	wg.Wait()
	require.NoError(t, derr)
	require.NoError(t, aerr)
	t.Cleanup(func() {
		_ = d.Close(codec.CodeNoError, "")
		<-a.Done()
	})
	return d, a
}

func kit(t testing.TB, v map[string]any) []byte {
	t.Helper()
	b, err := codec.AppendValue(nil, v)
	require.NoError(t, err)
	return b
}

func TestCallEcho(t *testing.T) {
	d, _ := pair(t, link.Config{}, link.Config{})
	for _, n := range []int{0, 1, 64, 8 << 10, 9 << 10, 64 << 10, 1 << 20, 5 << 20} {
		args := bytes.Repeat([]byte{byte(n)}, n)
		got, err := call.Call(t.Context(), d, "echo", args, nil)
		require.NoError(t, err, n)
		require.True(t, bytes.Equal(args, got), n)
	}
}

func TestCallUnknownMethod(t *testing.T) {
	d, _ := pair(t, link.Config{}, link.Config{})
	_, err := call.Call(t.Context(), d, "nope", nil, nil)
	require.ErrorIs(t, err, &call.Error{Code: codec.CodeCallUnknownMethod})
	require.Equal(t, "no", call.Processed(err))
}

func TestCallStream(t *testing.T) {
	d, _ := pair(t, link.Config{}, link.Config{})
	c, err := call.Open(t.Context(), d, "stream", kit(t, map[string]any{"n": int64(300), "size": int64(5000)}), true)
	require.NoError(t, err)
	for k := range 300 {
		v, err := c.Recv()
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat([]byte{byte(k)}, 5000), v)
	}
	_, err = c.Recv()
	require.Equal(t, io.EOF, err)
}

func TestCallDeadlineAndCancel(t *testing.T) {
	d, a := pair(t, link.Config{}, link.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := call.Call(ctx, d, "sleep", kit(t, map[string]any{"ms": int64(60_000)}), nil)
	var ce *call.Error
	if !errors.As(err, &ce) || ce.Code != codec.CodeDeadline {
		require.ErrorIs(t, err, &link.Error{Code: codec.CodeDeadline})
	}
	ctx, cancel2 := context.WithCancel(t.Context())
	c, err := call.Open(ctx, d, "sleep", kit(t, map[string]any{"ms": int64(60_000)}), true)
	require.NoError(t, err)
	cancel2()
	_, err = c.Recv()
	require.ErrorIs(t, err, &link.Error{Code: codec.CodeCancelled})
	_, err = call.Call(t.Context(), d, "echo", nil, nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return a.Stats().Streams == 0 }, 5*time.Second, time.Millisecond)
}

func TestCallFail(t *testing.T) {
	d, _ := pair(t, link.Config{}, link.Config{})
	want := &call.Error{Code: 0x9001, Name: "Conflict", Text: "try later", Processed: "yes", Retry: 3 * time.Second, HasRetry: true, Data: []byte{1, 2}}
	_, err := call.Call(t.Context(), d, "fail", kit(t, map[string]any{"after": int64(2), "code": int64(0x9001), "name": "Conflict", "text": "try later", "processed": "yes", "retry_ms": int64(3000), "data": []byte{1, 2}}), nil)
	require.Equal(t, want, err)
	_, err = call.Call(t.Context(), d, "fail", kit(t, map[string]any{"code": "x"}), nil)
	require.ErrorIs(t, err, &call.Error{Code: codec.CodeCallBadArgument})
}

func TestCallDiscard(t *testing.T) {
	d, _ := pair(t, link.Config{}, link.Config{})
	c, err := call.Open(t.Context(), d, "discard", nil, false)
	require.NoError(t, err)
	for range 2000 {
		require.NoError(t, c.Send(make([]byte, 3000)))
	}
	require.NoError(t, c.CloseSend())
	v, err := c.Recv()
	require.NoError(t, err)
	m, err := codec.DecodeValue(v)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"messages": int64(2000), "bytes": int64(6_000_000)}, m)
}

func TestCallConcurrent(t *testing.T) {
	d, a := pair(t, link.Config{}, link.Config{})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for range 200 {
				args := bytes.Repeat([]byte{byte(i)}, i*100)
				got, err := call.Call(t.Context(), d, "echo", args, nil)
				if err != nil || !bytes.Equal(got, args) {
					t.Errorf("caller %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, uint64(64*200), a.Stats().StreamsIn)
}

func TestDrain(t *testing.T) {
	d, a := pair(t, link.Config{}, link.Config{})
	c, err := call.Open(t.Context(), d, "sleep", kit(t, map[string]any{"ms": int64(200)}), true)
	require.NoError(t, err)
	require.NoError(t, a.Drain(t.Context(), codec.CodeShutdown))
	_, err = c.Recv()
	require.NoError(t, err)
	_, err = call.Call(t.Context(), d, "echo", nil, nil)
	require.Error(t, err)
}

// A retry_ms of 0 says "at once", which is another thing than saying nothing.
func TestCallFailRetryAtOnce(t *testing.T) {
	d, _ := pair(t, link.Config{}, link.Config{})
	for _, said := range []bool{true, false} {
		args := map[string]any{"code": int64(0x9001)}
		if said {
			args["retry_ms"] = int64(0)
		}
		_, err := call.Call(t.Context(), d, "fail", kit(t, args), nil)
		var e *call.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, said, e.HasRetry)
	}
}
