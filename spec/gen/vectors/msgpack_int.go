package main

import "math"

// msgpackInts is what MP-002 and MP-003 accept: both sides of every boundary between two forms.
func msgpackInts(a *area) {
	const (
		sign  = "a decoder that reads this form as signed gives a negative number"
		wide  = "a decoder of the shorter form would cut it"
		js    = "above 2^53: JavaScript and every reader that keeps numbers in doubles gives another one"
		short = "the greatest of its form: the next one needs a longer"
		bound = "the least of its form: the one before has a shorter"
	)
	a.about("MP-003")
	for _, r := range []struct {
		slug       string
		in         hexed
		n          int64
		title, why string
	}{
		{"int-0", "00", 0, "0", "zero is false in many languages, and a missing value in some"},
		{"int-1", "01", 1, "1", "the commonest number of the wire"},
		{"int-5", "05", 5, "5", "a small number"},
		{"int-127", "7f", 127, "127", short},
		{"int-128", "cc 80", 128, "128", sign},
		{"int-255", "cc ff", 255, "255", sign},
		{"int-256", "cd 0100", 256, "256", bound},
		{"int-32767", "cd 7fff", 32767, "32767", "an encoder of signed 16-bit numbers writes D1"},
		{"int-32768", "cd 8000", 32768, "32768", sign},
		{"int-65535", "cd ffff", 65535, "65535", sign},
		{"int-65536", "ce 00010000", 65536, "65536", bound},
		{"int-2-31-less-1", "ce 7fffffff", math.MaxInt32, "2^31-1", "an encoder of signed 32-bit numbers writes D2"},
		{"int-2-31", "ce 80000000", 1 << 31, "2^31", sign},
		{"int-2-32-less-1", "ce ffffffff", math.MaxUint32, "2^32-1", sign + "; FFFFFFFF is -1 to C and a special value in some fields"},
		{"int-2-32", "cf 0000000100000000", 1 << 32, "2^32", "a reader that keeps 32 bits gives 0"},
		{"int-2-32-and-1", "cf 0000000100000001", 1<<32 + 1, "2^32+1", "a reader that keeps 32 bits gives 1"},
		{"int-2-53-less-1", "cf 001fffffffffffff", 1<<53 - 1, "2^53-1", "the greatest integer that a double keeps exactly with both neighbours"},
		{"int-2-53", "cf 0020000000000000", 1 << 53, "2^53", js},
		{"int-2-53-and-1", "cf 0020000000000001", 1<<53 + 1, "2^53+1", js},
		{"int-2-63-less-513", "cf 7ffffffffffffdff", math.MaxInt64 - 512, "2^63-513", "a double rounds it to 2^63-1024 or up to 2^63-512"},
		{"int-2-63-less-2", "cf 7ffffffffffffffe", math.MaxInt64 - 1, "2^63-2", js + ", namely 2^63, which MP-002 refuses"},
		{"int-2-63-less-1", "cf 7fffffffffffffff", math.MaxInt64, "2^63-1", "the greatest integer of the profile; " + js + ", namely 2^63, which MP-002 refuses"},
		{"int-minus-1", "ff", -1, "-1", "FF is 255 to a decoder that takes the first byte for the number"},
		{"int-minus-32", "e0", -32, "-32", "the last with one byte"},
		{"int-minus-33", "d0 df", -33, "-33", bound},
		{"int-minus-127", "d0 81", -127, "-127", wide},
		{"int-minus-128", "d0 80", -128, "-128", "its magnitude does not fit into the form's positive half"},
		{"int-minus-129", "d1 ff7f", -129, "-129", bound},
		{"int-minus-32768", "d1 8000", -32768, "-32768", "its magnitude does not fit into the form's positive half"},
		{"int-minus-32769", "d2 ffff7fff", -32769, "-32769", bound},
		{"int-minus-2-31", "d2 80000000", math.MinInt32, "-2^31", "its magnitude does not fit into the form's positive half"},
		{"int-minus-2-31-less-1", "d3 ffffffff7fffffff", math.MinInt32 - 1, "-2^31-1", bound},
		{"int-minus-2-53-less-1", "d3 ffdfffffffffffff", -1<<53 - 1, "-2^53-1", "below -2^53: a double gives another number"},
		{"int-minus-2-63", "d3 8000000000000000", math.MinInt64, "-2^63", "its negative does not exist: abs() overflows"},
	} {
		a.ok(r.slug, "the integer "+r.title, r.why, r.in, jInt(r.n))
	}
	a.about("MP-002")
	const half = "a decoder of 64-bit signed numbers makes a negative one of it, and a language without unsigned ones cannot hold it"
	a.bad("int-2-63", "int-2-63-less-1", "cf 8000000000000000", "MP-002", 0, "the integer 2^63", half)
	a.bad("int-2-63-and-1", "int-2-63-less-1", "cf 8000000000000001", "MP-002", 0, "the integer 2^63+1", half)
	a.bad("int-2-64-less-1", "int-2-63-less-1", "cf ffffffffffffffff", "MP-002", 0, "the integer 2^64-1", "it becomes -1, or 1.8446744073709552e19")
	a.ok("int-2-63-less-1-in-a-map", "2^63-1 as a value", "twin of 2^63 in a map", "81 a161 cf7fffffffffffffff", jMap("a", jInt(math.MaxInt64)))
	a.bad("int-2-63-in-a-map", "int-2-63-less-1-in-a-map", "81 a161 cf8000000000000000", "MP-002", 3, "2^63 as a value", "a check of the top value only does not see it")
}

