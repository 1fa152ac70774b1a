package capture

import (
	"bytes"
	"cmp"
	"slices"
)

const (
	maxChunks    = 4096     // segments of one direction that wait: a segment of one byte costs more than its byte
	maxBeginless = 64 << 10 // bytes that wait where the beginning was not seen: mostly a connection that is older than the capture
)

// chunk is a segment that waits for what is before it.
type chunk struct {
	seq   uint32
	bytes []byte
}

// half is one direction of a connection. Sequence numbers are compared as RFC 9293 does: a number is before another if the difference is
// negative in 32 signed bits.
type half struct {
	syn      bool   // SYN was seen
	isn      uint32 // its sequence number, if syn
	known    bool   // next is valid: SYN was seen, or the magic
	next     uint32 // sequence number of the first byte that is not there yet
	offset   int64  // bytes delivered
	waiting  []chunk
	held     int // bytes in waiting
	ended    bool
	finKnown bool
	fin      uint32 // sequence number behind the last byte, if finKnown
	acked    bool
	ack      uint32 // greatest sequence number that the other side has acknowledged, if acked
	lost     *gap
}

// gap is where a direction ends for us.
type gap struct {
	size int64
	why  string
}

// behind tells how far a is behind b.
func behind(a, b uint32) int32 { return int32(a - b) }

// begin sets where the bytes begin. What waited for that is put in order from there: before, no number was known that all could be compared
// with. The next push gives it.
func (h *half) begin(next uint32) {
	h.known, h.next = true, next
	slices.SortStableFunc(h.waiting, func(a, b chunk) int { return cmp.Compare(behind(a.seq, next), behind(b.seq, next)) })
}

// push takes the payload of a segment, which stays the caller's, and gives what can be read now to emit. It returns by how much the bytes that
// wait have become more. A segment without payload may be the one that says where the bytes begin.
func (h *half) push(seq uint32, payload []byte, most int, emit func([]byte)) (grown int) {
	if h.lost != nil {
		return 0
	}
	before := h.held
	switch {
	case len(payload) == 0:
	case h.known && behind(seq, h.next) <= 0:
		h.deliver(seq, payload, emit)
	default:
		h.wait(seq, payload, most)
	}
	if h.known {
		h.drain(emit)
	}
	return h.held - before
}

// deliver gives what of a segment is new. The segment begins at or before next.
func (h *half) deliver(seq uint32, payload []byte, emit func([]byte)) {
	old := int64(h.next - seq) // not behind: half of all numbers apart, each of the two is before the other
	if old >= int64(len(payload)) {
		return
	}
	fresh := payload[old:]
	h.next += uint32(len(fresh))
	h.offset += int64(len(fresh))
	emit(bytes.Clone(fresh))
}

// wait keeps a segment, in the order of sequence numbers; of those that begin at the same one the longer, which came later only if it has
// more.
func (h *half) wait(seq uint32, payload []byte, most int) {
	at, same := slices.BinarySearchFunc(h.waiting, seq, func(c chunk, seq uint32) int { return int(behind(c.seq, seq)) })
	if same {
		c := &h.waiting[at]
		if more := len(payload) - len(c.bytes); more > 0 {
			c.bytes = append(slices.Clip(c.bytes), payload[len(c.bytes):]...)
			h.held += more
		}
	} else {
		h.waiting = slices.Insert(h.waiting, at, chunk{seq, bytes.Clone(payload)})
		h.held += len(payload)
	}
	if !h.known {
		most = min(most, maxBeginless)
	}
	if h.held > most || len(h.waiting) > maxChunks {
		h.give("more segments came than may wait for it")
	}
}

// drain gives what waits and follows now.
func (h *half) drain(emit func([]byte)) {
	n := 0
	for _, c := range h.waiting {
		if behind(c.seq, h.next) > 0 {
			break
		}
		h.deliver(c.seq, c.bytes, emit)
		h.held -= len(c.bytes)
		n++
	}
	h.waiting = slices.Delete(h.waiting, 0, n)
}

// give gives up the direction: what is before the first segment that waits is missing.
func (h *half) give(why string) {
	size := int64(1)
	if len(h.waiting) > 0 && h.known {
		size = int64(behind(h.waiting[0].seq, h.next))
	}
	h.lost = &gap{size: size, why: why}
	h.waiting, h.held = nil, 0
}

// close judges at the end of the recording whether everything was there.
func (h *half) close() {
	switch {
	case h.lost != nil:
	case len(h.waiting) > 0:
		h.give("the segment is not in the capture")
	case h.known && h.finKnown && behind(h.fin, h.next) > 0:
		h.lost = &gap{size: int64(behind(h.fin, h.next)), why: "FIN came without them"}
	case h.known && h.acked && behind(h.ack, h.next) > 1: // FIN takes one number
		h.lost = &gap{size: int64(behind(h.ack, h.next)) - 1, why: "the other side acknowledged them"}
	}
}
