package store

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"slices"

	"handfast/refimpl/clock"
)

// txn is the Tx of one call of Update: an overlay over the batch.
type txn struct {
	*batch
	objects map[Key]*change
	order   []Key // of objects, as they were touched
	last    struct {
		key   Key
		set   clock.Set
		found bool
	} // read from the batch and not changed: other calls of the batch come before or after this one
	cursors  map[string][]byte
	dots     map[dotIn]bool     // to be added to the node clocks
	tops     map[actorIn]uint64 // the greatest of them
	observed []observed
	actor    clock.Actor
	counter  uint64
	sums     tally
	asides   []aside
}

// dotIn is a dot of a namespace, actorIn an actor of one.
type (
	dotIn struct {
		ns  string
		dot clock.Dot
	}
	actorIn struct {
		ns    string
		actor clock.Actor
	}
)

// observed is a clock that was observed in a namespace, or everywhere.
type observed struct {
	ns    string
	clock *clock.Node
}

// in tells whether it counts for the namespace.
func (o observed) in(ns string) bool { return o.ns == everywhere || o.ns == ns }

// change is what a call makes of an object.
type change struct{ was, now clock.Set }

var _ Tx = (*txn)(nil)

// namespace checks a key and finds its settings.
func (t *txn) namespace(k Key) (Namespace, error) {
	if err := k.Validate(); err != nil {
		return Namespace{}, err
	}
	ns, ok := t.s.cfg.Namespaces[k.Namespace]
	if !ok {
		return ns, fail(CodeDenied, k.Namespace)
	}
	return ns, nil
}

// load gives the object as this call sees it.
func (t *txn) load(k Key) (clock.Set, error) {
	if c := t.objects[k]; c != nil {
		return c.now, nil
	}
	if t.last.found && t.last.key == k { // Overwrite reads it twice
		return t.last.set, nil
	}
	s, err := stored(t.bt, k.bytes())
	if err == nil {
		t.last.key, t.last.set, t.last.found = k, s, true
	}
	return s, err
}

// keep notes the new state of an object.
func (t *txn) keep(k Key, was, now clock.Set) {
	if c := t.objects[k]; c != nil {
		c.now = now
		return
	}
	if t.objects == nil {
		t.objects = map[Key]*change{}
	}
	t.objects[k] = &change{was, now}
	t.order = append(t.order, k)
}

// Get implements Tx.
func (t *txn) Get(k Key) (clock.Set, error) {
	if _, err := t.namespace(k); err != nil {
		return clock.Set{}, err
	}
	s, err := t.load(k)
	if err == nil && s.Len() == 0 {
		err = fail(CodeNotFound, "")
	}
	return s, err
}

// Put implements Tx.
func (t *txn) Put(k Key, seen clock.Context, value []byte) (clock.Set, error) {
	return t.write(k, seen, clock.Sibling{Value: value})
}

// Delete implements Tx.
func (t *txn) Delete(k Key, seen clock.Context) (clock.Set, error) {
	s, err := t.Get(k)
	if err != nil {
		return s, err
	}
	if s.Deleted() {
		return s, fail(CodeNotFound, "the object is deleted")
	}
	if len(seen) == 0 {
		return s, fail(CodeContext, "a deletion without a context deletes nothing")
	}
	return t.write(k, seen, clock.Sibling{Tombstone: true})
}

func (t *txn) write(k Key, seen clock.Context, fresh clock.Sibling) (clock.Set, error) {
	ns, err := t.namespace(k)
	if err != nil {
		return clock.Set{}, err
	}
	if len(fresh.Value) > ns.MaxValue {
		return clock.Set{}, fail(CodeTooLarge, "the value")
	}
	if err := t.checkSeen(k.Namespace, seen); err != nil {
		return clock.Set{}, err
	}
	was, err := t.load(k)
	if err != nil {
		return was, err
	}
	before := t.counter
	now, lost, err := t.next(k, ns, was, seen, fresh)
	if err != nil {
		t.counter = before
		return was, err
	}
	t.sums.lost += uint64(lost)
	t.keep(k, was, now)
	t.seeAll(k.Namespace, now)
	return now, nil
}

