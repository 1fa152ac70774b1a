package channel

import (
	"time"

	"handfast/refimpl/delivery"
)

// Forgetter is a store that can forget a channel. Where a store is none, channels that the Sink has forgotten come back with the next
// process, which is lawful, but grows.
type Forgetter interface {
	// Forget deletes the cursor of a channel, durably. Calls come as those of Keep do.
	Forget(key delivery.Key) error
}

const (
	forgetEvery = time.Hour
	forgetMost  = 64 // at a time: others wait meanwhile
	forgetMore  = time.Second
)

// sweep forgets channels that nobody has attached for long (OPT-010): a receiver that keeps them for ever is filled up by peers that come
// once. It is the Sink's timer.
func (s *Sink) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	busy := func(key delivery.Key) bool {
		k := s.work[key]
		return k.running || len(k.todo) > k.head
	}
	gone := s.core.Forget(s.now(), forgetMost, busy)
	for _, key := range gone {
		k := s.work[key]
		s.log.Info("a channel was forgotten", "proto", key.Proto, "name", key.Name)
		k.todo = append(k.todo, task{forget: true})
		s.goOn(k)
	}
	if len(gone) == forgetMost {
		s.sweeper.Reset(forgetMore)
		return
	}
	s.sweeper.Reset(forgetEvery)
}

// forget takes a channel out of the store, unless it was offered again meanwhile: then its cursor waits to be stored behind this.
func (s *Sink) forget(k *keyed) {
	if f, ok := s.store.(Forgetter); ok && !s.insist(k, func() error { return f.Forget(k.key) }) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.core.Receiver(k.key) == nil && len(k.todo) == k.head {
		if k.timer != nil {
			k.timer.Stop()
		}
		delete(s.work, k.key)
	}
}
