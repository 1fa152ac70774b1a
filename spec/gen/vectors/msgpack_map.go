package main

import "strings"

// msgpackDepth is MP-007: eight containers around each other, the innermost included.
func msgpackDepth(a *area) {
	arrays := func(n int, inner any) any {
		for range n {
			inner = []any{inner}
		}
		return inner
	}
	maps := func(n int, inner any) any {
		for range n {
			inner = jMap("a", inner)
		}
		return inner
	}
	a.about("MP-007")
	a.ok("depth-8-of-arrays", "a value inside eight arrays", "a value that is no container may stand inside eight", rep("91", 8)+" c0", arrays(8, nil))
	a.ok("depth-8-with-an-empty-array", "eight arrays, the innermost empty", "an empty container counts", rep("91", 7)+" 90", arrays(7, jArray()))
	a.ok("depth-8-of-maps", "a value inside eight maps", "keys do not count", rep("81a161", 8)+" c0", maps(8, nil))
	a.ok("depth-8-mixed", "arrays and maps, eight in all", "both kinds count together", rep("91", 4)+" "+rep("81a161", 4)+" 05", arrays(4, maps(4, jInt(5))))
	a.ok("depth-8-twice", "two branches of eight", "the depth goes down again behind a branch",
		join("92", rep("91", 7), "c0", rep("91", 7), "c0"), jArray(arrays(7, nil), arrays(7, nil)))
	a.about()
	const stack = "a decoder that calls itself for each container ends by its stack; this one is still harmless"
	a.bad("depth-9-of-arrays", "depth-8-of-arrays", rep("91", 9)+" c0", "MP-007", 8, "a value inside nine arrays", "off by one in the depth")
	a.bad("depth-9-with-an-empty-array", "depth-8-with-an-empty-array", rep("91", 8)+" 90", "MP-007", 8, "nine arrays, the innermost empty", "a check that is made where elements are read does not see an empty one")
	a.bad("depth-9-with-an-empty-map", "depth-8-of-arrays", rep("91", 8)+" 80", "MP-007", 8, "an empty map inside eight arrays", "a check that is made where elements are read does not see an empty one")
	a.bad("depth-9-of-maps", "depth-8-of-maps", rep("81a161", 9)+" c0", "MP-007", 24, "a value inside nine maps", "off by one in the depth")
	a.bad("depth-9-mixed", "depth-8-mixed", rep("91", 4)+" "+rep("81a161", 5)+" 05", "MP-007", 16, "arrays and maps, nine in all", "a counter for each kind does not see it")
	a.bad("depth-9-in-the-second-branch", "depth-8-twice", join("92", rep("91", 7), "c0", rep("91", 8), "c0"), "MP-007", 16, "a second branch of nine", "a check of the first branch only does not see it")
	a.bad("depth-1000", "depth-8-of-arrays", rep("91", 1000)+" c0", "MP-007", 8, "a thousand arrays", stack).Notes = "992 containers more than the twin, each the same fault"
}

// msgpackKeys is MP-009 to MP-011.
func msgpackKeys(a *area) {
	long := strings.Repeat("k", 64)
	a.about("MP-009")
	a.ok("key-of-one-byte", "a key of one byte", "the shortest", "81 a161 c0", jMap("a", nil))
	a.ok("key-of-64-bytes", "a key of 64 bytes", "the longest; its header has 2 bytes", join("81", mpStr(long), "c0"), jMap(long, nil))
	a.ok("key-of-32-characters-in-64-bytes", "a key of 32 characters in 64 bytes", "the limit counts bytes",
		join("81", mpStr(strings.Repeat("é", 32)), "c0"), jMap(strings.Repeat("é", 32), nil))
	const object = "an object of JavaScript is no map: this key sets its prototype, and numbers change their order"
	a.ok("key-proto", "a key __proto__", object, join("81", mpStr("__proto__"), "01"), jMap("__proto__", jInt(1)))
	a.ok("key-numbers", "keys 10 and 9", object, join("82", mpStr("10"), "01", mpStr("9"), "02"), jMap("10", jInt(1), "9", jInt(2)))
	a.about()
	const other = "maps of many languages take any key; of JavaScript and JSON they make text of it"
	for _, r := range []struct {
		slug  string
		in    hexed
		title string
	}{
		{"key-int", "81 01 c0", "an integer as a key"},
		{"key-nil", "81 c0 c0", "nil as a key"},
		{"key-true", "81 c3 c0", "true as a key"},
		{"key-bin", "81 c40161 c0", "a bin as a key"},
		{"key-array", "81 90 c0", "an array as a key"},
		{"key-map", "81 80 c0", "a map as a key"},
	} {
		a.bad(r.slug, "key-of-one-byte", r.in, "MP-009", 1, r.title, other)
	}
	a.bad("key-empty", "key-of-one-byte", "81 a0 c0", "MP-009", 1, "an empty key", "no key before it is less, so that a check of the order alone accepts it")
	a.bad("key-of-65-bytes", "key-of-64-bytes", join("81", mpStr(long+"k"), "c0"), "MP-009", 1, "a key of 65 bytes", "off by one in the length")
	a.bad("key-of-33-characters-in-66-bytes", "key-of-32-characters-in-64-bytes", join("81", mpStr(strings.Repeat("é", 33)), "c0"), "MP-009", 1,
		"a key of 33 characters in 66 bytes", "a check that counts characters accepts it")
	a.bad("key-int-behind-a-str", "keys-ascending", "82 a161c0 01c0", "MP-009", 4, "an integer as the second key", "a check of the first key only does not see it")
	msgpackOrder(a)
}

