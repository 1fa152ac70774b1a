package codec

const streamsSize = 8 // bytes of payload

// MaxStreams is the greatest total that a STREAMS may grant (CRED-008): there are no more ids of one parity.
const MaxStreams = 1 << 31

// Streams grants streams, as a total from the beginning of the link (STRM-009).
type Streams struct {
	Max uint64 `json:"max,string"` // streams that the receiver of the frame may have opened; at most MaxStreams
}

// FrameType gives STREAMS.
func (m Streams) FrameType() Type { return TypeStreams }

// StreamID gives 0: STREAMS is of link scope.
func (m Streams) StreamID() uint32 { return 0 }

// Size gives the bytes of the whole frame.
func (m Streams) Size() int { return frameSize(streamsSize) }

// AppendFrame appends the whole frame. A Max over MaxStreams is written as it is, and the receiver refuses it.
func (m Streams) AppendFrame(b []byte) []byte {
	b, frame := room(b, streamsSize)
	bigEndian.PutUint64(frame[HeaderSize:], m.Max)
	SealFrame(frame, Header{Type: TypeStreams})
	return b
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Streams) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseStreams reads a STREAMS. Another size than 8 bytes (FRAME-010) and a total over 2^31 (CRED-008) are ENCODING.
func ParseStreams(f Frame) (Streams, error) {
	if err := checkSize(f, streamsSize); err != nil {
		return Streams{}, err
	}
	m := Streams{Max: bigEndian.Uint64(f.Payload)}
	if m.Max > MaxStreams {
		return Streams{}, linkFault(CodeEncoding, "CRED-008", HeaderSize, "grant over 2^31 streams")
	}
	return m, nil
}
