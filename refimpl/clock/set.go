package clock

import (
	"bytes"
	"slices"
)

// Sibling is one value of an object that no other write known has replaced.
type Sibling struct {
	Dot       Dot
	Tombstone bool   // a deletion: Value is empty
	Value     []byte // shared: do not change
}

// equal compares all fields.
func (s Sibling) equal(o Sibling) bool {
	return s.Dot == o.Dot && s.Tombstone == o.Tombstone && bytes.Equal(s.Value, o.Value)
}

// Set is the state of one object: the siblings, and the context that says which writes are known. The zero Set is an object that was
// never written. A Set without siblings whose context is not empty says only that these writes are gone.
type Set struct {
	context  Context
	siblings []Sibling // ascending by dot; the context covers each
}

// Context gives the version vector of all writes known. A write that carries it replaces all siblings. Do not change it.
func (s Set) Context() Context { return s.context }

// Siblings gives the siblings in the order of their dots. Do not change them.
func (s Set) Siblings() []Sibling { return s.siblings }

// Len gives the number of siblings, tombstones included.
func (s Set) Len() int { return len(s.siblings) }

// Values lists the values of the siblings that are no tombstones, in the order of their dots. Do not change them.
func (s Set) Values() [][]byte {
	var values [][]byte
	for _, one := range s.siblings {
		if !one.Tombstone {
			values = append(values, one.Value)
		}
	}
	return values
}

// Deleted tells whether the object has siblings and all are tombstones.
func (s Set) Deleted() bool {
	return len(s.siblings) > 0 && !slices.ContainsFunc(s.siblings, func(one Sibling) bool { return !one.Tombstone })
}

// Size gives the bytes of all values.
func (s Set) Size() (bytes int) {
	for _, one := range s.siblings {
		bytes += len(one.Value)
	}
	return bytes
}

// find gives the place of the sibling with this dot, and whether it is there.
func (s Set) find(d Dot) (int, bool) {
	return slices.BinarySearchFunc(s.siblings, d, func(one Sibling, d Dot) int { return one.Dot.Compare(d) })
}

// Has tells whether the write with this dot is a sibling.
func (s Set) Has(d Dot) bool {
	_, ok := s.find(d)
	return ok
}

// Next gives the dot behind the last one that the object knows of the actor. A store that counts its writes over all objects
// gives greater ones (OBJ-002).
func (s Set) Next(a Actor) Dot { return Dot{a, s.context.Counter(a) + 1} }

// Put gives the object behind a write: seen is the context that the writer has read, and every sibling that it covers is replaced.
// nil seen is a blind write, which replaces nothing. The error is ErrDotUsed; then the result is s.
func (s Set) Put(seen Context, d Dot, value []byte) (Set, error) {
	return s.write(seen, Sibling{Dot: d, Value: value})
}

// Delete is Put of a tombstone (OBJ-011).
func (s Set) Delete(seen Context, d Dot) (Set, error) {
	return s.write(seen, Sibling{Dot: d, Tombstone: true})
}

func (s Set) write(seen Context, fresh Sibling) (Set, error) {
	joined := s.context.Join(seen)
	if !fresh.Dot.valid() || joined.Has(fresh.Dot) {
		return s, ErrDotUsed
	}
	kept := make([]Sibling, 0, len(s.siblings)+1)
	for _, one := range s.siblings {
		if !seen.Has(one.Dot) {
			kept = append(kept, one)
		}
	}
	i, _ := Set{siblings: kept}.find(fresh.Dot)
	return Set{joined.With(fresh.Dot), slices.Insert(kept, i, fresh)}, nil
}

// Merge gives what is known when both are known: a sibling stays if the other side has it too, or has not heard of it (OBJ-008). It is
// commutative, associative and idempotent, and its result descends both sides. The error is a *CollisionError; then the result is s.
func (s Set) Merge(o Set) (Set, error) {
	out := Set{context: s.context.Join(o.context), siblings: make([]Sibling, 0, len(s.siblings)+len(o.siblings))}
	a, b := s.siblings, o.siblings
	for len(a) > 0 || len(b) > 0 {
		switch order := nextOf(a, b); {
		case order < 0:
			if !o.context.Has(a[0].Dot) {
				out.siblings = append(out.siblings, a[0])
			}
			a = a[1:]
		case order > 0:
			if !s.context.Has(b[0].Dot) {
				out.siblings = append(out.siblings, b[0])
			}
			b = b[1:]
		default:
			if !a[0].equal(b[0]) {
				return s, &CollisionError{a[0].Dot}
			}
			out.siblings = append(out.siblings, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return out, nil
}

// nextOf tells which of two lists, not both empty, has the lesser dot in front: negative the first, positive the second, 0 both.
func nextOf(a, b []Sibling) int {
	switch {
	case len(b) == 0:
		return -1
	case len(a) == 0:
		return 1
	default:
		return a[0].Dot.Compare(b[0].Dot)
	}
}

// Equal tells whether both are the same state: context, dots, tombstones and values.
func (s Set) Equal(o Set) bool {
	return s.context.Equal(o.context) && slices.EqualFunc(s.siblings, o.siblings, Sibling.equal)
}

// Less tells whether the history of s is a part of that of o and not the same, by contexts alone.
func (s Set) Less(o Set) bool { return s.context.Compare(o.context) == Before }

// Without gives the object without the siblings that gone names, with the same context: it says that they are known and gone.
func (s Set) Without(gone func(Dot) bool) Set {
	kept := slices.DeleteFunc(slices.Clone(s.siblings), func(one Sibling) bool { return gone(one.Dot) })
	return Set{s.context, kept}
}
