package codec

// Close is the last frame of its sender (CLOSE-002).
type Close struct {
	Code    Code   `json:"code"`
	RetryMS uint32 `json:"retry_ms,string"` // ms to wait before trying again, or RetryNever
	Text    string `json:"text"`            // for people: never acted on, shown only escaped (CLOSE-005)
}

// FrameType gives CLOSE.
func (m Close) FrameType() Type { return TypeClose }

// StreamID gives 0: CLOSE is of link scope.
func (m Close) StreamID() uint32 { return 0 }

// Size gives the bytes of the whole frame.
func (m Close) Size() int { return endingSize(m.Text) }

// AppendFrame appends the whole frame. Text is cut to 256 bytes between characters, and U+FFFD takes the place of what is
// not UTF-8 (CLOSE-004).
func (m Close) AppendFrame(b []byte) []byte {
	return appendEnding(b, Header{Type: TypeClose}, m.Code, m.RetryMS, m.Text)
}

// AppendBinary is AppendFrame as Message asks for it; its error is always nil.
func (m Close) AppendBinary(b []byte) ([]byte, error) { return m.AppendFrame(b), nil }

// ParseClose reads a CLOSE. Under 8 and over 264 bytes are ENCODING (FRAME-010). U+FFFD takes the place of what is not UTF-8 in
// the text.
func ParseClose(f Frame) (Close, error) {
	code, retryMS, text, err := parseEnding(f)
	if err != nil {
		return Close{}, err
	}
	return Close{Code: code, RetryMS: retryMS, Text: text}, nil
}
