package store

import (
	"bytes"
	"slices"

	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
)

// A page of a walk: a reading transaction keeps the file from using pages again, and so must be short.
const (
	pageObjects = 256
	pageBytes   = 4 << 20
	pageSteps   = 4096 // entries looked at
)

// Get implements Store.
func (s *Bolt) Get(k Key) (set clock.Set, err error) {
	if err := k.Validate(); err != nil {
		return set, err
	}
	if _, ok := s.cfg.Namespaces[k.Namespace]; !ok {
		return set, fail(CodeDenied, k.Namespace)
	}
	err = s.view(func(bt *bolt.Tx) error {
		var err error
		set, err = stored(bt, k.bytes())
		return err
	})
	if err == nil && set.Len() == 0 {
		err = fail(CodeNotFound, "")
	}
	return set, err
}

// Against implements Store.
func (s *Bolt) Against(k Key, dots []clock.Dot) (set clock.Set, gone []clock.Dot, err error) {
	s.mu.Lock() // before the object is read: what comes in between is no write that is gone
	n := s.pub.of(k.Namespace)
	for _, d := range dots {
		if n.Has(d) {
			gone = append(gone, d)
		}
	}
	s.mu.Unlock()
	set, err = s.Get(k)
	if CodeOf(err) == CodeNotFound {
		err = nil
	}
	return set, slices.DeleteFunc(gone, set.Has), err
}

// Cursor implements Store.
func (s *Bolt) Cursor(name string) (value []byte, err error) {
	err = s.view(func(bt *bolt.Tx) error {
		value = bytes.Clone(bt.Bucket(bucketCursors).Get([]byte(name)))
		return nil
	})
	if err == nil && value == nil {
		err = fail(CodeNotFound, "no such cursor")
	}
	return value, err
}

// page is a part of a walk that has been read.
type page struct {
	keys  []Key
	sets  []clock.Set
	bytes int
	steps int
	last  []byte // where the next page goes on; nil: there is none
}

// full tells whether the page takes no more.
func (p *page) full() bool {
	return len(p.keys) >= pageObjects || p.bytes >= pageBytes || p.steps >= pageSteps
}

// add reads an object into the page.
func (p *page) add(k Key, set clock.Set) {
	p.keys, p.sets = append(p.keys, k), append(p.sets, set)
	p.bytes += set.EncodedSize()
}

// walk reads pages and hands them to f.
func (s *Bolt) walk(from []byte, read func(bt *bolt.Tx, from []byte, p *page) error, f func(Key, clock.Set) error) error {
	for from != nil {
		var p page
		if err := s.view(func(bt *bolt.Tx) error { return read(bt, from, &p) }); err != nil {
			return err
		}
		for i := range p.keys {
			if err := f(p.keys[i], p.sets[i]); err != nil {
				return err
			}
		}
		from = p.last
	}
	return nil
}

// Ascend implements Store.
func (s *Bolt) Ascend(namespace, prefix, after string, f func(Key, clock.Set) error) error {
	if _, ok := s.cfg.Namespaces[namespace]; !ok {
		return fail(CodeDenied, namespace)
	}
	base := append([]byte(namespace), 0)
	want := append(slices.Clone(base), prefix...)
	from := want
	if after != "" && after >= prefix {
		from = append(append(slices.Clone(base), after...), 0) // the least key behind it
	}
	return s.walk(from, func(bt *bolt.Tx, from []byte, p *page) error {
		c := bt.Bucket(bucketObjects).Cursor()
		for raw, _ := c.Seek(from); raw != nil && bytes.HasPrefix(raw, want); raw, _ = c.Next() {
			if p.full() {
				p.last = bytes.Clone(raw)
				return nil
			}
			p.steps++
			k, _ := keyOf(raw)
			set, err := stored(bt, raw)
			if err != nil {
				return err
			}
			p.add(k, set)
		}
		return nil
	}, f)
}

