package main

import (
	"fmt"
	"strings"
)

const (
	asked    = "responder" // gets what an initiator sends
	answered = "initiator" // gets what a responder sends

	clock   = "01 00 0001 a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1 00000001 0000000000000001 0000000000000002"
	version = "01 00 0000 0000 0000"
	print   = "0f0e0d0c0b0a09080706050403020100"
)

// plain takes the spaces out.
func plain(s string) string { return strings.ReplaceAll(s, " ", "") }

func rep(s string, n int) string { return strings.Repeat(s, n) }

func rows() []vector {
	var all []vector
	for _, part := range [][]vector{kinds(), clocks(), checks(), digests(), keyed(), repairs(), results(), errorRows(), completes(), cells()} {
		all = append(all, part...)
	}
	return all
}

func kinds() []vector {
	return []vector{
		ok("since", asked, "the twin of what has no kind", "01 00 "+clock, `{"kind":"SINCE","clock":"`+plain(clock)+`"}`),
		no("empty", "since", asked, "a read of the kind behind the message", "", 0),
		no("kind-0", "since", asked, "a field that was never set", "00 00 "+clock, 0),
		no("kind-13", "since", asked, "no such kind", "0d 00 "+clock, 0),
		no("kind-129", "since", asked, "a reader that masks the first bit takes it for SINCE", "81 00 "+clock, 0),
		ok("clock-to-initiator", answered, "both sides send it", "02 00 "+clock, `{"kind":"CLOCK","clock":"`+plain(clock)+`"}`),
		no("since-to-initiator", "clock-to-initiator", answered, "a reader without sides", "01 00 "+clock, 0),
	}
}

func clocks() []vector {
	return []vector{
		other("since-reserved-set", asked, "reserved is ignored", "01 ff "+clock, `{"kind":"SINCE","clock":"`+plain(clock)+`"}`),
		no("since-of-1", "since", asked, "a read of the clock behind the message", "01", 1),
		ok("clock", asked, "not ALL", "02 00 "+clock, `{"kind":"CLOCK","clock":"`+plain(clock)+`"}`),
		ok("clock-all", asked, "the end of SINCE", "02 01 "+clock, `{"kind":"CLOCK","flags":"ALL","clock":"`+plain(clock)+`"}`),
		other("clock-unknown-flags", asked, "unknown flags are ignored", "02 fe "+clock, `{"kind":"CLOCK","clock":"`+plain(clock)+`"}`),
		no("clock-of-1", "clock", asked, "a read of the flags behind the message", "02", 1),
	}
}

func checks() []vector {
	value := func(length, flags, prefix string) string {
		return `{"kind":"CHECK"` + flags + `,"length":"` + length + `","prefix":"` + prefix + `","fingerprint":"` + print + `"}`
	}
	pull := `,"flags":"PULL"`
	return []vector{
		ok("check", asked, "of the empty prefix", "03 00 00 00 0000000000000000 "+print, value("0", "", "0000000000000000")),
		ok("check-odd", asked, "three half bytes: the fourth is not of the prefix", "03 03 00 00 abc0000000000000 "+print, value("3", "", "abc0000000000000")),
		ok("check-of-16", asked, "the longest", "03 10 00 00 0123456789abcdef "+print, value("16", "", "0123456789abcdef")),
		ok("check-pull", asked, "with the objects", "03 10 01 00 0123456789abcdef "+print, value("16", pull, "0123456789abcdef")),
		other("check-unknown-flags", asked, "unknown flags and reserved are ignored", "03 00 fe ff 0000000000000000 "+print, value("0", "", "0000000000000000")),
		no("check-of-17", "check-of-16", asked, "off by one; a shift by 64", "03 11 00 00 0123456789abcdef "+print, 1),
		no("check-of-255", "check-of-16", asked, "-1 in 8 signed bits", "03 ff 00 00 0123456789abcdef "+print, 1),
		no("check-behind-prefix", "check-odd", asked, "one prefix with two spellings is asked about twice", "03 03 00 00 abc1000000000000 "+print, 4),
		no("check-behind-prefix-far", "check-odd", asked, "only the last byte is not 0", "03 03 00 00 abc0000000000001 "+print, 4),
		no("check-pull-of-15", "check-pull", asked, "all objects of a sixteenth of a sixteenth ... for 28 bytes", "03 0f 01 00 0123456789abcde0 "+print, 2),
		no("check-of-27-bytes", "check", asked, "a read behind the message", "03 00 00 00 0000000000000000 "+print[:30], 27),
		no("check-of-29-bytes", "check", asked, "a check for the end", "03 00 00 00 0000000000000000 "+print+" 00", 28),
		no("check-to-initiator", "clock-to-initiator", answered, "a responder asks nothing", "03 00 00 00 0000000000000000 "+print, 0),
	}
}

