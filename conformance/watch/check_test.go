package watch_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/conformance"
	"handfast/conformance/capture"
	"handfast/conformance/watch"
	"handfast/conformance/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorded reads a capture of testdata/captures.
func recorded(t *testing.T, name string) *capture.Capture {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "testdata", "captures", name+".pcap"))
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // read only
	c, err := capture.Read(f, capture.Options{})
	require.NoError(t, err)
	return c
}

// failed lists the cases of a report that did not pass.
func failed(r *conformance.Report) []string {
	var ids []string
	for i := range r.Cases {
		if r.Cases[i].Verdict == conformance.Fail {
			ids = append(ids, r.Cases[i].ID)
		}
	}
	return ids
}

// readBack takes a report through its canonical form, which is checked strictly.
func readBack(t *testing.T, r *conformance.Report) *conformance.Report {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteJSON(&b))
	back, err := conformance.ReadReport(&b)
	require.NoError(t, err)
	return back
}

func TestCaptures(t *testing.T) {
	for name, want := range map[string][]string{
		"exchange":               nil,
		"segments":               nil,
		"other-port":             nil,
		"refuse":                 nil,
		"sync":                   nil,
		"realtime":               nil,
		"fault-header-checksum":  {"dialer/frame-001"},
		"fault-trailer":          {"dialer/frame-002"},
		"fault-length":           {"dialer/frame-012"},
		"fault-type":             {"dialer/frame-004"},
		"fault-size":             {"dialer/frame-010"},
		"fault-piece":            {"dialer/data-001"},
		"fault-opening-checksum": {"dialer/hello-008"},
	} {
		t.Run(name, func(t *testing.T) {
			w := watch.New()
			found := w.Capture(recorded(t, name))
			r := readBack(t, w.Report("check", name))
			assert.Equal(t, want, failed(r), "%v", found)
			assert.Equal(t, want == nil, r.ExitCode() == conformance.ExitExpected)
			assert.Positive(t, w.Links())
			for _, f := range found {
				assert.Contains(t, f.String(), f.Req)
			}
		})
	}
}

// TestGapIsSaid: what a capture lacks is not taken for silence.
func TestGapIsSaid(t *testing.T) {
	w := watch.New()
	w.Capture(recorded(t, "gap"))
	require.NotEmpty(t, w.Cuts())
}

// TestNothingSeenIsUnsupported: a rule about packets that nobody sent is not passed.
func TestNothingSeenIsUnsupported(t *testing.T) {
	r := watch.New().Report("check", "nothing")
	for i := range r.Cases {
		assert.Equal(t, conformance.Unsupported, r.Cases[i].Verdict, r.Cases[i].ID)
	}
	assert.Equal(t, conformance.ExitUnmeasured, r.ExitCode())
}

// TestOthersTalkIsFound: bytes of another protocol break the rule about the magic, once for each side that sent them.
func TestOthersTalkIsFound(t *testing.T) {
	w := watch.New()
	l := w.Link("somebody")
	found := l.Feed(wire.Dialer, []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), time.Now())
	require.Len(t, found, 1)
	assert.Equal(t, "HELLO-003", found[0].Req)
	assert.Empty(t, l.Feed(wire.Dialer, []byte("more of it"), time.Now()), "behind it nothing can be read")
	assert.Equal(t, []string{"dialer/hello-003"}, failed(readBack(t, w.Report("proxy", "somebody"))))
}

// TestRepeatsAreCounted: the report shows the first packet and says how many there were.
func TestRepeatsAreCounted(t *testing.T) {
	w := watch.New()
	for range 3 {
		w.Capture(recorded(t, "fault-type"))
	}
	r := w.Report("check", "three")
	i := slices.IndexFunc(r.Cases, func(c conformance.Result) bool { return c.ID == "dialer/frame-004" })
	require.GreaterOrEqual(t, i, 0)
	assert.Contains(t, r.Cases[i].Actual, "3 times in all")
	last := r.Cases[i].Trace[len(r.Cases[i].Trace)-1]
	assert.True(t, last.Key)
	require.NotNil(t, last.FaultAt)
	assert.Zero(t, *last.FaultAt)
}

func TestProxyHandsOnEveryByte(t *testing.T) {
	for _, name := range []string{"exchange", "fault-trailer"} {
		t.Run(name, func(t *testing.T) {
			acceptor, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer acceptor.Close() //nolint:errcheck // the test is over
			front, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)

			var mu sync.Mutex
			var found []string
			p := watch.Proxy{To: acceptor.Addr().String(), Watch: watch.New(), Links: 1, Each: func(f *watch.Finding) {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, f.Req)
			}}
			var work sync.WaitGroup
			work.Go(func() { assert.NoError(t, p.Serve(t.Context(), front)) })
			near, err := net.Dial("tcp", front.Addr().String())
			require.NoError(t, err)
			far, err := acceptor.Accept()
			require.NoError(t, err)

			ends := [2]net.Conn{capture.Dialer: near, capture.Acceptor: far}
			for _, e := range recorded(t, name).Connections[0].Events { // each end says its part when it has heard what came before
				_, err := ends[e.From].Write(e.Bytes)
				require.NoError(t, err)
				heard := make([]byte, len(e.Bytes))
				_, err = io.ReadFull(ends[1-e.From], heard)
				require.NoError(t, err)
				require.Equal(t, e.Bytes, heard)
			}
			require.NoError(t, near.(*net.TCPConn).CloseWrite())
			rest, err := io.ReadAll(far)
			require.NoError(t, err, "the end of one direction is handed on")
			require.Empty(t, rest)
			require.NoError(t, far.Close())
			require.NoError(t, near.Close())
			work.Wait()

			if strings.HasPrefix(name, "fault") {
				assert.Equal(t, []string{"FRAME-002"}, found)
			} else {
				assert.Empty(t, found)
			}
		})
	}
}

// TestProxyWithoutAcceptor: the dialer learns by the end of its transport, and the operator by the error.
func TestProxyWithoutAcceptor(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	front, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	failures := make(chan error, 1)
	p := watch.Proxy{To: nobody.Addr().String(), Watch: watch.New(), Links: 1, Failed: func(_ string, err error) { failures <- err }}
	var work sync.WaitGroup
	work.Go(func() { assert.NoError(t, p.Serve(t.Context(), front)) })
	nc, err := net.Dial("tcp", front.Addr().String())
	require.NoError(t, err)
	_, err = nc.Read(make([]byte, 1))
	require.Error(t, err)
	require.NoError(t, nc.Close())
	work.Wait()
	require.Error(t, <-failures)
	assert.Zero(t, p.Watch.Links())
}

// TestProxyEndsWithItsContext: links that say nothing are ended.
func TestProxyEndsWithItsContext(t *testing.T) {
	acceptor, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer acceptor.Close() //nolint:errcheck // the test is over
	front, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	p := watch.Proxy{To: acceptor.Addr().String(), Watch: watch.New()}
	var work sync.WaitGroup
	work.Go(func() { assert.NoError(t, p.Serve(ctx, front)) })
	nc, err := net.Dial("tcp", front.Addr().String())
	require.NoError(t, err)
	defer nc.Close() //nolint:errcheck // the test is over
	far, err := acceptor.Accept()
	require.NoError(t, err)
	defer far.Close() //nolint:errcheck // the test is over
	cancel()
	work.Wait()
}
