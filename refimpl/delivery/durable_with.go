package delivery

import (
	"encoding/binary"

	"go.etcd.io/bbolt"

	"handfast/codec"
)

// Part is a record, or numbers that are given up at once.
type Part struct {
	Data   []byte
	Lost   int    // how many numbers, 0 of a record
	Reason uint32 // why, at least 1 where Lost is set
}

// AppendWith appends parts in their order, and does more in the same transaction: what the queue keeps and what more writes is durable
// together when it returns nil, and nothing of it otherwise. more may use any bucket but "records" and "state". Records have been held
// to the bound by the caller: one that is too large becomes a hole at once.
func (q *Durable) AppendWith(parts []Part, more func(tx *bbolt.Tx) error) error {
	return q.change(func(tx *bbolt.Tx, s *durableState, size *uint64) error {
		records := tx.Bucket(bucketRecords)
		put := func(v []byte) error {
			if s.Head.Next > codec.MaxSeq {
				return ErrExhausted
			}
			if err := records.Put(number(s.Head.Next), v); err != nil {
				return err
			}
			s.Head.Next++
			*size += slotSize(v)
			return nil
		}
		for _, one := range parts {
			if one.Lost == 0 {
				if err := put(append(make([]byte, 4, 4+len(one.Data)), one.Data...)); err != nil {
					return err
				}
				continue
			}
			for range one.Lost {
				if err := put(binary.BigEndian.AppendUint32(nil, one.Reason)); err != nil {
					return err
				}
			}
		}
		for *size > q.limit {
			if err := shift(records, s, size); err != nil {
				return err
			}
		}
		return more(tx)
	})
}

// Read looks at what AppendWith has written beside the queue.
func (q *Durable) Read(f func(tx *bbolt.Tx) error) error { return q.db.View(f) }