func digests() []vector {
	value := func(form, length, prefix, count, entries string) string {
		return `{"kind":"DIGEST","form":"` + form + `","length":"` + length + `","prefix":"` + prefix + `","count":"` + count + `","fingerprint":"` + print + `","digests":"` + entries + `"}`
	}
	const zero = "0000000000000000"
	low, high := "ab00000000000000 0000000000000000", "ab00000000000000 0000000000000001"
	head := func(form string, count int) string {
		return fmt.Sprintf("04 00 %s 00 %s %016x %s", form, zero, count, print)
	}
	two := fmt.Sprintf("04 02 02 00 ab00000000000000 %016x %s", 2, print)
	return []vector{
		ok("digest-same", answered, "nothing more", head("00", 5), value("SAME", "0", zero, "5", "")),
		ok("digest-parts", answered, "16 fingerprints", head("01", 500)+" "+rep("11", 256), value("PARTS", "0", zero, "500", rep("11", 256))),
		ok("digest-no-items", answered, "an empty prefix", head("02", 0), value("ITEMS", "0", zero, "0", "")),
		ok("digest-items", answered, "two, ascending", two+" "+low+" "+high, value("ITEMS", "2", "ab00000000000000", "2", plain(low+high))),
		other("digest-reserved-set", answered, "reserved is ignored", "04 00 00 ff "+zero+" 0000000000000005 "+print, value("SAME", "0", zero, "5", "")),
		no("digest-form-3", "digest-same", answered, "no such form", head("03", 5), 2),
		no("digest-same-and-16", "digest-same", answered, "a check for the end", head("00", 5)+" "+rep("11", 16), 36),
		no("digest-15-parts", "digest-parts", answered, "a read of the last part behind the message", head("01", 500)+" "+rep("11", 240), 36),
		no("digest-17-parts", "digest-parts", answered, "a write behind an array of 16", head("01", 500)+" "+rep("11", 272), 36),
		no("digest-parts-of-16", "digest-same", answered, "there is no longer prefix", fmt.Sprintf("04 10 01 00 0123456789abcdef %016x %s %s", 500, print, rep("11", 256)), 2),
		no("digest-item-missing", "digest-items", answered, "a list as long as count says, and not as what is there", two+" "+low, 36),
		no("digest-item-more", "digest-no-items", answered, "count is 0", head("02", 0)+" "+low, 36),
		no("digest-half-an-item", "digest-items", answered, "a read behind the message", two+" "+low+" ab00000000000000", 36),
		no("digest-items-2-60", "digest-items", answered, "16 times the count is 0 in 64 bits: memory for it, or none", fmt.Sprintf("04 02 02 00 ab00000000000000 1000000000000000 %s", print), 36),
		no("digest-items-descend", "digest-items", answered, "a comparison of two lists runs past the other's end", two+" "+high+" "+low, 52),
		no("digest-item-twice", "digest-items", answered, "an object would be counted twice", two+" "+low+" "+low, 52),
		no("digest-item-elsewhere", "digest-items", answered, "it was not asked for", two+" "+low+" ac00000000000000 0000000000000000", 52),
		no("digest-of-35", "digest-same", answered, "a read behind the message", "04 00 00 00 "+zero+" 0000000000000005 "+print[:30], 35),
		no("digest-of-17", "digest-same", answered, "a shift by 68", "04 11 00 00 "+zero+" 0000000000000005 "+print, 1),
		no("digest-behind-prefix", "digest-items", answered, "not the prefix that was asked for, and looks like it", fmt.Sprintf("04 02 00 00 ab10000000000000 %016x %s", 2, print), 4),
		no("digest-to-responder", "clock", asked, "an initiator answers nothing", head("00", 5), 0),
	}
}

