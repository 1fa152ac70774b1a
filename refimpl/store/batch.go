package store

import (
	"bytes"
	"errors"
	"os"
	"slices"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"handfast/refimpl/clock"
)

// batchBytes bounds the changed bytes that one commit collects before it takes no further call: they are held in memory until then.
const batchBytes = 64 << 20

// batch is one transaction of the engine, made of several calls of Update. What a call changes is kept aside until it is known to
// succeed, and then written here; memory follows the file only after the commit.
type batch struct {
	s       *Bolt
	bt      *bolt.Tx
	started uint64 // counter before it
	actor   clock.Actor
	bytes   int
	changed bool
	broken  error // a write into the transaction failed: nothing of it may be committed

	entries    []changedEntry // in their order: several calls may change one object
	seen       []addedRange
	stale      map[string]bool // keys of bucketSeen that may no longer be the first of a range
	newObjects int             // how many more
	newDead    int             // how many more
	aside      int
	sums       tally
	top        []byte  // last key of bucketObjects
	puts       int     // into bucketObjects
	behind     int     // of them, how many came behind the last key
	index      indexes // instead of entries
	forgotten  []clock.Dot
}

type addedRange struct {
	ns    string
	actor clock.Actor
	r     clock.Range
}

// changedEntry is an entry that comes into the index or leaves it.
type changedEntry struct {
	entry
	added bool
}

// tally counts what calls did, for the statistics.
type tally struct {
	applied, siblings, lost uint64
}

// batch runs first and what waits behind it, commits, and answers all.
func (s *Bolt) batch(first *request) {
	if s.failed != nil {
		s.answer(first, s.failed)
		return
	}
	bt, err := s.db.Begin(true)
	if err != nil {
		s.answer(first, openError(err))
		return
	}
	b := &batch{s: s, bt: bt, started: s.counter, actor: s.actor, stale: map[string]bool{}}
	var committed []*request
	for n, r := 1, first; r != nil; n++ {
		if r.state.CompareAndSwap(waiting, taken) {
			switch err := b.call(r); {
			case err != nil || r.panic != nil:
				r.done <- err
			default:
				committed = append(committed, r)
			}
		}
		alone := r.whole != nil
		r = nil
		if !alone && n < *s.cfg.MaxBatch && b.bytes < batchBytes {
			r = s.following()
		}
	}
	err = b.end()
	for _, r := range committed {
		r.done <- err
	}
}

// following takes the next request out of the queue that may share the commit; nil where there is none.
func (s *Bolt) following() *request {
	select {
	case r := <-s.queue:
		if r.whole != nil {
			s.held = r
			return nil
		}
		return r
	default:
		return nil
	}
}

func (s *Bolt) answer(r *request, err error) {
	if r.state.CompareAndSwap(waiting, taken) {
		r.done <- err
	}
}

// call runs one request.
func (b *batch) call(r *request) (err error) {
	if r.whole != nil {
		err := r.whole(b)
		b.broken = errors.Join(b.broken, err)
		return err
	}
	t := &txn{batch: b, actor: b.s.actor, counter: b.s.counter}
	if err := r.run(t); err != nil || r.panic != nil {
		return err
	}
	b.broken = errors.Join(b.broken, t.apply())
	return nil
}

// run runs the function of a call, and takes its panic to where it can be handed on.
func (r *request) run(t Tx) error {
	defer func() { r.panic = recover() }()
	return r.f(t)
}

// end commits, or undoes everything. The error has CodeFull or CodeDisk.
func (b *batch) end() error {
	s := b.s
	if !b.changed {
		s.counter, s.actor = b.started, b.actor
		return b.undo(nil)
	}
	err := errors.Join(b.broken, b.finish())
	id := b.bt.ID()
	if err == nil {
		err = s.commit(b.bt)
	}
	if err != nil {
		return b.undo(b.failure(err, id))
	}
	b.publish()
	return nil
}

