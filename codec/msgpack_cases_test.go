package codec

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// hx joins hex strings (spaces are ignored).
func hx(parts ...string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		panic("bad hex in a test: " + err.Error())
	}
	return b
}

// cat joins bytes.
func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// rep repeats bytes given in hex.
func rep(s string, n int) []byte { return bytes.Repeat(hx(s), n) }

// mapOf gives a map of n entries whose keys ascend and whose values are nil.
func mapOf(n int) []byte {
	b := AppendMapHeader(nil, n)
	for i := range n {
		b = AppendNil(AppendStr(b, fmt.Sprintf("%04d", i)))
	}
	return b
}

// valuesOf gives a body of exactly n values, n at least 6 and at most 5126.
func valuesOf(n int) []byte {
	b := AppendArrayHeader(nil, 5)
	left := n - 6
	for range 5 {
		m := min(left, MsgpackMaxArray)
		b = cat(AppendArrayHeader(b, m), rep("c0", m))
		left -= m
	}
	return b
}

type refusal struct {
	req    string
	name   string
	refuse []byte
	off    int
	accept []byte // the twin without the fault
}

func refusals() []refusal {
	long := func(n int) []byte { return rep("61", n) }
	return []refusal{
		{"MP-001", "never used", hx("c1"), 0, hx("c0")},
		{"MP-001", "float 32", hx("ca 3f800000"), 0, hx("ce 3f800000")},
		{"MP-001", "float 64", hx("cb 3ff0000000000000"), 0, hx("cf 3ff0000000000000")},
		{"MP-001", "fixext 1", hx("d4 05 00"), 0, hx("92 05 00")},
		{"MP-001", "fixext 2", hx("d5 05 0000"), 0, hx("93 05 0000")},
		{"MP-001", "fixext 4, a timestamp", hx("d6 ff 00000000"), 0, hx("95 ff 00000000")},
		{"MP-001", "fixext 8", hx("d7 05 0000000000000000"), 0, hx("99 05 0000000000000000")},
		{"MP-001", "fixext 16", cat(hx("d8 05"), rep("00", 16)), 0, cat(hx("dc 0011 05"), rep("00", 16))},
		{"MP-001", "ext 8", hx("c7 01 05 00"), 0, hx("c4 02 05 00")},
		{"MP-001", "ext 16", hx("c8 0001 05 00"), 0, hx("c4 02 05 00")},
		{"MP-001", "ext 32", hx("c9 00000001 05 00"), 0, hx("c4 02 05 00")},
		{"MP-001", "float in an array", hx("92 c0 ca3f800000"), 2, hx("92 c0 ce3f800000")},
		{"MP-001", "float as a key", hx("81 ca3f800000 c0"), 1, hx("81 a43f3f3f3f c0")},

		{"MP-002", "2^63", hx("cf 8000000000000000"), 0, hx("cf 7fffffffffffffff")},
		{"MP-002", "2^64-1 in a map", hx("81 a161 cf ffffffffffffffff"), 3, hx("81 a161 cf 7fffffffffffffff")},

		{"MP-003", "uint 8", hx("cc 7f"), 0, hx("cc 80")},
		{"MP-003", "uint 16", hx("cd 00ff"), 0, hx("cd 0100")},
		{"MP-003", "uint 32", hx("ce 0000ffff"), 0, hx("ce 00010000")},
		{"MP-003", "uint 64", hx("cf 00000000ffffffff"), 0, hx("cf 0000000100000000")},
		{"MP-003", "int 8", hx("d0 e0"), 0, hx("d0 df")},
		{"MP-003", "int 16", hx("d1 ff80"), 0, hx("d1 ff7f")},
		{"MP-003", "int 32", hx("d2 ffff8000"), 0, hx("d2 ffff7fff")},
		{"MP-003", "int 64", hx("d3 ffffffff80000000"), 0, hx("d3 ffffffff7fffffff")},
		{"MP-003", "positive int 8", hx("d0 7f"), 0, hx("d0 80")},
		{"MP-003", "zero int 8", hx("d0 00"), 0, hx("00")},
		{"MP-003", "positive int 16, shorter than its uint is not", hx("d1 0100"), 0, hx("cd 0100")},
		{"MP-003", "positive int 32", hx("d2 00010000"), 0, hx("ce 00010000")},
		{"MP-003", "positive int 64", hx("d3 7fffffffffffffff"), 0, hx("d3 8000000000000000")},
		{"MP-003", "second element", hx("92 c0 cc 7f"), 2, hx("92 c0 cc 80")},

		{"MP-004", "str 8", cat(hx("d9 1f"), long(31)), 0, cat(hx("d9 20"), long(32))},
		{"MP-004", "empty str 8", hx("d9 00"), 0, hx("a0")},
		{"MP-004", "str 16", cat(hx("da 00ff"), long(255)), 0, cat(hx("da 0100"), long(256))},
		{"MP-004", "str 32", cat(hx("db 00001000"), long(4096)), 0, cat(hx("da 1000"), long(4096))},
		{"MP-004", "bin 16", cat(hx("c5 00ff"), long(255)), 0, cat(hx("c5 0100"), long(256))},
		{"MP-004", "bin 32", cat(hx("c6 0000ffff"), long(65535)), 0, cat(hx("c5 ffff"), long(65535))},
		{"MP-004", "array 16", cat(hx("dc 000f"), rep("c0", 15)), 0, cat(hx("dc 0010"), rep("c0", 16))},
		{"MP-004", "array 32", cat(hx("dd 00000010"), rep("c0", 16)), 0, cat(hx("dc 0010"), rep("c0", 16))},
		{"MP-004", "map 16", cat(hx("de 000f"), mapOf(15)[1:]), 0, mapOf(15)},
		{"MP-004", "map 32", cat(hx("df 00000010"), mapOf(16)[3:]), 0, mapOf(16)},
		{"MP-004", "key", hx("81 d901 61 c0"), 1, hx("81 a161 c0")},

		{"MP-005", "byte ff", hx("a1 ff"), 0, hx("a1 7f")},
		{"MP-005", "cut sequence", hx("a2 c3 61"), 0, hx("a2 c3 a9")},
		{"MP-005", "overlong", hx("a2 c0 80"), 0, hx("a2 c2 80")},
		{"MP-005", "surrogate", hx("a3 ed a0 80"), 0, hx("a3 ed 9f bf")},
		{"MP-005", "above 10ffff", hx("a4 f4 90 80 80"), 0, hx("a4 f4 8f bf bf")},
		{"MP-005", "nul", hx("a3 61 00 62"), 0, hx("a3 61 01 62")},
		{"MP-005", "nul in a key", hx("81 a2 61 00 c0"), 1, hx("81 a2 61 01 c0")},
		{"MP-005", "not in a bin", hx("92 c401ff a1ff"), 4, hx("92 c401ff a17f")},

		{"MP-006", "str", cat(hx("da 1001"), long(4097)), 0, cat(hx("da 1000"), long(4096))},
		{"MP-006", "str 32", cat(hx("db 00010000"), long(65536)), 0, cat(hx("da 1000"), long(4096))},
		{"MP-006", "bin", cat(hx("c6 00010000"), long(65536)), 0, cat(hx("c5 ffff"), long(65535))},
		{"MP-006", "array", cat(hx("dc 0401"), rep("c0", 1025)), 0, cat(hx("dc 0400"), rep("c0", 1024))},
		{"MP-006", "array 32", cat(hx("dd 00010000"), rep("c0", 65536)), 0, cat(hx("dc 0400"), rep("c0", 1024))},
		{"MP-006", "map", mapOf(257), 0, mapOf(256)},

		{"MP-007", "arrays", cat(rep("91", 9), hx("c0")), 8, cat(rep("91", 8), hx("c0"))},
		{"MP-007", "empty array", cat(rep("91", 8), hx("90")), 8, cat(rep("91", 7), hx("90"))},
		{"MP-007", "empty map in place of a nil", cat(rep("91", 8), hx("80")), 8, cat(rep("91", 8), hx("c0"))},
		{"MP-007", "map", cat(rep("91", 8), hx("81 a161 c0")), 8, cat(rep("91", 7), hx("81 a161 c0"))},
		{"MP-007", "maps", cat(rep("81a161", 9), hx("c0")), 24, cat(rep("81a161", 8), hx("c0"))},
		{"MP-007", "second branch", cat(hx("92"), rep("91", 7), hx("c0"), rep("91", 8), hx("c0")), 16, cat(hx("92"), rep("91", 7), hx("c0"), rep("91", 7), hx("c0"))},

		{"MP-008", "4097 values", valuesOf(4097), 5 + 4*3 + len(valuesOf(4096)) - 17, valuesOf(4096)},

		{"MP-009", "int", hx("81 01 c0"), 1, hx("81 a101 c0")},
		{"MP-009", "nil", hx("81 c0 c0"), 1, hx("81 a130 c0")},
		{"MP-009", "bin", hx("81 c40161 c0"), 1, hx("81 a161 c0")},
		{"MP-009", "array", hx("81 90 c0"), 1, hx("81 a161 c0")},
		{"MP-009", "map", hx("81 80 c0"), 1, hx("81 a161 c0")},
		{"MP-009", "empty", hx("81 a0 c0"), 1, hx("81 a161 c0")},
		{"MP-009", "65 bytes", cat(hx("81 d941"), long(65), hx("c0")), 1, cat(hx("81 d940"), long(64), hx("c0"))},
		{"MP-009", "second key", hx("82 a161c0 01c0"), 4, hx("82 a161c0 a162c0")},

		{"MP-010", "descending", hx("82 a162c0 a161c0"), 4, hx("82 a161c0 a162c0")},
		{"MP-010", "prefix after the longer", hx("82 a26161c0 a161c0"), 5, hx("82 a161c0 a26161c0")},
		{"MP-010", "by length, as old CBOR has it", hx("82 a162c0 a26161c0"), 4, hx("82 a26161c0 a162c0")},
		{"MP-010", "by UTF-16, as Java and JavaScript have it", hx("82 a4f0908080c0 a3efbfbdc0"), 7, hx("82 a3efbfbdc0 a4f0908080c0")},
		{"MP-010", "signed bytes", hx("82 a2c3a9c0 a161c0"), 5, hx("82 a161c0 a2c3a9c0")},
		{"MP-010", "behind a nested map", hx("82 a162 81a161c0 a161c0"), 7, hx("82 a162 81a161c0 a163c0")},
		{"MP-010", "repeated later", hx("83 a161c0 a162c0 a161c0"), 7, hx("83 a161c0 a162c0 a163c0")},

		{"MP-011", "neighbours", hx("82 a161c0 a161c0"), 4, hx("82 a161c0 a162c0")},
		{"MP-011", "other values", hx("82 a16101 a16102"), 4, hx("82 a16101 a16202")},
		{"MP-011", "nested", hx("91 82 a161c0 a161c0"), 5, hx("91 82 a161c0 a162c0")},

		{"MP-012", "second value", hx("c0 c0"), 1, hx("c0")},
		{"MP-012", "never-used byte", hx("80 c1"), 1, hx("80")},
		{"MP-012", "behind a map", hx("81 a161c0 00"), 4, hx("81 a161c0")},

		{"MP-013", "nothing", hx(""), 0, hx("c0")},
		{"MP-013", "header cut", hx("cd 01"), 0, hx("cd 0100")},
		{"MP-013", "only a first byte", hx("dd"), 0, hx("90")},
		{"MP-013", "str", hx("a2 61"), 0, hx("a2 6161")},
		{"MP-013", "bin", hx("c402 61"), 0, hx("c402 6161")},
		{"MP-013", "array", hx("93 c0 c0"), 0, hx("93 c0 c0 c0")},
		{"MP-013", "inner array", hx("92 92 c0"), 1, hx("92 91 c0 c0")},
		{"MP-013", "map needs two bytes an entry", hx("82 a161c0"), 0, hx("82 a161c0 a162c0")},
		{"MP-013", "map", hx("82 a161"), 0, hx("81 a161c0")},
		{"MP-013", "later element missing", hx("92 cd0100"), 4, hx("92 cd0100 c0")},
		{"MP-013", "value missing", hx("81 a161"), 3, hx("81 a161 c0")},
	}
}
