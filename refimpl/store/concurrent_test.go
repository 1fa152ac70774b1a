package store_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/store"
)

// TestConcurrent: everything at once, for the race detector; the store is sound in the end, and no write is lost.
func TestConcurrent(t *testing.T) {
	s := open(t)
	const writers, writes = 4, 30
	done := make(chan struct{})
	var readers, all sync.WaitGroup
	for _, read := range []func() error{
		func() error { return s.Ascend("n", "", "", func(store.Key, clock.Set) error { return nil }) },
		func() error {
			_, err := s.Since(new(clock.Node), func(store.Key, clock.Set) error { return nil })
			return err
		},
		func() error {
			items, _, err := s.List("n", nil, nil, 50)
			for _, it := range items {
				if _, err := s.Find("n", [8]byte(it[:8])); err != nil {
					return err
				}
			}
			return err
		},
		func() error { _, err := s.Probe("n", nil, 2); return err },
		func() error { _, err := s.Probe("n", digest.Prefix{3}, 0); return err },
		func() error { _, err := s.Reap(t.Context(), []*clock.Node{s.Clock()}); return err },
		func() error {
			report, err := s.Check(t.Context(), false)
			if err == nil && !report.Sound() {
				err = fmt.Errorf("%+v", report)
			}
			_, _ = s.Stats(), s.Actor()
			return err
		},
	} {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := read(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range writers {
		all.Go(func() {
			for i := range writes {
				k := key(fmt.Sprint("shared", i%10))
				err := s.Update(t.Context(), func(tx store.Tx) error {
					if i%7 == 6 {
						_, err := store.Remove(tx, k)
						if store.CodeOf(err) == store.CodeNotFound {
							return nil
						}
						return err
					}
					_, err := store.Overwrite(tx, k, fmt.Append(nil, w, i))
					return err
				})
				if err == nil {
					err = s.Update(t.Context(), func(tx store.Tx) error {
						_, err := tx.Put(key(fmt.Sprint("own", w, "/", i)), nil, []byte{1})
						return err
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	close(done)
	readers.Wait()
	n := 0
	require.NoError(t, s.Ascend("n", "own", "", func(store.Key, clock.Set) error { n++; return nil }))
	require.Equal(t, writers*writes, n)
	sound(t, s, [16]byte{})
}

// TestOneCommitChangesAnObjectOften: calls that share a commit change one object again and again, and take it away; digest, log and node clock follow.
func TestOneCommitChangesAnObjectOften(t *testing.T) {
	s := open(t)
	put(t, s, key("a"), "0")
	first := s.Stats().Commits
	block, entered := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.Update(t.Context(), func(store.Tx) error { close(entered); <-block; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-entered
	for i := range 8 {
		all.Go(func() {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				if i == 3 {
					_, err := store.Remove(tx, key("a"))
					return err
				}
				_, err := store.Overwrite(tx, key("a"), []byte{byte(i)})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		for s.Waiting() <= i {
			runtime.Gosched()
		}
	}
	close(block)
	all.Wait()
	require.Equal(t, first+1, s.Stats().Commits)
	require.Equal(t, []string{"\x07"}, get(t, s, key("a")))
	sound(t, s, [16]byte{})
}

// TestFind: the way from the hash of a key to the key, for dots that fit into the index and for those that do not.
func TestFind(t *testing.T) {
	s := open(t)
	find := func(name string) []store.Key {
		keys, err := s.Find("n", clock.KeyHash([16]byte{}, "n", name))
		require.NoError(t, err)
		return keys
	}
	for i, counter := range []uint64{1, 1<<48 - 1, 1 << 48, clock.MaxCounter} {
		set, err := clock.Set{}.Put(nil, clock.Dot{Actor: clock.Actor{1}, Counter: counter}, []byte("v"))
		require.NoError(t, err)
		name := fmt.Sprint("k", i)
		require.Empty(t, find(name))
		require.Equal(t, store.Applied, merge(t, s, key(name), set, nil).Outcome)
		require.Equal(t, []store.Key{key(name)}, find(name))
		put(t, s, key(name), "w")
		require.Equal(t, []store.Key{key(name)}, find(name))
		remove(t, s, key(name))
		_, err = s.Reap(t.Context(), []*clock.Node{s.Clock()})
		require.NoError(t, err)
		require.Empty(t, find(name))
	}
}
