package main

import "handfast/testdata"

// msgpackArea is chapter 7 of SPEC.md.
func msgpackArea() *area {
	a := &area{name: "msgpack", op: testdata.OpMsgpack}
	msgpackTypes(a)
	msgpackInts(a)
	msgpackIntForms(a)
	msgpackSizes(a)
	msgpackForms(a)
	msgpackText(a)
	msgpackBadText(a)
	msgpackDepth(a)
	msgpackKeys(a)
	msgpackEnds(a)
	return a
}

// bad is no for a body: the error is always ENCODING.
func (a *area) bad(slug, twin string, in hexed, req string, at int, title, why string) *testdata.Vector {
	return a.no(slug, twin, encoding(req, at), title, why, in)
}

// msgpackTypes is MP-001: everything between C0 and DF that the profile has or lacks.
func msgpackTypes(a *area) {
	a.about("MP-001")
	a.ok("nil", "nil", "the smallest value; a reader that takes it for the end of input finds nothing", "c0", nil)
	a.ok("false", "false", "C2 and C3 differ in one bit", "c2", false)
	a.ok("true", "true", "C2 and C3 differ in one bit", "c3", true)
	a.ok("array-of-all-types", "one value of each type in an array", "a switch over first bytes that lacks a type shows here",
		"97 c0 c3 05 a161 c40100 90 80", jArray(nil, true, jInt(5), "a", jBin("00"), jArray(), jMap()))
	a.ok("map-of-all-types", "one value of each type in a map", "values of a map take another path than elements of an array in many decoders",
		"87 a161 c0 a162 c2 a163 ff a164 a0 a165 c400 a166 91c0 a167 81a178c0",
		jMap("a", nil, "b", false, "c", jInt(-1), "d", "", "e", jBin(""), "f", jArray(nil), "g", jMap("x", nil)))
	a.ok("uint-32-with-the-bits-of-a-float", "1065353216, whose bits are the float 1.0", "twin of a float: only the first byte differs",
		"ce 3f800000", jInt(0x3f800000))
	a.ok("uint-64-with-the-bits-of-a-float", "4607182418800017408, whose bits are the double 1.0",
		"twin of a double; a reader that keeps integers in doubles gives another number", "cf 3ff0000000000000", jInt(0x3ff0000000000000))
	a.ok("bin-where-an-ext-was", "a bin of the two bytes that an ext would have", "twin of the ext forms", "c4 02 0500", jBin("0500"))
	a.ok("array-where-an-ext-was", "an array of the bytes that a fixext would have", "twin of the fixext forms", "92 05 00", jArray(jInt(5), jInt(0)))
	a.ok("array-where-a-timestamp-was", "an array of the bytes that a timestamp would have", "twin of the timestamp",
		"95 ff 00 00 00 00", jArray(jInt(-1), jInt(0), jInt(0), jInt(0), jInt(0)))

	type row struct {
		slug, twin string
		in         hexed
		at         int
		title, why string
	}
	for _, r := range []row{
		{"never-used-byte", "nil", "c1", 0, "C1, which MessagePack never uses", "a table with a default of nil reads it as a value"},
		{"float-32", "uint-32-with-the-bits-of-a-float", "ca 3f800000", 0, "a float", "floats have many forms of one number, and NaN is not equal to itself"},
		{"float-64", "uint-64-with-the-bits-of-a-float", "cb 3ff0000000000000", 0, "a double", "JavaScript's encoders write every large number so"},
		{"float-64-that-is-an-integer", "int-5", "cb 4014000000000000", 0, "5 as a double", "a decoder that converts whole doubles accepts it"},
		{"float-64-nan", "uint-64-with-the-bits-of-a-float", "cb 7ff8000000000000", 0, "NaN", "it compares with nothing, so that equal maps differ"},
		{"float-32-negative-zero", "uint-32-with-the-bits-of-a-float", "ca 80000000", 0, "minus zero as a float", "two zeros that are equal and hash differently"},
		{"fixext-1", "array-where-an-ext-was", "d4 05 00", 0, "fixext of 1 byte", "an ext runs code that was registered for its number"},
		{"fixext-2", "array-where-an-ext-was", "d5 05 0000", 0, "fixext of 2 bytes", "D4 to D8 are five bytes; a switch may lack one"},
		{"fixext-4-timestamp", "array-where-a-timestamp-was", "d6 ff 00000000", 0, "a timestamp of 32 bits", "most libraries make a date of it without being asked"},
		{"fixext-8-timestamp", "array-where-a-timestamp-was", "d7 ff 0000000000000000", 0, "a timestamp of 64 bits", "most libraries make a date of it without being asked"},
		{"fixext-16", "array-where-an-ext-was", "d8 05" + " " + rep("00", 16), 0, "fixext of 16 bytes", "D4 to D8 are five bytes; a switch may lack one"},
		{"ext-8", "bin-where-an-ext-was", "c7 01 05 00", 0, "ext with a length of 1 byte", "a decoder that skips what it does not know accepts it"},
		{"ext-16", "bin-where-an-ext-was", "c8 0001 05 00", 0, "ext with a length of 2 bytes", "a decoder that skips what it does not know accepts it"},
		{"ext-32", "bin-where-an-ext-was", "c9 00000001 05 00", 0, "ext with a length of 4 bytes", "a decoder that skips what it does not know accepts it"},
		{"ext-96-timestamp", "array-where-a-timestamp-was", "c7 0c ff 00000000 0000000000000000", 0, "a timestamp of 96 bits", "most libraries make a date of it without being asked"},
		{"float-in-an-array", "nil-and-int-in-an-array", "92 c0 ca3f800000", 2, "a float as the second element", "a check of the first value only does not see it"},
		{"float-as-a-value", "int-as-a-value", "81 a161 ca3f800000", 3, "a float as a value of a map", "a check of keys only does not see it"},
		{"float-as-a-key", "key-of-one-byte", "81 ca3f800000 c0", 1, "a float as a key", "breaks MP-009 too where a decoder gets that far"},
	} {
		a.bad(r.slug, r.twin, r.in, "MP-001", r.at, r.title, r.why)
	}
	a.ok("nil-and-int-in-an-array", "nil and 1065353216", "twin of a float in an array", "92 c0 ce3f800000", jArray(nil, jInt(0x3f800000)))
	a.ok("int-as-a-value", "a map with the value 1065353216", "twin of a float in a map", "81 a161 ce3f800000", jMap("a", jInt(0x3f800000)))
}
