package realtime_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
	"handfast/refimpl/realtime"
	"handfast/refimpl/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that must come.
const patience = 30 * time.Second

func waits(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func id(c byte) [16]byte { return [16]byte(bytes.Repeat([]byte{c}, 16)) }

// site is one store with what replicates it.
type site struct {
	t        testing.TB
	id       byte
	dir      string
	cfg      realtime.Config // Store and Cluster are filled in
	store    store.Store
	file     *store.Bolt
	hook     *hooked // nil: none
	resolver store.Resolver
	limits   *codec.Limits // nil: the defaults
	rt       *realtime.Replicated
}

func newSite(t testing.TB, c byte) *site {
	s := &site{t: t, id: c, dir: t.TempDir()}
	s.cfg = realtime.Config{Dir: s.dir, RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond}
	t.Cleanup(s.close)
	return s
}

func at(t testing.TB, c byte) *site { return newSite(t, c).open() }

func (s *site) open() *site {
	s.t.Helper()
	var err error
	usual, large, huge := store.DefaultNamespace(), store.DefaultNamespace(), store.DefaultNamespace()
	usual.Resolver = s.resolver
	huge.MaxValue, huge.MaxObject = hugeObject-64<<10, hugeObject
	large.MaxValue, large.MaxObject = 16<<20-64<<10, 16<<20
	s.file, err = store.Open(store.Config{Path: filepath.Join(s.dir, "store"), Namespaces: map[string]store.Namespace{
		"a": usual, "b": store.DefaultNamespace(), "large": large, "huge": huge,
	}})
	require.NoError(s.t, err)
	s.store = s.file
	if s.hook != nil {
		s.hook.Store = s.file
		s.store = s.hook
	}
	cfg := s.cfg
	cfg.Store, cfg.Cluster = s.store, id(s.id)
	if testing.Verbose() {
		cfg.Logger = slog.New(slog.NewTextHandler(s.t.Output(), nil)).With("site", string(s.id))
	}
	s.rt, err = realtime.New(cfg)
	require.NoError(s.t, err)
	return s
}

func (s *site) close() {
	if s.rt != nil {
		require.NoError(s.t, s.rt.Close())
		require.NoError(s.t, s.file.Close())
		s.rt = nil
	}
}

func (s *site) config() link.Config {
	return link.Config{Node: id(s.id), Cluster: id(s.id), Limits: s.limits, Delivery: true, Handlers: map[string]link.Handler{realtime.Proto: s.rt.Sink()}}
}

// join opens a link between two sites, and gives it to the remotes that lead over it.
func join(t testing.TB, a, b *site) (end func()) {
	t.Helper()
	ca, cb := transports(t)
	return joinOver(t, a, b, ca, cb)
}

func transports(t testing.TB) (a, b net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	a, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	b, err = ln.Accept()
	require.NoError(t, err)
	return a, b
}

// joinOver is join over transports that there are already.
func joinOver(t testing.TB, a, b *site, ca, cb net.Conn) (end func()) {
	t.Helper()
	la, lb := opened(t, a, b, ca, cb)
	attach(t, a, string(b.id), la)
	attach(t, b, string(a.id), lb)
	return closing(la, lb)
}

// joinNamed opens a link that is given to the remotes of these names alone, where they have one.
func joinNamed(t testing.TB, a, b *site, nameA, nameB string) (end func()) {
	t.Helper()
	ca, cb := transports(t)
	la, lb := opened(t, a, b, ca, cb)
	if nameA != "" {
		attach(t, a, nameA, la)
	}
	if nameB != "" {
		attach(t, b, nameB, lb)
	}
	return closing(la, lb)
}

func closing(links ...*link.Link) func() {
	return func() {
		for _, l := range links {
			_ = l.Close(0, "")
		}
	}
}

func opened(t testing.TB, a, b *site, ca, cb net.Conn) (la, lb *link.Link) {
	t.Helper()
	var errA error
	var wg sync.WaitGroup
	wg.Go(func() { la, errA = link.Dial(context.Background(), ca, a.config()) })
	lb, err := link.Accept(context.Background(), cb, b.config())
	wg.Wait()
	require.NoError(t, errA)
	require.NoError(t, err)
	return la, lb
}

// attach gives a link to the remote that is named after the other site, where there is one.
func attach(t testing.TB, from *site, name string, l *link.Link) {
	err := from.rt.Attach(name, l)
	if err != nil {
		require.ErrorIs(t, err, realtime.ErrNoRemote)
	}
}

// hooked is a store that does something around each commit.
type hooked struct {
	store.Store
	mu     sync.Mutex
	before func() error // an error is that of Update
	after  func()       // behind a commit, before Update returns
}

func (h *hooked) Update(ctx context.Context, f func(store.Tx) error) error {
	h.mu.Lock()
	before, after := h.before, h.after
	h.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return err
		}
	}
	err := h.Store.Update(ctx, f)
	if err == nil && after != nil {
		after()
	}
	return err
}

