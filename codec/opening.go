package codec

// Offsets in an opening's header.
const (
	offInvariants = 8
	offVersions   = 10
	offKind       = 14
	offBodyLength = 16
	offBodySum    = 20
)

// OpeningHeader is the first 24 bytes of an opening, without magic and invariants, which have one value each.
type OpeningHeader struct {
	Flags    uint8  // ignored (HELLO-005)
	VerMin   uint16 // the smallest version in vers that is not grease
	VerMax   uint16 // the greatest one
	Kind     Kind
	Length   uint32 // bytes of body
	Checksum uint32 // CRC-32C of bytes 0-19 and the body
}

// Opening is one whole opening. Exactly one of Hello and Refuse is set, as Header.Kind says.
type Opening struct {
	Header OpeningHeader
	Hello  *Hello
	Refuse *Refuse
}

// AppendRawOpening appends an opening with any body, lawful or not, with the right length and checksum: for suites and
// fuzzers. Others use Hello and Refuse.
func AppendRawOpening(b []byte, flags uint8, verMin, verMax uint16, kind Kind, body []byte) []byte {
	start := len(b)
	b = append(b, Magic[:]...)
	b = append(b, Invariants, flags)
	b = bigEndian.AppendUint16(b, verMin)
	b = bigEndian.AppendUint16(b, verMax)
	b = bigEndian.AppendUint16(b, uint16(kind))
	b = bigEndian.AppendUint32(b, uint32(len(body)))
	b = bigEndian.AppendUint32(b, checksum2(b[start:], body))
	return append(b, body...)
}

// ParseOpeningHeader reads the header of the opening at the beginning of b, in the order of chapter 14 of SPEC.md: magic
// (HELLO-003), invariants (HELLO-004) and kind (HELLO-006), all FOREIGN, as soon as their bytes are there, were it the first
// alone; then the length: FRAME_SIZE over 16,384 (HELLO-007), and over 1,024 for a REFUSE (HELLO-020). The error is
// ErrShort while bytes are missing.
//
// Nothing is answered to what is FOREIGN: no byte goes to a stranger.
func ParseOpeningHeader(b []byte) (OpeningHeader, error) {
	for i := range min(len(b), len(Magic)) {
		if b[i] != Magic[i] {
			return OpeningHeader{}, linkFault(CodeForeign, "HELLO-003", i, "the first bytes are not the magic")
		}
	}
	if len(b) > offInvariants && b[offInvariants] != Invariants {
		return OpeningHeader{}, linkFault(CodeForeign, "HELLO-004", offInvariants, "invariants is not 1")
	}
	if len(b) < offKind+2 {
		return OpeningHeader{}, ErrShort
	}
	h := OpeningHeader{
		Flags:  b[offInvariants+1],
		VerMin: bigEndian.Uint16(b[offVersions:]),
		VerMax: bigEndian.Uint16(b[offVersions+2:]),
		Kind:   Kind(bigEndian.Uint16(b[offKind:])),
	}
	if h.Kind != KindHello && h.Kind != KindRefuse {
		return OpeningHeader{}, linkFault(CodeForeign, "HELLO-006", offKind, "kind is neither HELLO nor REFUSE")
	}
	if len(b) < offBodyLength+4 {
		return OpeningHeader{}, ErrShort
	}
	h.Length = bigEndian.Uint32(b[offBodyLength:])
	if h.Length > MaxOpeningBody {
		return h, linkFault(CodeFrameSize, "HELLO-007", offBodyLength, "opening over 16384 bytes")
	}
	if h.Kind == KindRefuse && h.Length > MaxRefuseBody {
		return h, linkFault(CodeFrameSize, "HELLO-020", offBodyLength, "REFUSE over 1024 bytes")
	}
	if len(b) < OpeningSize {
		return OpeningHeader{}, ErrShort
	}
	h.Checksum = bigEndian.Uint32(b[offBodySum:])
	return h, nil
}

// ParseOpening reads the opening at the beginning of b. n is the bytes that it takes. Its checks are steps 1 to 6 of
// chapter 14 of SPEC.md, in that order; who the peer is, the common version and what is needed (steps 7 to 9) are for the caller and
// Agree. The error is ErrShort while bytes are missing, but a fault is reported as soon as its bytes are there. Offsets count from
// b[0]. What the result allocates is bounded by what arrived; it does not alias b.
//
// A HELLO and a REFUSE are both read: that an acceptor does not take a REFUSE (HELLO-006) is for the link to say. With a fault
// behind the kind, o.Header is set all the same: a faulty REFUSE is answered otherwise than a faulty HELLO (HELLO-006, HELLO-022).
func ParseOpening(b []byte) (o Opening, n int, err error) {
	h, err := ParseOpeningHeader(b)
	if err != nil {
		return Opening{Header: h}, 0, err
	}
	n = OpeningSize + int(h.Length)
	if len(b) < n {
		return Opening{}, 0, ErrShort
	}
	body := b[OpeningSize:n]
	if checksum2(b[:offBodySum], body) != h.Checksum {
		return Opening{Header: h}, 0, linkFault(CodeHeaderCRC, "HELLO-008", offBodySum, "checksum of the opening is wrong")
	}
	o.Header = h
	if h.Kind == KindRefuse {
		o.Refuse, err = parseRefuse(body)
	} else {
		o.Hello, err = parseHello(h, body)
	}
	if err != nil {
		return Opening{Header: h}, 0, err
	}
	return o, n, nil
}

// versionRange gives the smallest and the greatest version that is not grease; ok is false where there is none.
func versionRange(vers []uint16) (least, greatest uint16, ok bool) {
	for _, v := range vers {
		if IsGreaseVersion(v) {
			continue
		}
		if !ok {
			least, greatest, ok = v, v, true
		}
		least, greatest = min(least, v), max(greatest, v)
	}
	return least, greatest, ok
}

// appendChecked appends an opening that must be one that this package's own parser takes: an encoder that can say what no
// decoder accepts is a bug that is found at the customer's. Openings are rare, so that reading them once more costs nothing.
func appendChecked(b []byte, vers []uint16, kind Kind, body []byte) ([]byte, error) {
	least, greatest, _ := versionRange(vers)
	out := AppendRawOpening(b, 0, least, greatest, kind, body)
	if _, _, err := ParseOpening(out[len(b):]); err != nil {
		return b, err
	}
	return out, nil
}
