package main

import "strings"

const (
	asked    = "responder" // gets what an initiator sends
	answered = "initiator" // gets what a responder sends

	clock   = "01 00 0001 a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1 00000001 0000000000000001 0000000000000002"
	version = "01 00 0000 0000 0000"
	print   = "0f0e0d0c0b0a09080706050403020100"

	estimate = "002a 01ff80007f0203040506070809fe0b0c"

	// of COMPLETE, and of CHECK with LAST: every one another number
	counts  = "00000001 0000000000000002 0000000000000002 000000000000000a 0000000000000001 0000000000000002 0000000000000003 0000000000000004"
	counted = `"errors":"1","sent":"2","acked":"2","received":"10","noop":"1","applied":"2","siblings":"3","rejected":"4"`
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
		ok("clock-all-as-stated", asked, "the end of SINCE, with the clock that was stated last", "02 01", `{"kind":"CLOCK","flags":"ALL","clock":""}`),
		other("clock-unknown-flags", asked, "unknown flags are ignored", "02 fe "+clock, `{"kind":"CLOCK","clock":"`+plain(clock)+`"}`),
		no("clock-as-stated", "clock-all-as-stated", asked, "it says nothing", "02 00", 2),
		no("clock-of-1", "clock", asked, "a read of the flags behind the message", "02", 1),
	}
}

func checks() []vector {
	value := func(length, flags, prefix string) string {
		return `{"kind":"CHECK"` + flags + `,"length":"` + length + `","prefix":"` + prefix + `","fingerprint":"` + print + `"}`
	}
	clocked := func(flags string) string {
		return `{"kind":"CHECK","flags":"` + flags + `","length":"0","prefix":"","fingerprint":"` + print + `","clock":"c1c2c3c4c5c6c7c8"}`
	}
	flag := func(name string) string { return `,"flags":"` + name + `"` }
	head := func(flags, length string) string { return "03 " + flags + " " + length + " " + print + " " }
	const sum = "c1c2c3c4c5c6c7c8"
	return []vector{
		ok("check", asked, "of the empty prefix", head("00", "00"), value("0", "", "")),
		ok("check-odd", asked, "three half bytes: the fourth is not of the prefix", head("00", "03")+"abc0", value("3", "", "abc0")),
		ok("check-of-16", asked, "the longest", head("00", "10")+"0123456789abcdef", value("16", "", "0123456789abcdef")),
		ok("check-pull", asked, "with the objects", head("01", "10")+"0123456789abcdef", value("16", flag("PULL"), "0123456789abcdef")),
		ok("check-clock", asked, "with the clock", head("02", "00")+sum, clocked("CLOCK")),
		ok("check-brief", asked, "a short answer is enough", head("04", "00"), value("0", flag("BRIEF"), "")),
		ok("check-clock-brief", asked, "the first question of an initiator without LAST", head("06", "00")+sum, clocked("CLOCK|BRIEF")),
		ok("check-estimate", asked, "how many differ?", head("08", "00"), value("0", flag("ESTIMATE"), "")),
		ok("check-last", asked, "COMPLETE, if all is equal", head("10", "00"), value("0", flag("LAST"), "")),
		ok("check-clock-brief-last", asked, "the first question of most sessions", head("16", "00")+sum, clocked("CLOCK|BRIEF|LAST")),
		ok("check-clock-estimate-last", asked, "the first question with sync.cells", head("1a", "00")+sum, clocked("CLOCK|ESTIMATE|LAST")),
		ok("check-last-counts", asked, "the last question, with all that COMPLETE says", head("30", "00")+counts,
			`{"kind":"CHECK","flags":"LAST|COUNTS",`+counted+`,"length":"0","prefix":"","fingerprint":"`+print+`"}`),
		ok("check-clock-last-counts", asked, "the check of the clock comes first", head("32", "00")+sum+" "+counts,
			`{"kind":"CHECK","flags":"CLOCK|LAST|COUNTS",`+counted+`,"length":"0","prefix":"","fingerprint":"`+print+`","clock":"`+sum+`"}`),
		other("check-counts-of-0", asked, "counts of 0 need not be said", head("30", "00")+rep("00", 60), value("0", flag("LAST"), "")),
		other("check-unknown-flags", asked, "unknown flags are ignored", head("c0", "00"), value("0", "", "")),
		no("check-of-17", "check-of-16", asked, "off by one; a shift by 64", head("00", "11")+"0123456789abcdef", 2),
		no("check-of-255", "check-of-16", asked, "-1 in 8 signed bits", head("00", "ff")+"0123456789abcdef", 2),
		no("check-behind-prefix", "check-odd", asked, "one prefix with two spellings is asked about twice", head("00", "03")+"abc1", 19),
		no("check-prefix-cut", "check-odd", asked, "a read behind the message", head("00", "03")+"ab", 20),
		no("check-prefix-of-8", "check-odd", asked, "a check for the end", head("00", "03")+"abc0000000000000", 21),
		no("check-pull-of-15", "check-pull", asked, "all objects of a sixteenth of a sixteenth ... for 27 bytes", head("01", "0f")+"0123456789abcde0", 1),
		no("check-clock-of-1", "check-clock", asked, "only the empty prefix stands beside the clock", head("02", "01")+"a0"+sum, 1),
		no("check-brief-of-1", "check-brief", asked, "only the empty prefix is answered in brief", head("04", "01")+"a0", 1),
		no("check-estimate-of-1", "check-estimate", asked, "only the empty prefix has an estimate", head("08", "01")+"a0", 1),
		no("check-last-of-1", "check-last", asked, "equal parts do not end a session", head("10", "01")+"a0", 1),
		no("check-pull-last", "check-pull", asked, "objects behind the end", head("11", "10")+"0123456789abcdef", 1),
		no("check-brief-estimate", "check-estimate", asked, "two answers", head("0c", "00"), 1),
		no("check-counts-without-last", "check-last-counts", asked, "counts of a session that goes on", head("20", "00")+counts, 1),
		no("check-counts-missing", "check-last-counts", asked, "a read behind the message", head("30", "00"), 19),
		no("check-counts-cut", "check-last-counts", asked, "a read behind the message", head("30", "00")+counts[:len(counts)-2], 78),
		no("check-counts-without-flag", "check-last", asked, "a check for the end", head("10", "00")+counts, 19),
		no("check-clock-taken-from-counts", "check-clock-last-counts", asked, "the last eight bytes of the counts are missing", head("32", "00")+counts, 79),
		no("check-clock-missing", "check-clock", asked, "a read behind the message", head("02", "00"), 19),
		no("check-clock-cut", "check-clock", asked, "a read behind the message", head("02", "00")+sum[:14], 26),
		no("check-clock-without-flag", "check-clock", asked, "a check for the end", head("00", "00")+sum, 19),
		no("check-of-18-bytes", "check", asked, "a read behind the message", "03 00 00 "+print[:30], 18),
		no("check-of-20-bytes", "check", asked, "a check for the end", head("00", "00")+"00", 19),
		no("check-to-initiator", "clock-to-initiator", answered, "a responder asks nothing", head("00", "00"), 0),
	}
}

