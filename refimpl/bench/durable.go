package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	hfchannel "handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

// committer is a flow that commits what it is acknowledged.
type committer interface {
	ackedFlow
	commits() int64 // so far
}

// runDurable is acked with a store on the disk. raw is the store alone.
func runDurable(t *trial, p peer) (figures, error) {
	dir, err := os.MkdirTemp("", "bench-durable-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	f, err := p.durable(t.Size, t.Concurrency, filepath.Join(dir, "store"))
	if err != nil {
		return nil, err
	}
	l := newLedger(t.Concurrency)
	before, start := f.commits(), time.Now()
	found, err := t.flow(f, l)
	if err == nil {
		found[figCommits] = float64(f.commits()-before) / time.Since(start).Seconds()
	}
	return found, err
}

var bucketBench = []byte("records")

// store is a file of bbolt.
type store struct {
	db   *bbolt.DB
	done atomic.Int64 // commits
}

func openStore(path string) (*store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	return &store{db: db}, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketBench)
		return err
	})
}

func (s *store) commits() int64 { return s.done.Load() }

// put writes one record.
func (s *store) put(b *bbolt.Bucket, seq uint64, data []byte) error {
	return b.Put(binary.BigEndian.AppendUint64(nil, seq), data)
}

// bareStore writes batches of as many records as may be outstanding, each by one commit.
type bareStore struct {
	*store
	size, batch int
}

func bareDurable(size, outstanding int, path string) (committer, error) {
	s, err := openStore(path)
	return &bareStore{s, size, outstanding}, err
}

func (s *bareStore) run(t *trial, l *ledger) {
	msg := payload(s.size)
	for next := int64(1); ; next += int64(s.batch) {
		l.send(next, next+int64(s.batch)-1)
		err := s.db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket(bucketBench)
			b.FillPercent = 0.95 // numbers only grow
			for i := range s.batch {
				if err := s.put(b, uint64(next)+uint64(i), msg); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.fail(err)
			return
		}
		s.done.Add(1)
		l.ack(next + int64(s.batch) - 1)
	}
}

// durableChannel is a channel whose sink commits records and cursor together.
type durableChannel struct {
	handfastChannel
	*store
}

func handfastDurable(size, outstanding int, path string) (committer, error) {
	s, err := openStore(path)
	if err != nil {
		return nil, err
	}
	sink, err := hfchannel.NewBolt(s.db, func(tx *bbolt.Tx, _ delivery.Key, items []hfchannel.Item) error {
		b := tx.Bucket(bucketBench)
		b.FillPercent = 0.95
		s.done.Add(1)
		for i := range items {
			if err := s.put(b, items[i].Record.Seq, items[i].Record.Data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l, err := sinkLink(hfchannel.SinkConfig{Transactional: sink})
	return &durableChannel{handfastChannel{size, outstanding, l}, s}, err
}
