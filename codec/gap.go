package codec

const gapSize = 24 // bytes of payload

// The registered reasons of a Gap. Others are kept as they are.
const (
	GapOverflow uint32 = 1 // the sender's queue was full
	GapRestart  uint32 = 2 // the sender lost its queue
	GapExpired  uint32 = 3 // the records were too old
	GapFiltered uint32 = 4 // a rule of the sender held them back
	GapOperator uint32 = 5 // somebody said so
)

// Gap says that the records of these numbers do not come.
type Gap struct {
	Stream uint32 `json:"stream,string"`
	From   uint64 `json:"from,string"` // the first number, at least 1
	To     uint64 `json:"to,string"`   // the last one, From to MaxSeq
	Reason uint32 `json:"reason,string"`
}

// FrameType gives GAP.
func (m Gap) FrameType() Type { return TypeGap }

// StreamID gives the channel's stream.
func (m Gap) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame.
func (m Gap) Size() int { return frameSize(gapSize) }

// AppendFrame appends the whole frame. An impossible range is written as it is, and the receiver refuses it.
func (m Gap) AppendFrame(b []byte) []byte {
	b, frame := room(b, gapSize)
	p := frame[HeaderSize:]
	bigEndian.PutUint64(p, m.From)
	bigEndian.PutUint64(p[8:], m.To)
	bigEndian.PutUint32(p[16:], m.Reason)
	bigEndian.PutUint32(p[20:], 0) // reserved
	SealFrame(frame, Header{Type: TypeGap, Stream: m.Stream})
	return b
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Gap) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseGap reads a GAP. Another size than 24 bytes (FRAME-010), a From of 0, a To below From, and a To above MaxSeq are ENCODING (GAP-001).
func ParseGap(f Frame) (Gap, error) {
	if err := checkSize(f, gapSize); err != nil {
		return Gap{}, err
	}
	p := f.Payload
	m := Gap{
		Stream: f.Stream,
		From:   bigEndian.Uint64(p),
		To:     bigEndian.Uint64(p[8:]),
		Reason: bigEndian.Uint32(p[16:]),
	}
	if m.From == 0 || m.To < m.From || m.To > MaxSeq {
		return Gap{}, linkFault(CodeEncoding, "GAP-001", HeaderSize, "a gap begins at 1, does not end before it begins, and ends by 2^63-2")
	}
	return m, nil
}