func digests() []vector {
	value := func(form, flags, length, prefix, entries string) string {
		return `{"kind":"DIGEST"` + flags + `,"form":"` + form + `","length":"` + length + `","prefix":"` + prefix + `","digests":"` + entries + `"}`
	}
	low, high := "ab00000000000000 0000000000000000", "ab00000000000000 0000000000000001"
	const two = "04 02 00 02 ab "
	return []vector{
		ok("digest-same", answered, "nothing more", "04 00 00 00", value("SAME", "", "0", "", "")),
		ok("digest-same-clock", answered, "nothing more, and the clocks are equal", "04 00 01 00", value("SAME", `,"flags":"CLOCK"`, "0", "", "")),
		ok("digest-parts", answered, "16 fingerprints", "04 01 00 00 "+rep("11", 256), value("PARTS", "", "0", "", rep("11", 256))),
		ok("digest-parts-odd", answered, "three half bytes: the fourth is not of the prefix", "04 01 00 03 abc0 "+rep("11", 256), value("PARTS", "", "3", "abc0", rep("11", 256))),
		ok("digest-no-items", answered, "an empty prefix", "04 02 00 00", value("ITEMS", "", "0", "", "")),
		ok("digest-items", answered, "two, ascending", two+low+" "+high, value("ITEMS", "", "2", "ab", plain(low+high))),
		ok("digest-brief", answered, "16 bytes", "04 03 00 00 "+rep("11", 16), value("BRIEF", "", "0", "", rep("11", 16))),
		other("digest-unknown-flags", answered, "unknown flags are ignored", "04 00 fe 00", value("SAME", "", "0", "", "")),
		ok("digest-estimate", answered, "18 bytes", "04 04 00 00 "+estimate, value("ESTIMATE", "", "0", "", plain(estimate))),
		no("digest-form-5", "digest-same", answered, "no such form", "04 05 00 00", 1),
		no("digest-estimate-of-1", "digest-estimate", answered, "only the empty prefix has one", "04 04 00 01 a0 "+estimate, 1),
		no("digest-estimate-of-17-bytes", "digest-estimate", answered, "a read behind the message", "04 04 00 00 "+estimate[:len(estimate)-2], 4),
		no("digest-estimate-of-19-bytes", "digest-estimate", answered, "a check for the end", "04 04 00 00 "+estimate+"00", 4),
		no("digest-same-and-16", "digest-same", answered, "a check for the end", "04 00 00 00 "+rep("11", 16), 4),
		no("digest-15-parts", "digest-parts", answered, "a read of the last part behind the message", "04 01 00 00 "+rep("11", 240), 4),
		no("digest-17-parts", "digest-parts", answered, "a write behind an array of 16", "04 01 00 00 "+rep("11", 272), 4),
		no("digest-parts-of-16", "digest-same", answered, "there is no longer prefix", "04 01 00 10 0123456789abcdef "+rep("11", 256), 1),
		no("digest-brief-of-16", "digest-same", answered, "there is no longer prefix", "04 03 00 10 0123456789abcdef "+rep("11", 16), 1),
		no("digest-brief-of-15-bytes", "digest-brief", answered, "a read of the last part behind the message", "04 03 00 00 "+rep("11", 15), 4),
		no("digest-brief-of-17-bytes", "digest-brief", answered, "a check for the end", "04 03 00 00 "+rep("11", 17), 4),
		no("digest-half-an-item", "digest-items", answered, "a read behind the message", two+low+" ab00000000000000", 5),
		no("digest-items-descend", "digest-items", answered, "a comparison of two lists runs past the other's end", two+high+" "+low, 21),
		no("digest-item-twice", "digest-items", answered, "an object would be counted twice", two+low+" "+low, 21),
		no("digest-item-elsewhere", "digest-items", answered, "it was not asked for", two+low+" ac00000000000000 0000000000000000", 21),
		no("digest-of-3", "digest-same", answered, "a read behind the message", "04 00 00", 3),
		no("digest-of-17", "digest-same", answered, "a shift by 68", "04 00 00 11 0123456789abcdef00", 3),
		no("digest-prefix-cut", "digest-items", answered, "a read behind the message", "04 02 00 02", 4),
		no("digest-behind-prefix", "digest-parts-odd", answered, "not the prefix that was asked for, and looks like it", "04 01 00 03 abc1 "+rep("11", 256), 4),
		no("digest-to-responder", "clock", asked, "an initiator answers nothing", "04 00 00 00", 0),
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
		ok("repair", asked, "the first", "07 01 0001 6b "+object, value("1")),
		ok("repair-to-initiator", answered, "both sides send it", "07 01 0001 6b "+object, value("1")),
		ok("repair-256", asked, "its number is 0 in a byte", "07 00 0001 6b "+object, value("0")),
		ok("repair-255", asked, "the greatest that the field holds", "07 ff 0001 6b "+object, value("255")),
		ok("repair-of-no-object", asked, "an item that is refused, and no broken message", "07 01 0001 6b", `{"kind":"REPAIR","number":"1","key":"6b","object":""}`),
		no("repair-key-of-0", "repair", asked, "an object without a name", "07 01 0000 "+object, 2),
		no("repair-key-cut", "repair-of-no-object", asked, "a read behind the message", "07 01 0002 6b", 2),
		no("repair-of-3", "repair-of-no-object", asked, "a read of the length behind the message", "07 01 00", 3),
	}
}

