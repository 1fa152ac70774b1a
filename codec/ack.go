package codec

const (
	ackSize   = 16 // bytes of payload without ranges
	rangeSize = 16 // bytes of one range
)

// Range is the records First to Last, both included.
type Range struct {
	First uint64 `json:"first,string"`
	Last  uint64 `json:"last,string"`
}

// Ack says what is durably applied. Only Stable frees the sender. It belongs to the capability delivery.
type Ack struct {
	Stream  uint32  `json:"stream,string"`
	Stable  uint64  `json:"stable,string"`   // every record up to this one is durably applied; 0: none
	DelayUS uint32  `json:"delay_us,string"` // time since the newest of them became stable, microseconds
	Ranges  []Range `json:"ranges"`          // durable above Stable: at most 64, ascending, with a gap between them
}

// FrameType gives ACK.
func (m Ack) FrameType() Type { return TypeAck }

// StreamID gives the channel's stream.
func (m Ack) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame.
func (m Ack) Size() int { return frameSize(ackSize + rangeSize*len(m.Ranges)) }

// AppendFrame appends the whole frame. Ranges that ParseAck would refuse are ENCODING.
func (m Ack) AppendFrame(b []byte) ([]byte, error) {
	if len(m.Ranges) > MaxRanges {
		return b, linkFault(CodeEncoding, "ACK-001", HeaderSize+12, "more than 64 ranges")
	}
	out, frame := room(b, ackSize+rangeSize*len(m.Ranges))
	p := frame[HeaderSize:]
	bigEndian.PutUint64(p, m.Stable)
	bigEndian.PutUint32(p[8:], m.DelayUS)
	bigEndian.PutUint16(p[12:], uint16(len(m.Ranges)))
	bigEndian.PutUint16(p[14:], 0) // reserved
	if m.Stable > MaxSeq {
		return b, linkFault(CodeEncoding, "ACK-001", HeaderSize, "stable above 2^63-2")
	}
	below := m.Stable
	for i, r := range m.Ranges {
		if err := checkRange(below, r, i); err != nil {
			return b, err
		}
		below = r.Last
		bigEndian.PutUint64(p[ackSize+rangeSize*i:], r.First)
		bigEndian.PutUint64(p[ackSize+rangeSize*i+8:], r.Last)
	}
	SealFrame(frame, Header{Type: TypeAck, Stream: m.Stream})
	return out, nil
}

// AppendBinary is AppendFrame as Message asks for it.
func (m Ack) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b) }

// Parse reads an ACK into m and reuses the array of m.Ranges, so that a receiver that keeps one Ack allocates nothing.
// A payload of another size than its count says, more than 64 ranges, numbers above MaxSeq, and ranges that do not ascend with a
// gap between them are ENCODING (ACK-001); then m is undefined.
func (m *Ack) Parse(f Frame) error {
	p := f.Payload
	if len(p) < ackSize {
		return linkFault(CodeEncoding, "FRAME-010", offLength, "ACK under 16 bytes")
	}
	count := int(bigEndian.Uint16(p[12:]))
	if count > MaxRanges {
		return linkFault(CodeEncoding, "ACK-001", HeaderSize+12, "more than 64 ranges")
	}
	if len(p) != ackSize+rangeSize*count {
		return linkFault(CodeEncoding, "FRAME-010", offLength, "ACK of another size than its count says")
	}
	m.Stream = f.Stream
	m.Stable = bigEndian.Uint64(p)
	m.DelayUS = bigEndian.Uint32(p[8:])
	m.Ranges = m.Ranges[:0]
	if m.Stable > MaxSeq {
		return linkFault(CodeEncoding, "ACK-001", HeaderSize, "stable above 2^63-2")
	}
	below := m.Stable
	for i := range count {
		at := p[ackSize+rangeSize*i:]
		r := Range{First: bigEndian.Uint64(at), Last: bigEndian.Uint64(at[8:])}
		if err := checkRange(below, r, i); err != nil {
			return err
		}
		below = r.Last
		m.Ranges = append(m.Ranges, r)
	}
	return nil
}

// ParseAck is Parse into a new Ack. Ranges is nil where there are none.
func ParseAck(f Frame) (Ack, error) {
	var m Ack
	if err := m.Parse(f); err != nil {
		return Ack{}, err
	}
	return m, nil
}

// checkRange judges range i, which follows on records that end at below: the stable ones before the first range. A range that
// touches the one before it would have been part of it, so that one state has one form.
func checkRange(below uint64, r Range, i int) error {
	if !followsOn(below, r, i) {
		return linkFault(CodeEncoding, "ACK-001", HeaderSize+ackSize+rangeSize*i, "ranges are not above stable, ascending, with a gap between them")
	}
	return nil
}

func followsOn(below uint64, r Range, i int) bool {
	return r.First > below && r.Last >= r.First && r.Last <= MaxSeq && (i == 0 || r.First-below >= 2)
}
