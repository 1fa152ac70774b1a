package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/access"
	"handfast/refimpl/call"
	"handfast/refimpl/clock"
	"handfast/refimpl/dial"
	"handfast/refimpl/faulty"
	"handfast/refimpl/link"
	"handfast/refimpl/status"
	"handfast/refimpl/store"
)

// patience bounds every wait for something that must come.
const patience = 60 * time.Second

// runAsFaulty makes a process of this program one whose disk can fail: each file is bounded by what the test sets, and with SIGUSR1 all syncs
// fail from then on. It says "faulty" on stderr when they do.
const runAsFaulty = "HANDFAST_TEST_FAULTY"

// beFaulty prepares this process for the faults.
func beFaulty() {
	faulty.BearFullDisk()
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGUSR1)
	go func() { // ends with the process
		<-ch
		if err := faulty.FailSyncs(); err != nil {
			panic(err)
		}
		fmt.Fprintln(os.Stderr, "faulty")
	}()
}

// kept is a peer with a folder, whose process may end and begin again. Others reach it through its proxy.
type kept struct {
	t      *testing.T
	name   string
	dir    string
	proxy  *proxy
	args   []string
	pays   bool     // it repairs by itself what realtime owes
	secure []string // flags of TLS, for those that ask it; nil: none
	cmd    *exec.Cmd

	mu     sync.Mutex
	addr   string        // empty: it does not run
	change chan struct{} // closed when addr changes
	log    bytes.Buffer
	said   chan struct{} // closed when it says that it is faulty
}

func newKept(t *testing.T, name string) *kept {
	k := &kept{t: t, name: name, dir: filepath.Join(t.TempDir(), name), change: make(chan struct{})}
	k.proxy = newProxy(t, k.where)
	t.Cleanup(k.kill)
	return k
}

// to makes the peer send to another one.
func (k *kept) to(o *kept) { k.args = append(k.args, "--realtime-to", o.name+"="+o.proxy.addr()) }

// start starts the process and returns when it listens.
func (k *kept) start() {
	k.t.Helper()
	k.cmd = handfast(k.t, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", k.dir, "--realtime-retry-max", "5ms", "--drain-timeout", "20s", "--log", "warn", fmt.Sprint("--realtime-repair=", k.pays)}, k.args...)...)
	k.cmd.Env = append(k.cmd.Env, runAsFaulty+"=1")
	said := make(chan struct{})
	k.mu.Lock()
	k.said = said
	k.mu.Unlock()
	errs, err := k.cmd.StderrPipe()
	require.NoError(k.t, err)
	out, err := k.cmd.StdoutPipe()
	require.NoError(k.t, err)
	require.NoError(k.t, k.cmd.Start())
	go func() { // ends with the process
		for s := bufio.NewScanner(errs); s.Scan(); {
			if s.Text() == "faulty" {
				close(said)
				continue
			}
			k.mu.Lock()
			fmt.Fprintln(&k.log, s.Text())
			k.mu.Unlock()
		}
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(k.t, err, "%s does not start: %s", k.name, k.logged())
	k.moved(strings.TrimSpace(strings.TrimPrefix(line, "listening ")))
}

func (k *kept) logged() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.log.String()
}

func (k *kept) moved(addr string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.addr = addr
	close(k.change)
	k.change = make(chan struct{})
}

func (k *kept) where() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.addr
}

// await gives the address of the process, when one runs; empty where ctx ends before.
func (k *kept) await(ctx context.Context) string {
	for {
		k.mu.Lock()
		addr, change := k.addr, k.change
		k.mu.Unlock()
		if addr != "" {
			return addr
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ""
		}
	}
}

// kill ends the process with SIGKILL.
func (k *kept) kill() {
	if k.cmd == nil {
		return
	}
	k.moved("")
	_ = k.cmd.Process.Kill()
	_ = k.cmd.Wait()
	k.cmd = nil
}

