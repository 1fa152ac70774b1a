package store_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// TestCheck damages one thing at a time: Check finds it, changes nothing without repair, and puts it right with it.
func TestCheck(t *testing.T) {
	in := func(bucket []byte, f func(*bolt.Bucket, *store.Bolt) error) func(*store.Bolt) error {
		return func(s *store.Bolt) error {
			return s.Spoil(func(bt *bolt.Tx) error { return f(bt.Bucket(bucket), s) })
		}
	}
	deadKey, liveKey := key("dead").Bytes(), key("live").Bytes()
	first := func(b *bolt.Bucket) []byte { k, _ := b.Cursor().First(); return append([]byte(nil), k...) }
	cases := []struct {
		name   string
		damage func(*store.Bolt) error
		want   store.Report
	}{
		{"log entry missing", in(store.BucketDots, func(b *bolt.Bucket, _ *store.Bolt) error { return b.Delete(first(b)) }), store.Report{LogMissing: 1}},
		{"log entry of nothing", in(store.BucketDots, func(b *bolt.Bucket, s *store.Bolt) error {
			return b.Put(store.LogKey("n", clock.Dot{Actor: s.Actor(), Counter: 1}), liveKey)
		}), store.Report{LogWrong: 1}},
		{"log entry of another object", in(store.BucketDots, func(b *bolt.Bucket, _ *store.Bolt) error {
			return b.Put(first(b), liveKey)
		}), store.Report{LogMissing: 1, LogWrong: 1}},
		{"log entry that leads nowhere", in(store.BucketDots, func(b *bolt.Bucket, _ *store.Bolt) error {
			return b.Put(first(b), key("gone").Bytes())
		}), store.Report{LogMissing: 1, LogWrong: 1}},
		{"log entry that is none", in(store.BucketDots, func(b *bolt.Bucket, _ *store.Bolt) error {
			return b.Put([]byte("x"), liveKey)
		}), store.Report{LogWrong: 1}},
		{"tombstone not listed", in(store.BucketDead, func(b *bolt.Bucket, _ *store.Bolt) error { return b.Delete(deadKey) }), store.Report{DeadWrong: 1}},
		{"listed and alive", in(store.BucketDead, func(b *bolt.Bucket, _ *store.Bolt) error { return b.Put(liveKey, nil) }), store.Report{DeadWrong: 1}},
		{"digest", func(s *store.Bolt) error { s.SpoilDigest(); return nil }, store.Report{Digest: true}},
		{"dot not seen", func(s *store.Bolt) error {
			s.SpoilSeen(clock.Dot{Actor: s.Actor(), Counter: 3})
			return nil
		}, store.Report{Unseen: 1, Clock: true}},
		{"node clock of the file", in(store.BucketSeen, func(b *bolt.Bucket, _ *store.Bolt) error { return b.Delete(first(b)) }), store.Report{Clock: true}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			cfg := settings(filepath.Join(t.TempDir(), "db"))
			s, err := store.Open(cfg)
			require.NoError(t, err)
			put(t, s, key("dead"), "1")
			remove(t, s, key("dead"))
			put(t, s, key("live"), "3")
			before := root(t, s)
			sound(t, s, [16]byte{})
			require.NoError(t, tc.damage(s))
			tc.want.Objects = 2
			for range 2 {
				report, err := s.Check(t.Context(), false)
				require.NoError(t, err)
				require.Equal(t, tc.want, report)
			}
			report, err := s.Check(t.Context(), true)
			require.NoError(t, err)
			tc.want.Repaired = true
			require.Equal(t, tc.want, report)
			sound(t, s, [16]byte{})
			require.Equal(t, before, root(t, s))
			require.NoError(t, s.Close())
			s = openAs(t, cfg)
			sound(t, s, [16]byte{})
			require.Equal(t, before, root(t, s))
			put(t, s, key("live"), "4")
			require.Equal(t, []string{"4"}, get(t, s, key("live")))
		})
	}
}

// TestDamagedObjectComesBack: bits rot; the object is set aside, and a peer sends it again.
func TestDamagedObjectComesBack(t *testing.T) {
	cfg := settings(filepath.Join(t.TempDir(), "db"))
	s, err := store.Open(cfg)
	require.NoError(t, err)
	peer := open(t)
	put(t, s, key("a"), "mine")
	put(t, peer, key("b"), "theirs")
	pull(t, s, peer)
	pull(t, peer, s)
	whole := root(t, peer)
	require.NoError(t, s.Spoil(func(bt *bolt.Tx) error {
		for _, name := range []string{"a", "b"} {
			b := bt.Bucket(store.BucketObjects)
			rotten := append([]byte(nil), b.Get(key(name).Bytes())...)
			rotten[0] ^= 0x40
			if err := b.Put(key(name).Bytes(), rotten); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err = s.Get(key("a"))
	code(t, store.CodeCorrupt, err)
	require.NoError(t, s.Close())
	s = openAs(t, cfg) // it opens all the same
	require.Zero(t, root(t, s).Count)
	report, err := s.Check(t.Context(), true)
	require.NoError(t, err)
	require.Equal(t, 2, report.Damaged)
	require.Equal(t, 2, report.LogWrong)
	sound(t, s, [16]byte{})
	require.EqualValues(t, 2, s.Stats().Quarantined)
	require.Equal(t, 2, pull(t, s, peer))
	require.Equal(t, whole, root(t, s))
	require.Equal(t, []string{"mine"}, get(t, s, key("a")))
	put(t, s, key("a"), "next")
	require.EqualValues(t, 2, s.Clock().Max(s.Actor()), "a dot of its own is not given twice")
	sound(t, s, [16]byte{})
}

func TestOpenForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	require.NoError(t, writeFile(path, make([]byte, 64<<10)))
	_, err := store.Open(settings(path))
	code(t, store.CodeCorrupt, err)
	_, err = store.Open(settings(t.TempDir()))
	code(t, store.CodeDisk, err)
}
