package explain

import "handfast/codec"

// Detect guesses what bytes are, by the first of them: the magic begins a stream, a good header checksum a frame, a valid value is
// MessagePack. Bytes that are none of it are taken for what they resemble most, so that the fault in them can be shown.
//
// Messages of a call are never guessed: their first byte is also a frame's type.
func Detect(b []byte) What {
	switch same := magicBytes(b); {
	case same == min(len(b), len(codec.Magic)) || same >= 4:
		return Stream
	case goodHeader(b):
		return Frames
	case codec.ValidateMsgpack(b) == nil:
		return Msgpack
	case looksLikeMap(b[0]):
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

func goodHeader(b []byte) bool {
	_, err := codec.ParseHeader(b)
	return err == nil
}

// looksLikeMap tells whether c begins a map or an array: bodies are nothing else, and no registered frame has such a type.
func looksLikeMap(c byte) bool { return c&0xF0 == 0x80 || c&0xF0 == 0x90 || c >= 0xDC && c <= 0xDF }
