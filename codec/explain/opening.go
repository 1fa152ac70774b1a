package explain

import (
	"encoding/binary"
	"fmt"

	"handfast/codec"
)

// Offsets in an opening.
const (
	offKind       = 14
	offBodyLength = 16
	offBodySum    = 20
)

// opening explains the opening at an offset. Without magic and invariants the layout is unknown and nothing more is told apart. After
// a wrong checksum the body is explained all the same, but the frames behind it only if one is found where it should be.
func (x *explainer) opening(at int) Packet {
	in := x.in[at:]
	_, _, err := codec.ParseOpening(in)
	p := Packet{Name: "opening", Fault: faultOf(err, at)}
	fields := codec.OpeningFields()
	if p.Fault != nil && p.Fault.Code == codec.CodeForeign && p.Fault.Offset < at+offKind {
		return x.foreign(at, p, fields)
	}
	kind, known := codec.Kind(0), false
	if len(in) >= offBodyLength {
		kind = codec.Kind(binary.BigEndian.Uint16(in[offKind:]))
		if info, ok := kind.Info(); ok {
			p.Name, p.Doc, known = info.Name, info.Doc, true
		}
	}
	size := uint64(codec.OpeningSize)
	if len(in) >= offBodySum {
		size += uint64(binary.BigEndian.Uint32(in[offBodyLength:]))
	}
	p.Bytes, p.Missing = cutAt(in, size)
	x.cut = p.Missing > 0
	x.fixed(at, at+min(len(p.Bytes), codec.OpeningSize), "opening", fields[:len(fields)-1], nil)
	if len(p.Bytes) < codec.OpeningSize {
		return p
	}
	sum := codec.Checksum(append(p.Bytes[:offBodySum:offBodySum], p.Bytes[codec.OpeningSize:]...))
	x.checksum(&x.fields[len(x.fields)-1], p.Bytes[offBodySum:codec.OpeningSize], sum, x.cut)
	body := meaning{doc: fields[len(fields)-1].Doc, req: reqs("opening", "body")}
	if known {
		body.inner = keysOf(kind.String())
	}
	x.value(at+codec.OpeningSize, at+len(p.Bytes), "body", body, 0)
	x.link.opened = true
	x.doubt = p.Fault != nil && (p.Fault.Code == codec.CodeFrameSize || p.Fault.Code == codec.CodeHeaderCRC)
	x.lost = kind == codec.KindRefuse || x.what == Opening
	return p
}

// foreign explains what does not begin as an opening does: the fields up to the fault, and nothing more.
func (x *explainer) foreign(at int, p Packet, fields []codec.FieldInfo) Packet {
	end := at + len(codec.Magic)
	if p.Fault.Offset >= end {
		end++ // invariants
	}
	end = min(end, len(x.in))
	x.fixed(at, end, "opening", fields[:2], nil)
	p.Bytes = x.in[at:end:end]
	p.Doc = foreignDoc(x.in[at:])
	x.lost = true
	return p
}

// foreignDoc guesses what speaks, as the table of chapter 17 of SPEC.md does.
func foreignDoc(b []byte) string {
	switch {
	case magicBytes(b) >= 4:
		return "Handfast, through a path that is not 8-bit clean"
	case isTLS(b):
		return "TLS"
	}
	return "another protocol"
}

// cutAt gives the first size bytes of b, or all of it and how many are missing.
func cutAt(b []byte, size uint64) (have []byte, missing int) {
	if size <= uint64(len(b)) {
		return b[:size:size], 0
	}
	return b[:len(b):len(b)], int(size - uint64(len(b)))
}

// checksum says whether a checksum is the one that was computed.
func (x *explainer) checksum(f *Field, have []byte, sum uint32, unknown bool) {
	stated := binary.BigEndian.Uint32(have)
	f.Value = fmt.Sprintf("%08X", stated)
	switch {
	case unknown:
		f.Value += ", not checked"
	case stated != sum:
		f.Value += fmt.Sprintf(", should be %08X", sum)
	}
}
