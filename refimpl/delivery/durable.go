package delivery

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"handfast/codec"
	"handfast/refimpl/boltfile"
)

// ErrQueue says that a file is no queue, or not a whole one.
var ErrQueue = errors.New("delivery: not a queue")

// Durable is a queue in one file, which only one process may have open. What Append has returned survives the end of the process at any
// moment, and of the machine as far as the disk keeps what it has synced. Appends that wait at the same time are committed together.
//
// What Free takes away is written with the next commit: a process that ends before sends OPEN with an older stable, which is right.
type Durable struct {
	db    *bbolt.DB
	limit uint64

	w sync.Mutex // held by whoever commits; before mu

	mu      sync.Mutex
	state   durableState // as committed, but for what Free took away
	run     Run          // what Run gave
	bytes   uint64       // payload and overhead of all slots
	waiting []*appending
}

// durableState is what stands in the file beside the records.
type durableState struct {
	Format int
	Head   Head
	Before holes
}

const durableFormat = 1

var (
	bucketRecords = []byte("records") // number, 8 bytes: a reason, 4 bytes (0: a record), and the payload
	bucketState   = []byte("state")
	keyState      = []byte("state")
)

// appending is records that wait for their commit.
type appending struct {
	list  [][]byte
	done  bool
	first uint64
	taken int
	err   error
}

// openWait is how long OpenDurable waits for another process to close the file.
const openWait = time.Second

// OpenDurable opens the queue in a file, or makes one with a new channel of this name. The new entry of the lineage is durable when it
// returns (CHAN-007, CHAN-008). limit is that of NewVolatile. Close it.
func OpenDurable(path, name string, limit uint64) (*Durable, error) {
	db, err := boltfile.Open(path, 0o600, bbolt.Options{Timeout: openWait, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		if errors.Is(err, boltfile.ErrDamaged) {
			err = fmt.Errorf("%w: %w", ErrQueue, err)
		}
		return nil, fmt.Errorf("delivery: queue %s: %w", path, err)
	}
	q := &Durable{db: db, limit: limit}
	if err := db.Update(func(tx *bbolt.Tx) error { return q.load(tx, name) }); err != nil {
		return nil, errors.Join(fmt.Errorf("delivery: queue %s: %w", path, err), db.Close())
	}
	return q, nil
}

// load reads the file and begins an epoch.
func (q *Durable) load(tx *bbolt.Tx, name string) error {
	if anything, _ := tx.Cursor().First(); anything == nil {
		_, err := tx.CreateBucket(bucketRecords)
		if err == nil {
			_, err = tx.CreateBucket(bucketState)
		}
		if err != nil {
			return err
		}
		q.state = durableState{Format: durableFormat, Head: newHead(name, rand.Reader)}
		if err := q.state.Head.Channel(rules{}).Check(); err != nil {
			return err
		}
		return q.save(tx, &q.state)
	}
	records, state := tx.Bucket(bucketRecords), tx.Bucket(bucketState) // made together: with one of them missing, the records of another channel would be taken for this one's
	if records == nil || state == nil || state.Get(keyState) == nil {
		return fmt.Errorf("%w: records or state are missing", ErrQueue)
	}
	stored := state.Get(keyState)
	d := json.NewDecoder(bytes.NewReader(stored))
	d.DisallowUnknownFields()
	if err := d.Decode(&q.state); err != nil {
		return fmt.Errorf("%w: %w", ErrQueue, err)
	}
	h := &q.state.Head
	if q.state.Format != durableFormat || h.Name != name {
		return fmt.Errorf("%w: another format or name", ErrQueue)
	}
	if err := h.Channel(rules{}).Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrQueue, err)
	}
	next := h.First
	for c, k, v := cursorOf(records.Cursor()); k != nil; k, v = c.Next() {
		if len(k) != 8 || len(v) < 4 || binary.BigEndian.Uint64(k) != next {
			return fmt.Errorf("%w: record %d is missing", ErrQueue, next)
		}
		q.bytes += slotSize(v)
		next++
	}
	if next != h.Next {
		return fmt.Errorf("%w: record %d is missing", ErrQueue, next)
	}
	h.begin(mintNonce(rand.Reader))
	return q.save(tx, &q.state)
}

func cursorOf(c *bbolt.Cursor) (_ *bbolt.Cursor, k, v []byte) {
	k, v = c.First()
	return c, k, v
}

func slotSize(v []byte) uint64 { return uint64(len(v)-4) + RecordOverhead }

func (q *Durable) save(tx *bbolt.Tx, s *durableState) error {
	form, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.Bucket(bucketState).Put(keyState, form)
}

// Close ends the queue. It writes what Free has taken away. Records that wait for their commit are committed before.
func (q *Durable) Close() error {
	err := q.change(func(*bbolt.Tx, *durableState, *uint64) error { return nil })
	return errors.Join(err, q.db.Close())
}

// Head gives a copy.
func (q *Durable) Head() Head {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.state.Head
	h.Lineage = slices.Clone(h.Lineage)
	return h
}