// undo gives memory back the state of the file.
func (b *batch) undo(err error) error {
	s := b.s
	if e := b.bt.Rollback(); e != nil && !errors.Is(e, bolterrors.ErrTxClosed) {
		s.cfg.Logger.Error("rollback", "err", e)
	}
	if b.changed {
		s.mu.Lock()
		s.work = s.pub.clone()
		s.mu.Unlock()
		s.counter, s.actor = b.started, b.actor
	}
	return err
}

// failure judges a commit that went wrong. Where there was no room, nothing of it counts, and the next one may succeed. After any other
// failure of a write or sync nobody knows what the disk has: the kernel may show pages that it could not write, and a later
// commit would build on them. So the store takes no more, until it is opened again by somebody who has looked.
func (b *batch) failure(err error, id int) error {
	s := b.s
	if !isFull(err) {
		err = errors.Join(err, s.growError())
	}
	if isFull(err) && !b.landed(id) {
		s.cfg.Logger.Error("no room for a commit", "code", CodeFull, "err", err)
		return &Error{Code: CodeFull, Err: err}
	}
	s.failed = &Error{Code: CodeDisk, Detail: "a commit failed", Err: err}
	s.cfg.Logger.Error("a commit failed: no more writes are taken", "code", CodeDisk, "err", err)
	return s.failed
}

// growError is why the system refuses to make the file longer, where it does: the engine reports that without its cause.
func (s *Bolt) growError() error {
	info, err := os.Stat(s.cfg.Path)
	if err == nil {
		err = os.Truncate(s.cfg.Path, info.Size()+2*batchBytes)
	}
	if !isFull(err) {
		return nil
	}
	return err
}

// landed tells whether the transaction that failed is what readers see.
func (b *batch) landed(id int) bool {
	seen := -1
	err := b.s.db.View(func(bt *bolt.Tx) error { seen = bt.ID(); return nil })
	return err != nil || seen >= id
}

// finish writes what belongs to the whole batch.
func (b *batch) finish() error {
	meta := b.bt.Bucket(bucketMeta)
	var err error
	if b.s.actor != b.actor {
		err = meta.Put(metaActor, b.s.actor[:])
	}
	if b.s.counter != b.started || b.s.actor != b.actor {
		err = errors.Join(err, meta.Put(metaCounter, u64(b.s.counter)))
	}
	return errors.Join(err, b.finishSeen())
}

// finishSeen writes the ranges of the node clock that have changed.
func (b *batch) finishSeen() error {
	seen := b.bt.Bucket(bucketSeen)
	var err error
	written := map[string]bool{}
	for _, one := range b.seen {
		list := b.s.work.of(one.ns).Ranges(one.actor)
		i, ok := slices.BinarySearchFunc(list, one.r.First, func(r clock.Range, first uint64) int {
			switch {
			case r.Last < first:
				return -1
			case r.First > first:
				return 1
			default:
				return 0
			}
		})
		if !ok {
			continue
		}
		key := seenKey(one.ns, clock.Dot{Actor: one.actor, Counter: list[i].First})
		if !written[string(key)] {
			written[string(key)] = true
			err = errors.Join(err, seen.Put(key, u64(list[i].Last)))
		}
	}
	for key := range b.stale {
		if !written[key] {
			err = errors.Join(err, seen.Delete([]byte(key)))
		}
	}
	return err
}

// seeOwn adds the writes of this store to the clocks of all namespaces: a counter that one has used is no dot of the others.
func (b *batch) seeOwn(actor clock.Actor, counter uint64) {
	first := b.s.counter + 1
	if actor != b.s.actor {
		first = 1
	}
	if counter < first {
		return
	}
	for ns := range b.s.cfg.Namespaces {
		b.see(ns, actor, clock.Range{First: first, Last: counter})
	}
}

// see adds a range to a node clock.
func (b *batch) see(ns string, a clock.Actor, r clock.Range) {
	list := b.s.work.of(ns).Ranges(a)
	i, _ := slices.BinarySearchFunc(list, r.First, func(have clock.Range, first uint64) int {
		if have.Last+1 < first {
			return -1
		}
		return 1
	})
	if i < len(list) && list[i].First <= r.First && r.Last <= list[i].Last {
		return
	}
	for ; i < len(list) && list[i].First <= r.Last+1; i++ {
		b.stale[string(seenKey(ns, clock.Dot{Actor: a, Counter: list[i].First}))] = true
	}
	b.s.work.at(ns).AddRange(a, r)
	b.seen = append(b.seen, addedRange{ns, a, r})
	b.changed = true
}

