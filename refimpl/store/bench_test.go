package store_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/store"
)

// benchWriters write at once, as the streams of many peers do.
const benchWriters = 64

// BenchmarkGroupCommit compares the store with the engine's own batches, on the same disk in the same run: 64 writers, new keys
// and old ones in equal parts, values of 200 bytes. x_bare is the store's share of the bare rate.
func BenchmarkGroupCommit(b *testing.B) {
	for b.Loop() {
		bare, bareSyncs := benchBare(b)
		rate, syncs := benchStore(b)
		b.ReportMetric(rate, "writes/s")
		b.ReportMetric(syncs, "fsyncs/s")
		b.ReportMetric(bare, "bare_writes/s")
		b.ReportMetric(bareSyncs, "bare_fsyncs/s")
		b.ReportMetric(rate/bare, "x_bare")
	}
}

const benchTime = 3 * time.Second

// drive has the writers call write for a while, and gives the calls for each second.
func drive(b *testing.B, write func(key string) error) float64 {
	b.Helper()
	var n atomic.Uint64
	var wg sync.WaitGroup
	begin := time.Now()
	for w := range benchWriters {
		wg.Go(func() {
			for i := 0; time.Since(begin) < benchTime; i++ {
				var h [8]byte
				binary.BigEndian.PutUint64(h[:], uint64(w*1_000_003+i/2)*0x9E3779B97F4A7C15)
				if err := write(fmt.Sprintf("key/%x", h)); err != nil {
					b.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(begin).Seconds()
}

func benchStore(b *testing.B) (rate, syncs float64) {
	s := open(b)
	value := bytes.Repeat([]byte("v"), 200)
	rate = drive(b, func(k string) error {
		return s.Update(b.Context(), func(tx store.Tx) error {
			_, err := store.Overwrite(tx, key(k), value)
			return err
		})
	})
	return rate, 2 * float64(s.Stats().Commits) / benchTime.Seconds()
}

// benchBare writes the same keys and values with bbolt alone, by its own batches of as many calls.
func benchBare(b *testing.B) (rate, syncs float64) {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "db"), 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	require.NoError(b, err)
	defer db.Close()
	db.MaxBatchSize, db.MaxBatchDelay = benchWriters, time.Millisecond
	name := []byte("objects")
	require.NoError(b, db.Update(func(bt *bolt.Tx) error { _, err := bt.CreateBucket(name); return err }))
	value := bytes.Repeat([]byte("v"), 200+48)
	var commits atomic.Uint64
	rate = drive(b, func(k string) error {
		return db.Batch(func(bt *bolt.Tx) error {
			commits.Store(uint64(bt.ID()))
			return bt.Bucket(name).Put([]byte(k), value)
		})
	})
	return rate, 2 * float64(commits.Load()) / benchTime.Seconds()
}

// BenchmarkOpen opens a store of 10^6 objects of 100 bytes: reads all, and builds the digest.
func BenchmarkOpen(b *testing.B) {
	path := bigStore(b, 1_000_000)
	var opened time.Duration
	for b.Loop() {
		begin := time.Now()
		s, err := store.Open(settings(path))
		require.NoError(b, err)
		require.EqualValues(b, 1_000_000, root(b, s).Count)
		opened += time.Since(begin)
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/1e6, "heap_B/object")
		require.NoError(b, s.Close())
	}
	b.ReportMetric(opened.Seconds()/float64(b.N), "s/open")
	info, err := os.Stat(path)
	require.NoError(b, err)
	b.ReportMetric(float64(info.Size())/1e6, "file_B/object")
}

// bigStore makes a file with n objects.
func bigStore(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "db")
	s, err := store.Open(settings(path))
	require.NoError(b, err)
	value := bytes.Repeat([]byte("v"), 100)
	for i := 0; i < n; {
		update(b, s, func(tx store.Tx) error {
			for end := min(i+20_000, n); i < end; i++ {
				if _, err := tx.Put(key(fmt.Sprintf("object/%09d", i)), nil, value); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(b, s.Close())
	return path
}

// BenchmarkUpkeep is what the digest costs for each change of an object: both items, out and in, and the root each time.
func BenchmarkUpkeep(b *testing.B) {
	var tree digest.Tree
	sets := make([]clock.Set, 100_000)
	name := func(i int) string { return fmt.Sprintf("object/%09d", i) }
	var a clock.Actor
	value := bytes.Repeat([]byte("v"), 100)
	for i := range sets {
		sets[i], _ = clock.Set{}.Put(nil, clock.Dot{Actor: a, Counter: uint64(i + 1)}, value)
		tree.Add(sets[i].Item([16]byte{}, "n", name(i)), 0)
	}
	tree.Summary(nil)
	next := uint64(len(sets))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i * 7919 % len(sets)
		next++
		now, _ := sets[at].Put(sets[at].Context(), clock.Dot{Actor: a, Counter: next}, value)
		tree.Remove(sets[at].Item([16]byte{}, "n", name(at)))
		tree.Add(now.Item([16]byte{}, "n", name(at)), 0)
		tree.Summary(nil)
		sets[at] = now
	}
}
