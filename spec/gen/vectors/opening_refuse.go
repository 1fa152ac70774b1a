package main

import (
	"strings"

	"handfast/testdata"
)

// yesRefuse is ok for a REFUSE.
func (a *area) yesRefuse(slug, title, why string, o opening) *testdata.Vector {
	return a.ok(slug, title, why, o.hexed(), o.refuseForm())
}

// openingRefuse is REFUSEs that a dialer reads.
func openingRefuse(a *area) {
	r := refuse()
	a.about("HELLO-019", "HELLO-022")
	a.yesRefuse("refuse", "a REFUSE with everything that is required", "the twin of most faults", r)
	full := fullRefuse()
	a.yesRefuse("refuse-with-all-keys", "a REFUSE with every key", "need goes with NEED_UNMET", full)
	a.yesRefuse("refuse-retry-never", "retry_ms FFFFFFFF", "never: not in 49 days, and not -1", r.with("retry_ms", mpInt(1<<32-1), "4294967295"))
	a.yesRefuse("refuse-retry-0", "retry_ms 0", "at once, and not absent", r.with("retry_ms", "00", "0"))
	a.yesRefuse("refuse-need-none", "an empty need", "a list that is empty, and not absent", r.with("need", "90", []string{}))
	a.yesRefuse("refuse-need-64", "need of 64 names", "the most", r.with("need", mpStrs(manyNames(64)...), manyNames(64)))
	a.yesRefuse("refuse-text-of-256", "a text of 256 bytes", "the longest; the header of the str has 3 bytes", r.with("text", mpStr(strings.Repeat("t", 256)), strings.Repeat("t", 256)))
	a.yesRefuse("refuse-vers-16", "16 versions", "the most", r.vers(1, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
	a.about("HELLO-030")
	a.yesRefuse("refuse-vers-twice", "a version twice", "a fault in a HELLO; a dialer that is turned away gains nothing from quarrelling over it", r.vers(1, 2, 1, 2, 1))
	a.yesRefuse("refuse-vers-0", "version 0", "as above", r.vers(0, 0, 0))
	grease := r.vers(1, 1, 0x0a0a)
	a.other("refuse-vers-grease", "nothing but grease", "as above", grease.hexed(), grease.refuseForm()).Notes = "ver_min and ver_max are a hint, and what an encoder puts there is free"
	a.about("ERR-002")
	a.yesRefuse("refuse-unknown-code", "a code that is not registered", "an unknown code is a code; a dialer that fails on it cannot say why it was refused", r.with("code", mpInt(0xabcd), "0x0000ABCD"))
	a.yesRefuse("refuse-code-2-32-less-1", "code FFFFFFFF", "the greatest; negative in 32 signed bits", r.with("code", mpInt(1<<32-1), "0xFFFFFFFF"))
	a.about("HELLO-011")
	odd := r.with("a", "c0", nil).with("zz", "80", nil)
	a.other("refuse-unknown-keys", "unknown keys before and behind the known ones", "a later version says more", odd.hexed(), odd.refuseForm())
	a.about("HELLO-020")
	full1024 := r.padded(1024)
	a.other("refuse-body-of-1024", "a body of 1,024 bytes", "the greatest", full1024.hexed(), full1024.refuseForm())
}

func fullRefuse() opening {
	return refuse().with("code", mpInt(0x0202), "NEED_UNMET").with("need", mpStrs("delivery", "tls.bind"), []string{"delivery", "tls.bind"}).
		with("retry_ms", mpInt(5000), "5000").with("text", mpStr("TLS only"), "TLS only")
}

// openingBadRefuse is REFUSEs that are no REFUSE. A dialer ends the transport all the same, and sends nothing (HELLO-022): the code is
// what it reports.
func openingBadRefuse(a *area) {
	o := refuse()
	a.about("HELLO-022")
	const notes = "nothing is sent in answer: the code is what the dialer reports"
	a.no("refuse-body-of-1025", "refuse-body-of-1024", linkFault("FRAME_SIZE", "HELLO-020", 16), "a body of 1,025 bytes", "off by one in the limit", o.padded(1025).hexed()).Notes = notes
	a.no("refuse-length-of-16384", "refuse", linkFault("FRAME_SIZE", "HELLO-020", 16), "a length of 16,384, and no body", "the limit of HELLO, which REFUSE does not have", o.announcing(16384).header()).Notes = notes
	a.no("refuse-checksum", "refuse", linkFault("HEADER_CRC", "HELLO-008", 20), "a wrong checksum", "the code and the versions in it cannot be believed", o.summed(flipped(o.rightSum())).hexed()).Notes = notes
	a.no("refuse-array", "refuse", encoding("HELLO-022", 24), "an array", "a body is a map", o.saying(mpInts(0x201)).hexed()).Notes = notes
	a.no("refuse-and-a-byte", "refuse", encoding("MP-012", 24+o.bodyBytes().len()), "one byte behind the map", "a check for the end", o.saying(join(o.bodyBytes(), "00")).hexed()).Notes = notes
	for _, key := range []string{"code", "vers"} {
		a.no("refuse-without-"+key, "refuse", encoding("HELLO-022", 24), "no "+key, "a dialer that goes on without it guesses", o.without(key).hexed()).Notes = notes
	}
	for _, r := range []struct {
		slug, twin, key string
		value           hexed
		title, why      string
	}{
		{"refuse-code-2-32", "refuse-code-2-32-less-1", "code", "cf0000000100000000", "code 2^32", "cut to 32 bits it is NO_ERROR"},
		{"refuse-code-minus-1", "refuse-code-2-32-less-1", "code", "ff", "code -1", "cut to 32 bits it is FFFFFFFF"},
		{"refuse-code-str", "refuse", "code", mpStr("NO_VERSION"), "the name of a code", "codes are numbers"},
		{"refuse-retry-2-32", "refuse-retry-never", "retry_ms", "cf0000000100000000", "retry_ms 2^32", "cut to 32 bits it is 0, at once"},
		{"refuse-need-nil", "refuse-need-none", "need", "c0", "need is nil", "an optional key is left out, and not nil"},
		{"refuse-need-of-65", "refuse-need-64", "need", mpStrs(manyNames(65)...), "need of 65 names", "off by one in the limit"},
		{"refuse-text-of-257", "refuse-text-of-256", "text", mpStr(strings.Repeat("t", 257)), "a text of 257 bytes", "off by one in the limit"},
		{"refuse-text-bin", "refuse-with-all-keys", "text", mpBin(text("TLS only")), "text is a bin", "bytes that nobody has checked as UTF-8 go into logs"},
		{"refuse-vers-65536", "refuse", "vers", mpArray(mpInt(65536)), "a version of 65,536", "in 16 bits it is 0"},
		{"refuse-vers-int", "refuse", "vers", "01", "vers is 1 and no array", "a single version, as most protocols have it"},
	} {
		bad := o
		if r.twin == "refuse-with-all-keys" {
			bad = fullRefuse()
		}
		bad = bad.with(r.key, r.value, nil)
		a.no(r.slug, r.twin, encoding("HELLO-022", bad.at(r.key)), r.title, r.why, bad.hexed()).Notes = notes
	}
	for _, r := range []struct {
		slug, twin string
		o          opening
		title, why string
	}{
		{"refuse-vers-empty", "refuse", o.vers(0, 0), "no version at all", "a dialer that was refused cannot know what would be taken"},
		{"refuse-vers-17", "refuse-vers-16", o.vers(1, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17), "17 versions", "off by one in the limit"},
	} {
		a.no(r.slug, r.twin, encoding("HELLO-019", r.o.at("vers")), r.title, r.why, r.o.hexed()).Notes = notes
	}
}
