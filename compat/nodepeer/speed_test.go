package nodepeer_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
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
// ours serving 3.1.3, in turn, each in two processes. The median of the rounds counts.
func TestSpeed(t *testing.T) {
	rounds, ms, levels := 5, 1000, []int{1, 10, 100}
	if !*speed {
		rounds, ms, levels = 1, 100, []int{10}
	}
	dir := installed(t, "3.1.3")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	opts := nodepeer.Options{NoDelay: true}
	theirs, err := nodepeer.Serve(ctx, dir, opts)
	require.NoError(t, err)
	defer func() { require.NoError(t, theirs.Stop()) }()
	ours := ownProcess(t, ctx)
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
		var theirsTheirs, oursOurs, oursTheirs []float64
		for range rounds {
			theirsTheirs = append(theirsTheirs, node(theirs.Addr, at))
			r, err := load.Run(ctx, load.Plan{Addr: ours, Workload: "echo", Concurrency: at, Connections: 1, Duration: time.Duration(ms) * time.Millisecond, Client: fast.ClientConfig{Dialect: fast.V2}})
			require.NoError(t, err)
			require.Zero(t, r.Errors)
			oursOurs = append(oursOurs, r.PerSecond)
			oursTheirs = append(oursTheirs, node(ours, at))
		}
		a, b, c := median(theirsTheirs), median(oursOurs), median(oursTheirs)
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
	srv := fast.NewServer(fast.ServerConfig{})
	fast.AddDemo(srv)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(ln.Addr())
	_ = srv.Serve(context.Background(), ln) // until the process is killed
}

// ownProcess serves ours in a process of its own.
func ownProcess(t *testing.T, ctx context.Context) (addr string) {
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
	return strings.TrimSpace(line)
}
