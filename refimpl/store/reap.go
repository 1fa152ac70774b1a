package store

import (
	"bytes"
	"context"

	"handfast/refimpl/clock"
)

// Reap implements Store.
func (s *Bolt) Reap(ctx context.Context, acked []*clock.Node) (dropped int, err error) {
	return s.ReapIn(ctx, everywhere, acked)
}

// ReapIn implements Store.
func (s *Bolt) ReapIn(ctx context.Context, namespace string, acked []*clock.Node) (dropped int, err error) {
	if len(acked) == 0 {
		return 0, nil
	}
	from := []byte{}
	for from != nil {
		n := 0
		err := s.Update(ctx, func(tx Tx) (err error) {
			t := tx.(*txn) //nolint:forcetypeassert // of this package
			n, from, err = t.reap(namespace, from, acked)
			return err
		})
		if err != nil {
			return dropped, err
		}
		dropped += n
	}
	return dropped, nil
}

// reap looks at a page of dead objects, and says where the next one begins.
func (t *txn) reap(namespace string, from []byte, acked []*clock.Node) (dropped int, next []byte, err error) {
	c := t.bt.Bucket(bucketDead).Cursor()
	steps := 0
	for raw, _ := c.Seek(from); raw != nil; raw, _ = c.Next() {
		if steps++; steps > pageObjects {
			return dropped, bytes.Clone(raw), nil
		}
		k, ok := keyOf(raw)
		set, err := t.load(k)
		if !ok || err != nil {
			continue // damage is for Check
		}
		if namespace != everywhere && k.Namespace != namespace {
			continue
		}
		if set.Deleted() && t.stable(k.Namespace, set, acked) {
			t.keep(k, set, clock.Set{})
			dropped++
		}
	}
	return dropped, nil, nil
}

// stable tells whether every clock, this store's too, has all that the object shows (OBJ-018).
func (t *txn) stable(ns string, set clock.Set, acked []*clock.Node) bool {
	for _, n := range append([]*clock.Node{t.s.work.of(ns)}, acked...) {
		if n == nil || !n.CoversContext(set.Context()) {
			return false
		}
		for _, one := range set.Siblings() {
			if !n.Has(one.Dot) {
				return false
			}
		}
	}
	return true
}
