package sync

import (
	"context"
	"errors"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// counter is what a core counts of what is sent.
type counter interface {
	NoteSent() uint64
	NoteError()
}

// maxRanges bounds the ranges of a clock that is sent (OBJ-015).
const maxRanges = 1 << 16

// repairHead is what REPAIR has in front of its key, in bytes.
const repairHead = 4

// sender makes messages of effects. It belongs to one goroutine; count is called under lock.
type sender struct {
	store  store.Store
	ns     string
	write  func(msg []byte) error
	count  counter
	lock   func(func())
	stated *clock.Node // what the other side has heard of this store's clock
	last   *clock.Node // the clock that was stated last; nil: none yet
	most   int         // bytes of a message that the other side takes
	buf    []byte
}

// message sends one.
func (s *sender) message(m codec.SyncMessage) error {
	b, err := m.AppendBinary(s.buf[:0])
	if err != nil {
		return err
	}
	s.buf = b[:0]
	if cap(s.buf) > 1<<20 {
		s.buf = nil
	}
	if _, ok := m.(codec.SyncError); ok {
		s.lock(s.count.NoteError)
	}
	return s.write(b)
}

// clock states the store's clock.
func (s *sender) clock(n *clock.Node, all bool) error {
	b, err := s.state(n)
	if err != nil {
		return err
	}
	return s.message(codec.SyncClock{All: all, Clock: b})
}

// state notes a clock as stated, and gives its bytes.
func (s *sender) state(n *clock.Node) ([]byte, error) {
	n = n.Trim(maxRanges)
	s.stated.Join(n)
	s.last = n
	return n.AppendBinary(nil)
}

// since sends SINCE.
func (s *sender) since() error {
	b, err := s.state(s.store.ClockIn(s.ns))
	if err != nil {
		return err
	}
	return s.message(codec.SyncSince{Clock: b})
}

// allSent says that everything of a clock was sent that the other side did not have. The clock that was stated last is named without its bytes, where
// they would tell nothing but what the other side has stated itself.
func (s *sender) allSent(n, theirs *clock.Node) error {
	if s.last != nil && n.Covers(s.last) {
		known := s.last.Clone()
		known.Join(theirs)
		if known.Covers(n) {
			return s.message(codec.SyncClock{All: true})
		}
	}
	return s.clock(n, true)
}

// object sends REPAIR, or ERROR for an object that is too large. What the other side has not heard that this store has is said before (OBJ-019).
func (s *sender) object(k store.Key, set clock.Set) (sent bool, err error) {
	for _, d := range set.Context() {
		if d.Counter > s.stated.Max(d.Actor) {
			now := s.store.ClockIn(s.ns)
			for _, d := range set.Context() { // was committed a moment ago, and may be missing in the copy
				now.Add(d)
			}
			if err := s.clock(now, false); err != nil {
				return false, err
			}
			break
		}
	}
	enc, err := set.AppendBinary(nil)
	if err != nil {
		return false, err
	}
	if repairHead+len(k.Name)+len(enc) > s.most {
		return false, s.message(codec.SyncError{Code: codec.CodeSyncTooLarge, RetryMS: codec.RetryNever, Key: []byte(k.Name)})
	}
	var number uint64
	s.lock(func() { number = s.count.NoteSent() })
	return true, s.message(codec.SyncRepair{Number: uint8(number), Key: []byte(k.Name), Object: enc})
}

// do carries out an effect that sends.
func (s *sender) do(e Effect) error {
	switch e := e.(type) {
	case Send:
		return s.message(e.Msg)
	case SendSince:
		return s.since()
	case SendObject:
		k := store.Key{Namespace: s.ns, Name: e.Key}
		set, ok, err := News(s.store, k, e.Theirs)
		switch {
		case store.CodeOf(err) == store.CodeCorrupt:
			return s.message(unreadable(e.Key))
		case err != nil || !ok:
			return err
		}
		_, err = s.object(k, set)
		return err
	case SendAll:
		return s.all(e.Have)
	default:
		return errors.New("sync: an effect that sends nothing")
	}
}

// all sends every object with a dot that have does not cover, and says so (SYNC-008).
func (s *sender) all(have *clock.Node) error {
	var unsent []clock.Dot
	upTo, damaged, err := s.store.SinceIn(s.ns, have, func(k store.Key, set clock.Set) error {
		sent, err := s.object(k, set)
		if !sent {
			for _, one := range set.Siblings() {
				unsent = append(unsent, one.Dot)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range unsent { // SYNC-015
		upTo.Remove(d)
	}
	for _, k := range damaged {
		if err := s.message(unreadable(k.Name)); err != nil {
			return err
		}
	}
	return s.allSent(upTo, have)
}

// merge carries out Merge, in one transaction. It gives the answers, and how many writes a last writer has won against.
func merge(ctx context.Context, s store.Store, ns string, m Merge) (entries []codec.SyncEntry, lost int) {
	entries = make([]codec.SyncEntry, len(m.Items))
	err := s.Update(ctx, func(tx store.Tx) error {
		lost = 0
		for n, it := range m.Items {
			if it.Fault != 0 {
				entries[n] = codec.SyncEntry{Outcome: codec.SyncRejected, Code: it.Fault}
				continue
			}
			r := tx.Merge(store.Key{Namespace: ns, Name: it.Key}, it.Set, m.Sender)
			lost += r.Lost
			entries[n] = entryOf(r)
		}
		return nil
	})
	if err != nil {
		for n := range entries {
			if entries[n].Code == 0 {
				entries[n] = codec.SyncEntry{Outcome: codec.SyncRejected, Code: codec.CodeSyncStore}
			}
		}
		lost = 0
	}
	return entries, lost
}

func entryOf(r store.Result) codec.SyncEntry {
	e := codec.SyncEntry{Siblings: uint16(min(r.Siblings, 1<<16-1))}
	switch r.Outcome {
	case store.Applied:
		e.Outcome = codec.SyncApplied
	case store.Siblings:
		e.Outcome = codec.SyncSiblings
	case store.Rejected:
		e = codec.SyncEntry{Outcome: codec.SyncRejected, Code: codeOf(r.Code)}
	}
	return e
}

// observe carries out Observe. A clock that cannot be taken over costs bytes later, and nothing else.
func observe(ctx context.Context, s store.Store, ns string, n *clock.Node) error {
	if s.ClockIn(ns).Covers(n) {
		return nil
	}
	return s.Update(ctx, func(tx store.Tx) error { return tx.ObserveIn(ns, n) })
}
