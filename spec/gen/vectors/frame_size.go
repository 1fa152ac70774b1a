package main

import (
	"math"

	"handfast/testdata"
)

// frameSizes is FRAME-003, and READY-013. FRAME-018 stands with READY, OPEN and ACCEPT.
func frameSizes(a *area) {
	const (
		noBody = "the payload is left out: a receiver that waits for it gives no verdict"
		over   = "off by one in the limit"
	)
	tooLong := linkFault("FRAME_SIZE", "FRAME-003", 4)
	grease := func(n int) said { return unknown(0x3a, 0, "0", 0, 0, rep("00", n)) }
	a.about("FRAME-003")
	a.limit = 16384
	a.frame("length-of-max-frame", "a payload of max_frame bytes", "the greatest", grease(16384))
	a.frame("max-frame-16384-ping", "a PING to a receiver with the least max_frame", "twin of announced lengths", ping(1, 2, 3))
	a.about()
	a.no("length-over-max-frame", "length-of-max-frame", tooLong, "a payload of one byte more than max_frame", over, grease(16385).hexed())
	for _, r := range []struct {
		slug       string
		length     uint32
		title, why string
	}{
		{"length-one-over-and-no-payload", 16385, "a length of max_frame + 1, and no payload", "the answer does not wait for the payload"},
		{"length-of-4-gib", math.MaxUint32, "a length of 4 GiB, and no payload", "allocated before it is checked, it ends the process"},
		{"length-of-2-31", 1 << 31, "a length of 2^31, and no payload", "negative in 32 signed bits, it passes a check for too much"},
		{"length-plus-20-overflows", math.MaxUint32 - 19, "a length that is 0 when 20 is added", "the sum of header, payload and trailer in 32 bits"},
		{"length-in-little-endian", 0x18000000, "a length of 24 in little-endian, and no payload", "an encoder that writes integers as its processor has them"},
	} {
		a.no(r.slug, "max-frame-16384-ping", tooLong, r.title, r.why, ping(1, 2, 3).announcing(r.length).header()).Notes = noBody
	}
	a.limit = 17000
	a.about("FRAME-003")
	a.frame("length-of-an-odd-max-frame", "a payload of max_frame bytes, max_frame being 17,000", "max_frame is any number from 16,384 to 1,048,576, and no power of two", grease(17000))
	a.about()
	a.no("length-over-an-odd-max-frame", "length-of-an-odd-max-frame", tooLong, "a length of one byte more than a max_frame of 17,000, and no payload", over, grease(17000).announcing(17001).header()).Notes = noBody
	a.limit = 0
	a.no("length-over-the-default", "grease-of-64", tooLong, "a length of 131,073, and no payload", "the default of max_frame is 131,072",
		unknown(0x1b, 0, "", 0, 0, rep("a5", 64)).announcing(131073).header()).Notes = noBody

	a.before = true
	a.about("READY-013")
	a.frame("before-ready-16384", "a payload of 16,384 bytes before READY", "the greatest; a frame that is no READY is answered only when it is whole", grease(16384))
	a.about()
	a.no("before-ready-16385", "before-ready-16384", linkFault("FRAME_SIZE", "READY-013", 4), "a length of 16,385 before READY, and no payload",
		"max_frame counts for who has shown that it agrees, and not for a stranger", grease(16384).announcing(16385).header()).Notes = noBody
	a.before = false
}

// frameOrder is ERR-003 for frames: the first fault in the list of chapter 14 decides. Each twin lacks both.
func frameOrder(a *area) {
	headerSum, payloadSum := linkFault("HEADER_CRC", "FRAME-001", 12), func(f frame) testdata.Fault { return linkFault("PAYLOAD_CRC", "FRAME-002", 16+f.payload.len()) }
	invalid, scope := linkFault("PROTOCOL", "FRAME-004", 0), linkFault("PROTOCOL", "FRAME-009", 8)
	p, d := ping(1, 2, 3).frame, data(1, 0, "616263").frame
	a.about()
	a.both("order-header-sum-before-type", "ping", headerSum, "FRAME-004", "a wrong header checksum and type 00", "what a broken checksum covers means nothing", p.of(0).summed(0).hexed())
	a.both("order-header-sum-before-length", "ping", headerSum, "FRAME-003", "a wrong header checksum and a length of 4 GiB", "what a broken checksum covers means nothing", p.announcing(math.MaxUint32).summed(0).header())
	a.both("order-header-sum-before-trailer", "ping", headerSum, "FRAME-002", "both checksums wrong", "the header is judged before the payload has come", p.summed(0).trailed(0).hexed())
	a.both("order-type-before-length", "ping", invalid, "FRAME-003", "type 00 and a length of 4 GiB", "the type stands first", p.of(0).announcing(math.MaxUint32).header())
	a.both("order-type-before-trailer", "ping", invalid, "FRAME-002", "type FF and a wrong trailer", "the type is judged before the payload has come", p.of(0xff).trailed(0).hexed())
	a.both("order-length-before-stream", "ping", linkFault("FRAME_SIZE", "FRAME-003", 4), "FRAME-009", "a length of 4 GiB and a PING on stream 1", "the length is judged before the payload has come, the stream behind it", p.on(1).announcing(math.MaxUint32).header())
	a.both("order-trailer-before-stream", "ping", payloadSum(p), "FRAME-009", "a wrong trailer and a PING on stream 1", "a frame with a wrong checksum says nothing", p.on(1).trailed(0).hexed())
	a.both("order-trailer-before-form", "ping", payloadSum(p.short(1)), "FRAME-010", "a wrong trailer and a PING of 23 bytes", "a frame with a wrong checksum says nothing", p.short(1).trailed(0).hexed())
	a.both("order-trailer-before-pieces", "data-abc", payloadSum(d.short(1)), "DATA-001", "a wrong trailer and a piece that is longer than what is left", "a frame with a wrong checksum says nothing", d.short(1).trailed(0).hexed())
	a.both("order-stream-before-form", "ping", scope, "FRAME-010", "a PING of 23 bytes on stream 1", "scope is judged before the payload", p.on(1).short(1).hexed())
	a.both("order-stream-before-pieces", "data-abc", scope, "DATA-001", "a DATA on stream 0 with a piece that is longer than what is left", "scope is judged before the payload", d.on(0).short(1).hexed())
	o := open(5, "call", 1).with("ver", "cc01", nil)
	a.both("order-stream-before-profile", "open", scope, "MP-003", "an OPEN on stream 0 with a long integer", "scope is judged before the payload", o.on(0).hexed())
	o = open(5, "call", 1).with("ver", "cc01", nil).without("proto")
	a.both("order-profile-before-keys", "open", encoding("MP-003", o.at("ver")), "FRAME-016", "an OPEN with a long integer and without proto", "the whole payload is checked before a key of it is read", o.hexed())
}