func keyed() []vector {
	value := func(kind, key string) string {
		return `{"kind":"` + kind + `","key":"` + key + `","version":"` + plain(version) + `"}`
	}
	long := rep("6b", 1024)
	return []vector{
		ok("check-key", asked, "of an object that is not there", "05 00 0003 616e6e "+version, value("CHECK_KEY", "616e6e")),
		ok("check-key-of-1024", asked, "the longest key", "05 00 0400 "+long+" "+version, value("CHECK_KEY", long)),
		ok("check-key-any-bytes", asked, "keys need not be text", "05 00 0002 00ff "+version, value("CHECK_KEY", "00ff")),
		other("check-key-reserved-set", asked, "reserved is ignored", "05 ff 0003 616e6e "+version, value("CHECK_KEY", "616e6e")),
		ok("version", answered, "the answer", "06 00 0003 616e6e "+version, value("VERSION", "616e6e")),
		no("check-key-of-0", "check-key", asked, "an object without a name", "05 00 0000 "+version, 2),
		no("check-key-of-1025", "check-key-of-1024", asked, "off by one in the limit", "05 00 0401 "+long+"6b "+version, 2),
		no("check-key-cut", "check-key", asked, "a read behind the message", "05 00 0003 616e", 2),
		no("check-key-65535", "check-key", asked, "negative in 16 signed bits", "05 00 ffff 616e6e "+version, 2),
		no("check-key-little-endian", "check-key", asked, "an encoder that writes integers as its processor has them", "05 00 0300 616e6e "+version, 2),
		no("check-key-of-3-bytes", "check-key", asked, "a read of the length behind the message", "05 00 00", 3),
		no("check-key-to-initiator", "version", answered, "a version that is answered by a version may go on for ever", "05 00 0003 616e6e "+version, 0),
		no("version-to-responder", "check-key", asked, "an initiator answers no question", "06 00 0003 616e6e "+version, 0),
		no("version-of-0", "version", answered, "an object without a name", "06 00 0000 "+version, 2),
	}
}

func repairs() []vector {
	object := "01 00 0001 0001 0000 a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1 0000000000000002 0000 00 00 00000001 0000000000000002 76"
	value := func(number string) string {
		return `{"kind":"REPAIR","number":"` + number + `","key":"6b","object":"` + plain(object) + `"}`
	}
	return []vector{
		ok("repair", asked, "the first", "07 00 0001 0000000000000001 6b "+object, value("1")),
		ok("repair-to-initiator", answered, "both sides send it", "07 00 0001 0000000000000001 6b "+object, value("1")),
		ok("repair-number-2-64-less-1", asked, "the greatest that the field holds", "07 00 0001 ffffffffffffffff 6b "+object, value("18446744073709551615")),
		ok("repair-of-no-object", asked, "an item that is refused, and no broken message", "07 00 0001 0000000000000001 6b", `{"kind":"REPAIR","number":"1","key":"6b","object":""}`),
		no("repair-number-0", "repair", asked, "numbers begin with 1", "07 00 0001 0000000000000000 6b "+object, 4),
		no("repair-key-of-0", "repair", asked, "an object without a name", "07 00 0000 0000000000000001 "+object, 2),
		no("repair-key-cut", "repair-of-no-object", asked, "a read behind the message", "07 00 0002 0000000000000001 6b", 2),
		no("repair-of-11", "repair-of-no-object", asked, "a read of the number behind the message", "07 00 0001 00000000000000", 11),
	}
}

func results() []vector {
	entry := func(outcome, siblings, code string) string {
		return `{"outcome":"` + outcome + `","siblings":"` + siblings + `","code":"` + code + `"}`
	}
	value := func(first string, entries ...string) string {
		return `{"kind":"RESULT","first":"` + first + `","entries":[` + strings.Join(entries, ",") + `]}`
	}
	all := "00 00 0001 00000000 01 00 0001 00000000 02 00 0007 00000000 03 00 0000 00008103"
	return []vector{
		ok("result", asked, "every outcome", "08 00 0004 0000000000000001 "+all, value("1",
			entry("no-op", "1", "NO_ERROR"), entry("applied", "1", "NO_ERROR"), entry("siblings", "7", "NO_ERROR"), entry("rejected", "0", "SYNC_COLLISION"))),
		ok("result-unknown-code", answered, "an unknown code is a code", "08 00 0001 0000000000000009 03 00 0000 000081ff", value("9", entry("rejected", "0", "0x000081FF"))),
		ok("result-of-1024", asked, "the most", "08 00 0400 0000000000000001 "+rep("0100000100000000", 1024), value("1", strings.Split(strings.TrimSuffix(rep(entry("applied", "1", "NO_ERROR")+";", 1024), ";"), ";")...)),
		other("result-reserved-set", asked, "reserved is ignored", "08 ff 0001 0000000000000001 01 ff 0001 00000000", value("1", entry("applied", "1", "NO_ERROR"))),
		no("result-of-0", "result", asked, "it says nothing", "08 00 0000 0000000000000001", 2),
		no("result-of-1025", "result-of-1024", asked, "off by one in the limit", "08 00 0401 0000000000000001 "+rep("0100000100000000", 1025), 2),
		no("result-entry-missing", "result", asked, "a read behind the message", "08 00 0005 0000000000000001 "+all, 2),
		no("result-entry-more", "result", asked, "a check for the end", "08 00 0003 0000000000000001 "+all, 2),
		no("result-first-0", "result", asked, "numbers begin with 1", "08 00 0004 0000000000000000 "+all, 4),
		no("result-first-2-64-less-1", "result", asked, "the last number is 2 in 64 bits", "08 00 0004 ffffffffffffffff "+all, 4),
		no("result-outcome-4", "result", asked, "an outcome that nobody knows passes for applied", "08 00 0001 0000000000000001 04 00 0001 00000000", 12),
		no("result-applied-with-code", "result", asked, "applied, or refused?", "08 00 0001 0000000000000001 01 00 0001 00008103", 12),
		no("result-rejected-without-code", "result", asked, "NO_ERROR in a log, for an object that is not there", "08 00 0001 0000000000000001 03 00 0000 00000000", 12),
		no("result-of-11", "result", asked, "a read behind the message", "08 00 0001 00000000000000", 11),
	}
}

