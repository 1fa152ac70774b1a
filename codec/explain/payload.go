package explain

import (
	"encoding/binary"
	"fmt"

	"handfast/codec"
)

const (
	lengthSize = 4  // bytes of length in front of a piece
	rangeSize  = 16 // bytes of a range of ACK
)

// payload explains what a frame carries. Where judge says that the frame had no fault so far, it returns the first one of the
// rest: states, form, and then the messages inside.
func (x *explainer) payload(f rawFrame, judge bool) *codec.Error {
	var fault *codec.Error
	if judge && f.whole {
		fault = x.link.judge(f)
	}
	from, to := f.payloadAt(), f.payloadAt()+len(f.Payload)
	info, _ := f.Type.Info()
	switch info.Body {
	case "map":
		x.value(from, to, "payload", meaning{doc: info.Doc, req: reqs(info.Name, "payload"), inner: keysOf(info.Name)}, 0)
	case "fixed", "ending":
		x.fixed(from, to, info.Name, info.Fields, nil)
	case "pieces":
		if inside := x.pieces(f, from, 0); fault == nil {
			fault = inside
		}
	case "records":
		if at := x.fixed(from, min(to, from+8), info.Name, info.Fields[:1], nil); len(f.Payload) >= 8 {
			if inside := x.pieces(f, at, binary.BigEndian.Uint64(f.Payload)); fault == nil {
				fault = inside
			}
		}
	case "ack":
		last := len(info.Fields) - 1
		at := x.fixed(from, min(to, from+info.MinPayload), info.Name, info.Fields[:last], nil)
		x.ranges(at, to, info.Fields[last])
	default:
		x.meaningless(from, to)
	}
	if f.whole {
		x.link.note(f)
	}
	return fault
}

func (x *explainer) meaningless(from, to int) {
	if from < to {
		x.add(Field{Offset: from, Own: to - from, Type: "bytes", Name: "payload", Value: bytesText(x.in[from:to]), Req: reqs("frame", "payload"),
			Doc: "without meaning to this specification"})
	}
}

// ranges explains those of ACK.
func (x *explainer) ranges(from, to int, info codec.FieldInfo) {
	for n := 0; from < to; n++ {
		f := Field{Offset: from, Own: min(rangeSize, to-from), Type: "range", Name: fmt.Sprintf("%s[%d]", info.Name, n), Value: cutShort,
			Doc: "durable from the first to the last of these records", Req: reqs("ACK", info.Name)}
		if b := x.in[from:to]; len(b) >= rangeSize {
			f.Value = fmt.Sprintf("%d to %d", binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]))
		}
		x.add(f)
		from += f.Own
	}
}

// pieces explains the pieces of DATA, and of RECORDS, whose first record has the number seq. The fault is that of a message of a
// call in them.
func (x *explainer) pieces(f rawFrame, at int, seq uint64) (fault *codec.Error) {
	to := f.payloadAt() + len(f.Payload)
	s := x.link.stream(f.Stream)
	for n := uint64(0); at < to; n++ {
		if to-at < lengthSize {
			x.add(Field{Offset: at, Own: to - at, Type: "bytes", Name: "left over", Value: cutShort, Req: reqs("DATA", "pieces")})
			break
		}
		size := uint64(binary.BigEndian.Uint32(x.in[at:]))
		x.add(Field{Offset: at, Own: lengthSize, Type: "u32", Name: "piece length", Value: fmt.Sprint(size), Req: reqs("DATA", "pieces"),
			Doc: "bytes of the piece that follows"})
		at += lengthSize
		short := size > uint64(to-at)
		end := to
		if !short {
			end = at + int(size)
		}
		goesOn := f.Flags&codec.FlagMore != 0 && end == to
		if short {
			x.piece(at, end, "", short)
		} else if f.Type == codec.TypeRecords {
			if inside := x.recordPiece(s, at, end, seq+n, goesOn); fault == nil {
				fault = inside
			}
		} else if inside := x.callPiece(s, at, end, goesOn); fault == nil {
			fault = inside
		}
		at = end
	}
	if f.Flags&codec.FlagFin != 0 && fault == nil && f.Type == codec.TypeData && f.whole {
		fault = s.finish(f.at + 1)
	}
	return fault
}

// piece explains a piece as bytes.
func (x *explainer) piece(from, to int, doc string, short bool) {
	if from == to {
		return
	}
	f := Field{Offset: from, Own: to - from, Depth: 1, Type: "bytes", Name: "piece",
		Value: bytesText(x.in[from:to]), Doc: doc, Req: reqs("DATA", "pieces")}
	if short {
		f.Value, f.Doc = cutShort, ""
	}
	x.add(f)
}
