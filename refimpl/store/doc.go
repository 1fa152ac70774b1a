// Package store keeps the objects of a peer: (namespace, key) -> dotted version vector set, with cursors, the log of dots and the digest that
// anti-entropy needs (spec/objects.md).
//
//	s, err := store.Open(store.Config{Path: path, Namespaces: map[string]store.Namespace{"users": store.DefaultNamespace()}})
//	defer s.Close()
//	err = s.Update(ctx, func(tx store.Tx) error {
//		_, err := store.Overwrite(tx, store.Key{Namespace: "users", Name: "ann"}, value)
//		return errors.Join(err, tx.SetCursor("realtime/7", cursor)) // both or neither
//	})
//
// [Store] is what the rest of a peer needs; [Bolt] is the one in this package, over a file. Only a function given to Update changes state, and
// it runs alone: what a merge decides, it decides on the state that it changes. When Update returns nil, the change is on the disk.
//
// # Node clock
//
// A store counts its writes over all objects under its own actor, and keeps the dots of all writes that it has taken in. A dot that
// it has, and that is no sibling of any object, is a write that is gone: a late peer that still holds it cannot bring it back,
// even where the object is no longer there. So a tombstone may leave when every member has it (Reap), and the log of dots
// needs one entry for each sibling and is never cut: Since answers for any clock.
//
// # What it does not do
//
// It does not speak to peers, keep the list of members, or hide contexts from clients. Contexts that clients bring are
// checked against the node clock only: whoever may write may also claim to have read everything.
package store
