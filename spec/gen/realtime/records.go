package main

import (
	"encoding/hex"
	"strings"
)

// The parts of the example of the page.
const (
	cluster = "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"
	users   = "7573657273" // "users"
	ann     = "616e6e"     // "ann"
	// object is the example of objects.md.
	object = "0100000200020000" + "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a10000000000000002" + "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b20000000000000007" +
		"0000000000000001000000000000000276" + "00010100000000000000000000000007"
	example = "0100010500030000" + cluster + users + ann + object
)

func text(s string) string { return hex.EncodeToString([]byte(s)) }

// of gives a value.
func of(path []string, namespace, key, object string) *value {
	return &value{Kind: "OBJECT", Path: path, Namespace: namespace, Key: key, Object: object}
}

func records() []vector {
	sixteen := strings.Repeat(cluster, 16)
	var sixteenPath []string
	for range 16 {
		sixteenPath = append(sixteenPath, cluster)
	}
	name64, key1024 := strings.Repeat("n", 64), strings.Repeat("6b", 1024)
	one := []string{cluster}
	accepted := []vector{
		{ID: "record/example", Req: []string{"REAL-001", "REAL-004"}, Title: "the example of the page", In: example, Value: of(one, "users", ann, object)},
		{ID: "record/two-hops", Req: []string{"REAL-004", "REAL-016"}, Title: "two clusters, the sender last", In: "0100020500030000" + "d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2" + cluster + users + ann + object,
			Value: of([]string{"d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2", cluster}, "users", ann, object)},
		{ID: "record/sixteen-hops", Req: []string{"REAL-003", "REAL-004"}, Title: "the longest path", In: "0100100500030000" + sixteen + users + ann + object, Value: of(sixteenPath, "users", ann, object)},
		{ID: "record/shortest", Req: []string{"REAL-004", "OBJ-017"}, Title: "one byte of everything", In: "0100010100010000" + cluster + "61" + "00" + "01", Value: of(one, "a", "00", "01")},
		{ID: "record/long-namespace", Req: []string{"OBJ-017"}, Title: "a namespace of 64 bytes", In: "0100014000030000" + cluster + text(name64) + ann + object, Value: of(one, name64, ann, object)},
		{ID: "record/long-key", Req: []string{"OBJ-017"}, Title: "a key of 1,024 bytes", In: "0100010504000000" + cluster + users + key1024 + object, Value: of(one, "users", key1024, object)},
		{ID: "record/every-character", Req: []string{"OBJ-017"}, Title: "the characters of a namespace at the ends of their ranges", In: "0100010700030000" + cluster + text("az09._-") + ann + object, Value: of(one, "az09._-", ann, object)},
		{ID: "record/key-of-any-bytes", Req: []string{"OBJ-017"}, Title: "a key that is no text", In: "0100010500030000" + cluster + users + "00ff80" + object, Value: of(one, "users", "00ff80", object)},
		{ID: "record/no-object", Req: []string{"REAL-004"}, Title: "an object that objects.md refuses is the store's affair", In: "0100010500030000" + cluster + users + ann + "00", Value: of(one, "users", ann, "00")},
		{ID: "record/reserved-byte", Req: []string{"REAL-006"}, Title: "the reserved byte is ignored", In: "01ff010500030000" + cluster + users + ann + object, Value: of(one, "users", ann, object), Noncanonical: true},
		{ID: "record/reserved-u16", Req: []string{"REAL-006"}, Title: "the reserved two bytes are ignored", In: "010001050003ffff" + cluster + users + ann + object, Value: of(one, "users", ann, object), Noncanonical: true},
		{ID: "record/cluster-twice", Req: []string{"REAL-004"}, Title: "a cluster may stand in a path twice", In: "0100020500030000" + cluster + cluster + users + ann + object, Value: of([]string{cluster, cluster}, "users", ann, object)},
	}
	rejected := []vector{
		{ID: "record/empty", Title: "no bytes", In: "", Error: &fault{"REAL-004", 0}, Twin: "record/shortest"},
		{ID: "record/head-cut", Title: "seven bytes", In: "01000105000300", Error: &fault{"REAL-004", 7}, Twin: "record/example"},
		{ID: "record/head-alone", Title: "nothing behind the head", In: "0100010500030000", Error: &fault{"REAL-004", 8}, Twin: "record/example"},
		{ID: "record/kind-0", Title: "kind 0", In: "00" + example[2:], Error: &fault{"REAL-004", 0}, Twin: "record/example"},
		{ID: "record/kind-3", Title: "kind 3", In: "03" + example[2:], Error: &fault{"REAL-004", 0}, Twin: "record/example"},
		{ID: "record/no-hops", Title: "a path of no cluster", In: "0100000500030000" + users + ann + object, Error: &fault{"REAL-004", 2}, Twin: "record/example"},
		{ID: "record/seventeen-hops", Title: "a path of 17 clusters", In: "0100110500030000" + sixteen + cluster + users + ann + object, Error: &fault{"REAL-004", 2}, Twin: "record/sixteen-hops"},
		{ID: "record/no-namespace", Title: "a namespace of no bytes", In: "0100010000030000" + cluster + ann + object, Error: &fault{"OBJ-017", 3}, Twin: "record/example"},
		{ID: "record/namespace-65", Title: "a namespace of 65 bytes", In: "0100014100030000" + cluster + text(name64+"n") + ann + object, Error: &fault{"OBJ-017", 3}, Twin: "record/long-namespace"},
		{ID: "record/namespace-upper", Title: "a capital letter in a namespace", In: "0100010500030000" + cluster + text("Users") + ann + object, Error: &fault{"OBJ-017", 24}, Twin: "record/example"},
		{ID: "record/namespace-slash", Title: "a slash in a namespace", In: "0100010500030000" + cluster + text("us/rs") + ann + object, Error: &fault{"OBJ-017", 24}, Twin: "record/example"},
		{ID: "record/namespace-utf8", Title: "a character beyond ASCII in a namespace", In: "0100010500030000" + cluster + text("usér") + ann + object, Error: &fault{"OBJ-017", 24}, Twin: "record/example"},
		{ID: "record/no-key", Title: "a key of no bytes", In: "0100010500000000" + cluster + users + object, Error: &fault{"OBJ-017", 4}, Twin: "record/example"},
		{ID: "record/key-1025", Title: "a key of 1,025 bytes", In: "0100010504010000" + cluster + users + key1024 + "6b" + object, Error: &fault{"OBJ-017", 4}, Twin: "record/long-key"},
		{ID: "record/ends-at-object", Title: "nothing where the object is", In: "0100010500030000" + cluster + users + ann, Error: &fault{"REAL-004", 32}, Twin: "record/no-object"},
		{ID: "record/ends-in-key", Title: "the key is cut", In: "0100010500030000" + cluster + users + "616e", Error: &fault{"REAL-004", 31}, Twin: "record/no-object"},
	}
	for i := range accepted {
		accepted[i].Verdict = "accept"
	}
	for i := range rejected {
		rejected[i].Verdict, rejected[i].Req = "reject", []string{rejected[i].Error.Req}
	}
	return append(append(accepted, rejected...), parts()...)
}

