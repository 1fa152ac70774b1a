package access_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/access"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served opens a link to a peer that serves a store.
func served(t *testing.T) (*link.Link, *store.Bolt) {
	t.Helper()
	ns := store.DefaultNamespace()
	ns.MaxSiblings, ns.MaxValue = 3, 1<<20
	s, err := store.Open(store.Config{Path: filepath.Join(t.TempDir(), "store"), Namespaces: map[string]store.Namespace{"a": ns}})
	require.NoError(t, err)
	srv := call.NewServer()
	access.Add(srv, s, ns.MaxValue)
	ca, cb := net.Pipe()
	var la *link.Link
	var errA error
	var wg sync.WaitGroup
	wg.Go(func() {
		la, errA = link.Dial(context.Background(), ca, link.Config{Node: [16]byte{1}, Protos: map[string][]uint16{call.Proto: {call.Version}}})
	})
	lb, err := link.Accept(context.Background(), cb, link.Config{Node: [16]byte{2}, Handlers: map[string]link.Handler{call.Proto: srv}})
	wg.Wait()
	require.NoError(t, errA)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = la.Close(0, "")
		_ = lb.Close(0, "")
		require.NoError(t, s.Close())
	})
	return la, s
}

func waits(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

var x = store.Key{Namespace: "a", Name: "\x00any bytes\xFF"}

func values(o *access.Object) (list []string) {
	for _, one := range o.Siblings {
		if one.Tombstone {
			list = append(list, "deleted")
			continue
		}
		list = append(list, string(one.Value))
	}
	return list
}

// TestGetPutDelete: contexts say what is replaced (ACCS-002, ACCS-003, ACCS-004).
func TestGetPutDelete(t *testing.T) {
	l, s := served(t)
	ctx := waits(t)
	get := func() *access.Object {
		t.Helper()
		o, err := access.Get(ctx, l, x)
		require.NoError(t, err)
		return o
	}
	w, err := access.Put(ctx, l, x, access.SeenContext(nil), []byte("1"))
	require.NoError(t, err)
	require.Equal(t, 1, w.Siblings)
	first := get()
	require.Equal(t, w.Context, first.Context)
	require.Equal(t, []string{"1"}, values(first))

	w, err = access.Put(ctx, l, x, access.SeenContext(nil), []byte("2"))
	require.NoError(t, err)
	require.Equal(t, 2, w.Siblings, "it has seen nothing")
	w, err = access.Put(ctx, l, x, access.SeenContext(first.Context), []byte("3"))
	require.NoError(t, err)
	require.Equal(t, 2, w.Siblings)
	require.ElementsMatch(t, []string{"2", "3"}, values(get()))
	w, err = access.Delete(ctx, l, x, access.SeenContext(first.Context))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"2", "3", "deleted"}, values(get()), "what it has seen is gone already")
	require.Equal(t, 3, w.Siblings)

	large := bytes.Repeat([]byte("x"), 1<<20)
	w, err = access.Put(ctx, l, x, access.Seen{}, large)
	require.NoError(t, err)
	require.Equal(t, 1, w.Siblings, "without a context it replaces everything")
	require.Equal(t, []string{string(large)}, values(get()))
	set, err := s.Get(x)
	require.NoError(t, err)
	require.Equal(t, set.Siblings()[0].Dot, get().Siblings[0].Dot)

	_, err = access.Put(ctx, l, x, access.Seen{}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{""}, values(get()), "a value may be empty, and is no deletion")
	_, err = access.Delete(ctx, l, x, access.Seen{})
	require.NoError(t, err)
	require.Equal(t, []string{"deleted"}, values(get()))
}

// TestRefusals: every refusal has its name and says that nothing was done (ACCS-006, ACCS-007).
func TestRefusals(t *testing.T) {
	l, s := served(t)
	ctx := waits(t)
	for range 3 {
		_, err := access.Put(ctx, l, x, access.SeenContext(nil), []byte("v"))
		require.NoError(t, err)
	}
	foreign := bytes.Repeat([]byte{7}, 24)
	foreign[16] = 0
	for _, tc := range []struct {
		name string
		code codec.Code
		do   func() error
	}{
		{"NOT_FOUND", codec.CodeCallFailed, func() error {
			_, err := access.Get(ctx, l, store.Key{Namespace: "a", Name: "none"})
			return err
		}},
		{"NOT_FOUND", codec.CodeCallFailed, func() error {
			_, err := access.Delete(ctx, l, store.Key{Namespace: "a", Name: "none"}, access.Seen{})
			return err
		}},
		{"NS_DENIED", codec.CodeCallFailed, func() error {
			_, err := access.Put(ctx, l, store.Key{Namespace: "b", Name: "x"}, access.Seen{}, nil)
			return err
		}},
		{"LIMIT", codec.CodeCallFailed, func() error {
			_, err := access.Put(ctx, l, x, access.SeenContext(nil), []byte("v"))
			return err
		}},
		{"TOO_LARGE", codec.CodeCallBadArgument, func() error {
			_, err := access.Put(ctx, l, x, access.Seen{}, make([]byte, 1<<20+1))
			return err
		}},
		{"CONTEXT", codec.CodeCallBadArgument, func() error {
			_, err := access.Put(ctx, l, x, access.SeenContext(foreign), nil)
			return err
		}},
		{"CONTEXT", codec.CodeCallBadArgument, func() error {
			_, err := access.Delete(ctx, l, x, access.SeenContext(nil))
			return err
		}},
	} {
		err := tc.do()
		var e *call.Error
		require.ErrorAs(t, err, &e, tc.name)
		require.Equal(t, tc.name, e.Name)
		require.Equal(t, tc.code, e.Code)
		require.Equal(t, codec.ProcessedNo, e.Processed)
	}
	require.NoError(t, s.Close())
	_, err := access.Put(ctx, l, x, access.Seen{}, nil)
	var e *call.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "CLOSED", e.Name)
}

