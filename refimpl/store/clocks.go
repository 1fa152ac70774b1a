package store

import "handfast/refimpl/clock"

// everywhere is the name of the clock of all namespaces together: no namespace is called so.
const everywhere = ""

// clocks are the node clocks of a store. Each namespace has one of its own, so that a peer that may write one of them and lies about
// what it has, hides no write of another. A counter that this store has used in one namespace is no dot of the others, and
// is in their clocks too: otherwise each of them would be full of gaps. The clock of all namespaces has only the dots that objects have shown.
type clocks map[string]*clock.Node

// of gives a clock, which is not to be changed.
func (c clocks) of(ns string) *clock.Node {
	if n := c[ns]; n != nil {
		return n
	}
	return new(clock.Node)
}

// at gives a clock to be changed.
func (c clocks) at(ns string) *clock.Node {
	n := c[ns]
	if n == nil {
		n = new(clock.Node)
		c[ns] = n
	}
	return n
}

func (c clocks) clone() clocks {
	all := make(clocks, len(c))
	for ns, n := range c {
		all[ns] = n.Clone()
	}
	return all
}

// count gives the ranges of all.
func (c clocks) count() (ranges int) {
	for _, n := range c {
		ranges += n.Count()
	}
	return ranges
}

func (c clocks) equal(o clocks) bool {
	for ns := range c {
		if !c.of(ns).Equal(o.of(ns)) {
			return false
		}
	}
	for ns := range o {
		if !c.of(ns).Equal(o.of(ns)) {
			return false
		}
	}
	return true
}

// Clock implements Store.
func (s *Bolt) Clock() *clock.Node { return s.ClockIn(everywhere) }

// ClockIn implements Store.
func (s *Bolt) ClockIn(namespace string) *clock.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pub.of(namespace).Clone()
}
