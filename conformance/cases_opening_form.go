package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"handfast/codec"
)

// headerCases are about length, checksum and body of an opening that begins as one of this protocol.
func headerCases() []Case {
	whole := padded(codec.MaxOpeningBody)
	huge := func(length uint32) edit {
		return func(p Packet) Packet {
			return header(16, binary.BigEndian.AppendUint32(nil, length)...)(p).Truncate("the header alone", codec.OpeningSize)
		}
	}
	cases := refusals(codec.CodeFrameSize,
		refused{"opening/body-too-long", "HELLO-007", "with a body of 16,385 bytes", whole, padded(codec.MaxOpeningBody + 1)},
		refused{"opening/length-too-long", "HELLO-007", "whose length is 16,385, and whose body has not arrived,", whole, huge(codec.MaxOpeningBody + 1)},
		refused{"opening/length-four-gibibytes", "HELLO-007", "whose length is FFFFFFFF", whole, huge(0xFFFFFFFF)},
	)
	cases = append(cases, refusals(codec.CodeHeaderCRC,
		refused{"opening/checksum-wrong", "HELLO-008", "with one bit of its checksum changed", same, flip(20)},
		refused{"opening/checksum-zero", "HELLO-008", "whose checksum is zero", same, func(p Packet) Packet { return p.Set("", 20, 0, 0, 0, 0) }},
		refused{"opening/header-damaged", "HELLO-008", "with one bit of its flags changed on the way", then(flip(9), Packet.Reseal), flip(9)},
		refused{"opening/body-damaged", "HELLO-008", "with one letter of its body changed on the way", then(misspelt, Packet.Reseal), misspelt},
	)...)
	return append(cases, refusals(codec.CodeEncoding,
		refused{"opening/body-empty", "HELLO-009", "without a body", same, body()},
		refused{"opening/body-nil", "HELLO-009", "whose body is nil", same, body(0xC0)},
		refused{"opening/body-array", "HELLO-009", "whose body is an array", same, body(0x90)},
		refused{"opening/body-cut-short", "HELLO-009", "whose body ends before its map does", same, shortened},
		refused{"opening/body-float", "HELLO-009", "with a float under a key that nobody knows", unknown(0x00), unknown(0xCA, 0, 0, 0, 0)},
	)...)
}

// flip changes the lowest bit of a byte, and no checksum.
func flip(off int) edit {
	return func(p Packet) Packet { return p.Flip("one bit", off, 0x01) }
}

// misspelt changes a letter of sw, and no checksum.
func misspelt(p Packet) Packet { return flip(bytes.Index(p.bytes, []byte("conform")))(p) }

// shortened leaves out the last byte of a body.
func shortened(p Packet) Packet {
	return p.Payload("the last byte is missing", func(b []byte) []byte { return b[:len(b)-1] })
}

// missingKeyCases leave out each required key.
func missingKeyCases() []Case {
	var cases []Case
	for _, key := range []string{"caps", "cluster", "incarnation", "limits", "need", "node", "nonce", "protos", "vers"} {
		cases = append(cases, refusals(codec.CodeEncoding, refused{"opening/without-" + key, "HELLO-010", "without " + key, same, drop(key)})...)
	}
	return cases
}

