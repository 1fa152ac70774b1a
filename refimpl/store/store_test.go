package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/store"
)

func TestPutGetDelete(t *testing.T) {
	s := open(t)
	_, err := s.Get(key("a"))
	code(t, store.CodeNotFound, err)
	put(t, s, key("a"), "one")
	put(t, s, key("a"), "two")
	require.Equal(t, []string{"two"}, get(t, s, key("a")), "a blind put replaces")
	add(t, s, key("a"), "three")
	require.Equal(t, []string{"two", "three"}, get(t, s, key("a")), "a write without a context makes siblings")
	read := object(t, s, key("a")).Context()
	add(t, s, key("a"), "four")
	update(t, s, func(tx store.Tx) error { _, err := tx.Put(key("a"), read, []byte("five")); return err })
	require.Equal(t, []string{"four", "five"}, get(t, s, key("a")), "a write replaces what its writer has read")

	remove(t, s, key("a"))
	set := object(t, s, key("a"))
	require.True(t, set.Deleted())
	err = s.Update(t.Context(), func(tx store.Tx) error { _, err := store.Remove(tx, key("a")); return err })
	code(t, store.CodeNotFound, err)
	put(t, s, key("a"), "again")
	require.Equal(t, []string{"again"}, get(t, s, key("a")))
	err = s.Update(t.Context(), func(tx store.Tx) error { _, err := tx.Delete(key("a"), nil); return err })
	code(t, store.CodeContext, err)
	sound(t, s, [16]byte{})
}

