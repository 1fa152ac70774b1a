package main

import (
	"math"
	"math/bits"
	"strings"

	"handfast/testdata"
)

// frameArea is chapter 8 of SPEC.md: what is true of all frames.
func frameArea() *area {
	a := &area{name: "frame", op: testdata.OpFrame}
	frameTypes(a)
	frameUnknown(a)
	frameHeaderSum(a)
	frameTrailer(a)
	frameSizes(a)
	frameOrder(a)
	return a
}

// frame and strange are ok and other for a frame with its form.
func (a *area) frame(slug, title, why string, s said) *testdata.Vector {
	return a.ok(slug, title, why, s.hexed(), s.form)
}

func (a *area) strange(slug, title, why string, s said) *testdata.Vector {
	return a.other(slug, title, why, s.hexed(), s.form)
}

// frameTypes has each type once, and once with a stream that it may not have (FRAME-009).
func frameTypes(a *area) {
	const (
		both  = "scope follows from the type, not from the id"
		where = "a receiver that looks the stream up first finds none and answers with something else"
	)
	for _, t := range []struct {
		name string
		said said
		ids  []uint32 // that it may not have
	}{
		{"READY", ready().with("ver", "02", "2").asReady(), []uint32{1}},
		{"PING", ping(1, 2, 3), []uint32{1, math.MaxUint32}},
		{"PONG", pong(1, 2, 3, 4, 5, 6, 0), []uint32{2}},
		{"STREAMS", streams(300), []uint32{1}},
		{"DRAIN", drain(7, 0x0602, "SHUTDOWN", 5000), []uint32{1}},
		{"CLOSE", closing(0, "NO_ERROR", 0, "done"), []uint32{1 << 31}},
		{"OPEN", open(5, "call", 1).asOpen(), []uint32{0}},
		{"ACCEPT", accept(5).asAccept(), []uint32{0}},
		{"REJECT", reject(1, 0x0401, "REFUSED", 100, "busy"), []uint32{0}},
		{"DATA", data(1, 0, "aa"), []uint32{0}},
		{"RESET", reset(1, 0x0404, "CANCELLED", 0, "enough"), []uint32{0}},
		{"RECORDS", records(1, 0, 5, "aa"), []uint32{0}},
		{"ACK", ack(1, 5, 10, 7, 8), []uint32{0}},
		{"GAP", gap(1, 5, 6, 1), []uint32{0}},
	} {
		slug := strings.ToLower(t.name)
		a.about("FRAME-009")
		a.frame(slug, "a "+t.name, "twin of one on another stream", t.said)
		a.about()
		for _, id := range t.ids {
			title := t.name + " on stream " + dec(uint64(id))
			a.no(strings.ReplaceAll(strings.ToLower(title), " ", "-"), slug, linkFault("PROTOCOL", "FRAME-009", 8), title, []string{where, both}[min(id, 1)], t.said.on(id).hexed())
		}
	}
	a.about("FRAME-009")
	a.frame("credit-on-stream-0", "a CREDIT on stream 0", "the one type for both scopes: this is the link's", credit(0, 1))
	a.frame("credit-on-a-stream", "a CREDIT on stream 1", "the one type for both scopes: this is a stream's", credit(1, 1))
	a.about("FRAME-008")
	a.strange("ping-with-ignored-bits", "a PING with reserved and flags 70 set", "later versions may use them: a receiver that refuses them cannot be met half way", said{ping(1, 2, 3).ignored(), ping(1, 2, 3).form})
	a.strange("ping-with-flags-of-others", "a PING with FIN, MORE and POSSIBLE_DUP", "flag bits that its type does not define", said{ping(1, 2, 3).flagged(fin | more | possibleDup | 8), ping(1, 2, 3).form})
	a.about("FRAME-021")
	a.strange("ping-must-understand", "a PING with MUST_UNDERSTAND", "the flag says nothing about a type that is known", said{ping(1, 2, 3).flagged(critical), ping(1, 2, 3).form})
	a.about("FRAME-008")
	a.strange("open-with-fin", "an OPEN with FIN and MORE", "only DATA and RECORDS have them: this OPEN ends nothing", said{open(1, "call", 1).flagged(fin | more), open(1, "call", 1).asOpen().form})
	a.strange("data-with-possible-dup", "a DATA with POSSIBLE_DUP", "only RECORDS has it", said{data(1, possibleDup, "aa").frame, data(1, 0, "aa").form})
	a.frame("stream-2-31", "a DATA on stream 2^31+1", "negative in 32 signed bits", data(1<<31+1, 0, "aa"))
	a.frame("stream-2-32-less-2", "a DATA on stream 2^32-2", "the greatest id; a reader that adds 2 comes to 0", data(math.MaxUint32-1, 0, "aa"))
}

