package fast_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// served is a server on a port of loopback.
type served struct {
	t    testing.TB
	srv  *fast.Server
	addr string
	stop func()
}

func serve(t testing.TB, cfg fast.ServerConfig, more func(*fast.Server)) *served {
	t.Helper()
	return serveOn(t, cfg, more, "127.0.0.1:0")
}

func serveOn(t testing.TB, cfg fast.ServerConfig, more func(*fast.Server), addr string) *served {
	t.Helper()
	srv := fast.NewServer(cfg)
	fast.AddDemo(srv)
	if more != nil {
		more(srv)
	}
	ln, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln) }()
	s := &served{t: t, srv: srv, addr: ln.Addr().String()}
	s.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(s.stop)
	return s
}

func (s *served) conn() *net.TCPConn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

func (s *served) client(cfg fast.ClientConfig) *fast.Client {
	s.t.Helper()
	c := fast.NewClient(s.conn(), cfg)
	s.t.Cleanup(func() { c.Close() })
	return c
}

// idle waits until the server has no connection.
func (s *served) idle() {
	s.t.Helper()
	done := make(chan struct{})
	s.srv.OnIdle(func() { close(done) })
	select {
	case <-done:
	case <-time.After(patience):
		s.t.Fatal("the server has connections")
	}
}

// collect makes a request and gives its values as text.
func collect(c *fast.Client, method, args string) (list []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := c.Call(ctx, method, []byte(args))
	for _, v := range got {
		list = append(list, string(v))
	}
	return list, err
}

// gate is a method that says when it has begun, and ends when it may.
type gate struct {
	begun chan struct{}
	open  chan struct{}
}

func newGate() *gate { return &gate{begun: make(chan struct{}, 64), open: make(chan struct{})} }

