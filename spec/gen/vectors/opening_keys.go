package main

import "strings"

// openingMissing is HELLO-010 for keys that are not there.
func openingMissing(a *area) {
	h := hello()
	a.about()
	for _, e := range h.entries {
		twin := "hello"
		if e.key == "caps" || e.key == "limits" { // their twins have them empty, so that little is taken away
			twin = e.key + "-none"
		}
		a.no("without-"+e.key, twin, encoding("HELLO-010", 24), "a HELLO without "+e.key,
			"a decoder into a struct leaves a zero in its place, which is a value", h.without(e.key).hexed())
	}
	a.no("without-any-key", "hello", encoding("HELLO-010", 24), "an empty map", "a decoder into a struct leaves zeros", h.saying("80").hexed()).
		Notes = "the fault of each missing key at once"
}

// openingTypes is HELLO-010 for values of another type or size.
func openingTypes(a *area) {
	const (
		nilKey = "a decoder takes nil for an absent value, and leaves a zero"
		size   = "a copy into a field of fixed size cuts it, pads it with zeros or reads on"
		asStr  = "old encoders write bytes as str"
		over   = "off by one in the limit"
	)
	h := hello()
	cluster := text("vector cluster 1")
	node, nonce := raw(h.entries[5].value.bytes()[2:]), raw(h.entries[6].value.bytes()[2:])
	a.about()
	for _, r := range []struct {
		slug, twin, key string
		value           hexed
		title, why      string
	}{
		{"caps-nil", "caps-none", "caps", "c0", "caps is nil", nilKey},
		{"caps-array", "caps-none", "caps", "90", "caps is an empty array", "languages that have one type for both write an empty map so"},
		{"cluster-of-15", "hello", "cluster", mpBin(cluster.cut(1)), "cluster of 15 bytes", size},
		{"cluster-of-17", "hello", "cluster", mpBin(cluster + "00"), "cluster of 17 bytes", size},
		{"cluster-str", "hello", "cluster", mpStr("vector cluster 1"), "cluster is a str of 16 bytes", asStr},
		{"cluster-name-of-65", "hello-names-of-64", "cluster_name", mpStr(strings.Repeat("c", 65)), "cluster_name of 65 bytes", over},
		{"cluster-name-bin", "hello-with-names", "cluster_name", mpBin("626c7565"), "cluster_name is a bin", "bytes that nobody has checked as UTF-8 go into logs"},
		{"cluster-name-nil", "hello-with-names", "cluster_name", "c0", "cluster_name is nil", "an optional key is left out, and not nil"},
		{"incarnation-str", "hello", "incarnation", mpStr("3"), "incarnation is the text 3", "languages that convert text to numbers accept it"},
		{"incarnation-minus-1", "hello", "incarnation", mpInt(-1), "incarnation -1", "in unsigned bits it is greater than every other"},
		{"incarnation-true", "hello", "incarnation", "c3", "incarnation is true", "languages in which true is 1 accept it"},
		{"limits-array", "limits-none", "limits", "90", "limits is an empty array", "languages that have one type for both write an empty map so"},
		{"need-nil", "hello", "need", "c0", "need is nil", "a null list is written so by many encoders"},
		{"need-str", "hello", "need", mpStr("probe.and"), "need is one name and no array", "languages that iterate over the letters of a text accept it"},
		{"need-map", "hello", "need", "80", "need is an empty map", "languages that have one type for both write an empty array so"},
		{"need-of-65", "hello-need-64", "need", mpStrs(manyNames(65)...), "need names 65 capabilities", over},
		{"need-with-an-int", "hello-need-one", "need", mpArray(mpInt(1)), "need has an integer", "a check of the array only accepts it"},
		{"node-of-15", "hello", "node", mpBin(node.cut(1)), "node of 15 bytes", size},
		{"node-of-17", "hello", "node", mpBin(node + "00"), "node of 17 bytes", size},
		{"node-of-0", "hello", "node", mpBin(""), "node of no bytes", "an id that was never set"},
		{"node-str", "hello", "node", "b0" + node, "node is a str of 16 bytes", asStr},
		{"nonce-of-31", "hello", "nonce", mpBin(nonce.cut(1)), "nonce of 31 bytes", size},
		{"nonce-of-33", "hello", "nonce", mpBin(nonce + "00"), "nonce of 33 bytes", size},
		{"nonce-of-16", "hello", "nonce", mpBin(nonce.cut(16)), "nonce of 16 bytes", "the size of the other ids"},
		{"protos-nil", "hello", "protos", "c0", "protos is nil", nilKey},
		{"protos-array", "hello", "protos", mpStrs("call"), "protos is a list of names", "a list without versions"},
		{"sw-of-65", "hello-names-of-64", "sw", mpStr(strings.Repeat("s", 65)), "sw of 65 bytes", over},
		{"sw-int", "hello-with-sw", "sw", mpInt(71), "sw is an integer", "a version number where a text was meant"},
		{"vers-int", "hello", "vers", mpInt(1), "vers is 1 and no array", "a single version, as most protocols have it"},
		{"vers-nil", "hello", "vers", "c0", "vers is nil", nilKey},
		{"vers-of-strs", "hello", "vers", mpArray(mpStr("1"), mpInt(0x3a5a)), "a version is the text 1", "languages that convert text to numbers accept it"},
		{"vers-with-65536", "vers-65535", "vers", mpArray(mpInt(1), mpInt(65536)), "a version of 65,536", "in 16 bits it is 0"},
		{"vers-with-minus-1", "vers-65535", "vers", mpArray(mpInt(1), mpInt(-1)), "a version of -1", "in 16 bits it is 65,535"},
	} {
		o := h
		if r.slug == "sw-of-65" || r.slug == "cluster-name-of-65" {
			o = h.with("cluster_name", mpStr(strings.Repeat("c", 64)), nil).with("sw", mpStr(strings.Repeat("s", 64)), nil)
		}
		if r.twin == "hello-with-names" {
			o = h.with("cluster_name", mpStr("blue"), nil).with("sw", mpStr("vectors/1"), nil)
		}
		if r.twin == "vers-65535" {
			o = h.vers(1, 65535, 1, 65535)
		}
		o = o.with(r.key, r.value, nil)
		a.no(r.slug, r.twin, encoding("HELLO-010", o.at(r.key)), r.title, r.why, o.hexed())
	}
	a.about("EXT-005")
	odd := h.inside("limits", "x.other", mpStr("many"), nil)
	a.other("limits-unknown", "an unknown limit that is a text", "a limit that is not known is ignored, whatever it is", odd.hexed(), odd.helloForm())
	a.about()
	for _, r := range []struct {
		slug  string
		value hexed
		title string
	}{
		{"limit-str", mpStr("20000"), "idle_ms is the text 20000"},
		{"limit-minus-1", mpInt(-1), "idle_ms is -1"},
		{"limit-nil", "c0", "idle_ms is nil"},
		{"limit-true", "c3", "idle_ms is true"},
	} {
		o := h.inside("limits", "idle_ms", r.value, nil)
		a.no(r.slug, "hello", encoding("HELLO-010", o.atInside("limits", "idle_ms")), r.title, "a limit that is no number becomes 0 or endless", o.hexed())
	}
}

