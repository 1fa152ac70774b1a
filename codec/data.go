package codec

// Data carries messages of a stream, or pieces of one. As Message it is for tools and tests: the hot path reads with ParseData,
// and writes with AppendPiece and SealFrame.
type Data struct {
	Stream uint32
	Pieces Pieces // with the frame's FIN and MORE
}

// FrameType gives DATA.
func (m Data) FrameType() Type { return TypeData }

// StreamID gives the stream.
func (m Data) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame.
func (m Data) Size() int { return frameSize(len(m.Pieces.raw)) }

// AppendFrame appends the whole frame. Flags and pieces that do not go together are written as they are, and the receiver
// refuses them.
func (m Data) AppendFrame(b []byte) []byte {
	return AppendFrame(b, Header{Type: TypeData, Flags: m.Pieces.flags, Stream: m.Stream}, m.Pieces.raw)
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Data) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseData reads a DATA. Faults in the form of its pieces are ENCODING: DATA-001, DATA-002, DATA-004, DATA-005. It allocates
// nothing, and the pieces alias the frame.
func ParseData(f Frame) (Pieces, error) { return parsePieces(f.Payload, f.Flags, HeaderSize) }
