package store

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
)

// The states of a request.
const (
	waiting  = iota // in the queue
	taken           // its function is run, or was
	departed        // its caller has left
)

// request is one call of Update, or a task that needs the whole batch.
type request struct {
	f     func(Tx) error
	whole func(*batch) error // instead of f, alone in its commit
	state atomic.Int32
	done  chan error // capacity 1: one answer, sent by run
	panic any        // of f; read after done
}

// Update implements Store.
func (s *Bolt) Update(ctx context.Context, f func(Tx) error) error {
	return s.ask(ctx, &request{f: f, done: make(chan error, 1)})
}

// ask queues a request and waits for its answer.
func (s *Bolt) ask(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enqueue(r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return r.result(err)
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, departed) {
			return ctx.Err()
		}
		return r.result(<-r.done) // it has its turn: an answer that it may have been written would help nobody
	}
}

// result hands a panic of the function to the goroutine that gave it.
func (r *request) result(err error) error {
	if r.panic != nil {
		panic(r.panic)
	}
	return err
}

func (s *Bolt) enqueue(r *request) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return fail(CodeClosed, "")
	}
	select {
	case s.queue <- r:
		return nil
	default:
		s.stats.busy.Add(1)
		return fail(CodeBusy, fmt.Sprintf("%d writes wait", cap(s.queue)))
	}
}

// run makes the batches.
func (s *Bolt) run() {
	for {
		if r := s.held; r != nil {
			s.held = nil
			s.batch(r)
		}
		select {
		case <-s.done:
			s.refuse()
			return
		case r := <-s.queue:
			s.gather()
			s.batch(r)
		}
	}
}

// gather lets those run whose answer was sent just now, as long as more of them come back with their next write: they share this commit.
// It waits for nobody who does not run.
func (s *Bolt) gather() {
	for n := -1; n < len(s.queue) && len(s.queue) < *s.cfg.MaxBatch; {
		n = len(s.queue)
		runtime.Gosched()
	}
}

// refuse answers what is left in the queue. Nothing is added any more.
func (s *Bolt) refuse() {
	for {
		select {
		case r := <-s.queue:
			if r.state.CompareAndSwap(waiting, taken) {
				r.done <- fail(CodeClosed, "")
			}
		default:
			return
		}
	}
}
