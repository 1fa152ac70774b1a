package store

import (
	"encoding/binary"
	"errors"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"handfast/refimpl/clock"
)

// What was set aside is bounded, since a peer can cause it: at most 256 values of up to 64 KiB; what is longer is cut, and what comes
// later is not kept.
const (
	maxAside      = 256
	maxAsideValue = 64 << 10
)

// aside is a value that was set aside.
type aside struct {
	key     Key
	sibling clock.Sibling
}

// setAside writes values into the quarantine.
func (b *batch) setAside(list []aside) error {
	bucket := b.bt.Bucket(bucketAside)
	for _, one := range list {
		if b.s.stats.aside.Load()+uint64(b.aside) >= maxAside {
			return nil
		}
		value := one.sibling.Value
		value = value[:min(len(value), maxAsideValue)]
		key := one.key.bytes()
		n, err := bucket.NextSequence()
		if err != nil {
			return err
		}
		raw := append(dotBytes(one.sibling.Dot), 0)
		if one.sibling.Tombstone {
			raw[24] = 1
		}
		raw = append(binary.BigEndian.AppendUint16(raw, uint16(len(key))), key...)
		if err := bucket.Put(u64(n), append(raw, value...)); err != nil {
			return err
		}
		b.aside++
		b.changed = true
	}
	return nil
}

// Quarantine calls f for each value that was set aside, the oldest first: the second value of a dot, or the rest of a damaged object (with a zero
// dot). Values are cut at 64 KiB. f must not call the store.
func (s *Bolt) Quarantine(f func(Key, clock.Sibling)) error {
	return s.view(func(bt *bolt.Tx) error {
		return bt.Bucket(bucketAside).ForEach(func(_, raw []byte) error {
			if len(raw) < 27 || len(raw) < 27+int(binary.BigEndian.Uint16(raw[25:])) {
				return fail(CodeCorrupt, "a value that was set aside")
			}
			d, _ := dotOf(raw[:24])
			end := 27 + int(binary.BigEndian.Uint16(raw[25:]))
			k, _ := keyOf(raw[27:end])
			f(k, clock.Sibling{Dot: d, Tombstone: raw[24] == 1, Value: append([]byte(nil), raw[end:]...)})
			return nil
		})
	})
}

// view runs f in a transaction that reads.
func (s *Bolt) view(f func(*bolt.Tx) error) error {
	err := s.db.View(f)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return fail(CodeClosed, "")
	}
	return err
}
