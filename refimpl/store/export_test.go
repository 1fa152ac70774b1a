package store

import (
	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
)

// CommitBy puts f in the place of the commit of the engine. Call it while no write runs.
func (s *Bolt) CommitBy(f func(*bolt.Tx) error) { s.commit = f }

// Spoil changes the file behind the store's back. Call it while no write runs.
func (s *Bolt) Spoil(f func(*bolt.Tx) error) error { return s.db.Update(f) }

// Allocated gives the bytes of pages that commits have written, as the engine counts them.
func (s *Bolt) Allocated() int64 { stats := s.db.Stats(); return stats.TxStats.GetPageAlloc() }

// Waiting gives the calls in the queue.
func (s *Bolt) Waiting() int { return len(s.queue) }

// SpoilDigest adds an item that no object has.
func (s *Bolt) SpoilDigest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.at("n").tree.Add(digest.Item{1}, 0)
}

// SpoilSeen takes a dot out of the node clock in memory.
func (s *Bolt) SpoilSeen(d clock.Dot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range []clocks{s.pub, s.work} {
		for _, n := range c {
			n.Remove(d)
		}
	}
}

// The names of the buckets, for tests that damage them.
var (
	BucketObjects, BucketDots, BucketDead, BucketSeen = bucketObjects, bucketDots, bucketDead, bucketSeen
	LogKey                                            = logKey
)

// Bytes gives the stored form.
func (k Key) Bytes() []byte { return k.bytes() }
