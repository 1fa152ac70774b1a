package codec

const seqSize = 8 // bytes of the sequence number before the pieces

// Records carries sequenced messages of a channel. It belongs to the capability delivery.
type Records struct {
	Stream uint32
	Flags  Flags  // FIN, MORE and POSSIBLE_DUP; the others are dropped
	Seq    uint64 // sequence number of the first record, 1 to MaxSeq; each further piece is the next record
	Pieces Pieces // at least one; its flags are those of Flags
}

// FrameType gives RECORDS.
func (m Records) FrameType() Type { return TypeRecords }

// StreamID gives the channel's stream.
func (m Records) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame.
func (m Records) Size() int { return frameSize(seqSize + len(m.Pieces.raw)) }

// AppendFrame appends the whole frame, with the flags of Flags. What does not go together is written as it is, and the
// receiver refuses it.
func (m Records) AppendFrame(b []byte) []byte {
	b, frame := room(b, seqSize+len(m.Pieces.raw))
	bigEndian.PutUint64(frame[HeaderSize:], m.Seq)
	copy(frame[HeaderSize+seqSize:], m.Pieces.raw)
	SealFrame(frame, Header{Type: TypeRecords, Flags: m.Flags & recordsFlags, Stream: m.Stream})
	return b
}

const recordsFlags = FlagFin | FlagMore | FlagPossibleDup

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Records) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseRecords reads a RECORDS. A payload without a whole sequence number, number 0, numbers above MaxSeq, and no piece at
// all are ENCODING (REC-001, DATA-002), as are the faults of pieces that DATA has. It allocates nothing, and the pieces alias the frame.
func ParseRecords(f Frame) (Records, error) {
	if len(f.Payload) < seqSize {
		return Records{}, linkFault(CodeEncoding, "REC-001", offLength, "RECORDS without a sequence number")
	}
	m := Records{Stream: f.Stream, Flags: f.Flags & recordsFlags, Seq: bigEndian.Uint64(f.Payload)}
	if m.Seq == 0 {
		return Records{}, linkFault(CodeEncoding, "REC-001", HeaderSize, "sequence numbers begin at 1")
	}
	var err error
	if m.Pieces, err = parsePieces(f.Payload[seqSize:], f.Flags, HeaderSize+seqSize); err != nil {
		return Records{}, err
	}
	switch n := uint64(m.Pieces.Count()); {
	case n == 0:
		return Records{}, linkFault(CodeEncoding, "DATA-002", offLength, "RECORDS without a piece")
	case m.Seq > MaxSeq-(n-1):
		return Records{}, linkFault(CodeEncoding, "REC-001", HeaderSize, "sequence numbers end at 2^63-2")
	}
	return m, nil
}
