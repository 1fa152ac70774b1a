package store

import (
	"slices"

	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
)

// refCounter is how many bits of a ref are the counter; the others are the place of the actor, from 1.
const refCounter = 48

// indexes are the indexes of the namespaces.
type indexes map[string]*index

// at gives an index to be changed.
func (x indexes) at(ns string) *index {
	one := x[ns]
	if one == nil {
		one = newIndex()
		x[ns] = one
	}
	return one
}

// of gives an index, which is not to be changed.
func (x indexes) of(ns string) *index {
	if one := x[ns]; one != nil {
		return one
	}
	return newIndex()
}

// summaries gives the digests of all namespaces that have objects.
func (x indexes) summaries() map[string]digest.Summary {
	all := map[string]digest.Summary{}
	for ns, one := range x {
		if sum := one.tree.Summary(nil); sum.Count > 0 {
			all[ns] = sum
		}
	}
	return all
}

// index is the digest of a namespace, and the way from the hash of a key back to the key: each item carries a dot of its object, and the log of
// dots has the key. So no index has to be written, which would cost a page at a random place for each new object.
type index struct {
	tree   *digest.Tree
	actors []clock.Actor
	places map[clock.Actor]uint64
	odd    map[[8]byte][]Key // objects whose dot does not fit into a ref
	cells  *sketch.Sketch    // of the items of tree; nil for none
}

func newIndex() *index {
	return &index{tree: new(digest.Tree), places: map[clock.Actor]uint64{}, odd: map[[8]byte][]Key{}}
}

// entry is an object in the index.
type entry struct {
	item digest.Item
	dot  clock.Dot
	key  Key
}

// entryOf makes the entry of an object that has siblings.
func entryOf(salt [16]byte, k Key, s clock.Set) entry {
	return entry{s.Item(salt, k.Namespace, k.Name), s.Siblings()[0].Dot, k}
}

func (x *index) add(salt [16]byte, k Key, s clock.Set) { x.put(entryOf(salt, k, s)) }

func (x *index) put(e entry) {
	x.tree.Add(e.item, x.note(e))
	if x.cells != nil {
		x.cells.Add(e.item)
	}
}

// note gives the ref of an entry, and remembers the key where the ref does not lead to it.
func (x *index) note(e entry) uint64 {
	ref := x.ref(e.dot)
	if kh := [8]byte(e.item[:8]); ref == 0 {
		x.odd[kh] = append(x.odd[kh], e.key)
	}
	return ref
}

// ref packs a dot; 0 where it does not fit.
func (x *index) ref(d clock.Dot) uint64 {
	place, ok := x.places[d.Actor]
	if !ok && len(x.actors) < 1<<(64-refCounter)-1 {
		x.actors = append(x.actors, d.Actor)
		place = uint64(len(x.actors))
		x.places[d.Actor] = place
	}
	if place == 0 || d.Counter >= 1<<refCounter {
		return 0
	}
	return place<<refCounter | d.Counter
}

func (x *index) remove(e entry) {
	if x.tree.Remove(e.item) && x.cells != nil {
		x.cells.Remove(e.item)
	}
	x.forget(e)
}

// change puts one entry of a key in the place of another, which changes the cells of the key once.
func (x *index) change(old, e entry) {
	if had := x.tree.Remove(old.item); x.cells != nil {
		if had {
			x.cells.Change(old.item, e.item)
		} else {
			x.cells.Add(e.item)
		}
	}
	x.forget(old)
	x.tree.Add(e.item, x.note(e))
}

// forget takes the key of an entry out of those that no ref leads to.
func (x *index) forget(e entry) {
	kh := [8]byte(e.item[:8])
	if keys, ok := x.odd[kh]; ok {
		keys = slices.DeleteFunc(keys, func(k Key) bool { return k == e.key })
		x.odd[kh] = keys
		if len(keys) == 0 {
			delete(x.odd, kh)
		}
	}
}

// find gives the dots that lead to the keys with this hash, and the keys that no dot leads to.
func (x *index) find(kh [8]byte) (dots []clock.Dot, keys []Key) {
	for _, ref := range x.tree.Refs(kh) {
		if ref != 0 {
			dots = append(dots, clock.Dot{Actor: x.actors[ref>>refCounter-1], Counter: ref & (1<<refCounter - 1)})
		}
	}
	return dots, slices.Clone(x.odd[kh])
}

// Find implements Store.
func (s *Bolt) Find(namespace string, kh [8]byte) (keys []Key, err error) {
	err = s.view(func(bt *bolt.Tx) error {
		s.mu.Lock()
		dots, odd := s.index.of(namespace).find(kh)
		s.mu.Unlock()
		keys = odd
		for _, d := range dots {
			if k, ok := keyOf(bt.Bucket(bucketDots).Get(logKey(namespace, d))); ok && clock.KeyHash(s.cfg.Salt, k.Namespace, k.Name) == kh {
				keys = append(keys, k)
			}
		}
		return nil
	})
	return keys, err
}
