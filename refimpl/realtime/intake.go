package realtime

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"sync"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/store"
)

// intake is what the sink puts records into: the store. It is a channel.Transactional.
type intake struct {
	r *Replicated

	listing sync.Mutex // held over the commit that changes the list; before mu

	mu     sync.Mutex              // guards the fields below
	names  map[delivery.Key]string // of cursors that the store lists
	counts map[delivery.Key]*IntakeCounts
}

// IntakeCounts says what became of records.
type IntakeCounts struct {
	Applied  uint64            `json:"applied"`           // the store has changed
	NoOps    uint64            `json:"no_ops"`            // the store had it
	Denied   uint64            `json:"denied"`            // a rule does not take the namespace
	Parts    uint64            `json:"parts"`             // of objects that came in parts
	Refused  uint64            `json:"refused"`           // the store does not take it, or it is no record: a CHECK is owed
	Refusals map[string]uint64 `json:"refusals,omitzero"` // the same, by the code of why
}

// The names of cursors of the store.
const (
	cursorChannels = "realtime/channels" // the list of keys, so that cursors are found
	cursorPosition = "realtime/at/"      // delivery.Cursor of a key
	cursorOwed     = "realtime/owed/"    // savedOwed of a key
)

// savedOwed is the note of CHECKs that are owed besides those of the cursor.
type savedOwed struct {
	Checks  uint64 `json:"checks"`
	Checked uint64 `json:"checked"`
}

func newIntake(r *Replicated) *intake {
	return &intake{r: r, names: map[delivery.Key]string{}, counts: map[delivery.Key]*IntakeCounts{}}
}

// savedKey is a key as the list has it. A name may be any bytes that a peer has chosen.
type savedKey struct {
	Node string `json:"node"`
	Name string `json:"name"` // base64
}

func nameOf(k delivery.Key) string {
	return k.Node + "/" + base64.RawURLEncoding.EncodeToString([]byte(k.Name))
}

// Cursors reads those of all channels.
func (in *intake) Cursors() (map[delivery.Key]delivery.Cursor, error) {
	all := map[delivery.Key]delivery.Cursor{}
	b, err := in.r.Store.Cursor(cursorChannels)
	if store.CodeOf(err) == store.CodeNotFound {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	var list []savedKey
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	for _, s := range list {
		name, err := base64.RawURLEncoding.DecodeString(s.Name)
		if err != nil {
			return nil, err
		}
		k := delivery.Key{Node: s.Node, Proto: Proto, Name: string(name)}
		b, err := in.r.Store.Cursor(cursorPosition + nameOf(k))
		if err != nil {
			return nil, err
		}
		if all[k], err = delivery.DecodeCursor(b); err != nil {
			return nil, err
		}
		in.mu.Lock()
		in.names[k] = nameOf(k)
		in.mu.Unlock()
	}
	return all, nil
}

// Keep stores a cursor.
func (in *intake) Keep(key delivery.Key, c delivery.Cursor) error {
	if in.lists(key) {
		return in.r.Store.Update(context.Background(), func(tx store.Tx) error {
			s, err := readParts(tx, key)
			if err == nil && s.Count > 0 && s.Channel != c.ID { // a CHECK is owed by the cursor
				_, err = dropParts(tx, key)
			}
			return errors.Join(err, putCursor(tx, key, c))
		})
	}
	return in.relist(key, true, func(tx store.Tx) error { return putCursor(tx, key, c) })
}

// Forget deletes the cursor of a channel. The note of a CHECK that is owed stays (CHAN-021).
func (in *intake) Forget(key delivery.Key) error {
	return in.relist(key, false, func(tx store.Tx) error {
		s, err := readOwed(tx, key)
		if err == nil && s.Checks == s.Checked {
			err = tx.SetCursor(cursorOwed+nameOf(key), nil)
		}
		if err == nil {
			_, err = dropParts(tx, key)
		}
		return errors.Join(err, tx.SetCursor(cursorPosition+nameOf(key), nil))
	})
}

// relist does something in a transaction that also stores the list of channels, with a key or without it.
func (in *intake) relist(key delivery.Key, listed bool, do func(store.Tx) error) error {
	in.listing.Lock()
	defer in.listing.Unlock()
	var keys []savedKey
	add := func(k delivery.Key) {
		keys = append(keys, savedKey{k.Node, base64.RawURLEncoding.EncodeToString([]byte(k.Name))})
	}
	in.mu.Lock()
	for k := range in.names {
		if k != key {
			add(k)
		}
	}
	in.mu.Unlock()
	if listed {
		add(key)
	}
	b, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	err = in.r.Store.Update(context.Background(), func(tx store.Tx) error { return errors.Join(tx.SetCursor(cursorChannels, b), do(tx)) })
	if err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if listed {
		in.names[key] = nameOf(key)
	} else {
		delete(in.names, key)
		delete(in.counts, key)
	}
	return nil
}

func (in *intake) lists(key delivery.Key) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	_, ok := in.names[key]
	return ok
}

func putCursor(tx store.Tx, key delivery.Key, c delivery.Cursor) error {
	b, err := c.AppendBinary(nil)
	if err != nil {
		return err
	}
	return tx.SetCursor(cursorPosition+nameOf(key), b)
}