func (g *gate) handle(ctx context.Context, r *fast.Request, w *fast.Writer) error {
	g.begun <- struct{}{}
	select {
	case <-g.open:
		return w.Send([]byte(fmt.Sprintf(`{"args":%s}`, r.Args)))
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// TestServer has the 18 cases of node-fast's tst.server, which runs them three times on one port, with a new server each.
func TestServer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := ln.Addr().String()
	require.NoError(t, ln.Close())
	for round := range 3 {
		t.Run(fmt.Sprintf("round %d", round+1), func(t *testing.T) { serverCases(t, addr) })
	}
}

func serverCases(t *testing.T, addr string) {
	gives := func(method, args string, want ...string) func(*testing.T, *served, *gate) {
		return func(t *testing.T, s *served, _ *gate) {
			got, err := collect(s.client(fast.ClientConfig{}), method, args)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	const spec = `"name":"MyError","message":"my message","info":{"i":1},"context":{"c":2}`
	failure := func(t *testing.T, err error) {
		e, ok := errors.AsType[*fast.ServerError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "MyError", e.Name)
		require.Equal(t, "my message", e.Message)
		require.JSONEq(t, `{"i":1}`, string(e.Info))
		require.JSONEq(t, `{"c":2}`, string(e.Context))
	}
	breaks := func(harm func(*net.TCPConn), check func(*testing.T, error)) func(*testing.T, *served, *gate) {
		return func(t *testing.T, s *served, g *gate) {
			conn := s.conn()
			ev := newEvents()
			one, two := fast.NewClient(conn, fast.ClientConfig{OnError: ev.add}), s.client(fast.ClientConfig{})
			t.Cleanup(func() { one.Close() })
			var list []*fast.Stream
			for range 3 {
				list = append(list, begin(t, one, "gate"))
				<-g.begun
			}
			other, err := two.Stream(t.Context(), "gate", []byte(`[2]`))
			require.NoError(t, err)
			<-g.begun
			harm(conn)
			for _, r := range list {
				_, err := values(r)
				check(t, err)
			}
			check(t, ev.one(t))
			close(g.open)
			got, err := values(other)
			require.NoError(t, err)
			require.Equal(t, []string{`{"args":[2]}`}, got)
		}
	}
	transport := func(t *testing.T, err error) {
		_, ok := errors.AsType[*fast.TransportError](err)
		require.True(t, ok, "%v", err)
	}
	cases := []struct {
		name string
		run  func(*testing.T, *served, *gate)
	}{
		{"01 echo of nothing", gives("echo", `[]`)},
		{"02 echo of a string", gives("echo", `["lafayette"]`, `{"value":"lafayette"}`)},
		{"03 echo of four", gives("echo", `[{"a":[1]},null,false,17.81]`, `{"value":{"a":[1]}}`, `{"value":null}`, `{"value":false}`, `{"value":17.81}`)},
		{"04 failure", func(t *testing.T, s *served, _ *gate) {
			got, err := collect(s.client(fast.ClientConfig{}), "fail", `[{`+spec+`}]`)
			require.Empty(t, got)
			failure(t, err)
		}},
		{"05 failure with values", func(t *testing.T, s *served, _ *gate) {
			got, err := collect(s.client(fast.ClientConfig{}), "fail", `[{`+spec+`,"data":[1,2,3]}]`)
			require.Equal(t, []string{`{"value":1}`, `{"value":2}`, `{"value":3}`}, got)
			failure(t, err)
		}},
		{"06 unknown method", func(t *testing.T, s *served, _ *gate) {
			_, err := collect(s.client(fast.ClientConfig{}), "badmethod", `[]`)
			e, ok := errors.AsType[*fast.ServerError](err)
			require.True(t, ok)
			require.Equal(t, "FastError", e.Name)
			require.Equal(t, `unsupported RPC method: "badmethod"`, e.Message)
			require.JSONEq(t, `{"fastReason":"bad_method","rpcMethod":"badmethod","rpcMsgid":1}`, string(e.Info))
		}},
		{"07 three at once", func(t *testing.T, s *served, g *gate) {
			c := s.client(fast.ClientConfig{})
			var list []*fast.Stream
			for i := range 3 {
				r, err := c.Stream(t.Context(), "gate", fmt.Appendf(nil, "[%d]", i))
				require.NoError(t, err)
				list = append(list, r)
			}
			for range 3 {
				<-g.begun
			}
			close(g.open)
			for i, r := range list {
				got, err := values(r)
				require.NoError(t, err)
				require.Equal(t, []string{fmt.Sprintf(`{"args":[%d]}`, i)}, got)
			}
		}},
		{"08 two clients and a protocol error", breaks(func(conn *net.TCPConn) {
			_, _ = conn.Write(frame(fast.V1, fast.End, 99, dateRequest))
		}, transport)},
		{"09 two clients and a socket error", breaks(func(conn *net.TCPConn) {
			_ = conn.SetLinger(0)
			_ = conn.Close()
		}, transport)},
		{"10 a socket error, then close", func(t *testing.T, s *served, g *gate) {
			conn := s.conn()
			_, err := conn.Write(frame(fast.V1, fast.Data, 1, `{"m":{"name":"gate"},"d":[]}`))
			require.NoError(t, err)
			<-g.begun
			require.NoError(t, conn.SetLinger(0))
			require.NoError(t, conn.Close())
			s.srv.Close()
			s.idle()
		}},
		{"11 half-close", func(t *testing.T, s *served, g *gate) {
			conn := s.conn()
			c := fast.NewClient(conn, fast.ClientConfig{})
			t.Cleanup(func() { c.Close() })
			r := begin(t, c, "gate")
			c.Flush()
			require.NoError(t, conn.CloseWrite())
			<-g.begun
			close(g.open)
			got, err := values(r)
			require.NoError(t, err)
			require.Equal(t, []string{`{"args":[]}`}, got)
		}},
		{"12 50,000 values and a half-close", func(t *testing.T, s *served, _ *gate) {
			conn := s.conn()
			c := fast.NewClient(conn, fast.ClientConfig{})
			t.Cleanup(func() { c.Close() })
			r, err := c.Stream(t.Context(), "yes", []byte(`[{"value":{"v":1},"count":50000}]`))
			require.NoError(t, err)
			c.Flush()
			require.NoError(t, conn.CloseWrite())
			got, err := values(r)
			require.NoError(t, err)
			require.Len(t, got, 50000)
			require.Equal(t, `{"value":{"v":1}}`, got[49999])
		}},
		{"13 flow control", serverFlow},
		{"14 idle is told once", func(t *testing.T, s *served, _ *gate) {
			s.idle()
			var calls atomic.Int32
			c := s.client(fast.ClientConfig{})
			_, err := collect(c, "date", `[]`)
			require.NoError(t, err)
			told := make(chan struct{}, 2)
			s.srv.OnIdle(func() { calls.Add(1); told <- struct{}{} })
			require.Zero(t, calls.Load())
			require.NoError(t, c.Close())
			<-told
			s.srv.OnIdle(func() { told <- struct{}{} })
			<-told
			require.EqualValues(t, 1, calls.Load())
		}},
		{"15 idle after a request", func(t *testing.T, s *served, _ *gate) {
			c := s.client(fast.ClientConfig{})
			_, err := collect(c, "date", `[]`)
			require.NoError(t, err)
			require.NoError(t, c.Close())
			s.idle()
		}},
		{"16 idle after a failed request", func(t *testing.T, s *served, _ *gate) {
			c := s.client(fast.ClientConfig{})
			_, err := collect(c, "nothing", `[]`)
			require.Error(t, err)
			require.NoError(t, c.Close())
			s.idle()
		}},
		{"17 idle twice, in order", func(t *testing.T, s *served, _ *gate) {
			c := s.client(fast.ClientConfig{})
			_, err := collect(c, "date", `[]`)
			require.NoError(t, err)
			order := make(chan int, 4)
			s.srv.OnIdle(func() { order <- 1 })
			s.srv.OnIdle(func() { order <- 2 })
			require.NoError(t, c.Close())
			require.Equal(t, 1, <-order)
			require.Equal(t, 2, <-order)
			s.idle()
			require.Empty(t, order)
		}},
		{"18 idle after 200 requests", func(t *testing.T, s *served, _ *gate) {
			clients := []*fast.Client{s.client(fast.ClientConfig{}), s.client(fast.ClientConfig{})}
			for i := range 200 {
				method := []string{"date", "nothing"}[i/2%2]
				_, err := collect(clients[i%2], method, `[]`)
				require.Equal(t, method == "nothing", err != nil)
			}
			idle := make(chan struct{})
			s.srv.OnIdle(func() { close(idle) })
			select {
			case <-idle:
				t.Fatal("idle with two connections")
			default:
			}
			st := s.srv.Stats()
			require.EqualValues(t, 100, st.Completed)
			require.EqualValues(t, 100, st.Failed)
			s.srv.Close()
			<-idle
		}},
	}
	require.Len(t, cases, 18)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newGate()
			s := serveOn(t, fast.ServerConfig{}, func(srv *fast.Server) { srv.Handle("gate", g.handle) }, addr)
			c.run(t, s, g)
		})
	}
}

