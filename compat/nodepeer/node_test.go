package nodepeer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
	"handfast/compat/nodepeer"
)

// peer is a release with options.
type peer struct {
	release string
	opts    nodepeer.Options
}

func (p peer) String() string {
	s := p.release
	if p.opts.CRCMode != 0 {
		s += fmt.Sprintf("/crc%d", p.opts.CRCMode)
	}
	if p.opts.Version != 0 {
		s += fmt.Sprintf("/v%d", p.opts.Version)
	}
	return s
}

// installed gives the folder of a release, or skips, which CI forbids.
func installed(t testing.TB, release string) string {
	t.Helper()
	cache, err := nodepeer.DefaultCache()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir, err := nodepeer.Install(ctx, cache, release)
	if errors.Is(err, nodepeer.ErrNoNode) && os.Getenv("CI") != "true" {
		t.Skip("SKIPPED, AND REAL PEERS ARE NOT TESTED:", err)
	}
	require.NoError(t, err)
	return dir
}

// demo serves the demo methods on loopback.
func demo(t testing.TB, cfg fast.ServerConfig) (*fast.Server, int) {
	t.Helper()
	srv := fast.NewServer(cfg)
	fast.AddDemo(srv)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return srv, ln.Addr().(*net.TCPAddr).Port
}

// peers are the releases and options of the matrix, with what they speak.
var peers = []struct {
	peer
	client fast.Dialect // how ours talks to it as a server
}{
	{peer{"0.3.1", nodepeer.Options{}}, fast.V1},
	{peer{"0.5.3", nodepeer.Options{}}, fast.V1},
	{peer{"2.3.0", nodepeer.Options{}}, fast.V1},
	{peer{"2.6.0", nodepeer.Options{}}, fast.V1},
	{peer{"2.8.2", nodepeer.Options{CRCMode: 1}}, fast.V1},
	{peer{"2.8.2", nodepeer.Options{CRCMode: 2}}, fast.V1New},
	{peer{"2.8.2", nodepeer.Options{CRCMode: 3}}, fast.V1New},
	{peer{"3.0.0", nodepeer.Options{}}, fast.V2},
	{peer{"3.1.3", nodepeer.Options{}}, fast.V2},
	{peer{"3.1.3", nodepeer.Options{Version: 1}}, fast.V1},
}

// nonASCII has characters of one to four bytes, and one that is two units of UTF-16.
const nonASCII = "héllo ☃ 😀 \u0000 \u2028"

func (p peer) old() bool { return p.release < "2" }

// clients gives the peer as clients, and how ours serves each. The CRC mode 2 is one of servers: ours has it too, and takes clients
// of both other modes.
func clients() (list []struct {
	peer
	name string
	cfg  fast.ServerConfig
}) {
	add := func(p peer, name string, cfg fast.ServerConfig) {
		list = append(list, struct {
			peer
			name string
			cfg  fast.ServerConfig
		}{p, name, cfg})
	}
	for _, p := range peers {
		switch p.opts.CRCMode {
		case 0, 1:
			add(p.peer, p.String(), fast.ServerConfig{})
		case 2:
			for _, mode := range []int{1, 3} {
				c := peer{p.release, nodepeer.Options{CRCMode: mode}}
				add(c, c.String()+" to either", fast.ServerConfig{EitherChecksum: true})
			}
		case 3:
			add(p.peer, p.String(), fast.ServerConfig{NewChecksum: true})
		}
	}
	return list
}

const yes = 10000

// TestRealClients has each release as a client of ours.
func TestRealClients(t *testing.T) {
	for _, p := range clients() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := installed(t, p.release)
			srv, port := demo(t, p.cfg)
			c, err := nodepeer.Dial(t.Context(), dir, port, p.opts)
			require.NoError(t, err)
			t.Cleanup(func() {
				require.Empty(t, c.Events)
				require.NoError(t, c.Stop())
			})
			ask := func(method string, args ...any) *nodepeer.Answer {
				t.Helper()
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				if args == nil {
					args = []any{}
				}
				a, err := c.Call(ctx, method, args, 15000)
				require.NoError(t, err)
				return a
			}
			a := ask("date")
			require.Nil(t, a.Error)
			require.Contains(t, string(a.Values[0]), `"iso8601"`)
			for _, v := range []any{"lafayette", nonASCII, map[string]any{"é": []any{1.5, nil, false}}} {
				a = ask("echo", v)
				require.Nil(t, a.Error)
				require.Equal(t, 1, a.Count)
				require.JSONEq(t, value(t, v), string(a.Values[0]))
			}
			a = ask("yes", map[string]any{"value": nonASCII, "count": yes})
			require.Nil(t, a.Error)
			require.Equal(t, yes, a.Count)
			a = ask("fail", map[string]any{"name": "MyError", "message": "oh ☃", "context": map[string]any{"c": 1}, "info": map[string]any{"i": 2}})
			require.NotNil(t, a.Error)
			require.Equal(t, "MyError", a.Error.Name)
			require.Equal(t, "oh ☃", a.Error.Message)
			require.JSONEq(t, `{"c":1}`, string(a.Error.Context))
			if !p.old() {
				require.JSONEq(t, `{"i":2}`, string(a.Error.Info))
				require.Contains(t, a.Error.Chain, "FastServerError")
			}
			a = ask("nothing")
			require.NotNil(t, a.Error)
			require.Equal(t, "FastError", a.Error.Name)
			require.Equal(t, `unsupported RPC method: "nothing"`, a.Error.Message)
			concurrently(t, 100, func(i int) error {
				a, err := c.Call(t.Context(), "echo", []any{i, "x"}, 15000)
				if err == nil && (a.Error != nil || a.Count != 2 || string(a.Values[0]) != fmt.Sprintf(`{"value":%d}`, i)) {
					err = fmt.Errorf("request %d: %+v", i, a)
				}
				return err
			})
			st := srv.Stats()
			require.Zero(t, st.ProtocolErrors)
			require.Equal(t, 1, st.Connections)
		})
	}
}

