package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"handfast/codec"
	"handfast/refimpl/boltfile"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

// disk keeps everything in a folder: for each master a file with the queue of its mirror and the cursor of the master, which change
// together, and one file with the list of masters and the cursors of all other channels.
type disk struct {
	dir   string
	limit uint64 // of each queue, in bytes
	index *bbolt.DB

	making sync.Mutex // held by whoever opens a file of a mirror; before mu

	mu      sync.Mutex // guards the fields below; not held over the disk, because whoever reads a link takes it
	cursors map[delivery.Key]delivery.Cursor
	queues  map[delivery.Key]*durable
	closed  bool
}

// durable is the queue of a mirror in its file.
type durable struct{ *delivery.Durable }

// reasonZero stands in the file for the reason 0, which is that of a record there.
const reasonZero = math.MaxUint32 - 1

// Hole gives the end and the reason of a hole.
func (q *durable) Hole(seq uint64) (to uint64, reason uint32) {
	if to, reason = q.Durable.Hole(seq); reason == reasonZero {
		reason = 0
	}
	return to, reason
}

var (
	bucketCursors = []byte("cursors") // key as keyBytes makes it: delivery.Cursor
	bucketMasters = []byte("masters") // the same: nothing
	bucketCursor  = []byte("cursor")  // of a master, in the file of its mirror
)

// ErrFolder says that a folder holds something else than what a Mirror keeps.
var ErrFolder = errors.New("mirror: not a folder of mirrors")

// lockWait is how long openDisk waits for another process to leave the folder.
const lockWait = 2 * time.Second

// openDisk opens a folder, or makes it. Every queue in it begins an epoch (CHAN-007).
func openDisk(dir string, limit uint64) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	index, err := boltfile.Open(filepath.Join(dir, "channels"), 0o600, bbolt.Options{Timeout: lockWait})
	if err != nil {
		return nil, fmt.Errorf("mirror: %s: %w", dir, err)
	}
	s := &disk{dir: dir, limit: limit, index: index, cursors: map[delivery.Key]delivery.Cursor{}, queues: map[delivery.Key]*durable{}}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// load reads the folder.
func (s *disk) load() error {
	var masters []delivery.Key
	err := s.index.Update(func(tx *bbolt.Tx) error {
		cursors, err := tx.CreateBucketIfNotExists(bucketCursors)
		if err != nil {
			return err
		}
		list, err := tx.CreateBucketIfNotExists(bucketMasters)
		if err != nil {
			return err
		}
		err = cursors.ForEach(func(k, v []byte) error {
			key, err := parseKey(k)
			if err != nil {
				return err
			}
			s.cursors[key], err = delivery.DecodeCursor(v)
			return err
		})
		return errors.Join(err, list.ForEach(func(k, _ []byte) error {
			key, err := parseKey(k)
			masters = append(masters, key)
			return err
		}))
	})
	for _, key := range masters {
		if err != nil {
			break
		}
		err = s.loadMaster(key)
	}
	return err
}

// loadMaster opens the file of a mirror.
func (s *disk) loadMaster(key delivery.Key) error {
	q, err := s.open(key)
	if err != nil {
		return err
	}
	s.queues[key] = q
	return q.Read(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketCursor)
		if b == nil { // the process ended before the first cursor
			return nil
		}
		c, err := delivery.DecodeCursor(b.Get(bucketCursor))
		if err == nil {
			s.cursors[key] = c
		}
		return err
	})
}

func (s *disk) open(master delivery.Key) (*durable, error) {
	sum := sha256.Sum256(keyBytes(master))
	q, err := delivery.OpenDurable(filepath.Join(s.dir, hex.EncodeToString(sum[:16])+".queue"), master.Name+suffix, s.limit)
	if err != nil {
		return nil, err
	}
	return &durable{q}, nil
}

// Close closes the files. Nobody uses the queues any more.
func (s *disk) Close() error {
	s.making.Lock()
	defer s.making.Unlock()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	var errs []error
	for _, q := range s.queues {
		errs = append(errs, q.Durable.Close())
	}
	return errors.Join(append(errs, s.index.Close())...)
}

