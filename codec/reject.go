package codec

// Reject says that a stream is not served, and that nothing of it was processed (STRM-006).
type Reject struct {
	Stream  uint32 `json:"stream,string"`
	Code    Code   `json:"code"`
	RetryMS uint32 `json:"retry_ms,string"` // ms to wait before trying again, or RetryNever
	Text    string `json:"text"`            // for people: never acted on, shown only escaped (CLOSE-005)
}

// FrameType gives REJECT.
func (m Reject) FrameType() Type { return TypeReject }

// StreamID gives the stream that is rejected.
func (m Reject) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame.
func (m Reject) Size() int { return endingSize(m.Text) }

// AppendFrame appends the whole frame. Text is cut to 256 bytes between characters, and U+FFFD takes the place of what is
// not UTF-8 (CLOSE-004).
func (m Reject) AppendFrame(b []byte) []byte {
	return appendEnding(b, Header{Type: TypeReject, Stream: m.Stream}, m.Code, m.RetryMS, m.Text)
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Reject) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseReject reads a REJECT. Under 8 and over 264 bytes are ENCODING (FRAME-010). U+FFFD takes the place of what is not UTF-8 in
// the text.
func ParseReject(f Frame) (Reject, error) {
	code, retryMS, text, err := parseEnding(f)
	if err != nil {
		return Reject{}, err
	}
	return Reject{Stream: f.Stream, Code: code, RetryMS: retryMS, Text: text}, nil
}
