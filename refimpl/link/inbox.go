package link

import "encoding/binary"

// inbox holds the pieces of one stream that have arrived and wait for Recv, in chunks: the reader fills the last, the
// consumer takes the first. Memory that is pooled and soon reused stays in the processor's caches, which one growing
// buffer does not. It is guarded by Stream.mu.
type inbox struct {
	chunks []inChunk
	head   int    // chunks before it were taken
	total  uint64 // bytes that have ever arrived
}

type inChunk struct {
	b      *[]byte
	charge uint64
	joined int // bytes of messages that were joined: held beyond their charge, and counted by the link
}

const (
	// pooledAfter is how much a stream has received before pooled chunks are used for it. Below that memory follows what
	// arrives closely, so that many streams with one byte each hold little (FRAME-020).
	pooledAfter = 96 << 10
	// smallChunk is up to where a chunk grows by itself.
	smallChunk = 8 << 10
)

func (in *inbox) empty() bool { return in.head == len(in.chunks) }

// put appends pieces that belong together: a frame's payload, or one joined message.
func (in *inbox) put(pieces []byte, charge uint64) {
	in.total += uint64(len(pieces))
	if !in.empty() {
		c := &in.chunks[len(in.chunks)-1]
		if len(*c.b)+len(pieces) <= max(cap(*c.b), smallChunk) {
			*c.b = append(*c.b, pieces...)
			c.charge += charge
			return
		}
	}
	b := in.chunk(len(pieces))
	*b = append(*b, pieces...)
	if in.empty() {
		in.chunks, in.head = in.chunks[:0], 0
	} else if in.head >= 64 && in.head >= len(in.chunks)/2 { // a reader that is always a little behind
		n := copy(in.chunks, in.chunks[in.head:])
		clear(in.chunks[n:])
		in.chunks, in.head = in.chunks[:n], 0
	}
	in.chunks = append(in.chunks, inChunk{b: b, charge: charge})
}

// chunk gives memory for at least n bytes.
func (in *inbox) chunk(n int) *[]byte {
	if in.total < pooledAfter {
		b := make([]byte, 0, n)
		return &b
	}
	b := getBuffer(max(n, fillOne))
	if cap(*b) < n {
		putBuffer(b)
		large := make([]byte, 0, n)
		return &large
	}
	return b
}

// take removes the first chunk; the inbox must not be empty. Who takes it gives it back with putBuffer.
func (in *inbox) take() inChunk {
	c := in.chunks[in.head]
	in.chunks[in.head] = inChunk{}
	in.head++
	return c
}

// drop forgets everything and gives the charge of it, and the bytes of joined messages.
func (in *inbox) drop() (charge uint64, joined int) {
	for !in.empty() {
		c := in.take()
		putBuffer(c.b)
		charge += c.charge
		joined += c.joined
	}
	in.chunks, in.head = nil, 0
	return charge, joined
}

// putMessage appends one message that does not lie behind its length. joined says that it came in pieces.
func (in *inbox) putMessage(msg []byte, charge uint64, joined bool) {
	in.put(binary.BigEndian.AppendUint32(nil, uint32(len(msg))), charge)
	c := &in.chunks[len(in.chunks)-1]
	*c.b = append(*c.b, msg...)
	if joined {
		c.joined += len(msg)
	}
	in.total += uint64(len(msg))
}