// msgpackIntForms is what MP-003 refuses: a number in a longer form than its shortest, and a number from 0 up in a signed one. The
// twin is the same number in its own form.
func msgpackIntForms(a *area) {
	const (
		long   = "MessagePack allows it, so that libraries read it, and one number has two encodings"
		static = "an encoder that goes by the variable's type writes it"
		signed = "an encoder of signed types writes it: half of each signed form repeats the unsigned one"
	)
	a.about()
	for _, r := range []struct {
		slug, twin string
		in         hexed
		title, why string
	}{
		{"uint-8-of-0", "int-0", "cc 00", "0 in two bytes", long},
		{"uint-8-of-127", "int-127", "cc 7f", "127 in two bytes", "off by one in the comparison with 128"},
		{"uint-16-of-0", "int-0", "cd 0000", "0 in three bytes", long},
		{"uint-16-of-127", "int-127", "cd 007f", "127 in three bytes", long},
		{"uint-16-of-128", "int-128", "cd 0080", "128 in three bytes", static},
		{"uint-16-of-255", "int-255", "cd 00ff", "255 in three bytes", "off by one in the comparison with 256"},
		{"uint-32-of-1", "int-1", "ce 00000001", "1 in five bytes", static},
		{"uint-32-of-256", "int-256", "ce 00000100", "256 in five bytes", long},
		{"uint-32-of-65535", "int-65535", "ce 0000ffff", "65535 in five bytes", "off by one in the comparison with 65536"},
		{"uint-64-of-0", "int-0", "cf 0000000000000000", "0 in nine bytes", static},
		{"uint-64-of-65536", "int-65536", "cf 0000000000010000", "65536 in nine bytes", long},
		{"uint-64-of-2-31", "int-2-31", "cf 0000000080000000", "2^31 in nine bytes", "an encoder without unsigned 32-bit numbers writes it"},
		{"uint-64-of-2-32-less-1", "int-2-32-less-1", "cf 00000000ffffffff", "2^32-1 in nine bytes", "off by one in the comparison with 2^32"},
		{"int-8-of-0", "int-0", "d0 00", "0 in the signed form of 8 bits", signed},
		{"int-8-of-127", "int-127", "d0 7f", "127 in the signed form of 8 bits", signed},
		{"int-16-of-128", "int-128", "d1 0080", "128 in the signed form of 16 bits", signed},
		{"int-16-of-255", "int-255", "d1 00ff", "255 in the signed form of 16 bits", signed},
		{"int-16-of-256", "int-256", "d1 0100", "256 in the signed form of 16 bits", "as long as CD, and still not the one form of it"},
		{"int-16-of-32767", "int-32767", "d1 7fff", "32767 in the signed form of 16 bits", "as long as CD, and still not the one form of it"},
		{"int-32-of-32768", "int-32768", "d2 00008000", "32768 in the signed form of 32 bits", signed},
		{"int-32-of-65536", "int-65536", "d2 00010000", "65536 in the signed form of 32 bits", "as long as CE, and still not the one form of it"},
		{"int-32-of-2-31-less-1", "int-2-31-less-1", "d2 7fffffff", "2^31-1 in the signed form of 32 bits", "as long as CE, and still not the one form of it"},
		{"int-64-of-1", "int-1", "d3 0000000000000001", "1 in the signed form of 64 bits", signed},
		{"int-64-of-2-31", "int-2-31", "d3 0000000080000000", "2^31 in the signed form of 64 bits", signed},
		{"int-64-of-2-32", "int-2-32", "d3 0000000100000000", "2^32 in the signed form of 64 bits", "as long as CF, and still not the one form of it"},
		{"int-64-of-2-63-less-1", "int-2-63-less-1", "d3 7fffffffffffffff", "2^63-1 in the signed form of 64 bits", "Java and Go write their 64-bit type so"},
		{"int-8-of-minus-1", "int-minus-1", "d0 ff", "-1 in two bytes", long},
		{"int-8-of-minus-32", "int-minus-32", "d0 e0", "-32 in two bytes", "off by one in the comparison with -32"},
		{"int-16-of-minus-33", "int-minus-33", "d1 ffdf", "-33 in three bytes", long},
		{"int-16-of-minus-128", "int-minus-128", "d1 ff80", "-128 in three bytes", "off by one in the comparison with -128"},
		{"int-32-of-minus-1", "int-minus-1", "d2 ffffffff", "-1 in five bytes", static},
		{"int-32-of-minus-129", "int-minus-129", "d2 ffffff7f", "-129 in five bytes", long},
		{"int-32-of-minus-32768", "int-minus-32768", "d2 ffff8000", "-32768 in five bytes", "off by one in the comparison with -32768"},
		{"int-64-of-minus-1", "int-minus-1", "d3 ffffffffffffffff", "-1 in nine bytes", static},
		{"int-64-of-minus-32769", "int-minus-32769", "d3 ffffffffffff7fff", "-32769 in nine bytes", long},
		{"int-64-of-minus-2-31", "int-minus-2-31", "d3 ffffffff80000000", "-2^31 in nine bytes", "off by one in the comparison with -2^31"},
	} {
		a.bad(r.slug, r.twin, r.in, "MP-003", 0, r.title, r.why)
	}
	a.ok("nil-and-128", "nil and 128", "twin of a long form inside an array", "92 c0 cc80", jArray(nil, jInt(128))).Req = []string{"MP-003"}
	a.bad("long-int-in-an-array", "nil-and-128", "92 c0 cd0080", "MP-003", 2, "128 in three bytes, inside an array", "a check of the top value only does not see it")
}
