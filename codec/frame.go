package codec

import "hash/crc32"

// Offsets in a frame's header.
const (
	offLength       = 4
	offStream       = 8
	offHeaderSum    = 12
	headerSumLength = 12 // bytes that the header's checksum covers
)

// Header is what stands in front of each payload, apart from its checksum.
type Header struct {
	Type     Type
	Flags    Flags  // bits that Type does not define are sent 0 and ignored (FRAME-008, FRAME-013)
	Reserved uint16 // sent 0, ignored
	Length   uint32 // bytes of payload, without the trailer
	Stream   uint32 // stream id, 0 for the link
}

// Frame is one whole frame. Payload aliases the input of the parser: it is good for as long as nobody writes there.
type Frame struct {
	Header
	Payload []byte // len(Payload) is Length
}

// Size gives the bytes of the whole frame: header, payload and, where there is a payload, trailer.
func (h Header) Size() int {
	if h.Length == 0 {
		return HeaderSize
	}
	return HeaderSize + int(h.Length) + TrailerSize
}

// frameSize gives the bytes of a frame with a payload of n bytes.
func frameSize(n int) int { return Header{Length: uint32(n)}.Size() }

// AppendHeader appends the 16 bytes of a header, its checksum included.
func AppendHeader(b []byte, h Header) []byte {
	b, start := beginFrame(b)
	putHeader(b[start:], h)
	return b
}

// putHeader writes a header into b[:16] and returns the checksum in it.
func putHeader(b []byte, h Header) uint32 {
	_ = b[HeaderSize-1]
	b[0] = byte(h.Type)
	b[1] = byte(h.Flags)
	bigEndian.PutUint16(b[2:], h.Reserved)
	bigEndian.PutUint32(b[offLength:], h.Length)
	bigEndian.PutUint32(b[offStream:], h.Stream)
	sum := Checksum(b[:headerSumLength])
	bigEndian.PutUint32(b[offHeaderSum:], sum)
	return sum
}

// ParseHeader reads the first 16 bytes of b and checks their checksum (FRAME-001), and nothing else: what it returns may be
// of an invalid type or too long, which CheckHeader finds. The error is ErrShort while bytes are missing.
func ParseHeader(b []byte) (h Header, err error) {
	_, err = readHeader(b, &h)
	return h, err
}

// readHeader is ParseHeader into h. It also returns the checksum, from which that of the payload goes on.
//
// It and readPayload fill in what their callers return, because a Header that is made field by field and copied as a whole at once
// costs more than the checksum: the processor cannot forward narrow stores to a wide load.
func readHeader(b []byte, h *Header) (sum uint32, err error) {
	if len(b) < HeaderSize {
		return 0, ErrShort
	}
	sum = Checksum(b[:headerSumLength])
	if bigEndian.Uint32(b[offHeaderSum:]) != sum {
		return 0, linkFault(CodeHeaderCRC, "FRAME-001", offHeaderSum, "checksum of the header is wrong")
	}
	h.Type = Type(b[0])
	h.Flags = Flags(b[1])
	h.Reserved = bigEndian.Uint16(b[2:])
	h.Length = bigEndian.Uint32(b[offLength:])
	h.Stream = bigEndian.Uint32(b[offStream:])
	return sum, nil
}

// CheckHeader checks what can be said before the payload is there: type 00 or FF (FRAME-004), then the length, of a
// READY, OPEN or ACCEPT (FRAME-018) and of any frame (FRAME-003). maxFrame is the receiver's own max_frame, or 16,384
// before it has received READY. Nothing may be allocated for a payload before this.
func CheckHeader(h Header, maxFrame uint32) error { return h.check(maxFrame) }

func (h *Header) check(maxFrame uint32) error {
	switch h.Type {
	case 0x00, 0xFF:
		return linkFault(CodeProtocol, "FRAME-004", 0, "type 00 and FF are invalid")
	case TypeReady, TypeOpen, TypeAccept:
		if h.Length > MaxControl {
			return linkFault(CodeFrameSize, "FRAME-018", offLength, "READY, OPEN or ACCEPT over 16384 bytes")
		}
	}
	if h.Length > maxFrame {
		return linkFault(CodeFrameSize, "FRAME-003", offLength, "length over max_frame")
	}
	return nil
}