// msgpackOrder is MP-010 and MP-011. Each twin has the same keys in their order.
func msgpackOrder(a *area) {
	a.about("MP-010")
	for _, r := range []struct {
		slug, twin   string
		ascending    hexed
		first, other string
		descending   hexed
		at           int
		title, why   string
	}{
		{"keys-ascending", "keys-descending", "82 a161c0 a162c0", "a", "b", "82 a162c0 a161c0", 4, "two keys", "maps of many languages have an order of their own: that of insertion, or none"},
		{"keys-prefix-first", "keys-prefix-last", "82 a161c0 a26161c0", "a", "aa", "82 a26161c0 a161c0", 5, "a key and a longer one that begins with it", "a comparison over the shorter length calls them equal"},
		{"keys-longer-first", "keys-shorter-first", "82 a26161c0 a162c0", "aa", "b", "82 a162c0 a26161c0", 4, "aa before b", "canonical CBOR sorts by length first"},
		{"keys-unsigned", "keys-signed", "82 a161c0 a2c3a9c0", "a", "é", "82 a2c3a9c0 a161c0", 5, "a before é", "a comparison of signed bytes, as char of C mostly is, puts C3 first"},
		{"keys-by-utf-8", "keys-by-utf-16", "82 a3efbfbdc0 a4f0908080c0", "\ufffd", "\U00010000", "82 a4f0908080c0 a3efbfbdc0", 7, "U+FFFD before U+10000", "Java, JavaScript and C# compare units of UTF-16, where D800 is less than FFFD"},
		{"keys-upper-case-first", "keys-lower-case-first", "82 a142c0 a161c0", "B", "a", "82 a161c0 a142c0", 4, "B before a", "a comparison by the rules of a language puts a first"},
		{"keys-digits-as-bytes", "keys-digits-as-numbers", "82 a23130c0 a139c0", "10", "9", "82 a139c0 a23130c0", 4, "10 before 9", "objects of JavaScript put keys that look like numbers first, by their value"},
		{"keys-punctuation", "keys-punctuation-last", "82 a3612d62c0 a3615f62c0", "a-b", "a_b", "82 a3615f62c0 a3612d62c0", 6, "a-b before a_b", "a comparison by the rules of a language skips punctuation"},
	} {
		a.about("MP-010")
		a.ok(r.slug, r.title, r.why, r.ascending, jMap(r.first, nil, r.other, nil))
		a.about()
		a.bad(r.twin, r.slug, r.descending, "MP-010", r.at, r.title+": the other way round", r.why)
	}
	a.about("MP-010", "MP-011")
	a.ok("keys-behind-a-map", "a key, a map with a key of its own, a key", "each map has an order of its own",
		"82 a162 81a161c0 a163c0", jMap("b", jMap("a", nil), "c", nil))
	a.ok("keys-same-in-two-maps", "one key in a map and in the map inside it", "each map has keys of its own", "81 a161 81a161c0", jMap("a", jMap("a", nil)))
	a.ok("keys-three", "three keys", "twin of a repeated key", "83 a161c0 a162c0 a163c0", jMap("a", nil, "b", nil, "c", nil))
	a.ok("keys-in-an-array", "a map of two keys in an array", "twin of a repeated key inside", "91 82 a16101 a16202", jArray(jMap("a", jInt(1), "b", jInt(2))))
	a.about()
	const twice = "the first wins in one decoder and the last in another: one side checks what the other does not use (CVE-2017-12635)"
	a.bad("keys-descending-behind-a-map", "keys-behind-a-map", "82 a162 81a161c0 a161c0", "MP-010", 7, "a key, a map, a lesser key", "a decoder that keeps one last key for all levels compares with the inner one")
	a.bad("keys-twice", "keys-ascending", "82 a161c0 a161c0", "MP-011", 4, "one key twice", twice)
	a.bad("keys-twice-in-an-array", "keys-in-an-array", "91 82 a16101 a16102", "MP-011", 5, "one key twice with two values, inside an array", twice)
	a.bad("keys-twice-apart", "keys-three", "83 a161c0 a162c0 a161c0", "MP-010", 7, "one key twice with another between", twice).
		Notes = "not ascending, which is how a repeated key that is no neighbour shows"
}

