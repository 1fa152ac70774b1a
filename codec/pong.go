package codec

const pongSize = 48 // bytes of payload

// ClockStepped is the bit of Pong.Clock that says: the answering clock was stepped since the last PONG. A sample with it
// is dropped (BEAT-016).
const ClockStepped = 1

// Pong answers a PING.
type Pong struct {
	Echo   uint64 `json:"echo,string"`    // from the PING (BEAT-001)
	T1     int64  `json:"t1,string"`      // from the PING (BEAT-001)
	T2     int64  `json:"t2,string"`      // wall clock when the PING was read, ns since 1970-01-01T00:00:00Z
	T3     int64  `json:"t3,string"`      // wall clock when the PONG was made, ns; may lie before T2 if the clock was stepped
	HoldUS uint32 `json:"hold_us,string"` // monotonic time from T2 to T3, microseconds
	ErrUS  uint32 `json:"err_us,string"`  // error bound of the answering clock, microseconds, or UnknownError
	Clock  uint32 `json:"clock,string"`   // ClockStepped; other bits are sent 0, and dropped by the parser
}

// FrameType gives PONG.
func (m Pong) FrameType() Type { return TypePong }

// StreamID gives 0: PONG is of link scope.
func (m Pong) StreamID() uint32 { return 0 }

// Size gives the bytes of the whole frame.
func (m Pong) Size() int { return frameSize(pongSize) }

// AppendFrame appends the whole frame.
func (m Pong) AppendFrame(b []byte) []byte {
	b, frame := room(b, pongSize)
	p := frame[HeaderSize:]
	bigEndian.PutUint64(p, m.Echo)
	bigEndian.PutUint64(p[8:], uint64(m.T1))
	bigEndian.PutUint64(p[16:], uint64(m.T2))
	bigEndian.PutUint64(p[24:], uint64(m.T3))
	bigEndian.PutUint32(p[32:], m.HoldUS)
	bigEndian.PutUint32(p[36:], m.ErrUS)
	bigEndian.PutUint32(p[40:], m.Clock&ClockStepped)
	bigEndian.PutUint32(p[44:], 0) // reserved
	SealFrame(frame, Header{Type: TypePong})
	return b
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Pong) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParsePong reads the payload of a PONG. Another size than 48 bytes is ENCODING (FRAME-010).
func ParsePong(f Frame) (Pong, error) {
	if err := checkSize(f, pongSize); err != nil {
		return Pong{}, err
	}
	p := f.Payload
	return Pong{
		Echo:   bigEndian.Uint64(p),
		T1:     int64(bigEndian.Uint64(p[8:])),
		T2:     int64(bigEndian.Uint64(p[16:])),
		T3:     int64(bigEndian.Uint64(p[24:])),
		HoldUS: bigEndian.Uint32(p[32:]),
		ErrUS:  bigEndian.Uint32(p[36:]),
		Clock:  bigEndian.Uint32(p[40:]) & ClockStepped,
	}, nil
}
