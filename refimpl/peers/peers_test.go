package peers_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	gosync "sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
	"handfast/refimpl/peers"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openStore(t *testing.T, path string) *store.Bolt {
	t.Helper()
	s, err := store.Open(store.Config{Path: path, Namespaces: map[string]store.Namespace{"users": store.DefaultNamespace()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openList(t *testing.T) *peers.List {
	t.Helper()
	l, err := peers.Open(openStore(t, filepath.Join(t.TempDir(), "db")))
	require.NoError(t, err)
	return l
}

const (
	nodeA = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
	nodeB = "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
	nodeC = "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"
)

func keyOf(c string) string { return "key:" + strings.Repeat(c, 64) }

// TestF19PeersAreData: what was added is there in the next process, for the scheduler too; what was removed is not.
func TestF19PeersAreData(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "db")
	s := openStore(t, path)
	l, err := peers.Open(s)
	require.NoError(t, err)
	require.Empty(t, l.All())
	paris := peers.Peer{Name: "paris", Address: "127.0.0.1:7402", Node: nodeA, Cluster: nodeB, Key: keyOf("0")}
	require.NoError(t, l.Add(ctx, paris))
	require.NoError(t, l.Add(ctx, peers.Peer{Name: "rome", Address: "rome:7400"}))
	require.NoError(t, l.Add(ctx, peers.Peer{Name: "known", Node: nodeC}))
	require.NoError(t, l.Add(ctx, peers.Peer{Name: "rome", Address: "rome:7401"}))
	require.NoError(t, l.Remove(ctx, "known"))
	require.ErrorIs(t, l.Remove(ctx, "known"), peers.ErrNoPeer)
	require.NoError(t, s.Close())

	l, err = peers.Open(openStore(t, path))
	require.NoError(t, err)
	all := l.All()
	require.Len(t, all, 2)
	require.Equal(t, paris, all[0].Peer)
	require.Equal(t, "rome:7401", all[1].Address)
	list := l.Sync()
	require.Equal(t, "paris", list[0].Name)
	require.Equal(t, paris.ID(), list[0].Node)
	require.Equal(t, [16]byte{}, list[1].Node)

	l.Note("rome", &sync.Report{Outcome: sync.OK}, nil)
	l.Note("rome", &sync.Report{}, errors.New("no link"))
	l.Note("stranger", &sync.Report{}, nil)
	all = l.All()
	require.EqualValues(t, 2, all[1].Sessions)
	require.Equal(t, "failed", all[1].Outcome)
	require.Equal(t, "no link", all[1].Error)
	require.NotNil(t, all[1].LastWhole)
	require.Zero(t, all[0].State)
}

func TestPeersAreBounded(t *testing.T) {
	l := openList(t)
	for i := range 1024 {
		require.NoError(t, l.Add(t.Context(), peers.Peer{Name: fmt.Sprint("p", i)}))
	}
	require.ErrorIs(t, l.Add(t.Context(), peers.Peer{Name: "one-more"}), peers.ErrMany)
	require.NoError(t, l.Add(t.Context(), peers.Peer{Name: "p7", Address: "host:1"}))
	for name, p := range map[string]peers.Peer{
		"no name":          {},
		"a long name":      {Name: strings.Repeat("a", 33)},
		"a name":           {Name: "A B"},
		"no port":          {Name: "a", Address: "host"},
		"an empty port":    {Name: "a", Address: "host:"},
		"a long address":   {Name: "a", Address: strings.Repeat("h", 300) + ":1"},
		"a short node":     {Name: "a", Node: "a1"},
		"an upper-case id": {Name: "a", Node: strings.ToUpper(nodeA)},
		"a cluster":        {Name: "a", Cluster: strings.Repeat("x", 32)},
		"a key":            {Name: "a", Node: nodeA, Key: "key:00"},
		"an empty key":     {Name: "a", Node: nodeA, Key: "key:"},
		"a claim":          {Name: "a", Node: nodeA, Key: "node:" + nodeA},
		"a key of nobody":  {Name: "a", Key: keyOf("0")},
	} {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, l.Add(t.Context(), p), peers.ErrPeer) })
	}
}

func id(c byte) (id [16]byte) {
	for i := range id {
		id[i] = c
	}
	return id
}