// frameUnknown is FRAME-005, and FRAME-004 for the two types that are never given out.
func frameUnknown(a *area) {
	const skip = "a peer that ends the link on a type that it does not know cannot be extended"
	a.about("FRAME-005", "FRAME-008", "READY-016")
	for i, n := range []uint8{0x1b, 0x3a, 0x59, 0x78, 0x97, 0xb6, 0xd5, 0xf4} {
		a.frame("grease-"+string(u8(n)), "a grease frame of type "+strings.ToUpper(string(u8(n))), skip,
			unknown(n, uint8(i)<<4, []string{"0", "0x10", "0x20", "0x30", "0x40", "0x50", "0x60", "0x70"}[i], uint16(0x1111*i), 0, rep(u8(0xf0+uint8(i)), i)))
	}
	a.about("FRAME-005")
	a.frame("grease-of-64", "a grease frame with a payload of 64 bytes", "its trailer is checked (FRAME-011)", unknown(0x1b, 0, "0", 0, 0, rep("a5", 64)))
	a.frame("unknown-without-payload", "a frame of type 08 without payload", "no trailer behind a payload of no bytes: 16 bytes are the whole", unknown(0x08, 0, "0", 0, 0, ""))
	a.frame("unknown-on-a-stream", "a frame of type 15 on stream 9", "whatever its stream is", unknown(0x15, 0, "0", 0, 9, "00"))
	a.frame("unknown-on-the-last-stream", "a frame of type FE on stream FFFFFFFF", "whatever its stream is", unknown(0xfe, 0, "0", 0, math.MaxUint32, "00"))
	a.frame("unknown-with-fin", "a frame of type 23 with FIN and MORE", "flags of other types end nothing", unknown(0x23, fin|more, "FIN|MORE", 0, 0, "00"))
	a.about()
	invalid := linkFault("PROTOCOL", "FRAME-004", 0)
	a.no("type-00", "unknown-on-a-stream", invalid, "type 00", "memory that was zeroed", unknown(0x00, 0, "", 0, 9, "00").hexed())
	a.no("type-ff", "unknown-on-the-last-stream", invalid, "type FF", "memory that was erased, or -1", unknown(0xff, 0, "", 0, math.MaxUint32, "00").hexed())
	a.no("type-00-without-payload", "unknown-without-payload", invalid, "type 00, without payload", "a keep-alive of other protocols", unknown(0x00, 0, "", 0, 0, "").hexed())
}

