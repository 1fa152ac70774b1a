package conformance

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"handfast/codec"
)

// msgpackCases are the cases of SPEC.md chapter 7. Nearly all put a value under a key of HELLO that nobody knows, where nothing but
// the profile can be broken; a peer that skips such keys without looking at them is found as well.
func msgpackCases() []Case {
	return slices.Concat(
		values(typeRows()),
		values(intRows()),
		values(lengthRows()),
		values(textRows()),
		values(limitRows()),
		values(keyRows()),
		values(leftRows()),
		bodyCases(),
		elsewhereCases(),
	)
}

// badValue is a value that the profile forbids, beside one that it allows, both in hexadecimal.
type badValue struct {
	slug, req string
	what      string // completes "a HELLO with …"
	good, bad string
}

// values makes the cases of values in HELLO.
func values(rows []badValue) []Case {
	cases := make([]Case, len(rows))
	for i, r := range rows {
		cases[i] = refused{"msgpack/" + r.slug, r.req, "with " + r.what, unknown(raw(r.good)...), unknown(raw(r.bad)...)}.as(codec.CodeEncoding)
	}
	return cases
}

// raw reads hexadecimal with spaces. "A1*3" stands for A1A1A1.
func raw(text string) []byte {
	var b []byte
	for _, word := range strings.Fields(text) {
		word, times, repeated := strings.Cut(word, "*")
		n := 1
		if repeated {
			if _, err := fmt.Sscan(times, &n); err != nil {
				panic(err)
			}
		}
		part, err := hex.DecodeString(word)
		if err != nil {
			panic(err)
		}
		b = append(b, slices.Repeat(part, n)...)
	}
	return b
}

// typeRows are the types that the profile leaves out.
func typeRows() []badValue {
	const req = "MP-001"
	return []badValue{
		{"float32", req, "a float32", "01", "CA 3F800000"},
		{"float64", req, "a float64", "01", "CB 3FF0000000000000"},
		{"float-in-array", req, "a float64 in an array", "91 01", "91 CB 3FF0000000000000"},
		{"float-in-map", req, "a float32 in a map", "81 A161 01", "81 A161 CA 3F800000"},
		{"never-used", req, "the byte C1, which MessagePack never uses", "C0", "C1"},
		{"ext-of-1", req, "an ext of 1 byte", "C4 01 00", "D4 01 00"},
		{"ext-of-2", req, "an ext of 2 bytes", "C4 02 0000", "D5 01 0000"},
		{"ext-timestamp", req, "a timestamp, which is an ext of 4 bytes", "CE 66000000", "D6 FF 66000000"},
		{"ext-of-8", req, "an ext of 8 bytes", "C4 08 00*8", "D7 01 00*8"},
		{"ext-of-16", req, "an ext of 16 bytes", "C4 10 00*16", "D8 01 00*16"},
		{"ext-length-8", req, "an ext whose length has 8 bits", "C4 03 00*3", "C7 03 01 00*3"},
		{"ext-length-16", req, "an ext whose length has 16 bits", "C5 0100 00*256", "C8 0100 01 00*256"},
		{"ext-length-32", req, "an ext whose length has 32 bits", "C4 03 00*3", "C9 00000003 01 00*3"},
	}
}

// intRows are the integers that are too great, or in a form that is not their shortest.
func intRows() []badValue {
	const req = "MP-003"
	return []badValue{
		{"int-over-2-63", "MP-002", "the integer 2^63", "CF 7FFFFFFFFFFFFFFF", "CF 8000000000000000"},
		{"int-greatest-u64", "MP-002", "the integer 2^64-1", "CF 7FFFFFFFFFFFFFFF", "CF FFFFFFFFFFFFFFFF"},
		{"uint8-of-0", req, "0 as a uint8", "00", "CC 00"},
		{"uint8-of-127", req, "127 as a uint8", "7F", "CC 7F"},
		{"uint16-of-255", req, "255 as a uint16", "CC FF", "CD 00FF"},
		{"uint32-of-65535", req, "65,535 as a uint32", "CD FFFF", "CE 0000FFFF"},
		{"uint64-of-2-32", req, "2^32-1 as a uint64", "CE FFFFFFFF", "CF 00000000FFFFFFFF"},
		{"int8-of-minus-32", req, "-32 as an int8", "E0", "D0 E0"},
		{"int16-of-minus-128", req, "-128 as an int16", "D0 80", "D1 FF80"},
		{"int32-of-minus-32768", req, "-32,768 as an int32", "D1 8000", "D2 FFFF8000"},
		{"int64-of-minus-2-31", req, "-2^31 as an int64", "D2 80000000", "D3 FFFFFFFF80000000"},
		{"int8-of-1", req, "1 as an int8", "01", "D0 01"},
		{"int16-of-128", req, "128 as an int16, where the unsigned form is shorter", "CC 80", "D1 0080"},
		{"int32-of-65536", req, "65,536 as an int32, where the unsigned form is as long", "CE 00010000", "D2 00010000"},
		{"int64-of-2-32", req, "2^32 as an int64, where the unsigned form is as long", "CF 0000000100000000", "D3 0000000100000000"},
	}
}