// TestBadArguments: what is no argument of a method (ACCS-001).
func TestBadArguments(t *testing.T) {
	l, _ := served(t)
	value := func(v map[string]any) []byte {
		b, err := codec.AppendValue(nil, v)
		require.NoError(t, err)
		return b
	}
	good := map[string]any{"ns": "a", "key": []byte("x")}
	with := func(key string, v any) []byte {
		m := map[string]any{"ns": good["ns"], "key": good["key"]}
		if m[key] = v; v == nil {
			delete(m, key)
		}
		return value(m)
	}
	_, err := call.Call(waits(t), l, access.MethodGet, value(good), nil)
	require.ErrorContains(t, err, "NOT_FOUND", "the twin of those below")
	_, err = call.Call(waits(t), l, access.MethodGet, with("later", "is ignored"), nil)
	require.ErrorContains(t, err, "NOT_FOUND")
	for name, args := range map[string][]byte{
		"none": nil, "no map": {0x01}, "map cut": value(good)[:4], "rest": append(value(good), 0), "no ns": with("ns", nil), "no key": with("key", nil),
		"ns of another type": with("ns", []byte("a")), "key of another type": with("key", "x"), "ns that is none": with("ns", "A"), "empty key": with("key", []byte{}),
		"long key": with("key", make([]byte, 1025)), "context of another type": with("context", "x"), "size of another type": with("size", "x"), "piece of another type": with("piece", "x"), "context cut": with("context", make([]byte, 23)),
		"counter 0": with("context", make([]byte, 24)), "context twice": with("context", bytes.Repeat(append(make([]byte, 23), 1), 2)),
	} {
		for _, method := range []string{access.MethodGet, access.MethodDelete, access.MethodPut} {
			_, err := call.Call(waits(t), l, method, args, nil)
			var e *call.Error
			require.ErrorAs(t, err, &e, "%s %s", method, name)
			require.Equal(t, codec.CodeCallBadArgument, e.Code, "%s %s", method, name)
		}
	}
	_, err = call.Call(waits(t), l, access.MethodPut, value(good), nil)
	require.ErrorContains(t, err, "one ARG", "a put without a value")
	st, err := call.Open(waits(t), l, access.MethodPut, value(good), false)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, st.Send(make([]byte, 512<<10)))
	}
	_, err = st.Recv()
	require.ErrorContains(t, err, "TOO_LARGE")
	for _, size := range []uint64{1, 3, 2 << 20} {
		st, err := call.Open(waits(t), l, access.MethodPut, with("size", size), false)
		require.NoError(t, err)
		_ = st.Send([]byte("2b")) // it may have been answered already
		_ = st.CloseSend()
		_, err = st.Recv()
		var e *call.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, codec.CodeCallBadArgument, e.Code)
		require.Equal(t, size == 2<<20, e.Name == "TOO_LARGE")
	}
	_, err = call.Call(waits(t), l, access.MethodGet, value(good), nil)
	require.ErrorContains(t, err, "NOT_FOUND", "nothing was written")
}

// TestPieces: a value goes in pieces, either way, and is the same whatever its length (ACCS-010, ACCS-012).
func TestPieces(t *testing.T) {
	l, _ := served(t)
	k := store.Key{Namespace: "a", Name: "pieces"}
	for _, size := range []int{0, 1, 4096 - 32, 4096 - 31, 4096, 8192 - 32, 8192 - 31, 1 << 20} {
		value := make([]byte, size)
		for i := range value {
			value[i] = byte(i / 251)
		}
		_, err := access.PutFrom(waits(t), l, k, access.Seen{}, iotest.OneByteReader(bytes.NewReader(value)), -1)
		require.NoError(t, err)
		o, err := access.Get(waits(t), l, k)
		require.NoError(t, err)
		require.Len(t, o.Siblings, 1)
		require.True(t, bytes.Equal(value, o.Siblings[0].Value))
		var b bytes.Buffer
		o, err = access.GetTo(waits(t), l, k, &b)
		require.NoError(t, err)
		require.Nil(t, o.Siblings[0].Value)
		require.True(t, bytes.Equal(value, b.Bytes()))

		raw, err := codec.AppendValue(nil, map[string]any{"ns": "a", "key": []byte("pieces"), "piece": uint64(1)})
		require.NoError(t, err)
		st, err := call.Open(waits(t), l, access.MethodGet, raw, true)
		require.NoError(t, err)
		_, err = st.Recv()
		require.NoError(t, err)
		var got []byte
		for n := 0; ; n++ {
			p, err := st.Recv()
			if errors.Is(err, io.EOF) {
				require.Equal(t, 1+(size+32)/4096, max(n, 1+(size+32)/4096), "pieces of %d", size)
				break
			}
			require.NoError(t, err)
			require.LessOrEqual(t, len(p), 4096)
			got = append(got, p...)
		}
		require.Len(t, got, 32+size)
		require.True(t, bytes.Equal(value, got[32:]))
	}
}

// FuzzArgs: no bytes make a peer or a client panic.
func FuzzArgs(f *testing.F) {
	f.Add([]byte{0x82, 0xA3, 'k', 'e', 'y', 0xC4, 1, 'x', 0xA2, 'n', 's', 0xA1, 'a'})
	f.Fuzz(func(t *testing.T, b []byte) { access.Parse(b) })
}
