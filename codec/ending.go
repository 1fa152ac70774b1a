package codec

const (
	endingMin = 8                   // bytes of payload without text
	endingMax = endingMin + MaxText // bytes of payload
)

// RetryNever is the value of RetryMS that says: do not try again.
const RetryNever = 0xFFFFFFFF

// appendEnding appends a CLOSE, REJECT or RESET, which have one layout. The text is cut to what may be sent (CLOSE-004).
func appendEnding(b []byte, h Header, code Code, retryMS uint32, text string) []byte {
	text = cutText(text, MaxText)
	b, frame := room(b, endingMin+len(text))
	p := frame[HeaderSize:]
	bigEndian.PutUint32(p, uint32(code))
	bigEndian.PutUint32(p[4:], retryMS)
	copy(p[endingMin:], text)
	SealFrame(frame, h)
	return b
}

// endingSize gives the bytes of the frame that appendEnding makes.
func endingSize(text string) int { return frameSize(endingMin + len(cutText(text, MaxText))) }

// parseEnding reads the payload of a CLOSE, REJECT or RESET. Under 8 and over 264 bytes are ENCODING (FRAME-010). Text that is not
// UTF-8 breaks a rule of its sender (CLOSE-004), but is no fault that a receiver answers (CLOSE-007): U+FFFD takes the place of
// each maximal subpart that is wrong (CLOSE-008), so that no invalid text gets into logs and JSON.
func parseEnding(f Frame) (code Code, retryMS uint32, text string, err error) {
	if len(f.Payload) < endingMin || len(f.Payload) > endingMax {
		return 0, 0, "", linkFault(CodeEncoding, "FRAME-010", offLength, f.Type.String()+" is not 8 to 264 bytes")
	}
	text = shownText(f.Payload[endingMin:])
	return Code(bigEndian.Uint32(f.Payload)), bigEndian.Uint32(f.Payload[4:]), text, nil
}
