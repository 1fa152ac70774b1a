package main

import "strings"

// openingLimits is HELLO-012: both ends of every range.
func openingLimits(a *area) {
	h := hello()
	all := func(value func(limit) uint64) opening {
		limits := limitsOf(value)
		return h.with("limits", limits.hexed(), limits)
	}
	least := all(func(l limit) uint64 { return l.least })
	greatest := all(func(l limit) uint64 { return l.greatest })
	none := h.with("limits", "80", body{})
	one := h.with("limits", join("81", mpStr("streams"), mpInt(16)), body{{"streams", "10", "16"}})
	a.about("HELLO-012")
	a.yes("limits-least", "every limit at its minimum", "what each peer must work with", least)
	a.yes("limits-greatest", "every limit at its maximum", "link_credit is over 2^32: a reader of 32 bits cuts it to 0, and nothing can ever be sent", greatest)
	a.other("limits-none", "no limit at all", "an absent limit has its default, and not 0", none.hexed(), none.helloForm())
	a.other("limits-one", "one limit, the others absent", "an absent limit has its default, and not 0", one.hexed(), one.helloForm())
	a.about()
	for _, l := range limits9() {
		slug := strings.ReplaceAll(l.name, "_", "-")
		under := least.inside("limits", l.name, mpInt(int64(l.least-1)), nil)
		a.no(slug+"-too-small", "limits-least", encoding("HELLO-012", under.atInside("limits", l.name)), l.name+" is "+dec(l.least-1),
			"a limit that no peer can keep", under.hexed())
		over := greatest.inside("limits", l.name, mpInt(int64(l.greatest+1)), nil)
		a.no(slug+"-too-great", "limits-greatest", encoding("HELLO-012", over.atInside("limits", l.name)), l.name+" is "+dec(l.greatest+1),
			"sums and buffers are sized by the maximum", over.hexed())
	}
	zero := least.inside("limits", "idle_ms", mpInt(0), nil)
	a.no("idle-ms-0", "limits-least", encoding("HELLO-012", zero.atInside("limits", "idle_ms")), "idle_ms is 0", "0 means endless in many configurations, and here nothing", zero.hexed())
	wrap := greatest.inside("limits", "max_frame", "cf"+u64(1<<32+16384), nil)
	a.no("max-frame-2-32-too-great", "limits-greatest", encoding("HELLO-012", wrap.atInside("limits", "max_frame")), "max_frame is 2^32 + 16,384",
		"cut to 32 bits it is the minimum", wrap.hexed())
}

// openingCaps is capabilities that are accepted.
func openingCaps(a *area) {
	h := hello()
	sixteen := manyNames(16)
	var names []any
	for _, n := range sixteen {
		names = append(names, n)
	}
	a.about("CAP-008", "CAP-010")
	a.yes("caps-none", "no capability at all", "to offer the probes is the sender's duty (CAP-007), and not the receiver's to ask for", h.with("caps", "80", body{}))
	a.yes("caps-all-registered", "every registered capability", "tls.bind and delivery beside the probes",
		h.capability("delivery", "c3", true).capability("tls.bind", "c3", true))
	for _, r := range []struct {
		slug, name string
		value      hexed
		form       any
		title      string
	}{
		{"caps-unknown-nil", "x.a", "c0", nil, "an unknown capability that is nil"},
		{"caps-unknown-false", "x.a", "c2", false, "an unknown capability that is false"},
		{"caps-unknown-negative", "x.a", "ff", jInt(-1), "an unknown capability that is -1"},
		{"caps-unknown-bin", "x.a", mpBin("00ff"), jBin("00ff"), "an unknown capability that is a bin"},
		{"caps-unknown-map", "x.a", "81 a16b 92 01 c0", jMap("k", jArray(jInt(1), nil)), "an unknown capability that is a map"},
		{"caps-unknown-empty-array", "x.a", "90", jArray(), "an unknown capability that is an empty array"},
	} {
		o := h.capability(r.name, r.value, r.form)
		if r.form == nil {
			o = h.capability(r.name, r.value, jsonNull{})
		}
		a.yes(r.slug, r.title, "types of capabilities that are not known are not judged", o)
	}
	a.yes("caps-name-of-64", "an unknown capability with a name of 64 bytes", "the longest", h.capability("x."+strings.Repeat("y", 62), "c3", true))
	a.yes("caps-probe-prefix", "probe.another, which is not registered", "a name that begins like a known one", h.capability("probe.another", "c2", false))
	a.yes("caps-uint-0", "probe.min is 0", "zero is offered, and not absent", h.capability("probe.min", "00", jInt(0)))
	a.yes("caps-uint-2-63-less-1", "probe.max is 2^63-1", "the greatest; a reader that keeps numbers in doubles makes another hash of the result",
		h.capability("probe.max", mpInt(1<<63-1), jInt(1<<63-1)))
	a.about("CAP-012")
	a.yes("caps-16-names", "a set and a list of 16 names", "the most; the header of the array has 3 bytes",
		h.capability("probe.choose", mpStrs(sixteen...), names).capability("probe.intersect", mpStrs(sixteen...), names))
	a.yes("caps-list-in-no-order", "a list that descends", "a list is in the order of preference; only a set ascends",
		h.capability("probe.choose", mpStrs("red", "green", "blue"), jArray("red", "green", "blue")))
	a.yes("caps-set-by-bytes", "the set aa, b", "by bytes, and not by length", h.capability("probe.intersect", mpStrs("aa", "b"), jArray("aa", "b")))
	a.yes("caps-one-name", "a set and a list of one name", "the least", h.capability("probe.choose", mpStrs("a"), jArray("a")).capability("probe.intersect", mpStrs("a"), jArray("a")))
	a.yes("caps-name-in-upper-case", "a set with a name in upper case", "what is no name is a name that nobody knows, and no fault", h.capability("probe.intersect", mpStrs("One", "two"), jArray("One", "two")))
}

