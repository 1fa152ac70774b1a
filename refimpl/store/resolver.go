package store

import "handfast/refimpl/clock"

// Resolver decides what becomes of siblings. The zero Resolver keeps them.
type Resolver struct {
	last bool
	f    func(Key, []clock.Sibling) ([]byte, bool)
}

// LastWriter keeps the last writer by counter, then actor (OBJ-010), a tombstone too. What it drops is counted as lost.
func LastWriter() Resolver { return Resolver{last: true} }

// ResolveBy makes one value of siblings that are no tombstones, at least two, in the order of their dots. ok false keeps them all. f runs
// inside the transaction: it must not block, and must give the same value for the same siblings on every store, or stores
// resolve each other's results for ever.
func ResolveBy(f func(k Key, siblings []clock.Sibling) (value []byte, ok bool)) Resolver {
	return Resolver{f: f}
}

// resolve applies the resolver. next gives a new dot of this store.
func (r Resolver) resolve(k Key, s clock.Set, next func() clock.Dot) (out clock.Set, lost int, err error) {
	switch {
	case s.Len() < 2:
		return s, 0, nil
	case r.last:
		return s.LastWriter(), s.Len() - 1, nil
	case r.f == nil:
		return s, 0, nil
	}
	s = s.Dedupe() // another store may have come to the same result
	var live []clock.Sibling
	for _, one := range s.Siblings() {
		if !one.Tombstone {
			live = append(live, one)
		}
	}
	if len(live) < 2 {
		return s, 0, nil
	}
	value, ok := r.f(k, live)
	if !ok {
		return s, 0, nil
	}
	out, err = s.Put(s.Context(), next(), value)
	return out, 0, err
}
