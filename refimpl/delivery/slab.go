package delivery

import (
	"encoding/binary"
	"sync"
)

const (
	// slabSize is how much of small records lies together, with their lengths, in bytes. Slabs of this size are pooled: memory that
	// is soon used again stays in the processor's caches.
	slabSize = 64 << 10
	// firstSlab is the size of a queue's first slab. The next has twice as much, so that a queue that holds little takes little.
	firstSlab = 1 << 10
	// ownFrom is the size from which on a record stays where its owner has it: below it a copy costs less than to follow a pointer.
	ownFrom = 4 << 10
)

// slab is memory for small records. Records are only ever added behind those that are there, so that these can be read meanwhile.
type slab struct {
	data   []byte   // each record behind its length in 4 bytes; never grows over its capacity
	ends   []uint32 // where each ends
	shared bool     // another slab has a part of the memory: it is left to the collector
}

var slabs = sync.Pool{New: func() any { return &slab{data: make([]byte, 0, slabSize)} }}

func newSlab(size int) *slab {
	if size >= slabSize {
		return slabs.Get().(*slab)
	}
	return &slab{data: make([]byte, 0, size)}
}

// rest makes a slab of what is left.
func (s *slab) rest() *slab {
	s.shared = true
	return &slab{data: s.data[len(s.data):len(s.data):cap(s.data)], shared: true}
}

// free gives a slab back that nobody reads.
func (s *slab) free() {
	if cap(s.data) == slabSize && !s.shared {
		s.data, s.ends = s.data[:0], s.ends[:0]
		slabs.Put(s)
	}
}

func (s *slab) fits(n int) bool { return len(s.data)+pieceHead+n <= cap(s.data) }

func (s *slab) add(data []byte) {
	s.data = append(binary.BigEndian.AppendUint32(s.data, uint32(len(data))), data...)
	s.ends = append(s.ends, uint32(len(s.data)))
}

// begin gives where record i begins, with its length.
func (s *slab) begin(i int) uint32 {
	if i == 0 {
		return 0
	}
	return s.ends[i-1]
}

// chunk is what lies together in a queue: small records, or one that is not.
type chunk struct {
	first uint64 // number of the first record
	slab  *slab  // nil: own
	own   []byte // nil: it was dropped
}

func (c *chunk) count() uint64 {
	if c.slab == nil {
		return 1
	}
	return uint64(len(c.slab.ends))
}

// bytes gives the payload of the records from number first on, below end.
func (c *chunk) bytes(first, end uint64) uint64 {
	if c.slab == nil {
		return uint64(len(c.own))
	}
	from, to := int(first-c.first), int(end-c.first)
	return uint64(c.slab.begin(to)-c.slab.begin(from)) - pieceHead*uint64(to-from)
}

// run gives the records from number seq on, below end.
func (c *chunk) run(seq, end uint64) Run {
	if c.slab == nil {
		return NewRun(c.own)
	}
	from, to := int(seq-c.first), int(end-c.first)
	base := c.slab.begin(from)
	return Run{raw: c.slab.data[base:c.slab.ends[to-1]], ends: c.slab.ends[from:to:to], base: base}
}

// chunks are the records of a queue in the order of their numbers, without a hole between them.
type chunks struct {
	list []chunk
	head int   // chunks before it were taken out
	size int   // of the newest slab
	made int   // slabs since there was no small record
	open *slab // the newest; nil: none
	idle *slab // a small one that was emptied last; nil: none
}

func (c *chunks) live() []chunk { return c.list[c.head:] }

// add puts a record behind the last one. It takes data over.
func (c *chunks) add(seq uint64, data []byte) {
	if len(data) >= ownFrom {
		c.push(chunk{first: seq, own: data})
		return
	}
	switch s := c.open; {
	case s == nil || !s.fits(len(data)):
		c.open = c.fresh(len(data))
	case c.list[len(c.list)-1].slab == s:
		s.add(data)
		return
	default: // a large record has come between
		c.open = s.rest()
	}
	c.open.add(data)
	c.push(chunk{first: seq, slab: c.open})
}

// addSmall puts records behind the last one, as far as they are small and the last chunk has room. It gives how many, and their bytes.
func (c *chunks) addSmall(list [][]byte) (n, bytes int) {
	s := c.open
	if s == nil || c.list[len(c.list)-1].slab != s {
		return 0, 0
	}
	room, ends := s.data[:cap(s.data)], s.ends
	at := len(s.data)
	from := at
	for _, data := range list {
		end := at + pieceHead + len(data)
		if len(data) >= ownFrom || end > len(room) {
			break
		}
		binary.BigEndian.PutUint32(room[at:], uint32(len(data)))
		copy(room[at+pieceHead:end], data)
		ends = append(ends, uint32(end))
		at = end
		n++
	}
	s.data, s.ends = room[:at], ends
	return n, at - from - n*pieceHead
}

// fresh gives an empty slab for a record of n bytes.
func (c *chunks) fresh(n int) *slab {
	if c.made++; c.made > 1 {
		c.size *= 2
	}
	c.size = min(max(c.size, firstSlab), slabSize)
	s := c.idle
	if c.idle = nil; s == nil || !s.fits(n) || cap(s.data) > 2*c.size {
		s = newSlab(max(c.size, pieceHead+n))
	}
	return s
}

func (c *chunks) push(one chunk) {
	if c.head > 32 && c.head*2 > len(c.list) {
		n := copy(c.list, c.list[c.head:])
		clear(c.list[n:])
		c.list, c.head = c.list[:n], 0
	}
	c.list = append(c.list, one)
}

// find gives the chunk of a number that is there.
func (c *chunks) find(seq uint64) *chunk {
	lo, hi := c.head, len(c.list) // the last chunk whose first is not above seq
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; c.list[mid].first <= seq {
			lo = mid
		} else {
			hi = mid
		}
	}
	return &c.list[lo]
}

// release forgets the payload of large records.
func (c *chunks) release(first, last uint64) {
	for seq := first; seq <= last; {
		one := c.find(seq)
		one.own = nil
		seq = one.first + one.count()
	}
}

// pop takes the first chunk out. reuse says that nobody reads its memory.
func (c *chunks) pop(reuse bool) {
	s := c.list[c.head].slab
	c.list[c.head] = chunk{}
	if c.head++; c.head == len(c.list) {
		c.list, c.head = c.list[:0], 0
	}
	switch {
	case s == nil:
	case s != c.open:
		if reuse {
			s.free()
		}
	default: // there are no small records any more
		if c.open = nil; c.made == 1 && len(s.data) < c.size/4 {
			c.size /= 2
		}
		c.made = 0
		if reuse && !s.shared && cap(s.data) < slabSize {
			s.data, s.ends = s.data[:0], s.ends[:0]
			c.idle = s
		} else if reuse {
			s.free()
		}
	}
}
