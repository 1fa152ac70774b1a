package channel

import (
	"sync"
	"time"

	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// chunk is items that were copied from frames.
type chunk struct {
	items  []Item
	data   []byte
	charge link.Charge
	until  time.Duration // not to be applied before, on Sink.now; 0: at once. Then it holds one record
}

// maxChunk is how large a chunk grows by itself, in bytes, and largeChunk the memory of one that holds more than a little: it is
// had at once, and comes back from the pool.
const (
	maxChunk   = 128 << 10
	largeChunk = 2 * maxChunk
	maxItems   = 4096 // of a chunk that is kept: one of very small records has more
)

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func (c *chunk) free() {
	clear(c.items)
	c.items, c.data, c.charge, c.until = c.items[:0], c.data[:0], link.Charge{}, 0
	if cap(c.data) <= largeChunk && cap(c.items) <= maxItems {
		chunks.Put(c)
	}
}

// grow makes room for records.
func (c *chunk) grow(records []delivery.Record) {
	need := 0
	for i := range records {
		need += len(records[i].Data)
	}
	have := len(c.data)
	if have+need <= cap(c.data) {
		return
	}
	if have+need > 16<<10 {
		need = max(need, largeChunk-have)
	}
	data := make([]byte, have, have+need)
	copy(data, c.data)
	c.data = data
}

// inline says whether the goroutine that reads applies what it has read: nothing is before it.
func (s *Sink) inline(k *keyed) bool {
	return s.cfg.Inline && s.cfg.Delay == nil && !k.running && len(k.todo) == k.head && !s.closed
}

// chunkFor gives the chunk that takes what comes on in: the last task's, if it is of the same stream and not full.
func (k *keyed) chunkFor(in *intake) *chunk {
	if n := len(k.todo); n > k.head {
		if t := &k.todo[n-1]; t.batch != nil && t.from == in && len(t.batch.data) < maxChunk && t.batch.until == 0 {
			return t.batch
		}
	}
	return k.newChunk(in)
}

// newChunk begins a chunk.
func (k *keyed) newChunk(in *intake) *chunk {
	c := chunks.Get().(*chunk)
	in.tasks++
	k.todo = append(k.todo, task{from: in, batch: c})
	return c
}

// add copies records, and takes their charge over.
func (c *chunk) add(records []delivery.Record, charge *link.Charge) {
	c.grow(records)
	for _, r := range records {
		at := len(c.data)
		c.data = append(c.data, r.Data...)
		r.Data = c.data[at:len(c.data):len(c.data)]
		c.items = append(c.items, Item{Record: r})
	}
	c.charge, *charge = c.charge.Add(*charge), link.Charge{}
}

// borrow takes records without a copy, and their charge over.
func (c *chunk) borrow(records []delivery.Record, charge *link.Charge) {
	for i := range records {
		c.items = append(c.items, Item{Record: records[i]})
	}
	c.charge, *charge = c.charge.Add(*charge), link.Charge{}
}

// addLate takes a record that may have to wait: then it has a chunk for itself.
func (s *Sink) addLate(k *keyed, in *intake, record []delivery.Record, charge *link.Charge) {
	d := s.cfg.Delay(k.key, record[0].Data)
	if d <= 0 {
		k.chunkFor(in).add(record, charge)
		return
	}
	c := k.newChunk(in)
	c.until = s.now() + d
	c.add(record, charge)
}
