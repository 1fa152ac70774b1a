package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/store"
)

// TestMain also is the child of the tests that need a process of its own.
func TestMain(m *testing.M) {
	if kind := os.Getenv(childEnv); kind != "" {
		os.Exit(child(kind))
	}
	goleak.VerifyTestMain(m)
}

// settings gives a configuration with a namespace for each way to resolve.
func settings(path string) store.Config {
	last, by, small := store.DefaultNamespace(), store.DefaultNamespace(), store.DefaultNamespace()
	last.Resolver = store.LastWriter()
	by.Resolver = store.ResolveBy(func(_ store.Key, list []clock.Sibling) ([]byte, bool) {
		longest := list[0].Value
		for _, one := range list[1:] {
			if len(one.Value) > len(longest) {
				longest = one.Value
			}
		}
		return append([]byte("+"), longest...), true
	})
	small.MaxValue, small.MaxObject, small.MaxSiblings, small.MaxActors = 2000, 2100, 3, 4
	return store.Config{Path: path, Namespaces: map[string]store.Namespace{
		"n": store.DefaultNamespace(), "last": last, "by": by, "small": small,
	}}
}

// open opens a new store, which is closed at the end of the test, and changes its settings before.
func open(t testing.TB, change ...func(*store.Config)) *store.Bolt {
	t.Helper()
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	for _, f := range change {
		f(&cfg)
	}
	return openAs(t, cfg)
}

func openAs(t testing.TB, cfg store.Config) *store.Bolt {
	t.Helper()
	s, err := store.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func key(name string) store.Key { return store.Key{Namespace: "n", Name: name} }

func in(namespace, name string) store.Key { return store.Key{Namespace: namespace, Name: name} }

// update runs one call that must succeed.
func update(t testing.TB, s store.Store, f func(store.Tx) error) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), f))
}

// put overwrites an object.
func put(t testing.TB, s store.Store, k store.Key, value string) {
	t.Helper()
	update(t, s, func(tx store.Tx) error { _, err := store.Overwrite(tx, k, []byte(value)); return err })
}

// add forces a sibling.
func add(t testing.TB, s store.Store, k store.Key, value string) {
	t.Helper()
	update(t, s, func(tx store.Tx) error { _, err := tx.Put(k, nil, []byte(value)); return err })
}

func remove(t testing.TB, s store.Store, k store.Key) {
	t.Helper()
	update(t, s, func(tx store.Tx) error { _, err := store.Remove(tx, k); return err })
}

// merge takes one object in.
func merge(t testing.TB, s store.Store, k store.Key, set clock.Set, sender *clock.Node) (r store.Result) {
	t.Helper()
	update(t, s, func(tx store.Tx) error { r = tx.Merge(k, set, sender); return nil })
	return r
}

// get gives the values of an object as text.
func get(t testing.TB, s store.Store, k store.Key) (values []string) {
	t.Helper()
	set, err := s.Get(k)
	if store.CodeOf(err) == store.CodeNotFound {
		return nil
	}
	require.NoError(t, err)
	for _, v := range set.Values() {
		values = append(values, string(v))
	}
	return values
}

func object(t testing.TB, s store.Store, k store.Key) clock.Set {
	t.Helper()
	set, err := s.Get(k)
	require.NoError(t, err)
	return set
}

// pull brings to what from has and it has not, as a session does.
func pull(t testing.TB, to, from store.Store) (objects int) {
	t.Helper()
	sender := from.Clock()
	upTo, err := from.Since(to.Clock(), func(k store.Key, set clock.Set) error {
		objects++
		if r := merge(t, to, k, set, sender); r.Outcome == store.Rejected {
			return fmt.Errorf("%v: %w", k, r.Err)
		}
		return nil
	})
	require.NoError(t, err)
	update(t, to, func(tx store.Tx) error { return tx.Observe(upTo) })
	return objects
}

// spaces are the namespaces of settings.
var spaces = []string{"n", "last", "by", "small"}

// root gives one summary of the digests of all namespaces.
func root(t testing.TB, s store.Store) digest.Summary {
	t.Helper()
	var all digest.Tree
	for _, ns := range spaces {
		items, more, err := s.List(ns, nil, nil, 1<<20)
		require.NoError(t, err)
		require.False(t, more)
		for _, it := range items {
			all.Add(it, 0)
		}
	}
	return all.Summary(nil)
}

// sound checks a store, its digest against one that is made of its objects alone too.
func sound(t testing.TB, s *store.Bolt, salt [16]byte) {
	t.Helper()
	report, err := s.Check(context.Background(), false)
	require.NoError(t, err)
	require.True(t, report.Sound(), "%+v", report)
	for _, ns := range spaces {
		var tree digest.Tree
		require.NoError(t, s.Ascend(ns, "", "", func(k store.Key, set clock.Set) error {
			tree.Add(set.Item(salt, k.Namespace, k.Name), 0)
			return nil
		}))
		list, err := s.Probe(ns, nil, 0)
		require.NoError(t, err)
		require.Equal(t, tree.Summary(nil), list[0], ns)
	}
}

func code(t testing.TB, want store.Code, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, store.CodeOf(err), "%v", err)
}
