package codec

const drainSize = 16 // bytes of payload

// DrainUndecided is the value of Drain.Last that says: all streams so far may still be served. The final DRAIN follows.
const DrainUndecided = 0xFFFFFFFF

// Drain says that its sender wants to end the link in good order.
type Drain struct {
	Last       uint32 `json:"last,string"`        // greatest id of the receiver's streams that is or will be served, or DrainUndecided
	Code       Code   `json:"code"`               // why
	DeadlineMS uint32 `json:"deadline_ms,string"` // ms after which the sender closes whatever still runs (DRAIN-003)
}

// FrameType gives DRAIN.
func (m Drain) FrameType() Type { return TypeDrain }

// StreamID gives 0: DRAIN is of link scope.
func (m Drain) StreamID() uint32 { return 0 }

// Size gives the bytes of the whole frame.
func (m Drain) Size() int { return frameSize(drainSize) }

// AppendFrame appends the whole frame.
func (m Drain) AppendFrame(b []byte) []byte {
	b, frame := room(b, drainSize)
	p := frame[HeaderSize:]
	bigEndian.PutUint32(p, m.Last)
	bigEndian.PutUint32(p[4:], uint32(m.Code))
	bigEndian.PutUint32(p[8:], m.DeadlineMS)
	bigEndian.PutUint32(p[12:], 0) // reserved
	SealFrame(frame, Header{Type: TypeDrain})
	return b
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Drain) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseDrain reads a DRAIN. Another size than 16 bytes is ENCODING (FRAME-010). That Last does not grow (DRAIN-004) is for the
// link to check.
func ParseDrain(f Frame) (Drain, error) {
	if err := checkSize(f, drainSize); err != nil {
		return Drain{}, err
	}
	p := f.Payload
	return Drain{
		Last:       bigEndian.Uint32(p),
		Code:       Code(bigEndian.Uint32(p[4:])),
		DeadlineMS: bigEndian.Uint32(p[8:]),
	}, nil
}