// next gives the state behind a write of this store.
func (t *txn) next(k Key, ns Namespace, was clock.Set, seen clock.Context, fresh clock.Sibling) (now clock.Set, lost int, err error) {
	if fresh.Tombstone {
		now, err = was.Delete(seen, t.mint())
	} else {
		now, err = was.Put(seen, t.mint(), fresh.Value)
	}
	if err == nil {
		now, lost, err = ns.Resolver.resolve(k, now, t.mint)
	}
	if err != nil { // an object knows more of this actor than its counter says
		return was, 0, &Error{Code: CodeCorrupt, Err: err}
	}
	return now, lost, ns.check(now)
}

// mint gives the next dot of this store.
func (t *txn) mint() clock.Dot {
	t.counter++
	return clock.Dot{Actor: t.actor, Counter: t.counter}
}

// check holds an object against the limits.
func (n Namespace) check(s clock.Set) error {
	switch {
	case s.Within(n.limits()):
		return nil
	case s.Len() > n.MaxSiblings:
		return fail(CodeLimit, "siblings")
	case len(s.Context()) > n.MaxActors:
		return fail(CodeLimit, "actors")
	default:
		return fail(CodeTooLarge, "the object")
	}
}

// checkSeen refuses a context that this store cannot have given: one from the future would bury writes that are still to come.
func (t *txn) checkSeen(ns string, seen clock.Context) error {
	for i, d := range seen {
		if d.Counter < 1 || d.Counter > t.top(ns, d.Actor) || i > 0 && seen[i-1].Actor.Compare(d.Actor) >= 0 {
			return fail(CodeContext, d.String())
		}
	}
	return nil
}

// top gives the greatest counter that is known of an actor.
func (t *txn) top(ns string, a clock.Actor) uint64 {
	top := max(t.s.work.of(ns).Max(a), t.tops[actorIn{ns, a}])
	if a == t.actor {
		top = max(top, t.counter)
	}
	for _, o := range t.observed {
		if o.in(ns) {
			top = max(top, o.clock.Max(a))
		}
	}
	return top
}

// known tells whether the node clock, as this call sees it, has the dot.
func (t *txn) known(ns string, d clock.Dot) bool {
	return t.dots[dotIn{ns, d}] || t.s.work.of(ns).Has(d) || slices.ContainsFunc(t.observed, func(o observed) bool { return o.in(ns) && o.clock.Has(d) })
}

// seeAll adds to the node clock what an object shows: its siblings, and the last write of each actor in its context. Other counters
// below those may be dots of other objects.
func (t *txn) seeAll(ns string, s clock.Set) {
	for _, d := range s.Context() {
		t.seeDot(ns, d)
	}
	for _, one := range s.Siblings() {
		t.seeDot(ns, one.Dot)
	}
}

func (t *txn) seeDot(ns string, d clock.Dot) {
	if t.known(ns, d) && t.s.work.of(everywhere).Has(d) {
		return
	}
	if t.dots == nil {
		t.dots, t.tops = map[dotIn]bool{}, map[actorIn]uint64{}
	}
	t.dots[dotIn{ns, d}] = true
	at := actorIn{ns, d.Actor}
	t.tops[at] = max(t.tops[at], d.Counter)
}

// Observe implements Tx.
func (t *txn) Observe(n *clock.Node) error { return t.observe(everywhere, n) }

// ObserveIn implements Tx.
func (t *txn) ObserveIn(namespace string, n *clock.Node) error {
	if _, ok := t.s.cfg.Namespaces[namespace]; !ok {
		return fail(CodeDenied, namespace)
	}
	return t.observe(namespace, n)
}

