package fast

import "encoding/json"

// MaxDepth is how deep arrays and objects of a payload may stand in each other. JSON.parse of old releases of node is recursive,
// so that a peer's stack bounds what it can read.
const MaxDepth = 1000

// skipValue finds the end of the JSON value that begins at b[i], after white space. It returns -1 if there is none. It takes
// exactly what RFC 8259 and JSON.parse take, but for what is deeper than MaxDepth; b must be UTF-8.
func skipValue(b []byte, i int) int {
	var objects [MaxDepth/64 + 1]uint64 // one bit for each open container: is it an object?
	depth := 0
	for {
		i = skipSpace(b, i)
		if i >= len(b) {
			return -1
		}
		switch c := b[i]; {
		case c == '{' || c == '[':
			if depth == MaxDepth {
				return -1
			}
			bit := uint64(1) << (depth % 64)
			objects[depth/64] &^= bit
			if c == '{' {
				objects[depth/64] |= bit
			}
			depth++
			i = skipSpace(b, i+1)
			if i < len(b) && b[i] == c+2 { // ASCII: the closing bracket stands two after the opening one
				i++
				depth--
				break
			}
			if c == '{' {
				if i = skipKey(b, i); i < 0 {
					return -1
				}
			}
			continue
		case c == '"':
			i = skipString(b, i)
		case c == '-' || c >= '0' && c <= '9':
			i = skipNumber(b, i)
		case c == 't':
			i = skipWord(b, i, "true")
		case c == 'f':
			i = skipWord(b, i, "false")
		case c == 'n':
			i = skipWord(b, i, "null")
		default:
			return -1
		}
		if i < 0 {
			return -1
		}
		for { // after a value: close what ends, and go on behind a comma
			if depth == 0 {
				return i
			}
			i = skipSpace(b, i)
			if i >= len(b) {
				return -1
			}
			object := objects[(depth-1)/64]>>((depth-1)%64)&1 == 1
			if b[i] == ',' {
				i++
				if object {
					if i = skipKey(b, skipSpace(b, i)); i < 0 {
						return -1
					}
				}
				break
			}
			if object && b[i] != '}' || !object && b[i] != ']' {
				return -1
			}
			i++
			depth--
		}
	}
}

// skipKey finds the end of a key and its colon.
func skipKey(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	if i = skipString(b, i); i < 0 {
		return -1
	}
	if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
		return -1
	}
	return i + 1
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

func skipWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			i++
			if i >= len(b) {
				return -1
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if len(b)-i < 5 {
					return -1
				}
				for _, h := range b[i+1 : i+5] {
					if !(h >= '0' && h <= '9' || h|0x20 >= 'a' && h|0x20 <= 'f') {
						return -1
					}
				}
				i += 4
			default:
				return -1
			}
		}
	}
	return -1
}

func skipNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b):
		return -1
	case b[i] == '0':
		i++
	default:
		if i = skipDigits(b, i); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i] == '.' {
		if i = skipDigits(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return skipDigits(b, i)
	}
	return i
}

// skipDigits skips one digit or more.
func skipDigits(b []byte, i int) int {
	from := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

// members calls f with each key and value of the object at b[i], both as they stand there. It returns the end of the object, or
// -1 if it is none.
func members(b []byte, i int, f func(key, value []byte)) int {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return -1
		}
		from := i
		if i = skipString(b, i); i < 0 {
			return -1
		}
		key := b[from:i]
		if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
			return -1
		}
		i = skipSpace(b, i+1)
		from = i
		if i = skipValue(b, i); i < 0 {
			return -1
		}
		f(key, b[from:i])
		if i = skipSpace(b, i); i >= len(b) {
			return -1
		}
		switch b[i] {
		case '}':
			return i + 1
		case ',':
			i = skipSpace(b, i+1)
		default:
			return -1
		}
	}
}

// unquote gives the text of a JSON string that skipString has taken.
func unquote(b []byte) string {
	for _, c := range b {
		if c == '\\' {
			var s string
			_ = json.Unmarshal(b, &s) // cannot fail: skipString has taken it
			return s
		}
	}
	return string(b[1 : len(b)-1])
}

// isKey says whether a key, as it stands in the text, is want. Keys may be written with escapes.
func isKey(key []byte, want string) bool {
	if len(key) == len(want)+2 {
		return string(key[1:len(key)-1]) == want
	}
	return len(key) <= 6*len(want)+2 && unquote(key) == want
}

// elements gives each value of an array that was checked.
func elements(d []byte, f func(value []byte) bool) {
	i := skipSpace(d, 1)
	for i < len(d) && d[i] != ']' {
		end := skipValue(d, i)
		if end < 0 || !f(d[i:end]) {
			return
		}
		i = skipSpace(d, end)
		if i < len(d) && d[i] == ',' {
			i = skipSpace(d, i+1)
		}
	}
}
