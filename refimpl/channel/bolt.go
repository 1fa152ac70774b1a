package channel

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"handfast/refimpl/delivery"
)

// Bolt is a transactional store in a file of bbolt: the cursors lie in a bucket beside whatever effects records have there.
type Bolt struct {
	db     *bbolt.DB
	effect func(tx *bbolt.Tx, key delivery.Key, items []Item) error
}

var bucketCursors = []byte("channel.cursors") // key as boltKey makes it: delivery.Cursor

// ErrStore says that a file holds something else than cursors where they should be.
var ErrStore = errors.New("channel: not a store of cursors")

// NewBolt keeps cursors in db, which stays the caller's. effect makes the effects of items, in their order, in the transaction
// that stores the cursor; with an error nothing of it happens.
func NewBolt(db *bbolt.DB, effect func(tx *bbolt.Tx, key delivery.Key, items []Item) error) (*Bolt, error) {
	err := db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketCursors)
		return err
	})
	return &Bolt{db: db, effect: effect}, err
}

// Cursors gives all that are stored.
func (s *Bolt) Cursors() (map[delivery.Key]delivery.Cursor, error) {
	all := map[delivery.Key]delivery.Cursor{}
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketCursors).ForEach(func(k, v []byte) error {
			key, ok := parseBoltKey(k)
			c, err := delivery.DecodeCursor(v)
			if !ok || err != nil {
				return errors.Join(fmt.Errorf("%w: %q", ErrStore, k), err)
			}
			all[key] = c
			return nil
		})
	})
	return all, err
}

// Keep stores a cursor.
func (s *Bolt) Keep(key delivery.Key, c delivery.Cursor) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return putCursor(tx, boltKey(key), c) })
}

// Forget deletes a cursor.
func (s *Bolt) Forget(key delivery.Key) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketCursors).Delete(boltKey(key)) })
}

// Commit carries out a batch in one transaction.
func (s *Bolt) Commit(b *Batch) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		key := boltKey(b.Key)
		stored, err := delivery.DecodeCursor(tx.Bucket(bucketCursors).Get(key))
		if err != nil { // Keep has come before
			return err
		}
		items, next := b.New(stored)
		if err := s.effect(tx, b.Key, items); err != nil {
			return err
		}
		return putCursor(tx, key, next)
	})
}

func putCursor(tx *bbolt.Tx, key []byte, c delivery.Cursor) error {
	v, err := c.AppendBinary(nil)
	if err != nil {
		return err
	}
	return tx.Bucket(bucketCursors).Put(key, v)
}

// boltKey is the three parts of a key, the first two behind their lengths.
func boltKey(k delivery.Key) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(k.Node)))
	b = append(b, k.Node...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(k.Proto)))
	b = append(b, k.Proto...)
	return append(b, k.Name...)
}

func parseBoltKey(b []byte) (k delivery.Key, ok bool) {
	for _, part := range []*string{&k.Node, &k.Proto} {
		if len(b) < 2 {
			return k, false
		}
		n := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; len(b) < n {
			return k, false
		}
		*part, b = string(b[:n]), b[n:]
	}
	k.Name = string(b)
	return k, true
}
