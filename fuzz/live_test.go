package fuzz

import (
	"bufio"
	"bytes"
	stdcontext "context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/conformance"
	"handfast/refimpl"
	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
)

// runAsPeer makes the test binary be a peer with a bug, or "none".
const runAsPeer = "HANDFAST_FUZZ_TEST_PEER"

// planted wraps the transports of a peer, so that it has a bug.
type planted struct {
	net.Listener
	bug string

	mu   sync.Mutex // guards kept
	kept [][]byte
}

func (p *planted) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if p.bug == "leak" {
		p.keep(24 << 10)
	}
	return &plantedConn{Conn: conn, p: p}, nil
}

// keep leaks n bytes.
func (p *planted) keep(n int) {
	b := bytes.Repeat([]byte{1}, n)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = append(p.kept, b)
}

type plantedConn struct {
	net.Conn
	p *planted
}

// How the headers of some frames begin: a DRAIN, a GAP, a RESET without text, and a RECORDS of one short record.
var (
	drain   = []byte{byte(codec.TypeDrain), 0, 0, 0, 0, 0, 0, 16}
	gap     = []byte{byte(codec.TypeGap), 0, 0, 0, 0, 0, 0, 24}
	reset   = []byte{byte(codec.TypeReset), 0, 0, 0, 0, 0, 0, 8}
	records = []byte{byte(codec.TypeRecords)}
)

func (c *plantedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	has := func(header []byte) bool { return bytes.Contains(b[:n], header) }
	switch {
	case c.p.bug == "crash" && has(drain), c.p.bug == "crash-at-gap" && has(gap):
		os.Exit(3)
	case c.p.bug == "hang" && has(drain), c.p.bug == "hang-at-reset" && has(reset):
		select {}
	case c.p.bug == "leak-at-records" && has(append(slices.Clone(records), 4, 0, 0)), c.p.bug == "leak-at-records" && has(append(slices.Clone(records), 0, 0, 0)):
		c.p.keep(96 << 10)
	}
	return n, err
}

// Write changes the code of a CLOSE, which stands alone or behind whole frames.
func (c *plantedConn) Write(b []byte) (int, error) {
	wrong := map[string]codec.Code{"code": codec.CodePayloadCRC, "code-at-a-stream": codec.CodeStreamID}[c.p.bug]
	if wrong == 0 {
		return c.Conn.Write(b)
	}
	out := bytes.Clone(b)
	for at := 0; at+codec.HeaderSize <= len(out); at++ {
		f, n, err := codec.ParseFrame(out[at:], 1<<20)
		if err == nil && f.Type == codec.TypeClose && binary.BigEndian.Uint32(f.Payload) == uint32(wrong) {
			binary.BigEndian.PutUint32(f.Payload, uint32(codec.CodeProtocol))
			copy(out[at:at+n], codec.AppendFrame(nil, f.Header, f.Payload))
		}
	}
	return c.Conn.Write(out)
}

// servePlanted is the whole process of a peer with a bug.
func servePlanted(bug string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mirrored, err := mirror.New(mirror.Config{})
	if err != nil {
		panic(err)
	}
	config := link.Config{Node: [16]byte{9}, Software: "planted", Logger: slog.New(slog.DiscardHandler), Delivery: true, Handlers: map[string]link.Handler{mirror.Proto: mirrored}}
	p, err := refimpl.New(refimpl.Config{Link: config})
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr())
	_ = p.Serve(stdcontext.Background(), &planted{Listener: ln, bug: bug})
}

// startPlanted starts such a process.
func startPlanted(t *testing.T, bug string) (addr string, pid int) {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec,noctx // this binary; the cleanup ends it
	cmd.Env = append(os.Environ(), runAsPeer+"="+bug)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line), cmd.Process.Pid
}

// TestLive: the reference peer answers every sequence as it should, and bugs of the link, of streams and of channels are told apart.
func TestLive(t *testing.T) {
	for _, tc := range []struct {
		bug   string
		class Class // "" for no finding
		runs  int64
	}{
		{"none", "", 2500},
		{"code", Verdict, 2500},
		{"code-at-a-stream", Verdict, 2500},
		{"hang", Hang, 150},
		{"hang-at-reset", Hang, 100},
		{"crash", Crash, 2500},
		{"crash-at-gap", Crash, 2500},
		{"leak", Leak, 16000},
		{"leak-at-records", Leak, 16000},
	} {
		if testing.Short() { // with the race detector, which takes time and memory of its own
			if tc.class == Leak || tc.class == Hang {
				continue
			}
			tc.runs = 500
		}
		t.Run(tc.bug, func(t *testing.T) {
			t.Parallel() // some wait for what never comes
			addr, pid := startPlanted(t, tc.bug)
			timeout := 10 * time.Second // nothing hangs, however busy the machine is
			if tc.class == Hang {
				timeout = time.Second
			}
			report, err := Live(t.Context(), LiveConfig{Addr: addr, PID: pid, Seed: 5, Runs: tc.runs, Jobs: 8, Timeout: timeout, Progress: func(Stats) {}})
			require.NoError(t, err)
			t.Logf("%.0f sequences a second", report.Rate())
			for _, f := range report.Findings {
				if f.Flaky {
					t.Logf("happened once, and not each time that it was repeated: %+v", f)
				}
			}
			if tc.class == "" {
				require.Empty(t, report.Findings)
				require.Equal(t, conformance.ExitExpected, report.ExitCode())
				require.GreaterOrEqual(t, report.Executions, tc.runs)
				return
			}
			require.NotEmpty(t, report.Findings)
			for _, f := range report.Findings {
				require.Equal(t, tc.class, f.Class, "%+v", f)
			}
			require.Equal(t, conformance.ExitDiffers, report.ExitCode())
			var text strings.Builder
			require.NoError(t, report.WriteText(&text))
			require.Contains(t, text.String(), "repeat    handfast fuzz --tcp")
			require.NoError(t, report.WriteJSON(new(discardJSON)))
		})
	}
}

// discardJSON wants JSON.
type discardJSON struct{ bytes.Buffer }

func (d *discardJSON) Write(b []byte) (int, error) {
	if !json.Valid(b) {
		return 0, fmt.Errorf("no JSON: %s", b)
	}
	return len(b), nil
}

// everything is what a peer of all profiles serves.
var everything = kit{limits: codec.DefaultLimits(), call: true, echo: true, sleep: true, mirror: true, delivery: true}

// TestSequencesAreTheSame: a number and a seed give the same bytes each time, so that a line repeats a finding.
func TestSequencesAreTheSame(t *testing.T) {
	states := make(map[State]int)
	for i := range uint64(3000) {
		a, b := newSequence(7, i, everything), newSequence(7, i, everything)
		require.Equal(t, a, b)
		states[a.state]++
	}
	for s := range stateCount {
		require.Greater(t, states[s], 10, s.String())
	}
}

func TestNobodyListens(t *testing.T) {
	_, err := Live(t.Context(), LiveConfig{Addr: "127.0.0.1:1", Runs: 1})
	require.ErrorAs(t, err, new(*conformance.PreflightError))
}
