package main

import (
	"math"
	"strings"

	"handfast/testdata"
)

// streamArea is OPEN, ACCEPT, REJECT, RESET and STREAMS in chapter 10 of SPEC.md, and CREDIT in chapter 11.
func streamArea() *area {
	a := &area{name: "stream", op: testdata.OpFrame}
	streamOpen(a)
	streamBadOpen(a)
	streamAccept(a)
	streamGrants(a)
	a.endings("reject", tREJECT)
	a.endings("reset", tRESET)
	return a
}

func streamOpen(a *area) {
	o := open(1, "call", 1)
	long := strings.Repeat("p", 64)
	a.about("FRAME-016")
	a.frame("open", "an OPEN", "the twin of most faults", o.asOpen())
	a.frame("open-with-params", "an OPEN with params", "the optional key", o.with("params", mpBin("00ff"), "00ff").asOpen())
	a.frame("open-with-empty-params", "an OPEN with params of no bytes", "empty, and not absent", o.with("params", mpBin(""), "").asOpen())
	a.frame("open-proto-of-64", "an OPEN for a name of 64 bytes", "the longest; the header of the str has 2 bytes", open(3, long, 1).asOpen())
	a.frame("open-ver-65535", "an OPEN of version 65,535", "the greatest", open(1, "call", 65535).asOpen())
	a.frame("open-ver-0", "an OPEN of version 0", "a version that READY cannot state: PROTO_VERSION, and no fault of form", open(1, "call", 0).asOpen())
	a.frame("open-proto-empty", "an OPEN for a name of no bytes", "a name that nobody knows: UNKNOWN_PROTO (STRM-004), and no fault of form", open(1, "", 1).asOpen())
	a.frame("open-unknown-proto", "an OPEN for a sub-protocol that nobody knows", "UNKNOWN_PROTO (STRM-004), and no fault of form", open(2, "x.other", 7).asOpen())
	a.about("FRAME-017")
	odd := o.with("a", "c0", nil).with("q", mpInts(1), nil).with("zz", "80", nil)
	a.strange("open-unknown-keys", "unknown keys before, between and behind the known ones", "a later version says more", odd.asOpen())
	a.about("FRAME-008")
	a.strange("open-with-ignored-bits", "an OPEN with reserved and flags 70 set", "ignored", said{o.ignored(), o.asOpen().form})
	a.about("FRAME-018")
	a.strange("open-of-16384", "an OPEN of 16,384 bytes", "the greatest", o.padded(16384).asOpen())
	a.about()
	tooLong := linkFault("FRAME_SIZE", "FRAME-018", 4)
	a.no("open-of-16385", "open-of-16384", tooLong, "an OPEN of 16,385 bytes", "max_frame is larger, and does not count", o.padded(16385).hexed())
	a.no("open-announcing-131072", "open", tooLong, "an OPEN that announces 131,072 bytes, and no payload", "within max_frame, and still too long for a map", o.announcing(131072).header()).
		Notes = "the payload is left out: a receiver that waits for it gives no verdict"
}

