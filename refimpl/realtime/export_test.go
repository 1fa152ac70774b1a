package realtime

import (
	"sync"

	"handfast/refimpl/channel"
)

// failing is a queue whose Append can be made to fail.
type failing struct {
	channel.Queue
	mu  sync.Mutex
	err error
}

func (q *failing) Append(data []byte) (uint64, error) {
	q.mu.Lock()
	err := q.err
	q.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return q.Queue.Append(data)
}

// FailQueue has the queue of a remote refuse records with err, from now on and until it is called again.
func FailQueue(r *Replicated, name string, err error) (set func(error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.remotes[name]
	q := &failing{Queue: m.queue, err: err}
	m.queue = q
	return func(err error) {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.err = err
	}
}

// Intake gives the store of the sink.
func Intake(r *Replicated) interface {
	channel.Transactional
	channel.Forgetter
} {
	return r.in
}