// openingVersions is HELLO-013 and HELLO-014.
func openingVersions(a *area) {
	h := hello()
	sixteen := []uint16{1, 0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a, 0x8a8a, 0x9a9a, 0xaaaa, 0xbaba, 0xcaca, 0xdada, 0xeaea}
	a.about("HELLO-013", "HELLO-014")
	a.yes("vers-one", "version 1 alone", "grease is the sender's duty (VER-004), and not the receiver's to ask for", h.vers(1, 1, 1))
	a.yes("vers-two", "versions 1 and 2", "the greatest stands in the header, too", h.vers(1, 2, 1, 2))
	a.yes("vers-in-no-order", "versions 300, grease, 1 and 2", "any order: the first and the last are not the smallest and the greatest", h.vers(1, 300, 300, 0x0a0a, 1, 2))
	a.yes("vers-65535", "versions 1 and 65,535", "the greatest number; FFFF is not grease", h.vers(1, 65535, 1, 65535))
	a.yes("vers-16", "16 versions, of which 15 are grease", "the most; the header of the array has 3 bytes", h.vers(1, 1, sixteen...))
	a.about("VER-003", "HELLO-014")
	a.yes("vers-that-look-like-grease", "versions 0B0A and 0A0B", "grease is ?A?A: both digits, and not one of them", h.vers(0x0a0b, 0x0b0a, 0x0b0a, 0x0a0b))
	a.about()
	at := h.at("vers")
	for _, r := range []struct {
		slug, twin string
		o          opening
		title, why string
	}{
		{"vers-17", "vers-16", h.vers(1, 1, append(sixteen, 0xfafa)...), "17 versions", "off by one in the limit"},
		{"vers-twice", "vers-two", h.vers(1, 1, 1, 1), "version 1 twice", "a list that was joined from two sources"},
		{"vers-grease-twice", "hello", h.vers(1, 1, 1, 0x3a5a, 0x3a5a), "one grease version twice", "grease is an entry like others"},
		{"vers-with-0", "vers-two", h.vers(0, 1, 1, 0), "version 0", "a field that was never set"},
		{"vers-of-grease", "hello", h.vers(0x0a0a, 0x3a5a, 0x0a0a, 0x3a5a), "grease alone", "a peer that selected it would speak a version that does not exist"},
		{"vers-empty", "vers-one", h.vers(0, 0), "no version at all", "the smallest of an empty list is a crash in many languages"},
	} {
		a.no(r.slug, r.twin, encoding("HELLO-013", at), r.title, r.why, r.o.hexed())
	}
	for _, r := range []struct {
		slug, twin     string
		verMin, verMax uint16
		at             int
		title, why     string
	}{
		{"ver-min-too-small", "vers-in-no-order", 0, 300, 10, "ver_min 0 where vers has 1", "a header that promises a version which the body does not list: a path changed one of them"},
		{"ver-min-too-great", "vers-in-no-order", 2, 300, 10, "ver_min 2 where vers has 1", "a header that hides a version"},
		{"ver-min-of-the-first", "vers-in-no-order", 300, 300, 10, "ver_min is the first in vers", "an encoder that takes the list for sorted"},
		{"ver-max-too-great", "vers-in-no-order", 1, 301, 12, "ver_max 301 where vers has 300", "a header that promises a version which the body does not list"},
		{"ver-max-too-small", "vers-in-no-order", 1, 2, 12, "ver_max 2 where vers has 300", "a header that hides a version: a downgrade"},
		{"ver-max-of-grease", "vers-in-no-order", 1, 0x0a0a, 12, "ver_max is a grease version in vers", "an encoder that takes the greatest of all"},
		{"ver-max-in-little-endian", "vers-in-no-order", 1, 0x2c01, 12, "ver_max 300 in little-endian", "an encoder that writes integers as its processor has them"},
	} {
		o := h.vers(r.verMin, r.verMax, 300, 0x0a0a, 1, 2)
		a.no(r.slug, r.twin, encoding("HELLO-014", r.at), r.title, r.why, o.hexed())
	}
}