func streamBadOpen(a *area) {
	o := open(1, "call", 1)
	size := o.payload.len()
	a.about("FRAME-016")
	for _, r := range []struct {
		slug       string
		fault      testdata.Fault
		payload    hexed
		title, why string
	}{
		{"open-empty", encoding("MP-013", 16), "", "an OPEN without payload", "other protocols open a stream by any frame"},
		{"open-nil", encoding("FRAME-016", 16), "c0", "an OPEN of nil", "a decoder gives an empty map for it"},
		{"open-array", encoding("FRAME-016", 16), mpArray(mpStr("call"), "01"), "an OPEN of name and version in an array", "a struct written by position"},
		{"open-str", encoding("FRAME-016", 16), mpStr("call"), "an OPEN of the name alone", "a body is a map"},
		{"open-and-a-byte", encoding("MP-012", 16+size), join(o.payload, "00"), "one byte behind the map", "a check for the end"},
		{"open-cut", encoding("MP-013", o.at("ver")), o.payload.cut(1), "an OPEN without its last byte", "length and checksums are right: only the map says that something is missing"},
		{"open-descending", encoding("MP-010", 16+body{o.entries[1], o.entries[0]}.start(1)), body{o.entries[1], o.entries[0]}.hexed(), "ver before proto", "encoders that write fields in the order of a struct"},
		{"open-key-twice", encoding("MP-011", 16+o.entries.start(1)), body{o.entries[0], o.entries[0], o.entries[1]}.hexed(), "proto twice", "one decoder takes the first and another the last"},
		{"open-long-int", encoding("MP-003", o.at("ver")), o.with("ver", "cd0001", nil).payload, "ver in three bytes", "an encoder that goes by the variable's type writes it"},
		{"open-without-proto", encoding("FRAME-016", 16), o.without("proto").payload, "no proto", "a decoder into a struct leaves an empty name"},
		{"open-without-ver", encoding("FRAME-016", 16), o.without("ver").payload, "no ver", "a decoder into a struct leaves version 0"},
		{"open-proto-bin", encoding("FRAME-016", o.at("proto")), o.with("proto", mpBin(text("call")), nil).payload, "proto is a bin", "languages with one type for both accept it"},
		{"open-proto-nil", encoding("FRAME-016", o.at("proto")), o.with("proto", "c0", nil).payload, "proto is nil", "a decoder leaves an empty name"},
		{"open-proto-not-utf-8", encoding("MP-005", o.at("proto")), o.with("proto", "a4 6361ff6c", nil).payload, "proto is not UTF-8", "it goes into logs and metrics"},
		{"open-ver-str", encoding("FRAME-016", o.at("ver")), o.with("ver", mpStr("1"), nil).payload, "ver is the text 1", "languages that convert text to numbers accept it"},
		{"open-ver-minus-1", encoding("FRAME-016", o.at("ver")), o.with("ver", "ff", nil).payload, "ver is -1", "in 16 bits it is 65,535"},
		{"open-ver-array", encoding("FRAME-016", o.at("ver")), o.with("ver", mpInts(1), nil).payload, "ver is an array of 1", "HELLO has a list"},
	} {
		a.no(r.slug, "open", r.fault, r.title, r.why, o.saying(r.payload).hexed())
	}
	a.about()
	long := open(3, strings.Repeat("p", 65), 1)
	a.no("open-proto-of-65", "open-proto-of-64", encoding("FRAME-016", long.at("proto")), "a name of 65 bytes", "off by one in the limit", long.hexed())
	a.no("open-ver-65536", "open-ver-65535", encoding("FRAME-016", o.at("ver")), "ver is 65,536", "in 16 bits it is 0", o.with("ver", mpInt(65536), nil).hexed())
	params := o.with("params", mpStr("ab"), nil)
	a.no("open-params-str", "open-with-params", encoding("FRAME-016", params.at("params")), "params is a str", "old encoders write bytes as str", params.hexed())
	none := o.with("params", "c0", nil)
	a.no("open-params-nil", "open-with-empty-params", encoding("FRAME-016", none.at("params")), "params is nil", "an optional key is left out, and not nil", none.hexed())
}

func streamAccept(a *area) {
	c := accept(1)
	a.about("FRAME-016")
	a.frame("accept", "an ACCEPT", "an empty map is the whole of it", c.asAccept())
	a.frame("accept-with-params", "an ACCEPT with params", "the optional key", c.with("params", mpBin("00ff"), "00ff").asAccept())
	a.about("FRAME-017")
	a.strange("accept-unknown-keys", "an ACCEPT with unknown keys", "a later version says more", c.with("a", "c0", nil).with("zz", "80", nil).asAccept())
	a.about("FRAME-018")
	a.strange("accept-of-16384", "an ACCEPT of 16,384 bytes", "the greatest", c.padded(16384).asAccept())
	a.about()
	a.no("accept-of-16385", "accept-of-16384", linkFault("FRAME_SIZE", "FRAME-018", 4), "an ACCEPT of 16,385 bytes", "max_frame is larger, and does not count", c.padded(16385).hexed())
	a.about("FRAME-016")
	a.no("accept-empty", "accept", encoding("MP-013", 16), "an ACCEPT without payload", "there is nothing to say, so that an encoder says nothing", c.saying("").hexed())
	a.no("accept-nil", "accept", encoding("FRAME-016", 16), "an ACCEPT of nil", "a null map is written so by many encoders", c.saying("c0").hexed())
	a.no("accept-array", "accept", encoding("FRAME-016", 16), "an ACCEPT of an empty array", "languages that have one type for both write an empty map so", c.saying("90").hexed())
	a.no("accept-long-map", "accept", encoding("MP-004", 16), "an empty map in a header of 3 bytes", "encoders that count while they write", c.saying("de0000").hexed())
	a.no("accept-two-maps", "accept", encoding("MP-012", 17), "two empty maps", "a check for the end", c.saying("80 80").hexed())
	a.no("accept-float-in-an-unknown-key", "accept-unknown-keys", encoding("MP-001", 19), "a float under an unknown key", "ignored keys are checked all the same",
		c.with("a", "ca00000000", nil).with("zz", "80", nil).hexed())
	bad := c.with("params", "01", nil)
	a.no("accept-params-int", "accept-with-params", encoding("FRAME-016", bad.at("params")), "params is an integer", "params are bytes, whatever they mean", bad.hexed())
}