func results() []vector {
	entry := func(outcome, siblings, code string) string {
		return `{"outcome":"` + outcome + `","siblings":"` + siblings + `","code":"` + code + `"}`
	}
	value := func(first string, entries ...string) string {
		return `{"kind":"RESULT","first":"` + first + `","entries":[` + strings.Join(entries, ",") + `]}`
	}
	times := func(n int, entry string) []string {
		return strings.Split(strings.TrimSuffix(rep(entry+";", n), ";"), ";")
	}
	all := "00 00 0001 00000000 01 00 0001 00000000 02 00 0007 00000000 03 00 0000 00008103"
	const applied = "00 0001 00000000"
	return []vector{
		ok("result", asked, "every outcome", "08 01 "+all, value("1",
			entry("no-op", "1", "NO_ERROR"), entry("applied", "1", "NO_ERROR"), entry("siblings", "7", "NO_ERROR"), entry("rejected", "0", "SYNC_COLLISION"))),
		ok("result-unknown-code", answered, "an unknown code is a code", "08 09 03 00 0000 000081ff", value("9", entry("rejected", "0", "0x000081FF"))),
		ok("result-run", asked, "three REPAIRs, one entry", "08 01 01 02 0001 00000000", value("1", times(3, entry("applied", "1", "NO_ERROR"))...)),
		ok("result-run-of-256", asked, "the longest run, of REPAIRs whose numbers go over 255", "08 c8 01 ff 0001 00000000", value("200", times(256, entry("applied", "1", "NO_ERROR"))...)),
		ok("result-of-1024", asked, "the most", "08 01 "+rep("01ff000100000000", 4), value("1", times(1024, entry("applied", "1", "NO_ERROR"))...)),
		other("result-runs-split", asked, "a run need not be as long as it can be", "08 01 01 "+applied+" 01 "+applied, value("1", times(2, entry("applied", "1", "NO_ERROR"))...)),
		no("result-of-0", "result", asked, "it says nothing", "08 01", 2),
		no("result-of-1025", "result-of-1024", asked, "off by one in the limit", "08 01 "+rep("01ff000100000000", 4)+" 01 "+applied, 35),
		no("result-of-8192", "result-of-1024", asked, "32 times 256 entries of memory for 258 bytes", "08 01 "+rep("01ff000100000000", 32), 35),
		no("result-run-cut", "result", asked, "a read behind the message", "08 01 "+all+" 01 00 0001 000000", 41),
		no("result-outcome-4", "result", asked, "an outcome that nobody knows passes for applied", "08 01 04 "+applied, 2),
		no("result-applied-with-code", "result", asked, "applied, or refused?", "08 01 01 00 0001 00008103", 2),
		no("result-rejected-without-code", "result", asked, "NO_ERROR in a log, for an object that is not there", "08 01 03 00 0000 00000000", 2),
		no("result-of-1-byte", "result", asked, "a read behind the message", "08", 1),
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
	const root = "0000000000000020 " + print
	const rooted = `"count":"32","fingerprint":"` + print + `"`
	value := func(flags, members string) string {
		return `{"kind":"COMPLETE","flags":"` + flags + `",` + members + `}`
	}
	return []vector{
		ok("complete", asked, "nothing was sent, and the fingerprint is known", "0a 00", `{"kind":"COMPLETE"}`),
		ok("complete-counts", asked, "every count another number", "0a 01 "+counts, value("COUNTS", counted)),
		ok("complete-root", asked, "the state alone", "0a 02 "+root, value("ROOT", rooted)),
		ok("complete-counts-root", asked, "both", "0a 03 "+counts+" "+root, value("COUNTS|ROOT", counted+","+rooted)),
		ok("complete-to-initiator", answered, "both sides send it", "0a 03 "+counts+" "+root, value("COUNTS|ROOT", counted+","+rooted)),
		other("complete-unknown-flags", asked, "unknown flags are ignored", "0a fc", `{"kind":"COMPLETE"}`),
		no("complete-of-1", "complete", asked, "a read of the flags behind the message", "0a", 1),
		no("complete-of-3", "complete", asked, "a check for the end", "0a 00 00", 2),
		no("complete-counts-cut", "complete-counts", asked, "a read behind the message", "0a 01 "+counts[:len(counts)-2], 61),
		no("complete-counts-missing", "complete-root", asked, "the state would be taken for counts", "0a 01 "+root, 26),
		no("complete-root-missing", "complete-counts-root", asked, "a read behind the message", "0a 03 "+counts, 62),
		no("complete-root-cut", "complete-root", asked, "a read behind the message", "0a 02 "+root[:len(root)-2], 25),
		no("complete-counts-root-long", "complete-counts-root", asked, "a check for the end", "0a 03 "+counts+" "+root+" 00", 86),
	}
}
