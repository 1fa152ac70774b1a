package fast

import "unicode/utf8"

// Checksum is one of the two checksums of payloads.
type Checksum uint8

// The checksums. Old is CRC-16/XMODEM over the low byte of each UTF-16 code unit of the text, which is how the first releases
// called their CRC library. New is CRC-16/ARC over the bytes.
const (
	Old Checksum = 1
	New Checksum = 2
)

// String gives the name that node-fast uses.
func (c Checksum) String() string {
	if c == Old {
		return "old"
	}
	return "new"
}

// sum gives the checksum of a text in UTF-8.
func (c Checksum) sum(text []byte) uint32 {
	if c == Old {
		return uint32(oldSum(text))
	}
	return uint32(newSum(text))
}

// The tables of the two polynomials. Index 0 is for one byte, index k for one that k more bytes follow.
var xmodem, arc = tables()

func tables() (x, a [4][256]uint16) {
	for n := range 256 {
		c, d := uint16(n)<<8, uint16(n)
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x1021
			} else {
				c <<= 1
			}
			if d&1 != 0 {
				d = d>>1 ^ 0xA001
			} else {
				d >>= 1
			}
		}
		x[0][n], a[0][n] = c, d
	}
	for k := 1; k < 4; k++ {
		for n := range 256 {
			c, d := x[k-1][n], a[k-1][n]
			x[k][n] = c<<8 ^ x[0][c>>8]
			a[k][n] = d>>8 ^ a[0][d&0xFF]
		}
	}
	return x, a
}

// newSum is CRC-16/ARC.
func newSum(b []byte) uint16 {
	var c uint16
	for len(b) >= 4 {
		c ^= uint16(b[0]) | uint16(b[1])<<8
		c = arc[3][c&0xFF] ^ arc[2][c>>8] ^ arc[1][b[2]] ^ arc[0][b[3]]
		b = b[4:]
	}
	for _, x := range b {
		c = c>>8 ^ arc[0][byte(c)^x]
	}
	return c
}

// oldSum is CRC-16/XMODEM over the low bytes of the UTF-16 code units of text. Bytes that are not UTF-8 count as U+FFFD each.
func oldSum(text []byte) uint16 {
	var c uint16
	for len(text) > 0 {
		for len(text) >= 4 && (text[0]|text[1]|text[2]|text[3]) < utf8.RuneSelf {
			c ^= uint16(text[0])<<8 | uint16(text[1])
			c = xmodem[3][c>>8] ^ xmodem[2][c&0xFF] ^ xmodem[1][text[2]] ^ xmodem[0][text[3]]
			text = text[4:]
		}
		if len(text) == 0 {
			break
		}
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if r >= 0x10000 { // a pair of surrogates
			r -= 0x10000
			c = c<<8 ^ xmodem[0][byte(c>>8)^byte(r>>10)]
		}
		c = c<<8 ^ xmodem[0][byte(c>>8)^byte(r)]
	}
	return c
}
