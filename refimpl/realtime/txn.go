package realtime

import (
	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// txn is a transaction of the store that remembers what it changes.
type txn struct {
	store.Tx
	actor   clock.Actor
	changes []change
	at      map[store.Key]int // place in changes; nil as long as there are few
	path    [][16]byte        // the clusters through which merged objects come; nil: it is not known
}

// change is an object that was changed.
type change struct {
	key  store.Key
	set  clock.Set
	path [][16]byte // the clusters that it came through; nil: it was written here
}

// Put is that of store.Tx.
func (t *txn) Put(k store.Key, seen clock.Context, value []byte) (clock.Set, error) {
	set, err := t.Tx.Put(k, seen, value)
	if err == nil {
		t.changed(k, set, nil)
	}
	return set, err
}

// Delete is that of store.Tx.
func (t *txn) Delete(k store.Key, seen clock.Context) (clock.Set, error) {
	set, err := t.Tx.Delete(k, seen)
	if err == nil {
		t.changed(k, set, nil)
	}
	return set, err
}

// Merge is that of store.Tx.
func (t *txn) Merge(k store.Key, s clock.Set, sender *clock.Node) store.Result {
	return t.merge(k, s, sender, t.path)
}

// merge is Merge of an object that came through the clusters of path. What changes nothing is not passed on (REAL-012).
func (t *txn) merge(k store.Key, s clock.Set, sender *clock.Node, path [][16]byte) store.Result {
	res := t.Tx.Merge(k, s, sender)
	if res.Outcome != store.Applied && res.Outcome != store.Siblings {
		return res
	}
	set, err := t.Tx.Get(k)
	if err != nil { // a merge may leave nothing of an object
		return res
	}
	for _, one := range set.Siblings() {
		if one.Dot.Actor == t.actor && !s.Has(one.Dot) {
			path = nil // a resolver may have written it just now: even those that it came from have not seen it
			break
		}
	}
	t.changed(k, set, path)
	return res
}

// changed notes an object. One that is changed twice in a transaction goes out once, as it is in the end.
func (t *txn) changed(k store.Key, set clock.Set, path [][16]byte) {
	if t.at == nil {
		t.at = make(map[store.Key]int)
	}
	if i, ok := t.at[k]; ok {
		t.changes[i] = change{key: k, set: set}
		return
	}
	t.at[k] = len(t.changes)
	t.changes = append(t.changes, change{k, set, path})
}
