package codec

// Ready states what its sender computed from the two openings. Both sides must have computed the same (READY-005 to READY-008).
type Ready struct {
	Version uint16            // the wire version
	Caps    Caps              // the merged capabilities
	Protos  map[string]uint16 // sub-protocol -> the version both will speak
	TH      [32]byte          // hash of both openings: see TranscriptHash
	CB      []byte            // channel binding, 32 bytes, where tls.bind was selected (READY-014); else nil

	// The bytes of caps and protos as they arrived, for READY-007 and READY-008, which compare bytes. ParseReady sets them;
	// AppendFrame does not look at them.
	CapsRaw, ProtosRaw []byte
}

// NewReady states an agreement. It keeps a's maps and cb.
func NewReady(a Agreement, th [32]byte, cb []byte) *Ready {
	return &Ready{Version: a.Version, Caps: a.Caps, Protos: a.Protos, TH: th, CB: cb}
}

// FrameType gives READY.
func (m *Ready) FrameType() Type { return TypeReady }

// StreamID gives 0: READY is of link scope.
func (m *Ready) StreamID() uint32 { return 0 }

// Size gives the bytes of the whole frame; 0 if it cannot be encoded. It encodes to find out: READY is sent once.
func (m *Ready) Size() int {
	b, err := m.AppendFrame(nil)
	if err != nil {
		return 0
	}
	return len(b)
}

// AppendFrame appends the whole frame. Values outside the profile, a CB that is not 32 bytes, and more than 16,384
// bytes of payload are errors.
func (m *Ready) AppendFrame(b []byte) ([]byte, error) {
	if m.CB != nil && len(m.CB) != 32 {
		return b, linkFault(CodeEncoding, "READY-009", HeaderSize, "cb is not 32 bytes")
	}
	out, start := beginFrame(b)
	out = AppendMapHeader(out, 4+count(m.CB != nil))
	out = AppendStr(out, "caps")
	out, err := AppendCaps(out, m.Caps)
	if err != nil {
		return b, shifted(err, len(out)-start)
	}
	if m.CB != nil {
		out = AppendBin(AppendStr(out, "cb"), m.CB)
	}
	out = AppendStr(out, "protos")
	if out, err = AppendProtos(out, m.Protos); err != nil {
		return b, shifted(err, len(out)-start)
	}
	out = AppendBin(AppendStr(out, "th"), m.TH[:])
	out = AppendUint(AppendStr(out, "ver"), uint64(m.Version))
	if err := checkControl(out[start:]); err != nil {
		return b, err
	}
	if err := ValidateMsgpack(out[start+HeaderSize:]); err != nil { // the whole may be too deep where the parts were not
		return b, shifted(err, HeaderSize)
	}
	return endFrame(out, start, Header{Type: TypeReady}), nil
}

// AppendBinary is AppendFrame as Message asks for it.
func (m *Ready) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b) }

// ParseReady reads a READY. A payload that is not one map in the strict profile, lacks a required key, or has a value of another
// type or size is ENCODING (READY-009; the MP rule where the profile is broken). Unknown keys are ignored (READY-010).
//
// What caps and protos hold is not judged: they are right if their bytes are those that the receiver computed, and
// otherwise MISMATCH. In Protos, entries whose value is no version are left out. Nothing in the result aliases the frame.
func ParseReady(f Frame) (*Ready, error) {
	v, err := parseMap(f.Payload, HeaderSize, "READY-009")
	if err != nil {
		return nil, err
	}
	if err := checkKeys(v, keysReady, HeaderSize, "READY-009"); err != nil {
		return nil, err
	}
	m := &Ready{}
	for it := v.Iter(); it.Next(); {
		switch value := it.Value(); string(it.Key()) {
		case "caps":
			m.CapsRaw = append(m.CapsRaw, value.Raw()...)
			if m.Caps, err = capsOf(value); err != nil {
				return nil, shifted(err, HeaderSize+value.Offset())
			}
		case "cb":
			m.CB = paramsOf(value)
		case "protos":
			m.ProtosRaw = append(m.ProtosRaw, value.Raw()...)
			m.Protos = make(map[string]uint16, value.Len())
			for entry := value.Iter(); entry.Next(); {
				if fitsUint(entry.Value(), "u16") {
					m.Protos[string(entry.Key())] = uint16Of(entry.Value())
				}
			}
		case "th":
			data, _ := value.Bin()
			copy(m.TH[:], data)
		case "ver":
			m.Version = uint16Of(value)
		}
	}
	return m, nil
}

// count gives 1 for true: how many entries a map has for a key that may be absent.
func count(present bool) int {
	if present {
		return 1
	}
	return 0
}