// Since implements Store.
func (s *Bolt) Since(have *clock.Node, f func(Key, clock.Set) error) (*clock.Node, error) {
	upTo, _, err := s.since(everywhere, have, f)
	return upTo, err
}

// SinceIn implements Store.
func (s *Bolt) SinceIn(namespace string, have *clock.Node, f func(Key, clock.Set) error) (*clock.Node, []Key, error) {
	if _, ok := s.cfg.Namespaces[namespace]; !ok {
		return nil, nil, fail(CodeDenied, namespace)
	}
	return s.since(namespace, have, f)
}

// maxDamaged bounds the damaged objects that a walk names.
const maxDamaged = 1024

// since walks through the log of one namespace, or of all.
func (s *Bolt) since(namespace string, have *clock.Node, f func(Key, clock.Set) error) (upTo *clock.Node, damaged []Key, err error) {
	upTo = s.ClockIn(namespace)
	have = have.Clone()
	err = s.walk(make([]byte, 24), func(bt *bolt.Tx, from []byte, p *page) error {
		c := bt.Bucket(bucketDots).Cursor()
		for raw, key := c.Seek(from); raw != nil; {
			if p.full() {
				p.last = bytes.Clone(raw)
				return nil
			}
			p.steps++
			d, ns, ok := logDot(raw)
			if !ok {
				return fail(CodeCorrupt, "the log of dots")
			}
			if namespace != everywhere && ns != namespace {
				raw, key = c.Next()
				continue
			}
			if gap := have.After(d.Actor, d.Counter-1); gap.First != d.Counter { // the receiver has it
				raw, key = c.Seek(dotBytes(clock.Dot{Actor: d.Actor, Counter: gap.First}))
				continue
			}
			if !upTo.Has(d) { // came since: whoever writes must not keep the walk from its end
				gap := upTo.After(d.Actor, d.Counter-1)
				raw, key = c.Seek(dotBytes(clock.Dot{Actor: d.Actor, Counter: gap.Last + 1}))
				continue
			}
			if err := s.sinceDot(bt, have, upTo, d, key, p); err != nil {
				if namespace == everywhere || CodeOf(err) != CodeCorrupt {
					return err
				}
				upTo.Remove(d) // nobody may take it for gone because it was not sent
				if k, _ := keyOf(key); len(damaged) < maxDamaged && !slices.Contains(damaged, k) {
					damaged = append(damaged, k)
				}
			}
			raw, key = c.Next()
		}
		return nil
	}, f)
	return upTo, damaged, err
}

// sinceDot adds the object of a dot to the page, unless an earlier dot of upTo has brought it. A sibling that came since does not
// count: the walk may have been behind its place already, and who has upTo would then miss the object.
func (s *Bolt) sinceDot(bt *bolt.Tx, have, upTo *clock.Node, d clock.Dot, key []byte, p *page) error {
	k, ok := keyOf(key)
	set, err := stored(bt, key)
	if !ok || err != nil || !set.Has(d) {
		s.cfg.Logger.Error("the log of dots and the objects differ", "dot", d, "err", err)
		return err
	}
	for _, one := range set.Siblings() {
		if !have.Has(one.Dot) && upTo.Has(one.Dot) {
			if one.Dot == d {
				p.add(k, set)
			}
			return nil
		}
	}
	p.add(k, set)
	return nil
}

// Probe implements Store.
func (s *Bolt) Probe(namespace string, p digest.Prefix, depth int) ([]digest.Summary, error) {
	if err := p.Validate(depth); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if depth == 0 {
		return []digest.Summary{s.index.of(namespace).tree.Summary(p)}, nil
	}
	return s.index.of(namespace).tree.Probe(p, depth)
}

// List implements Store.
func (s *Bolt) List(namespace string, p digest.Prefix, after *digest.Item, most int) ([]digest.Item, bool, error) {
	if err := p.Validate(0); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	items, more := s.index.of(namespace).tree.List(p, after, max(most, 0))
	return items, more, nil
}
