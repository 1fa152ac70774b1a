package explain

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// token is one MessagePack value as any decoder reads it, whether or not the strict profile has it. Of a container it is the header.
type token struct {
	kind string // nil, bool, int, str, bin, array, map, float or ext
	head int    // bytes in front of the contents; of a container all of them
	size int    // bytes, the contents of str, bin and ext included
	body []byte // the contents of str, bin and ext
	n    uint64 // elements or entries of a container; the number of an int that is not negative
	text string // the value of nil, bool, int, float; the type of ext
}

func (t *token) isContainer() bool { return t.kind == "array" || t.kind == "map" }

// readToken reads the value at the beginning of b. ok is false where the bytes end inside it, and for C1, which means nothing. It
// believes no length beyond what is there. The strict profile is package codec's business: this reader only tells values apart.
func readToken(b []byte) (t token, ok bool) {
	if len(b) == 0 {
		return token{}, false
	}
	switch c := b[0]; {
	case c <= 0x7F:
		return intToken(1, uint64(c)), true
	case c <= 0x8F:
		return token{kind: "map", head: 1, size: 1, n: uint64(c & 0x0F)}, true
	case c <= 0x9F:
		return token{kind: "array", head: 1, size: 1, n: uint64(c & 0x0F)}, true
	case c <= 0xBF:
		return contents(b, "str", 1, uint64(c&0x1F))
	case c >= 0xE0:
		return negativeToken(1, int64(int8(c))), true
	case c >= 0xD4 && c <= 0xD8: // ext of 1, 2, 4, 8 or 16 bytes
		return ext(b, 1, 1<<(c-0xD4))
	default:
		return wideToken(b)
	}
}

// wideToken reads a value whose first byte is followed by a number of fixed width.
func wideToken(b []byte) (token, bool) {
	w := wide[b[0]-0xC0]
	if w.kind == "" || len(b) <= w.width {
		return token{}, false
	}
	size, n := 1+w.width, number(b[1:1+w.width])
	switch w.kind {
	case "array", "map":
		return token{kind: w.kind, head: size, size: size, n: n}, true
	case "str", "bin":
		return contents(b, w.kind, size, n)
	case "ext":
		return ext(b, size, n)
	case "uint":
		return intToken(size, n), true
	case "int":
		shift := 64 - 8*w.width
		return negativeToken(size, int64(n<<shift)>>shift), true
	case "float":
		return floatToken(b[:size]), true
	case "bool":
		return token{kind: "bool", head: 1, size: 1, text: strconv.FormatBool(b[0] == 0xC3)}, true
	}
	return token{kind: "nil", head: 1, size: 1, text: "nil"}, true
}

// wide is indexed by the first byte minus C0.
var wide = [32]struct {
	kind  string
	width int // bytes of the number behind the first byte
}{
	0x00: {"nil", 0}, 0x02: {"bool", 0}, 0x03: {"bool", 0},
	0x04: {"bin", 1}, 0x05: {"bin", 2}, 0x06: {"bin", 4},
	0x07: {"ext", 1}, 0x08: {"ext", 2}, 0x09: {"ext", 4},
	0x0A: {"float", 4}, 0x0B: {"float", 8},
	0x0C: {"uint", 1}, 0x0D: {"uint", 2}, 0x0E: {"uint", 4}, 0x0F: {"uint", 8},
	0x10: {"int", 1}, 0x11: {"int", 2}, 0x12: {"int", 4}, 0x13: {"int", 8},
	0x19: {"str", 1}, 0x1A: {"str", 2}, 0x1B: {"str", 4},
	0x1C: {"array", 2}, 0x1D: {"array", 4},
	0x1E: {"map", 2}, 0x1F: {"map", 4},
}

// contents makes the token of a value with n bytes behind its header.
func contents(b []byte, kind string, header int, n uint64) (token, bool) {
	if n > uint64(len(b)-header) {
		return token{}, false
	}
	end := header + int(n)
	return token{kind: kind, head: header, size: end, body: b[header:end]}, true
}

// ext is contents with a byte of type in front.
func ext(b []byte, header int, n uint64) (token, bool) {
	if len(b) <= header {
		return token{}, false
	}
	t, ok := contents(b, "ext", header+1, n)
	t.text = fmt.Sprintf("ext type %d, %d bytes", int8(b[header]), n)
	return t, ok
}

func intToken(size int, n uint64) token {
	return token{kind: "int", head: 1, size: size, n: n, text: strconv.FormatUint(n, 10)}
}

// negativeToken makes the token of a signed form, which in the strict profile only negative numbers have.
func negativeToken(size int, n int64) token {
	if n >= 0 {
		return intToken(size, uint64(n))
	}
	return token{kind: "int", head: 1, size: size, n: math.MaxUint64, text: strconv.FormatInt(n, 10)}
}

func floatToken(b []byte) token {
	f := float64(math.Float32frombits(uint32(number(b[1:]))))
	if len(b) == 9 {
		f = math.Float64frombits(binary.BigEndian.Uint64(b[1:]))
	}
	return token{kind: "float", head: 1, size: len(b), text: strconv.FormatFloat(f, 'g', -1, 64)}
}