func (t *txn) observe(ns string, n *clock.Node) error {
	if n.Max(t.actor) > t.counter {
		return fail(CodeCorrupt, "the clock has writes of this store that it has not made")
	}
	all := t.s.work.of(ns).Clone()
	for _, o := range append(slices.Clone(t.observed), observed{ns, n}) {
		all.Join(o.clock)
	}
	if all.Count()+len(t.dots) > *t.s.cfg.MaxRanges {
		return fail(CodeLimit, "ranges of the node clock")
	}
	t.observed = append(t.observed, observed{ns, n.Clone()})
	return nil
}

// Cursor implements Tx.
func (t *txn) Cursor(name string) ([]byte, error) {
	value, changed := t.cursors[name]
	if !changed {
		value = t.bt.Bucket(bucketCursors).Get([]byte(name))
	}
	if value == nil {
		return nil, fail(CodeNotFound, "no such cursor")
	}
	return bytes.Clone(value), nil
}

// SetCursor implements Tx.
func (t *txn) SetCursor(name string, value []byte) error {
	if n := len(name); n < 1 || n > MaxCursor {
		return fail(CodeName, "the name of a cursor has 1 to 256 bytes")
	}
	if len(value) > *t.s.cfg.MaxCursorSize {
		return fail(CodeTooLarge, "the cursor")
	}
	if t.cursors == nil {
		t.cursors = map[string][]byte{}
	}
	t.cursors[name] = bytes.Clone(value) // nil stays nil
	return nil
}

// apply writes what the call did into the batch.
func (t *txn) apply() error {
	var err error
	for _, k := range t.order {
		err = errors.Join(err, t.store(k, t.objects[k].was, t.objects[k].now))
	}
	cursors := t.bt.Bucket(bucketCursors)
	for name, value := range t.cursors {
		t.changed = true
		t.bytes += len(value)
		if value == nil {
			err = errors.Join(err, cursors.Delete([]byte(name)))
		} else {
			err = errors.Join(err, cursors.Put([]byte(name), value))
		}
	}
	t.seeDots()
	for _, o := range t.observed {
		t.seeClock(o)
	}
	t.seeOwn(t.actor, t.counter)
	err = errors.Join(err, t.setAside(t.asides))
	t.s.actor, t.s.counter = t.actor, t.counter
	t.batch.sums.add(t.sums)
	t.s.stats.updates.Add(1)
	return err
}

// seeDots adds the dots of the objects, joined to ranges: in no order, each would make a range of its own first.
func (t *txn) seeDots() {
	list := slices.SortedFunc(maps.Keys(t.dots), func(a, b dotIn) int {
		return cmp.Or(cmp.Compare(a.ns, b.ns), bytes.Compare(a.dot.Actor[:], b.dot.Actor[:]), cmp.Compare(a.dot.Counter, b.dot.Counter))
	})
	for len(list) > 0 {
		first, n := list[0], 1
		for n < len(list) && list[n].ns == first.ns && list[n].dot.Actor == first.dot.Actor && list[n].dot.Counter == first.dot.Counter+uint64(n) {
			n++
		}
		r := clock.Range{First: first.dot.Counter, Last: first.dot.Counter + uint64(n-1)}
		t.see(first.ns, first.dot.Actor, r)
		t.see(everywhere, first.dot.Actor, r)
		list = list[n:]
	}
}

// seeClock adds an observed clock to those that it counts for.
func (t *txn) seeClock(o observed) {
	names := []string{o.ns}
	if o.ns == everywhere {
		for ns := range t.s.cfg.Namespaces {
			names = append(names, ns)
		}
	}
	for _, ns := range names {
		for _, a := range o.clock.Actors() {
			for _, r := range o.clock.Ranges(a) {
				t.see(ns, a, r)
			}
		}
	}
}

// add sums up.
func (a *tally) add(b tally) {
	a.applied += b.applied
	a.siblings += b.siblings
	a.lost += b.lost
}
