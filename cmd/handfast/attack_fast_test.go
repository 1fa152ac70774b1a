package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
	"handfast/refimpl/dial"
)

// TestAttackFast attacks the listener of `handfast serve --fast` by Fast, as TestAttackServe does by Handfast: an honest client of Fast goes on meanwhile, and the ceilings are the same.
func TestAttackFast(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: it measures time and memory of a process")
	}
	p := serve(t, "--log", "off", "--fast", "--fast-silence", "1s", "--open-timeout", "1s")
	honest := newHonestFast(t, p.addr)
	for _, tc := range attacksOnFast(t) {
		t.Run(fmt.Sprintf("row %d, %s", tc.row, tc.name), func(t *testing.T) { tc.against(t, p, honest) })
	}
	honest.measure(50) // and it goes on
	code, out, errs := outcome(t, "call", "--fast", p.addr, "echo", `["after"]`)
	require.Equal(t, 0, code, errs)
	require.Equal(t, "{\"value\":\"after\"}\n", out)
}

// TestAttackFastLeaves: who ends his stream leaves his requests behind, which work goes on for. All together they have a bound, beyond which a request is refused; short requests are served.
func TestAttackFastLeaves(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: it measures time and memory of a process")
	}
	p := serve(t, "--log", "off", "--fast")
	honest := newHonestFast(t, p.addr)
	before, memory := honest.process(), resident(t, p.cmd.Process.Pid)
	const running = 8192 // fast.ServerConfig.MaxRunning
	sleeps := fastRequests(t, "sleep", 1000, map[string]any{"ms": 60_000})
	refused := func() bool { // one connection of an attacker
		conn, err := net.Dial("tcp", p.addr)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		_, err = conn.Write(append(slices.Clone(sleeps), fastRequest(t, fast.V2, 2000, "date")...))
		require.NoError(t, err)
		for r := fast.NewReader(conn, 0); ; { // until date is answered, which is behind the others
			m, err := r.Next()
			require.NoError(t, err)
			if m.Status == fast.Error {
				require.Contains(t, string(m.D), "OverloadedError")
				return true
			}
			if m.Status == fast.End {
				return false
			}
		}
	}
	tries := 1
	for ; !refused(); tries++ {
		require.Less(t, tries, 3*running/1000, "nothing is refused")
	}
	for range 10 { // and so are all others
		require.True(t, refused())
	}
	honest.measure(100)
	grown := resident(t, p.cmd.Process.Pid) - memory
	goroutines := honest.process().Goroutines - before.Goroutines
	t.Logf("refused at connection %d; %d KiB more; %d goroutines more", tries, grown>>10, goroutines)
	require.Greater(t, goroutines, running-1000, "the attack does not reach what it is about")
	require.Less(t, goroutines, running+mostGoroutines)
	require.Less(t, grown, int64(3*mostMemory))
}

// newHonestFast is newHonest whose calls go over Fast; what the process takes is asked for over a link on the same address.
func newHonestFast(t *testing.T, addr string) *honest {
	t.Helper()
	h := newHonest(t, addr)
	conn, err := dial.Transport(t.Context(), addr, nil)
	require.NoError(t, err)
	c := fast.NewClient(conn, fast.ClientConfig{})
	t.Cleanup(func() { _ = c.Close() })
	h.echo = func(ctx context.Context, word string) (string, error) {
		args, err := json.Marshal([]string{word})
		if err != nil {
			return "", err
		}
		got, err := c.Call(ctx, "echo", args)
		if err != nil || len(got) != 1 {
			return "", fmt.Errorf("%d values: %w", len(got), err)
		}
		var one struct{ Value string }
		err = json.Unmarshal(got[0], &one)
		return one.Value, err
	}
	return h
}

// fastRequest gives the bytes of a request.
func fastRequest(t *testing.T, d fast.Dialect, id int64, method string, args ...any) []byte {
	t.Helper()
	b, err := fast.AppendMessage(nil, d, fast.Data, id, map[string]any{"m": map[string]any{"uts": 1, "name": method}, "d": append([]any{}, args...)})
	require.NoError(t, err)
	return b
}

// fastRequests gives n of them.
func fastRequests(t *testing.T, method string, n int64, args ...any) (b []byte) {
	for id := range n {
		b = append(b, fastRequest(t, fast.V2, id, method, args...)...)
	}
	return b
}

