package channel_test

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

var (
	runs = flag.Int("delivery.runs", 200, "seeded runs of TestFaults")
	from = flag.Int("delivery.seed", 0, "first seed of TestFaults")
)

// cutter is a transport that ends after so many bytes, in the middle of whatever they are.
type cutter struct {
	net.Conn
	left atomic.Int64
}

func (c *cutter) Write(b []byte) (int, error) {
	left := c.left.Add(-int64(len(b)))
	if left >= 0 {
		return c.Conn.Write(b)
	}
	n := max(0, int(left)+len(b))
	if n > 0 {
		n, _ = c.Conn.Write(b[:n])
	}
	_ = c.Conn.Close()
	return n, net.ErrClosed
}

// kind is what ends with a process.
type kind struct {
	name    string
	durable bool // the queue is
	plain   bool // the store is
	limit   uint64
	inline  bool // the sink applies where it reads
}

var kinds = []kind{
	{"durable queue, transactional sink", true, false, plenty, false},
	{"durable queue, plain sink", true, true, plenty, false},
	{"volatile queue, transactional sink", false, false, plenty, false},
	{"small queue, transactional sink", false, false, 20_000, false},
	{"volatile queue, transactional sink inline", false, false, plenty, true},
	{"durable queue, plain sink inline", true, true, plenty, true},
}

// trial is one run: a source and a sink, links that are cut, and lives that end.
type trial struct {
	t     *testing.T
	kind  kind
	rnd   *rand.Rand
	dir   string
	books *books
	life  *life
	sink  *channel.Sink
	queue channel.Queue
	file  string
	src   *channel.Source
	links []*link.Link // all that were opened
	next  uint64       // number of the next record
	ln    net.Listener

	cuts, sinkCrashes, sourceCrashes, fenced int
}

// TestFaults: links that are cut anywhere, and processes that end anywhere, lose nothing; what is lost with a queue lies in exact
// gaps; what a transactional sink applies it applies once, in order; what a plain one applies again is flagged.
func TestFaults(t *testing.T) {
	defer goleak.VerifyNone(t)
	var next, cuts, sinks, sources, fenced atomic.Int64
	var wg sync.WaitGroup
	if testing.Short() {
		*runs = min(*runs, 40)
	}
	next.Store(int64(*from))
	for range 2 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1) - 1; seed < int64(*from+*runs) && !t.Failed(); seed = next.Add(1) - 1 {
				one := &trial{t: t, kind: kinds[seed%int64(len(kinds))], rnd: rand.New(rand.NewPCG(uint64(seed), 7)), dir: t.TempDir()}
				if err := one.run(); err != nil {
					t.Errorf("seed %d, %s: %v", seed, one.kind.name, err)
				}
				cuts.Add(int64(one.cuts))
				sinks.Add(int64(one.sinkCrashes))
				sources.Add(int64(one.sourceCrashes))
				fenced.Add(int64(one.fenced))
			}
		})
	}
	wg.Wait()
	t.Logf("%d runs: %d links cut, %d sinks and %d sources crashed, %d links superseded", *runs, cuts.Load(), sinks.Load(), sources.Load(), fenced.Load())
	require.NotZero(t, cuts.Load())
	require.NotZero(t, sinks.Load())
	require.NotZero(t, sources.Load())
	require.NotZero(t, fenced.Load())
}

func (r *trial) run() error {
	var err error
	if r.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	defer r.ln.Close()
	r.books, r.next = newBooks(), 1
	r.startSink()
	if err := r.startSource(); err != nil {
		return err
	}
	defer func() {
		r.src.Close()
		end(r.links...)
		r.sink.Close()
		if q, ok := r.queue.(*delivery.Durable); ok {
			_ = q.Close()
		}
	}()
	for range 4 + r.rnd.IntN(8) {
		if err := r.stage(); err != nil {
			return err
		}
	}
	l := r.dial(1 << 40)
	if l == nil {
		return fmt.Errorf("no last link")
	}
	r.src.Attach(l)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.push(ctx, 3); err != nil {
		return err
	}
	if err := r.src.AwaitStable(ctx, r.next-1); err != nil {
		return fmt.Errorf("not all stable: %w: %+v %+v", err, r.src.Stats(), r.sink.Stats())
	}
	return r.judge()
}

