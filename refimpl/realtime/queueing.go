package realtime

import (
	"errors"
	"sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/store"
)

// atOnce bounds the records that are given to queues at the same time: a queue in a file commits them together.
const atOnce = 64

// pushing is one record for one remote.
type pushing struct {
	to *remote
	*outgoing
}

// spread queues changes for every remote that is to have them. It returns when they are in the queues, or when it is known that they are not: then
// the remote is behind.
func (r *Replicated) spread(changes []change) {
	if len(changes) == 0 {
		return
	}
	r.mu.Lock()
	remotes := make([]*remote, 0, len(r.remotes))
	for _, m := range r.remotes {
		if !m.behind {
			remotes = append(remotes, m)
		}
	}
	r.mu.Unlock()
	if len(remotes) == 0 {
		return
	}
	var list []pushing
	for _, c := range changes {
		var data *outgoing
		for _, m := range remotes {
			if !r.wanted(m, c.key.Namespace, c.path) {
				continue
			}
			if data == nil {
				if data = r.record(c); data == nil {
					break
				}
			}
			list = append(list, pushing{m, data})
		}
	}
	inParallel(list, func(p pushing) { r.push(p) })
}

// inParallel calls f for each, atOnce at a time.
func inParallel(list []pushing, f func(pushing)) {
	if len(list) == 1 {
		f(list[0])
		return
	}
	var wg sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, p := range list {
		room <- struct{}{}
		wg.Go(func() {
			f(p)
			<-room
		})
	}
	wg.Wait()
}

// record makes the record of a change. A path that is full is begun anew: that what changes nothing is not passed on ends loops too.
func (r *Replicated) record(c change) *outgoing {
	large := c.set.EncodedSize() > codec.MaxRealtimeObject-codec.MaxRealtimeHead
	object := []byte{0} // in the place of one that is not copied
	var err error
	if !large {
		object, err = c.set.AppendBinary(nil)
	}
	if err != nil { // the store has taken it, and so it cannot be
		r.log.Error("an object cannot be encoded", "namespace", c.key.Namespace, "err", err)
		return nil
	}
	path := c.path
	if len(path) >= codec.MaxRealtimePath {
		path = nil
	}
	rec := codec.Realtime{Namespace: c.key.Namespace, Key: c.key.Name, Path: append(path[:len(path):len(path)], r.cfg.Cluster), Object: object}
	b, err := rec.Append(nil)
	if err != nil {
		r.log.Error("an object cannot be encoded", "namespace", c.key.Namespace, "err", err)
		return nil
	}
	if large {
		return &outgoing{head: b[:len(b)-len(object)], set: c.set}
	}
	return &outgoing{data: b}
}

// push gives a record to the queue of a remote. A failure other than of the record itself leaves the remote behind.
func (r *Replicated) push(p pushing) bool {
	m := p.to
	records, err := m.enqueue(p.outgoing)
	if errors.Is(err, delivery.ErrTooLarge) {
		r.log.Warn("an object is larger than the queue", "remote", m.name, "bytes", p.size())
		r.mu.Lock()
		m.counts.large++
		r.mu.Unlock()
		err = m.queue.OweCheck() // nobody else will know that it is missing
		r.owes()
	}
	if err == nil {
		err = r.oweLoss(m)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.fall(m, err)
		return false
	}
	m.counts.queued += uint64(records)
	if m.src != nil {
		m.src.Wake()
	}
	return true
}

// oweLoss notes that a CHECK is owed where the queue has dropped records for want of room (REAL-021).
func (r *Replicated) oweLoss(m *remote) error {
	h := m.queue.Head()
	if h.First <= h.Stable+1 {
		return nil
	}
	last := h.First - 1
	r.mu.Lock()
	known, asked := m.dropped, m.asked
	r.mu.Unlock()
	if last <= known {
		return nil
	}
	if _, reason := m.queue.Hole(last); reason == codec.GapFiltered {
		return nil
	}
	// While it drops one record after the other, one note is enough: it is renewed when somebody may have begun a repair.
	if known > h.Stable && h.Checks > h.Checked && !asked {
		return nil
	}
	r.mu.Lock()
	m.dropped, m.asked = last, false
	r.mu.Unlock()
	defer r.owes()
	return m.queue.OweCheck()
}

// fall leaves a remote behind and sees to its catch-up. It is called with mu held.
func (r *Replicated) fall(m *remote, err error) {
	if m.behind || r.closed {
		return
	}
	m.behind = true
	if m.queued == nil { // in memory: only a repair brings it
		m.behind = false
		return
	}
	r.log.Error("a queue has failed", "remote", m.name, "err", err)
	if m.catching {
		return
	}
	m.catching = true
	r.wg.Go(func() { r.recover(m) })
}

// recover queues what a queue has missed, until that succeeds or the Replicated closes.
func (r *Replicated) recover(m *remote) {
	for wait := r.cfg.RetryMin; ; wait = min(2*wait, r.cfg.RetryMax) {
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-r.stop:
			t.Stop()
			return
		}
		r.mu.Lock()
		gone := r.remotes[m.name] != m
		r.mu.Unlock()
		if gone {
			return
		}
		if err := r.catchUp(m); err == nil {
			r.log.Info("a queue has caught up", "remote", m.name)
			return
		}
	}
}

// catchUp queues what the store has and the queue was not given for sure. The remote is not behind any more when it returns nil.
func (r *Replicated) catchUp(m *remote) error {
	r.mu.Lock()
	m.catching, m.behind = true, false // what is written from now on is queued by its writer
	have := m.queued.Clone()
	r.mu.Unlock()
	failed := false
	var list []pushing
	var sum int
	out := func() {
		inParallel(list, func(p pushing) {
			if !r.push(p) {
				r.mu.Lock()
				failed = true
				r.mu.Unlock()
			}
		})
		list, sum = list[:0], 0
	}
	upTo, err := r.Store.Since(have, func(k store.Key, set clock.Set) error {
		if !r.wanted(m, k.Namespace, nil) {
			return nil
		}
		if data := r.record(change{key: k, set: set}); data != nil {
			list = append(list, pushing{m, data})
			sum += data.size()
		}
		if len(list) >= atOnce || sum >= 4<<20 {
			out()
		}
		if failed {
			return errQueue
		}
		return nil
	})
	if err == nil {
		out()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && failed || m.behind {
		err = errQueue
	}
	if err != nil {
		m.behind = true
		return err
	}
	m.queued.Join(upTo)
	m.catching, m.unsaved = false, true
	return nil
}

var errQueue = errors.New("realtime: a queue has failed")
