package main

// msgpackText is the accepted side of MP-005: the ends of every range of UTF-8.
func msgpackText(a *area) {
	a.about("MP-005")
	for _, r := range []struct {
		slug       string
		in         hexed
		form       string
		title, why string
	}{
		{"text-u0001", "a1 01", "\u0001", "U+0001", "the least that is allowed; control characters are text"},
		{"text-u007f", "a1 7f", "\u007f", "U+007F", "the last of one byte"},
		{"text-u0080", "a2 c280", "\u0080", "U+0080", "the first of two bytes"},
		{"text-u07ff", "a2 dfbf", "\u07ff", "U+07FF", "the last of two bytes"},
		{"text-u0800", "a3 e0a080", "\u0800", "U+0800", "the first of three bytes"},
		{"text-ud7ff", "a3 ed9fbf", "\ud7ff", "U+D7FF", "the last before the surrogates"},
		{"text-ue000", "a3 ee8080", "\ue000", "U+E000", "the first behind the surrogates"},
		{"text-uffff", "a3 efbfbf", "\uffff", "U+FFFF, a noncharacter", "some libraries refuse noncharacters; UTF-8 does not"},
		{"text-u10000", "a4 f0908080", "\U00010000", "U+10000", "the first of four bytes; two units of UTF-16"},
		{"text-u10ffff", "a4 f48fbfbf", "\U0010ffff", "U+10FFFF", "the last of all"},
		{"text-byte-order-mark", "a4 efbbbf61", "\ufeffa", "a byte order mark and a letter", "readers that drop the mark hash another text"},
		{"text-composed", "a2 c3a9", "\u00e9", "e with acute, composed", "twin of the decomposed one: text is never normalised"},
		{"text-decomposed", "a3 65cc81", "e\u0301", "e with acute, decomposed", "text is never normalised: it is not equal to the composed one"},
		{"text-line-separator", "a3 e280a8", "\u2028", "U+2028", "valid text that JavaScript source could not hold"},
		{"text-nul-escaped-by-hand", "a2 5c30", `\0`, "a backslash and a zero", "text that looks like an escape and is none"},
		{"text-replacement-character", "a3 efbfbd", "\ufffd", "U+FFFD", "text that looks like the result of a faulty decoding and is none"},
		{"text-control-between-letters", "a3 610162", "a\u0001b", "U+0001 between letters", "twin of U+0000 between letters"},
		{"text-behind-a-bin", "92 c401ff a17f", "", "FF in a bin, and a str", "a bin is not text"},
	} {
		form := any(r.form)
		if r.form == "" {
			form = jArray(jBin("ff"), "\u007f")
		}
		a.ok(r.slug, r.title, r.why, r.in, form)
	}
}

// msgpackBadText is what MP-005 refuses.
func msgpackBadText(a *area) {
	const (
		latin    = "an encoder that was given Latin-1 writes it"
		cut      = "a decoder that trusts the lead byte reads behind the end of the str"
		overlong = "a filter that looks for one form of a character does not see the other (CVE-2000-0884)"
		replace  = "a decoder that replaces what is wrong by U+FFFD makes one text of many"
	)
	a.about()
	for _, r := range []struct {
		slug, twin string
		in         hexed
		title, why string
	}{
		{"text-byte-ff", "text-u007f", "a1 ff", "the byte FF", replace},
		{"text-byte-fe", "text-u007f", "a1 fe", "the byte FE", replace},
		{"text-byte-e9", "text-u007f", "a1 e9", "e with acute in Latin-1", latin},
		{"text-lone-continuation", "text-u007f", "a1 80", "a continuation byte without its lead", replace},
		{"text-two-continuations", "text-u0080", "a2 8080", "two continuation bytes", replace},
		{"text-lead-at-the-end", "text-u007f", "a1 c3", "the first of two bytes, at the end", cut},
		{"text-lead-before-ascii", "text-u0080", "a2 c341", "the first of two bytes, then ASCII", "a decoder that skips two bytes swallows the letter"},
		{"text-two-of-three", "text-u0080", "a2 e282", "two of three bytes", cut},
		{"text-two-of-three-before-ascii", "text-u0800", "a3 e0a041", "two of three bytes, then ASCII", "a decoder that checks the second byte only accepts it"},
		{"text-three-of-four", "text-u0800", "a3 f09f98", "three of four bytes", "a str that was cut at a number of bytes ends so"},
		{"text-overlong-nul", "text-u0080", "a2 c080", "U+0000 in two bytes", "Java's modified UTF-8 writes U+0000 so"},
		{"text-overlong-slash", "text-u0080", "a2 c0af", "a slash in two bytes", overlong},
		{"text-overlong-u007f", "text-u0080", "a2 c1bf", "U+007F in two bytes", overlong},
		{"text-overlong-u0080", "text-u0800", "a3 e08280", "U+0080 in three bytes", overlong},
		{"text-overlong-u07ff", "text-u0800", "a3 e09fbf", "U+07FF in three bytes", "off by one in the second byte behind E0"},
		{"text-overlong-u0800", "text-u10000", "a4 f080a080", "U+0800 in four bytes", overlong},
		{"text-overlong-uffff", "text-u10000", "a4 f08fbfbf", "U+FFFF in four bytes", "off by one in the second byte behind F0"},
		{"text-surrogate-d800", "text-ud7ff", "a3 eda080", "U+D800, the first surrogate", "half of a character: languages with UTF-16 inside hold and write it"},
		{"text-surrogate-dfff", "text-ue000", "a3 edbfbf", "U+DFFF, the last surrogate", "half of a character: languages with UTF-16 inside hold and write it"},
		{"text-surrogate-pair", "text-u10000", "a6 eda080edb080", "U+10000 as two surrogates of three bytes", "CESU-8: old databases and Java's modified UTF-8 write it"},
		{"text-u110000", "text-u10ffff", "a4 f4908080", "U+110000", "beyond the last character: off by one in the second byte behind F4"},
		{"text-byte-f5", "text-u10ffff", "a4 f5808080", "four bytes from F5", "a decoder that takes F0 to F7 for leads accepts it"},
		{"text-five-bytes", "text-u10ffff", "a5 f888808080", "five bytes from F8", "UTF-8 before 2003 had five and six bytes"},
		{"text-nul", "text-u0001", "a1 00", "U+0000 alone", "valid UTF-8, and the end of the text to C"},
		{"text-nul-between-letters", "text-control-between-letters", "a3 610062", "U+0000 between letters", "C programs see a shorter name, and two peers disagree on which was meant"},
		{"text-nul-at-the-end", "text-u0080", "a2 6100", "U+0000 behind a letter", "an encoder that counts the end of a C string writes it"},
	} {
		a.bad(r.slug, r.twin, r.in, "MP-005", 0, r.title, r.why)
	}
	a.bad("text-behind-a-bin-byte-ff", "text-behind-a-bin", "92 c401ff a1ff", "MP-005", 4, "FF in a str behind a bin", "a check that stops at the first bin does not see it")
	a.bad("key-with-nul", "key-of-two-bytes", "81 a26100 c0", "MP-005", 1, "U+0000 in a key", "C programs see another key, perhaps one that is there already")
	a.bad("key-not-utf-8", "key-of-two-bytes", "81 a261ff c0", "MP-005", 1, "a key that is not UTF-8", "a decoder that replaces what is wrong makes one key of two")
	a.ok("key-of-two-bytes", "a key of two letters", "twin of faulty keys", "81 a26162 c0", jMap("ab", nil)).Req = []string{"MP-005"}
}