// wrongKeyCases give keys of HELLO a value of another type or size than the table of chapter 4 says.
func wrongKeyCases() []Case {
	const req = "HELLO-010"
	bin := func(n int) []byte { return bytes.Repeat([]byte{0x5A}, n) }
	str := func(n int) string { return strings.Repeat("x", n) }
	return refusals(codec.CodeEncoding,
		refused{"opening/caps-array", req, "whose caps are an array", same, put("caps", []any{})},
		refused{"opening/cluster-short", req, "whose cluster has 15 bytes", put("cluster", bin(16)), put("cluster", bin(15))},
		refused{"opening/cluster-long", req, "whose cluster has 17 bytes", put("cluster", bin(16)), put("cluster", bin(17))},
		refused{"opening/cluster-str", req, "whose cluster is a str", put("cluster", bin(16)), put("cluster", str(16))},
		refused{"opening/cluster-name-long", req, "whose cluster_name has 65 bytes", put("cluster_name", str(64)), put("cluster_name", str(65))},
		refused{"opening/cluster-name-bin", req, "whose cluster_name is a bin", put("cluster_name", str(4)), put("cluster_name", bin(4))},
		refused{"opening/incarnation-negative", req, "whose incarnation is -1", put("incarnation", 0), put("incarnation", -1)},
		refused{"opening/incarnation-str", req, "whose incarnation is a str", put("incarnation", 1), put("incarnation", "1")},
		refused{"opening/limits-array", req, "whose limits are an array", put("limits", map[string]any{}), put("limits", []any{})},
		refused{"opening/limit-str", req, "with a limit that is a str", putIn("limits", "streams", 256), putIn("limits", "streams", "256")},
		refused{"opening/limit-negative", req, "with a limit of -1", putIn("limits", "streams", 256), putIn("limits", "streams", -1)},
		refused{"opening/need-map", req, "whose need is a map", put("need", []any{}), put("need", map[string]any{})},
		refused{"opening/need-of-ints", req, "whose need holds an int", put("need", []any{"probe.and"}), put("need", []any{1})},
		refused{"opening/need-too-long", req, "whose need has 65 entries", put("need", needs(64)), put("need", needs(65))},
		refused{"opening/node-short", req, "whose node has 15 bytes", put("node", bin(16)), put("node", bin(15))},
		refused{"opening/node-long", req, "whose node has 17 bytes", put("node", bin(16)), put("node", bin(17))},
		refused{"opening/node-str", req, "whose node is a str", put("node", bin(16)), put("node", str(16))},
		refused{"opening/nonce-short", req, "whose nonce has 31 bytes", put("nonce", bin(32)), put("nonce", bin(31))},
		refused{"opening/nonce-long", req, "whose nonce has 33 bytes", put("nonce", bin(32)), put("nonce", bin(33))},
		refused{"opening/nonce-str", req, "whose nonce is a str", put("nonce", bin(32)), put("nonce", str(32))},
		refused{"opening/protos-array", req, "whose protos are an array", put("protos", map[string]any{}), put("protos", []any{})},
		refused{"opening/proto-no-array", req, "whose version of a sub-protocol is not in an array", putIn("protos", "call", []any{1}), putIn("protos", "call", 1)},
		refused{"opening/proto-of-strs", req, "whose version of a sub-protocol is a str", putIn("protos", "call", []any{1}), putIn("protos", "call", []any{"1"})},
		refused{"opening/proto-negative", req, "whose version of a sub-protocol is -1", putIn("protos", "call", []any{1}), putIn("protos", "call", []any{-1, 1})},
		refused{"opening/proto-over-u16", req, "whose version of a sub-protocol is 65,536", putIn("protos", "call", []any{1, 65535}), putIn("protos", "call", []any{1, 65536})},
		refused{"opening/sw-long", req, "whose sw has 65 bytes", put("sw", str(64)), put("sw", str(65))},
		refused{"opening/sw-bin", req, "whose sw is a bin", put("sw", str(4)), put("sw", bin(4))},
		refused{"opening/vers-int", req, "whose vers is an int", same, put("vers", 1)},
		refused{"opening/vers-of-strs", req, "whose vers holds a str", offering(1, 1, 1, 0x1A1A), put("vers", []any{1, "x"})},
		refused{"opening/vers-negative", req, "whose vers holds -1", offering(1, 1, 1, 0x1A1A), put("vers", []any{1, -1})},
		refused{"opening/vers-over-u16", req, "whose vers holds 65,536", offering(1, 65535, 1, 0x1A1A, 65535), put("vers", []any{1, 0x1A1A, 65536})},
	)
}

// needs is a list of n capabilities that are met.
func needs(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = "probe.and"
	}
	return list
}

// limitRangeCases give each limit of chapter 15 a value below its minimum and one above its maximum; the twins have those.
func limitRangeCases() []Case {
	limits := []struct {
		name        string
		least, most int
	}{
		{"idle_ms", 200, 600_000},
		{"link_credit", 262_144, 1_099_511_627_776},
		{"max_frame", 16_384, 1_048_576},
		{"max_message", 65_536, 1_073_741_824},
		{"message_ms", 100, 3_600_000},
		{"ping_min_ms", 10, 60_000},
		{"ping_ms", 50, 300_000},
		{"stream_credit", 65_536, 1_073_741_824},
		{"streams", 16, 1_048_576},
	}
	var cases []Case
	for _, l := range limits {
		id := "opening/limit-" + strings.ReplaceAll(l.name, "_", "-")
		with := func(n int) edit { return putIn("limits", l.name, n) }
		cases = append(cases, refusals(codec.CodeEncoding,
			refused{id + "-low", "HELLO-012", fmt.Sprintf("whose %s is %d", l.name, l.least-1), with(l.least), with(l.least - 1)},
			refused{id + "-high", "HELLO-012", fmt.Sprintf("whose %s is %d", l.name, l.most+1), with(l.most), with(l.most + 1)},
		)...)
	}
	return append(cases, refusals(codec.CodeEncoding,
		refused{"opening/limit-zero", "HELLO-012", "whose streams is 0, which is not the same as absent", dropIn("limits", "streams"), putIn("limits", "streams", 0)},
	)...)
}

