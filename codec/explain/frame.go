package explain

import (
	"encoding/binary"
	"fmt"

	"handfast/codec"
)

// rawFrame is a frame, or what has arrived of one, before anything about it was believed.
type rawFrame struct {
	codec.Frame
	at    int  // where it begins
	whole bool // all of its bytes are there
}

// payloadAt gives where the payload begins in the input.
func (f *rawFrame) payloadAt() int { return f.at + codec.HeaderSize }

// frame explains the frame at an offset. A header with a wrong checksum ends the walk: the length in it cannot be trusted, and so
// the next frame cannot be found.
func (x *explainer) frame(at int) Packet {
	in := x.in[at:]
	if len(in) < codec.HeaderSize {
		x.cut = true
		x.fixed(at, len(x.in), "frame", codec.HeaderFields(), nil)
		return Packet{Name: "frame", Bytes: in, Missing: codec.HeaderSize - len(in)}
	}
	f := rawFrame{Frame: codec.Frame{Header: rawHeader(in)}, at: at}
	_, _, err := codec.ParseFrame(in, x.link.maxFrame(x.maxFrame))
	p := Packet{Fault: faultOf(err, at)}
	if p.Name, p.Doc = typeName(f.Type); p.Fault != nil && p.Fault.Code == codec.CodeHeaderCRC {
		if x.doubt {
			return x.rest(at)
		}
		p.Bytes = in[:codec.HeaderSize:codec.HeaderSize]
		x.header(f, p.Bytes)
		x.lost = true
		return p
	}
	x.doubt = false
	payloadEnd := codec.HeaderSize + uint64(f.Length)
	size := payloadEnd
	if f.Length > 0 {
		size += codec.TrailerSize
	}
	p.Bytes, p.Missing = cutAt(in, size)
	f.whole = p.Missing == 0
	f.Payload, _ = cutAt(p.Bytes, payloadEnd)
	f.Payload = f.Payload[codec.HeaderSize:]
	x.header(f, p.Bytes[:codec.HeaderSize])
	x.cut = !f.whole
	if fault := x.payload(f, p.Fault == nil); p.Fault == nil {
		p.Fault = fault
	}
	x.trailer(f, p.Bytes[codec.HeaderSize+len(f.Payload):])
	return p
}

// rawHeader reads the 16 bytes of a header without judging them.
func rawHeader(b []byte) codec.Header {
	return codec.Header{
		Type:     codec.Type(b[0]),
		Flags:    codec.Flags(b[1]),
		Reserved: binary.BigEndian.Uint16(b[2:]),
		Length:   binary.BigEndian.Uint32(b[4:]),
		Stream:   binary.BigEndian.Uint32(b[8:]),
	}
}

// typeName gives what to call frames of a type, and what they are for.
func typeName(t codec.Type) (name, doc string) {
	if info, ok := t.Info(); ok {
		return info.Name, info.Doc
	}
	if codec.IsGreaseType(t) {
		return "grease", "means nothing, and is skipped"
	}
	for _, r := range codec.TypeRanges() {
		if uint32(t) >= r.From && uint32(t) <= r.To {
			doc = "kept for: " + r.Use
		}
	}
	return fmt.Sprintf("frame %02X", uint8(t)), doc
}

func (x *explainer) header(f rawFrame, b []byte) {
	x.fixed(f.at, f.at+codec.HeaderSize, "frame", codec.HeaderFields(), nil)
	fields := x.fields[len(x.fields)-len(codec.HeaderFields()):]
	fields[1].Value = flagsText(f.Header)
	last := len(fields) - 1
	x.checksum(&fields[last], b[12:codec.HeaderSize], codec.Checksum(b[:12]), false)
}

// flagsText names the flags where the type defines all that are set.
func flagsText(h codec.Header) string {
	defined := codec.FlagMustUnderstand
	info, _ := h.Type.Info()
	for _, flag := range info.Flags {
		defined |= flag.Flag
	}
	text := fmt.Sprintf("%02X", uint8(h.Flags))
	if h.Flags != 0 && h.Flags&^defined == 0 {
		text += " " + h.Flags.String()
	}
	return text
}

// trailer explains what stands behind the payload.
func (x *explainer) trailer(f rawFrame, b []byte) {
	if len(b) == 0 {
		return
	}
	t := Field{Offset: f.payloadAt() + len(f.Payload), Own: len(b), Type: "u32", Name: "trailer", Req: reqs("frame", "trailer"),
		Doc: "CRC-32C of bytes 0-11 and the payload", Value: cutShort}
	if len(b) == codec.TrailerSize {
		header := x.in[f.at:]
		x.checksum(&t, b, codec.Checksum(append(header[:12:12], f.Payload...)), false)
	}
	x.add(t)
}
