package codec

import "encoding"

// Message is what any frame says. The types are Ping, Pong, Credit, Streams, Drain, Close, Open, Accept, Reject, Data, Reset,
// Records, Ack, Gap and Unknown, as values, and *Ready. It is for tools, vectors and tests; a link switches on the frame's type and
// calls the parser, which for the hot types allocates nothing.
type Message interface {
	encoding.BinaryAppender // appends the whole frame

	FrameType() Type
	StreamID() uint32
	Size() int // bytes of the whole frame
}

// Unknown is a frame of a type that this package does not know, grease among them. It is kept as it came.
type Unknown struct {
	Type     Type
	Flags    Flags
	Reserved uint16
	Stream   uint32
	Payload  []byte // the message's own
}

// FrameType gives the frame's type.
func (m Unknown) FrameType() Type { return m.Type }

// StreamID gives the frame's stream, which may be any (FRAME-005).
func (m Unknown) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame.
func (m Unknown) Size() int { return frameSize(len(m.Payload)) }

// AppendFrame appends the whole frame.
func (m Unknown) AppendFrame(b []byte) []byte {
	return AppendFrame(b, Header{Type: m.Type, Flags: m.Flags, Reserved: m.Reserved, Stream: m.Stream}, m.Payload)
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Unknown) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseMessage reads any frame: steps 7 and 8 of chapter 14 of SPEC.md, stream 0 or not (FRAME-009) and the form of the
// payload. A frame of unknown type becomes an Unknown; what a link does with it depends on the link. Nothing in the result aliases the
// frame.
func ParseMessage(f Frame) (Message, error) {
	if err := CheckStream(f.Header); err != nil {
		return nil, err
	}
	switch f.Type {
	case TypeReady:
		return message(ParseReady(f))
	case TypePing:
		return message(ParsePing(f))
	case TypePong:
		return message(ParsePong(f))
	case TypeCredit:
		return message(ParseCredit(f))
	case TypeStreams:
		return message(ParseStreams(f))
	case TypeDrain:
		return message(ParseDrain(f))
	case TypeClose:
		return message(ParseClose(f))
	case TypeOpen:
		return message(ParseOpen(f))
	case TypeAccept:
		return message(ParseAccept(f))
	case TypeReject:
		return message(ParseReject(f))
	case TypeReset:
		return message(ParseReset(f))
	case TypeAck:
		return message(ParseAck(f))
	case TypeGap:
		return message(ParseGap(f))
	case TypeData:
		pieces, err := ParseData(f)
		return message(Data{Stream: f.Stream, Pieces: pieces.clone()}, err)
	case TypeRecords:
		m, err := ParseRecords(f)
		m.Pieces = m.Pieces.clone()
		return message(m, err)
	default:
		payload := append([]byte(nil), f.Payload...)
		return Unknown{Type: f.Type, Flags: f.Flags, Reserved: f.Reserved, Stream: f.Stream, Payload: payload}, nil
	}
}

// message turns the two results of a parser into a Message, which is nil where there is an error.
func message[M Message](m M, err error) (Message, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

// clone copies the bytes, so that the frame may go.
func (p Pieces) clone() Pieces {
	p.raw = append([]byte(nil), p.raw...)
	return p
}
