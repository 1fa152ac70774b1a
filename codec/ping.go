package codec

// UnknownError is the value of ErrUS for a clock whose error bound nobody knows.
const UnknownError = 0xFFFFFFFF

const pingSize = 24 // bytes of payload

// Ping asks for a PONG (BEAT-001).
type Ping struct {
	Echo  uint64 `json:"echo,string"`   // opaque to the receiver
	T1    int64  `json:"t1,string"`     // the sender's wall clock, ns since 1970-01-01T00:00:00Z
	ErrUS uint32 `json:"err_us,string"` // error bound of that clock, microseconds, or UnknownError
}

// FrameType gives PING.
func (m Ping) FrameType() Type { return TypePing }

// StreamID gives 0: PING is of link scope.
func (m Ping) StreamID() uint32 { return 0 }

// Size gives the bytes of the whole frame.
func (m Ping) Size() int { return frameSize(pingSize) }

// AppendFrame appends the whole frame.
func (m Ping) AppendFrame(b []byte) []byte {
	b, frame := room(b, pingSize)
	p := frame[HeaderSize:]
	bigEndian.PutUint64(p, m.Echo)
	bigEndian.PutUint64(p[8:], uint64(m.T1))
	bigEndian.PutUint32(p[16:], m.ErrUS)
	bigEndian.PutUint32(p[20:], 0) // reserved
	SealFrame(frame, Header{Type: TypePing})
	return b
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Ping) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParsePing reads the payload of a PING. Another size than 24 bytes is ENCODING (FRAME-010).
func ParsePing(f Frame) (Ping, error) {
	if err := checkSize(f, pingSize); err != nil {
		return Ping{}, err
	}
	p := f.Payload
	return Ping{
		Echo:  bigEndian.Uint64(p),
		T1:    int64(bigEndian.Uint64(p[8:])),
		ErrUS: bigEndian.Uint32(p[16:]),
	}, nil
}