// CheckStream checks that a frame of link scope is on stream 0 and one of stream scope on another (FRAME-009). A type that
// this package does not know passes, whatever its stream is (FRAME-005).
func CheckStream(h Header) error {
	switch h.Type {
	case TypeReady, TypePing, TypePong, TypeStreams, TypeDrain, TypeClose:
		if h.Stream != 0 {
			return linkFault(CodeProtocol, "FRAME-009", offStream, "frame of link scope on a stream")
		}
	case TypeOpen, TypeAccept, TypeReject, TypeData, TypeReset, TypeRecords, TypeAck, TypeGap:
		if h.Stream == 0 {
			return linkFault(CodeProtocol, "FRAME-009", offStream, "frame of stream scope on stream 0")
		}
	}
	return nil
}

// AppendFrame appends a whole frame: h with the length of payload and both checksums. It takes any header and payload,
// lawful or not.
func AppendFrame(b []byte, h Header, payload []byte) []byte {
	h.Length = uint32(len(payload))
	b, start := beginFrame(b) // in place: an array of our own would escape into package crc32
	sum := putHeader(b[start:], h)
	if len(payload) == 0 {
		return b
	}
	b = append(b, payload...)
	return bigEndian.AppendUint32(b, trailer(sum, payload))
}

// trailer gives the checksum of header bytes 0-11 and the payload. It goes on where the header's checksum ended, so that
// nothing is read twice.
func trailer(headerSum uint32, payload []byte) uint32 {
	return crc32.Update(headerSum, castagnoli, payload)
}

// SealFrame makes a frame in place, for writers that gather a payload in their own buffer: b is 16 bytes of room, the
// payload, and 4 bytes of room; or, for a frame without payload, 16 bytes of room alone. h.Length is ignored. A b of another
// length than these is a fault of the caller, and panics.
func SealFrame(b []byte, h Header) {
	h.Length = 0
	if len(b) != HeaderSize {
		if len(b) <= HeaderSize+TrailerSize {
			panic("codec: SealFrame: no room for header, payload and trailer")
		}
		h.Length = uint32(len(b) - HeaderSize - TrailerSize)
	}
	sum := putHeader(b, h)
	if h.Length > 0 {
		end := len(b) - TrailerSize
		bigEndian.PutUint32(b[end:], trailer(sum, b[HeaderSize:end]))
	}
}

// ParseFrame reads the frame at the beginning of b, in the order of chapter 14 of SPEC.md, steps 1 to 4: checksum of the
// header, type 00 and FF, length, checksum of the payload. n is the bytes that the frame takes. The error is ErrShort while
// bytes are missing, but a fault is reported as soon as its bytes are there. Offsets count from b[0].
//
// It allocates nothing on success. The frame's payload aliases b.
func ParseFrame(b []byte, maxFrame uint32) (f Frame, n int, err error) {
	sum, err := readHeader(b, &f.Header)
	if err != nil {
		return Frame{}, 0, err
	}
	if err := f.check(maxFrame); err != nil {
		return Frame{}, 0, err
	}
	f.Payload, n, err = readPayload(b, f.Length, sum)
	if err != nil {
		return Frame{}, 0, err
	}
	return f, n, nil
}

// readPayload is the rest of ParseFrame: the payload of the frame at the beginning of b, whose header was checked, and the
// bytes of the frame.
func readPayload(b []byte, length, headerSum uint32) (payload []byte, n int, err error) {
	if length == 0 {
		return nil, HeaderSize, nil // readHeader has seen that they are there
	}
	end := HeaderSize + int(length)
	if len(b) < end+TrailerSize {
		return nil, 0, ErrShort
	}
	payload = b[HeaderSize:end:end] // an append must not write into the trailer
	if bigEndian.Uint32(b[end:]) != trailer(headerSum, payload) {
		return nil, 0, linkFault(CodePayloadCRC, "FRAME-002", end, "checksum of the payload is wrong")
	}
	return payload, end + TrailerSize, nil
}

// linkFault makes an error that ends the link.
func linkFault(code Code, req string, off int, detail string) *Error {
	return &Error{Code: code, Scope: ScopeLink, Req: req, Offset: off, Detail: detail}
}