// value is the reply of echo.
func value(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"value": v})
	require.NoError(t, err)
	return string(b)
}

// concurrently runs f n times at once.
func concurrently(t *testing.T, n int, f func(int) error) {
	t.Helper()
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- f(i) }()
	}
	for range n {
		require.NoError(t, <-errs)
	}
}

// TestRealServers has each release as a server of ours. Those of 2.3.0 and later die of any message that they cannot take: that they
// live is the proof that ours sends none, whatever is asked of it. Abandoned and timed out requests send nothing at all.
func TestRealServers(t *testing.T) {
	for _, p := range peers {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			dir := installed(t, p.release)
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			s, err := nodepeer.Serve(ctx, dir, p.opts)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Stop(), "the server has died") })
			dials := []fast.Dialect{p.client}
			switch {
			case p.release >= "3": // takes both versions, and answers in kind
				dials = []fast.Dialect{fast.V1, fast.V2}
			case p.opts.CRCMode == 2:
				dials = []fast.Dialect{fast.V1, fast.V1New}
			}
			for _, d := range dials {
				realServer(t, ctx, s, p.peer, d)
				require.NoError(t, s.Alive())
			}
		})
	}
}

func realServer(t *testing.T, ctx context.Context, s *nodepeer.Server, p peer, d fast.Dialect) {
	conn, err := net.Dial("tcp", s.Addr)
	require.NoError(t, err)
	var events []error
	c := fast.NewClient(conn, fast.ClientConfig{Dialect: d, OnError: func(err error) { events = append(events, err) }})
	defer func() {
		require.NoError(t, c.Close())
		require.Empty(t, events)
	}()
	ask := func(method string, args ...any) ([]json.RawMessage, error) {
		if args == nil {
			args = []any{}
		}
		b, err := json.Marshal(args)
		require.NoError(t, err)
		return c.Call(ctx, method, b)
	}
	got, err := ask("date")
	require.NoError(t, err)
	require.Contains(t, string(got[0]), `"iso8601"`)
	for _, v := range []any{"lafayette", nonASCII, map[string]any{"é": []any{1.5, nil, false}}} {
		got, err = ask("echo", v)
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.JSONEq(t, value(t, v), string(got[0]))
	}
	got, err = ask("yes", map[string]any{"value": nonASCII, "count": yes})
	require.NoError(t, err)
	require.Len(t, got, yes)
	_, err = ask("fail", map[string]any{"name": "MyError", "message": "oh ☃", "context": map[string]any{"c": 1}, "info": map[string]any{"i": 2}})
	e, ok := errors.AsType[*fast.ServerError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "MyError", e.Name)
	require.Equal(t, "oh ☃", e.Message)
	require.JSONEq(t, `{"c":1}`, string(e.Context))
	if !p.old() {
		require.JSONEq(t, `{"i":2}`, string(e.Info))
	}
	if p.release == "0.3.1" { // stays silent: only a deadline helps
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		_, err = c.Call(short, "nothing", []byte(`[]`))
		cancel()
		_, ok := errors.AsType[*fast.TimeoutError](err)
		require.True(t, ok, "%v", err)
	} else {
		_, err = ask("nothing")
		e, ok := errors.AsType[*fast.ServerError](err)
		require.True(t, ok, "%v", err)
		if p.old() {
			require.Equal(t, "RPCNotDefinedError", e.Name)
		} else {
			require.Equal(t, "FastError", e.Name)
			require.Contains(t, string(e.Info), "bad_method")
		}
	}
	concurrently(t, 100, func(i int) error {
		got, err := c.Call(ctx, "echo", fmt.Appendf(nil, `[%d,"x"]`, i))
		if err == nil && (len(got) != 2 || string(got[0]) != fmt.Sprintf(`{"value":%d}`, i)) {
			err = fmt.Errorf("request %d: %s", i, got)
		}
		return err
	})
	// What is abandoned before, in and after its reply, and names and arguments at the edge of what can be sent.
	for range 50 {
		r, err := c.Stream(ctx, "yes", []byte(`[{"value":1,"count":20}]`))
		require.NoError(t, err)
		r.Abandon()
		r, err = c.Stream(ctx, "yes", []byte(`[{"value":1,"count":20}]`))
		require.NoError(t, err)
		_, err = r.Recv(ctx)
		require.NoError(t, err)
		r.Abandon()
	}
	deep := strings.Repeat("[", fast.MaxDepth-1) + strings.Repeat("]", fast.MaxDepth-1)
	for _, args := range []string{` [ "a" ] `, `["\ud800"]`, `["\u0000"]`, `[1e400,-0,1E-9]`, `[{"__proto__":{"a":1}}]`, `["` + strings.Repeat("☃", 100000) + `"]`, `[` + deep[1:len(deep)-1] + `]`} {
		got, err := c.Call(ctx, "echo", []byte(args))
		require.NoError(t, err, "%.40s", args)
		require.NotEmpty(t, got)
	}
	if p.release != "0.3.1" {
		for _, name := range []string{"☃", "toString", "__proto__", "\u0000"} {
			_, err := c.Call(ctx, name, []byte(`[]`))
			require.Error(t, err)
		}
	}
	_, err = ask("echo", "last")
	require.NoError(t, err)
}
