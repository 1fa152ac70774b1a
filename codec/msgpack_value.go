package codec

import (
	"bytes"
	"math"
	"slices"

	"github.com/vmihailenco/msgpack/v5"
)

// DecodeValue validates b as ValidateMsgpack does, and decodes it into nil, bool, int64, string, []byte, []any and
// map[string]any. The result is the caller's and does not alias b.
//
// The decoding is msgpack/v5's, which checks none of the profile and believes every length; behind the validator it
// can only meet lengths that have arrived, depth of at most 8 and no ext. Use it where convenience counts (tools,
// vectors, tests); messages are read through ParseValue, which allocates nothing.
func DecodeValue(b []byte) (any, error) {
	if err := ValidateMsgpack(b); err != nil {
		return nil, err
	}
	dec := msgpack.GetDecoder()
	defer msgpack.PutDecoder(dec)
	dec.Reset(bytes.NewReader(b))
	v, err := dec.DecodeInterface()
	if err != nil {
		return nil, &Error{Code: CodeEncoding, Detail: "msgpack/v5 refuses what the profile accepts", Err: err}
	}
	return normalise(v), nil
}

// normalise turns the eight int types that msgpack/v5 returns (it goes by the form on the wire) into int64, in place.
// It recurses at most 9 levels, because v was validated.
func normalise(v any) any {
	switch v := v.(type) {
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		return int64(v) // at most 2^63-1 (MP-002)
	case []any:
		for i := range v {
			v[i] = normalise(v[i])
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = normalise(v[k])
		}
		return v
	default:
		return v
	}
}

// AppendValue appends the encoding of v to b: of nil, bool, int64, string, []byte, []any and map[string]any, and also of int
// and uint64, which lengths and positions often are. A nil slice or map is an empty one. Equal values give equal bytes:
// keys are sorted by their bytes.
//
// What the profile forbids is refused with an *Error of Code ENCODING, by the precedence of the validator; its
// Offset counts from len(b), to where the value at fault would have begun. Then b is returned with its old length, and what
// lies behind that in its array is undefined. Values that contain themselves are refused by MP-007 or MP-008.
func AppendValue(b []byte, v any) ([]byte, error) {
	e := valueEncoder{start: len(b)}
	out, err := e.value(b, v, 1)
	if err != nil {
		return b, err
	}
	return out, nil
}

// valueEncoder is the state of one AppendValue.
type valueEncoder struct {
	start int // offset 0 for errors
	count int // values so far
}

// value appends v, which has the given depth. It recurses at most 9 levels: 8 containers and what the innermost holds.
func (e *valueEncoder) value(b []byte, v any, depth int) ([]byte, error) {
	h, f := describe(v)
	if f.req == "" {
		f = e.enter(h, depth)
	}
	if s, ok := v.(string); ok && f.req == "" {
		f = checkString(s)
	}
	if f.req != "" {
		return b, f.at(len(b) - e.start)
	}
	switch v := v.(type) {
	case bool:
		return AppendBool(b, v), nil
	case string:
		return AppendStr(b, v), nil
	case []byte:
		return AppendBin(b, v), nil
	case []any:
		return e.array(b, v, depth)
	case map[string]any:
		return e.entries(b, v, depth)
	case nil:
		return AppendNil(b), nil
	default: // describe left only integers
		return AppendInt(b, int64(h.n)), nil
	}
}

// array appends an array that was entered.
func (e *valueEncoder) array(b []byte, v []any, depth int) ([]byte, error) {
	b = AppendArrayHeader(b, len(v))
	for _, elem := range v {
		var err error
		if b, err = e.value(b, elem, depth+1); err != nil {
			return b, err
		}
	}
	return b, nil
}

// entries appends a map that was entered. Go compares strings by their bytes, which is the order of MP-010.
func (e *valueEncoder) entries(b []byte, v map[string]any, depth int) ([]byte, error) {
	b = AppendMapHeader(b, len(v))
	keys := make([]string, 0, len(v)) // at most 256: the map was entered
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		f := overLimit(ValueStr, uint64(len(k)))
		if f.req == "" {
			f = e.enter(head{kind: ValueStr, n: uint64(len(k))}, depth+1)
		}
		if f.req == "" {
			f = checkString(k)
		}
		if f.req == "" {
			f = keyShape(ValueStr, len(k))
		}
		if f.req != "" {
			return b, f.at(len(b) - e.start)
		}
		var err error
		if b, err = e.value(AppendStr(b, k), v[k], depth+1); err != nil {
			return b, err
		}
	}
	return b, nil
}

// enter judges limit, depth and count of one value.
func (e *valueEncoder) enter(h head, depth int) fault {
	if f := overLimit(h.kind, h.n); f.req != "" {
		return f
	}
	if depth > MsgpackMaxDepth && h.isContainer() {
		return depthFault
	}
	if e.count++; e.count > MsgpackMaxValues {
		return fault{reqCount, "more than 4096 values"}
	}
	return fault{}
}

// describe gives the kind of a Go value, and its number, length or count.
func describe(v any) (head, fault) {
	switch v := v.(type) {
	case nil:
		return head{kind: ValueNil}, fault{}
	case bool:
		return head{kind: ValueBool}, fault{}
	case int:
		return head{kind: ValueInt, n: uint64(v)}, fault{}
	case int64:
		return head{kind: ValueInt, n: uint64(v)}, fault{}
	case uint64:
		if v > math.MaxInt64 {
			return head{}, fault{reqRange, "integer above 2^63-1"}
		}
		return head{kind: ValueInt, n: v}, fault{}
	case string:
		return head{kind: ValueStr, n: uint64(len(v))}, fault{}
	case []byte:
		return head{kind: ValueBin, n: uint64(len(v))}, fault{}
	case []any:
		return head{kind: ValueArray, n: uint64(len(v))}, fault{}
	case map[string]any:
		return head{kind: ValueMap, n: uint64(len(v))}, fault{}
	default:
		return head{}, fault{reqType, "Go type outside the profile"}
	}
}
