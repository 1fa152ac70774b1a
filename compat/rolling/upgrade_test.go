package rolling_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
	"handfast/compat/rolling"
	"handfast/refimpl"
	"handfast/refimpl/link"
)

func tlsConfig() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS13} }

func long(s string, n int) string { return strings.Repeat(s, n) }

func fastClient(t testing.TB, n *node) *fast.Client {
	t.Helper()
	conn, err := net.Dial("tcp", n.addr)
	require.NoError(t, err)
	c := fast.NewClient(conn, fast.ClientConfig{})
	t.Cleanup(func() { c.Close() })
	return c
}

// startFast serves a server of Fast alone.
func startFast(t testing.TB, srv *fast.Server) *node {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return &node{t: t, addr: ln.Addr().String(), fast: srv}
}

// TestNoFallback has a caller of a remote that does not speak the protocol of its configuration: it fails, and the other protocol is
// never tried, which the listener would have seen.
func TestNoFallback(t *testing.T) {
	t.Run("Handfast to old", func(t *testing.T) {
		n := start(t, 1, old, "127.0.0.1:0", methods("n", nil))
		_, err := dialAddr(t.Context(), n.addr, rolling.Handfast)
		require.Error(t, err)
		require.Eventually(t, func() bool { return n.fast.Stats().ProtocolErrors == 1 && n.fast.Stats().Created == 1 }, patience, time.Millisecond)
	})
	t.Run("Fast to fresh", func(t *testing.T) {
		n := start(t, 1, fresh, "127.0.0.1:0", methods("n", nil))
		c := dialNode(t, n, rolling.Fast)
		_, err := ask(t.Context(), c, "echo", `[]`)
		require.Error(t, err)
		require.Eventually(t, func() bool { return n.peer.Stats().Foreign == 1 }, patience, time.Millisecond)
		st := n.peer.Stats()
		require.Zero(t, st.Accepted)
		require.Equal(t, map[string]uint64{"fast": 1}, st.Kinds)
	})
}

// TestStrangers sends the first bytes of other protocols to a peer with and without Fast. Each transport ends without a byte within
// the deadline, is counted by its kind, and a link and a Fast connection are served meanwhile.
func TestStrangers(t *testing.T) {
	var noise [64]byte
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	noise[0] = 0x77
	cases := []struct{ kind, name, bytes string }{
		{"tls", "TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
		{"http", "HTTP/1.1", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"http", "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{"ssh", "SSH", "SSH-2.0-OpenSSH_9.6\r\n"},
		{"riak", "Riak", "\x00\x00\x00\x4f\x83h\x03m\x00\x00\x00\x0friak-ctrl:hello"},
		{"zmtp", "ZMTP", "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03"},
		{"mangled", "magic with other line ends", "\xc1HFP\n\x1a\n\n"},
		{"other", "noise", string(noise[:])},
		{"other", "zeros", long("\x00", 32)},
		{"", "one byte of the magic", "\xc1"},
		{"", "nothing", ""},
	}
	for _, s := range []speaks{mixed, fresh} {
		t.Run(s.String(), func(t *testing.T) {
			n := start(t, 1, s, "127.0.0.1:0", methods("n", nil))
			var served []rolling.Caller
			served = append(served, dialNode(t, n, rolling.Handfast))
			if s == mixed {
				served = append(served, dialNode(t, n, rolling.Fast))
			}
			want := map[string]uint64{}
			for _, c := range cases {
				if c.bytes == "" && s == mixed {
					continue // a connection of Fast may begin idle
				}
				conn, err := net.Dial("tcp", n.addr)
				require.NoError(t, err)
				_, err = conn.Write([]byte(c.bytes))
				require.NoError(t, err)
				_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second)) // the opening has 0.5 s
				b, err := io.ReadAll(conn)
				require.Empty(t, b, c.name)
				if ne, ok := err.(net.Error); ok && ne.Timeout() {
					t.Errorf("%s is not ended within its deadline", c.name)
				}
				_ = conn.Close()
				if c.kind != "" {
					want[c.kind]++
				}
				for _, caller := range served {
					_, err := ask(t.Context(), caller, "short", `[1]`)
					require.NoError(t, err)
				}
			}
			if s == fresh { // and Fast, where it is not served
				conn, err := net.Dial("tcp", n.addr)
				require.NoError(t, err)
				_, err = conn.Write([]byte("\x01\x01\x01\x00\x00\x00\x01"))
				require.NoError(t, err)
				b, _ := io.ReadAll(conn)
				require.Empty(t, b)
				_ = conn.Close()
				want["fast"]++
			}
			require.Eventually(t, func() bool { return n.peer.Stats().Opening == 0 }, patience, time.Millisecond)
			require.Equal(t, want, n.peer.Stats().Kinds)
		})
	}
}

// fleet is three nodes, and what every caller's configuration says of them.
type fleet struct {
	t     testing.TB
	nodes [3]*node
	mu    sync.RWMutex // guards config and epoch
	// config is how each node is called; absent: not at all, because it is about to be restarted.
	config map[int]rolling.Protocol
	epochs [3]int            // times that the node was taken out: connections of before are given up
	using  [3]sync.WaitGroup // calls that run
}

// set changes the configuration of one node, and waits until no call goes on under the old one.
func (f *fleet) set(i int, p rolling.Protocol) {
	f.mu.Lock()
	if p == "" {
		delete(f.config, i)
		f.epochs[i]++
	} else {
		f.config[i] = p
	}
	f.mu.Unlock()
	if p == "" {
		f.using[i].Wait()
	}
}

