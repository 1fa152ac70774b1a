package realtime

import (
	"context"
	"maps"

	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// snapEvery is after how many writes it is noted again what was queued. A process that is killed queues about twice as many again.
const snapEvery = 256

// writes says which writes go on, from before their commit to after their queueing. It is guarded by Replicated.mu.
type writes struct {
	last   uint64              // ticket
	active map[uint64]struct{} // tickets
	ended  int                 // since the last snapshot
	snap   *clock.Node         // the store's clock at some time, while writes of before go on; nil: none is due
	snapAt uint64              // the last ticket of that time
}

// begin takes a ticket.
func (r *Replicated) begin() (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, ErrClosed
	}
	r.writes.last++
	r.writes.active[r.writes.last] = struct{}{}
	return r.writes.last, nil
}

// end gives a ticket back. When every write of before a snapshot has ended, what stands in the snapshot was queued.
func (r *Replicated) end(ticket uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &r.writes
	delete(w.active, ticket)
	w.ended++
	if w.snap == nil && w.ended >= snapEvery {
		w.snap, w.snapAt, w.ended = r.Store.Clock(), w.last, 0
	}
	if w.snap == nil {
		return
	}
	for t := range w.active {
		if t <= w.snapAt {
			return
		}
	}
	r.promote(w.snap)
	w.snap = nil
}

// promote takes over that what a clock has was queued for each remote, where that is so. It is called with mu held.
func (r *Replicated) promote(safe *clock.Node) {
	for _, m := range r.remotes {
		if !m.behind && !m.catching && m.durable != nil {
			m.queued.Join(safe)
			m.unsaved = true
		}
	}
}

// note stores, in a transaction that commits anyway, what was queued. Where the commit fails the next one knows more.
func (r *Replicated) note(tx store.Tx) {
	r.mu.Lock()
	var due map[*remote]*clock.Node
	for _, m := range r.remotes {
		if m.unsaved {
			if due == nil {
				due = make(map[*remote]*clock.Node)
			}
			due[m], m.unsaved = m.queued.Clone(), false
		}
	}
	r.mu.Unlock()
	for m, c := range due {
		if err := m.saveQueued(tx, c); err != nil { // then more is queued again
			r.log.Warn("what was queued could not be noted", "remote", m.name, "err", err)
		}
	}
}

// flush waits for nobody: it stores what was queued as far as that is known.
func (r *Replicated) flush(ctx context.Context) error {
	r.mu.Lock()
	if len(r.writes.active) == 0 {
		r.promote(r.Store.Clock())
		r.writes.snap = nil
	}
	any := false
	for m := range maps.Values(r.remotes) {
		any = any || m.unsaved
	}
	r.mu.Unlock()
	if !any {
		return nil
	}
	return r.Store.Update(ctx, func(tx store.Tx) error {
		r.note(tx)
		return nil
	})
}
