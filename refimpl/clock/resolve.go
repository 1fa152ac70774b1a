package clock

import (
	"bytes"
	"slices"
)

// Winner gives the sibling of the last writer: the greatest by counter, then actor (OBJ-010). A tombstone may win. ok is false where
// there is no sibling.
func (s Set) Winner() (winner Sibling, ok bool) {
	return s.Last(func(a, b Sibling) bool { return a.Dot.CompareWrites(b.Dot) < 0 })
}

// LastWriter gives the object with the winner alone, under its old dot and with the same context: every store that does so has
// the same result, and no new write is needed.
func (s Set) LastWriter() Set {
	return s.KeepLast(func(a, b Sibling) bool { return a.Dot.CompareWrites(b.Dot) < 0 })
}

// Last gives the greatest sibling by less, which must be a strict total order. ok is false where there is no sibling.
func (s Set) Last(less func(a, b Sibling) bool) (last Sibling, ok bool) {
	for i, one := range s.siblings {
		if i == 0 || less(last, one) {
			last = one
		}
	}
	return last, len(s.siblings) > 0
}

// KeepLast gives the object with the greatest sibling by less alone, under its old dot and with the same context.
func (s Set) KeepLast(less func(a, b Sibling) bool) Set {
	last, ok := s.Last(less)
	if !ok {
		return s
	}
	return Set{s.context, []Sibling{last}}
}

// Reconcile replaces all siblings by what f makes of them, as a write with the dot d. f gets the siblings in the order of their dots.
// Two stores that reconcile the same siblings make two writes of one value; Dedupe makes one of them again. The error is
// ErrDotUsed.
func (s Set) Reconcile(d Dot, f func([]Sibling) []byte) (Set, error) {
	return s.Put(s.context, d, f(slices.Clone(s.siblings)))
}

// Dedupe drops each sibling whose value is also that of a later one (OBJ-010), and each tombstone behind which there is a later
// tombstone. The dots stay known. Use it only together with a resolver: a write that replaces the later one alone would have
// left the earlier one standing.
func (s Set) Dedupe() Set {
	same := func(a, b Sibling) bool { return a.Tombstone == b.Tombstone && bytes.Equal(a.Value, b.Value) }
	kept := make([]Sibling, 0, len(s.siblings))
	for _, one := range s.siblings {
		later := func(other Sibling) bool { return same(one, other) && one.Dot.CompareWrites(other.Dot) < 0 }
		if !slices.ContainsFunc(s.siblings, later) {
			kept = append(kept, one)
		}
	}
	return Set{s.context, kept}
}

// Map gives the object with each value replaced by f's result for it. The result is for the caller alone: merged with the original it
// is a collision.
func (s Set) Map(f func([]byte) []byte) Set {
	out := Set{s.context, slices.Clone(s.siblings)}
	for i := range out.siblings {
		if one := &out.siblings[i]; !one.Tombstone {
			one.Value = f(one.Value)
		}
	}
	return out
}

// Compact drops what the context says of actors without a sibling, if every replica is known to have all of the context: stable is what
// the clocks of all of them cover. Otherwise the result is s. A replica that is missing in stable and still holds one of the
// writes that are gone would bring it back; and a compacted state has another hash than one that is not.
func (s Set) Compact(stable *Node) Set {
	for _, d := range s.context {
		if !stable.Has(d) {
			return s
		}
	}
	var kept Context
	for _, one := range s.siblings { // ascending by dot, so that the last one of an actor is its greatest
		if n := len(kept); n > 0 && kept[n-1].Actor == one.Dot.Actor {
			kept[n-1] = one.Dot
		} else {
			kept = append(kept, one.Dot)
		}
	}
	return Set{kept, s.siblings}
}
