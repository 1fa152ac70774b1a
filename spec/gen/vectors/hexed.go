package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
)

// hexed is bytes as a person writes them: hexadecimal, with spaces where parts meet. The generator works on this form, so that a
// vector shows the parts that it was made of.
type hexed string

// bytes gives the bytes. A table with a slip in it stops the generator.
func (h hexed) bytes() []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(string(h), " ", ""))
	if err != nil {
		panic(fmt.Sprintf("bad hexadecimal in a table: %v in %.80s", err, h))
	}
	return b
}

func (h hexed) len() int { return len(h.bytes()) }

// plain gives the form without spaces, which is that of bytes in values.
func (h hexed) plain() string { return hex.EncodeToString(h.bytes()) }

// cut takes the last n bytes away.
func (h hexed) cut(n int) hexed {
	b := h.bytes()
	return raw(b[:len(b)-n])
}

// join puts parts behind each other, with a space between.
func join(parts ...hexed) hexed {
	var words []string
	for _, p := range parts {
		if p != "" {
			words = append(words, string(p))
		}
	}
	return hexed(strings.Join(words, " "))
}

func raw(b []byte) hexed { return hexed(hex.EncodeToString(b)) }

// text gives the bytes of s.
func text(s string) hexed { return raw([]byte(s)) }

// rep repeats a part, without spaces.
func rep(h hexed, n int) hexed { return hexed(strings.Repeat(h.plain(), n)) }

func u8(n uint8) hexed   { return raw([]byte{n}) }
func u16(n uint16) hexed { return raw(binary.BigEndian.AppendUint16(nil, n)) }
func u32(n uint32) hexed { return raw(binary.BigEndian.AppendUint32(nil, n)) }
func u64(n uint64) hexed { return raw(binary.BigEndian.AppendUint64(nil, n)) }

// crc32c is the checksum of the wire.
func crc32c(parts ...hexed) uint32 {
	return crc32.Checksum(join(parts...).bytes(), crc32.MakeTable(crc32.Castagnoli))
}

// crcIEEE is the checksum that most libraries call CRC-32.
func crcIEEE(parts ...hexed) uint32 { return crc32.ChecksumIEEE(join(parts...).bytes()) }

// flipped changes the lowest bit.
func flipped(sum uint32) uint32 { return sum ^ 1 }
