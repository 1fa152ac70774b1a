package codec

import (
	"encoding/binary"
	"math"
)

// The strict MessagePack profile. MessagePack alone has many encodings of one value, leaves repeated keys undefined, and
// lets six bytes announce gigabytes; here each value has exactly one encoding, so that equal values have equal hashes
// (READY compares them), and nothing is believed that has not arrived. A violation is ENCODING and ends the link:
// a peer whose encoder is wrong is wrong everywhere.
//
// When one input breaks several requirements, the first in this order is reported. Other implementations are free in this,
// since the code is always ENCODING; the vectors name what is reported here. Values are taken in the order of their first
// bytes. For each value:
//
//  1. type MP-001, which the first byte alone decides
//  2. MP-013 if the header (for an integer: the number) is cut off, since then nothing else can be judged
//  3. form of the header MP-003, MP-004
//  4. limit MP-006, range MP-002
//  5. what is left of the input MP-013
//  6. depth MP-007
//  7. count MP-008
//  8. contents: MP-005, and for keys MP-009, then MP-011 or MP-010
//
// Bytes behind the top value (MP-012) come last.

// Limits of the profile.
const (
	MsgpackMaxStr    = 4096  // bytes in a str (MP-006)
	MsgpackMaxBin    = 65535 // bytes in a bin (MP-006)
	MsgpackMaxArray  = 1024  // elements in an array (MP-006)
	MsgpackMaxMap    = 256   // entries in a map (MP-006)
	MsgpackMaxDepth  = 8     // containers around each other, the innermost included; other values do not count (MP-007)
	MsgpackMaxValues = 4096  // values in a body: keys, elements and containers count one each (MP-008)
	MsgpackMaxKey    = 64    // bytes in a key; at least one (MP-009)
)

// Requirement ids.
const (
	reqType      = "MP-001"
	reqRange     = "MP-002"
	reqIntForm   = "MP-003"
	reqLenForm   = "MP-004"
	reqText      = "MP-005"
	reqLimit     = "MP-006"
	reqDepth     = "MP-007"
	reqCount     = "MP-008"
	reqKey       = "MP-009"
	reqOrder     = "MP-010"
	reqDuplicate = "MP-011"
	reqTrailing  = "MP-012"
	reqLeft      = "MP-013"
)

// ValueKind is the type of a value.
type ValueKind uint8

// The kinds. ValueInvalid is that of the zero Value.
const (
	ValueInvalid ValueKind = iota
	ValueNil
	ValueBool
	ValueInt
	ValueStr
	ValueBin
	ValueArray
	ValueMap
)

// String gives MessagePack's name of the kind.
func (k ValueKind) String() string {
	names := [...]string{"invalid", "nil", "bool", "int", "str", "bin", "array", "map"}
	if int(k) >= len(names) {
		return names[ValueInvalid]
	}
	return names[k]
}

// fault is one violation; the zero fault is none. It becomes an *Error only at the end, so that success allocates nothing.
type fault struct{ req, detail string }

// at makes an error of the fault. Only for faults that are not zero.
func (f fault) at(off int) error {
	return &Error{Code: CodeEncoding, Scope: ScopeLink, Req: f.req, Offset: off, Detail: f.detail}
}

// depthFault is MP-007.
var depthFault = fault{reqDepth, "container inside eight others"}

// head is what a value says in front of its contents.
type head struct {
	kind ValueKind
	size int    // bytes of the header, 1 to 9; of the whole value for nil, bool and int
	n    uint64 // int: the number in two's complement; bool: 0 or 1; str, bin: bytes; array: elements; map: entries
}

func (h head) isContainer() bool { return h.kind == ValueArray || h.kind == ValueMap }

// form describes a first byte between C0 and DF.
type form struct {
	kind   ValueKind
	signed bool
	width  uint8  // bytes of the number behind the first byte
	least  uint64 // the smallest number, in magnitude, that has no shorter form
}