// versionListCases are about vers, and about ver_min and ver_max, which have to fit it. 7001 and its neighbours are versions that
// nobody speaks, and no grease.
func versionListCases() []Case {
	const list, ends = "HELLO-013", "HELLO-014"
	two := offering(1, 0x7001, 1, 0x7001, 0x1A1A)
	cases := refusals(codec.CodeEncoding,
		refused{"opening/vers-empty", list, "whose vers is empty", offering(1, 1, 1, 0x1A1A), offering(1, 1)},
		refused{"opening/vers-too-many", list, "whose vers has 17 entries", offering(1, 0x700E, known(15)...), offering(1, 0x700F, known(16)...)},
		refused{"opening/vers-twice", list, "whose vers has one entry twice", offering(1, 1, 1, 0x1A1A), offering(1, 1, 1, 1, 0x1A1A)},
		refused{"opening/vers-grease-twice", list, "whose vers has one grease version twice", offering(1, 1, 1, 0x1A1A, 0x2A2A), offering(1, 1, 1, 0x1A1A, 0x1A1A)},
		refused{"opening/vers-zero", list, "whose vers has version 0", two, offering(0, 0x7001, 0, 1, 0x7001, 0x1A1A)},
		refused{"opening/vers-all-grease", list, "whose vers is nothing but grease", offering(1, 1, 1, 0x1A1A), offering(1, 1, 0x1A1A, 0xFA0A)},
		refused{"opening/ver-min-low", ends, "whose ver_min is below every version", two, then(two, bounds(0, 0x7001))},
		refused{"opening/ver-min-high", ends, "whose ver_min is not the smallest version", two, then(two, bounds(0x7001, 0x7001))},
		refused{"opening/ver-max-low", ends, "whose ver_max is not the greatest version", two, then(two, bounds(1, 1))},
		refused{"opening/ver-max-high", ends, "whose ver_max is above every version", two, then(two, bounds(1, 0x7002))},
		refused{"opening/ver-max-grease", ends, "whose ver_max is a grease version", offering(1, 1, 1, 0xFAFA), offering(1, 0xFAFA, 1, 0xFAFA)},
	)
	return append(cases,
		welcomed("opening/vers-sixteen-known-first", "HELLO-015", "a HELLO of 16 versions, of which the first is known, is accepted",
			offering(1, 0x700E, known(15)...)),
		welcomed("opening/vers-sixteen-known-last", "HELLO-015", "a HELLO of 16 versions, of which the last is known, is accepted",
			offering(1, 0x700E, append(foreign(15), 1)...)),
		welcomed("opening/vers-sixteen-known-between", "HELLO-015", "a HELLO of 16 versions, of which one in between is known, is accepted",
			offering(1, 0x700E, slices.Insert(foreign(15), 7, 1)...)),
	)
}

// foreign lists n versions that nobody speaks: one of grease, and others from 7001 on.
func foreign(n int) []int {
	list := []int{0x1A1A}
	for v := 0x7001; len(list) < n; v++ {
		list = append(list, v)
	}
	return list
}

// known is the version of this page and n that nobody speaks.
func known(n int) []int { return append([]int{1}, foreign(n)...) }

// protoListCases are about the versions of one sub-protocol, known to the peer or not.
func protoListCases() []Case {
	var cases []Case
	for _, proto := range []struct{ id, name, what string }{
		{"known", "call", "call"},
		{"unknown", "x.suite.other", "a sub-protocol that nobody knows"},
	} {
		with := func(vers ...int) edit { return putIn("protos", proto.name, numbers(vers)) }
		row := func(slug, what string, good, bad edit) refused {
			return refused{"opening/" + proto.id + "-proto-" + slug, "HELLO-027", "in which " + proto.what + " has " + what, good, bad}
		}
		cases = append(cases, refusals(codec.CodeEncoding,
			row("empty", "no version", with(1), with()),
			row("too-many", "17 versions", with(known(15)...), with(known(16)...)),
			row("twice", "one version twice", with(1, 2), with(1, 2, 1)),
			row("zero", "version 0", with(1), with(0, 1)),
		)...)
	}
	return cases
}