// Bounds gives the numbers of Head.
func (q *Durable) Bounds() Bounds {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state.Head.bounds()
}

// Bytes gives what the records count, and the bound.
func (q *Durable) Bytes() (have, limit uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes, q.limit
}

// Append returns when the record is durable.
func (q *Durable) Append(data []byte) (uint64, error) {
	first, taken, err := q.AppendAll([][]byte{data})
	if taken == 0 {
		first = 0
	}
	return first, err
}

// AppendAll returns when the records are durable, by one commit.
func (q *Durable) AppendAll(list [][]byte) (first uint64, taken int, err error) {
	one := &appending{list: list}
	for i, data := range list {
		if len(data) > codec.WindowBytes || uint64(len(data))+RecordOverhead > q.limit {
			one.list, err = list[:i], ErrTooLarge
			break
		}
	}
	if len(one.list) == 0 {
		return 0, 0, err
	}
	q.mu.Lock()
	q.waiting = append(q.waiting, one)
	q.mu.Unlock()
	q.w.Lock() // meanwhile whoever has it may commit these records too
	defer q.w.Unlock()
	if !one.done {
		q.commit(func(*bbolt.Tx, *durableState, *uint64) error { return nil })
	}
	if one.err != nil {
		err = one.err
	}
	return one.first, one.taken, err
}

// change commits a change of the state, and what waits.
func (q *Durable) change(f func(tx *bbolt.Tx, s *durableState, bytes *uint64) error) error {
	q.w.Lock()
	defer q.w.Unlock()
	return q.commit(f)
}

// commit writes everything that waits, and then f, in one transaction. w is held. What is in memory changes only when the disk has it.
func (q *Durable) commit(f func(tx *bbolt.Tx, s *durableState, bytes *uint64) error) error {
	q.mu.Lock()
	batch := q.waiting
	q.waiting = nil
	s, size := q.state, q.bytes
	s.Before, s.Head.Lineage = slices.Clone(s.Before), slices.Clone(s.Head.Lineage)
	q.mu.Unlock()
	err := q.db.Update(func(tx *bbolt.Tx) error {
		records := tx.Bucket(bucketRecords)
		records.FillPercent = 0.95 // numbers only grow
		if err := sweep(records, s.Head.First); err != nil {
			return err
		}
		for _, one := range batch {
			one.first = s.Head.Next
			for _, data := range one.list {
				if s.Head.Next > codec.MaxSeq {
					one.err = ErrExhausted
					break
				}
				v := append(make([]byte, 4, 4+len(data)), data...)
				if err := records.Put(number(s.Head.Next), v); err != nil {
					return err
				}
				one.taken++
				s.Head.Next++
				size += slotSize(v)
			}
		}
		for size > q.limit {
			if err := shift(records, &s, &size); err != nil {
				return err
			}
		}
		if err := f(tx, &s, &size); err != nil {
			return err
		}
		if err := settle(tx.Bucket(bucketRecords), &s, &size); err != nil { // f may have made the bucket anew
			return err
		}
		return q.save(tx, &s)
	})
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, one := range batch {
		one.done = true
		if err != nil {
			one.taken, one.err = 0, err
		}
	}
	if err != nil {
		return err
	}
	was := q.state.Head
	q.state, q.bytes = s, size
	if was.ID == s.Head.ID {
		q.free(was.Stable) // Free may have come while the disk wrote
	}
	return nil
}

