package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"

	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
)

// Report says how far the rest of the file, and memory, agree with the objects. The objects are what is true.
type Report struct {
	Objects    int  // looked at
	Damaged    int  // objects or keys that cannot be read, or are over a limit of the specification
	LogMissing int  // siblings without an entry in the log of dots
	LogWrong   int  // entries of the log without a sibling
	DeadWrong  int  // objects whose entry in the list of tombstones is missing, or is one too many
	Unseen     int  // dots of objects that the node clock does not have
	Digest     bool // the digest in memory is not that of the objects
	Clock      bool // the node clock in memory is not that of the file, or its ranges are not canonical
	Repaired   bool // everything above was put right
}

// Sound tells whether nothing was found.
func (r Report) Sound() bool {
	r.Objects, r.Repaired = 0, false
	return r == Report{}
}

// Check reads everything, which takes a few seconds for each million of objects and holds up writes, and tells what does not agree. With repair it
// puts log, list of tombstones, digest and node clock right, and sets damaged objects aside: their dots leave the node clock, so that peers send
// them again. Dots of the log that lead to no object leave it too. Errors are those of Update.
func (s *Bolt) Check(ctx context.Context, repair bool) (Report, error) {
	var c checker
	err := s.ask(ctx, &request{done: make(chan error, 1), whole: func(b *batch) error {
		c = checker{batch: b, repair: repair, fresh: indexes{}}
		return c.run()
	}})
	if err == nil && !c.report.Sound() {
		s.cfg.Logger.Error("check", "report", c.report)
		c.report.Repaired = repair
	}
	return c.report, err
}

// checker is one run of Check. Changes are noted while a bucket is read, and made behind that.
type checker struct {
	*batch
	repair  bool
	report  Report
	fresh   indexes
	deadNow int
	later   []func() error
}

func (c *checker) run() error {
	for _, step := range []func() error{c.log, c.objects, c.graves, c.clock, c.settle} {
		if err := step(); err != nil {
			return err
		}
	}
	now := c.fresh.summaries()
	c.report.Digest = !maps.Equal(c.s.summaries(), now)
	if c.repair && !c.report.Sound() {
		c.changed = true
		c.batch.index = c.fresh
		if err := c.fresh.sketch(&c.s.cfg); err != nil {
			return err
		}
		objects := uint64(0)
		for _, sum := range now {
			objects += sum.Count
		}
		c.s.stats.objects.Store(objects)
		c.s.stats.dead.Store(uint64(c.deadNow))
	}
	return nil
}

func (s *Bolt) summaries() map[string]digest.Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.summaries()
}

// fix notes a change, if there is to be one.
func (c *checker) fix(f func() error) {
	if c.repair {
		c.later = append(c.later, f)
	}
}

// settle makes the changes.
func (c *checker) settle() error {
	for _, f := range c.later {
		if err := f(); err != nil {
			return err
		}
	}
	c.later = nil
	return nil
}

// objects reads all objects, and looks for what belongs to each.
func (c *checker) objects() error {
	dots, dead := c.bt.Bucket(bucketDots), c.bt.Bucket(bucketDead)
	put := func(b *bolt.Bucket, key, value []byte) func() error { return func() error { return b.Put(key, value) } }
	return c.bt.Bucket(bucketObjects).ForEach(func(raw, encoded []byte) error {
		c.report.Objects++
		raw = bytes.Clone(raw)
		k, ok := keyOf(raw)
		set, err := clock.DecodeOwned(encoded, clock.GreatestLimits())
		if !ok || err != nil || set.Len() == 0 {
			c.damaged(raw, encoded)
			return nil
		}
		c.fresh.at(k.Namespace).add(c.s.cfg.Salt, k, set)
		for _, one := range set.Siblings() {
			place := logKey(k.Namespace, one.Dot)
			if !bytes.Equal(dots.Get(place), raw) {
				c.report.LogMissing++
				c.fix(put(dots, place, raw))
				c.fix(c.seeing(k.Namespace, one.Dot)) // an entry that led nowhere may have taken it out
			}
			c.unseen(k.Namespace, one.Dot)
		}
		for _, d := range set.Context() {
			if !set.Has(d) {
				c.unseen(k.Namespace, d)
			}
		}
		if set.Deleted() {
			c.deadNow++
			if dead.Get(raw) == nil {
				c.report.DeadWrong++
				c.fix(put(dead, raw, nil))
			}
		}
		return nil
	})
}

