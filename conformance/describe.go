package conformance

import (
	"encoding/binary"
	"fmt"

	"handfast/codec"
	"handfast/conformance/wire"
)

// describePacket gives what a case sends in a few words, whether or not it can be read.
func describePacket(p Packet) string {
	if p.opening {
		if o, _, err := codec.ParseOpening(p.bytes); err == nil {
			return wire.DescribeOpening(o)
		}
		return "opening"
	}
	if len(p.bytes) < codec.HeaderSize {
		return fmt.Sprintf("%d bytes", len(p.bytes))
	}
	// The checksum does not matter here: a frame that was damaged is shown as what it would have been.
	f := codec.Frame{Header: rawHeader(p.bytes)}
	if end := codec.HeaderSize + int(f.Length); f.Length > 0 && end+codec.TrailerSize == len(p.bytes) {
		f.Payload = p.bytes[codec.HeaderSize:end]
	}
	return wire.DescribeFrame(f)
}

// rawHeader reads the fields of a header without judging them.
func rawHeader(b []byte) codec.Header {
	return codec.Header{
		Type:     codec.Type(b[0]),
		Flags:    codec.Flags(b[1]),
		Reserved: binary.BigEndian.Uint16(b[2:]),
		Length:   binary.BigEndian.Uint32(b[4:]),
		Stream:   binary.BigEndian.Uint32(b[8:]),
	}
}
