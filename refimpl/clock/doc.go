// Package clock keeps the causal history of objects: dotted version vector sets, node clocks, and the bytes of both (spec/objects.md).
//
//	var s clock.Set                                            // never written
//	s, _ = s.Put(nil, clock.Dot{Actor: a, Counter: 1}, v1)     // a blind write
//	s, _ = s.Put(s.Context(), s.Next(a), v2)                   // by somebody who has seen v1: replaces it
//	s, err := s.Merge(other)                                   // any order, any number of times: the same result
//
// A Set is a value: no function changes it, and all may be called concurrently. It shares the bytes of values with what it was
// made from, so that nobody may change those. The package has no clock of the wall, goroutine, random source or logger.
//
// The operations of dvvset, the library of Riak, are here under these names:
//
//	new(V), new(VV,V), update(C,Id), update(C,S,Id)   Set.Put: the value is never held without a dot, see below
//	sync([C])                                         Set.Merge
//	join(C)                                           Set.Context
//	less(A,B)                                         Set.Less; Context.Compare tells all four relations
//	equal(A,B)                                        Set.Equal, which compares values too; Context.Equal
//	size(C), ids(C), values(C)                        Set.Len, Context.Actors, Set.Values
//	map(F,C)                                          Set.Map
//	last(LE,C), lww(LE,C)                             Set.Last, Set.KeepLast; Set.Winner, Set.LastWriter with the order pinned
//	reconcile(F,C)                                    Set.Reconcile, which gives the result a dot
//	is_stale(Ctx,Obj)                                 Context.Descends
//
// dvvset also holds values without a dot between new and update. Here they are an argument of Put and never a state, because
// merging them is not associative: of (history a2, r), (history a1, s) and (history b1, t), merging the first two first drops s,
// and merging the last two first keeps it.
package clock
