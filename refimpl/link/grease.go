package link

import (
	"encoding/binary"
	"io"

	"handfast/codec"
)

// greaser makes the unknown things that keep the handling of unknown things alive (chapter 18). Its randomness is not
// secret.
type greaser struct{ rand io.Reader }

func (g greaser) uint32() uint32 {
	var b [4]byte
	_, _ = io.ReadFull(g.rand, b[:])
	return binary.BigEndian.Uint32(b[:])
}

// version is one of the 256 grease versions (VER-004).
func (g greaser) version() uint16 {
	return codec.GreaseVersion(uint16(g.uint32()))
}

// capability is a name and a value of any type (CAP-009).
func (g greaser) capability() (string, any) {
	n := g.uint32()
	name := codec.GreaseCapability(uint16(n))
	switch n >> 16 % 3 {
	case 0:
		return name, true
	case 1:
		return name, int64(n >> 8)
	default:
		return name, []string{"grease"}
	}
}

// frame appends a grease frame: never must-understand, on stream 0, with reserved bits of any value.
func (g greaser) frame(b []byte) []byte {
	n := g.uint32()
	h := codec.Header{
		Type:     codec.GreaseType(uint8(n)),
		Flags:    codec.Flags(n>>8) & 0x70,
		Reserved: uint16(n >> 16),
	}
	payload := make([]byte, (n>>4)%(codec.MaxGreasePayload+1))
	_, _ = io.ReadFull(g.rand, payload)
	return codec.AppendFrame(b, h, payload)
}

func (l *Link) appendGrease(b []byte) []byte { return l.grease.frame(b) }

// nextGrease is the number of rounds of writing until the next grease frame; negative: none.
func (l *Link) nextGrease() int {
	if l.greaseEvery < 0 {
		return -1
	}
	return int(l.grease.uint32() % uint32(2*l.greaseEvery))
}
