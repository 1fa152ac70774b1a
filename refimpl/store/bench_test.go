package store_test

import (
	"bytes"
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

// The two sides take turns, so that both meet the same neighbours on the machine.
const (
	benchTurns = 12
	benchTurn  = 400 * time.Millisecond
)

// BenchmarkGroupCommit compares the store with the engine's own batches, on the same disk in the same run: 64 writers, values of 200
// bytes; new and old keys in equal parts, or 50,000 keys that are there. x_bare is the store's share of the bare rate.
func BenchmarkGroupCommit(b *testing.B) {
	b.Run("half-new", func(b *testing.B) { compare(b, 0) })
	b.Run("overwrite-50000", func(b *testing.B) { compare(b, 50_000) })
}

// side is one of the two.
type side struct {
	write           func(key string) error
	commits         func() uint64
	pages           func() int64
	firstPages      int64
	writes          uint64
	first           uint64 // commits before
	next            [benchWriters]int
	seconds         float64
	rate, syncsRate float64
}

// compare drives both, over as many keys that are there before; 0: each key is written twice.
func compare(b *testing.B, keys int) {
	for b.Loop() {
		bare, ours := benchBare(b, keys), benchStore(b, keys)
		for _, s := range []*side{bare, ours} {
			s.first, s.firstPages = s.commits(), s.pages()
		}
		for range benchTurns {
			bare.drive(b, keys)
			ours.drive(b, keys)
		}
		for _, s := range []*side{bare, ours} {
			s.rate, s.syncsRate = float64(s.writes)/s.seconds, 2*float64(s.commits()-s.first)/s.seconds
		}
		b.ReportMetric(ours.rate, "writes/s")
		b.ReportMetric(ours.syncsRate, "fsyncs/s")
		b.ReportMetric(bare.rate, "bare_writes/s")
		b.ReportMetric(bare.syncsRate, "bare_fsyncs/s")
		b.ReportMetric(ours.rate/bare.rate, "x_bare")
		b.ReportMetric(float64(ours.pages()-ours.firstPages)/float64(ours.writes), "B/write")
		b.ReportMetric(float64(bare.pages()-bare.firstPages)/float64(bare.writes), "bare_B/write")
	}
}

// drive has the writers write for one turn.
func (s *side) drive(b *testing.B, keys int) {
	b.Helper()
	var done atomic.Uint64
	var wg sync.WaitGroup
	begin := time.Now()
	for w := range benchWriters {
		wg.Go(func() {
			for ; time.Since(begin) < benchTurn; s.next[w]++ {
				n := w*1_000_003 + s.next[w]/2
				if keys > 0 {
					n = (w*1_000_003 + s.next[w]) * 7919 % keys
				}
				if err := s.write(benchKey(n)); err != nil {
					b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	s.writes += done.Load()
	s.seconds += time.Since(begin).Seconds()
}

// benchKey spreads numbers over the order of keys.
func benchKey(n int) string {
	return fmt.Sprintf("key/%016x", uint64(n)*0x9E3779B97F4A7C15)
}

func benchStore(b *testing.B, keys int) *side {
	s := open(b)
	value := bytes.Repeat([]byte("v"), 200)
	for i := 0; i < keys; {
		update(b, s, func(tx store.Tx) error {
			for end := min(i+10_000, keys); i < end; i++ {
				if _, err := tx.Put(key(benchKey(i)), nil, value); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return &side{commits: func() uint64 { return s.Stats().Commits }, pages: s.Allocated, write: func(k string) error {
		return s.Update(b.Context(), func(tx store.Tx) error {
			_, err := store.Overwrite(tx, key(k), value)
			return err
		})
	}}
}

// benchBare writes the same keys, and values of the size of an encoded object, with bbolt alone, by its own batches of as many calls.
func benchBare(b *testing.B, keys int) *side {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "db"), 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	db.MaxBatchSize, db.MaxBatchDelay = benchWriters, time.Millisecond
	name := []byte("objects")
	value := bytes.Repeat([]byte("v"), 200+48)
	require.NoError(b, db.Update(func(bt *bolt.Tx) error {
		bucket, err := bt.CreateBucket(name)
		for i := 0; i < keys && err == nil; i++ {
			err = bucket.Put([]byte(benchKey(i)), value)
		}
		return err
	}))
	var commits atomic.Uint64
	pages := func() int64 { stats := db.Stats(); return stats.TxStats.GetPageAlloc() }
	return &side{commits: commits.Load, pages: pages, write: func(k string) error {
		return db.Batch(func(bt *bolt.Tx) error {
			commits.Store(uint64(bt.ID()))
			return bt.Bucket(name).Put([]byte(k), value)
		})
	}}
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
