package clock

import "slices"

// Range is the counters First to Last, both included, of one actor.
type Range struct {
	First, Last uint64
}

// Node is a node clock: exactly the dots of all objects that a store has taken in, in ranges. Where a context speaks of one object, it
// speaks of all: a dot that the node clock has, and that is no sibling, is a write that is gone. The zero Node has nothing. It is
// not safe for concurrent change.
type Node struct {
	actors []seen
}

// seen is what a node clock has of one actor.
type seen struct {
	actor  Actor
	ranges []Range // ascending, with a gap between them, never empty
}

func (n *Node) find(a Actor) (int, bool) {
	return slices.BinarySearchFunc(n.actors, a, func(s seen, a Actor) int { return s.actor.Compare(a) })
}

// Ranges gives what the clock has of an actor. Do not change it.
func (n *Node) Ranges(a Actor) []Range {
	if i, ok := n.find(a); ok {
		return n.actors[i].ranges
	}
	return nil
}

// Actors lists the actors, ascending.
func (n *Node) Actors() []Actor {
	ids := make([]Actor, len(n.actors))
	for i := range n.actors {
		ids[i] = n.actors[i].actor
	}
	return ids
}

// Count gives the number of ranges of all actors, by which memory and encoding grow: 16 bytes each.
func (n *Node) Count() (ranges int) {
	for i := range n.actors {
		ranges += len(n.actors[i].ranges)
	}
	return ranges
}

// Max gives the greatest counter that the clock has of the actor; 0 for none.
func (n *Node) Max(a Actor) uint64 {
	r := n.Ranges(a)
	if len(r) == 0 {
		return 0
	}
	return r[len(r)-1].Last
}

// Has tells whether the clock has the dot.
func (n *Node) Has(d Dot) bool {
	_, ok := holding(n.Ranges(d.Actor), d.Counter)
	return ok
}

// holding gives the place of the first range that ends at or behind c, and whether c is in it.
func holding(ranges []Range, c uint64) (int, bool) {
	i, _ := slices.BinarySearchFunc(ranges, c, func(r Range, c uint64) int {
		if r.Last < c {
			return -1
		}
		return 1
	})
	return i, i < len(ranges) && ranges[i].First <= c
}

// Add takes in a dot. Counters out of range are ignored.
func (n *Node) Add(d Dot) { n.AddRange(d.Actor, Range{d.Counter, d.Counter}) }

// AddRange takes in a range of one actor. Ranges that are none are ignored.
func (n *Node) AddRange(a Actor, r Range) {
	if r.First < 1 || r.First > r.Last || r.Last > MaxCounter {
		return
	}
	i, ok := n.find(a)
	if !ok {
		n.actors = slices.Insert(n.actors, i, seen{actor: a})
	}
	n.actors[i].ranges = addRange(n.actors[i].ranges, r)
}

// addRange takes r into the list, and joins what it overlaps or touches.
func addRange(list []Range, r Range) []Range {
	from, _ := holding(list, r.First-1) // the first that ends at or behind the number before r
	to := from
	for to < len(list) && list[to].First <= r.Last+1 {
		r.First, r.Last = min(r.First, list[to].First), max(r.Last, list[to].Last)
		to++
	}
	return slices.Replace(list, from, to, r)
}

// Join takes in all that o has.
func (n *Node) Join(o *Node) {
	for i := range o.actors {
		for _, r := range o.actors[i].ranges {
			n.AddRange(o.actors[i].actor, r)
		}
	}
}

// Covers tells whether n has all that o has.
func (n *Node) Covers(o *Node) bool {
	for i := range o.actors {
		have := n.Ranges(o.actors[i].actor)
		for _, r := range o.actors[i].ranges {
			if at, ok := holding(have, r.First); !ok || have[at].Last < r.Last {
				return false
			}
		}
	}
	return true
}

// CoversContext tells whether the clock has every dot of the context itself. What the context says of earlier counters is not asked:
// those may be dots of other objects.
func (n *Node) CoversContext(c Context) bool {
	return !slices.ContainsFunc(c, func(d Dot) bool { return !n.Has(d) })
}

// Equal tells whether both have the same.
func (n *Node) Equal(o *Node) bool {
	return slices.EqualFunc(n.actors, o.actors, func(a, b seen) bool { return a.actor == b.actor && slices.Equal(a.ranges, b.ranges) })
}

// Clone gives a copy that shares nothing.
func (n *Node) Clone() *Node {
	c := &Node{actors: slices.Clone(n.actors)}
	for i := range c.actors {
		c.actors[i].ranges = slices.Clone(c.actors[i].ranges)
	}
	return c
}

// After gives the first counter above c of the actor that the clock does not have, and the last one before it has one again. A walk through the
// gaps of a clock goes from one result to the next.
func (n *Node) After(a Actor, c uint64) Range {
	list := n.Ranges(a)
	gap := Range{c + 1, MaxCounter}
	i, in := holding(list, gap.First)
	if in {
		gap.First = list[i].Last + 1
		i++
	}
	if i < len(list) {
		gap.Last = list[i].First - 1
	}
	return gap
}

// Remove takes a dot out: the store no longer has what it wrote, and wants it again.
func (n *Node) Remove(d Dot) {
	i, ok := n.find(d.Actor)
	if !ok {
		return
	}
	list := n.actors[i].ranges
	at, in := holding(list, d.Counter)
	if !in {
		return
	}
	var parts []Range
	if r := list[at]; r.First < d.Counter {
		parts = append(parts, Range{r.First, d.Counter - 1})
	}
	if r := list[at]; r.Last > d.Counter {
		parts = append(parts, Range{d.Counter + 1, r.Last})
	}
	n.actors[i].ranges = slices.Replace(list, at, at+1, parts...)
	if len(n.actors[i].ranges) == 0 {
		n.actors = slices.Delete(n.actors, i, i+1)
	}
}
