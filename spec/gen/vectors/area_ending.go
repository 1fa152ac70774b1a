package main

import (
	"math"
	"strings"

	"handfast/testdata"
)

// endingArea is DRAIN and CLOSE in chapter 13 of SPEC.md. REJECT and RESET, which have the payload of CLOSE, stand in stream.json.
func endingArea() *area {
	a := &area{name: "ending", op: testdata.OpFrame}
	a.about("DRAIN-002")
	a.frame("drain", "a final DRAIN", "twin of DRAINs of other sizes", drain(7, 0x0602, "SHUTDOWN", 30000))
	a.frame("drain-undecided", "the first DRAIN", "last FFFFFFFF: undecided, and not the greatest id", drain(math.MaxUint32, 0x0602, "SHUTDOWN", 30000))
	a.frame("drain-nothing", "a DRAIN that serves no stream", "last 0", drain(0, 0, "NO_ERROR", 0))
	a.frame("drain-greatest", "the greatest of each field", "each keeps all of its bits", drain(math.MaxUint32-1, math.MaxUint32, "0xFFFFFFFF", math.MaxUint32))
	a.about("ERR-002")
	a.frame("drain-unknown-code", "a DRAIN with a code that is not registered", "an unknown code is a code", drain(7, 0x0699, "0x00000699", 1))
	a.about("FRAME-008")
	a.strange("drain-reserved-set", "a DRAIN whose last field is set", "reserved is ignored", said{drain(7, 0x0602, "", 30000).short(4).long("01020304"), drain(7, 0x0602, "SHUTDOWN", 30000).form})
	a.about()
	size := encoding("FRAME-010", 4)
	d := drain(7, 0x0602, "", 30000).frame
	a.no("drain-of-0", "drain", size, "a DRAIN without payload", "a fixed layout has one size", d.saying("").hexed())
	a.no("drain-of-8", "drain", size, "a DRAIN of last and code", "GOAWAY of HTTP/2 has these two", d.short(8).hexed())
	a.no("drain-of-12", "drain", size, "a DRAIN without reserved", "an encoder that leaves out what means nothing", d.short(4).hexed())
	a.no("drain-of-15", "drain", size, "a DRAIN of 15 bytes", "a fixed layout has one size", d.short(1).hexed())
	a.no("drain-of-17", "drain", size, "a DRAIN of 17 bytes", "a fixed layout has one size", d.long("00").hexed())
	a.no("drain-with-text", "drain", size, "a DRAIN with a text", "CLOSE has one, and DRAIN has none", d.long(text("bye")).hexed())
	a.endings("close", tCLOSE)
	return a
}

// endings is CLOSE, REJECT or RESET.
func (a *area) endings(name string, kind uint8) {
	ending := func(code uint32, codeName string, retry uint32, words string) said {
		switch kind {
		case tREJECT:
			return reject(1, code, codeName, retry, words)
		case tRESET:
			return reset(1, code, codeName, retry, words)
		default:
			return closing(code, codeName, retry, words)
		}
	}
	upper := strings.ToUpper(name)
	plain := ending(0x0407, "OVERLOADED", 250, "busy")
	a.about("FRAME-010")
	a.frame(name, "a "+upper+" with code, retry_ms and text", "twin of faulty sizes", plain)
	a.frame(name+"-without-text", "a "+upper+" of 8 bytes", "the shortest", ending(0x0407, "OVERLOADED", 0, ""))
	a.frame(name+"-of-264", "a "+upper+" with a text of 256 bytes", "the longest", ending(0x0407, "OVERLOADED", 0, strings.Repeat("t", 256)))
	a.frame(name+"-retry-never", "retry_ms FFFFFFFF", "never: not in 49 days, and not -1", ending(0x0303, "FORBIDDEN", math.MaxUint32, "no"))
	a.about("CLOSE-005")
	a.frame(name+"-text-of-two-scripts", "a text beyond ASCII", "256 counts bytes", ending(1, "INTERNAL", 0, "Überlast ☠ 過負荷"))
	a.frame(name+"-text-for-terminals", "a text with escape sequences, a line feed and U+0000", "it is never acted on, and shown only escaped; the length ends it, and not U+0000", ending(1, "INTERNAL", 0, "a\x1b[2J\n\x00b"))
	a.about("ERR-002")
	a.frame(name+"-unknown-code", "a code that is not registered", "an unknown code is a code: it ends what it ends", ending(0xbeef, "0x0000BEEF", 0, ""))
	a.frame(name+"-greatest-code", "code FFFFFFFF", "negative in 32 signed bits", ending(math.MaxUint32, "0xFFFFFFFF", 0, ""))
	a.about("FRAME-008")
	a.strange(name+"-with-ignored-bits", "a "+upper+" with reserved and flags 70 set", "ignored", said{plain.ignored(), plain.form})
	for _, t := range []struct {
		slug  string
		bytes hexed
		shown string
		title string
	}{
		{"text-not-utf-8", "62ff79", "b\ufffdy", "a text with the byte FF"},
		{"text-of-ff-and-fe", "62fffe79", "b\ufffd\ufffdy", "a text with two bytes that begin nothing"},
		{"text-cut-in-a-character", "62e4bd", "b\ufffd", "a text that ends inside a character of three bytes"},
		{"text-not-shortest", "c080 e080af 79", "\ufffd\ufffd\ufffd\ufffd\ufffdy", "a text with forms that are not the shortest"},
		{"text-of-surrogates", "eda0bd edb880 79", "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdy", "a text with two surrogates, as UTF-16 has them"},
		{"text-of-subparts", "e180 e2 f09192 f1bf 41", "\ufffd\ufffd\ufffd\ufffdA", "a text with four beginnings of characters"},
	} {
		a.about("CLOSE-007", "CLOSE-004", "CLOSE-008")
		broken := plain
		broken.frame = plain.saying(join(u32(0x0407), u32(250), t.bytes))
		broken.form = ending(0x0407, "OVERLOADED", 250, t.shown).form
		a.strange(name+"-"+t.slug, t.title, "a rule of its sender is broken, and nothing that a receiver answers: it must not crash, and not write the bytes into a log", broken).
			Notes = "code and retry_ms are what counts; the text shows one U+FFFD for each maximal subpart that is not UTF-8"
	}
	a.about()
	size := encoding("FRAME-010", 4)
	a.no(name+"-of-0", name+"-without-text", size, "a "+upper+" without payload", "a code is always there", plain.saying("").hexed())
	a.no(name+"-of-4", name+"-without-text", size, "a "+upper+" of a code alone", "RST_STREAM of HTTP/2 has only a code", plain.saying(u32(0x0407)).hexed())
	a.no(name+"-of-7", name+"-without-text", size, "a "+upper+" of 7 bytes", "a reader of retry_ms reads one byte behind the payload", plain.saying(join(u32(0x0407), "000000")).hexed())
	a.no(name+"-of-265", name+"-of-264", size, "a "+upper+" with a text of 257 bytes", "off by one in the limit", ending(0x0407, "", 0, strings.Repeat("t", 257)).hexed())
}
