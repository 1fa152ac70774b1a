package delivery

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"slices"
	"sync"

	"handfast/codec"
)

// Volatile is a queue in memory. What it holds ends with the process: its owner begins a new channel each time, or keeps a Head
// elsewhere and says by Resume that the records are lost.
type Volatile struct {
	mu     sync.Mutex
	head   Head
	limit  uint64
	bytes  uint64    // payload and overhead of all slots
	slots  []slot    // First to Next-1
	before holes     // between Stable and First
	random io.Reader // nonces and ids
}

// slot is a record, or a hole between records.
type slot struct {
	data   []byte
	reason uint32 // 0: a record
}

func (s *slot) size() uint64 { return uint64(len(s.data)) + RecordOverhead }

// NewVolatile makes a queue with a new channel. name is at most 64 bytes. limit is in bytes, RecordOverhead for each record included; 0 keeps nothing (LIM-002).
func NewVolatile(name string, limit uint64) *Volatile { return newVolatile(name, limit, rand.Reader) }

func newVolatile(name string, limit uint64, random io.Reader) *Volatile {
	q := &Volatile{limit: limit, random: random}
	q.head = newHead(name, random)
	return q
}

// mintID gives 16 random bytes (CHAN-006). It panics where the system has no randomness, as crypto/rand does.
func mintID(random io.Reader) (id [16]byte) {
	if _, err := io.ReadFull(random, id[:]); err != nil {
		panic("delivery: no randomness: " + err.Error())
	}
	return id
}

// mintNonce gives a random number of 63 bits.
func mintNonce(random io.Reader) uint64 {
	id := mintID(random)
	return binary.BigEndian.Uint64(id[:]) >> 1
}

// newHead is that of a new channel.
func newHead(name string, random io.Reader) Head {
	return Head{ID: mintID(random), Name: name, First: 1, Next: 1, Lineage: codec.Lineage{{Epoch: 1, Nonce: mintNonce(random), First: 1}}}
}

// renewed is that of the channel which goes on with so many records.
func (h *Head) renewed(records uint64, random io.Reader) Head {
	n := newHead(h.Name, random)
	n.Next, n.Dup, n.Checks, n.Checked = records+1, records, h.Checks, h.Checked
	return n
}

// begin adds the entry of a process that starts (CHAN-007, CHAN-009).
func (h *Head) begin(nonce uint64) {
	last := h.Lineage[len(h.Lineage)-1]
	h.Lineage = append(slices.Clone(h.Lineage), codec.Epoch{Epoch: last.Epoch + 1, Nonce: nonce, First: h.Next})
	if extra := len(h.Lineage) - codec.MaxLineage; extra > 0 {
		h.Lineage = h.Lineage[extra:]
	}
}

// Resume makes a queue of a channel of which only the Head is left: all records that were not stable are lost.
func Resume(head Head, limit uint64) *Volatile {
	q := &Volatile{head: head, limit: limit, random: rand.Reader}
	q.head.First = head.Next
	q.head.begin(mintNonce(q.random))
	return q
}

// Head gives a copy.
func (q *Volatile) Head() Head {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.head
	h.Lineage = slices.Clone(h.Lineage)
	return h
}

// Bytes gives what the records count, and the bound.
func (q *Volatile) Bytes() (have, limit uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes, q.limit
}

// Append takes data over as the next record, and drops the oldest ones where that makes the queue too large.
func (q *Volatile) Append(data []byte) (uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := slot{data: data}
	switch {
	case len(data) > codec.WindowBytes || one.size() > q.limit:
		return 0, ErrTooLarge
	case q.head.Next > codec.MaxSeq:
		return 0, ErrExhausted
	}
	seq := q.head.Next
	q.slots = append(q.slots, one)
	q.bytes += one.size()
	q.head.Next++
	for q.bytes > q.limit {
		q.shift(codec.GapOverflow)
	}
	q.settle()
	return seq, nil
}

// shift takes the oldest slot out. A record becomes a hole with a reason, a hole keeps its own; reason 0 says that it is stable.
func (q *Volatile) shift(reason uint32) {
	one := q.slots[0]
	q.slots[0] = slot{}
	q.slots = q.slots[1:]
	q.bytes -= one.size()
	if reason != 0 {
		if one.reason != 0 {
			reason = one.reason
		}
		q.before = q.before.push(Hole{q.head.First, q.head.First, reason})
	}
	q.head.First++
}

// settle takes holes from the front, so that First is a record or Next.
func (q *Volatile) settle() {
	for len(q.slots) > 0 && q.slots[0].reason != 0 {
		q.shift(q.slots[0].reason)
	}
	if len(q.slots) == 0 {
		q.slots = nil
	}
}

// Get gives a record.
func (q *Volatile) Get(seq uint64) ([]byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if seq < q.head.First || seq >= q.head.Next {
		return nil, false
	}
	one := q.slots[seq-q.head.First]
	return one.data, one.reason == 0
}

// Hole gives the end and the reason of a hole.
func (q *Volatile) Hole(seq uint64) (uint64, uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if seq < q.head.First {
		return q.before.at(seq, q.head.First)
	}
	reason := q.slots[seq-q.head.First].reason
	for seq+1 < q.head.Next && q.slots[seq+1-q.head.First].reason == reason {
		seq++
	}
	return seq, reason
}

// Free forgets what is stable.
func (q *Volatile) Free(stable uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if stable <= q.head.Stable {
		return nil
	}
	for len(q.slots) > 0 && q.head.First <= stable {
		q.shift(0)
	}
	q.head.Stable = stable
	q.before = q.before.free(stable)
	q.settle()
	return nil
}

// Drop makes holes of records.
func (q *Volatile) Drop(first, last uint64, reason uint32) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for seq := max(first, q.head.First); seq <= last && seq < q.head.Next; seq++ {
		one := &q.slots[seq-q.head.First]
		if one.reason == 0 {
			q.bytes -= uint64(len(one.data))
			*one = slot{reason: reason}
		}
	}
	q.settle()
	return nil
}

// Renew begins a new channel.
func (q *Volatile) Renew() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	kept := q.slots[:0:0]
	q.bytes = 0
	for _, one := range q.slots {
		if one.reason == 0 {
			kept = append(kept, one)
			q.bytes += one.size()
		}
	}
	q.slots, q.before = kept, nil
	q.head = q.head.renewed(uint64(len(kept)), q.random)
	return nil
}

// OweCheck notes that a CHECK is owed.
func (q *Volatile) OweCheck() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.head.Checks++
	return nil
}

// Repaired notes that a repair has ended.
func (q *Volatile) Repaired(checks uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if checks > q.head.Checked && checks <= q.head.Checks {
		q.head.Checked = checks
	}
	return nil
}