// stage is some records over a link that is cut at random, with a crash now and then.
func (r *trial) stage() error {
	l := r.dial(int64(1500 + r.rnd.IntN(20_000)))
	if l != nil {
		r.src.Attach(l)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.push(ctx, r.rnd.IntN(60)); err != nil {
		return err
	}
	switch r.rnd.IntN(6) {
	case 0:
		r.life.crash()
		end(r.links...)
		r.sink.Close()
		r.startSink()
		r.sinkCrashes++
		return nil
	case 1:
		r.sourceCrashes++
		return r.crashSource()
	case 2: // a newer link while the older one lives
		r.fenced++
		return nil
	}
	if l == nil {
		return nil
	}
	go func() { // ends with the link, or the stage
		select {
		case <-l.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	if r.src.AwaitStable(ctx, r.next-1) != nil {
		r.cuts++
	}
	return nil
}

func (r *trial) startSink() {
	r.life = r.books.of(r.kind.plain)
	r.life.inline = r.kind.inline
	r.sink = newSink(r.t, r.life)
}

func (r *trial) startSource() (err error) {
	if r.kind.durable {
		r.file = filepath.Join(r.dir, "queue")
		r.queue, err = delivery.OpenDurable(r.file, "q", r.kind.limit)
	} else {
		r.queue = delivery.NewVolatile("q", r.kind.limit)
	}
	r.src = newSource(r.queue)
	return err
}

// crashSource ends the source's process: a durable queue keeps what its file has at this moment, a volatile one its head.
func (r *trial) crashSource() (err error) {
	if q, ok := r.queue.(*delivery.Durable); ok {
		was, err := os.ReadFile(r.file)
		if err != nil {
			return err
		}
		r.src.Close()
		_ = q.Close()
		r.file = filepath.Join(r.dir, fmt.Sprintf("queue%d", r.rnd.Uint64()))
		if err := os.WriteFile(r.file, was, 0o600); err != nil {
			return err
		}
		if r.queue, err = delivery.OpenDurable(r.file, "q", r.kind.limit); err != nil {
			return err
		}
	} else {
		r.src.Close()
		r.queue = delivery.Resume(r.queue.Head(), r.kind.limit)
	}
	r.src = newSource(r.queue)
	return nil
}

// dial opens a link whose transport ends after about so many bytes; nil: it has ended during the opening.
func (r *trial) dial(bytes int64) *link.Link {
	var a, b net.Conn
	if r.rnd.IntN(2) == 0 {
		a, b = net.Pipe()
	} else {
		accepted := make(chan net.Conn, 1)
		go func() {
			c, _ := r.ln.Accept()
			accepted <- c
		}()
		a, _ = net.Dial("tcp", r.ln.Addr().String())
		b = <-accepted
	}
	ca, cb := &cutter{Conn: a}, &cutter{Conn: b}
	ca.left.Store(bytes)
	cb.left.Store(max(bytes/int64(1+r.rnd.IntN(20)), 1000)) // acknowledgements are small
	var la, lb *link.Link
	var wg sync.WaitGroup
	wg.Go(func() { la, _ = link.Dial(context.Background(), ca, config(1, nil)) })
	lb, _ = link.Accept(context.Background(), cb, config(2, r.sink))
	wg.Wait()
	for _, l := range []*link.Link{la, lb} {
		if l != nil {
			r.links = append(r.links, l)
		}
	}
	if la == nil || lb == nil {
		r.cuts++
		return nil
	}
	return la
}

// push makes records that begin with their number.
func (r *trial) push(ctx context.Context, n int) error {
	for range n {
		size := 8 + r.rnd.IntN(200)
		if r.rnd.IntN(20) == 0 {
			size = 8 + r.rnd.IntN(4000)
		}
		data := binary.BigEndian.AppendUint64(nil, r.next)
		data = append(data, make([]byte, size-8)...)
		seq, err := r.src.Push(ctx, data)
		if err != nil {
			return err
		}
		if seq != r.next {
			return fmt.Errorf("number %d, want %d", seq, r.next)
		}
		r.next++
	}
	return nil
}

// judge compares the books with what was pushed.
func (r *trial) judge() error {
	r.books.mu.Lock()
	defer r.books.mu.Unlock()
	if len(r.books.cursors) != 1 {
		return fmt.Errorf("%d cursors", len(r.books.cursors))
	}
	for key, c := range r.books.cursors {
		if c.Stable != r.next-1 {
			return fmt.Errorf("stable %d, want %d", c.Stable, r.next-1)
		}
		seen := map[uint64]bool{}
		last := uint64(0)
		for _, e := range r.books.effects[key] {
			if got := binary.BigEndian.Uint64([]byte(e.data)); got != e.seq {
				return fmt.Errorf("record %d came as %d", got, e.seq)
			}
			if seen[e.seq] && (!r.kind.plain || !e.flagged) {
				return fmt.Errorf("record %d was applied twice, flagged %v", e.seq, e.flagged)
			}
			if e.seq <= last && !r.kind.plain {
				return fmt.Errorf("record %d came behind %d", e.seq, last)
			}
			seen[e.seq], last = true, e.seq
		}
		lost := r.books.lost[key]
		for n := uint64(1); n < r.next; n++ {
			if seen[n] == lost[n] {
				return fmt.Errorf("record %d: applied %v, lost %v", n, seen[n], lost[n])
			}
		}
		if r.kind.durable && len(lost) > 0 {
			return fmt.Errorf("%d records lost with a durable queue", len(lost))
		}
	}
	return nil
}