// store writes the new state of an object and its place in log and indexes.
func (b *batch) store(k Key, was, now clock.Set) error {
	if was.Equal(now) || was.Len() == 0 && now.Len() == 0 {
		return nil
	}
	b.changed = true
	key := k.bytes()
	b.bytes += now.EncodedSize() + len(key)
	if err := b.storeObject(k, key, was, now); err != nil {
		return err
	}
	dots := b.bt.Bucket(bucketDots)
	dots.FillPercent = 0.9 // dots of one actor come in their order
	for _, one := range was.Siblings() {
		if !now.Has(one.Dot) {
			if err := dots.Delete(logKey(k.Namespace, one.Dot)); err != nil {
				return err
			}
		}
	}
	for _, one := range now.Siblings() {
		if !was.Has(one.Dot) {
			if err := dots.Put(logKey(k.Namespace, one.Dot), key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) storeObject(k Key, key []byte, was, now clock.Set) (err error) {
	objects, dead := b.bt.Bucket(bucketObjects), b.bt.Bucket(bucketDead)
	salt := b.s.cfg.Salt
	if was.Len() > 0 {
		b.entries = append(b.entries, changedEntry{entryOf(salt, k, was), false})
	} else {
		b.newObjects++
	}
	if now.Len() > 0 {
		b.entries = append(b.entries, changedEntry{entryOf(salt, k, now), true})
		b.places(objects, key)
		encoded, e := now.AppendBinary(make([]byte, 0, now.EncodedSize()))
		err = errors.Join(err, e, objects.Put(key, encoded))
	} else {
		b.newObjects--
		err = errors.Join(err, objects.Delete(key))
	}
	switch {
	case now.Deleted() && !was.Deleted():
		b.newDead++
		err = errors.Join(err, dead.Put(key, nil))
	case was.Deleted() && !now.Deleted():
		b.newDead--
		err = errors.Join(err, dead.Delete(key))
	}
	return err
}

// places notes where a key is written. Where nearly all come behind the last one, pages are filled up, since nothing will come between; otherwise half
// of a page that splits stays free for what does.
func (b *batch) places(objects *bolt.Bucket, key []byte) {
	if b.puts == 0 {
		b.top, _ = objects.Cursor().Last()
	}
	b.puts++
	if bytes.Compare(key, b.top) > 0 {
		b.top = key
		b.behind++
	}
	objects.FillPercent = bolt.DefaultFillPercent
	if b.behind*10 >= b.puts*9 {
		objects.FillPercent = 0.9
	}
}

// publish lets readers see what was committed.
func (b *batch) publish() {
	s := b.s
	s.mu.Lock()
	for _, one := range b.seen {
		s.pub.at(one.ns).AddRange(one.actor, one.r)
	}
	for n := 0; n < len(b.entries); n++ {
		e, index := b.entries[n], s.index.at(b.entries[n].key.Namespace)
		switch {
		case e.added:
			index.put(e.entry)
		case n+1 < len(b.entries) && b.entries[n+1].added && b.entries[n+1].key == e.key:
			n++
			index.change(e.entry, b.entries[n].entry)
		default:
			index.remove(e.entry)
		}
	}
	if b.index != nil {
		s.index, s.pub = b.index, s.work.clone()
	}
	s.pubActor = s.actor
	s.mu.Unlock()
	c := &s.stats
	c.objects.Add(uint64(b.newObjects)) // a negative number wraps round, and so is taken away
	c.dead.Add(uint64(b.newDead))
	c.aside.Add(uint64(b.aside))
	c.commits.Add(1)
	c.applied.Add(b.sums.applied)
	c.siblings.Add(b.sums.siblings)
	c.lost.Add(b.sums.lost)
	if s.actor != b.actor {
		s.renewed = true
		s.cfg.Logger.Warn("this store is behind its own writes: it goes on under a new actor", "actor", s.actor)
	}
}