func (h *hooked) set(before func() error, after func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before, h.after = before, after
}

// copied is the site as it would be after the end of its process in this moment.
func (s *site) copied() *site {
	s.t.Helper()
	c := newSite(s.t, s.id)
	files, err := os.ReadDir(s.dir)
	require.NoError(s.t, err)
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(s.dir, f.Name()))
		require.NoError(s.t, err)
		require.NoError(s.t, os.WriteFile(filepath.Join(c.dir, f.Name()), b, 0o600))
	}
	return c
}

// queued closes a site and reads what lies in the queue of a remote.
func (s *site) queued(name string) (list []codec.Realtime) {
	s.t.Helper()
	s.close()
	q, err := delivery.OpenDurable(filepath.Join(s.dir, "queue-"+name), name, 100<<20)
	require.NoError(s.t, err)
	defer q.Close()
	for n := q.Head().First; n < q.Head().Next; n++ {
		data, ok := q.Get(n)
		if !ok {
			continue
		}
		rec, err := codec.ParseRealtime(data)
		require.NoError(s.t, err)
		list = append(list, rec)
	}
	return list
}

// remote reads the state of the only remote.
func (s *site) remote() realtime.RemoteStatus {
	s.t.Helper()
	list := s.rt.Remotes()
	require.Len(s.t, list, 1)
	return list[0]
}

// source reads the state of the only source; the zero state where there is none yet.
func (s *site) source() realtime.SourceStatus {
	s.t.Helper()
	list, err := s.rt.Sources()
	require.NoError(s.t, err)
	if len(list) == 0 {
		return realtime.SourceStatus{}
	}
	require.Len(s.t, list, 1)
	return list[0]
}

func key(s string) store.Key { return store.Key{Namespace: "a", Name: s} }

func (s *site) put(k store.Key, value string) {
	s.t.Helper()
	require.NoError(s.t, s.rt.Update(context.Background(), func(tx store.Tx) error {
		_, err := store.Overwrite(tx, k, []byte(value))
		return err
	}))
}

func (s *site) get(k store.Key) clock.Set {
	s.t.Helper()
	set, err := s.store.Get(k)
	if err != nil {
		require.Equal(s.t, store.CodeNotFound, store.CodeOf(err))
	}
	return set
}

// holds waits until the store has one value under a key, and no other.
func (s *site) holds(k store.Key, value string) {
	s.t.Helper()
	s.until(func() bool {
		set := s.get(k)
		return set.Len() == 1 && string(set.Values()[0]) == value
	}, "%s has no %.20q under %v", string(s.id), value, k)
}

// until waits for something that a commit of the site makes true.
func (s *site) until(f func() bool, why string, args ...any) {
	s.t.Helper()
	require.Eventually(s.t, f, patience, time.Millisecond, fmt.Sprintf(why, args...))
}
