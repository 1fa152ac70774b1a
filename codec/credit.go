package codec

import "math"

const creditSize = 8 // bytes of payload

// MaxCredit is the greatest total that a CREDIT may grant (CRED-008). Sums of charges stay far below 2^64 then.
const MaxCredit = math.MaxInt64

// Credit grants charge on a stream, or on stream 0 for the link. It is a total from the beginning, never an increment: it can be
// repeated or overtaken without harm.
type Credit struct {
	Stream uint32 `json:"stream,string"` // 0: the link's
	Max    uint64 `json:"max,string"`    // charge that the receiver of the frame may have sent; at most MaxCredit
}

// FrameType gives CREDIT.
func (m Credit) FrameType() Type { return TypeCredit }

// StreamID gives the stream that the grant is for, 0 for the link.
func (m Credit) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame.
func (m Credit) Size() int { return frameSize(creditSize) }

// AppendFrame appends the whole frame. A Max over MaxCredit is written as it is, and the receiver refuses it.
func (m Credit) AppendFrame(b []byte) []byte {
	b, frame := room(b, creditSize)
	bigEndian.PutUint64(frame[HeaderSize:], m.Max)
	SealFrame(frame, Header{Type: TypeCredit, Stream: m.Stream})
	return b
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Credit) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseCredit reads a CREDIT. Another size than 8 bytes (FRAME-010) and a total over 2^63-1 (CRED-008) are ENCODING.
func ParseCredit(f Frame) (Credit, error) {
	if err := checkSize(f, creditSize); err != nil {
		return Credit{}, err
	}
	m := Credit{Stream: f.Stream, Max: bigEndian.Uint64(f.Payload)}
	if m.Max > MaxCredit {
		return Credit{}, linkFault(CodeEncoding, "CRED-008", HeaderSize, "grant over 2^63-1")
	}
	return m, nil
}