func errorRows() []vector {
	value := func(scope, code, retry, key, text string) string {
		return `{"kind":"ERROR","scope":"` + scope + `","key":"` + key + `","code":"` + code + `","retry_ms":"` + retry + `","text":"` + text + `"}`
	}
	long := rep("74", 1024)
	return []vector{
		ok("error-item", asked, "about a key", "09 01 0001 00008107 0000ea60 6b 776879", value("item", "SYNC_UNREADABLE", "60000", "6b", "why")),
		ok("error-item-without-key", answered, "about no key", "09 01 0000 00008102 ffffffff", value("item", "SYNC_NEED_DIGEST", "4294967295", "", "")),
		ok("error-session", answered, "the end", "09 02 0000 00008108 0000ea60", value("session", "SYNC_STORE", "60000", "", "")),
		ok("error-text-of-1024", answered, "the longest", "09 02 0000 00008108 0000ea60 "+long, value("session", "SYNC_STORE", "60000", "", rep("t", 1024))),
		no("error-scope-0", "error-session", answered, "a field that was never set", "09 00 0000 00008108 0000ea60", 1),
		no("error-scope-3", "error-session", answered, "no such scope", "09 03 0000 00008108 0000ea60", 1),
		no("error-session-with-key", "error-session", answered, "a session has no key", "09 02 0001 00008108 0000ea60 6b", 2),
		no("error-key-cut", "error-item", asked, "a read behind the message", "09 01 0002 00008107 0000ea60 6b", 2),
		no("error-key-of-1025", "error-item", asked, "off by one in the limit", "09 01 0401 00008107 0000ea60 "+rep("6b", 1025), 2),
		no("error-text-of-1025", "error-text-of-1024", answered, "off by one in the limit", "09 02 0000 00008108 0000ea60 "+long+"74", 12),
		no("error-text-no-utf-8", "error-session", answered, "a log that is no text any more", "09 02 0000 00008108 0000ea60 ff", 12),
		no("error-of-11", "error-session", answered, "a read behind the message", "09 02 0000 00008108 0000ea", 11),
	}
}

func completes() []vector {
	fields := "00000001 0000000000000002 0000000000000002 000000000000000a 0000000000000001 0000000000000002 0000000000000003 0000000000000004 0000000000000020 " + print
	value := `{"kind":"COMPLETE","errors":"1","sent":"2","acked":"2","received":"10","noop":"1","applied":"2","siblings":"3","rejected":"4","count":"32","fingerprint":"` + print + `"}`
	return []vector{
		ok("complete", asked, "every field another number", "0a 00 0000 "+fields, value),
		ok("complete-to-initiator", answered, "both sides send it", "0a 00 0000 "+fields, value),
		other("complete-reserved-set", asked, "reserved is ignored", "0a ff ffff "+fields, value),
		no("complete-of-87", "complete", asked, "a read behind the message", "0a 00 0000 "+fields[:len(fields)-2], 87),
		no("complete-of-89", "complete", asked, "a check for the end", "0a 00 0000 "+fields+" 00", 88),
	}
}
