package rolling_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/compat/fast"
	"handfast/compat/rolling"
	"handfast/refimpl"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// speaks is what a node serves.
type speaks int

const (
	old   speaks = iota // Fast alone
	mixed               // both on one address
	fresh               // Handfast alone
)

func (s speaks) String() string { return []string{"old", "mixed", "fresh"}[s] }

// methods is what every node serves, whatever it speaks: args are a JSON array. wait tells events of its begin by nil, and of its end.
func methods(name string, events chan<- error) *call.Server {
	m := call.NewServer()
	m.Handle("echo", func(_ context.Context, r *call.Request, w *call.Writer) error {
		return w.Reply(fmt.Appendf(nil, `{"node":%q,"args":%s}`, name, r.Args))
	})
	m.HandleInline("short", func(b, args []byte) ([]byte, error) { return append(b, args...), nil }, func(_ context.Context, r *call.Request, w *call.Writer) error { return w.Reply(r.Args) })
	m.Handle("many", func(_ context.Context, _ *call.Request, w *call.Writer) error {
		for i := range 1000 {
			if err := w.Reply(fmt.Appendf(nil, `{"i":%d}`, i)); err != nil {
				return err
			}
		}
		return nil
	})
	m.Handle("fail", func(_ context.Context, r *call.Request, w *call.Writer) error {
		_ = w.Reply([]byte(`{"before":1}`))
		return failure()
	})
	m.Handle("plain", func(context.Context, *call.Request, *call.Writer) error { return errors.New("no luck ☃") })
	m.Handle("badargs", func(context.Context, *call.Request, *call.Writer) error { return call.ErrBadArgument("not these") })
	m.Handle("bytes", func(_ context.Context, _ *call.Request, w *call.Writer) error { return w.Reply([]byte{0xC1, 0xFF}) })
	m.Handle("null", func(_ context.Context, _ *call.Request, w *call.Writer) error { return w.Reply([]byte("null")) })
	m.Handle("wait", func(ctx context.Context, _ *call.Request, _ *call.Writer) error {
		if events != nil {
			events <- nil
		}
		<-ctx.Done()
		if events != nil {
			events <- ctx.Err()
		}
		return ctx.Err()
	})
	return m
}

func failure() *call.Error {
	return &call.Error{Code: codec.CodeCallFailed, Name: "ObjectNotFoundError", Text: "no object ☃", Processed: "no", Retry: 3 * time.Second, HasRetry: true, Data: []byte(`{"bucket":"b"}`)}
}

// node is a running peer.
type node struct {
	t    testing.TB
	addr string
	fast *fast.Server  // nil: fresh
	peer *refimpl.Peer // nil: old
	end  func()
}

var quick = 2 * time.Second

// start starts a node on an address. It serves methods m.
func start(t testing.TB, id byte, s speaks, addr string, m *call.Server) *node {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	n := &node{t: t, addr: ln.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	if s != fresh {
		n.fast = rolling.Serve(m, fast.ServerConfig{FinishTimeout: 100 * time.Millisecond})
	}
	if s == old {
		go func() { done <- n.fast.Serve(ctx, ln) }()
	} else {
		cfg := refimpl.Config{Link: link.Config{Node: [16]byte{id}, OpenTimeout: 500 * time.Millisecond, Handlers: map[string]link.Handler{call.Proto: m}}, DrainTimeout: &quick}
		if s == mixed {
			cfg.Other = rolling.Other(n.fast, time.Minute)
		}
		n.peer, err = refimpl.New(cfg)
		require.NoError(t, err)
		go func() { done <- n.peer.Serve(ctx, ln) }()
	}
	ended := false
	n.end = func() {
		if !ended {
			ended = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(n.end)
	return n
}

// dialNode makes a caller of a node.
func dialNode(t testing.TB, n *node, p rolling.Protocol) rolling.Caller {
	t.Helper()
	c, err := dialAddr(t.Context(), n.addr, p)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func dialAddr(ctx context.Context, addr string, p rolling.Protocol) (rolling.Caller, error) {
	return rolling.Dial(ctx, rolling.Remote{Addr: addr, Protocol: p, Link: link.Config{Node: [16]byte{99}}})
}

// ask makes a call and gives its values as text.
func ask(ctx context.Context, c rolling.Caller, method, args string) (list []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = c.Call(ctx, method, []byte(args), func(v []byte) error {
		list = append(list, string(v))
		return nil
	})
	return list, err
}
