package main

import (
	"math"
	"math/bits"
	"strings"

	"handfast/testdata"
)

// openingLength is HELLO-007.
func openingLength(a *area) {
	h := hello()
	tooLong := linkFault("FRAME_SIZE", "HELLO-007", 16)
	a.about("HELLO-007")
	full := h.padded(16384)
	a.other("body-of-16384", "a body of 16,384 bytes", "the greatest", full.hexed(), full.helloForm())
	a.about()
	a.no("body-of-16385", "body-of-16384", tooLong, "a body of 16,385 bytes", "off by one in the limit", h.padded(16385).hexed())
	a.no("length-of-16385", "hello", tooLong, "a length of 16,385, and no body", "the answer does not wait for the body", h.announcing(16385).header()).
		Notes = "the body is left out: a receiver that waits for it gives no verdict"
	for _, r := range []struct {
		slug       string
		length     uint32
		title, why string
	}{
		{"length-of-4-gib", math.MaxUint32, "a length of 4 GiB, and no body", "allocated before it is checked, it ends the process"},
		{"length-of-2-31", 1 << 31, "a length of 2^31, and no body", "negative in 32 signed bits, it passes a check for too much"},
		{"length-less-24-overflows", math.MaxUint32 - 23, "a length that is 0 when 24 is added", "the sum of header and body in 32 bits"},
		{"length-in-little-endian", 0x01000000, "a length of 1 in little-endian, and no body", "an encoder that writes integers as its processor has them"},
	} {
		a.no(r.slug, "hello", tooLong, r.title, r.why, h.announcing(r.length).header()).
			Notes = "the body is left out: a receiver that waits for it gives no verdict"
	}
}

// openingSum is HELLO-008. Here alone the checksum is not made right.
func openingSum(a *area) {
	h := hello()
	wrong := linkFault("HEADER_CRC", "HELLO-008", 20)
	right := h.rightSum()
	a.about()
	for _, r := range []struct {
		slug       string
		sum        uint32
		title, why string
	}{
		{"checksum-of-another-bit", flipped(right), "one bit of the checksum changed", "a fault of memory, or a checksum that nobody compares"},
		{"checksum-0", 0, "checksum 0", "an encoder that has none, and a reader that takes 0 for none"},
		{"checksum-of-crc-32", crcIEEE(h.head(), h.bodyBytes()), "CRC-32 of the common polynomial", "what most libraries call crc32 is not CRC-32C"},
		{"checksum-not-inverted", ^right, "CRC-32C without the final exclusive-or", "libraries differ in who inverts"},
		{"checksum-backwards", bits.ReverseBytes32(right), "CRC-32C in little-endian", "the way in which many formats store it"},
		{"checksum-of-the-body-alone", crc32c(h.bodyBytes()), "CRC-32C of the body alone", "the header is covered, too"},
		{"checksum-of-the-header-alone", crc32c(h.head()), "CRC-32C of bytes 0-19 alone", "the body is covered, too"},
		{"checksum-over-itself", crc32c(h.head(), "00000000", h.bodyBytes()), "CRC-32C of the whole opening with 0 in the checksum's place", "a habit from other formats"},
		{"checksum-of-the-body-first", crc32c(h.bodyBytes(), h.head()), "CRC-32C of the body and then bytes 0-19", "the order counts"},
	} {
		a.no(r.slug, "hello", wrong, r.title, r.why, h.summed(r.sum).hexed())
	}
	flags := h.summed(right)
	flags.flags = 1
	a.no("checksum-before-flags-changed", "hello", wrong, "one bit of flags changed behind the checksum", "flags are ignored, and covered all the same", flags.hexed())
	bent := h.with("incarnation", mpInt(4), nil).summed(right)
	a.no("checksum-before-body-changed", "hello", wrong, "incarnation changed behind the checksum", "a checksum that is compared with what the sender meant to send", bent.hexed())
	short := h.announcing(uint32(h.bodyBytes().len() - 1)).summed(right)
	a.no("length-one-too-few", "hello", wrong, "a length of one byte too few", "the last byte of the body would be taken for the first frame", short.hexed())
}

