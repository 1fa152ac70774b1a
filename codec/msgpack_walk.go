package codec

import "math"

// Value is a view of one value inside a validated body. It aliases the body: it is good for as long as nobody writes to
// it, and what Str, Bin and Raw return must be copied to be kept. It is small and passed by value; no method allocates.
// The zero Value has ValueInvalid, and every method of it answers "no".
//
// Should the body be changed under it, its answers are wrong, but it does not panic.
type Value struct {
	body []byte
	off  int
}

// ParseValue validates b as ValidateMsgpack does, and returns a view of it.
func ParseValue(b []byte) (Value, error) {
	if err := ValidateMsgpack(b); err != nil {
		return Value{}, err
	}
	return Value{body: b}, nil
}

// Offset gives the place of the value in the body, for errors about it.
func (v Value) Offset() int { return v.off }

// Kind gives the type of the value.
func (v Value) Kind() ValueKind { return v.head().kind }

// IsNil tells whether the value is nil.
func (v Value) IsNil() bool { return v.Kind() == ValueNil }

// Bool gives a bool; ok is false if the value is none.
func (v Value) Bool() (value, ok bool) {
	h := v.head()
	return h.kind == ValueBool && h.n == 1, h.kind == ValueBool
}

// Int gives an int; ok is false if the value is none. Every int of the profile fits (MP-002).
func (v Value) Int() (n int64, ok bool) {
	h := v.head()
	if h.kind != ValueInt {
		return 0, false
	}
	return int64(h.n), true
}

// Uint gives an int that is not negative; ok is false if the value is none. It is at most 2^63-1 (MP-002).
func (v Value) Uint() (n uint64, ok bool) {
	h := v.head()
	if h.kind != ValueInt || h.n > math.MaxInt64 {
		return 0, false
	}
	return h.n, true
}

// Str gives the bytes of a str, which alias the body; ok is false if the value is none. They are valid UTF-8 without
// U+0000 (MP-005).
func (v Value) Str() (text []byte, ok bool) { return v.contents(ValueStr) }

// Bin gives the bytes of a bin, which alias the body; ok is false if the value is none.
func (v Value) Bin() (data []byte, ok bool) { return v.contents(ValueBin) }

// Len gives the bytes of a str or bin, the elements of an array, the entries of a map; 0 for others.
func (v Value) Len() int {
	switch h := v.head(); h.kind {
	case ValueStr, ValueBin, ValueArray, ValueMap:
		return int(h.n)
	default:
		return 0
	}
}

// Raw gives the value's own bytes, which alias the body; nil for the zero Value. It takes time in proportion to the size.
func (v Value) Raw() []byte {
	if v.Kind() == ValueInvalid {
		return nil
	}
	end := skip(v.body, v.off)
	return v.body[v.off:end:end] // an append must not write into the body
}

// Lookup finds an entry of a map by its key. It takes time in proportion to the size of the map: to read several entries,
// iterate once. ok is false if there is none, or if the value is no map.
func (v Value) Lookup(key string) (entry Value, ok bool) {
	if v.Kind() != ValueMap {
		return Value{}, false
	}
	for it := v.Iter(); it.Next(); {
		if k := it.Key(); string(k) >= key { // keys ascend (MP-010)
			if string(k) == key {
				return it.Value(), true
			}
			break
		}
	}
	return Value{}, false
}

// Iter gives a cursor in front of the first element of an array or entry of a map; of other values it is at its end.
func (v Value) Iter() Iter {
	h := v.head()
	if h.kind != ValueArray && h.kind != ValueMap {
		return Iter{}
	}
	return Iter{at: Value{v.body, v.off + h.size}, left: int(h.n), isMap: h.kind == ValueMap}
}

// head reads the value's header; invalid values have the zero head.
func (v Value) head() head {
	h, f := readHead(v.body, v.off)
	if f.req != "" {
		return head{}
	}
	return h
}

// contents gives the bytes of a str or bin.
func (v Value) contents(want ValueKind) ([]byte, bool) {
	h := v.head()
	start := v.off + h.size
	if h.kind != want || len(v.body)-start < int(h.n) {
		return nil, false
	}
	end := start + int(h.n)
	return v.body[start:end:end], true
}

// Iter walks an array or a map in the order of the bytes, without closures, so that it stays on the caller's stack:
//
//	for it := v.Iter(); it.Next(); {
//		switch string(it.Key()) {
//		case "node":
//			node, ok := it.Value().Str()
//
// The zero Iter is at its end.
type Iter struct {
	at    Value  // the current value; before the first Next, where the first entry begins
	key   []byte // the current key
	left  int    // elements or entries behind the current one
	isMap bool
	begun bool
}

// Next moves to the next element or entry, and says whether there is one.
func (it *Iter) Next() bool {
	if it.left <= 0 {
		*it = Iter{}
		return false
	}
	it.left--
	if it.begun {
		it.at.off = skip(it.at.body, it.at.off)
	}
	it.begun = true
	if it.isMap {
		it.key, _ = it.at.Str()
		it.at.off = skip(it.at.body, it.at.off)
	}
	return true
}

// Key gives the current entry's key, which aliases the body; nil in an array.
func (it *Iter) Key() []byte { return it.key }

// Value gives the current element, or the current entry's value.
func (it *Iter) Value() Value { return it.at }

// skip gives the offset behind the value at off, at most len(b). It counts the values that are owed and does not recurse.
func skip(b []byte, off int) int {
	for owed := 1; owed > 0; owed-- {
		h, f := readHead(b, off)
		if f.req != "" || len(b)-off-h.size < least(h) {
			return len(b)
		}
		off += h.size
		switch h.kind {
		case ValueStr, ValueBin:
			off += int(h.n)
		case ValueArray, ValueMap:
			owed += least(h)
		}
	}
	return off
}
