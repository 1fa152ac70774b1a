package codec

// Open opens a stream for a sub-protocol.
type Open struct {
	Stream uint32
	Proto  string // name of the sub-protocol, at most 64 bytes
	Ver    uint16 // its version, as READY states it
	Params []byte // what the sub-protocol says; nil: the key is absent

	Channel *Channel // capability delivery; nil: the key is absent
}

// FrameType gives OPEN.
func (m Open) FrameType() Type { return TypeOpen }

// StreamID gives the stream that is opened.
func (m Open) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame, if AppendFrame does not refuse it.
func (m Open) Size() int {
	n := 1 + len("?proto") + strSize(len(m.Proto)) + len("?ver") + uint16Size(m.Ver)
	if m.Params != nil {
		n += len("?params") + binSize(len(m.Params))
	}
	if m.Channel != nil {
		n += len("?channel") + m.Channel.size()
	}
	return frameSize(n)
}

// AppendFrame appends the whole frame. It refuses with ENCODING or FRAME_SIZE what ParseFrame and ParseOpen would refuse.
func (m Open) AppendFrame(b []byte) ([]byte, error) {
	if f := checkString(m.Proto); f.req != "" {
		return b, f.at(HeaderSize)
	}
	if len(m.Proto) > MsgpackMaxKey {
		return b, linkFault(CodeEncoding, "FRAME-016", HeaderSize, "proto over 64 bytes")
	}
	keys := 2
	if m.Channel != nil {
		if err := m.Channel.Check(); err != nil {
			return b, err
		}
		keys++
	}
	if m.Params != nil {
		keys++
	}
	out, start := beginFrame(b)
	out = AppendMapHeader(out, keys)
	if m.Channel != nil {
		out = m.Channel.append(AppendStr(out, "channel"))
	}
	if m.Params != nil {
		out = AppendBin(AppendStr(out, "params"), m.Params)
	}
	out = AppendStr(AppendStr(out, "proto"), m.Proto)
	out = AppendUint(AppendStr(out, "ver"), uint64(m.Ver))
	if err := checkControl(out[start:]); err != nil {
		return b, err
	}
	return endFrame(out, start, Header{Type: TypeOpen, Stream: m.Stream}), nil
}

// AppendBinary is AppendFrame as Message asks for it.
func (m Open) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b) }

// ParseOpen reads an OPEN. A payload that is not one map in the strict profile, lacks a required key, or has a value of another
// type or size is ENCODING (FRAME-016; the MP rule where the profile is broken). Unknown keys are ignored (FRAME-017).
//
// A channel of another form is ENCODING too (CHAN-004): where delivery was not selected, use ParsePlainOpen.
//
// Nothing in the result aliases the frame. For a sub-protocol of this specification without channel and params it allocates nothing.
func ParseOpen(f Frame) (Open, error) { return parseOpen(f, keysOpen) }

// ParsePlainOpen is ParseOpen on a link that has not selected delivery: channel is a key that nobody knows (CHAN-001).
func ParsePlainOpen(f Frame) (Open, error) { return parseOpen(f, plainOpen) }

// plainOpen and plainAccept are the keys without channel, which stands first in both.
var plainOpen, plainAccept = keysOpen[1:], keysAccept[1:]

func parseOpen(f Frame, keys []KeyInfo) (Open, error) {
	v, err := parseMap(f.Payload, HeaderSize, "FRAME-016")
	if err != nil {
		return Open{}, err
	}
	if err := checkKeys(v, keys, HeaderSize, "FRAME-016"); err != nil {
		return Open{}, err
	}
	m := Open{Stream: f.Stream}
	for it := v.Iter(); it.Next(); {
		switch string(it.Key()) {
		case "channel":
			if len(keys) < len(keysOpen) {
				continue
			}
			if m.Channel, err = parseChannel(it.Value(), HeaderSize); err != nil {
				return Open{}, err
			}
		case "params":
			m.Params = paramsOf(it.Value())
		case "proto":
			text, _ := it.Value().Str()
			m.Proto = internProto(text)
		case "ver":
			m.Ver = uint16Of(it.Value())
		}
	}
	return m, nil
}

// paramsOf copies a bin. It is never nil: nil means that there was no key.
func paramsOf(v Value) []byte {
	data, _ := v.Bin()
	return append(make([]byte, 0, len(data)), data...)
}

// internProto gives the name as a string without allocating, where it is one that this specification knows.
func internProto(name []byte) string {
	for i := range protoTable {
		if protoTable[i].Name == string(name) {
			return protoTable[i].Name
		}
	}
	return string(name)
}

// checkControl holds a frame that is not closed yet to what a receiver takes of READY, OPEN and ACCEPT (FRAME-018).
func checkControl(frame []byte) error {
	if len(frame)-HeaderSize > MaxControl {
		return linkFault(CodeFrameSize, "FRAME-018", offLength, "payload over 16384 bytes")
	}
	return nil
}

// strSize, binSize and uint16Size give the bytes that AppendStr, AppendBin and AppendUint append, for what OPEN and ACCEPT may
// hold: a name of up to 64 bytes, params of less than 16,384, a version.
func strSize(n int) int {
	if n < 32 {
		return 1 + n
	}
	return 2 + n
}

func binSize(n int) int {
	if n < 1<<8 {
		return 2 + n
	}
	return 3 + n
}

func uint16Size(n uint16) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<8:
		return 2
	default:
		return 3
	}
}