func TestRefusals(t *testing.T) {
	s := open(t)
	put(t, s, key("a"), "v")
	future := clock.Context{{Actor: s.Actor(), Counter: 1000}}
	unknown := clock.Context{{Actor: clock.Actor{9}, Counter: 1}}
	twice := clock.Context{{Actor: s.Actor(), Counter: 1}, {Actor: s.Actor(), Counter: 1}}
	cases := []struct {
		name  string
		want  store.Code
		key   store.Key
		seen  clock.Context
		value int
	}{
		{"namespace that is not there", store.CodeDenied, in("other", "a"), nil, 1},
		{"reserved-looking namespace", store.CodeDenied, in("sequence", "a"), nil, 1},
		{"namespace that is none", store.CodeName, in("n\x00b", "a"), nil, 1},
		{"namespace of capitals", store.CodeName, in("N", "a"), nil, 1},
		{"no key", store.CodeName, key(""), nil, 1},
		{"long key", store.CodeName, key(strings.Repeat("k", store.MaxKey+1)), nil, 1},
		{"long value", store.CodeTooLarge, in("small", "a"), nil, 2001},
		{"long object", store.CodeTooLarge, in("small", "full"), nil, 2000},
		{"context from the future", store.CodeContext, key("a"), future, 1},
		{"context of an unknown actor", store.CodeContext, key("a"), unknown, 1},
		{"context that is none", store.CodeContext, key("a"), twice, 1},
	}
	add(t, s, in("small", "full"), strings.Repeat("x", 100))
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			before := root(t, s)
			err := s.Update(t.Context(), func(tx store.Tx) error {
				_, err := tx.Put(tc.key, tc.seen, make([]byte, tc.value))
				return err
			})
			code(t, tc.want, err)
			require.Equal(t, before, root(t, s))
		})
	}
	for i := range 3 {
		add(t, s, in("small", "s"), fmt.Sprint(i))
	}
	err := s.Update(t.Context(), func(tx store.Tx) error { _, err := tx.Put(in("small", "s"), nil, nil); return err })
	code(t, store.CodeLimit, err)
	update(t, s, func(tx store.Tx) error { // refused inside, and the rest goes on: no dot is lost
		_, err := tx.Put(in("small", "s"), nil, nil)
		code(t, store.CodeLimit, err)
		_, err = store.Overwrite(tx, in("small", "s"), nil)
		return err
	})
	require.Equal(t, 1, s.Clock().Count())
	sound(t, s, [16]byte{})
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	s := open(t)
	put(t, s, key("a"), "old")
	before, clockBefore := root(t, s), s.Clock()
	boom := errors.New("boom")
	err := s.Update(t.Context(), func(tx store.Tx) error {
		_, err := store.Overwrite(tx, key("a"), []byte("new"))
		require.NoError(t, err)
		_, err = store.Overwrite(tx, key("b"), []byte("new"))
		require.NoError(t, err)
		require.NoError(t, tx.SetCursor("c", []byte("1")))
		set, err := tx.Get(key("b"))
		require.NoError(t, err)
		require.Equal(t, 1, set.Len(), "a transaction sees its own changes")
		got, err := tx.Cursor("c")
		require.NoError(t, err)
		require.Equal(t, "1", string(got))
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.Equal(t, []string{"old"}, get(t, s, key("a")))
	require.Nil(t, get(t, s, key("b")))
	_, err = s.Cursor("c")
	code(t, store.CodeNotFound, err)
	require.Equal(t, before, root(t, s))
	require.True(t, clockBefore.Equal(s.Clock()))
	require.PanicsWithValue(t, "mine", func() {
		_ = s.Update(t.Context(), func(store.Tx) error { panic("mine") })
	})
	put(t, s, key("a"), "alive")
	sound(t, s, [16]byte{})
}

// A cursor of the profile delivery is committed with the effect of its record.
func TestCursorWithEffect(t *testing.T) {
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	s, err := store.Open(cfg)
	require.NoError(t, err)
	c := delivery.Cursor{ID: [16]byte{7}, Lineage: codec.Lineage{{Epoch: 1, Nonce: 2, First: 1}}}
	c.Add(1, 1)
	c.Add(5, 9)
	update(t, s, func(tx store.Tx) error {
		b, err := c.AppendBinary(nil)
		require.NoError(t, err)
		_, err = store.Overwrite(tx, key("effect"), []byte("9"))
		return errors.Join(err, tx.SetCursor("channel/7", b))
	})
	require.NoError(t, s.Close())
	s = openAs(t, cfg)
	b, err := s.Cursor("channel/7")
	require.NoError(t, err)
	back, err := delivery.DecodeCursor(b)
	require.NoError(t, err)
	require.Equal(t, c, back)
	require.Equal(t, []string{"9"}, get(t, s, key("effect")))
	update(t, s, func(tx store.Tx) error { return tx.SetCursor("channel/7", nil) })
	_, err = s.Cursor("channel/7")
	code(t, store.CodeNotFound, err)
	update(t, s, func(tx store.Tx) error {
		code(t, store.CodeName, tx.SetCursor("", nil))
		code(t, store.CodeName, tx.SetCursor(strings.Repeat("c", 257), nil))
		code(t, store.CodeTooLarge, tx.SetCursor("c", make([]byte, 2<<20+1)))
		return tx.SetCursor("empty", []byte{})
	})
	b, err = s.Cursor("empty")
	require.NoError(t, err)
	require.Empty(t, b)
}

func TestReopenKeepsEverything(t *testing.T) {
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	s, err := store.Open(cfg)
	require.NoError(t, err)
	for i := range 100 {
		add(t, s, key(fmt.Sprint("k", i%40)), fmt.Sprint(i))
	}
	remove(t, s, key("k1"))
	before, seen, actor, stats := root(t, s), s.Clock(), s.Actor(), s.Stats()
	require.EqualValues(t, 40, stats.Objects)
	require.EqualValues(t, 1, stats.Tombstones)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	code(t, store.CodeClosed, s.Update(t.Context(), func(store.Tx) error { return nil }))
	_, err = s.Get(key("k0"))
	code(t, store.CodeClosed, err)

	s = openAs(t, cfg)
	require.Equal(t, before, root(t, s))
	require.True(t, seen.Equal(s.Clock()))
	require.Equal(t, actor, s.Actor())
	require.EqualValues(t, 40, s.Stats().Objects)
	require.EqualValues(t, 1, s.Stats().Tombstones)
	put(t, s, key("k0"), "next")
	require.Equal(t, seen.Max(actor)+1, s.Clock().Max(actor))
	sound(t, s, cfg.Salt)
}

func TestSaltIsChanged(t *testing.T) {
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	s, err := store.Open(cfg)
	require.NoError(t, err)
	put(t, s, key("a"), "v")
	before := root(t, s)
	require.NoError(t, s.Close())
	cfg.Salt[3] = 1
	s = openAs(t, cfg)
	require.NotEqual(t, before.FP, root(t, s).FP)
	keys, err := s.Find("n", clock.KeyHash(cfg.Salt, "n", "a"))
	require.NoError(t, err)
	require.Equal(t, []store.Key{key("a")}, keys)
	sound(t, s, cfg.Salt)
}

func TestAscend(t *testing.T) {
	s := open(t)
	update(t, s, func(tx store.Tx) error {
		for i := range 700 {
			if _, err := tx.Put(key(fmt.Sprintf("p%03d", i)), nil, []byte{1}); err != nil {
				return err
			}
		}
		for _, k := range []store.Key{key("o"), key("q"), in("last", "p500")} {
			if _, err := tx.Put(k, nil, []byte{1}); err != nil {
				return err
			}
		}
		return nil
	})
	list := func(prefix, after string, each func(name string)) (names []string) {
		require.NoError(t, s.Ascend("n", prefix, after, func(k store.Key, set clock.Set) error {
			names = append(names, k.Name)
			require.Equal(t, 1, set.Len())
			if each != nil {
				each(k.Name)
			}
			return nil
		}))
		return names
	}
	require.Len(t, list("", "", nil), 702)
	require.Len(t, list("p", "", nil), 700)
	require.Equal(t, []string{"p698", "p699"}, list("p", "p697", nil))
	require.Equal(t, []string{"q"}, list("q", "p697", nil))
	require.Empty(t, list("p", "q", nil))
	stop := errors.New("stop")
	require.ErrorIs(t, s.Ascend("n", "", "", func(store.Key, clock.Set) error { return stop }), stop)
	code(t, store.CodeDenied, s.Ascend("x", "", "", nil))

	// Writes during the walk: each key that stays comes once.
	n := 0
	names := list("p", "", func(name string) {
		if n++; n%5 == 0 {
			put(t, s, key(name), "changed")
			put(t, s, key(fmt.Sprintf("p%03dx", n)), "new")
			remove(t, s, key("p699"))
			put(t, s, key("p699"), "back")
		}
	})
	count := map[string]int{}
	for _, name := range names {
		count[name]++
		require.Equal(t, 1, count[name], name)
	}
	for i := range 700 {
		require.Equal(t, 1, count[fmt.Sprintf("p%03d", i)])
	}
}

func TestQueueIsBounded(t *testing.T) {
	s := open(t, func(c *store.Config) { c.MaxQueue = new(2) })
	block, entered := make(chan struct{}), make(chan struct{})
	answers := make(chan error)
	go func() {
		answers <- s.Update(context.Background(), func(store.Tx) error { close(entered); <-block; return nil })
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 6)
	for range 6 {
		go func() { waiting <- s.Update(ctx, func(store.Tx) error { return errors.New("its caller had left") }) }()
	}
	for range 4 {
		code(t, store.CodeBusy, <-waiting)
	}
	require.EqualValues(t, 4, s.Stats().Busy)
	cancel()
	for range 2 {
		require.ErrorIs(t, <-waiting, context.Canceled)
	}
	close(block)
	require.NoError(t, <-answers)
}

func TestConfig(t *testing.T) {
	zero := 0
	bad := store.Config{Namespaces: map[string]store.Namespace{"Bad": {}}, MaxQueue: &zero, MaxBatch: &zero, MaxCursorSize: &zero, MaxRanges: &zero}
	err := bad.Validate()
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	require.Len(t, joined.Unwrap(), 1+1+4+4, "%v", err)
	_, err = store.Open(bad)
	require.Error(t, err)
	good := settings("x")
	require.NoError(t, good.Validate())

	held := settings(filepath.Join(t.TempDir(), "db"))
	openAs(t, held)
	_, err = store.Open(held)
	code(t, store.CodeBusy, err)
}
