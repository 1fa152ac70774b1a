package codec

import "slices"

const pieceHeader = 4 // bytes of length before each piece

// Pieces is what a DATA or RECORDS carries: messages, or pieces of one, each behind a 4-byte length. It aliases the frame
// that it was parsed from, and was checked by the parser, so that walking it cannot fail. It is small and passed by value;
// each copy walks on its own.
type Pieces struct {
	raw   []byte // all of them, with their lengths
	off   int    // where the next one begins
	count int
	flags Flags // FIN and MORE of the frame
}

// NewPieces makes Pieces from messages, copying them: for tools and tests. A writer in a hurry uses AppendPiece.
func NewPieces(flags Flags, pieces ...[]byte) Pieces {
	p := Pieces{count: len(pieces), flags: flags & (FlagFin | FlagMore)}
	size := 0
	for _, piece := range pieces {
		size += pieceHeader + len(piece)
	}
	p.raw = slices.Grow(p.raw, size) // nil stays nil where there are none
	for _, piece := range pieces {
		p.raw = AppendPiece(p.raw, piece)
	}
	return p
}

// AppendPiece appends one piece: its length in 4 bytes, and p. The caller sees to it that the payload of the frame does not
// grow over max_frame of the receiver.
func AppendPiece(b, p []byte) []byte {
	return append(bigEndian.AppendUint32(b, uint32(len(p))), p...)
}

// Next gives the next piece, in the order of sending; ok is false at the end. The piece aliases the frame.
func (p *Pieces) Next() (piece []byte, ok bool) {
	if len(p.raw)-p.off < pieceHeader {
		return nil, false
	}
	start := p.off + pieceHeader
	end := start + int(bigEndian.Uint32(p.raw[p.off:]))
	if end > len(p.raw) { // not after parsePieces; the frame was changed under us
		return nil, false
	}
	p.off = end
	return p.raw[start:end:end], true
}

// Raw gives the bytes of all pieces, each behind its length, as they stand in the frame. They alias it.
func (p Pieces) Raw() []byte { return p.raw }

// CopyTo appends the bytes of all pieces to b, and gives it with the same Pieces over the copy.
func (p Pieces) CopyTo(b []byte) ([]byte, Pieces) {
	at := len(b)
	b = append(b, p.raw...)
	p.raw = b[at:len(b):len(b)]
	return b, p
}

// Count gives the number of pieces, those included that Next has given.
func (p Pieces) Count() int { return p.count }

// Bytes gives the sum of the pieces' lengths, without the 4 bytes in front of each.
func (p Pieces) Bytes() int { return len(p.raw) - pieceHeader*p.count }

// Charge gives what the pieces cost: their bytes, and 64 for each (CRED-001). Only those of DATA are charged.
func (p Pieces) Charge() uint64 { return uint64(p.Bytes()) + MessageCharge*uint64(p.count) }

// Fin tells whether the sender sends nothing more on this stream.
func (p Pieces) Fin() bool { return p.flags&FlagFin != 0 }

// More tells whether the last piece goes on in the next frame of this stream (DATA-003).
func (p Pieces) More() bool { return p.flags&FlagMore != 0 }

// All lists the pieces; they alias the frame. For tools and tests: it allocates the list.
func (p Pieces) All() [][]byte {
	p.off = 0
	list := make([][]byte, 0, p.count)
	for piece, ok := p.Next(); ok; piece, ok = p.Next() {
		list = append(list, piece)
	}
	return list
}

// parsePieces checks raw, which stands at base in the frame, as the pieces of a frame with these flags. All faults are
// ENCODING: DATA-001, then DATA-004, and without pieces DATA-005 or DATA-002, and DATA-005 for a last piece that is empty.
func parsePieces(raw []byte, flags Flags, base int) (Pieces, error) {
	p := Pieces{raw: raw, flags: flags & (FlagFin | FlagMore)}
	last := 0
	for off := 0; off < len(raw); p.count++ {
		left := len(raw) - off - pieceHeader
		if left < 0 {
			return Pieces{}, linkFault(CodeEncoding, "DATA-001", base+off, "1 to 3 bytes are left over")
		}
		n := bigEndian.Uint32(raw[off:])
		if uint64(n) > uint64(left) {
			return Pieces{}, linkFault(CodeEncoding, "DATA-001", base+off, "piece is longer than what is left")
		}
		last = int(n)
		off += pieceHeader + last
	}
	switch {
	case p.Fin() && p.More():
		return Pieces{}, linkFault(CodeEncoding, "DATA-004", 1, "both FIN and MORE")
	case p.More() && p.count == 0:
		return Pieces{}, linkFault(CodeEncoding, "DATA-005", 1, "MORE without a piece")
	case p.More() && last == 0:
		return Pieces{}, linkFault(CodeEncoding, "DATA-005", base+len(raw)-pieceHeader, "MORE behind an empty piece")
	case p.count == 0 && !p.Fin():
		return Pieces{}, linkFault(CodeEncoding, "DATA-002", offLength, "neither FIN nor pieces")
	}
	return p, nil
}