func number(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// sweep deletes what Free has taken away. It does not go by a cursor: that would look through the emptied pages for each record.
func sweep(records *bbolt.Bucket, first uint64) error {
	k, _ := records.Cursor().First()
	if k == nil {
		return nil
	}
	for seq := binary.BigEndian.Uint64(k); seq < first; seq++ {
		if err := records.Delete(number(seq)); err != nil {
			return err
		}
	}
	return nil
}

// shift makes a hole of the oldest slot.
func shift(records *bbolt.Bucket, s *durableState, size *uint64) error {
	c, k, v := cursorOf(records.Cursor())
	if k == nil {
		return fmt.Errorf("%w: record %d is missing", ErrQueue, s.Head.First)
	}
	reason := codec.GapOverflow
	if kept := binary.BigEndian.Uint32(v); kept != 0 {
		reason = kept
	}
	*size -= slotSize(v)
	s.Before = s.Before.push(Hole{s.Head.First, s.Head.First, reason})
	s.Head.First++
	return c.Delete()
}

// settle takes holes from the front, so that First is a record or Next.
func settle(records *bbolt.Bucket, s *durableState, size *uint64) error {
	for {
		_, k, v := cursorOf(records.Cursor())
		if k == nil || binary.BigEndian.Uint32(v) == 0 {
			return nil
		}
		if err := shift(records, s, size); err != nil {
			return err
		}
	}
}

// Get reads a record into memory of its own.
func (q *Durable) Get(seq uint64) (data []byte, ok bool) {
	var r Run
	q.read(seq, 0, &r)
	if r.Count() == 0 {
		return nil, false
	}
	return r.Record(0), true
}

// Run reads records from seq on, in one transaction. Only one goroutine may use it.
func (q *Durable) Run(seq uint64, max int) Run {
	if cap(q.run.raw) > 1<<20 { // of one large record
		q.run = Run{}
	}
	q.run.raw, q.run.ends = q.run.raw[:0], q.run.ends[:0]
	q.read(seq, max, &q.run)
	return q.run
}

// read adds records from seq on to r.
func (q *Durable) read(seq uint64, max int, r *Run) {
	b := q.Bounds()
	if seq < b.First || seq >= b.Next {
		return
	}
	_ = q.db.View(func(tx *bbolt.Tx) error { // the only error is a closed file: not there
		c := tx.Bucket(bucketRecords).Cursor()
		for k, v := c.Seek(number(seq)); len(k) == 8 && seq < b.Next; k, v = c.Next() {
			if binary.BigEndian.Uint64(k) != seq || len(v) < 4 || binary.BigEndian.Uint32(v) != 0 || r.Count() > 0 && len(r.raw)+len(v) > max {
				break
			}
			r.add(v[4:])
			seq++
		}
		return nil
	})
}

// Hole gives the end and the reason of a hole.
func (q *Durable) Hole(seq uint64) (to uint64, reason uint32) {
	q.mu.Lock()
	first, next := q.state.Head.First, q.state.Head.Next
	if seq < first {
		defer q.mu.Unlock()
		return q.state.Before.at(seq, first)
	}
	q.mu.Unlock()
	to, reason = seq, codec.GapRestart
	_ = q.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketRecords).Cursor()
		k, v := c.Seek(number(seq))
		if k == nil || len(v) < 4 {
			return nil
		}
		reason = binary.BigEndian.Uint32(v)
		for k, v = c.Next(); k != nil && len(v) >= 4 && binary.BigEndian.Uint32(v) == reason && to+1 < next; k, v = c.Next() {
			to++
		}
		return nil
	})
	return to, reason
}

// Free forgets what is stable: at once in memory, and on the disk with the next commit.
func (q *Durable) Free(stable uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free(stable)
	return nil
}

// free is Free with mu held.
func (q *Durable) free(stable uint64) {
	h := &q.state.Head
	if stable <= h.Stable {
		return
	}
	h.Stable = stable
	q.state.Before = q.state.Before.free(stable)
	if stable < h.First {
		return
	}
	_ = q.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketRecords).Cursor()
		for k, v := c.Seek(number(h.First)); k != nil; k, v = c.Next() {
			reason := binary.BigEndian.Uint32(v)
			if h.First > stable && reason == 0 {
				break
			}
			if h.First > stable {
				q.state.Before = q.state.Before.push(Hole{h.First, h.First, reason})
			}
			q.bytes -= slotSize(v)
			h.First++
		}
		return nil
	})
}

// Drop makes holes of records, durably.
func (q *Durable) Drop(first, last uint64, reason uint32) error {
	return q.change(func(tx *bbolt.Tx, s *durableState, size *uint64) error {
		records := tx.Bucket(bucketRecords)
		for seq := max(first, s.Head.First); seq <= last && seq < s.Head.Next; seq++ {
			v := records.Get(number(seq))
			if len(v) < 4 || binary.BigEndian.Uint32(v) != 0 {
				continue
			}
			*size -= uint64(len(v) - 4)
			if err := records.Put(number(seq), binary.BigEndian.AppendUint32(nil, reason)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Renew begins a new channel, durably.
func (q *Durable) Renew() error {
	return q.change(func(tx *bbolt.Tx, s *durableState, size *uint64) error {
		var kept [][]byte
		records := tx.Bucket(bucketRecords)
		for c, k, v := cursorOf(records.Cursor()); k != nil; k, v = c.Next() {
			if binary.BigEndian.Uint32(v) == 0 {
				kept = append(kept, bytes.Clone(v))
			}
		}
		if err := tx.DeleteBucket(bucketRecords); err != nil {
			return err
		}
		records, err := tx.CreateBucket(bucketRecords)
		if err != nil {
			return err
		}
		*size = 0
		for i, v := range kept {
			*size += slotSize(v)
			if err := records.Put(number(uint64(i)+1), v); err != nil {
				return err
			}
		}
		*s = durableState{Format: durableFormat, Head: s.Head.renewed(uint64(len(kept)), rand.Reader)}
		return nil
	})
}

// OweCheck notes that a CHECK is owed, durably.
func (q *Durable) OweCheck() error {
	return q.change(func(_ *bbolt.Tx, s *durableState, _ *uint64) error {
		s.Head.Checks++
		return nil
	})
}

// Repaired notes that a repair has ended, durably.
func (q *Durable) Repaired(checks uint64) error {
	return q.change(func(_ *bbolt.Tx, s *durableState, _ *uint64) error {
		if checks > s.Head.Checked && checks <= s.Head.Checks {
			s.Head.Checked = checks
		}
		return nil
	})
}