// streamGrants is CREDIT and STREAMS.
func streamGrants(a *area) {
	a.about("CRED-008")
	a.frame("credit-link", "a CREDIT for the link", "stream 0", credit(0, 8<<20))
	a.frame("credit-stream", "a CREDIT for a stream", "twin of CREDITs of other sizes", credit(3, 262144))
	a.frame("credit-0", "a CREDIT of 0", "raises nothing, and is no fault (CRED-005)", credit(0, 0))
	a.frame("credit-2-32", "a CREDIT of 2^32", "cut to 32 bits it is 0, and the sender waits for ever", credit(0, 1<<32))
	a.frame("credit-2-53-and-1", "a CREDIT of 2^53+1", "a reader that keeps numbers in doubles is off by one", credit(0, 1<<53+1))
	a.frame("credit-2-63-less-1", "a CREDIT of 2^63-1", "the greatest", credit(0, math.MaxInt64))
	a.frame("credit-on-the-last-stream", "a CREDIT on stream 2^32-1", "ids are unsigned", credit(math.MaxUint32, 1))
	a.frame("streams", "a STREAMS", "twin of STREAMS of other sizes", streams(256))
	a.frame("streams-0", "a STREAMS of 0", "raises nothing, and is no fault (STRM-011)", streams(0))
	a.frame("streams-2-31", "a STREAMS of 2^31", "the greatest: there are no more ids of one parity; negative in 32 signed bits", streams(1<<31))
	a.about("FRAME-008")
	a.strange("credit-with-ignored-bits", "a CREDIT with reserved and flags 70 set", "ignored", said{credit(3, 262144).ignored(), credit(3, 262144).form})
	a.strange("streams-with-ignored-bits", "a STREAMS with reserved and flags 70 set", "ignored", said{streams(256).ignored(), streams(256).form})
	a.about()
	over := encoding("CRED-008", 16)
	a.no("credit-2-63", "credit-2-63-less-1", over, "a CREDIT of 2^63", "sums of charges would overflow, and it is negative in 64 signed bits", credit(0, 1<<63).hexed())
	a.no("credit-2-64-less-1", "credit-2-63-less-1", over, "a CREDIT of 2^64-1", "-1: endless in many configurations", credit(0, math.MaxUint64).hexed())
	a.no("credit-2-63-on-a-stream", "credit-on-the-last-stream", over, "a CREDIT of 2^63 on a stream", "the limit is that of both scopes", credit(math.MaxUint32, 1<<63).hexed())
	a.no("streams-2-31-and-1", "streams-2-31", over, "a STREAMS of 2^31+1", "off by one in the limit", streams(1<<31+1).hexed())
	a.no("streams-2-32", "streams-2-31", over, "a STREAMS of 2^32", "cut to 32 bits it is 0", streams(1<<32).hexed())
	a.no("streams-2-64-less-1", "streams-2-31", over, "a STREAMS of 2^64-1", "-1: endless in many configurations", streams(math.MaxUint64).hexed())
	size := encoding("FRAME-010", 4)
	c, s := credit(3, 262144).frame, streams(256).frame
	a.no("credit-of-0-bytes", "credit-stream", size, "a CREDIT without payload", "a fixed layout has one size", c.saying("").hexed())
	a.no("credit-of-4-bytes", "credit-stream", size, "a CREDIT of 4 bytes", "grants of HTTP/2 have 4 bytes", c.saying(u32(262144)).hexed())
	a.no("credit-of-7-bytes", "credit-stream", size, "a CREDIT of 7 bytes", "a fixed layout has one size", c.short(1).hexed())
	a.no("credit-of-9-bytes", "credit-stream", size, "a CREDIT of 9 bytes", "a fixed layout has one size", c.long("00").hexed())
	a.no("streams-of-4-bytes", "streams", size, "a STREAMS of 4 bytes", "ids have 4 bytes, and their number 8", s.saying(u32(256)).hexed())
	a.no("streams-of-7-bytes", "streams", size, "a STREAMS of 7 bytes", "a fixed layout has one size", s.short(1).hexed())
	a.no("streams-of-9-bytes", "streams", size, "a STREAMS of 9 bytes", "a fixed layout has one size", s.long("00").hexed())
}
