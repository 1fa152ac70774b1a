package realtime

import (
	"context"

	"handfast/refimpl/sketch"
	"handfast/refimpl/store"
)

// through is the store as a session with one cluster sees it.
type through struct {
	*Replicated
	path [][16]byte
}

// Through gives the store as a repair with another cluster writes to it: what it changes goes to every remote but those of that cluster (REAL-015,
// REAL-016). A cluster of zeros is none. It is a store.Sketcher, as Replicated is.
func (r *Replicated) Through(cluster [16]byte) store.Store {
	if cluster == ([16]byte{}) {
		return r
	}
	return &through{r, [][16]byte{cluster}}
}

// Update is that of store.Store.
func (t *through) Update(ctx context.Context, f func(store.Tx) error) error {
	return t.update(ctx, func(tx *txn) error {
		tx.path = t.path
		return f(tx)
	})
}

var _ store.Sketcher = (*Replicated)(nil)

// Sketch is that of store.Sketcher; nil where the store keeps no cells.
func (r *Replicated) Sketch(namespace string, cells int) *sketch.Sketch {
	if s, ok := r.Store.(store.Sketcher); ok {
		return s.Sketch(namespace, cells)
	}
	return nil
}

// Cells is that of store.Sketcher; 0 where the store keeps no cells.
func (r *Replicated) Cells() int {
	if s, ok := r.Store.(store.Sketcher); ok {
		return s.Cells()
	}
	return 0
}
