package sync_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	gosync "sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ns = "users"

func settings(path string) store.Config {
	last := store.DefaultNamespace()
	last.Resolver = store.LastWriter()
	return store.Config{Path: path, Namespaces: map[string]store.Namespace{
		ns: store.DefaultNamespace(), "other": store.DefaultNamespace(), "last": last,
	}}
}

func open(t testing.TB, change ...func(*store.Config)) *store.Bolt {
	t.Helper()
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	for _, f := range change {
		f(&cfg)
	}
	s, err := store.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func key(name string) store.Key { return store.Key{Namespace: ns, Name: name} }

func update(t testing.TB, s store.Store, f func(store.Tx) error) {
	t.Helper()
	require.NoError(t, s.Update(context.Background(), f))
}

// put overwrites objects in one transaction.
func put(t testing.TB, s store.Store, value string, keys ...string) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		for _, k := range keys {
			if _, err := store.Overwrite(tx, key(k), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	})
}

func remove(t testing.TB, s store.Store, k string) {
	t.Helper()
	update(t, s, func(tx store.Tx) error { _, err := store.Remove(tx, key(k)); return err })
}

func merge(t testing.TB, s store.Store, k store.Key, set clock.Set) (r store.Result) {
	t.Helper()
	update(t, s, func(tx store.Tx) error { r = tx.Merge(k, set, nil); return nil })
	return r
}

// names gives n keys with a letter in front.
func names(letter string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s%05d", letter, i)
	}
	return list
}

func values(t testing.TB, s store.Store, k string) (list []string) {
	t.Helper()
	set, err := s.Get(key(k))
	if store.CodeOf(err) == store.CodeNotFound {
		return nil
	}
	require.NoError(t, err)
	for _, v := range set.Values() {
		list = append(list, string(v))
	}
	return list
}

func root(t testing.TB, s store.Store) digest.Summary { return rootOf(t, s, ns) }

func rootOf(t testing.TB, s store.Store, namespace string) digest.Summary {
	t.Helper()
	list, err := s.Probe(namespace, nil, 0)
	require.NoError(t, err)
	return list[0]
}

func tcpPair(t testing.TB) (dialer, acceptor net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	dialer, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	acceptor, err = ln.Accept()
	require.NoError(t, err)
	return dialer, acceptor
}

// pair is two open links, whose acceptor serves with h.
func pair(t testing.TB, h link.Handler) (d, a *link.Link) {
	t.Helper()
	dc, ac := tcpPair(t)
	return pairOver(t, dc, ac, h)
}

func pairOver(t testing.TB, dc, ac net.Conn, h link.Handler) (d, a *link.Link) {
	t.Helper()
	dial := link.Config{Node: [16]byte{1}, Protos: map[string][]uint16{sync.Proto: {sync.Version}}}
	accept := link.Config{Node: [16]byte{2}, Handlers: map[string]link.Handler{sync.Proto: h}}
	var wg gosync.WaitGroup
	var aerr error
	wg.Go(func() { a, aerr = link.Accept(context.Background(), ac, accept) })
	d, derr := link.Dial(context.Background(), dc, dial)
	wg.Wait()
	require.NoError(t, derr)
	require.NoError(t, aerr)
	t.Cleanup(func() {
		_ = d.Close(codec.CodeNoError, "")
		<-a.Done()
	})
	return d, a
}

// exchange runs a session between two stores over a link.
func exchange(t testing.TB, from, to store.Store, change ...func(*sync.Options)) *sync.Report {
	t.Helper()
	d, _ := pair(t, sync.NewHandler(sync.Settings{Store: to}))
	o := sync.Options{Store: from, Namespace: ns}
	for _, f := range change {
		f(&o)
	}
	r, err := sync.Run(t.Context(), d, o)
	require.NoError(t, err)
	return r
}
