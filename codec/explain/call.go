package explain

import (
	"encoding/binary"
	"fmt"

	"handfast/codec"
)

const callProto = "call"

// message explains the whole input as one message of a call.
func (x *explainer) message(at int) Packet {
	b := x.in[at:]
	kind, _, err := codec.ParseCallKind(b)
	switch kind {
	case codec.CallKindRequest:
		_, err = codec.ParseCallRequest(b)
	case codec.CallKindError:
		_, err = codec.ParseCallError(b)
	}
	x.callMessage(at, len(x.in), 0)
	info, _ := callInfo(b[0])
	return Packet{Bytes: b[:len(b):len(b)], Name: "call " + codec.CallKind(b[0]).String(), Doc: info.Doc, Fault: faultOf(err, at)}
}

// callInfo finds a message of the sub-protocol call in the registry.
func callInfo(kind byte) (codec.MessageInfo, bool) {
	for _, p := range codec.ProtoInfos() {
		for _, m := range p.Messages {
			if p.Name == callProto && m.Kind == kind {
				return m, true
			}
		}
	}
	return codec.MessageInfo{}, false
}

// callMessage explains a message of a call. The input holds at least its first byte.
func (x *explainer) callMessage(from, to, depth int) {
	first := len(x.fields)
	b := x.in[from:to]
	info, known := callInfo(b[0])
	switch {
	case !known:
		x.add(Field{Offset: from, Own: 1, Type: "u8", Name: "kind", Value: fmt.Sprintf("%d unknown", b[0]), Req: reqs("call", "kind")})
		x.behind(from+1, to, "cannot be told apart")
	case len(info.Keys) > 0: // ERROR: a kind and a map
		x.fixed(from, from+1, callPrefix(info), info.Fields[:1], nil)
		doc := info.Fields[1].Doc
		x.value(from+1, to, info.Fields[1].Name, meaning{doc: doc, req: reqs(callPrefix(info), "body"), inner: keysOf(callPrefix(info))}, 0)
	default:
		sizes := make(map[string]int)
		if codec.CallKind(b[0]) == codec.CallKindRequest && len(b) >= 4 {
			sizes["method"] = int(binary.BigEndian.Uint16(b[2:]))
		}
		x.fixed(from, to, callPrefix(info), info.Fields, sizes)
	}
	if known {
		x.fields[first].Doc = info.Doc
	}
	for i := range x.fields[first:] {
		x.fields[first+i].Depth += depth
	}
}

// callPrefix is what the tables of this package call a message.
func callPrefix(info codec.MessageInfo) string { return callProto + "." + info.Name }

// callPiece explains a piece of DATA. On a stream that is known to be a call it is a message, or, if the piece before it or the flag MORE
// says so, a part of one: then only its beginning is taken apart, and it is judged when it is complete. The fault is that
// of the message that ends here.
func (x *explainer) callPiece(s *stream, from, to int, goesOn bool) *codec.Error {
	part, begun := s.joining, s.begun
	if !part {
		s.begun = from
	}
	s.joining = goesOn
	if s.proto != callProto {
		doc := "a message of a sub-protocol that is not known here"
		if part {
			doc = fmt.Sprintf("goes on with the message that begins at byte %d", begun)
		}
		x.piece(from, to, doc, false)
		return nil
	}
	if part {
		x.piece(from, to, fmt.Sprintf("goes on with the message that begins at byte %d", begun), false)
	} else if from < to {
		cut := x.cut
		x.cut = cut || goesOn // what the first part lacks is in the next one
		x.callMessage(from, to, 1)
		x.cut = cut
	}
	before := len(s.joined)
	message := x.in[from:to]
	if part || goesOn {
		s.joined = append(s.joined, message...)
		message = s.joined
	}
	if goesOn || x.cut {
		return nil
	}
	s.joined = nil
	return placed(s.judge(message), before, from, to)
}

// placed moves a fault of a message to the input. The last piece, at from to to, begins before bytes into the message. A fault in an earlier
// piece is shown where the message ends, since that is where a receiver sees it; one in an empty piece at its length.
func placed(fault *codec.Error, before, from, to int) *codec.Error {
	if fault == nil {
		return nil
	}
	off := fault.Offset - before
	if off < 0 || before > 0 && off >= to-from {
		fault.Detail = "in the message that ends here: " + fault.Detail
		off = 0
	}
	fault.Offset = from + off
	if from == to {
		fault.Offset = from - lengthSize
	}
	return fault
}
