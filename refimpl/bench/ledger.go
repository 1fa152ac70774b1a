package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// lagEvery is how many messages there are to one that is timed, where many are outstanding: the clock costs more than raw TCP does.
const lagEvery = 16

// ledger counts what was acknowledged, and how long that took. One goroutine sends, another takes acknowledgements.
type ledger struct {
	counter
	every int64
	sent  []atomic.Int64 // when a timed message was given away, nanoseconds since start; a ring

	start time.Time
	mu    sync.Mutex // guards took
	took  histogram
}

// newLedger is for so many messages outstanding at most.
func newLedger(outstanding int) *ledger {
	every := int64(1)
	if outstanding > lagEvery {
		every = lagEvery
	}
	return &ledger{every: every, sent: make([]atomic.Int64, 2*int64(outstanding)/every+2), start: time.Now()}
}

// send notes that the messages first to last are given away now.
func (l *ledger) send(first, last int64) {
	at := (first + l.every - 1) / l.every * l.every
	if at > last {
		return
	}
	now := int64(time.Since(l.start))
	for ; at <= last; at += l.every {
		l.sent[at/l.every%int64(len(l.sent))].Store(now)
	}
}

// ack notes that all messages up to this one are acknowledged.
func (l *ledger) ack(last int64) {
	have := l.n.Load()
	at := (have/l.every + 1) * l.every
	if at <= last {
		now := int64(time.Since(l.start))
		l.mu.Lock()
		for ; at <= last; at += l.every {
			l.took.add(time.Duration(now - l.sent[at/l.every%int64(len(l.sent))].Load()))
		}
		l.mu.Unlock()
	}
	l.n.Store(max(have, last))
}

// forget begins the measured time.
func (l *ledger) forget() {
	l.mu.Lock()
	l.took = histogram{}
	l.mu.Unlock()
}

// into adds the times to figures.
func (l *ledger) into(f figures) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.took.total > 0 {
		f[figP50], f[figP99], f[figP999] = l.took.quantile(.5), l.took.quantile(.99), l.took.quantile(.999)
	}
}
