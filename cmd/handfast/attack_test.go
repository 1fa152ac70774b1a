package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/access"
	"handfast/refimpl/call"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
	"handfast/refimpl/realtime"
	"handfast/refimpl/status"
	"handfast/refimpl/store"
	antientropy "handfast/refimpl/sync"
)

// Ceilings of an attack of four at once on a process.
const (
	mostMemory     = 32 << 20 // bytes more than before the attack
	mostGoroutines = 600      // more than before, at a moment in which four links attack and others end
	mostLeft       = 24       // goroutines more than before, when the attackers have gone
	mostProcessor  = 1.0      // of one processor, of which the attackers could have as much as they like
	mostLatency    = 3        // times the quiet 99th percentile of honest calls
)

// TestAttackServe attacks a process of `handfast serve` in one way after the other, while an honest link calls echo. Its memory, its goroutines and the part of a processor that it takes have
// ceilings, and the honest calls are at most three times as slow as before, by the 99th percentile. What each attack is answered with is held by the tests TestAttack... of refimpl, which look into
// the peer, and by the conformance suite. attackRows says which test each threat has.
func TestAttackServe(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: it measures time and memory of a process")
	}
	p := serve(t, "--log", "off", "--short-timers", "--mirror", "--data", t.TempDir())
	honest := newHonest(t, p.addr)
	for i := range 100 { // something to compare
		_, err := access.Put(t.Context(), honest.l, store.Key{Namespace: "default", Name: fmt.Sprint("key ", i)}, access.Seen{}, make([]byte, 1000))
		require.NoError(t, err)
	}
	for _, tc := range attacks(t) {
		t.Run(fmt.Sprintf("row %d, %s", tc.row, tc.name), func(t *testing.T) { tc.against(t, p, honest) })
	}
	honest.measure(50) // and it goes on
	code, out, errs := outcome(t, "call", p.addr, "echo", "after")
	require.Equal(t, 0, code, errs)
	require.Equal(t, "after\n", out)
}

// against attacks a process four times at once, while the honest link calls, and holds the ceilings.
func (tc *attack) against(t *testing.T, p *process, honest *honest) {
	quiet, _ := honest.measure(200)
	before := honest.process()
	memory, share := resident(t, p.cmd.Process.Pid), 2*mostProcessor
	stop := make(chan struct{})
	var raiders sync.WaitGroup
	var told sync.Map // of what attackers are answered
	tells := func(what string) { told.Store(what, true) }
	for i := range 4 {
		raiders.Go(func() { // ends with stop
			every := time.NewTicker(5 * time.Millisecond) // an attacker on this machine takes the processor from everybody
			defer every.Stop()
			for {
				select {
				case <-stop:
					return
				case <-every.C:
					tc.send(&raider{addr: p.addr, index: i, tells: tells})
				}
			}
		})
	}
	var attacked, late time.Duration
	for range 3 { // others use the machine as well: once is enough to show that it can be served in time, and with how much of a processor
		cpu, began := processorTime(t, p.cmd.Process.Pid), time.Now()
		attacked, late = honest.measure(400)
		share = min(share, float64(processorTime(t, p.cmd.Process.Pid)-cpu)/float64(time.Since(began)))
		if attacked <= mostLatency*max(quiet, late, latencyFloor) && share < mostProcessor {
			break
		}
	}
	grown := resident(t, p.cmd.Process.Pid) - min(memory, resident(t, p.cmd.Process.Pid))
	goroutines := honest.process().Goroutines - before.Goroutines
	close(stop)
	raiders.Wait()
	t.Logf("honest p99 %v quiet, %v attacked, timers %v late; %d KiB more; %d goroutines more; %.2f of a processor", quiet, attacked, late, grown>>10, goroutines, share)
	if tc.answer != "" {
		_, ok := told.Load(tc.answer)
		require.True(t, ok, "nobody was answered with %s: the attack does not reach what it is about; %v", tc.answer, slices.Collect(keysOf(&told)))
	}
	require.LessOrEqual(t, attacked, mostLatency*max(quiet, late, latencyFloor), "honest calls")
	require.Less(t, grown, int64(mostMemory), "bytes more")
	require.Less(t, goroutines, mostGoroutines+tc.works, "goroutines more")
	require.Less(t, share, mostProcessor, "of a processor")
	honest.calm(before.Goroutines + mostLeft + tc.stays)
}

// latencyFloor is the latency below which a machine that others use as well cannot tell two measures apart.
const latencyFloor = 10 * time.Millisecond

// frameBytes gives a frame.
func frameBytes(t *testing.T, m codec.Message) []byte {
	t.Helper()
	b, err := m.AppendBinary(nil)
	require.NoError(t, err)
	return b
}

// honestNode is the id of the honest link.
var honestNode = [16]byte{1}

// honest is a link that calls echo.
type honest struct {
	t    *testing.T
	l    *link.Link
	echo func(ctx context.Context, word string) (string, error) // over the link, or over another protocol
}

func newHonest(t *testing.T, addr string) *honest {
	t.Helper()
	conn, err := dial.Transport(t.Context(), addr, nil)
	require.NoError(t, err)
	lim := codec.DefaultLimits()
	lim.PingMinMS = 10
	l, err := link.Dial(t.Context(), conn, link.Config{Node: honestNode, Limits: &lim, Protos: map[string][]uint16{call.Proto: {call.Version}}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close(codec.CodeNoError, "") })
	return &honest{t, l, func(ctx context.Context, word string) (string, error) {
		got, err := call.Call(ctx, l, "echo", []byte(word), nil)
		return string(got), err
	}}
}