// openingProfile is HELLO-009: a body that is no map in the strict profile. The rules are those of msgpack.json; that they are
// asked at all is what these are for.
func openingProfile(a *area) {
	h := hello()
	a.about("HELLO-009")
	bad := func(slug, twin string, f testdata.Fault, title, why string, o opening) *testdata.Vector {
		return a.no(slug, twin, f, title, why, o.hexed())
	}
	const whole = "the whole body is the damage"
	size := h.bodyBytes().len()
	rest := raw(h.bodyBytes().bytes()[1:]) // behind the header of the map, 89
	bad("body-empty", "hello", encoding("MP-013", 24), "no body at all", "a decoder gives an empty map for it", h.saying("")).Notes = whole
	bad("body-nil", "hello", encoding("HELLO-009", 24), "a body of nil", "a decoder gives an empty map for it", h.saying("c0")).Notes = whole
	bad("body-array", "hello", encoding("HELLO-009", 24), "an array of the map", "a decoder that takes the first value", h.saying(join("91", h.bodyBytes())))
	bad("body-bin", "hello", encoding("HELLO-009", 24), "a bin that holds the map", "an encoder that was given bytes", h.saying(join(raw(mpBin(h.bodyBytes()).bytes()))))
	bad("body-array-of-pairs", "hello", encoding("HELLO-009", 24), "an array of keys and values", "a map is written so where keys may be of any type", h.saying(join("dc0012", rest)))
	bad("body-cut", "hello", encoding("MP-013", h.at("vers")+2), "a body without its last byte", "length and checksum are right: only the map says that something is missing", h.saying(h.bodyBytes().cut(1)))
	bad("body-and-a-byte", "hello", encoding("MP-012", 24+size), "one byte behind the map", "length and checksum are right: only a check for the end finds it", h.saying(join(h.bodyBytes(), "00")))
	bad("body-long-int", "hello", encoding("MP-003", h.at("incarnation")), "incarnation in two bytes", "libraries write it", h.with("incarnation", "cc03", nil))
	bad("body-int-of-2-63", "hello-incarnation-2-63-less-1", encoding("MP-002", h.at("incarnation")), "incarnation 2^63", "one more than the greatest", h.with("incarnation", "cf8000000000000000", nil))
	bad("body-long-map", "hello", encoding("MP-004", 24), "the map in a header of 3 bytes", "encoders that count while they write", h.saying(join("de0009", rest)))
	bad("body-float", "hello-incarnation-2-63-less-1", encoding("MP-001", h.at("incarnation")), "incarnation as a double", "JavaScript's encoders write it", h.with("incarnation", "cb7fefffffffffffff", nil))

	stranger := func(value hexed) opening { return h.with("m", value, nil) }
	a.other("hello-unknown-key", "an unknown key with an array", "twin of faults under an unknown key", stranger("95ff00000000").hexed(), h.helloForm())
	bad("body-timestamp-in-an-unknown-key", "hello-unknown-key", encoding("MP-001", stranger("c0").at("m")), "an ext under an unknown key", "ignored keys are checked all the same", stranger("d6ff00000000"))
	bad("body-depth-9", "hello-unknown-key-of-depth-8", encoding("MP-007", stranger("c0").at("m")+7), "an unknown key whose value has eight arrays", "with the map around them they are nine", stranger(rep("91", 8)+" c0"))
	long := h.saying(join("8a", mpStr(strings.Repeat("a", 64)), "c0", rest))
	a.other("hello-unknown-key-of-64-bytes", "an unknown key of 64 bytes", "the longest key", long.hexed(), h.helloForm())
	bad("body-key-of-65-bytes", "hello-unknown-key-of-64-bytes", encoding("MP-009", 24+1), "an unknown key of 65 bytes", "ignored keys are checked all the same", h.saying(join("8a", mpStr(strings.Repeat("a", 65)), "c0", rest)))
	named := h.with("sw", "a3 763731", "v71")
	a.yes("hello-with-sw", "a HELLO with sw", "twin of a faulty sw", named)
	bad("body-name-not-utf-8", "hello-with-sw", encoding("MP-005", named.at("sw")), "sw is not UTF-8", "it goes into logs and terminals", h.with("sw", "a3 76ff31", nil))
	bad("body-name-with-nul", "hello-with-sw", encoding("MP-005", named.at("sw")), "U+0000 in sw", "C programs log less than they were sent", h.with("sw", "a3 760031", nil))

	n := h.entries
	swapped := append(append(append(body{}, n[:5]...), n[6], n[5]), n[7:]...)
	bad("body-descending", "hello", encoding("MP-010", 24+swapped.start(6)), "nonce before node", "encoders that write fields in the order of a struct", h.saying(swapped.hexed()))
	twice := append(append(append(body{}, n[:6]...), n[5]), n[6:]...)
	bad("body-key-twice", "hello", encoding("MP-011", 24+twice.start(6)), "node twice", "one decoder takes the first and another the last: a check and a use that differ", h.saying(twice.hexed()))
}

