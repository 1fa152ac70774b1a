package codec

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// ValidateMsgpack tells whether b is exactly one value in the strict profile (MP-001 to MP-013). The error is an *Error
// with Code ENCODING whose Offset is that of the value at fault: a key for the rules of keys, the first byte too many for
// MP-012, len(b) for a value of which not even the first byte is there.
//
// It works in one pass, keeps nothing, allocates nothing on success and one *Error otherwise, and uses the same few hundred
// bytes of stack for every input: a megabyte of nested arrays costs nine steps.
func ValidateMsgpack(b []byte) error {
	v := validator{b: b}
	off := 0
	for {
		next, f := v.value(off)
		if f.req != "" {
			return f.at(off)
		}
		off = next
		if v.open == 0 {
			break
		}
	}
	if off != len(b) {
		return fault{reqTrailing, "bytes behind the value"}.at(off)
	}
	return nil
}

// level is one container that has begun and is not complete.
type level struct {
	left  int // values still to come; in a map a key is next if it is even
	isMap bool
	key   []byte // the last key, aliasing the input; empty before the first
}

// validator is the state of one pass. It recurses nowhere: the input decides the nesting, so the nesting must not decide
// the stack.
type validator struct {
	b     []byte
	stack [MsgpackMaxDepth]level
	open  int // containers on the stack
	count int // values so far
}

// value judges the value at off and says where the next one begins. A container only opens a level; what it holds comes as
// values of its own.
func (v *validator) value(off int) (int, fault) {
	h, f := readHead(v.b, off)
	if f.req != "" {
		return 0, f
	}
	start := off + h.size
	if least(h) > len(v.b)-start {
		return 0, fault{reqLeft, "length or count exceeds what is left"}
	}
	if v.open >= MsgpackMaxDepth && h.isContainer() {
		return 0, depthFault
	}
	if v.count++; v.count > MsgpackMaxValues {
		return 0, fault{reqCount, "more than 4096 values"}
	}
	var text []byte
	if h.kind == ValueStr {
		text = v.b[start : start+int(h.n)]
		if f := checkText(text); f.req != "" {
			return 0, f
		}
	}
	if f := v.enter(h, text); f.req != "" {
		return 0, f
	}
	if h.kind == ValueStr || h.kind == ValueBin {
		start += int(h.n)
	}
	return start, fault{}
}

// least gives the bytes that the contents take at least. Called within the limits, so that nothing overflows.
func least(h head) int {
	switch h.kind {
	case ValueStr, ValueBin, ValueArray:
		return int(h.n)
	case ValueMap:
		return 2 * int(h.n)
	default:
		return 0
	}
}

// enter books the value in the container around it, checks it if it is a key, and opens a level if it is a container.
func (v *validator) enter(h head, text []byte) fault {
	if v.open > 0 {
		top := &v.stack[v.open-1]
		if top.isMap && top.left%2 == 0 {
			if f := checkKey(h.kind, text, top.key); f.req != "" {
				return f
			}
			top.key = text
		}
		top.left--
	}
	// A key that is a container was refused above, so that an even count always means that a key is next.
	switch {
	case h.kind == ValueArray && h.n > 0:
		v.stack[v.open] = level{left: int(h.n)}
		v.open++
	case h.kind == ValueMap && h.n > 0:
		v.stack[v.open] = level{left: 2 * int(h.n), isMap: true}
		v.open++
	}
	for v.open > 0 && v.stack[v.open-1].left == 0 {
		v.open--
	}
	return fault{}
}

// checkKey judges a key by itself and against the one before it. Ascending order makes a repeated key a neighbour, so that
// duplicates are found without a table, which an attacker could fill or make collide.
func checkKey(k ValueKind, key, before []byte) fault {
	if f := keyShape(k, len(key)); f.req != "" {
		return f
	}
	if len(before) == 0 {
		return fault{}
	}
	switch bytes.Compare(before, key) {
	case 0:
		return fault{reqDuplicate, "key occurs twice"}
	case 1:
		return fault{reqOrder, "keys are not in ascending order"}
	default:
		return fault{}
	}
}

// keyShape judges a key's type and length (MP-009).
func keyShape(k ValueKind, n int) fault {
	switch {
	case k != ValueStr:
		return fault{reqKey, "key is not a str"}
	case n == 0:
		return fault{reqKey, "key is empty"}
	case n > MsgpackMaxKey:
		return fault{reqKey, "key longer than 64 bytes"}
	default:
		return fault{}
	}
}

// checkText judges the contents of a str (MP-005). U+0000 is refused because C programs would see a shorter text, and two
// peers would disagree on which key or name was meant.
func checkText(s []byte) fault {
	return textFault(utf8.Valid(s), bytes.IndexByte(s, 0) >= 0)
}

// checkString is checkText for a string.
func checkString(s string) fault {
	return textFault(utf8.ValidString(s), strings.IndexByte(s, 0) >= 0)
}

func textFault(valid, nul bool) fault {
	switch {
	case !valid:
		return fault{reqText, "str is not valid UTF-8"}
	case nul:
		return fault{reqText, "str contains U+0000"}
	default:
		return fault{}
	}
}
