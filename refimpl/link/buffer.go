package link

import "sync"

// Send buffers are pooled in two sizes, so that a link that carries a few messages does not hold what a busy one needs.
// Both have room for a frame's header, the largest fill, one piece beyond it, and the trailer.
var (
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, 0, fillMany+4<<10); return &b }}
	largeBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2*fillOne+4<<10); return &b }}
)

// getBuffer gives an empty buffer with room for at least n bytes, or the largest there is.
func getBuffer(n int) *[]byte {
	if n <= fillMany+4<<10 {
		return smallBuffers.Get().(*[]byte)
	}
	return largeBuffers.Get().(*[]byte)
}

// putBuffer gives a buffer back. A buffer that has grown to another size is left to the collector.
func putBuffer(b *[]byte) {
	c := cap(*b)
	*b = (*b)[:0]
	switch c {
	case fillMany + 4<<10:
		smallBuffers.Put(b)
	case 2*fillOne + 4<<10:
		largeBuffers.Put(b)
	}
}

// keepBuffer gives b back for reuse unless one burst has made it large: idle links keep little.
func keepBuffer(b []byte) []byte {
	if cap(b) > 64<<10 {
		return nil
	}
	return b[:0]
}
