package rolling_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/compat/fast"
	"handfast/compat/rolling"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

// TestMapping calls the same methods on one address in both protocols, and gets the same values and the same errors.
func TestMapping(t *testing.T) {
	events := make(chan error, 4)
	n := start(t, 1, mixed, "127.0.0.1:0", methods("n", events))
	for _, p := range []rolling.Protocol{rolling.Handfast, rolling.Fast} {
		t.Run(string(p), func(t *testing.T) {
			c := dialNode(t, n, p)
			got, err := ask(t.Context(), c, "echo", `["a",{"b":"☃"}]`)
			require.NoError(t, err)
			require.Equal(t, []string{`{"node":"n","args":["a",{"b":"☃"}]}`}, got)
			got, err = ask(t.Context(), c, "short", `[7]`)
			require.NoError(t, err)
			require.Equal(t, []string{`[7]`}, got)
			got, err = ask(t.Context(), c, "many", `[]`)
			require.NoError(t, err)
			require.Len(t, got, 1000)
			require.Equal(t, `{"i":999}`, got[999])

			got, err = ask(t.Context(), c, "fail", `[]`)
			require.Equal(t, []string{`{"before":1}`}, got)
			require.Equal(t, failure(), asError(t, err))
			_, err = ask(t.Context(), c, "plain", `[]`)
			e := asError(t, err)
			require.Equal(t, codec.CodeCallFailed, e.Code)
			require.Equal(t, "no luck ☃", e.Text)
			require.Equal(t, "maybe", e.Processed)
			_, err = ask(t.Context(), c, "badargs", `[]`)
			e = asError(t, err)
			require.Equal(t, codec.CodeCallBadArgument, e.Code)
			require.Equal(t, "no", e.Processed)
			_, err = ask(t.Context(), c, "nothing", `[]`)
			e = asError(t, err)
			require.Equal(t, codec.CodeCallUnknownMethod, e.Code)
			require.Equal(t, "no", e.Processed)

			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			err = c.Call(ctx, "wait", []byte(`[]`), nil)
			require.True(t, isDeadline(err), "%v", err)
			require.NoError(t, <-events)
			if p == rolling.Handfast { // Fast cannot tell the server
				require.Error(t, <-events)
			}
			ctx, cancel = context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- c.Call(ctx, "wait", []byte(`[]`), nil) }()
			require.NoError(t, <-events)
			cancel()
			require.Error(t, <-done)
			if p == rolling.Handfast {
				require.Error(t, <-events)
			} else { // the end of the connection stops the work that is left
				require.Empty(t, events)
				require.NoError(t, c.Close())
				require.Error(t, <-events)
				require.Error(t, <-events)
			}
		})
	}
}

func asError(t *testing.T, err error) *call.Error {
	t.Helper()
	e, ok := errors.AsType[*call.Error](err)
	require.True(t, ok, "%v", err)
	return e
}

func isDeadline(err error) bool {
	if e, ok := errors.AsType[*call.Error](err); ok {
		return e.Code == codec.CodeDeadline
	}
	if e, ok := errors.AsType[*link.Error](err); ok {
		return e.Code == codec.CodeDeadline
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// TestNotExpressible has what Fast has no words for.
func TestNotExpressible(t *testing.T) {
	n := start(t, 1, mixed, "127.0.0.1:0", methods("n", nil))
	f, h := dialNode(t, n, rolling.Fast), dialNode(t, n, rolling.Handfast)
	for _, method := range []string{"bytes", "null"} {
		got, err := ask(t.Context(), h, method, `[]`)
		require.NoError(t, err)
		require.Len(t, got, 1)
		got, err = ask(t.Context(), f, method, `[]`)
		require.Empty(t, got)
		e := asError(t, err)
		require.Equal(t, codec.CodeCallFailed, e.Code)
		require.Equal(t, "NotJSONError", e.Name)
		require.Equal(t, "maybe", e.Processed)
	}
	before := n.fast.Stats().Started
	for _, args := range []string{"\xC1", `{}`, ``, `null`} {
		_, err := ask(t.Context(), f, "echo", args)
		e := asError(t, err)
		require.Equal(t, codec.CodeCallBadArgument, e.Code)
		require.Equal(t, "no", e.Processed)
	}
	require.Equal(t, before, n.fast.Stats().Started, "nothing was sent")
	// Names that call does not have are not served.
	conn := fastClient(t, n)
	for _, name := range []string{"with space", "☃", string(make([]byte, 200))} {
		_, err := conn.Call(t.Context(), name, []byte(`[]`))
		e, ok := errors.AsType[*fast.ServerError](err)
		require.True(t, ok)
		require.Equal(t, "FastError", e.Name)
	}
	// TLS is refused and not left out.
	_, err := rolling.Dial(t.Context(), rolling.Remote{Addr: n.addr, Protocol: rolling.Fast, TLS: tlsConfig()})
	require.ErrorContains(t, err, "Fast has no TLS")
	_, err = rolling.Dial(t.Context(), rolling.Remote{Addr: n.addr})
	require.ErrorContains(t, err, "protocol")
}

// TestErrorsOfFast has errors of Fast servers as a caller of calls sees them.
func TestErrorsOfFast(t *testing.T) {
	srv := fast.NewServer(fast.ServerConfig{})
	fast.AddDemo(srv)
	n := startFast(t, srv)
	c := dialNode(t, n, rolling.Fast)
	_, err := ask(t.Context(), c, "fail", `[{"name":"BucketNotFoundError","message":"boom","context":{"a":1},"info":{"b":2}}]`)
	e := asError(t, err)
	require.Equal(t, codec.CodeCallFailed, e.Code)
	require.Equal(t, "BucketNotFoundError", e.Name)
	require.Equal(t, "boom", e.Text)
	require.Equal(t, "maybe", e.Processed)
	require.JSONEq(t, `{"name":"BucketNotFoundError","message":"boom","context":{"a":1},"info":{"b":2}}`, string(e.Data))
	_, err = ask(t.Context(), c, "fail", `[{"name":"`+long("n☃", 100)+`","message":"`+long("☃", 2000)+`"}]`)
	e = asError(t, err)
	require.LessOrEqual(t, len(e.Name), 64)
	require.LessOrEqual(t, len(e.Text), 1024)
	_, err = ask(t.Context(), c, "nothing", `[]`)
	e = asError(t, err)
	require.Equal(t, codec.CodeCallUnknownMethod, e.Code)
	srv.Close()
	<-c.Done()
	_, err = ask(t.Context(), c, "date", `[]`)
	require.Error(t, err)
	require.Equal(t, "maybe", call.Processed(err))
}
