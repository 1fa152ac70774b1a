package delivery

import (
	"crypto/rand"
	"io"
	"slices"
	"sort"
	"sync"

	"handfast/codec"
)

// Volatile is a queue in memory. What it holds ends with the process: its owner begins a new channel each time, or keeps a Head
// elsewhere and says by Resume that the records are lost. Small records are copied, so that many lie together.
type Volatile struct {
	mu      sync.Mutex
	head    Head
	limit   uint64
	bytes   uint64    // payload and overhead of First to Next-1
	records chunks    // First to Next-1, those included that were dropped
	dropped []Hole    // among them; ascending, neighbours of one reason joined
	before  holes     // between Stable and First
	random  io.Reader // nonces and ids
}

// NewVolatile makes a queue with a new channel. name is at most 64 bytes. limit is in bytes, RecordOverhead for each record included; 0 keeps nothing (LIM-002).
func NewVolatile(name string, limit uint64) *Volatile { return newVolatile(name, limit, rand.Reader) }

func newVolatile(name string, limit uint64, random io.Reader) *Volatile {
	q := &Volatile{limit: limit, random: random}
	q.head = newHead(name, random)
	return q
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

// Bounds gives the numbers of Head.
func (q *Volatile) Bounds() Bounds {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.head.bounds()
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
	return q.append(data)
}

// AppendAll is Append for several records.
func (q *Volatile) AppendAll(list [][]byte) (first uint64, n int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first = q.head.Next
	for n < len(list) {
		if did := q.appendSmall(list[n:]); did > 0 {
			n += did
			continue
		}
		if _, err := q.append(list[n]); err != nil {
			return first, n, err
		}
		n++
	}
	return first, n, nil
}

// appendSmall appends what of a list goes into the open slab, and leaves the queue within its bound. It gives how many; 0: the first
// takes another way. It is called with mu held.
func (q *Volatile) appendSmall(list [][]byte) (n int) {
	if left := q.limit - min(q.bytes, q.limit); left/(ownFrom+RecordOverhead) < uint64(len(list)) || q.head.Next+uint64(len(list)) > codec.MaxSeq {
		return 0 // the bound is near: one after the other
	}
	n, bytes := q.records.addSmall(list)
	q.head.Next += uint64(n)
	q.bytes += uint64(bytes) + uint64(n)*RecordOverhead
	return n
}

// append is Append with mu held.
func (q *Volatile) append(data []byte) (uint64, error) {
	size := uint64(len(data)) + RecordOverhead
	switch {
	case len(data) > codec.WindowBytes || size > q.limit:
		return 0, ErrTooLarge
	case q.head.Next > codec.MaxSeq:
		return 0, ErrExhausted
	}
	seq := q.head.Next
	q.records.add(seq, data)
	q.bytes += size
	q.head.Next++
	if q.bytes > q.limit {
		q.overflow()
	}
	return seq, nil
}

// overflow makes holes of the oldest records until the rest is within the bound.
func (q *Volatile) overflow() {
	for q.bytes > q.limit {
		q.before = q.before.push(Hole{q.head.First, q.head.First, codec.GapOverflow})
		q.advance(q.head.First+1, false)
		q.settle()
	}
}

// advance forgets the numbers below first. reuse says that nobody reads what they have.
func (q *Volatile) advance(first uint64, reuse bool) {
	for len(q.dropped) > 0 && q.dropped[0].First < first { // their payload is not counted
		h := &q.dropped[0]
		end := min(h.Last, first-1) + 1
		q.bytes += q.payload(h.First, end)
		if end <= h.Last {
			h.First = end
			break
		}
		q.dropped = q.dropped[1:]
	}
	q.bytes -= q.payload(q.head.First, first) + RecordOverhead*(first-q.head.First)
	for live := q.records.live(); len(live) > 0 && live[0].first+live[0].count() <= first; live = q.records.live() {
		q.records.pop(reuse)
	}
	q.head.First = first
}

// payload gives the bytes of the records from first on, below end, as if none were dropped.
func (q *Volatile) payload(first, end uint64) (sum uint64) {
	for first < end {
		c := q.records.find(first)
		to := min(c.first+c.count(), end)
		sum += c.bytes(first, to)
		first = to
	}
	return sum
}

// from gives the index of the first hole that ends at seq or behind it.
func (q *Volatile) from(seq uint64) int {
	return sort.Search(len(q.dropped), func(i int) bool { return q.dropped[i].Last >= seq })
}

// hole gives what of the hole at seq is left from there on.
func (q *Volatile) hole(seq uint64) (Hole, bool) {
	i := q.from(seq)
	if i == len(q.dropped) || q.dropped[i].First > seq {
		return Hole{}, false
	}
	h := q.dropped[i]
	h.First = seq
	return h, true
}

// settle takes holes from the front, so that First is a record or Next.
func (q *Volatile) settle() {
	for h, ok := q.hole(q.head.First); ok; h, ok = q.hole(q.head.First) {
		q.before = q.before.push(h)
		q.advance(h.Last+1, false)
	}
}

// Get gives a record.
func (q *Volatile) Get(seq uint64) ([]byte, bool) {
	r := q.Run(seq, 0)
	if r.Count() == 0 {
		return nil, false
	}
	return r.Record(0), true
}

// Run gives records from seq on.
func (q *Volatile) Run(seq uint64, _ int) Run {
	q.mu.Lock()
	defer q.mu.Unlock()
	if seq < q.head.First || seq >= q.head.Next {
		return Run{}
	}
	c := q.records.find(seq)
	end := c.first + c.count()
	if i := q.from(seq); i < len(q.dropped) {
		if end = min(end, q.dropped[i].First); end <= seq {
			return Run{}
		}
	}
	return c.run(seq, end)
}

// Hole gives the end and the reason of a hole.
func (q *Volatile) Hole(seq uint64) (uint64, uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if seq < q.head.First {
		return q.before.at(seq, q.head.First)
	}
	h, _ := q.hole(seq)
	return h.Last, h.Reason
}

// Free forgets what is stable. Its memory is used again.
func (q *Volatile) Free(stable uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if stable <= q.head.Stable {
		return nil
	}
	if first := min(stable+1, q.head.Next); first > q.head.First {
		q.advance(first, true)
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
	last = min(last, q.head.Next-1)
	for at := max(first, q.head.First); at <= last; {
		i, to := q.from(at), last
		if i < len(q.dropped) {
			h := q.dropped[i]
			if h.First <= at {
				at = h.Last + 1
				continue
			}
			to = min(to, h.First-1)
		}
		q.bytes -= q.payload(at, to+1)
		q.records.release(at, to)
		q.dropped = slices.Insert(q.dropped, i, Hole{at, to, reason})
		at = to + 1
	}
	joined := q.dropped[:0]
	for _, h := range q.dropped {
		if n := len(joined); n > 0 && joined[n-1].Last+1 == h.First && joined[n-1].Reason == h.Reason {
			joined[n-1].Last = h.Last
			continue
		}
		joined = append(joined, h)
	}
	q.dropped = joined
	q.settle()
	return nil
}

// Renew begins a new channel.
func (q *Volatile) Renew() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	var kept chunks
	count, size := uint64(0), uint64(0)
	for seq := q.head.First; seq < q.head.Next; seq++ {
		if _, gone := q.hole(seq); gone {
			continue
		}
		r := q.records.find(seq).run(seq, seq+1)
		count, size = count+1, size+uint64(r.Size(0))+RecordOverhead
		kept.add(count, r.Record(0))
	}
	q.records, q.bytes, q.dropped, q.before = kept, size, nil, nil
	q.head = q.head.renewed(count, q.random)
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
