package store

import (
	"errors"

	"handfast/refimpl/clock"
)

// Merge implements Tx.
func (t *txn) Merge(k Key, in clock.Set, sender *clock.Node) Result {
	r := t.merge(k, in, sender)
	stats := &t.s.stats
	switch r.Outcome {
	case NoOp:
		stats.noOps.Add(1)
	case Applied:
		t.sums.applied++
	case Siblings:
		t.sums.siblings++
	case Rejected:
		stats.rejected.Add(1)
		t.s.cfg.Logger.Warn("a merge was rejected", "code", r.Code, "namespace", k.Namespace, "err", r.Err)
	}
	return r
}

func rejected(err error) Result { return Result{Outcome: Rejected, Code: CodeOf(err), Err: err} }

func (t *txn) merge(k Key, in clock.Set, sender *clock.Node) Result {
	ns, err := t.namespace(k)
	if err != nil {
		return rejected(err)
	}
	if err := t.checkSource(in, sender); err != nil {
		return rejected(err)
	}
	was, err := t.load(k)
	if err != nil {
		return rejected(err)
	}
	if err := t.elsewhere(k, in); err != nil {
		return rejected(err)
	}
	before := t.counter
	// A dot that is known and no sibling is a write that is gone, whether the object still says so or not.
	fresh := in.Without(func(d clock.Dot) bool { return t.known(k.Namespace, d) && !was.Has(d) })
	now, err := was.Merge(fresh)
	if collision, ok := errors.AsType[*clock.CollisionError](err); ok {
		return rejected(t.collide(k, in, collision.Dot))
	}
	now, lost, err := ns.Resolver.resolve(k, now, t.mint)
	if err != nil {
		err = &Error{Code: CodeCorrupt, Err: err}
	}
	if err := errors.Join(err, ns.check(now), t.room(k.Namespace, in)); err != nil {
		t.counter = before
		return rejected(err)
	}
	t.sums.lost += uint64(lost)
	t.seeAll(k.Namespace, in)
	t.seeAll(k.Namespace, now)
	if now.Equal(was) || now.Len() == 0 && was.Len() == 0 {
		return Result{Outcome: NoOp, Siblings: was.Len()}
	}
	t.keep(k, was, now)
	if now.Len() > 1 {
		return Result{Outcome: Siblings, Siblings: now.Len(), Lost: lost}
	}
	return Result{Outcome: Applied, Siblings: now.Len(), Lost: lost}
}

// checkSource refuses what its sender cannot know, and finds out that this store has lost writes of its own.
func (t *txn) checkSource(in clock.Set, sender *clock.Node) error {
	for _, d := range in.Context() {
		if sender != nil && d.Counter > sender.Max(d.Actor) {
			return fail(CodeCorrupt, "a context beyond the clock of its sender: "+d.String())
		}
	}
	if own := in.Context().Counter(t.actor); own > t.counter {
		return t.renew()
	}
	return nil
}

// renew gives the store a new actor: a peer has writes of the old one that are not here, so that the file is an old one, and the next
// dots would be given a second time (OBJ-001). Once for each Open: a peer that lies could otherwise fill the contexts with actors.
func (t *txn) renew() error {
	if t.s.renewed || t.actor != t.batch.actor || t.s.actor != t.batch.actor {
		return fail(CodeCorrupt, "a write of this store that it has not made")
	}
	fresh, err := t.s.newActor()
	if err != nil {
		return &Error{Code: CodeDisk, Err: err}
	}
	t.actor, t.counter = fresh, 0
	return nil
}

// elsewhere refuses a dot that is a sibling of another object.
func (t *txn) elsewhere(k Key, in clock.Set) error {
	dots := t.bt.Bucket(bucketDots)
	for _, one := range in.Siblings() {
		if !t.known(k.Namespace, one.Dot) {
			continue
		}
		at, ok := keyOf(dots.Get(logKey(k.Namespace, one.Dot)))
		if ok && at != k {
			return t.collide(k, in, one.Dot)
		}
	}
	return nil
}

// room refuses a merge for which the node clock has no room.
func (t *txn) room(ns string, in clock.Set) error {
	if t.s.work.of(ns).Count()+len(t.dots)+len(in.Context())+in.Len() <= *t.s.cfg.MaxRanges {
		return nil
	}
	for _, d := range in.Context() {
		if !t.known(ns, d) {
			return fail(CodeLimit, "ranges of the node clock")
		}
	}
	return nil
}

// collide sets the sender's value of a dot aside, and reports it: somebody has to find out which store was copied.
func (t *txn) collide(k Key, in clock.Set, d clock.Dot) error {
	t.s.stats.collisions.Add(1)
	t.s.cfg.Logger.Error("one dot has two values", "code", CodeCollision, "namespace", k.Namespace, "dot", d)
	for _, one := range in.Siblings() {
		if one.Dot == d {
			t.asides = append(t.asides, aside{k, one})
		}
	}
	return &Error{Code: CodeCollision, Err: &clock.CollisionError{Dot: d}}
}