// serverFlow has a client that does not read: the handler comes to rest, and goes on when it reads.
func serverFlow(t *testing.T, s *served, _ *gate) {
	conn := s.conn()
	value := `{"v":"` + string(make1k()) + `"}`
	_, err := conn.Write(frame(fast.V1, fast.Data, 1, `{"m":{"name":"yes"},"d":[{"value":`+value+`,"count":50000}]}`))
	require.NoError(t, err)
	r := fast.NewReader(conn, 0)
	_, err = r.Next() // it has begun, and then nobody reads
	require.NoError(t, err)
	before := s.srv.Stats()
	require.Equal(t, 1, before.Requests)
	require.Zero(t, before.Completed)
	second := s.client(fast.ClientConfig{}) // others go on
	_, err = collect(second, "date", `[]`)
	require.NoError(t, err)
	require.Equal(t, 1, s.srv.Stats().Requests, "50 MB do not fit between the two: the handler rests")
	n := 1
	for {
		m, err := r.Next()
		require.NoError(t, err)
		if m.Status == fast.End {
			break
		}
		n++
	}
	require.Equal(t, 50000, n)
}

// TestAllocator has the 4 groups of node-fast's tst.allocator.
func TestAllocator(t *testing.T) {
	none := func(uint32) bool { return false }
	t.Run("1 arguments", func(t *testing.T) {
		// The bounds are parameters with types; an empty range has no id.
		_, ok := fast.NextID(0, 8, 7, func(uint32) bool { return true })
		require.False(t, ok)
	})
	t.Run("2 wrap", func(t *testing.T) {
		var got []uint32
		asked := 0
		last := uint32(1<<32 - 1)
		for range 18 {
			id, ok := fast.NextID(last, 0, 7, func(uint32) bool { asked++; return false })
			require.True(t, ok)
			got = append(got, id)
			last = id
		}
		require.Equal(t, []uint32{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1}, got)
		require.Equal(t, 18, asked)
	})
	t.Run("3 ids in use", func(t *testing.T) {
		asked := 0
		id, ok := fast.NextID(1, 0, 7, func(id uint32) bool { asked++; return id >= 2 && id <= 4 })
		require.True(t, ok)
		require.EqualValues(t, 5, id)
		require.Equal(t, 4, asked)
	})
	t.Run("4 all in use", func(t *testing.T) {
		asked := 0
		_, ok := fast.NextID(3, 0, 7, func(uint32) bool { asked++; return true })
		require.False(t, ok)
		require.Equal(t, 8, asked)
		_, ok = fast.NextID(3, 0, 7, none)
		require.True(t, ok)
	})
}

// TestSocketSummarize has the 3 cases of node-fast's tst.socket_summarize.
func TestSocketSummarize(t *testing.T) {
	for _, c := range []struct{ name, network, addr, kind string }{
		{"1 IPv4", "tcp", "127.0.0.1:0", "IPv4"},
		{"2 IPv6", "tcp", "[::1]:0", "IPv6"},
		{"3 Unix socket", "unix", "", "UDS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := c.addr
			if c.network == "unix" {
				dir, err := os.MkdirTemp("", "fast") // the path of a socket is short
				require.NoError(t, err)
				defer os.RemoveAll(dir)
				addr = dir + "/s"
			}
			ln, err := net.Listen(c.network, addr)
			require.NoError(t, err)
			defer ln.Close()
			conn, err := net.Dial(c.network, ln.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			got := fast.Summarize(conn)
			require.Equal(t, c.kind, got.Type)
			require.Equal(t, ln.Addr().String(), got.Remote)
			if c.network == "unix" {
				require.Equal(t, "UDS", got.Label)
			} else {
				require.Equal(t, ln.Addr().String(), got.Label)
				require.Equal(t, conn.LocalAddr().String(), got.Local)
			}
		})
	}
}