// msgpackEnds is MP-012 and MP-013: bytes behind the value, and bytes that are missing. Every proper prefix of an accepted body is
// refused as well; these are the prefixes, and the counts, that decoders mistake for something.
func msgpackEnds(a *area) {
	const behind = "a decoder that reads one value and does not look whether it was all accepts it, and two bodies mean the same"
	a.about()
	a.bad("trailing-value", "nil", "c0 c0", "MP-012", 1, "a second value", behind)
	a.bad("trailing-zero", "key-of-one-byte", "81a161c0 00", "MP-012", 4, "a zero behind a map", "a buffer that was filled up to a round size")
	a.bad("trailing-line-feed", "key-of-one-byte", "81a161c0 0a", "MP-012", 4, "a line feed behind a map", "a body that went through a text file")
	a.bad("trailing-never-used-byte", "map-of-0", "80 c1", "MP-012", 1, "C1 behind an empty map", behind)
	a.bad("trailing-map", "map-of-0", "80 80", "MP-012", 1, "a second map", "a decoder of a stream of values accepts it")

	a.about("MP-013")
	a.ok("array-of-3", "an array of 3", "twin of a missing element", "93 c0 c0 c0", jNils(3))
	a.ok("array-of-2-arrays", "an array of two arrays", "twin of an inner array without its element", "92 91c0 91c0", jArray(jNils(1), jNils(1)))
	a.about()
	const (
		missing = "a reader that waits for more, or answers with what it has"
		buffer  = "a reader without a check reads what lies behind the buffer"
	)
	a.bad("nothing", "nil", "", "MP-013", 0, "no byte at all", "a decoder gives nil, null or an empty map for it")
	a.bad("array-without-its-last", "array-of-3", "93 c0 c0", "MP-013", 0, "an array of 3 with 2 elements", missing)
	a.bad("inner-array-without-its-last", "array-of-2-arrays", "92 91c0 91", "MP-013", 3, "an inner array of 1 at the end of the input", missing)
	a.bad("array-without-any", "array-of-3", "93", "MP-013", 0, "an array of 3 at the end of the input", "a count is believed before what it counts has come")
	a.bad("map-without-a-value", "key-of-one-byte", "81 a161", "MP-013", 3, "a map that ends behind its key", "a decoder gives nil for the value")
	a.bad("map-without-an-entry", "keys-ascending", "82 a161c0", "MP-013", 0, "a map of 2 with 1 entry", "an entry needs two bytes: a check that counts one byte each lets the header pass")
	a.bad("str-without-its-last", "text-u0080", "a2 c2", "MP-013", 0, "a str of 2 with 1 byte", buffer)
	a.bad("str-8-without-its-last", "str-of-32", "d9 20 "+rep("61", 31), "MP-013", 0, "a str of 32 with 31 bytes", buffer)
	a.bad("bin-without-its-last", "bin-where-an-ext-was", "c4 02 05", "MP-013", 0, "a bin of 2 with 1 byte", buffer)
	a.bad("bin-announcing-64-kib", "bin-of-1", "c5 ffff ff", "MP-013", 0, "a bin that announces 65,535 bytes and has one", "within every limit, and still nothing to allocate for")
	a.bad("array-announcing-1024", "array-of-1", "dc 0400 c0", "MP-013", 0, "an array that announces 1,024 elements and has one", "within every limit, and still nothing to allocate for")
	a.ok("array-of-1", "an array of 1", "twin of announced arrays", "91 c0", jNils(1)).Req = []string{"MP-013"}
	for _, r := range []struct {
		slug, twin string
		in         hexed
		title      string
	}{
		{"uint-8-cut", "int-128", "cc", "CC at the end of the input"},
		{"uint-16-cut", "int-256", "cd 01", "CD with 1 of 2 bytes"},
		{"uint-32-cut", "int-65536", "ce 000100", "CE with 3 of 4 bytes"},
		{"uint-64-cut", "int-2-32", "cf 00000001000000", "CF with 7 of 8 bytes"},
		{"int-64-cut", "int-minus-2-63", "d3 80000000000000", "D3 with 7 of 8 bytes"},
		{"str-16-header-cut", "str-of-256", "da 01", "DA with 1 of 2 bytes"},
		{"map-16-header-cut", "map-of-16", "de", "DE at the end of the input"},
	} {
		a.bad(r.slug, r.twin, r.in, "MP-013", 0, r.title, buffer).Notes = "the twin, cut inside its header"
	}
}
