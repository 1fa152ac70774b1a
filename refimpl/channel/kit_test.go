package channel_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// proto is the sub-protocol of the tests.
const proto = "t"

// patience bounds every wait for something that must come.
const patience = 30 * time.Second

var errDisk = errors.New("no space left on device")

// books is a store in memory that outlives its Sink, as a disk does. It keeps the effects of records in order, and cursors.
type books struct {
	mu      sync.Mutex
	cursors map[delivery.Key]delivery.Cursor
	effects map[delivery.Key][]effect
	lost    map[delivery.Key]map[uint64]bool
	fail    func(at string) (err error, done bool) // nil: never. done: it is durable all the same
	commits int
}

type effect struct {
	seq     uint64
	data    string
	flagged bool
}

func newBooks() *books {
	return &books{cursors: map[delivery.Key]delivery.Cursor{}, effects: map[delivery.Key][]effect{}, lost: map[delivery.Key]map[uint64]bool{}}
}

// of gives the store as one life of the process sees it: end it, and nothing more becomes durable.
func (b *books) of(plain bool) *life { return &life{books: b, plain: plain} }

type life struct {
	*books
	plain  bool
	inline bool
	over   bool // guarded by books.mu
}

func (l *life) crash() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
}

func (l *life) do(at string, f func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return errors.New("crashed")
	}
	if l.fail != nil {
		if err, done := l.fail(at); err != nil {
			if done {
				f()
			}
			return err
		}
	}
	f()
	return nil
}

func (l *life) Cursors() (map[delivery.Key]delivery.Cursor, error) {
	var c map[delivery.Key]delivery.Cursor
	err := l.do("cursors", func() { c = maps.Clone(l.cursors) })
	return c, err
}

func (l *life) Keep(key delivery.Key, c delivery.Cursor) error {
	return l.do("keep", func() { l.cursors[key] = c.Clone() })
}

func (l *life) put(key delivery.Key, items []channel.Item) {
	for _, i := range items {
		if i.Gap != nil {
			if l.lost[key] == nil {
				l.lost[key] = map[uint64]bool{}
			}
			for _, r := range i.Gap.Lost {
				for n := r.First; n <= r.Last; n++ {
					l.lost[key][n] = true
				}
			}
			continue
		}
		l.effects[key] = append(l.effects[key], effect{i.Record.Seq, string(i.Record.Data), i.Record.PossibleDup})
	}
}

func (l *life) Commit(b *channel.Batch) error {
	return l.do("commit", func() {
		items, next := b.New(l.cursors[b.Key])
		l.put(b.Key, items)
		l.cursors[b.Key] = next
		l.commits++
	})
}

func (l *life) Apply(b *channel.Batch) error {
	return l.do("apply", func() { l.put(b.Key, b.Items); l.commits++ })
}

// peer is one side of links.
func config(node byte, sink *channel.Sink) link.Config {
	c := link.Config{Node: [16]byte{node}, Delivery: true, Protos: map[string][]uint16{proto: {1}}}
	if sink != nil {
		c.Handlers = map[string]link.Handler{proto: sink}
	}
	return c
}

// linked opens a link over conns.
func linked(t testing.TB, a, b net.Conn, ca, cb link.Config) (*link.Link, *link.Link) {
	t.Helper()
	var la *link.Link
	var errA error
	var wg sync.WaitGroup
	wg.Go(func() { la, errA = link.Dial(context.Background(), a, ca) })
	lb, err := link.Accept(context.Background(), b, cb)
	wg.Wait()
	require.NoError(t, errA)
	require.NoError(t, err)
	return la, lb
}

func end(links ...*link.Link) {
	for _, l := range links {
		_ = l.Close(0, "")
	}
}

func newSink(t testing.TB, l *life) *channel.Sink {
	t.Helper()
	cfg := channel.SinkConfig{Transactional: l, RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond}
	if l.plain {
		cfg = channel.SinkConfig{Plain: l, RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond}
	}
	cfg.Inline = l.inline
	s, err := channel.NewSink(cfg)
	require.NoError(t, err)
	return s
}

func newSource(q channel.Queue) *channel.Source {
	return channel.NewSource(channel.SourceConfig{Queue: q, Proto: proto, RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond})
}

func waits(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func record(i int) []byte { return fmt.Appendf(nil, "record %d", i) }