// parts are PARTs. Their OBJECT is the example, which nobody would cut.
func parts() []vector {
	const id, total = "1011121314151617", "0000000000000079"
	head := func(total, offset string) string { return "0200000000000000" + id + total + offset }
	of := func(total, offset, bytes string) *value {
		return &value{Kind: "PART", ID: id, Total: total, Offset: offset, Bytes: bytes}
	}
	const at0, at100 = "0000000000000000", "0000000000000064"
	whole := head(total, at0) + example
	accepted := []vector{
		{ID: "record/part-whole", Req: []string{"REAL-027"}, Title: "a PART that is all of its OBJECT", In: whole, Value: of("121", "0", example)},
		{ID: "record/part-first", Req: []string{"REAL-027"}, Title: "the first 100 bytes", In: head(total, at0) + example[:200], Value: of("121", "0", example[:200])},
		{ID: "record/part-last", Req: []string{"REAL-027"}, Title: "the bytes behind them", In: head(total, at100) + example[200:], Value: of("121", "100", example[200:])},
		{ID: "record/part-one-byte", Req: []string{"REAL-029"}, Title: "one byte at the end of the longest total", In: head("7fffffffffffffff", "7ffffffffffffffe") + "00", Value: of("9223372036854775807", "9223372036854775806", "00")},
		{ID: "record/part-reserved", Req: []string{"REAL-006"}, Title: "the reserved seven bytes are ignored", In: "02ffffffffffffff" + whole[16:], Value: of("121", "0", example), Noncanonical: true},
	}
	rejected := []vector{
		{ID: "record/part-head-cut", Title: "31 bytes", In: whole[:62], Error: &fault{"REAL-029", 31}, Twin: "record/part-whole"},
		{ID: "record/part-empty", Title: "a PART without bytes", In: whole[:64], Error: &fault{"REAL-029", 32}, Twin: "record/part-whole"},
		{ID: "record/part-beyond", Title: "one byte more than its total", In: whole + "00", Error: &fault{"REAL-029", 24}, Twin: "record/part-whole"},
		{ID: "record/part-offset-beyond", Title: "an offset above its total", In: head(total, "000000000000007a") + "00", Error: &fault{"REAL-029", 24}, Twin: "record/part-last"},
		{ID: "record/part-total-64-bits", Title: "a total above 2^63-1", In: head("ffffffffffffffff", at0) + "00", Error: &fault{"REAL-029", 24}, Twin: "record/part-one-byte"},
	}
	for i := range accepted {
		accepted[i].Verdict = "accept"
	}
	for i := range rejected {
		rejected[i].Verdict, rejected[i].Req = "reject", []string{rejected[i].Error.Req}
	}
	return append(accepted, rejected...)
}
