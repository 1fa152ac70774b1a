package main

import (
	"strings"

	"handfast/testdata"
)

// openingArea is chapter 4 of SPEC.md, and what chapters 5 and 6 say of HELLO.
func openingArea() *area {
	a := &area{name: "opening", op: testdata.OpOpening}
	openingHello(a)
	openingMagic(a)
	openingLength(a)
	openingSum(a)
	openingProfile(a)
	openingMissing(a)
	openingTypes(a)
	openingVersions(a)
	openingProtos(a)
	openingLimits(a)
	openingCaps(a)
	openingBadCaps(a)
	openingRefuse(a)
	openingBadRefuse(a)
	openingOrder(a)
	return a
}

// yes is ok for a HELLO.
func (a *area) yes(slug, title, why string, o opening) *testdata.Vector {
	return a.ok(slug, title, why, o.hexed(), o.helloForm())
}

// openingHello is HELLOs that are accepted, as far as no other function has them beside their faulty twins.
func openingHello(a *area) {
	h := hello()
	a.about("HELLO-002", "HELLO-010", "HELLO-015", "VER-004", "CAP-007", "CAP-009")
	a.yes("hello", "a HELLO with everything that is required", "the twin of most faults", h)
	a.about("HELLO-010")
	a.yes("hello-with-names", "a HELLO with cluster_name and sw", "the two optional keys",
		h.with("cluster_name", mpStr("blue"), "blue").with("sw", mpStr("vectors/1"), "vectors/1"))
	a.yes("hello-names-of-64", "cluster_name and sw of 64 bytes", "the longest",
		h.with("cluster_name", mpStr(strings.Repeat("c", 64)), strings.Repeat("c", 64)).with("sw", mpStr(strings.Repeat("s", 64)), strings.Repeat("s", 64)))
	a.yes("hello-incarnation-0", "incarnation 0", "zero is a number and not an absent key", h.with("incarnation", mpInt(0), "0"))
	a.yes("hello-incarnation-2-63-less-1", "incarnation 2^63-1", "the greatest; a reader that keeps numbers in doubles makes 2^63 of it",
		h.with("incarnation", mpInt(1<<63-1), "9223372036854775807"))
	a.yes("hello-incarnation-2-53-and-1", "incarnation 2^53+1", "a reader that keeps numbers in doubles takes it for the one before, and a restarted peer for an old one",
		h.with("incarnation", mpInt(1<<53+1), "9007199254740993"))
	need64 := manyNames(64)
	a.yes("hello-need-one", "need names one capability", "the list is mostly empty", h.with("need", mpStrs("probe.and"), []string{"probe.and"}))
	a.yes("hello-need-64", "need names 64 capabilities", "the most; the header of the array has 3 bytes", h.with("need", mpStrs(need64...), need64))

	a.about("HELLO-005")
	flagged := h
	flagged.flags = 0xff
	a.other("hello-flags-set", "all bits of flags set", "flags are ignored, and covered by the checksum", flagged.hexed(), flagged.helloForm())

	a.about("HELLO-011")
	strange := h.with("a", mpArray("c0", "c2", mpBin("ff")), nil).with("m", "81 a16b 93010203", nil).with("zzzz", mpStr("x"), nil)
	a.other("hello-unknown-keys", "unknown keys before, between and behind the known ones", "a reader by position, or one that stops at the first key that it does not know, fails on every extension",
		strange.hexed(), strange.helloForm())
	deep := h.with("m", rep("91", 7)+" c0", nil)
	a.other("hello-unknown-key-of-depth-8", "an unknown key whose value has seven arrays", "with the map around them they are eight", deep.hexed(), deep.helloForm())
	same := h.with("Node", mpInt(1), nil)
	a.other("hello-unknown-key-in-upper-case", "a key Node beside node", "keys are compared as bytes: a reader that folds case sees a key twice", same.hexed(), same.helloForm())
	proto := h.with("__proto__", mpInt(1), nil)
	a.other("hello-unknown-key-proto", "an unknown key __proto__", "an object of JavaScript is no map: this key sets its prototype", proto.hexed(), proto.helloForm())
}

// manyNames gives n names, ascending, of 3 bytes each.
func manyNames(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "n" + string(rune('0'+i/10)) + string(rune('0'+i%10))
	}
	return list
}

// openingMagic is HELLO-003, HELLO-004 and HELLO-006: what is answered with nothing. FOREIGN names it; it is never sent.
func openingMagic(a *area) {
	h := hello()
	foreign := func(req string, at int) testdata.Fault { return linkFault("FOREIGN", req, at) }
	rest := raw(h.hexed().bytes()[8:])
	a.about()
	for _, r := range []struct {
		slug       string
		magic      hexed
		at         int
		title, why string
	}{
		{"magic-without-its-first-bit", "414846500d0a1a0a", 0, "41 for C1", "a path of 7 bits"},
		{"magic-as-utf-8", "c3814846500d0a1a0a", 0, "C1 as U+00C1 in UTF-8", "a path that takes bytes for Latin-1 text"},
		{"magic-in-lower-case", "c16866700d0a1a0a", 1, "hfp for HFP", "a comparison that folds case"},
		{"magic-with-line-feeds", "c14846500a1a0a", 4, "LF for CR LF", "a path that changes line ends to those of Unix"},
		{"magic-with-more-returns", "c14846500d0a1a0d0a", 7, "CR LF for LF", "a path that changes line ends to those of Windows"},
		{"magic-without-sub", "c14846500d0a200a", 6, "a space for SUB", "a comparison of the first four bytes only"},
		{"magic-of-another-last-byte", "c14846500d0a1a00", 7, "00 for the last LF", "a comparison of seven bytes, or of a C string without its end"},
		{"magic-backwards", "0a1a0a0d504648c1", 0, "the magic with its bytes reversed", "a comparison of a 64-bit number in the processor's order"},
	} {
		v := a.no(r.slug, "hello", foreign("HELLO-003", r.at), r.title, r.why, join(r.magic, rest))
		v.Notes = "nothing is sent in answer"
	}
	a.no("magic-of-tls", "hello", foreign("HELLO-003", 0), "the begin of a TLS ClientHello", "a dialer that speaks TLS to a plain address",
		"16 0301 0200 01 0001fc 0303").Notes = "not a damage to the twin, but another protocol; nothing is sent in answer"
	a.no("magic-of-http", "hello", foreign("HELLO-003", 0), "a request of HTTP/1.1", "a health check of a load balancer",
		text("GET / HTTP/1.1\r\n\r\n")).Notes = "not a damage to the twin, but another protocol; nothing is sent in answer"
	for _, n := range []uint8{0, 2, 255} {
		o := h
		o.invariants = n
		a.no("invariants-"+dec(uint64(n)), "hello", foreign("HELLO-004", 8), "invariants "+dec(uint64(n)),
			"the opening is frozen: another number is another protocol, not a newer version", o.hexed()).Notes = "nothing is sent in answer"
	}
	for _, r := range []struct {
		slug       string
		kind       uint16
		title, why string
	}{
		{"kind-0", 0, "kind 0", "a field that was never set"},
		{"kind-3", 3, "kind 3", "neither HELLO nor REFUSE; kinds are frozen, too"},
		{"kind-256", 0x0100, "kind 1 in little-endian", "an encoder that writes integers as its processor has them"},
		{"kind-257", 0x0101, "kind 257", "a reader of the last byte only takes it for HELLO"},
	} {
		o := h
		o.kind = r.kind
		a.no(r.slug, "hello", foreign("HELLO-006", 14), r.title, r.why, o.hexed()).Notes = "nothing is sent in answer"
	}
}