// openingOrder is ERR-003 for openings: the first fault in the list of chapter 14 decides.
func openingOrder(a *area) {
	h := hello()
	foreign := func(req string, at int) testdata.Fault { return linkFault("FOREIGN", req, at) }
	a.about()
	o := h
	o.invariants, o.kind = 2, 3
	a.both("order-invariants-before-kind", "hello", foreign("HELLO-004", 8), "HELLO-006", "invariants 2 and kind 3", "each is judged as soon as its bytes are there", o.hexed())
	o = h.announcing(math.MaxUint32)
	o.kind = 3
	a.both("order-kind-before-length", "hello", foreign("HELLO-006", 14), "HELLO-007", "kind 3 and a length of 4 GiB", "a stranger gets no byte, not even a REFUSE", o.header())
	a.both("order-length-before-checksum", "hello", linkFault("FRAME_SIZE", "HELLO-007", 16), "HELLO-008", "a length of 16,385 and a wrong checksum", "the checksum cannot be computed without the body, for which nobody waits",
		h.announcing(16385).summed(0).header())
	a.both("order-checksum-before-profile", "hello", linkFault("HEADER_CRC", "HELLO-008", 20), "MP-003", "a wrong checksum and a long integer", "what a broken checksum covers means nothing",
		h.with("incarnation", "cc03", nil).summed(h.rightSum()).hexed())
	a.both("order-profile-before-keys", "hello", encoding("MP-003", h.without("caps").at("incarnation")), "HELLO-010", "a long integer and no caps", "the whole body is checked before a key of it is read",
		h.with("incarnation", "cc03", nil).without("caps").hexed())
	o = h.with("need", "c0", nil)
	o.verMin = 0
	a.both("order-keys-before-versions", "hello", encoding("HELLO-010", h.at("need")), "HELLO-014", "need is nil, and ver_min is not in vers", "types are judged before values", o.hexed())
	o = h.capability("probe.and", "c2", nil)
	o.verMax = 2
	a.both("order-versions-before-capabilities", "hello", encoding("HELLO-014", 12), "CAP-010", "ver_max is not in vers, and probe.and is false", "capabilities come last of what the bytes say", o.hexed())
	o = h.capability("probe.intersect", mpStrs("two", "one"), nil).capability("probe.min", mpInt(-1), nil)
	a.both("order-types-before-forms", "hello", encoding("CAP-010", o.atInside("caps", "probe.min")), "CAP-012", "a set that descends, and a negative uint behind it", "types of all capabilities, then their forms", o.hexed())
}