// stop ends the process in good order.
func (k *kept) stop() {
	k.t.Helper()
	require.NoError(k.t, k.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(k.t, k.cmd.Wait(), k.logged())
	k.cmd = nil
	k.moved("")
}

// open opens a link to an address.
func open(ctx context.Context, addr string) (*link.Link, error) {
	conn, err := dial.Transport(ctx, addr, nil)
	if err != nil {
		return nil, err
	}
	cfg, _ := newLinkConfig("")
	cfg.Protos = map[string][]uint16{call.Proto: {call.Version}}
	return link.Dial(ctx, conn, cfg)
}

// open opens a link to the process.
func (k *kept) open(ctx context.Context) (*link.Link, error) {
	if k.secure == nil {
		return open(ctx, k.where())
	}
	var flags tlsFlags
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.addDialer(set)
	if err := set.Parse(k.secure); err != nil {
		return nil, err
	}
	conf, err := flags.client()
	if err != nil {
		return nil, err
	}
	conn, err := dial.Transport(ctx, k.where(), conf)
	if err != nil {
		return nil, err
	}
	cfg, _ := newLinkConfig("")
	cfg.Protos = map[string][]uint16{call.Proto: {call.Version}}
	return link.Dial(ctx, conn, cfg)
}

// status asks the process; nil where it cannot answer.
func (k *kept) status() *status.Report {
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	l, err := k.open(ctx)
	if err != nil {
		return nil
	}
	defer func() { _ = l.Close(codec.CodeNoError, "") }()
	r, _, err := status.Get(ctx, l)
	if err != nil {
		return nil
	}
	return r
}

// until waits for something that the peer says of itself.
func (k *kept) until(f func(*status.Report) bool, why string) {
	k.t.Helper()
	var last *status.Report
	ok := func() bool {
		last = k.status()
		return last != nil && f(last)
	}
	if !assertEventually(ok) {
		b, _ := json.Marshal(last)
		k.t.Fatalf("%s: %s\n%s\n%s", k.name, why, b, k.logged())
	}
}

// assertEventually asks again and again, until patience ends.
func assertEventually(f func() bool) bool {
	t := time.NewTicker(5 * time.Millisecond)
	defer t.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-t.C {
		if f() {
			return true
		}
	}
	return false
}

// drained waits until everything that was written is acknowledged by all remotes.
func (k *kept) drained() {
	k.t.Helper()
	k.until(func(r *status.Report) bool {
		return !slices.ContainsFunc(r.Remotes, func(m status.Remote) bool { return m.QueueRecords > 0 || m.Behind || m.Stable+1 < m.Next })
	}, "not everything is acknowledged")
}

// contents reads the store of a peer whose process has ended, and checks the file.
func (k *kept) contents() map[string]clock.Set {
	k.t.Helper()
	s, err := store.Open(store.Config{Path: filepath.Join(k.dir, "store"), Namespaces: map[string]store.Namespace{"default": store.DefaultNamespace()}})
	require.NoError(k.t, err)
	defer func() { require.NoError(k.t, s.Close()) }()
	report, err := s.Check(context.Background(), false)
	require.NoError(k.t, err)
	require.True(k.t, report.Sound(), "%+v", report)
	all := map[string]clock.Set{}
	require.NoError(k.t, s.Ascend("default", "", "", func(key store.Key, set clock.Set) error {
		all[key.Name] = set
		return nil
	}))
	return all
}

// same compares what two peers hold.
func same(t *testing.T, a, b *kept) map[string]clock.Set {
	t.Helper()
	ca, cb := a.contents(), b.contents()
	require.Equal(t, slices.Sorted(maps.Keys(ca)), slices.Sorted(maps.Keys(cb)), "%s\n%s", a.logged(), b.logged())
	for name, set := range ca {
		require.True(t, set.Equal(cb[name]), "%q: %s and %s", name, brief(set), brief(cb[name]))
	}
	return ca
}

// brief gives the dots of an object, and the beginning of each value.
func brief(set clock.Set) string {
	var parts []string
	for _, one := range set.Siblings() {
		parts = append(parts, fmt.Sprintf("%v %.8q", one.Dot, one.Value))
	}
	return strings.Join(parts, ", ")
}

// exact looks for signs that something was lost, or could have come twice: the cursors and queues of both sides always agree. A GAP by
// REAL-017 is none: before its first link a peer does not know the cluster of its remote, and queues for it what has come from there already.
func (k *kept) exact() {
	k.t.Helper()
	r := k.status()
	if r == nil {
		return // it is the next process that answers
	}
	for _, m := range r.Remotes {
		m.Gaps.Filtered = 0
		require.Zero(k.t, m.Gaps, "%s has sent a gap", k.name)
		require.Zero(k.t, m.Positions.Diverged, "%s", k.name)
		require.False(k.t, m.Behind, "%s", k.name)
	}
	for _, s := range r.Sources {
		s.Gaps.Filtered = 0
		require.Zero(k.t, s.Gaps, "%s has got a gap", k.name)
		require.Zero(k.t, s.Positions.Diverged, "%s", k.name)
		require.Zero(k.t, s.Refused+s.Denied+s.Failures, "%s", k.name)
	}
}

// ledger is what writers have tried and what was acknowledged to them, by key. The values of a key are numbers that grow.
type ledger struct {
	mu           sync.Mutex
	tried, acked map[string]int
	count        int
	step         chan struct{} // capacity 1: something was acknowledged
}

func newLedger() *ledger {
	return &ledger{tried: map[string]int{}, acked: map[string]int{}, step: make(chan struct{}, 1)}
}

// write writes keys of its own at a peer until ctx ends, over one link after the other.
func (b *ledger) write(ctx context.Context, k *kept, name string, size int) {
	rnd := rand.New(rand.NewPCG(uint64(len(name)), uint64(size)))
	var l *link.Link
	for n := 1; ctx.Err() == nil; {
		if l == nil || l.Err() != nil {
			addr := k.await(ctx)
			if addr == "" {
				break
			}
			var err error
			if l, err = open(ctx, addr); err != nil {
				l = nil
				continue
			}
		}
		key := fmt.Sprint(name, rnd.IntN(4))
		value := fmt.Appendf(nil, "%d ", n)
		value = append(value, bytes.Repeat([]byte("x"), rnd.IntN(size))...)
		b.mu.Lock()
		b.tried[key] = n
		b.mu.Unlock()
		_, err := access.Put(ctx, l, store.Key{Namespace: "default", Name: key}, access.Seen{}, value)
		if err != nil {
			n++ // nobody knows whether it was written
			_ = l.Close(codec.CodeNoError, "")
			l = nil
			continue
		}
		b.mu.Lock()
		b.acked[key] = n
		b.count++
		b.mu.Unlock()
		n++
		select {
		case b.step <- struct{}{}:
		default:
		}
	}
	if l != nil {
		_ = l.Close(codec.CodeNoError, "")
	}
}

// judge looks for what was lost, and for old values that came back.
func (b *ledger) judge(t *testing.T, all map[string]clock.Set) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotEmpty(t, b.acked)
	for key, acked := range b.acked {
		set := all[key]
		require.Equal(t, 1, set.Len(), "%q has one writer, who replaces what there is: %s", key, brief(set))
		var n int
		_, err := fmt.Sscanf(string(set.Values()[0]), "%d ", &n)
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, acked, "%q: an acknowledged write is gone", key)
		require.LessOrEqual(t, n, b.tried[key], "%q", key)
	}
}

