package codec

import (
	"strings"
	"unicode/utf8"
)

// replacement takes the place of what is no text.
const replacement = "\uFFFD"

// shownText gives b as valid UTF-8: one U+FFFD takes the place of each maximal subpart that is not (CLOSE-008), as decoders of the Encoding Standard have it. Those of
// package strings put one for a run of any length, and those of package utf8 one for each byte.
func shownText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		if r, n := utf8.DecodeRune(b); r != utf8.RuneError || n > 1 {
			out.Write(b[:n])
			b = b[n:]
			continue
		}
		out.WriteString(replacement)
		b = b[subpart(b):]
	}
	return out.String()
}

// subpart gives the length of the maximal subpart at the beginning of b, which begins with no character: the bytes that could begin one, and otherwise one byte (Unicode, chapter 3.9).
func subpart(b []byte) int {
	low, high, size := byte(0x80), byte(0xBF), 0 // of the second byte, and of the whole
	switch lead := b[0]; {
	case lead >= 0xC2 && lead <= 0xDF:
		size = 2
	case lead >= 0xE0 && lead <= 0xEF:
		size = 3
	case lead >= 0xF0 && lead <= 0xF4:
		size = 4
	}
	switch b[0] { // what would be too long a form, a surrogate, or above U+10FFFF
	case 0xE0:
		low = 0xA0
	case 0xED:
		high = 0x9F
	case 0xF0:
		low = 0x90
	case 0xF4:
		high = 0x8F
	}
	n := 1
	for n < min(size, len(b)) && b[n] >= low && b[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}

// cutText makes text fit to be sent (CLOSE-004): valid UTF-8 of at most limit bytes, cut between characters.
func cutText(text string, limit int) string {
	if !utf8.ValidString(text) {
		text = shownText([]byte(text))
	}
	if len(text) <= limit {
		return text
	}
	for limit > 0 && text[limit]&0xC0 == 0x80 { // inside a character
		limit--
	}
	return text[:limit]
}
