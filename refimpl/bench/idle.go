package main

import (
	"runtime"
	"time"
)

const (
	// settle lets handshakes, first timers and grown stacks come to rest before a weighing.
	settle = 300 * time.Millisecond

	// idleMessage is the length of the one message that an idle stream has carried, in bytes.
	idleMessage = 16
)

// runIdle weighs t.Concurrency links on which nothing happens, both ends together.
func runIdle(t *trial, p peer) (figures, error) {
	return t.weigh(func() (any, error) {
		l, err := p.dial()
		if err != nil {
			return nil, err
		}
		if r, ok := l.(rester); ok {
			r.rest()
		}
		return l, nil
	})
}

// runIdleStreams weighs t.Concurrency streams of one link. Each has carried a message, since a peer that makes half of
// a stream at the first use would otherwise look lighter than it is.
func runIdleStreams(t *trial, p peer) (figures, error) {
	l, err := p.dial()
	if err != nil {
		return nil, err
	}
	msg := payload(idleMessage)
	return t.weigh(func() (any, error) {
		s, err := l.open(len(msg))
		if err != nil {
			return nil, err
		}
		if err := s.send(msg, 1); err != nil {
			return nil, err
		}
		_, err = s.recv()
		return s, err
	})
}

// weigh makes one thing, which pays for what is shared, and then t.Concurrency more, which it weighs.
func (t *trial) weigh(make1 func() (any, error)) (figures, error) {
	first, err := make1()
	if err != nil {
		return nil, err
	}
	kept := make([]any, 0, t.Concurrency)
	bytes0, goroutines0 := footprint()
	for range t.Concurrency {
		x, err := make1()
		if err != nil {
			return nil, err
		}
		kept = append(kept, x)
	}
	if err := t.wait(settle); err != nil {
		return nil, err
	}
	bytes1, goroutines1 := footprint()
	runtime.KeepAlive(first)
	runtime.KeepAlive(kept)
	n := float64(t.Concurrency)
	return figures{
		figBytes:      float64(bytes1-bytes0) / n,
		figGoroutines: float64(goroutines1-goroutines0) / n,
	}, nil
}

// footprint is the live heap and the stacks, in bytes, and the number of goroutines. It collects three times: pools
// give up what they hold only at the second collection, and stacks shrink at one.
func footprint() (bytes int64, goroutines int) {
	for range 3 {
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse), runtime.NumGoroutine()
}
