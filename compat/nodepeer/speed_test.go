package nodepeer_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
	"handfast/compat/fast/load"
	"handfast/compat/nodepeer"
)

// The full run is go test ./compat/nodepeer -run Speed -speed -v. Without the flag all is run for a moment, and the figures, which
// would be those of a shared machine, are logged and not judged.
var speed = flag.Bool("speed", false, "judge the speed against 3.1.3; it needs a quiet machine")

// least is how many times as fast as 3.1.3 serving 3.1.3 ours serving ours has to be.
const least = 3

// TestSpeed measures echo of one value over one connection, all sockets sending at once: 3.1.3 serving 3.1.3, ours serving ours, and
// ours serving 3.1.3, in turn, each in two processes. The median of the rounds counts. For comparison it logs what Go's net does with
// as many bytes and nothing else, and ours that never looks for a message before it sleeps (Spin of both configurations).
func TestSpeed(t *testing.T) {
	rounds, ms, levels := 5, 1000, []int{1, 10, 100}
	if !*speed {
		rounds, ms, levels = 1, 100, []int{10}
	}
	dir := installed(t, "3.1.3")
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	opts := nodepeer.Options{NoDelay: true}
	theirs, err := nodepeer.Serve(ctx, dir, opts)
	require.NoError(t, err)
	defer func() { require.NoError(t, theirs.Stop()) }()
	ours, bare, sleeps := ownProcess(t, ctx)
	node := func(addr string, at int) float64 {
		_, port, err := net.SplitHostPort(addr)
		require.NoError(t, err)
		var n int
		_, err = fmt.Sscan(port, &n)
		require.NoError(t, err)
		c, err := nodepeer.Dial(ctx, dir, n, opts)
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Stop()) }()
		_, err = c.Bench(ctx, "echo", []any{"lafayette"}, at, ms/4) // its compiler gets warm
		require.NoError(t, err)
		a, err := c.Bench(ctx, "echo", []any{"lafayette"}, at, ms)
		require.NoError(t, err)
		return float64(a.Requests) / a.Seconds
	}
	for _, at := range levels {
		var theirsTheirs, oursOurs, oursTheirs, oursSleeping, pingPong []float64
		own := func(addr string, spin time.Duration) float64 {
			r, err := load.Run(ctx, load.Plan{Addr: addr, Workload: "echo", Concurrency: at, Connections: 1, Duration: time.Duration(ms) * time.Millisecond, Client: fast.ClientConfig{Dialect: fast.V2, Spin: spin}})
			require.NoError(t, err)
			require.Zero(t, r.Errors)
			return r.PerSecond
		}
		for range rounds {
			theirsTheirs = append(theirsTheirs, node(theirs.Addr, at))
			oursOurs = append(oursOurs, own(ours, 0))
			oursTheirs = append(oursTheirs, node(ours, at))
			if at == 1 {
				oursSleeping = append(oursSleeping, own(sleeps, -1))
				pingPong = append(pingPong, pingPongs(t, bare, time.Duration(ms)*time.Millisecond))
			}
		}
		a, b, c := median(theirsTheirs), median(oursOurs), median(oursTheirs)
		if at == 1 {
			t.Logf("1 at once: ours to ours without Spin %.0f/s, bare ping-pong %.0f/s", median(oursSleeping), median(pingPong))
		}
		t.Logf("each round: 3.1.3 to 3.1.3 %.0f, ours to ours %.0f, 3.1.3 to ours %.0f", theirsTheirs, oursOurs, oursTheirs)
		t.Logf("%d at once: 3.1.3 to 3.1.3 %.0f/s, ours to ours %.0f/s (%.1f times), 3.1.3 to ours %.0f/s (%.1f times)", at, a, b, b/a, c, c/a)
		require.Positive(t, min(a, b, c))
		if !*speed {
			continue
		}
		if b < least*a {
			t.Errorf("%d at once: ours is %.1f times as fast, not %d", at, b/a, least)
		}
		if c < a {
			t.Errorf("%d at once: a client of 3.1.3 gets %.0f/s of ours and %.0f/s of its own server", at, c, a)
		}
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// runAsServer makes the test binary a server of ours.
const runAsServer = "HANDFAST_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(runAsServer) == "" {
		os.Exit(m.Run())
	}
	listen := func() net.Listener {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return ln
	}
	looks, bare, sleeps := listen(), listen(), listen()
	fmt.Println(looks.Addr(), bare.Addr(), sleeps.Addr())
	go func() { // until the process is killed
		for {
			conn, err := bare.Accept()
			if err != nil {
				return
			}
			go answer(conn, requestBytes, make([]byte, replyBytes))
		}
	}()
	for ln, spin := range map[net.Listener]time.Duration{looks: 0, sleeps: -1} {
		srv := fast.NewServer(fast.ServerConfig{Spin: spin})
		fast.AddDemo(srv)
		go func() { _ = srv.Serve(context.Background(), ln) }()
	}
	select {}
}

// What an echo of one value takes on the wire: DATA, and DATA with END.
const requestBytes, replyBytes = 77, 153

// answer answers each so many bytes.
func answer(conn net.Conn, each int, reply []byte) {
	b := make([]byte, each)
	for {
		if _, err := io.ReadFull(conn, b); err != nil {
			return
		}
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

// pingPongs counts requests and answers per second that are bytes and nothing else.
func pingPongs(t *testing.T, addr string, d time.Duration) float64 {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	request, reply := make([]byte, requestBytes), make([]byte, replyBytes)
	n := 0
	begun := time.Now()
	for time.Since(begun) < d {
		_, err := conn.Write(request)
		require.NoError(t, err)
		_, err = io.ReadFull(conn, reply)
		require.NoError(t, err)
		n++
	}
	return float64(n) / time.Since(begun).Seconds()
}

// ownProcess serves ours in a process of its own; answers bytes with bytes; and serves ours without Spin.
func ownProcess(t *testing.T, ctx context.Context) (looks, bare, sleeps string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), runAsServer+"=1")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	_, err = fmt.Sscan(line, &looks, &bare, &sleeps)
	require.NoError(t, err)
	return looks, bare, sleeps
}
