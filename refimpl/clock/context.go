package clock

import "slices"

// Context is a version vector: for each actor the greatest counter that is known of it. Entries ascend by actor, and each counter is
// from 1 to MaxCounter; the functions of this package keep that, and nil is the context of nothing. An entry says that all
// writes of the actor to this object up to the counter are known, those that are gone included.
type Context []Dot

// find gives the place of the actor, and whether it is there.
func (c Context) find(a Actor) (int, bool) {
	return slices.BinarySearchFunc(c, a, func(d Dot, a Actor) int { return d.Actor.Compare(a) })
}

// Counter gives the greatest counter known of the actor; 0 for none.
func (c Context) Counter(a Actor) uint64 {
	if i, ok := c.find(a); ok {
		return c[i].Counter
	}
	return 0
}

// Has tells whether the context covers the dot.
func (c Context) Has(d Dot) bool { return d.Counter <= c.Counter(d.Actor) }

// Actors lists the actors, ascending.
func (c Context) Actors() []Actor {
	ids := make([]Actor, len(c))
	for i, d := range c {
		ids[i] = d.Actor
	}
	return ids
}

// With gives the context that covers d too. It shares nothing with c.
func (c Context) With(d Dot) Context {
	i, ok := c.find(d.Actor)
	if !ok {
		return slices.Insert(slices.Clip(slices.Clone(c)), i, d)
	}
	out := slices.Clone(c)
	out[i].Counter = max(out[i].Counter, d.Counter)
	return out
}

// Join gives the least context that covers both. It may be one of the two itself.
func (c Context) Join(o Context) Context {
	if len(o) == 0 {
		return c
	}
	if len(c) == 0 {
		return o
	}
	out := make(Context, 0, len(c)+len(o))
	for len(c) > 0 && len(o) > 0 {
		switch order := c[0].Actor.Compare(o[0].Actor); {
		case order < 0:
			out, c = append(out, c[0]), c[1:]
		case order > 0:
			out, o = append(out, o[0]), o[1:]
		default:
			out = append(out, Dot{c[0].Actor, max(c[0].Counter, o[0].Counter)})
			c, o = c[1:], o[1:]
		}
	}
	return append(append(out, c...), o...)
}

// Relation says how two histories stand to each other.
type Relation uint8

// The relations of a first history to a second.
const (
	Same       Relation = iota
	Before              // the first is a part of the second
	After               // the second is a part of the first
	Concurrent          // each has what the other has not
)

// String gives the relation in lower case.
func (r Relation) String() string {
	if r <= Concurrent {
		return [...]string{"same", "before", "after", "concurrent"}[r]
	}
	return "unknown"
}

// Descends tells whether c covers everything that o covers: o is the same or before. A read whose context a store's object descends is
// answered with nothing that the reader has not seen.
func (c Context) Descends(o Context) bool {
	for _, d := range o {
		if !c.Has(d) {
			return false
		}
	}
	return true
}

// Compare tells the relation of c to o, by counters alone.
func (c Context) Compare(o Context) Relation {
	switch below, above := o.Descends(c), c.Descends(o); {
	case below && above:
		return Same
	case below:
		return Before
	case above:
		return After
	default:
		return Concurrent
	}
}

// Equal tells whether both cover the same.
func (c Context) Equal(o Context) bool { return slices.Equal(c, o) }
