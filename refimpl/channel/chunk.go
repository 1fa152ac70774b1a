package channel

import (
	"sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/link"
)

// chunk is items whose records lie in memory of its own, or inline in that of their frame.
type chunk struct {
	items  []Item
	data   []byte // what was copied last; items may alias the memory before it
	size   int    // bytes of payload
	odd    bool   // there is a gap among items, or a record that may have been applied before
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
	*c = chunk{items: c.items[:0], data: c.data[:0]}
	if cap(c.data) <= largeChunk && cap(c.items) <= maxItems {
		chunks.Put(c)
	}
}

// room makes room for n bytes more. What was handed out stays where it is.
func (c *chunk) room(n int) {
	if n <= cap(c.data)-len(c.data) {
		return
	}
	if c.size+n > 16<<10 {
		n = max(n, largeChunk)
	}
	c.data = make([]byte, 0, n)
}

// inline says whether the goroutine that reads applies what it has read: nothing is before it.
func (s *Sink) inline(k *keyed) bool {
	return s.cfg.Inline && s.cfg.Delay == nil && !k.running && len(k.todo) == k.head && !s.closed
}

// chunkFor gives the chunk that takes what comes on in: the last task's, if it is of the same stream and not full.
func (k *keyed) chunkFor(in *intake) *chunk {
	if c := k.openChunk(in); c != nil {
		return c
	}
	return k.newChunk(in)
}

// openChunk gives the last task's chunk, if it takes what comes on in; nil: it does not.
func (k *keyed) openChunk(in *intake) *chunk {
	if n := len(k.todo); n > k.head {
		if t := &k.todo[n-1]; t.batch != nil && t.from == in && t.batch.size < maxChunk && t.batch.until == 0 {
			return t.batch
		}
	}
	return nil
}

// newChunk begins a chunk.
func (k *keyed) newChunk(in *intake) *chunk { return k.queue(in, chunks.Get().(*chunk)) }

// queue puts a chunk behind the last task.
func (k *keyed) queue(in *intake, c *chunk) *chunk {
	in.tasks++
	k.todo = append(k.todo, task{from: in, batch: c})
	return c
}

// copied says where the pieces of the RECORDS that is being taken were copied.
type copied struct {
	to     *chunk // nil: nowhere, they lie in the frame
	bytes  int
	queued bool // to is that of the last task
}

// copyPieces copies the pieces of a RECORDS into the chunk that is to take them, all at once: to copy each record costs more. It leaves alone
// what is applied inline or later, and records that come in pieces. It is called with mu held.
func (s *Sink) copyPieces(k *keyed, in *intake, m *codec.Records) {
	joins := in.joins || m.Pieces.More()
	in.joins, in.copied = m.Pieces.More(), copied{}
	if k == nil || joins || s.cfg.Delay != nil || s.inline(k) {
		return
	}
	c := copied{to: k.openChunk(in), bytes: len(m.Pieces.Raw())}
	if c.queued = c.to != nil; !c.queued {
		c.to = chunks.Get().(*chunk)
	}
	c.to.room(c.bytes)
	c.to.data, m.Pieces = m.Pieces.CopyTo(c.to.data)
	in.copied = c
}

// copyDone gives back the chunk of a RECORDS of which nothing is to be applied. It is called with mu held.
func (in *intake) copyDone() {
	if c := in.copied; c.to != nil && !c.queued {
		c.to.free()
	}
	in.copied = copied{}
}

// takeCopied takes items whose records were copied, and their charge. It gives memory that the core uses in the place of items. It is called with
// mu held.
func (k *keyed) takeCopied(in *intake, items []Item, charge *link.Charge) (memory []Item) {
	c := in.copied.to
	if !in.copied.queued {
		k.queue(in, c)
		in.copied.queued = true
	}
	c.size += in.copied.bytes
	return c.take(items, charge)
}

// take takes items whose records stay where they are, and their charge. It gives memory that the core uses in the place of items.
func (c *chunk) take(items []Item, charge *link.Charge) (memory []Item) {
	c.note(items, charge)
	if len(c.items) == 0 {
		memory, c.items = c.items, items
		return memory
	}
	c.items = append(c.items, items...)
	clear(items)
	return items
}

// add takes items and their charge, and copies their records.
func (c *chunk) add(items []Item, charge *link.Charge) {
	need := 0
	for i := range items {
		need += len(items[i].Record.Data)
	}
	c.room(need)
	for _, one := range items {
		at := len(c.data)
		c.data = append(c.data, one.Record.Data...)
		one.Record.Data = c.data[at:len(c.data):len(c.data)]
		c.items = append(c.items, one)
	}
	c.size += need
	c.note(items, charge)
}

// note notes what goes along with items that were handed on together.
func (c *chunk) note(items []Item, charge *link.Charge) {
	c.odd = c.odd || items[0].Record.PossibleDup // behind a record that cannot have been applied before, none can
	c.charge, *charge = c.charge.Add(*charge), link.Charge{}
}

// addLate takes a record that may have to wait: then it has a chunk for itself.
func (s *Sink) addLate(k *keyed, in *intake, one []Item, charge *link.Charge) {
	d := s.cfg.Delay(k.key, one[0].Record.Data)
	if d <= 0 {
		k.chunkFor(in).add(one, charge)
		return
	}
	c := k.newChunk(in)
	c.until = s.now() + d
	c.add(one, charge)
}