// jsonNull is a form that is null, where nil would mean that there is none.
type jsonNull struct{}

func (jsonNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// openingBadCaps is CAP-010 and CAP-012.
func openingBadCaps(a *area) {
	h := hello()
	a.about()
	for _, r := range []struct {
		slug, twin, name string
		value            hexed
		title, why       string
	}{
		{"and-false", "hello", "probe.and", "c2", "probe.and is false", "who does not offer leaves it out: two ways to say no are two hashes"},
		{"and-1", "hello", "probe.and", "01", "probe.and is 1", "languages in which 1 is true accept it"},
		{"and-str", "hello", "probe.and", mpStr("true"), "probe.and is the text true", "configuration that was handed on as it was read"},
		{"and-nil", "hello", "probe.and", "c0", "probe.and is nil", "a flag that was never set"},
		{"tls-bind-false", "caps-all-registered", "tls.bind", "c2", "tls.bind is false", "the rule holds for every registered capability"},
		{"delivery-1", "caps-all-registered", "delivery", "01", "delivery is 1", "the rule holds for every registered capability"},
		{"min-minus-1", "caps-uint-0", "probe.min", "ff", "probe.min is -1", "in unsigned bits it is the greatest, and MIN and MAX differ between two sides"},
		{"min-str", "hello", "probe.min", mpStr("300"), "probe.min is the text 300", "languages that compare text accept it, and 300 is less than 40"},
		{"max-array", "hello", "probe.max", mpInts(40), "probe.max is an array of 40", "a list of one"},
		{"max-true", "hello", "probe.max", "c3", "probe.max is true", "languages in which true is 1 accept it"},
		{"choose-str", "hello", "probe.choose", mpStr("red"), "probe.choose is red and no array", "READY has an array even for one name"},
		{"choose-empty", "caps-one-name", "probe.choose", mpArray(), "probe.choose is an empty array", "who offers nothing leaves it out"},
		{"choose-17-names", "caps-16-names", "probe.choose", mpStrs(manyNames(17)...), "probe.choose has 17 names", "off by one in the limit"},
		{"choose-with-an-int", "hello", "probe.choose", mpArray(mpStr("red"), mpInt(1)), "probe.choose has an integer", "a check of the array only accepts it"},
		{"intersect-map", "hello", "probe.intersect", "81 a36f6e65 c3", "probe.intersect is a map", "languages write a set so"},
		{"intersect-empty", "caps-one-name", "probe.intersect", mpArray(), "probe.intersect is an empty array", "who offers nothing leaves it out"},
		{"intersect-17-names", "caps-16-names", "probe.intersect", mpStrs(manyNames(17)...), "probe.intersect has 17 names", "off by one in the limit"},
	} {
		o := h
		if r.twin == "caps-all-registered" {
			o = h.capability("delivery", "c3", nil).capability("tls.bind", "c3", nil)
		}
		if r.twin == "caps-16-names" {
			o = h.capability("probe.choose", mpStrs(manyNames(16)...), nil).capability("probe.intersect", mpStrs(manyNames(16)...), nil)
		}
		if r.twin == "caps-one-name" {
			o = h.capability("probe.choose", mpStrs("a"), nil).capability("probe.intersect", mpStrs("a"), nil)
		}
		o = o.capability(r.name, r.value, nil)
		a.no(r.slug, r.twin, encoding("CAP-010", o.atInside("caps", r.name)), r.title, r.why, o.hexed())
	}
	for _, r := range []struct {
		slug, twin, name string
		value            hexed
		title, why       string
	}{
		{"intersect-descending", "hello", "probe.intersect", mpStrs("two", "one"), "a set that descends", "a set of a language has an order of its own: two sides make two hashes of one set"},
		{"intersect-twice", "hello", "probe.intersect", mpStrs("one", "one"), "a set with one name twice", "strictly ascending, and not ascending"},
		{"intersect-by-length", "caps-set-by-bytes", "probe.intersect", mpStrs("b", "aa"), "the set b, aa", "an order by length, as canonical CBOR has it"},
		{"choose-twice", "hello", "probe.choose", mpStrs("red", "red"), "a list with one name twice", "a preference that contradicts itself"},
		{"choose-twice-apart", "caps-list-in-no-order", "probe.choose", mpStrs("red", "green", "red"), "a list with one name twice, another between", "a check of neighbours does not see it"},
	} {
		o := h.capability(r.name, r.value, nil)
		a.no(r.slug, r.twin, encoding("CAP-012", o.atInside("caps", r.name)), r.title, r.why, o.hexed())
	}
}
