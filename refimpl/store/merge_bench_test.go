package store_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// What BenchmarkMergeNew takes in: objects of 1 KiB, so many to a transaction.
const (
	mergedObjects = 100_000
	mergedAtOnce  = 1_000
	mergedBytes   = 1_024
)

// BenchmarkMergeNew takes 100,000 objects of 1 KiB of another store into an empty one, as a repair does, and writes the same bytes under the same keys
// with the engine alone, in transactions of the same size. The two take turns on the same disk; x_bare is the store's share of the bare rate.
// The keys come in no order, because the log of dots gives them so.
func BenchmarkMergeNew(b *testing.B) {
	for b.Loop() {
		s := open(b)
		bare, err := bolt.Open(filepath.Join(b.TempDir(), "db"), 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
		require.NoError(b, err)
		sets, encoded := mergedSets(b)
		var ours, theirs time.Duration
		for from := 0; from < mergedObjects; from += mergedAtOnce {
			begin := time.Now()
			update(b, s, func(tx store.Tx) error {
				for i := from; i < from+mergedAtOnce; i++ {
					if r := tx.Merge(key(benchKey(i)), sets[i], nil); r.Outcome != store.Applied {
						return fmt.Errorf("%+v", r)
					}
				}
				return nil
			})
			ours += time.Since(begin)
			begin = time.Now()
			require.NoError(b, bare.Update(func(bt *bolt.Tx) error {
				bucket, err := bt.CreateBucketIfNotExists([]byte("objects"))
				for i := from; i < from+mergedAtOnce && err == nil; i++ {
					err = bucket.Put([]byte(benchKey(i)), encoded)
				}
				return err
			}))
			theirs += time.Since(begin)
		}
		require.NoError(b, bare.Close())
		b.ReportMetric(mergedObjects/ours.Seconds(), "objects/s")
		b.ReportMetric(mergedObjects/theirs.Seconds(), "bare_objects/s")
		b.ReportMetric(theirs.Seconds()/ours.Seconds(), "x_bare")
	}
}

// mergedSets gives an object for each place, with a dot of its own and one value, and the bytes of one.
func mergedSets(b *testing.B) (sets []clock.Set, encoded []byte) {
	b.Helper()
	value := bytes.Repeat([]byte("v"), mergedBytes)
	for i := range mergedObjects {
		s, err := clock.Set{}.Put(nil, clock.Dot{Actor: clock.Actor{9}, Counter: uint64(i + 1)}, value)
		require.NoError(b, err)
		sets = append(sets, s)
	}
	encoded, err := sets[0].AppendBinary(nil)
	require.NoError(b, err)
	return sets, encoded
}
