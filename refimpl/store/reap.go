package store

import (
	"bytes"
	"context"

	"handfast/refimpl/clock"
)

// Reap implements Store.
func (s *Bolt) Reap(ctx context.Context, acked []*clock.Node) (dropped int, err error) {
	if len(acked) == 0 {
		return 0, nil
	}
	from := []byte{}
	for from != nil {
		n := 0
		err := s.Update(ctx, func(tx Tx) (err error) {
			t := tx.(*txn) //nolint:forcetypeassert // of this package
			n, from, err = t.reap(from, acked)
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
func (t *txn) reap(from []byte, acked []*clock.Node) (dropped int, next []byte, err error) {
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
		if set.Deleted() && t.stable(set, acked) {
			t.keep(k, set, clock.Set{})
			dropped++
		}
	}
	return dropped, nil, nil
}

// stable tells whether every clock, this store's too, has all that the object shows (OBJ-018).
func (t *txn) stable(set clock.Set, acked []*clock.Node) bool {
	for _, n := range append([]*clock.Node{t.s.work}, acked...) {
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