// Commit merges a batch and moves the cursor, in one transaction (REAL-007). When it returns, what goes on to other remotes is in their queues, or
// the store knows that it is not (REAL-011).
func (in *intake) Commit(b *channel.Batch) error {
	var sum IntakeCounts
	var owed bool
	err := in.r.update(context.Background(), func(tx *txn) error {
		sum = IntakeCounts{}
		raw, err := tx.Cursor(cursorPosition + nameOf(b.Key))
		if err != nil { // Keep has come before
			return err
		}
		stored, err := delivery.DecodeCursor(raw)
		if err != nil {
			return err
		}
		items, next := b.New(stored)
		owed = false
		for i := range items {
			if gap := items[i].Gap; gap != nil {
				had, err := dropParts(tx, b.Key)
				if err != nil {
					return err
				}
				owed = owed || had || len(gap.Lost) > 0
				continue
			}
			data := items[i].Record.Data
			if codec.IsRealtimePart(data) {
				whole, refused, err := in.part(tx, b.Key, stored.ID, data, &sum)
				if err != nil {
					return err
				}
				owed = owed || refused
				if data = whole; data == nil {
					continue
				}
			} else {
				data = bytes.Clone(data) // the store keeps parts of it until the commit
			}
			owed = in.take(tx, data, &sum) || owed
		}
		if owed {
			if err := owe(tx, b.Key); err != nil {
				return err
			}
		}
		return putCursor(tx, b.Key, next)
	})
	if err == nil {
		in.count(b.Key, &sum)
	}
	if owed {
		in.r.owes()
	}
	return err
}

// take merges one OBJECT, whose bytes nobody changes any more. What cannot be merged is refused, and not tried again: true says that a CHECK is owed for it (REAL-005, REAL-009).
func (in *intake) take(tx *txn, data []byte, sum *IntakeCounts) (owed bool) {
	rec, err := codec.ParseRealtime(data)
	if err != nil {
		return in.refuse(sum, "RECORD", err)
	}
	if !in.r.cfg.Take.Passes(rec.Namespace) {
		sum.Denied++
		return false
	}
	set, err := clock.DecodeOwned(rec.Object, clock.GreatestLimits())
	if err != nil {
		return in.refuse(sum, "OBJECT", err)
	}
	switch res := tx.merge(store.Key{Namespace: rec.Namespace, Name: rec.Key}, set, nil, rec.Path); {
	case res.Outcome == store.Rejected && res.Code == store.CodeDenied:
		sum.Denied++
	case res.Outcome == store.Rejected:
		return in.refuse(sum, string(res.Code), res.Err)
	case res.Outcome == store.NoOp:
		sum.NoOps++
	default:
		sum.Applied++
	}
	return false
}

func (in *intake) refuse(sum *IntakeCounts, code string, err error) bool {
	sum.Refused++
	if sum.Refusals == nil {
		sum.Refusals = map[string]uint64{}
	}
	sum.Refusals[code]++
	in.r.log.Warn("a record is refused", "code", code, "err", err)
	return true
}

// owe notes that a CHECK is owed, in the transaction that consumes what was lost (REAL-022).
func owe(tx store.Tx, key delivery.Key) error {
	s, err := readOwed(tx, key)
	if err != nil {
		return err
	}
	s.Checks++
	return writeOwed(tx, key, s)
}

// cursorReader is a store or a transaction of it.
type cursorReader interface {
	Cursor(name string) ([]byte, error)
}

func readOwed(from cursorReader, key delivery.Key) (s savedOwed, err error) {
	b, err := from.Cursor(cursorOwed + nameOf(key))
	if store.CodeOf(err) == store.CodeNotFound {
		return s, nil
	}
	return s, errors.Join(err, unmarshal(b, &s))
}

func unmarshal(b []byte, v any) error {
	if b == nil {
		return nil
	}
	return json.Unmarshal(b, v)
}

func writeOwed(tx store.Tx, key delivery.Key, s savedOwed) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.SetCursor(cursorOwed+nameOf(key), b)
}

// count adds what a batch has come to.
func (in *intake) count(key delivery.Key, sum *IntakeCounts) {
	in.mu.Lock()
	defer in.mu.Unlock()
	c := in.counts[key]
	if c == nil {
		c = &IntakeCounts{}
		in.counts[key] = c
	}
	c.Applied += sum.Applied
	c.NoOps += sum.NoOps
	c.Denied += sum.Denied
	c.Parts += sum.Parts
	c.Refused += sum.Refused
	for code, n := range sum.Refusals {
		if c.Refusals == nil {
			c.Refusals = map[string]uint64{}
		}
		c.Refusals[code] += n
	}
}

// of gives a copy of what is counted for a channel.
func (in *intake) of(key delivery.Key) IntakeCounts {
	in.mu.Lock()
	defer in.mu.Unlock()
	c := in.counts[key]
	if c == nil {
		return IntakeCounts{}
	}
	copied := *c
	copied.Refusals = maps.Clone(c.Refusals)
	return copied
}