// lengthRows are headers of str, bin, array and map that are not the shortest.
func lengthRows() []badValue {
	const req = "MP-004"
	return []badValue{
		{"str8-of-0", req, "an empty str whose length has 8 bits", "A0", "D9 00"},
		{"str8-of-31", req, "a str of 31 bytes whose length has 8 bits", "BF 61*31", "D9 1F 61*31"},
		{"str16-of-255", req, "a str of 255 bytes whose length has 16 bits", "D9 FF 61*255", "DA 00FF 61*255"},
		{"str32-of-256", req, "a str of 256 bytes whose length has 32 bits", "DA 0100 61*256", "DB 00000100 61*256"},
		{"bin16-of-255", req, "a bin of 255 bytes whose length has 16 bits", "C4 FF 00*255", "C5 00FF 00*255"},
		{"bin32-of-256", req, "a bin of 256 bytes whose length has 32 bits", "C5 0100 00*256", "C6 00000100 00*256"},
		{"array16-of-15", req, "an array of 15 elements whose count has 16 bits", "9F C0*15", "DC 000F C0*15"},
		{"array32-of-16", req, "an array of 16 elements whose count has 32 bits", "DC 0010 C0*16", "DD 00000010 C0*16"},
		{"map16-of-1", req, "a map of one entry whose count has 16 bits", "81 A161 C0", "DE 0001 A161 C0"},
		{"map32-of-1", req, "a map of one entry whose count has 32 bits", "81 A161 C0", "DF 00000001 A161 C0"},
		{"key-str8", req, "a key of one byte whose length has 8 bits", "81 A161 C0", "81 D90161 C0"},
	}
}

// textRows are strs that are not UTF-8, or contain U+0000.
func textRows() []badValue {
	const req = "MP-005"
	return []badValue{
		{"text-continuation-alone", req, "a str that begins in the middle of a character", "A1 7F", "A1 80"},
		{"text-cut-off", req, "a str that ends in the middle of a character", "A3 E282AC", "A2 E282"},
		{"text-overlong-slash", req, "a str with / in two bytes", "A2 C2AF", "A2 C0AF"},
		{"text-overlong-three", req, "a str with U+07FF in three bytes", "A3 E0A080", "A3 E09FBF"},
		{"text-overlong-four", req, "a str with U+FFFF in four bytes", "A4 F0908080", "A4 F08FBFBF"},
		{"text-surrogate", req, "a str with the surrogate U+D800", "A3 ED9FBF", "A3 EDA080"},
		{"text-surrogate-pair", req, "a str with a character as a pair of surrogates", "A4 F0908080", "A6 EDA080 EDB080"},
		{"text-over-10ffff", req, "a str with a character above U+10FFFF", "A4 F48FBFBF", "A4 F4908080"},
		{"text-byte-ff", req, "a str with the byte FF", "A1 7F", "A1 FF"},
		{"text-latin-1", req, "a str in Latin-1", "A5 6361 66 C3A9", "A4 6361 66 E9"},
		{"text-nul", req, "a str that is U+0000", "A1 01", "A1 00"},
		{"text-nul-inside", req, "a str with U+0000 inside", "A3 610162", "A3 610062"},
		{"text-nul-overlong", req, "a str with U+0000 in two bytes", "A2 C280", "A2 C080"},
		{"key-not-utf8", req, "a key that is not UTF-8", "81 A17F C0", "81 A1FF C0"},
		{"key-with-nul", req, "a key with U+0000", "81 A26162 C0", "81 A26100 C0"},
	}
}