// What an attacker by Fast is told, beside END and ERROR.
const closed = "the end of the connection"

func attacksOnFast(t *testing.T) []attack {
	request := fastRequest(t, fast.V2, 1, "echo", strings.Repeat("x", 900))
	long := func(n uint32) []byte { // what a header announces
		b := slices.Clone(request)
		binary.BigEndian.PutUint32(b[11:], n)
		return b
	}
	deep, err := fast.AppendMessage(nil, fast.V2, fast.Data, 1, json.RawMessage(`{"m":{"name":"echo"},"d":[`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`]}`))
	require.NoError(t, err)
	echoes := fastRequests(t, "echo", 400, strings.Repeat("x", 900))
	yes := fastRequests(t, "yes", 4, map[string]any{"value": strings.Repeat("y", 900), "count": 100_000})
	sleeps := fastRequests(t, "sleep", 200, map[string]any{"ms": 300})
	some := fastRequests(t, "sleep", 20, map[string]any{"ms": 300})
	return []attack{
		{row: 1, name: "a length of 4 GiB", answer: closed, send: func(a *raider) { a.fast(long(1<<32 - 1)) }},
		{row: 1, name: "garbage behind the version", answer: closed, send: func(a *raider) {
			b := make([]byte, 2000)
			for i := range b {
				b[i] = byte(rand.Uint32())
			}
			b[0] = byte(1 + a.index%2)
			a.fast(b)
		}},
		{row: 1, name: "a wrong checksum", answer: closed, send: func(a *raider) { a.fast(append(request[:len(request)-4:len(request)-4], `"]} `...)) }},
		{row: 2, name: "a header that drips", send: func(a *raider) { a.drip(request[:15]) }},
		{row: 2, name: "half of a header", send: func(a *raider) { a.fast(request[:8]) }},
		{row: 2, name: "half of a message and the end of the stream", answer: closed, send: func(a *raider) { a.fastThenEnd(request[:200]) }},
		{row: 4, name: "connections that say nothing", answer: closed, send: func(a *raider) {
			a.patience = 1500 * time.Millisecond
			a.fast(nil)
		}},
		{row: 4, name: "connections that end at once", send: func(a *raider) {
			for range 4 {
				if conn := a.dial(); conn != nil {
					_, _ = conn.Write(request[:1])
					_ = conn.Close()
				}
			}
		}},
		{row: 5, name: "requests that wait", works: 4 * 200 * 2, send: func(a *raider) { a.fast(sleeps) }},
		{row: 5, name: "an id that is in use", answer: closed, send: func(a *raider) { a.fast(append(slices.Clone(some), some...)) }},
		{row: 9, name: "answers that nobody reads", send: func(a *raider) { a.fastDeaf(yes) }},
		{row: 10, name: "echoes that nobody reads", send: func(a *raider) { a.fastDeaf(bytes.Repeat(echoes, 4)) }},
		{row: 11, name: "messages that never end", send: func(a *raider) { a.fast(append(long(32<<20), make([]byte, 256<<10)...)) }},
		{row: 12, name: "arrays inside arrays", answer: closed, send: func(a *raider) { a.fast(deep) }},
	}
}

// fast writes bytes and reads what comes, until the end or until its patience is over.
func (a *raider) fast(b []byte) { a.fastTalk(b, func(net.Conn) {}) }

// fastThenEnd is fast for who ends his stream behind the bytes.
func (a *raider) fastThenEnd(b []byte) {
	a.fastTalk(b, func(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() })
}

func (a *raider) fastTalk(b []byte, then func(net.Conn)) {
	conn := a.dial()
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, err := conn.Write(b)
	then(conn)
	for r := fast.NewReader(conn, 0); err == nil; {
		var m fast.Message
		if m, err = r.Next(); err == nil && m.Status != fast.Data {
			a.tells(map[fast.Status]string{fast.End: "END", fast.Error: "ERROR"}[m.Status])
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		a.tells(closed)
	}
}

// fastDeaf writes bytes and reads nothing.
func (a *raider) fastDeaf(b []byte) {
	conn := a.dial()
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = conn.Write(b)
	<-time.NewTimer(100 * time.Millisecond).C
}
