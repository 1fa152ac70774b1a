package codec

// Accept says that a stream is served.
type Accept struct {
	Stream uint32
	Params []byte // what the sub-protocol says; nil: the key is absent
}

// FrameType gives ACCEPT.
func (m Accept) FrameType() Type { return TypeAccept }

// StreamID gives the stream that is accepted.
func (m Accept) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame, if AppendFrame does not refuse it.
func (m Accept) Size() int {
	if m.Params == nil {
		return frameSize(1)
	}
	return frameSize(1 + len("?params") + binSize(len(m.Params)))
}

// AppendFrame appends the whole frame. Params that make the payload longer than 16,384 bytes are FRAME_SIZE (FRAME-018).
func (m Accept) AppendFrame(b []byte) ([]byte, error) {
	out, start := beginFrame(b)
	if m.Params == nil {
		out = AppendMapHeader(out, 0)
	} else {
		out = AppendBin(AppendStr(AppendMapHeader(out, 1), "params"), m.Params)
	}
	if err := checkControl(out[start:]); err != nil {
		return b, err
	}
	return endFrame(out, start, Header{Type: TypeAccept, Stream: m.Stream}), nil
}

// AppendBinary is AppendFrame as Message asks for it.
func (m Accept) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b) }

// ParseAccept reads an ACCEPT. A payload that is not one map in the strict profile, or has params of another type, is ENCODING
// (FRAME-016; the MP rule where the profile is broken). Unknown keys are ignored (FRAME-017).
//
// Nothing in the result aliases the frame. Without params it allocates nothing.
func ParseAccept(f Frame) (Accept, error) {
	v, err := parseMap(f.Payload, HeaderSize, "FRAME-016")
	if err != nil {
		return Accept{}, err
	}
	if err := checkKeys(v, keysAccept, HeaderSize, "FRAME-016"); err != nil {
		return Accept{}, err
	}
	m := Accept{Stream: f.Stream}
	if params, ok := v.Lookup("params"); ok {
		m.Params = paramsOf(params)
	}
	return m, nil
}