// limitRows are values that are too large, or stand too deep. A bin that is too large does not fit into any map of the link.
func limitRows() []badValue {
	const size, depth = "MP-006", "MP-007"
	return []badValue{
		{"str-too-long", size, "a str of 4,097 bytes", "DA 1000 61*4096", "DA 1001 61*4097"},
		{"array-too-long", size, "an array of 1,025 elements", "DC 0400 C0*1024", "DC 0401 C0*1025"},
		{"map-too-large", size, "a map of 257 entries", "DE 0100" + entries(256), "DE 0101" + entries(257)},
		{"arrays-too-deep", depth, "an array inside seven arrays and the map of HELLO", "91*6 90", "91*7 90"},
		{"maps-too-deep", depth, "a map inside seven maps and the map of HELLO", "81A161*6 80", "81A161*7 80"},
		{"empty-map-too-deep", depth, "an empty map where nil would be allowed", "91*7 C0", "91*7 80"},
		{"second-element-too-deep", depth, "an array too deep behind one that is not", "91*5 92 90 90", "91*5 92 90 91 90"},
	}
}

// entries are n entries of a map in ascending order.
func entries(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " A2%02X%02X C0", 'a'+i/16, 'a'+i%16)
	}
	return b.String()
}

// keyRows are keys of another type or size, out of order, or there twice.
func keyRows() []badValue {
	const key, order, twice = "MP-009", "MP-010", "MP-011"
	return []badValue{
		{"key-int", key, "an int as a key", "81 A131 C0", "81 01 C0"},
		{"key-nil", key, "nil as a key", "81 A130 C0", "81 C0 C0"},
		{"key-bool", key, "a bool as a key", "81 A174 C0", "81 C3 C0"},
		{"key-bin", key, "a bin as a key", "81 A161 C0", "81 C40161 C0"},
		{"key-array", key, "an array as a key", "81 A161 C0", "81 90 C0"},
		{"key-empty", key, "an empty key", "81 A161 C0", "81 A0 C0"},
		{"key-too-long", key, "a key of 65 bytes", "81 D940 61*64 C0", "81 D941 61*65 C0"},
		{"keys-descending", order, "two keys of which the greater comes first", "82 A161 C0 A162 C0", "82 A162 C0 A161 C0"},
		{"keys-longer-first", order, "a key before the one that it begins with", "82 A161 C0 A26161 C0", "82 A26161 C0 A161 C0"},
		{"keys-by-length", order, "keys in the order of their lengths", "82 A26161 C0 A162 C0", "82 A162 C0 A26161 C0"},
		{"keys-by-letter", order, "keys in the order of a dictionary, which does not tell cases apart", "82 A142 C0 A161 C0", "82 A161 C0 A142 C0"},
		{"keys-by-utf16", order, "keys in the order of UTF-16", "82 A3EFBD9E C0 A4F0908080 C0", "82 A4F0908080 C0 A3EFBD9E C0"},
		{"keys-third-too-early", order, "a third key that belongs between the first two", "83 A161 C0 A162 C0 A163 C0", "83 A161 C0 A163 C0 A162 C0"},
		{"key-twice", twice, "one key twice", "82 A161 C0 A162 C0", "82 A161 C0 A161 C0"},
		{"key-twice-other-value", twice, "one key twice, with two values", "82 A161 01 A162 02", "82 A161 01 A161 02"},
	}
}

// leftRows are lengths and counts that exceed what is left of the body.
func leftRows() []badValue {
	const req = "MP-013"
	return []badValue{
		{"str-cut-short", req, "a str of 5 bytes of which 4 are there", "A4 61*4", "A5 61*4"},
		{"str-announced", req, "a str of 4,096 bytes of which 2 are there", "A2 61*2", "DA 1000 61*2"},
		{"bin-cut-short", req, "a bin of 3 bytes of which 2 are there", "C4 02 00*2", "C4 03 00*2"},
		{"bin-announced", req, "a bin of 65,535 bytes of which 2 are there", "C4 02 00*2", "C5 FFFF 00*2"},
		{"array-cut-short", req, "an array of 3 elements of which 2 are there", "92 C0*2", "93 C0*2"},
		{"array-announced", req, "an array of 1,024 elements of which none is there", "90", "DC 0400"},
		{"map-cut-short", req, "a map whose last value is missing", "81 A161 C0", "81 A161"},
		{"map-announced", req, "a map of 256 entries of which none is there", "80", "DE 0100"},
		{"int-cut-short", req, "a uint32 of which 3 bytes are there", "CD 0100", "CE 010000"},
		{"header-cut-short", req, "the header of a bin without its length", "C4 00", "C4"},
	}
}
