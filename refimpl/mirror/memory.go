package mirror

import (
	"bytes"
	"errors"
	"maps"
	"sync"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

// memory keeps everything in memory.
type memory struct {
	limit uint64 // of each queue, in bytes

	mu      sync.Mutex // guards the fields below
	cursors map[delivery.Key]delivery.Cursor
	queues  map[delivery.Key]*whole
}

func newMemory(limit uint64) *memory {
	return &memory{limit: limit, cursors: map[delivery.Key]delivery.Cursor{}, queues: map[delivery.Key]*whole{}}
}

// Cursors gives all.
func (s *memory) Cursors() (map[delivery.Key]delivery.Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.cursors), nil
}

// Keep keeps a cursor.
func (s *memory) Keep(key delivery.Key, c delivery.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursors[key] = c.Clone()
	return nil
}

// Len counts the cursors.
func (s *memory) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cursors)
}

// Cursor gives the cursor of a key.
func (s *memory) Cursor(key delivery.Key) (delivery.Cursor, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.cursors[key]
	return c, known
}

// Close does nothing.
func (s *memory) Close() error { return nil }

// Queue gives the queue of a master's mirror.
func (s *memory) Queue(master delivery.Key) (channel.Queue, error) { return s.queue(master), nil }

func (s *memory) queue(key delivery.Key) *whole {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[key]
	if q == nil {
		q = &whole{Volatile: delivery.NewVolatile(key.Name+suffix, s.limit)}
		s.queues[key] = q
	}
	return q
}

// Commit mirrors a batch and moves the cursor over it.
func (s *memory) Commit(b *channel.Batch) error {
	s.mu.Lock()
	stored := s.cursors[b.Key]
	s.mu.Unlock()
	items, next := b.New(stored)
	if isMaster(b.Key) {
		if err := s.queue(b.Key).add(stored, items); err != nil {
			return err
		}
	}
	return s.Keep(b.Key, next)
}

// whole is a queue that shows a batch when all of it is there: a number that is given up has been a record for a moment.
type whole struct {
	mu sync.Mutex // held over add, and by whoever asks for new numbers
	*delivery.Volatile
}

// Head gives a copy.
func (q *whole) Head() delivery.Head {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.Volatile.Head()
}

// Bounds gives the numbers of Head: it is what a sender looks at.
func (q *whole) Bounds() delivery.Bounds {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.Volatile.Bounds()
}

// add appends items of a master whose position is stored.
func (q *whole) add(stored delivery.Cursor, items []channel.Item) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range items {
		if gap := items[i].Gap; gap != nil {
			if err := q.giveUp(consumed(&stored, gap.Gap), gap.Gap.Reason); err != nil {
				return err
			}
			continue
		}
		_, err := q.Append(bytes.Clone(items[i].Record.Data))
		if errors.Is(err, delivery.ErrTooLarge) {
			err = q.giveUp(1, codec.GapOperator)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// giveUp makes a hole of the next n numbers.
func (q *whole) giveUp(n int, reason uint32) error {
	for range n {
		seq, err := q.Append(nil)
		if err != nil {
			return err
		}
		if err := q.Drop(seq, seq, reason); err != nil {
			return err
		}
	}
	return nil
}
