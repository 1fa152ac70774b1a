package channel

import (
	"context"
	"errors"

	"handfast/refimpl/delivery"
)

// Full says what Push does when the queue has no room.
type Full int

const (
	// DropOldest makes room: what is dropped becomes a GAP.
	DropOldest Full = iota
	// Refuse returns ErrFull.
	Refuse
	// Wait waits until the receiver has made enough durable.
	Wait
)

// ErrFull is what Push returns where the queue is full and is not to drop anything.
var ErrFull = errors.New("channel: the queue is full")

// ErrClosed is what is returned after Close.
var ErrClosed = errors.New("channel: closed")

// Push gives a record to the queue, which takes data over, and returns its number: when it is durable, where the queue is. It
// waits where the queue is full and WhenFull is Wait. The error is ErrFull, ErrClosed, that of ctx, delivery.ErrTooLarge, or that
// of the disk: then the record is not in the queue.
func (s *Source) Push(ctx context.Context, data []byte) (seq uint64, err error) {
	size := uint64(len(data)) + delivery.RecordOverhead
	if err := s.reserve(ctx, size); err != nil {
		return 0, err
	}
	seq, err = s.cfg.Queue.Append(data)
	if errors.Is(err, delivery.ErrExhausted) {
		if err = s.renew(); err == nil {
			seq, err = s.cfg.Queue.Append(data)
		}
	}
	s.unreserve(size, err)
	s.poke()
	return seq, err
}

// PushAll is Push for several records, which follow each other under ascending numbers and are made durable together. It gives the
// number of the last one that was taken, and how many were: all of them, unless err says why not the next.
func (s *Source) PushAll(ctx context.Context, list [][]byte) (last uint64, taken int, err error) {
	for taken < len(list) && err == nil {
		n, size := s.fitting(list[taken:])
		if err := s.reserve(ctx, size); err != nil {
			return last, taken, err
		}
		first, did, failed := s.cfg.Queue.AppendAll(list[taken : taken+n])
		if did > 0 {
			last = first + uint64(did) - 1
		}
		taken += did
		if err = failed; errors.Is(err, delivery.ErrExhausted) {
			err = s.renew()
		}
		s.unreserve(size, err)
		s.poke()
	}
	return last, taken, err
}

// fitting gives how many records are to be appended together, and what they count: all of them where nothing is waited for.
func (s *Source) fitting(list [][]byte) (n int, size uint64) {
	if s.cfg.WhenFull == DropOldest {
		return len(list), 0
	}
	have, limit := s.cfg.Queue.Bytes()
	for ; n < len(list); n++ {
		one := uint64(len(list[n])) + delivery.RecordOverhead
		if n > 0 && have+size+one > limit {
			break
		}
		size += one
	}
	return n, size
}

// reserve sees to it that the queue has room for records of this size, as WhenFull says.
func (s *Source) reserve(ctx context.Context, size uint64) error {
	if s.cfg.WhenFull == DropOldest {
		if s.closed.Load() {
			return ErrClosed
		}
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.closed.Load() {
			return ErrClosed
		}
		have, limit := s.cfg.Queue.Bytes()
		if size > limit || have+s.reserved+size <= limit { // over the limit: ErrTooLarge is the queue's
			s.reserved += size
			return nil
		}
		if s.cfg.WhenFull == Refuse {
			s.counts.Refused++
			return ErrFull
		}
		if err := s.await(ctx, 0); err != nil {
			return err
		}
	}
}

// unreserve ends what reserve began, when the queue has taken the records, or has not with err.
func (s *Source) unreserve(size uint64, err error) {
	if s.cfg.WhenFull == DropOldest {
		return
	}
	s.mu.Lock()
	s.reserved -= size
	if err != nil {
		s.notify()
	}
	s.mu.Unlock()
}

// renew goes on with a new channel when every number was given (CHAN-012).
func (s *Source) renew() error {
	s.mu.Lock()
	old := s.detach()
	s.stable.Store(0) // the numbers begin anew
	err := s.cfg.Queue.Renew()
	s.mu.Unlock()
	old.reset()
	return err
}
