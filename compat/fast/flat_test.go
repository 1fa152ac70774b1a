package fast_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// The full run is go test ./compat/fast -run Flat -flat.requests 1000000 -flat.connects 100000.
var (
	flatRequests = flag.Int("flat.requests", 20000, "requests of TestFlat")
	flatConnects = flag.Int("flat.connects", 1000, "failed connections of TestFlat")
)

// usage is what must not grow.
type usage struct{ heap, goroutines, descriptors int }

func measure(t *testing.T) usage {
	t.Helper()
	for range 3 { // pools give back what they keep over two collections
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED, AND DESCRIPTORS ARE NOT COUNTED:", err)
	}
	return usage{heap: int(m.HeapAlloc), goroutines: runtime.NumGoroutine(), descriptors: len(fds)}
}

// TestFlat makes many requests, some of which fail, are abandoned, or both, then many connections that fail in each way that there is.
// Memory, goroutines and descriptors are then what they were after the first tenth.
func TestFlat(t *testing.T) {
	s := serve(t, fast.ServerConfig{}, nil)
	c := s.client(fast.ClientConfig{MaxRequests: 5000})
	const closed = "127.0.0.1:1" // not a free port of before: whoever dials one often enough connects to himself
	requests := func(n int) {
		var wg sync.WaitGroup
		for w := range 10 {
			wg.Go(func() {
				for i := w; i < n; i += 10 {
					err := flatRequest(c, i)
					for errors.Is(err, fast.ErrTooManyRequests) { // the server has to answer what was abandoned
						runtime.Gosched()
						err = flatRequest(c, i)
					}
					if err != nil {
						t.Errorf("request %d: %v", i, err)
						return
					}
				}
			})
		}
		wg.Wait()
		_, err := collect(c, "date", `[]`) // what was abandoned before it is answered
		require.NoError(t, err)
		require.Eventually(t, func() bool { return c.Stats().Pending == 0 }, patience, time.Millisecond)
	}
	connects := func(n int) {
		for i := range n {
			flatConnect(t, s.addr, closed, i)
		}
		waitConns(t, s.srv, 1)
		require.Eventually(t, func() bool { return s.srv.Stats().Requests == 0 }, patience, time.Millisecond)
	}
	requests(*flatRequests / 10)
	connects(*flatConnects / 10)
	before := measure(t)
	requests(*flatRequests * 9 / 10)
	connects(*flatConnects * 9 / 10)
	after := measure(t)
	t.Logf("before %+v, after %+v", before, after)
	require.LessOrEqual(t, after.goroutines, before.goroutines+2)
	require.LessOrEqual(t, after.descriptors, before.descriptors+2)
	// The buffers and tables of the one connection that stays are bounded, and may be larger at one end than at the other.
	require.LessOrEqual(t, after.heap, before.heap+4<<20)
}

// flatRequest makes one request of a kind that its number chooses.
func flatRequest(c *fast.Client, i int) error {
	ctx := context.Background()
	switch i % 5 {
	case 0:
		_, err := c.Call(ctx, "nothing", []byte(`[]`))
		if _, ok := errors.AsType[*fast.ServerError](err); !ok {
			return fmt.Errorf("unknown method: %w", err)
		}
	case 1: // abandoned, and answered by ERROR
		s, err := c.Stream(ctx, "fail", []byte(`[{"name":"E","message":"m","data":[1,2]}]`))
		if err != nil {
			return err
		}
		s.Abandon()
	case 2: // abandoned, and answered by END
		s, err := c.Stream(ctx, "yes", []byte(`[{"value":1,"count":3}]`))
		if err != nil {
			return err
		}
		if _, err := s.Recv(ctx); err != nil {
			return err
		}
		s.Abandon()
	default:
		got, err := c.Call(ctx, "echo", []byte(`["lafayette",{"a":1}]`))
		if err != nil || len(got) != 2 {
			return fmt.Errorf("echo gave %d: %w", len(got), err)
		}
	}
	return nil
}

// flatConnect makes one connection that fails in a way that its number chooses.
func flatConnect(t *testing.T, addr, closed string, i int) {
	t.Helper()
	if i%5 == 0 {
		_, err := net.Dial("tcp", closed)
		require.Error(t, err)
		return
	}
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	tcp := conn.(*net.TCPConn)
	defer conn.Close()
	_ = tcp.SetLinger(0)
	sleeping := frame(fast.V1, fast.Data, 1, `{"m":{"name":"sleep"},"d":[{"ms":60000}]}`)
	switch i % 5 {
	case 1: // a fault while a request runs
		_, _ = conn.Write(append(sleeping, 0xFF))
		_, _ = conn.Write(make([]byte, 20))
		_, _ = io.Copy(io.Discard, conn)
	case 2: // a reset while a request runs
		_, _ = conn.Write(sleeping)
	case 3: // part of a message
		_, _ = conn.Write(sleeping[:20])
		_ = tcp.CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	case 4: // nothing
	}
}
