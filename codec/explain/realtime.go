package explain

import (
	"encoding/binary"
	"fmt"

	"handfast/codec"
)

const realtimeProto = "realtime"

// recordPiece explains a piece of RECORDS. On a stream that is known to carry realtime it is a record, or a part of one: then only its beginning is
// taken apart. The fault is that of a record that is whole in this piece; it refuses the record and nothing else (REAL-005).
func (x *explainer) recordPiece(s *stream, from, to int, seq uint64, goesOn bool) *codec.Error {
	part := s.joining
	s.joining = goesOn
	if s.proto != realtimeProto || part || from == to || codec.RealtimeKind(x.in[from]) != codec.RealtimeKindObject && !codec.IsRealtimePart(x.in[from:to]) {
		doc := fmt.Sprintf("record %d", seq)
		switch {
		case part:
			doc += " goes on"
		case s.proto == realtimeProto:
			doc += ": none of realtime (REAL-004)"
		}
		x.piece(from, to, doc, false)
		return nil
	}
	first := len(x.fields)
	cut := x.cut
	x.cut = cut || goesOn // what the first part lacks is in the next one
	b, sizes := x.in[from:to], map[string]int{}
	if len(b) >= 6 {
		sizes["path"], sizes["namespace"], sizes["key"] = 16*int(b[2]), int(b[3]), int(binary.BigEndian.Uint16(b[4:]))
	}
	kind, what := codec.RealtimeKindObject, "an object"
	if codec.IsRealtimePart(b) {
		kind, what, sizes = codec.RealtimeKindPart, "a part of an object", nil
	}
	for _, p := range codec.ProtoInfos() {
		if p.Name == realtimeProto { // its kinds are 1 and 2
			x.fixed(from, to, realtimeProto+"."+kind.String(), p.Messages[kind-1].Fields, sizes)
		}
	}
	x.cut = cut
	x.fields[first].Doc = fmt.Sprintf("record %d: %s", seq, what)
	for i := range x.fields[first:] {
		x.fields[first+i].Depth++
	}
	if goesOn || cut {
		return nil
	}
	if kind == codec.RealtimeKindPart {
		_, err := codec.ParseRealtimePart(b)
		return faultOf(err, from)
	}
	_, err := codec.ParseRealtime(b)
	return faultOf(err, from)
}
