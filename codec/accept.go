package codec

// Accept says that a stream is served.
type Accept struct {
	Stream uint32
	Params []byte // what the sub-protocol says; nil: the key is absent

	Channel *Position // capability delivery; nil: the key is absent
}

// FrameType gives ACCEPT.
func (m Accept) FrameType() Type { return TypeAccept }

// StreamID gives the stream that is accepted.
func (m Accept) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame, if AppendFrame does not refuse it.
func (m Accept) Size() int {
	n := 1
	if m.Channel != nil {
		n += len("?channel") + m.Channel.size()
	}
	if m.Params != nil {
		n += len("?params") + binSize(len(m.Params))
	}
	return frameSize(n)
}

// AppendFrame appends the whole frame. Params that make the payload longer than 16,384 bytes are FRAME_SIZE (FRAME-018), and a channel
// that ParseAccept would refuse is ENCODING.
func (m Accept) AppendFrame(b []byte) ([]byte, error) {
	keys := 0
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
// A channel of another form is ENCODING too (CHAN-004): where delivery was not selected, use ParsePlainAccept.
//
// Nothing in the result aliases the frame. Without channel and params it allocates nothing.
func ParseAccept(f Frame) (Accept, error) { return parseAccept(f, keysAccept) }

// ParsePlainAccept is ParseAccept on a link that has not selected delivery: channel is a key that nobody knows (CHAN-001).
func ParsePlainAccept(f Frame) (Accept, error) { return parseAccept(f, plainAccept) }

func parseAccept(f Frame, keys []KeyInfo) (Accept, error) {
	v, err := parseMap(f.Payload, HeaderSize, "FRAME-016")
	if err != nil {
		return Accept{}, err
	}
	if err := checkKeys(v, keys, HeaderSize, "FRAME-016"); err != nil {
		return Accept{}, err
	}
	m := Accept{Stream: f.Stream}
	if params, ok := v.Lookup("params"); ok {
		m.Params = paramsOf(params)
	}
	if channel, ok := v.Lookup("channel"); ok && len(keys) == len(keysAccept) {
		if m.Channel, err = parsePosition(channel, HeaderSize); err != nil {
			return Accept{}, err
		}
	}
	return m, nil
}
