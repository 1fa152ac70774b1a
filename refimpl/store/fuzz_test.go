package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
)

// FuzzLayout gives any bytes to the readers of keys of the database: what they take is written as the same bytes.
func FuzzLayout(f *testing.F) {
	d := clock.Dot{Actor: clock.Actor{1, 2, 3}, Counter: 7}
	f.Add(dotBytes(d))
	f.Add(logKey("users", d))
	f.Add(seenKey("users", d))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, ok := dotOf(b); ok {
			require.Equal(t, b, dotBytes(d))
		}
		if d, ns, ok := logDot(b); ok {
			require.Equal(t, b, logKey(ns, d))
		}
		if ns, d, ok := seenDot(b); ok {
			require.Equal(t, b, seenKey(ns, d))
		}
	})
}

// FuzzStored puts any bytes in the place of an object: reading it gives an object or an error with CodeCorrupt.
func FuzzStored(f *testing.F) {
	db, err := bolt.Open(filepath.Join(f.TempDir(), "fuzz.db"), 0o600, &bolt.Options{NoSync: true})
	require.NoError(f, err)
	f.Cleanup(func() { _ = db.Close() })
	require.NoError(f, db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(bucketObjects); return err }))
	f.Add([]byte{})
	f.Add([]byte{1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		tx, err := db.Begin(true)
		require.NoError(t, err)
		defer func() { _ = tx.Rollback() }()
		require.NoError(t, tx.Bucket(bucketObjects).Put([]byte("k"), b))
		if _, err := stored(tx, []byte("k")); err != nil {
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%T %v", err, err)
			require.Equal(t, CodeCorrupt, e.Code)
		}
	})
}
