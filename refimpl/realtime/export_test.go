package realtime

import (
	"sync"

	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/store"
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

// Keys lists the channels that the sink takes.
func Keys(r *Replicated) (list []delivery.Key) {
	r.in.mu.Lock()
	defer r.in.mu.Unlock()
	for k := range r.in.names {
		list = append(list, k)
	}
	return list
}

// Parts counts those that the store has of an object that is not whole.
func Parts(tx store.Tx, k delivery.Key) (int, error) {
	s, err := readParts(tx, k)
	if err == nil && s.Count == 0 {
		if _, err := tx.Cursor(partName(k, 0)); store.CodeOf(err) != store.CodeNotFound {
			return -1, err // nothing tells of it
		}
	}
	return s.Count, err
}

// Counts gives what became of the records of a channel, and whether a CHECK is owed for them.
func Counts(r *Replicated, k delivery.Key) (IntakeCounts, bool, error) {
	s, err := readOwed(r.Store, k)
	r.in.mu.Lock()
	defer r.in.mu.Unlock()
	if c := r.in.counts[k]; c != nil {
		return *c, s.Checks > s.Checked, err
	}
	return IntakeCounts{}, s.Checks > s.Checked, err
}