// openingProtos is HELLO-027, and HELLO-010 for what is no list of versions.
func openingProtos(a *area) {
	h := hello()
	call := func(value hexed, form any) opening { return h.inside("protos", "call", value, form) }
	list := func(n int) (all []uint16) {
		for i := range n {
			all = append(all, uint16(i+1))
		}
		return all
	}
	a.about("HELLO-027")
	a.yes("protos-none", "no sub-protocol", "an empty map is a map", h.with("protos", "80", body{}))
	a.yes("protos-16-versions", "a sub-protocol with 16 versions", "the most; the header of the array has 3 bytes", call(mpInts(list(16)...), decs(list(16)...)))
	a.yes("protos-versions-in-no-order", "a sub-protocol with versions 65535, 1 and 300", "any order", call(mpInts(65535, 1, 300), decs(65535, 1, 300)))
	a.yes("protos-unknown", "a sub-protocol that nobody knows", "unknown names are ignored", h.inside("protos", "x.other", mpInts(3, 2), decs(3, 2)))
	a.about()
	at := h.atInside("protos", "call")
	for _, r := range []struct {
		slug, twin string
		value      hexed
		title, why string
	}{
		{"protos-no-version", "hello", mpInts(), "a sub-protocol without versions", "the greatest of an empty list is a crash in many languages"},
		{"protos-17-versions", "protos-16-versions", mpInts(list(17)...), "a sub-protocol with 17 versions", "off by one in the limit"},
		{"protos-version-twice", "protos-versions-in-no-order", mpInts(65535, 300, 300), "a sub-protocol with a version twice", "a list that was joined from two sources"},
		{"protos-version-0", "hello", mpInts(0), "a sub-protocol with version 0", "a field that was never set"},
	} {
		a.no(r.slug, r.twin, encoding("HELLO-027", at), r.title, r.why, call(r.value, nil).hexed())
	}
	for _, r := range []struct {
		slug, twin string
		value      hexed
		title, why string
	}{
		{"protos-version-and-no-array", "hello", mpInt(1), "a sub-protocol with 1 and no array", "READY has it so"},
		{"protos-version-str", "hello", mpStrs("1"), "a sub-protocol with the text 1", "languages that convert text to numbers accept it"},
		{"protos-version-65536", "protos-versions-in-no-order", mpArray(mpInt(65536), mpInt(1), mpInt(300)), "a sub-protocol with version 65,536", "in 16 bits it is 0"},
		{"protos-version-nil", "hello", "c0", "a sub-protocol with nil", "a set of names is written so in some languages"},
	} {
		a.no(r.slug, r.twin, encoding("HELLO-010", at), r.title, r.why, call(r.value, nil).hexed())
	}
}
