package conformance

import (
	"encoding"
	"encoding/binary"
	"slices"

	"handfast/codec"
)

// Packet is what a case sends at once: one frame, one opening, or any bytes. It is a value: its methods return changed copies.
//
// A packet that is wrong on purpose says so. Every method that damages one takes the reason; a packet without a reason goes
// past the wire checker before it is sent, and what the checker finds makes the case inconclusive. So a peer is never judged by
// how it takes an accident.
type Packet struct {
	bytes   []byte
	opening bool   // bytes are an opening, else a frame
	fault   string // what is wrong with it; "" for nothing
	faultAt int    // offset of the first byte that the fault changed, -1 where it has no place
}

// Frame makes a well-formed frame with any header and payload; Length and the checksums follow from the payload.
func Frame(h codec.Header, payload []byte) Packet {
	return Packet{bytes: codec.AppendFrame(nil, h, payload), faultAt: -1}
}

// Message makes the frame of a message. It panics when the message cannot be encoded, which is a bug in a case and
// makes that case inconclusive.
func Message(m encoding.BinaryAppender) Packet {
	b, err := m.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	return Packet{bytes: b, faultAt: -1}
}

// Raw makes a packet of bytes that need not mean anything. Why says what is wrong with them.
func Raw(why string, b []byte) Packet { return Packet{bytes: slices.Clone(b), fault: why, faultAt: 0} }

// Bytes returns a copy of the packet's bytes.
func (p Packet) Bytes() []byte { return slices.Clone(p.bytes) }

// Fault declares that the packet is wrong in this place: a lawful frame in an unlawful state, for example.
func (p Packet) Fault(why string) Packet {
	p.fault = why
	return p
}

// Flip changes the bits of mask at an offset and repairs no checksum.
func (p Packet) Flip(why string, off int, mask byte) Packet {
	return p.edit(why, func(b []byte) []byte {
		b[off] ^= mask
		return b
	})
}

// Set overwrites bytes from an offset on and repairs no checksum.
func (p Packet) Set(why string, off int, with ...byte) Packet {
	return p.edit(why, func(b []byte) []byte {
		copy(b[off:], with)
		return b
	})
}

// Truncate keeps the first n bytes.
func (p Packet) Truncate(why string, n int) Packet {
	return p.edit(why, func(b []byte) []byte { return b[:n] })
}

// Payload replaces the payload of a frame, or the body of an opening; the length and the checksums follow.
func (p Packet) Payload(why string, change func(payload []byte) []byte) Packet {
	room, tail := codec.HeaderSize, codec.TrailerSize
	if p.opening {
		room, tail = codec.OpeningSize, 0
	}
	return p.edit(why, func(b []byte) []byte {
		var payload []byte
		if len(b) > room {
			payload = b[room : len(b)-tail]
		}
		payload = change(slices.Clone(payload))
		b = append(b[:room:room], payload...)
		if p.opening {
			binary.BigEndian.PutUint32(b[16:], uint32(len(payload)))
		} else {
			binary.BigEndian.PutUint32(b[4:], uint32(len(payload)))
			if len(payload) > 0 {
				b = append(b, make([]byte, codec.TrailerSize)...)
			}
		}
		return b
	}).Reseal()
}

// Reseal computes the checksums anew over whatever stands in the packet, so that another fault can be the only one.
func (p Packet) Reseal() Packet {
	b := slices.Clone(p.bytes)
	switch {
	case p.opening && len(b) >= codec.OpeningSize:
		body := b[codec.OpeningSize:]
		covered := append(slices.Clone(b[:20]), body...)
		binary.BigEndian.PutUint32(b[20:], codec.Checksum(covered))
	case !p.opening && len(b) >= codec.HeaderSize:
		binary.BigEndian.PutUint32(b[12:], codec.Checksum(b[:12]))
		if end := len(b) - codec.TrailerSize; end > codec.HeaderSize {
			covered := append(slices.Clone(b[:12]), b[codec.HeaderSize:end]...)
			binary.BigEndian.PutUint32(b[end:], codec.Checksum(covered))
		}
	}
	p.bytes = b
	return p
}

// edit applies change to a copy and notes where the copy first differs.
func (p Packet) edit(why string, change func(b []byte) []byte) Packet {
	old := p.bytes
	p.bytes = change(slices.Clone(old))
	p.fault = why
	p.faultAt = firstDifference(old, p.bytes)
	return p
}

// firstDifference gives the offset of the first byte in which a and b differ, -1 where they do not.
func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) == len(b) {
		return -1
	}
	return n
}
