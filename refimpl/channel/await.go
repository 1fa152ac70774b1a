package channel

import "context"

// waiter is one who waits for stable to reach a number, or with 0 for any change of it.
type waiter struct {
	seq  uint64
	told chan struct{} // capacity 1
}

// AwaitStable waits until the record of this number, and all before it, are durable at the receiver or given up.
func (s *Source) AwaitStable(ctx context.Context, seq uint64) error {
	if s.stable.Load() >= seq {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.cfg.Queue.Bounds().Stable < seq {
		if s.closed.Load() {
			return ErrClosed
		}
		if err := s.await(ctx, seq); err != nil {
			return err
		}
	}
	return nil
}

// await waits until stable has reached a number, with 0 for a change, or for the end. It is called with mu held, which it releases
// meanwhile.
func (s *Source) await(ctx context.Context, seq uint64) error {
	w := s.spare
	if s.spare = nil; w == nil {
		w = &waiter{told: make(chan struct{}, 1)}
	}
	w.seq = seq
	s.waiters[w] = struct{}{}
	s.mu.Unlock()
	var err error
	select {
	case <-w.told:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	s.mu.Lock()
	if _, waits := s.waiters[w]; waits {
		delete(s.waiters, w)
	} else if err != nil {
		<-w.told // it was told meanwhile
	}
	s.spare = w
	return err
}

// notify notes how far the queue is stable, and tells those who wait for it. It is called with mu held.
func (s *Source) notify() {
	stable := s.cfg.Queue.Bounds().Stable
	if s.stable.Swap(stable) < stable && s.cfg.OnStable != nil {
		s.cfg.OnStable(stable)
	}
	for w := range s.waiters {
		if w.seq <= stable || s.closed.Load() {
			delete(s.waiters, w)
			w.told <- struct{}{}
		}
	}
}