// proxy leads to where a peer is now. It can cut transports after so many bytes.
type proxy struct {
	ln    net.Listener
	where func() string
	wg    sync.WaitGroup

	mu    sync.Mutex
	limit func() int // bytes after which the next transport is cut; 0: never. nil: never
	cuts  int
	moved uint64        // bytes so far
	wake  chan struct{} // capacity 1: bytes have moved
	conns map[net.Conn]struct{}
}

func newProxy(t *testing.T, where func() string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{ln: ln, where: where, wake: make(chan struct{}, 1), conns: map[net.Conn]struct{}{}}
	p.wg.Go(p.run)
	t.Cleanup(func() {
		_ = ln.Close()
		p.mu.Lock()
		for c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.ln.Addr().String() }

func (p *proxy) run() {
	for {
		in, err := p.ln.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.where())
		if err != nil {
			_ = in.Close()
			continue
		}
		p.mu.Lock()
		p.conns[in], p.conns[out] = struct{}{}, struct{}{}
		limit := 0
		if p.limit != nil {
			limit = p.limit()
		}
		p.mu.Unlock()
		left := &left{bytes: limit, cut: limit > 0}
		p.wg.Go(func() { p.copy(out, in, left) })
		p.wg.Go(func() { p.copy(in, out, left) })
	}
}

// left is how much may still go over a transport.
type left struct {
	mu    sync.Mutex
	bytes int
	cut   bool
}

func (l *left) take(n int) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.cut {
		return n, false
	}
	n = min(n, l.bytes)
	l.bytes -= n
	return n, l.bytes == 0
}

func (p *proxy) copy(to, from net.Conn, l *left) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		n, cut := l.take(n)
		_, errW := to.Write(b[:n])
		p.mu.Lock()
		p.moved += uint64(n)
		if cut && err == nil {
			p.cuts++
		}
		p.mu.Unlock()
		select {
		case p.wake <- struct{}{}:
		default:
		}
		if err != nil || errW != nil || cut {
			break
		}
	}
	_ = to.Close()
	_ = from.Close()
	p.mu.Lock()
	delete(p.conns, to)
	delete(p.conns, from)
	p.mu.Unlock()
}

// await returns when so many more bytes have moved, or nothing moves for a while.
func (p *proxy) await(n int) {
	p.mu.Lock()
	end := p.moved + uint64(n)
	p.mu.Unlock()
	t := time.NewTimer(100 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-p.wake:
		case <-t.C:
			return
		}
		p.mu.Lock()
		over := p.moved >= end
		p.mu.Unlock()
		if over {
			return
		}
	}
}

func (p *proxy) cutAfter(limit func() int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = limit
}

func (p *proxy) cutSoFar() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// openNow gives the transports that are open.
func (p *proxy) openNow() map[net.Conn]struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.conns)
}
