package main

import (
	"fmt"

	"handfast/testdata"
)

// dataArea is DATA in chapter 10 of SPEC.md: what its pieces look like. What belongs to a stream, such as joining, credit and the
// size of a message, is nothing that one frame shows.
func dataArea() *area {
	a := &area{name: "data", op: testdata.OpFrame}
	many := make([]hexed, 100)
	for i := range many {
		many[i] = rep(u8(uint8(i)), i%3)
	}
	a.about("DATA-001")
	a.frame("one-piece", "a DATA with one message", "the twin of most faults", data(1, 0, "aabbcc"))
	a.frame("two-pieces", "two messages", "a reader that takes the payload for one message gives the second's length to the application", data(1, 0, "aabb", "cc"))
	a.frame("hundred-pieces", "100 messages of 0 to 2 bytes", "small messages share a header", data(1, 0, many...))
	a.frame("piece-that-looks-like-a-length", "a message of four zeros, then an empty one", "lengths and contents take turns", data(1, 0, "00000000", ""))
	a.frame("piece-that-looks-like-a-frame", "a message that is a frame", "a reader that looks for frames inside finds one", data(1, 0, raw(ping(1, 2, 3).hexed().bytes())))
	a.about("DATA-002")
	a.frame("empty-piece", "an empty message", "a message of no bytes is a message: it costs 64", data(1, 0, ""))
	a.frame("three-empty-pieces", "three empty messages", "each is a message", data(1, 0, "", "", ""))
	a.frame("fin-alone", "a DATA with FIN and no payload", "the end of a stream behind its last message; there is no trailer", data(1, fin))
	a.frame("fin-with-a-piece", "the last message with FIN", "message and end in one frame", data(1, fin, "aabbcc"))
	a.frame("fin-with-an-empty-piece", "an empty last message with FIN", "a message and an end, and not an end alone", data(1, fin, ""))
	a.about("DATA-003", "DATA-005")
	a.frame("more", "the first part of a message", "it is handed on with the next DATA's first piece", data(1, more, "aabbcc"))
	a.frame("more-behind-a-whole-piece", "a whole message, and the first part of another", "MORE is about the last piece only", data(1, more, "aa", "bb"))
	a.frame("more-behind-an-empty-piece", "an empty message, and the first part of another", "only the last piece must have bytes", data(1, more, "", "bb"))
	a.frame("more-of-one-byte", "a part of one byte", "the least", data(1, more, "aa"))
	a.about("FRAME-008")
	a.strange("data-with-ignored-bits", "a DATA with FIN, and reserved and flags 70 set", "FIN counts, the others are ignored", said{data(1, fin, "aabbcc").ignored(), data(1, fin, "aabbcc").form})
	a.about("FRAME-021")
	a.strange("data-must-understand", "a DATA with MUST_UNDERSTAND and MORE", "the flag says nothing about a type that is known", said{data(1, more|critical, "aabbcc").frame, data(1, more, "aabbcc").form})
	dataPieces(a)
	dataFlags(a)
	return a
}

// dataPieces is DATA-001. The lengths lie; the payload's own length and both checksums are right.
func dataPieces(a *area) {
	a.about()
	d := data(1, 0, "aabbcc").frame
	for _, r := range []struct {
		length     uint32
		title, why string
	}{
		{4, "one more than what is left", "a read of one byte behind the payload, which is the trailer's"},
		{7, "as many as the payload has", "a reader that forgets that the length itself takes 4 bytes"},
		{1 << 31, "2^31", "negative in 32 signed bits, it passes a check for too much"},
		{1<<31 - 1, "2^31-1", "the sum with an offset overflows 32 signed bits"},
		{1<<32 - 1, "2^32-1", "-1, and the sum with an offset overflows 32 bits"},
		{1<<32 - 4, "2^32-4", "with its own 4 bytes it is 0: a loop that never ends"},
		{0x03000000, "3 in little-endian", "an encoder that writes integers as its processor has them"},
	} {
		a.no(fmt.Sprintf("piece-of-%d", r.length), "one-piece", encoding("DATA-001", 16), "a piece whose length is "+r.title, r.why, d.saying(join(u32(r.length), "aabbcc")).hexed())
	}
	for i, left := range []hexed{"00", "0000", "000000"} {
		a.no(fmt.Sprintf("%d-bytes-left-over", i+1), "one-piece", encoding("DATA-001", 16+7), fmt.Sprintf("%d bytes behind the last piece", i+1),
			"a loop that ends when less than a length is left does not see them", d.long(left).hexed())
	}
	a.no("piece-shorter-than-the-payload", "one-piece", encoding("DATA-001", 16+6), "a length of one byte too few", "the byte behind it is no piece", d.saying(join(u32(2), "aabbcc")).hexed())
	a.no("second-piece-too-long", "two-pieces", encoding("DATA-001", 16+6), "a second piece that is longer than what is left", "a check of the first piece only does not see it",
		d.saying(join(u32(2), "aabb", u32(2), "cc")).hexed())
	a.no("second-piece-without-bytes", "two-pieces", encoding("DATA-001", 16+6), "a second piece of which only the length is there", "a read behind the payload",
		d.saying(join(u32(2), "aabb", u32(1))).hexed())
	for i, part := range []hexed{"00", "0000", "000000"} {
		a.no(fmt.Sprintf("payload-of-%d", i+1), "empty-piece", encoding("DATA-001", 16), fmt.Sprintf("a payload of %d bytes", i+1), "a length that is not whole", d.saying(part).hexed())
	}
	a.no("fin-and-a-byte-left-over", "fin-with-a-piece", encoding("DATA-001", 16+7), "one byte behind the last piece, with FIN", "the last frame of a stream is checked like others", data(1, fin, "aabbcc").long("00").hexed())
	a.no("raw-message", "one-piece", encoding("DATA-001", 16), "a message without its length", "a sender for which a frame is a message",
		d.saying(text("ping")+"00").hexed()).Notes = "not a damage to the twin: 70696E67 is read as a length"
}

// dataFlags is DATA-002, DATA-004 and DATA-005.
func dataFlags(a *area) {
	a.about()
	a.no("nothing", "fin-alone", encoding("DATA-002", 4), "neither FIN nor a piece", "a frame that says nothing costs its receiver and not its sender", data(1, 0).hexed())
	a.no("fin-and-more", "more", encoding("DATA-004", 1), "FIN and MORE", "a message that goes on in a frame that never comes", data(1, fin|more, "aabbcc").hexed())
	a.no("fin-and-more-behind-two-pieces", "more-behind-a-whole-piece", encoding("DATA-004", 1), "FIN and MORE behind two pieces", "a message that goes on in a frame that never comes", data(1, fin|more, "aa", "bb").hexed())
	a.no("more-alone", "fin-alone", encoding("DATA-005", 1), "MORE and no piece", "a message without a begin goes on: free, and for ever", data(1, more).hexed())
	a.no("more-with-an-empty-piece", "empty-piece", encoding("DATA-005", 16), "MORE behind an empty piece", "a message that grows by nothing: cheap, and for ever", data(1, more, "").hexed())
	a.no("more-with-an-empty-last-piece", "more-behind-a-whole-piece", encoding("DATA-005", 16+5), "MORE behind a message and an empty piece", "the last piece is the one that counts", data(1, more, "aa", "").hexed())
}