// frameHeaderSum is FRAME-001. Here alone the header's checksum is not made right.
func frameHeaderSum(a *area) {
	wrong := linkFault("HEADER_CRC", "FRAME-001", 12)
	p := ping(1, 2, 3).frame
	right := p.rightSum()
	a.about()
	for _, r := range []struct {
		slug       string
		sum        uint32
		title, why string
	}{
		{"header-sum-of-another-bit", flipped(right), "one bit of the header's checksum changed", "a length is used before anybody knows that it is right"},
		{"header-sum-0", 0, "header checksum 0", "a reader that takes 0 for none"},
		{"header-sum-of-crc-32", crcIEEE(p.head()), "CRC-32 of the common polynomial", "what most libraries call crc32 is not CRC-32C"},
		{"header-sum-not-inverted", ^right, "CRC-32C without the final exclusive-or", "libraries differ in who inverts"},
		{"header-sum-backwards", bits.ReverseBytes32(right), "CRC-32C in little-endian", "the way in which many formats store it"},
		{"header-sum-over-itself", crc32c(p.head(), "00000000"), "CRC-32C of 16 bytes with 0 in the checksum's place", "a habit from other formats"},
		{"header-sum-of-the-frame", p.rightTrailer(), "CRC-32C of header and payload", "that is the trailer's"},
	} {
		// the trailer covers bytes 0 to 11 and the payload, and so stays right
		a.no(r.slug, "ping", wrong, r.title, r.why, p.summed(r.sum).hexed())
	}
	for _, r := range []struct {
		slug       string
		f          frame
		title, why string
	}{
		{"header-sum-before-type-changed", p.of(tPONG), "the type changed behind the checksum", "every byte before it is covered"},
		{"header-sum-before-flags-changed", p.flagged(0x10), "an ignored flag changed behind the checksum", "ignored bits are covered, too"},
		{"header-sum-before-length-changed", p.announcing(25), "the length changed behind the checksum", "a reader that believes it waits for a byte more"},
		{"header-sum-before-stream-changed", p.on(1), "the stream changed behind the checksum", "every byte before it is covered"},
	} {
		a.no(r.slug, "ping", wrong, r.title, r.why, r.f.summed(right).hexed())
	}
	a.no("header-of-zeros", "unknown-without-payload", wrong, "16 zeros", "memory that was zeroed: CRC-32C of zeros is not 0, so that they are no frame",
		rep("00", 16)).Notes = "breaks FRAME-004 as well"
}

// frameTrailer is FRAME-002 and FRAME-011.
func frameTrailer(a *area) {
	wrong := func(f frame) testdata.Fault { return linkFault("PAYLOAD_CRC", "FRAME-002", 16+f.payload.len()) }
	d := data(1, 0, "616263").frame
	right := d.rightTrailer()
	a.about("FRAME-002")
	a.frame("data-abc", "a DATA with the piece abc", "twin of faulty trailers", said{d, data(1, 0, "616263").form})
	a.about()
	for _, r := range []struct {
		slug       string
		sum        uint32
		title, why string
	}{
		{"trailer-of-another-bit", flipped(right), "one bit of the trailer changed", "a fault of memory above TLS, which replication would spread"},
		{"trailer-0", 0, "trailer 0", "a reader that takes 0 for none"},
		{"trailer-of-crc-32", crcIEEE(d.head(), d.payload), "CRC-32 of the common polynomial", "what most libraries call crc32 is not CRC-32C"},
		{"trailer-not-inverted", ^right, "CRC-32C without the final exclusive-or", "libraries differ in who inverts"},
		{"trailer-backwards", bits.ReverseBytes32(right), "CRC-32C in little-endian", "the way in which many formats store it"},
		{"trailer-of-the-payload-alone", crc32c(d.payload), "CRC-32C of the payload alone", "a payload behind another header would pass"},
		{"trailer-of-16-header-bytes", crc32c(d.head(), u32(d.rightSum()), d.payload), "CRC-32C of 16 header bytes and the payload",
			"over its own checksum the register becomes a constant: the payload is not bound to its header"},
		{"trailer-of-the-header", d.rightSum(), "the header's checksum again", "a copy of the wrong variable"},
	} {
		a.no(r.slug, "data-abc", wrong(d), r.title, r.why, d.trailed(r.sum).hexed())
	}
	a.no("trailer-before-payload-changed", "data-abc", wrong(d), "one bit of the payload changed behind the trailer", "a fault of memory above TLS",
		data(1, 0, "616262").trailed(right).hexed())
	a.no("trailer-of-another-stream", "data-abc", wrong(d), "the payload of stream 3 behind a header of stream 1", "a writer that shares a buffer between streams",
		d.trailed(d.on(3).rightTrailer()).hexed())
	a.about("FRAME-011")
	g := unknown(0x1b, 0, "", 0, 0, rep("a5", 64)).frame
	a.no("trailer-of-grease", "grease-of-64", wrong(g), "one bit of the trailer changed, in a frame that is ignored", "a skipped frame whose bytes nobody checks", g.trailed(flipped(g.rightTrailer())).hexed())
}
