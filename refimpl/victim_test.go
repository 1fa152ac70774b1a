package refimpl_test

import (
	"context"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that must come.
const patience = 30 * time.Second

// victim is a real peer on loopback, with an honest link to it that calls echo all the time.
type victim struct {
	t      testing.TB
	peer   *refimpl.Peer
	addr   string
	ln     *countingListener
	honest *link.Link

	nodes int // attackers so far

	ended      atomic.Bool
	calls      []time.Duration // owned by echo until it has ended, like idle
	idle       []time.Duration // what a wait that ends by itself took longer than asked, beside each call: how busy the machine is
	echoes, wg sync.WaitGroup
	stop       context.CancelFunc
	goroutines int // with the victim and the honest link alone
	heap       int // the same
}

// shortLimits are limits under which time runs fast.
func shortLimits() codec.Limits {
	l := codec.DefaultLimits()
	l.PingMS, l.PingMinMS, l.IdleMS, l.MessageMS = 100, 10, 2000, 100
	return l
}

// attackOn starts a victim. It ends with the test, which then asserts that the honest link was served all the time.
func attackOn(t testing.TB, change func(c *refimpl.Config)) *victim {
	t.Helper()
	lim := shortLimits()
	cfg := refimpl.Config{
		Link:              link.Config{Node: [16]byte{0xAA}, Limits: &lim, OpenTimeout: 300 * time.Millisecond},
		MaxOpeningPerHost: new(1000), DrainTimeout: new(time.Second),
	}
	if change != nil {
		change(&cfg)
	}
	p, err := refimpl.New(cfg)
	require.NoError(t, err)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ln := &countingListener{Listener: inner}
	v := &victim{t: t, peer: p, addr: ln.Addr().String(), ln: ln}
	ctx, cancel := context.WithCancel(context.Background())
	v.stop = cancel
	v.wg.Go(func() {
		if err := p.Serve(ctx, ln); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	v.honest = v.dial()
	v.echoes.Go(v.echo)
	v.wait("the honest link", func() bool { return p.Stats().Accepted == 1 })
	v.goroutines = runtime.NumGoroutine()
	v.heap, _ = heap()
	t.Cleanup(v.end)
	return v
}

// dial opens an honest link.
func (v *victim) dial() *link.Link {
	v.t.Helper()
	conn, err := net.Dial("tcp", v.addr)
	require.NoError(v.t, err)
	lim := codec.DefaultLimits()
	lim.PingMinMS = 10
	l, err := link.Dial(context.Background(), conn, link.Config{Node: [16]byte{1}, Limits: &lim, Protos: map[string][]uint16{call.Proto: {1}}})
	require.NoError(v.t, err)
	return l
}

// echo calls echo until the test ends. Every call must be answered, and rightly.
func (v *victim) echo() {
	var buf []byte
	every := time.NewTicker(2 * time.Millisecond)
	defer every.Stop()
	for !v.ended.Load() {
		from := time.Now()
		<-every.C
		<-every.C
		v.idle = append(v.idle, max(time.Since(from)-4*time.Millisecond, 0))
		from = time.Now()
		got, err := call.Call(context.Background(), v.honest, "echo", []byte("honest"), buf[:0])
		if err != nil || string(got) != "honest" {
			v.t.Errorf("the honest link: %q, %v", got, err)
			return
		}
		buf = got
		v.calls = append(v.calls, time.Since(from))
	}
}

// end asserts what holds after every attack: others were served, and nothing stays behind.
func (v *victim) end() {
	v.ended.Store(true)
	v.echoes.Wait()
	_ = v.honest.Close(codec.CodeNoError, "")
	v.stop()
	v.wg.Wait()
	if v.t.Failed() {
		return
	}
	require.NotEmpty(v.t, v.calls)
	slices.Sort(v.calls)
	slices.Sort(v.idle)
	// On a quiet machine a call takes 0.1 ms. These bounds say that nobody had to wait for the attackers, not how fast it is:
	// on a machine where a timer is late, a call, which takes several turns of the scheduler, may be later.
	half, most := len(v.calls)/2, len(v.calls)-1
	require.Less(v.t, v.calls[half], 100*time.Millisecond+10*v.idle[half], "half of the honest calls")
	require.Less(v.t, v.calls[most], 3*time.Second+10*v.idle[most], "the slowest honest call")
}

// alone waits until only the victim and its honest link are left.
func (v *victim) alone() {
	v.t.Helper()
	v.wait("links stay open", func() bool { return v.peer.Stats().Links == 1 && v.peer.Stats().Opening == 0 })
	v.wait("goroutines stay", func() bool { return runtime.NumGoroutine() <= v.goroutines })
	now, _ := heap()
	require.Less(v.t, now-v.heap, 1<<20, "bytes that stay")
}

// wait looks again and again: neither the runtime's count of goroutines nor a peer's counters tell when they change. It adds
// no goroutine, so that goroutines can be counted.
func (v *victim) wait(what string, done func() bool) {
	v.t.Helper()
	every := time.NewTicker(time.Millisecond)
	defer every.Stop()
	for from := time.Now(); !done(); <-every.C {
		require.Less(v.t, time.Since(from), patience, what)
	}
}

// countingListener counts what was read from each connection, by the other side's address: what has arrived.
type countingListener struct {
	net.Listener
	read sync.Map // address -> *arrivals
}

// arrivals counts bytes that were read.
type arrivals struct {
	mu      sync.Mutex // guards the fields below
	n       int64
	changed chan struct{} // closed when n grows; nil: nobody waits
}

func (l *countingListener) arrivals(addr net.Addr) *arrivals {
	n, _ := l.read.LoadOrStore(addr.String(), new(arrivals))
	return n.(*arrivals)
}

func (a *arrivals) add(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n += int64(n); a.changed != nil {
		close(a.changed)
		a.changed = nil
	}
}

// count gives the bytes so far, and what is closed when there are more.
func (a *arrivals) count() (n int64, more <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changed == nil {
		a.changed = make(chan struct{})
	}
	return a.n, a.changed
}

// Accept gives a connection that counts.
func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{TCPConn: c.(*net.TCPConn), n: l.arrivals(c.RemoteAddr())}, nil
}

type countingConn struct {
	*net.TCPConn
	n *arrivals
}

// Read counts.
func (c *countingConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	c.n.add(n)
	return n, err
}

// heap is what is allocated and reachable, and what the stacks of goroutines take. The stacks and descriptors of goroutines
// that have ended are kept by the runtime for the next ones: they are in stacks.
func heap() (heap, stacks int) {
	runtime.GC()
	runtime.GC() // pools give up what they hold after two
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc), int(m.StackInuse)
}

// allowance is what an attacking link may cost beside twice what it has sent (FRAME-020, issue "Bad input"), in bytes.
const allowance = 64 << 10

// heldBy measures what the attackers make the victim hold: f brings them to where they hold most. The bound is twice what
// they have sent and 64 KiB each. The attackers live in the same process, so that their own buffers are measured too, and
// so is what the test framework and the honest link do meanwhile: 512 KiB for all of them together are taken for noise.
func (v *victim) heldBy(list []*attacker, f func(a *attacker), more ...int) {
	v.t.Helper()
	heap0, stacks0 := heap()
	sent := 0
	for _, a := range list {
		sent -= int(a.sent.Load())
	}
	together(list, f)
	heap1, stacks1 := heap()
	held := heap1 - heap0 + stacks1 - stacks0
	for _, a := range list {
		sent += int(a.sent.Load())
	}
	bound := 2*sent + allowance*len(list)
	for _, n := range more {
		bound += n * len(list)
	}
	v.t.Logf("%d links sent %d bytes and hold %d, %d each; bound %d each", len(list), sent, held, held/len(list), bound/len(list))
	require.LessOrEqual(v.t, held, bound+512<<10)
}
