package codec

// Reset ends both directions of a stream at once.
type Reset struct {
	Stream  uint32 `json:"stream,string"`
	Code    Code   `json:"code"`
	RetryMS uint32 `json:"retry_ms,string"` // ms to wait before trying again, or RetryNever
	Text    string `json:"text"`            // for people: never acted on, shown only escaped (CLOSE-005)
}

// FrameType gives RESET.
func (m Reset) FrameType() Type { return TypeReset }

// StreamID gives the stream that is ended.
func (m Reset) StreamID() uint32 { return m.Stream }

// Size gives the bytes of the whole frame.
func (m Reset) Size() int { return endingSize(m.Text) }

// AppendFrame appends the whole frame. Text is cut to 256 bytes between characters, and U+FFFD takes the place of what is
// not UTF-8 (CLOSE-004).
func (m Reset) AppendFrame(b []byte) []byte {
	return appendEnding(b, Header{Type: TypeReset, Stream: m.Stream}, m.Code, m.RetryMS, m.Text)
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Reset) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseReset reads a RESET. Under 8 and over 264 bytes are ENCODING (FRAME-010). U+FFFD takes the place of what is not UTF-8 in
// the text.
func ParseReset(f Frame) (Reset, error) {
	code, retryMS, text, err := parseEnding(f)
	if err != nil {
		return Reset{}, err
	}
	return Reset{Stream: f.Stream, Code: code, RetryMS: retryMS, Text: text}, nil
}
