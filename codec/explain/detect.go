package explain

import "handfast/codec"

// Detect guesses what bytes are, by the first of them: the magic begins a stream, a good header checksum a frame, and a valid value is
// MessagePack. Bytes that are none of it are taken for what they resemble most, so that the fault in them can be shown.
//
// Messages of a call are never guessed: their first byte is also a frame's type.
func Detect(b []byte) What {
	same := magicBytes(b)
	switch {
	case len(b) == 0:
		return Frames
	case same == min(len(b), len(codec.Magic)) || same >= 4 || isTLS(b):
		return Stream
	case goodHeader(b):
		return Frames
	case codec.ValidateMsgpack(b) == nil:
		return Msgpack
	case codec.KnownType(codec.Type(b[0])):
		return Frames
	case looksLikeMap(b[0]) || oneValue(b):
		return Msgpack
	}
	return Frames
}

// magicBytes counts the bytes at the beginning that are the magic's.
func magicBytes(b []byte) int {
	for i := range min(len(b), len(codec.Magic)) {
		if b[i] != codec.Magic[i] {
			return i
		}
	}
	return min(len(b), len(codec.Magic))
}

// isTLS tells whether b begins as a TLS handshake does.
func isTLS(b []byte) bool { return len(b) >= 2 && b[0] == 0x16 && b[1] == 0x03 }

func goodHeader(b []byte) bool {
	_, err := codec.ParseHeader(b)
	return err == nil
}

// looksLikeMap tells whether c begins a map or an array: bodies are nothing else, and no registered frame has such a type.
func looksLikeMap(c byte) bool { return c&0xF0 == 0x80 || c&0xF0 == 0x90 || c >= 0xDC && c <= 0xDF }

// oneValue tells whether b is one MessagePack value, inside the profile or not. It counts the values that are owed and does not
// recurse.
func oneValue(b []byte) bool {
	for owed := uint64(1); owed > 0; owed-- {
		t, ok := readToken(b)
		if !ok {
			return false
		}
		b = b[t.size:]
		if t.kind == "map" {
			owed += t.n
		}
		if t.isContainer() {
			owed += t.n
		}
	}
	return len(b) == 0
}
