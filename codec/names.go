package codec

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// The text forms of the registered enumerations, for JSON: the registered name, or the number in hexadecimal for what has none.
// A registered value has no other spelling than its name.

// MarshalText gives String.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText gives, and nothing else.
func (t *Type) UnmarshalText(text []byte) error {
	for i := range typeTable {
		if typeTable[i].Name == string(text) {
			*t = typeTable[i].Type
			return nil
		}
	}
	n, err := number(text, 8)
	if err != nil || Type(n).String() != string(text) {
		return jsonFault("unknown frame type")
	}
	*t = Type(n)
	return nil
}

// MarshalText gives String.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText gives, and nothing else.
func (c *Code) UnmarshalText(text []byte) error {
	for i := range codeTable {
		if codeTable[i].Name == string(text) {
			*c = codeTable[i].Code
			return nil
		}
	}
	n, err := number(text, 32)
	if err != nil || Code(n).String() != string(text) {
		return jsonFault("unknown error code")
	}
	*c = Code(n)
	return nil
}

// MarshalText gives String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText gives, and nothing else.
func (k *Kind) UnmarshalText(text []byte) error {
	for i := range kindTable {
		if kindTable[i].Name == string(text) {
			*k = kindTable[i].Kind
			return nil
		}
	}
	n, err := number(text, 16)
	if err != nil || Kind(n).String() != string(text) {
		return jsonFault("unknown kind of opening")
	}
	*k = Kind(n)
	return nil
}

// MarshalText gives String: "FIN|MORE", or "0".
func (f Flags) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what MarshalText gives, and nothing else.
func (f *Flags) UnmarshalText(text []byte) error {
	var flags Flags
	for name := range strings.SplitSeq(string(text), "|") {
		switch name {
		case "MUST_UNDERSTAND":
			flags |= FlagMustUnderstand
		case "FIN":
			flags |= FlagFin
		case "MORE":
			flags |= FlagMore
		case "POSSIBLE_DUP":
			flags |= FlagPossibleDup
		case "0":
		default:
			n, err := number([]byte(name), 8)
			if err != nil {
				return jsonFault("unknown flag")
			}
			flags |= Flags(n)
		}
	}
	if flags.String() != string(text) {
		return jsonFault("flags in another spelling")
	}
	*f = flags
	return nil
}

// number reads "0x12".
func number(text []byte, bits int) (uint64, error) {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok {
		return 0, jsonFault("neither a name nor a number")
	}
	return strconv.ParseUint(digits, 16, bits)
}

// hexBytes is bytes in JSON: lower-case hexadecimal.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || hex.EncodeToString(b) != string(text) {
		return jsonFault("bytes are not lower-case hexadecimal")
	}
	*h = b
	return nil
}

// fill copies the bytes into an array, whose length they must have.
func (h hexBytes) fill(array []byte) error {
	if len(h) != len(array) {
		return jsonFault("bytes of another length than " + strconv.Itoa(len(array)))
	}
	copy(array, h)
	return nil
}

// optional gives bytes that may be absent: nil for nil.
func optional(b []byte) *hexBytes {
	if b == nil {
		return nil
	}
	h := hexBytes(b)
	return &h
}

// value undoes optional. Bytes that are there are never nil.
func (h *hexBytes) value() []byte {
	if h == nil {
		return nil
	}
	return append([]byte{}, *h...)
}

// decimal is an integer in JSON: a decimal string, because many readers of JSON lose digits above 2^53.
type decimal uint64

func (d decimal) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(d), 10), nil }

func (d *decimal) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != string(text) {
		return jsonFault("integer is not a decimal string")
	}
	*d = decimal(n)
	return nil
}

// version gives a version in JSON as what it is on the wire.
func (d decimal) version() (uint16, error) {
	if d > 0xFFFF {
		return 0, jsonFault("version over 65535")
	}
	return uint16(d), nil
}
