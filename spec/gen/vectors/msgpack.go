package main

import "math"

// MessagePack by hand: the vectors judge an encoder, so none may have made them.

func mpInt(n int64) hexed {
	switch {
	case n >= 0 && n <= math.MaxInt8:
		return u8(uint8(n))
	case n >= 0 && n <= math.MaxUint8:
		return "cc" + u8(uint8(n))
	case n >= 0 && n <= math.MaxUint16:
		return "cd" + u16(uint16(n))
	case n >= 0 && n <= math.MaxUint32:
		return "ce" + u32(uint32(n))
	case n >= 0:
		return "cf" + u64(uint64(n))
	case n >= -32:
		return u8(uint8(n))
	case n >= math.MinInt8:
		return "d0" + u8(uint8(n))
	case n >= math.MinInt16:
		return "d1" + u16(uint16(n))
	case n >= math.MinInt32:
		return "d2" + u32(uint32(n))
	default:
		return "d3" + u64(uint64(n))
	}
}

func mpStr(s string) hexed {
	switch n := len(s); {
	case n < 32:
		return u8(0xa0+uint8(n)) + text(s)
	case n < 1<<8:
		return "d9" + u8(uint8(n)) + text(s)
	default:
		return "da" + u16(uint16(n)) + text(s)
	}
}

func mpBin(data hexed) hexed {
	if n := data.len(); n < 1<<8 {
		return "c4" + u8(uint8(n)) + data
	} else {
		return "c5" + u16(uint16(n)) + data
	}
}

func mpArrayHeader(n int) hexed {
	if n < 16 {
		return u8(0x90 + uint8(n))
	}
	return "dc" + u16(uint16(n))
}

func mpMapHeader(n int) hexed {
	if n < 16 {
		return u8(0x80 + uint8(n))
	}
	return "de" + u16(uint16(n))
}

func mpArray(elements ...hexed) hexed {
	return join(append([]hexed{mpArrayHeader(len(elements))}, elements...)...)
}

func mpInts(list ...uint16) hexed {
	h := mpArrayHeader(len(list))
	for _, n := range list {
		h = join(h, mpInt(int64(n)))
	}
	return h
}

func mpStrs(list ...string) hexed {
	h := mpArrayHeader(len(list))
	for _, s := range list {
		h = join(h, mpStr(s))
	}
	return h
}

// entry is one entry of a map: a key with its value, and what the value is in the JSON form of the whole. Keys that a receiver does
// not know have no form.
type entry struct {
	key   string
	value hexed
	form  any
}

// body is a map, in the order of its bytes.
type body []entry

func (b body) hexed() hexed {
	h := mpMapHeader(len(b))
	for _, e := range b {
		h = join(h, mpStr(e.key), e.value)
	}
	return h
}

// with gives a copy in which the key has another value; a new key comes where it belongs.
func (b body) with(key string, value hexed, form any) body {
	var out body
	done := false
	for _, e := range b {
		if !done && e.key >= key {
			out = append(out, entry{key, value, form})
			done = true
		}
		if e.key != key {
			out = append(out, e)
		}
	}
	if !done {
		out = append(out, entry{key, value, form})
	}
	return out
}

func (b body) without(key string) body {
	var out body
	for _, e := range b {
		if e.key != key {
			out = append(out, e)
		}
	}
	return out
}

// padded gives a copy of n bytes, by a key that nobody knows and that has at least 256 bytes.
func (b body) padded(n int) body {
	pad := func(size int) body { return b.with("pad", mpBin(rep("00", size)), nil) }
	return pad(256 + n - pad(256).hexed().len())
}

// form gives the JSON form of a key, nil if it is absent.
func (b body) form(key string) any {
	for _, e := range b {
		if e.key == key {
			return e.form
		}
	}
	return nil
}

// start gives the place of an entry in the map, which is that of its key.
func (b body) start(i int) int {
	at := mpMapHeader(len(b)).len()
	for _, e := range b[:i] {
		at += mpStr(e.key).len() + e.value.len()
	}
	return at
}

// offset gives the place of a key's value in the map.
func (b body) offset(key string) int {
	for i, e := range b {
		if e.key == key {
			return b.start(i) + mpStr(key).len()
		}
	}
	panic("no key " + key + " in a table")
}