// key is what a connection of a caller is for.
type key struct {
	node, epoch int
	proto       rolling.Protocol
}

// pick gives a node that may be called, and how.
func (f *fleet) pick() key {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for {
		i := rand.IntN(3)
		if p, ok := f.config[i]; ok {
			f.using[i].Add(1)
			return key{i, f.epochs[i], p}
		}
	}
}

// TestRollingUpgrade takes three nodes under load from Fast alone to both to Handfast alone, one after the other, with callers that
// change their configuration in between. Not one call fails, and every node is called in both protocols.
func TestRollingUpgrade(t *testing.T) {
	f := &fleet{t: t, config: make(map[int]rolling.Protocol)}
	name := func(i int) string { return fmt.Sprintf("n%d", i) }
	for i := range f.nodes {
		f.nodes[i] = start(t, byte(i+1), old, "127.0.0.1:0", methods(name(i), nil))
		f.config[i] = rolling.Fast
	}
	var calls [3][2]atomic.Int64 // by node and protocol
	var failed atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() { load(ctx, f, w, &calls, &failed) })
	}
	// restart replaces a node while nobody calls it.
	restart := func(i int, s speaks, p rolling.Protocol) {
		f.set(i, "")
		addr := f.nodes[i].addr
		f.nodes[i].end()
		f.nodes[i] = start(t, byte(i+1), s, addr, methods(name(i), nil))
		f.set(i, p)
	}
	// more waits until a node has answered so many more calls in a protocol.
	more := func(i, proto int) {
		from := calls[i][proto].Load()
		require.Eventually(t, func() bool { return calls[i][proto].Load() >= from+20 || failed.Load() > 0 }, patience, time.Millisecond)
	}
	for i := range f.nodes {
		more(i, 0)
	}
	for i := range f.nodes { // servers first: each serves both, and is still called in Fast
		restart(i, mixed, rolling.Fast)
		more(i, 0)
	}
	for i := range f.nodes { // callers next, by configuration alone, without a restart
		f.set(i, rolling.Handfast)
		more(i, 1)
	}
	for i := range f.nodes { // Fast is switched off
		restart(i, fresh, rolling.Handfast)
		more(i, 1)
	}
	stop()
	wg.Wait()
	require.Zero(t, failed.Load())
	for i := range f.nodes {
		require.Positive(t, calls[i][0].Load())
		require.Positive(t, calls[i][1].Load())
		require.Nil(t, f.nodes[i].fast)
		st := f.nodes[i].peer.Stats()
		require.Empty(t, st.Kinds, "nobody has tried another protocol")
	}
}

// load calls nodes as the fleet's configuration says, and keeps one connection for each node and protocol.
func load(ctx context.Context, f *fleet, w int, calls *[3][2]atomic.Int64, failed *atomic.Int64) {
	conns := make(map[key]rolling.Caller)
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for n := 0; ctx.Err() == nil; n++ {
		k := f.pick()
		i, p := k.node, k.proto
		c := conns[k]
		err := error(nil)
		if c == nil {
			if c, err = dialAddr(context.Background(), f.nodes[i].addr, p); err == nil {
				conns[k] = c
			}
		}
		if err == nil {
			err = oneCall(c, f, i, w, n)
		}
		f.using[i].Done()
		if err != nil {
			failed.Add(1)
			f.t.Errorf("worker %d, node %d, %s: %v", w, i, p, err)
			return
		}
		proto := 0
		if p == rolling.Handfast {
			proto = 1
		}
		calls[i][proto].Add(1)
	}
}

// oneCall makes a call and checks that it was answered by the node that was meant.
func oneCall(c rolling.Caller, f *fleet, i, w, n int) error {
	method, want := "echo", fmt.Sprintf(`{"node":"n%d","args":[%d,%d]}`, i, w, n)
	if n%10 == 0 {
		method = "many"
	}
	got, err := ask(context.Background(), c, method, fmt.Sprintf("[%d,%d]", w, n))
	switch {
	case err != nil:
		return err
	case method == "many" && len(got) != 1000, method == "echo" && (len(got) != 1 || got[0] != want):
		return fmt.Errorf("%s gave %.100q", method, got)
	}
	return nil
}

// TestNoFastOnTLS refuses the configuration of both on one address.
func TestNoFastOnTLS(t *testing.T) {
	cfg := refimpl.Config{Link: link.Config{Node: [16]byte{1}}, TLS: tlsConfig(), Other: rolling.Other(fast.NewServer(fast.ServerConfig{}), 0)}
	_, err := refimpl.New(cfg)
	require.ErrorContains(t, err, "TLS-008")
}

// TestSilence keeps a connection without a byte longer than an opening where Fast is served, and serves it then.
func TestSilence(t *testing.T) {
	n := start(t, 1, mixed, "127.0.0.1:0", methods("n", nil))
	silent, err := net.Dial("tcp", n.addr)
	require.NoError(t, err)
	dripping, err := net.Dial("tcp", n.addr)
	require.NoError(t, err)
	_, err = dripping.Write([]byte{0xC1})
	require.NoError(t, err)
	_, err = dripping.Read(make([]byte, 1)) // ended as an opening that is not whole
	require.ErrorIs(t, err, io.EOF)
	_ = dripping.Close()
	c := fast.NewClient(silent, fast.ClientConfig{})
	defer c.Close()
	_, err = c.Call(t.Context(), "short", []byte(`[1]`))
	require.NoError(t, err)
}
