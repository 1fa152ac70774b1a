package codec

import (
	"encoding/binary"
	"slices"
)

// bigEndian is the byte order of the wire.
var bigEndian = binary.BigEndian

// checkSize judges the payload of a frame of fixed size (FRAME-010).
func checkSize(f Frame, size int) error {
	if len(f.Payload) != size {
		return linkFault(CodeEncoding, "FRAME-010", offLength, f.Type.String()+" of another size than its own")
	}
	return nil
}

// room makes b longer by a frame with a payload of n bytes, and returns both. The frame's bytes are whatever was there.
func room(b []byte, n int) (whole, frame []byte) {
	start := len(b)
	size := frameSize(n)
	b = slices.Grow(b, size)[:start+size]
	return b, b[start:]
}

// beginFrame appends room for a header; the payload is then appended, and endFrame closes the frame that begins at start.
func beginFrame(b []byte) (out []byte, start int) {
	return append(b, make([]byte, HeaderSize)...), len(b)
}

// endFrame fills in the header and appends the trailer of the frame that began at start.
func endFrame(b []byte, start int, h Header) []byte {
	if len(b)-start > HeaderSize {
		b = append(b, make([]byte, TrailerSize)...)
	}
	SealFrame(b[start:], h)
	return b
}