// forms is indexed by first byte minus C0. What it leaves out is refused: C1, float (CA, CB) and ext (C7-C9, D4-D8).
var forms = [32]form{
	0x00: {kind: ValueNil},
	0x02: {kind: ValueBool},
	0x03: {kind: ValueBool},
	0x04: {kind: ValueBin, width: 1},
	0x05: {kind: ValueBin, width: 2, least: 1 << 8},
	0x06: {kind: ValueBin, width: 4, least: 1 << 16},
	0x0c: {kind: ValueInt, width: 1, least: 1 << 7},
	0x0d: {kind: ValueInt, width: 2, least: 1 << 8},
	0x0e: {kind: ValueInt, width: 4, least: 1 << 16},
	0x0f: {kind: ValueInt, width: 8, least: 1 << 32},
	0x10: {kind: ValueInt, signed: true, width: 1, least: 32 + 1},
	0x11: {kind: ValueInt, signed: true, width: 2, least: 1<<7 + 1},
	0x12: {kind: ValueInt, signed: true, width: 4, least: 1<<15 + 1},
	0x13: {kind: ValueInt, signed: true, width: 8, least: 1<<31 + 1},
	0x19: {kind: ValueStr, width: 1, least: 32},
	0x1a: {kind: ValueStr, width: 2, least: 1 << 8},
	0x1b: {kind: ValueStr, width: 4, least: 1 << 16},
	0x1c: {kind: ValueArray, width: 2, least: 16},
	0x1d: {kind: ValueArray, width: 4, least: 1 << 16},
	0x1e: {kind: ValueMap, width: 2, least: 16},
	0x1f: {kind: ValueMap, width: 4, least: 1 << 16},
}

// readHead reads the header at off and judges its type, form and limit (steps 1 to 4). It reads nothing behind the header.
func readHead(b []byte, off int) (head, fault) {
	if off < 0 || off >= len(b) {
		return head{}, fault{reqLeft, "a value is missing"}
	}
	switch c := b[off]; {
	case c <= 0x7f:
		return head{ValueInt, 1, uint64(c)}, fault{}
	case c <= 0x8f:
		return head{ValueMap, 1, uint64(c & 0x0f)}, fault{}
	case c <= 0x9f:
		return head{ValueArray, 1, uint64(c & 0x0f)}, fault{}
	case c <= 0xbf:
		return head{ValueStr, 1, uint64(c & 0x1f)}, fault{}
	case c >= 0xe0:
		return head{ValueInt, 1, uint64(int64(int8(c)))}, fault{}
	default:
		return readWide(b, off, forms[c-0xc0])
	}
}

// readWide reads a header whose first byte is between C0 and DF.
func readWide(b []byte, off int, f form) (head, fault) {
	h := head{kind: f.kind, size: 1 + int(f.width)}
	if len(b)-off < h.size {
		return h, fault{reqLeft, "the input ends inside a header"}
	}
	body := b[off+1 : off+h.size]
	switch f.width {
	case 1:
		h.n = uint64(body[0])
	case 2:
		h.n = uint64(binary.BigEndian.Uint16(body))
	case 4:
		h.n = uint64(binary.BigEndian.Uint32(body))
	case 8:
		h.n = binary.BigEndian.Uint64(body)
	}
	switch f.kind {
	case ValueInvalid:
		return h, fault{reqType, "type outside the profile"}
	case ValueNil:
		return h, fault{}
	case ValueBool:
		h.n = uint64(b[off] & 1)
		return h, fault{}
	case ValueInt:
		return wideInt(h, f)
	default:
		if h.n < f.least {
			return h, fault{reqLenForm, "header is not the shortest"}
		}
		return h, overLimit(h.kind, h.n)
	}
}

// wideInt judges a number of one to eight bytes. A signed form is the shortest only for negative numbers: the positive
// half of d0..d3 says nothing that cc..cf does not say in the same length.
func wideInt(h head, f form) (head, fault) {
	size := h.n
	if f.signed {
		n := int64(h.n<<(64-8*f.width)) >> (64 - 8*f.width)
		if n >= 0 {
			return h, fault{reqIntForm, "number that is not negative in a signed form"}
		}
		h.n, size = uint64(n), -uint64(n)
	}
	if size < f.least {
		return h, fault{reqIntForm, "integer is not in its shortest form"}
	}
	if !f.signed && h.n > math.MaxInt64 {
		return h, fault{reqRange, "integer above 2^63-1"}
	}
	return h, fault{}
}

// overLimit judges a length or count (MP-006).
func overLimit(k ValueKind, n uint64) fault {
	switch {
	case k == ValueStr && n > MsgpackMaxStr:
		return fault{reqLimit, "str longer than 4096 bytes"}
	case k == ValueBin && n > MsgpackMaxBin:
		return fault{reqLimit, "bin longer than 65535 bytes"}
	case k == ValueArray && n > MsgpackMaxArray:
		return fault{reqLimit, "array of more than 1024 elements"}
	case k == ValueMap && n > MsgpackMaxMap:
		return fault{reqLimit, "map of more than 256 entries"}
	default:
		return fault{}
	}
}
