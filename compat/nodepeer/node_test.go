package nodepeer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
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

func TestFirst(t *testing.T) {
	dir := installed(t, "3.1.3")
	_, port := demo(t, fast.ServerConfig{})
	c, err := nodepeer.Dial(t.Context(), dir, port, nodepeer.Options{})
	require.NoError(t, err)
	a, err := c.Call(t.Context(), "echo", []any{"lafayette"}, 5000)
	require.NoError(t, err)
	require.Nil(t, a.Error)
	require.JSONEq(t, `{"value":"lafayette"}`, string(a.Values[0]))
	require.NoError(t, c.Stop())
}
