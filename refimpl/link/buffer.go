package link

import "sync"

// Capacities of send buffers, in bytes. They are pooled in a few sizes, so that a stream that says little holds little.
// Those above the tiny one have room for a frame's header, a fill, a small piece beyond it, and the trailer; the largest for
// a large piece beyond it.
const (
	tinyBuffer  = 2 << 10
	smallBuffer = fillMany + 4<<10
	fullBuffer  = fillOne + 4<<10
	largeBuffer = 2*fillOne + 4<<10
)

var (
	tinyBuffers  = sync.Pool{New: func() any { b := make([]byte, 0, tinyBuffer); return &b }}
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, 0, smallBuffer); return &b }}
	fullBuffers  = sync.Pool{New: func() any { b := make([]byte, 0, fullBuffer); return &b }}
	largeBuffers = sync.Pool{New: func() any { b := make([]byte, 0, largeBuffer); return &b }}
)

// bufferSize is the capacity of the buffer that getBuffer(n) gives.
func bufferSize(n int) int {
	switch {
	case n <= tinyBuffer:
		return tinyBuffer
	case n <= smallBuffer:
		return smallBuffer
	case n <= fullBuffer:
		return fullBuffer
	default:
		return largeBuffer
	}
}

// getBuffer gives an empty buffer with room for at least n bytes, or the largest there is.
func getBuffer(n int) *[]byte {
	switch bufferSize(n) {
	case tinyBuffer:
		return tinyBuffers.Get().(*[]byte)
	case smallBuffer:
		return smallBuffers.Get().(*[]byte)
	case fullBuffer:
		return fullBuffers.Get().(*[]byte)
	default:
		return largeBuffers.Get().(*[]byte)
	}
}

// putBuffer gives a buffer back. A buffer that has grown to another size is left to the collector.
func putBuffer(b *[]byte) {
	c := cap(*b)
	*b = (*b)[:0]
	switch c {
	case tinyBuffer:
		tinyBuffers.Put(b)
	case smallBuffer:
		smallBuffers.Put(b)
	case fullBuffer:
		fullBuffers.Put(b)
	case largeBuffer:
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