// Cursors gives all.
func (s *disk) Cursors() (map[delivery.Key]delivery.Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.cursors), nil
}

// Len counts the cursors.
func (s *disk) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cursors)
}

// Cursor gives the cursor of a key.
func (s *disk) Cursor(key delivery.Key) (delivery.Cursor, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.cursors[key]
	return c, known
}

// Queue gives the queue of a master's mirror.
func (s *disk) Queue(master delivery.Key) (channel.Queue, error) { return s.queue(master) }

func (s *disk) queue(master delivery.Key) (*durable, error) {
	if q, err := s.opened(master); q != nil || err != nil {
		return q, err
	}
	s.making.Lock()
	defer s.making.Unlock()
	if q, err := s.opened(master); q != nil || err != nil { // meanwhile
		return q, err
	}
	q, err := s.open(master)
	if err != nil {
		return nil, err
	}
	if err := s.index.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMasters).Put(keyBytes(master), nil) }); err != nil {
		return nil, errors.Join(err, q.Durable.Close())
	}
	s.mu.Lock()
	s.queues[master] = q
	s.mu.Unlock()
	return q, nil
}

// opened gives a queue whose file is open, nil where it is not.
func (s *disk) opened(master delivery.Key) (*durable, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, channel.ErrClosed
	}
	return s.queues[master], nil
}

// Keep keeps a cursor.
func (s *disk) Keep(key delivery.Key, c delivery.Cursor) error { return s.write(key, nil, c) }

// Commit mirrors a batch and moves the cursor over it.
func (s *disk) Commit(b *channel.Batch) error {
	stored, _ := s.Cursor(b.Key)
	items, next := b.New(stored)
	var parts []delivery.Part
	if isMaster(b.Key) {
		parts = s.parts(stored, items)
	}
	return s.write(b.Key, parts, next)
}

// parts is what items of a master do to its mirror.
func (s *disk) parts(stored delivery.Cursor, items []channel.Item) (parts []delivery.Part) {
	for i := range items {
		one := delivery.Part{Data: items[i].Record.Data}
		switch gap := items[i].Gap; {
		case gap != nil:
			if one = (delivery.Part{Lost: consumed(&stored, gap.Gap), Reason: gap.Gap.Reason}); one.Lost == 0 {
				continue
			}
			if one.Reason == 0 {
				one.Reason = reasonZero
			}
		case uint64(len(one.Data))+delivery.RecordOverhead > s.limit:
			one = delivery.Part{Lost: 1, Reason: codec.GapOperator}
		}
		parts = append(parts, one)
	}
	return parts
}

// write makes parts and a cursor durable together.
func (s *disk) write(key delivery.Key, parts []delivery.Part, c delivery.Cursor) error {
	v, err := c.AppendBinary(nil)
	if err != nil {
		return err
	}
	if isMaster(key) {
		var q *durable
		if q, err = s.queue(key); err == nil {
			err = q.AppendWith(parts, func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists(bucketCursor)
				if err != nil {
					return err
				}
				return b.Put(bucketCursor, v)
			})
		}
	} else {
		err = s.index.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketCursors).Put(keyBytes(key), v) })
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.cursors[key] = c.Clone()
	s.mu.Unlock()
	return nil
}

// keyBytes is the form of a key in files.
func keyBytes(key delivery.Key) []byte {
	b, _ := json.Marshal([]string{key.Node, key.Proto, key.Name}) // texts have a form
	return b
}

func parseKey(b []byte) (delivery.Key, error) {
	var parts []string
	if err := json.Unmarshal(b, &parts); err != nil || len(parts) != 3 || !slices.Equal(keyBytes(delivery.Key{Node: parts[0], Proto: parts[1], Name: parts[2]}), b) {
		return delivery.Key{}, fmt.Errorf("%w: key %q", ErrFolder, b)
	}
	return delivery.Key{Node: parts[0], Proto: parts[1], Name: parts[2]}, nil
}