// measure makes n calls and gives the 99th percentile of their time, and of what a timer beside each of them was late: how busy the machine is.
func (h *honest) measure(n int) (took, late time.Duration) {
	h.t.Helper()
	calls, timers := make([]time.Duration, n), make([]time.Duration, n)
	every := time.NewTicker(time.Millisecond)
	defer every.Stop()
	for i := range calls {
		from := time.Now()
		<-every.C
		<-every.C
		timers[i] = max(0, time.Since(from)-2*time.Millisecond)
		from = time.Now()
		got, err := h.echo(h.t.Context(), "honest")
		calls[i] = time.Since(from)
		require.NoError(h.t, err)
		require.Equal(h.t, "honest", got)
	}
	slices.Sort(calls)
	slices.Sort(timers)
	return calls[n*99/100], timers[n*99/100]
}

// process asks the peer what its process takes.
func (h *honest) process() status.Process {
	h.t.Helper()
	r, _, err := status.Get(h.t.Context(), h.l)
	require.NoError(h.t, err)
	return r.Process
}

// calm waits until the peer has no more goroutines than that: what attackers have begun ends without them.
func (h *honest) calm(most int) {
	h.t.Helper()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	late := time.After(30 * time.Second)
	for n := h.process().Goroutines; n > most; n = h.process().Goroutines {
		select {
		case <-every.C:
		case <-late:
			require.LessOrEqual(h.t, n, most, "goroutines that stay")
		}
	}
}

func keysOf(m *sync.Map) iter.Seq[any] {
	return func(yield func(any) bool) { m.Range(func(k, _ any) bool { return yield(k) }) }
}

// describe names a message, with the code where it has one.
func describe(m codec.Message) string {
	name := m.FrameType().String()
	switch m := m.(type) {
	case codec.Close:
		name += " " + m.Code.String()
	case codec.Reset:
		name += " " + m.Code.String()
	case codec.Reject:
		name += " " + m.Code.String()
	}
	return name
}

// raider is one attack on a transport of its own.
type raider struct {
	addr     string
	index    int               // of those that attack at once
	node     [16]byte          // zero: another one each time
	patience time.Duration     // after which it gives up; zero: a fifth of a second
	tells    func(what string) // called with what it is answered: a message as describe names it, or another word
}

func (a *raider) dial() net.Conn {
	conn, err := net.DialTimeout("tcp", a.addr, time.Second)
	if err != nil {
		return nil
	}
	_ = conn.SetDeadline(time.Now().Add(cmp.Or(a.patience, 200*time.Millisecond)))
	return conn
}

// raw writes bytes and waits for the end, a fifth of a second at most.
func (a *raider) raw(b []byte) {
	conn := a.dial()
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = conn.Write(b)
	_, _ = conn.Read(make([]byte, 512))
}

// drip writes bytes one by one.
func (a *raider) drip(b []byte) {
	conn := a.dial()
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for i := range b {
		<-every.C
		if _, err := conn.Write(b[i : i+1]); err != nil {
			return
		}
	}
}

// open makes a link and writes frames behind READY.
func (a *raider) open(b []byte) (net.Conn, *codec.Reader) {
	conn := a.dial()
	if conn == nil {
		return nil, nil
	}
	h := codec.Hello{
		Vers: []uint16{1}, Node: a.node, Incarnation: 1, Caps: codec.Caps{"delivery": true}, Limits: codec.DefaultLimits(),
		Protos: map[string][]uint16{call.Proto: {call.Version}, mirror.Proto: {mirror.Version}, realtime.Proto: {realtime.Version}, antientropy.Proto: {antientropy.Version}},
	}
	h.Limits.PingMinMS = 10
	if h.Node == [16]byte{} {
		_, _ = rand.Read(h.Node[:])
	}
	mine, err := h.AppendOpening(nil)
	if err == nil {
		_, err = conn.Write(mine)
	}
	r := codec.NewReader(conn, 0)
	if err == nil {
		var o codec.Opening
		var raw []byte
		if o, raw, err = r.ReadOpening(); err == nil && o.Hello != nil {
			if agreed, err := codec.Agree(&h, o.Hello); err == nil {
				ready, err := codec.NewReady(agreed, codec.TranscriptHash(mine, raw), nil).AppendFrame(nil)
				if err == nil {
					r.SetMaxFrame(uint32(h.Limits.MaxFrame))
					_, _ = conn.Write(append(ready, b...))
				}
			}
		}
	}
	return conn, r
}

// link writes frames and reads what comes.
func (a *raider) link(b []byte) { a.talk(b, func(codec.Message) []codec.Message { return nil }) }

// talk writes frames, and answers what comes.
func (a *raider) talk(b []byte, answer func(m codec.Message) []codec.Message) {
	conn, r := a.open(b)
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	for {
		f, err := r.Next()
		if err != nil {
			return
		}
		m, err := codec.ParseMessage(f)
		if err != nil {
			return
		}
		a.tells(describe(m))
		var out []byte
		for _, one := range answer(m) {
			if out, err = one.AppendBinary(out); err != nil {
				return
			}
		}
		if _, err := conn.Write(out); len(out) > 0 && err != nil {
			return
		}
	}
}

// deaf writes frames and reads nothing.
func (a *raider) deaf(b []byte) {
	conn, _ := a.open(b)
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	<-time.NewTimer(100 * time.Millisecond).C
}

// brief writes frames and ends the link.
func (a *raider) brief(b []byte) {
	if conn, _ := a.open(b); conn != nil {
		_ = conn.Close()
	}
}

// resident gives the resident memory of a process, in bytes.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	require.NoError(t, err)
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}

// processorTime gives the time that a process has run for, in ticks of 10 ms.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	ticks := int64(0)
	for _, i := range []int{11, 12} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		require.NoError(t, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
