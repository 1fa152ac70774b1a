package repair_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	gosync "sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/digest"
	"handfast/refimpl/link"
	"handfast/refimpl/realtime"
	"handfast/refimpl/repair"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that must come.
const patience = 30 * time.Second

const ns = "users"

// node is a store with all that repairs it. It may be closed and opened again.
type node struct {
	t        *testing.T
	id       byte
	dir      string
	queue    uint64          // bytes of the queue of a remote
	settings store.Namespace // of ns
	silent   bool            // it does not offer sync

	file *store.Bolt
	rt   *realtime.Replicated
	p    *repair.Repairer
	stop func()
}

func newNode(t *testing.T, id byte) *node {
	n := &node{t: t, id: id, dir: t.TempDir(), queue: 100 << 20, settings: store.DefaultNamespace()}
	t.Cleanup(n.close)
	return n
}

func (n *node) open() *node {
	n.t.Helper()
	var err error
	n.file, err = store.Open(store.Config{Path: filepath.Join(n.dir, "store"), Namespaces: map[string]store.Namespace{ns: n.settings}})
	require.NoError(n.t, err)
	n.rt, err = realtime.New(realtime.Config{
		Store: n.file, Cluster: n.node(), Dir: n.dir, QueueBytes: &n.queue, RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond,
	})
	require.NoError(n.t, err)
	m, err := sync.NewManager(sync.ManagerConfig{
		Store: n.rt, Namespaces: []string{ns}, Peers: func() []sync.Peer { return nil },
		Through: func(l *link.Link) store.Store { return n.rt.Through(l.Peer().Cluster) },
		Link:    func(context.Context, sync.Peer) (*link.Link, func(), error) { return nil, nil, sync.ErrNoPeer },
	})
	require.NoError(n.t, err)
	n.p, err = repair.New(repair.Config{Realtime: n.rt, Sync: m, Namespaces: []string{ns}, RetryMin: time.Millisecond, RetryMax: 10 * time.Millisecond, Look: 10 * time.Millisecond})
	require.NoError(n.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var wg gosync.WaitGroup
	wg.Go(func() { n.p.Run(ctx) })
	n.stop = func() {
		cancel()
		wg.Wait()
		m.Close()
	}
	return n
}

func (n *node) close() {
	if n.rt == nil {
		return
	}
	n.stop()
	require.NoError(n.t, n.rt.Close())
	require.NoError(n.t, n.file.Close())
	n.rt = nil
}

func (n *node) node() [16]byte { return [16]byte(bytes.Repeat([]byte{n.id}, 16)) }

func (n *node) config() link.Config {
	c := link.Config{Node: n.node(), Cluster: n.node(), Delivery: true, Handlers: map[string]link.Handler{realtime.Proto: n.rt.Sink()}}
	if !n.silent {
		c.Handlers[sync.Proto] = sync.NewHandler(sync.Settings{Store: n.rt, Through: func(l *link.Link) store.Store { return n.rt.Through(l.Peer().Cluster) }})
	}
	return c
}

// join opens a link between two nodes, and gives it to the remotes that are named after the other one.
func join(t *testing.T, a, b *node) (end func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	ca, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	cb, err := ln.Accept()
	require.NoError(t, err)
	var la *link.Link
	var errA error
	var wg gosync.WaitGroup
	wg.Go(func() { la, errA = link.Dial(context.Background(), ca, a.config()) })
	lb, err := link.Accept(context.Background(), cb, b.config())
	wg.Wait()
	require.NoError(t, err)
	require.NoError(t, errA)
	for _, one := range []struct {
		from *node
		name byte
		l    *link.Link
	}{{a, b.id, la}, {b, a.id, lb}} {
		if err := one.from.rt.Attach(string(one.name), one.l); err != nil {
			require.ErrorIs(t, err, realtime.ErrNoRemote)
		}
	}
	end = func() {
		_ = la.Close(codec.CodeNoError, "")
		_ = lb.Close(codec.CodeNoError, "")
		<-la.Done()
		<-lb.Done()
	}
	t.Cleanup(end)
	return end
}

func (n *node) put(value string, keys ...string) {
	n.t.Helper()
	require.NoError(n.t, n.rt.Update(context.Background(), func(tx store.Tx) error {
		for _, k := range keys {
			if _, err := store.Overwrite(tx, store.Key{Namespace: ns, Name: k}, []byte(value)); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (n *node) root() digest.Summary {
	s, err := n.file.Probe(ns, nil, 0)
	require.NoError(n.t, err)
	return s[0]
}

// owes tells whether a CHECK is owed.
func (n *node) owes() bool {
	list, err := n.rt.Debts()
	require.NoError(n.t, err)
	return len(list) > 0
}

// queued is what was ever given to the queue of the only remote.
func (n *node) queued() uint64 { return n.rt.Remotes()[0].Queued }

func (n *node) until(f func() bool, why string) {
	n.t.Helper()
	require.Eventually(n.t, f, patience, time.Millisecond, "%c: %s; %+v", n.id, why, n.p.Status())
}

func names(letter string, count int) (list []string) {
	for i := range count {
		list = append(list, fmt.Sprintf("%s%03d", letter, i))
	}
	return list
}