// TestF20Admit: an id that is bound belongs to its key alone, and a key that is bound has its ids alone.
func TestF20Admit(t *testing.T) {
	l := openList(t)
	ctx := t.Context()
	require.NoError(t, l.Add(ctx, peers.Peer{Name: "a", Node: nodeA, Cluster: nodeC, Key: keyOf("a")}))
	require.NoError(t, l.Add(ctx, peers.Peer{Name: "a2", Node: nodeB, Cluster: nodeC, Key: keyOf("b")})) // of the same cluster
	require.NoError(t, l.Add(ctx, peers.Peer{Name: "free", Node: strings.Repeat("d4", 16)}))
	for _, tc := range []struct {
		name          string
		proved        string
		node, cluster byte
		good          bool
	}{
		{"the one", keyOf("a"), 0xA1, 0xC3, true},
		{"the other of the cluster", keyOf("b"), 0xB2, 0xC3, true},
		{"its node by another key", keyOf("e"), 0xA1, 0xC3, false},
		{"its node by the key of its sibling", keyOf("b"), 0xA1, 0xC3, false},
		{"its node without TLS", "", 0xA1, 0xC3, false},
		{"its node and another cluster, by another key", keyOf("e"), 0xA1, 0x77, false},
		{"its cluster by another key", keyOf("e"), 0x55, 0xC3, false},
		{"its key and another node", keyOf("a"), 0x55, 0xC3, false},
		{"its key and another cluster", keyOf("a"), 0xA1, 0x77, false},
		{"a stranger", keyOf("e"), 0x55, 0x77, true},
		{"a stranger without TLS", "", 0x55, 0x77, true},
		{"an id that is not bound", keyOf("e"), 0xD4, 0x77, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := l.Admit(tc.proved, &codec.Hello{Node: id(tc.node), Cluster: id(tc.cluster)})
			require.Equal(t, tc.good, err == nil, "%v", err)
		})
	}
}

// TestF20Expect: whoever answers at the address of a peer is held to all that is known of it.
func TestF20Expect(t *testing.T) {
	p := peers.Peer{Name: "a", Node: nodeA, Cluster: nodeC, Key: keyOf("a")}
	hello := &codec.Hello{Node: id(0xA1), Cluster: id(0xC3)}
	require.NoError(t, p.Expect(keyOf("a"), hello))
	require.Error(t, p.Expect(keyOf("b"), hello))
	require.Error(t, p.Expect("", hello))
	require.Error(t, p.Expect(keyOf("a"), &codec.Hello{Node: id(1), Cluster: id(0xC3)}))
	require.Error(t, p.Expect(keyOf("a"), &codec.Hello{Node: id(0xA1), Cluster: id(1)}))
	require.NoError(t, (&peers.Peer{Name: "any"}).Expect("", hello))
}

// serving gives a link to a peer that has the methods.
func serving(t *testing.T, l *peers.List) *link.Link {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	dc, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	ac, err := ln.Accept()
	require.NoError(t, err)
	srv := call.NewServer()
	peers.AddMethods(srv, l, nil)
	var d *link.Link
	var derr error
	var wg gosync.WaitGroup
	wg.Go(func() {
		d, derr = link.Dial(context.Background(), dc, link.Config{Node: id(1), Protos: map[string][]uint16{call.Proto: {call.Version}}})
	})
	a, err := link.Accept(context.Background(), ac, link.Config{Node: id(2), Handlers: map[string]link.Handler{call.Proto: srv}})
	wg.Wait()
	require.NoError(t, err)
	require.NoError(t, derr)
	t.Cleanup(func() {
		_ = d.Close(codec.CodeNoError, "")
		<-a.Done()
	})
	return d
}

// TestF19Methods: an operator changes the list over a link, and hears why not.
func TestF19Methods(t *testing.T) {
	list := openList(t)
	l := serving(t, list)
	paris := peers.Peer{Name: "paris", Address: "127.0.0.1:7402", Node: nodeA, Cluster: nodeB, Key: keyOf("0")}
	require.NoError(t, peers.Control(t.Context(), l, peers.MethodAdd, paris))
	require.Equal(t, paris, list.All()[0].Peer)
	refused := func(err error, name string) {
		t.Helper()
		e, ok := errors.AsType[*call.Error](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, name, e.Name)
		require.Equal(t, codec.ProcessedNo, e.Processed)
	}
	refused(peers.Control(t.Context(), l, peers.MethodAdd, peers.Peer{Name: "bad", Address: "nowhere"}), "PEER")
	refused(peers.Control(t.Context(), l, peers.MethodRemove, peers.Peer{Name: "rome"}), "NO_PEER")
	for _, args := range [][]byte{nil, {0x80}, {0xC0}, codec.AppendUint(codec.AppendStr(codec.AppendMapHeader(nil, 1), "name"), 1)} {
		_, err := call.Call(t.Context(), l, peers.MethodAdd, args, nil)
		e, ok := errors.AsType[*call.Error](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, codec.CodeCallBadArgument, e.Code)
	}
	require.NoError(t, peers.Control(t.Context(), l, peers.MethodRemove, paris))
	require.Empty(t, list.All())
}