// damaged sets an object aside that cannot be read. The log, whose entries lead to nothing, says which dots go.
func (c *checker) damaged(raw, encoded []byte) {
	c.report.Damaged++
	encoded = bytes.Clone(encoded)
	c.fix(func() error {
		k, _ := keyOf(raw)
		return errors.Join(
			c.setAside([]aside{{k, clock.Sibling{Value: encoded}}}),
			c.bt.Bucket(bucketObjects).Delete(raw))
	})
}

func (c *checker) unseen(ns string, d clock.Dot) {
	if !c.s.work.of(ns).Has(d) || !c.s.work.of(everywhere).Has(d) {
		c.report.Unseen++
		c.fix(c.seeing(ns, d))
	}
}

// seeing adds a dot to the node clock of its namespace, and to that of all.
func (c *checker) seeing(ns string, d clock.Dot) func() error {
	r := clock.Range{First: d.Counter, Last: d.Counter}
	return func() error {
		c.see(ns, d.Actor, r)
		c.see(everywhere, d.Actor, r)
		return nil
	}
}

// log looks for entries that lead nowhere.
func (c *checker) log() error {
	bucket := c.bt.Bucket(bucketDots)
	return bucket.ForEach(func(raw, key []byte) error {
		d, ns, ok := logDot(raw)
		set, err := stored(c.bt, key)
		if ok && err == nil && set.Has(d) {
			return nil
		}
		c.report.LogWrong++
		raw = bytes.Clone(raw)
		c.fix(func() error {
			if set.Len() == 0 {
				c.forget(ns, d) // nothing here says that the write is gone: peers may send it again
			}
			return bucket.Delete(raw)
		})
		return nil
	})
}

// forget takes a dot out of the node clock of its namespace, and of that of all.
func (c *checker) forget(ns string, d clock.Dot) {
	c.s.work.at(ns).Remove(d)
	c.s.work.at(everywhere).Remove(d)
	c.forgotten = append(c.forgotten, d)
}

// graves looks for entries in the list of tombstones that belong to no such object.
func (c *checker) graves() error {
	bucket := c.bt.Bucket(bucketDead)
	return bucket.ForEach(func(raw, _ []byte) error {
		if set, err := stored(c.bt, raw); err != nil || !set.Deleted() {
			c.report.DeadWrong++
			raw = bytes.Clone(raw)
			c.fix(func() error { return bucket.Delete(raw) })
		}
		return nil
	})
}

// clock compares the node clock with the file, and writes it anew where they differ or dots have left it.
func (c *checker) clock() error {
	filed := clocks{}
	canonical := 0
	err := c.bt.Bucket(bucketSeen).ForEach(func(raw, last []byte) error {
		ns, first, ok := seenDot(raw)
		if ok && len(last) == 8 {
			filed.at(ns).AddRange(first.Actor, clock.Range{First: first.Counter, Last: binary.BigEndian.Uint64(last)})
		}
		canonical++
		return nil
	})
	if err != nil {
		return err
	}
	c.s.mu.Lock()
	before := c.s.pub.clone()
	c.s.mu.Unlock()
	c.report.Clock = !filed.equal(before) || filed.count() != canonical
	c.fix(func() error {
		if c.report.Clock || len(c.forgotten) > 0 {
			return c.rewriteSeen()
		}
		return nil
	})
	return nil
}

func (c *checker) rewriteSeen() error {
	if err := c.bt.DeleteBucket(bucketSeen); err != nil {
		return err
	}
	bucket, err := c.bt.CreateBucket(bucketSeen)
	if err != nil {
		return err
	}
	for ns, n := range c.s.work {
		for _, a := range n.Actors() {
			for _, r := range n.Ranges(a) {
				err = errors.Join(err, bucket.Put(seenKey(ns, clock.Dot{Actor: a, Counter: r.First}), u64(r.Last)))
			}
		}
	}
	c.changed = true
	c.stale = nil
	return err
}
