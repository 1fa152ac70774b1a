package codec

import (
	"encoding/binary"
	"math"
)

// The functions of this file append one value, or the header of one, to b in its only form in the profile, and return the
// longer slice as append does. They are written by hand because msgpack/v5's Encoder writes through an interface to an
// io.Writer and keeps its own buffer: both escape, so that a message would cost two allocations or a visit to a
// pool; it also turns a nil []byte into nil instead of an empty bin. A test holds both encoders to the same bytes.
//
// They cannot fail, and so do not enforce the profile: callers check limits, UTF-8 and the order of keys first, or
// use AppendValue. What is over a limit is written as it is, and the receiver refuses it. A length that does not fit into 32
// bits or is negative becomes the byte C1, which no reader accepts: a wrapped length would let contents pass for values.

const never = 0xc1

// AppendNil appends nil.
func AppendNil(b []byte) []byte { return append(b, 0xc0) }

// AppendBool appends a bool.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 0xc3)
	}
	return append(b, 0xc2)
}

// AppendInt appends an int in its shortest form (MP-003).
func AppendInt(b []byte, n int64) []byte {
	switch {
	case n >= 0:
		return AppendUint(b, uint64(n))
	case n >= -32:
		return append(b, byte(n))
	case n >= math.MinInt8:
		return append(b, 0xd0, byte(n))
	case n >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(b, 0xd1), uint16(n))
	case n >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(b, 0xd2), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 0xd3), uint64(n))
	}
}

// AppendUint appends an int in its shortest form (MP-003). Above 2^63-1 it is outside the profile (MP-002): numbers that may
// be so large travel in fixed fields or as bin.
func AppendUint(b []byte, n uint64) []byte {
	switch {
	case n <= math.MaxInt8:
		return append(b, byte(n))
	case n <= math.MaxUint8:
		return append(b, 0xcc, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 0xcf), n)
	}
}

// AppendStr appends a str: valid UTF-8 without U+0000 (MP-005), at most 4,096 bytes (MP-006).
func AppendStr[S ~string | ~[]byte](b []byte, s S) []byte {
	n := len(s)
	switch {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n <= math.MaxUint8:
		b = append(b, 0xd9, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	case uint64(n) <= math.MaxUint32:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	default:
		return append(b, never)
	}
	return append(b, s...)
}

// AppendBin appends a bin of at most 65,535 bytes (MP-006). A nil slice is an empty bin.
func AppendBin(b, data []byte) []byte {
	n := len(data)
	switch {
	case n <= math.MaxUint8:
		b = append(b, 0xc4, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xc5), uint16(n))
	case uint64(n) <= math.MaxUint32:
		b = binary.BigEndian.AppendUint32(append(b, 0xc6), uint32(n))
	default:
		return append(b, never)
	}
	return append(b, data...)
}

// AppendArrayHeader appends the header of an array of n elements, at most 1,024 (MP-006). The caller appends them.
func AppendArrayHeader(b []byte, n int) []byte { return appendCount(b, n, 0x90, 0xdc) }

// AppendMapHeader appends the header of a map of n entries, at most 256 (MP-006). The caller appends key and value of each,
// keys strictly ascending by their bytes (MP-010).
func AppendMapHeader(b []byte, n int) []byte { return appendCount(b, n, 0x80, 0xde) }

// appendCount appends a container's header; wide is the first byte of the 16-bit form, the next one that of the 32-bit form.
func appendCount(b []byte, n int, fix, wide byte) []byte {
	switch {
	case n < 0 || uint64(n) > math.MaxUint32:
		return append(b, never)
	case n < 16:
		return append(b, fix|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, wide), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(b, wide+1), uint32(n))
	}
}
