package main

import (
	"fmt"
	"strings"
)

// mapOf gives a map of n entries with ascending keys, of which each value is nil, and its form.
func mapOf(n int) (hexed, object) {
	b, pairs := body{}, []any{}
	for i := range n {
		key := fmt.Sprintf("%03d", i)
		b = append(b, entry{key, "c0", nil})
		pairs = append(pairs, key, nil)
	}
	return b.hexed(), jMap(pairs...)
}

// nils gives n elements.
func nils(n int) hexed { return rep("c0", n) }

// msgpackSizes is MP-006 and MP-004 from the accepted side: both sides of every boundary between two headers, and every limit.
func msgpackSizes(a *area) {
	letters := func(n int) string { return strings.Repeat("a", n) }
	a.about("MP-004")
	for _, n := range []int{0, 1, 31, 32, 255, 256} {
		a.ok(fmt.Sprintf("str-of-%d", n), fmt.Sprintf("a str of %d bytes", n), "the header changes its form at 32 and at 256", mpStr(letters(n)), letters(n))
	}
	for _, n := range []int{0, 1, 255, 256} {
		a.ok(fmt.Sprintf("bin-of-%d", n), fmt.Sprintf("a bin of %d bytes", n), "a bin has no short header, and its header changes its form at 256",
			mpBin(rep("ff", n)), jBin(rep("ff", n)))
	}
	for _, n := range []int{0, 15, 16} {
		a.ok(fmt.Sprintf("array-of-%d", n), fmt.Sprintf("an array of %d elements", n), "the header changes its form at 16", join(mpArrayHeader(n), nils(n)), jNils(n))
		in, form := mapOf(n)
		a.ok(fmt.Sprintf("map-of-%d", n), fmt.Sprintf("a map of %d entries", n), "the header changes its form at 16", in, form)
	}
	a.about("MP-006")
	a.ok("str-of-4096", "a str of 4,096 bytes", "the greatest", mpStr(letters(4096)), letters(4096))
	a.ok("bin-of-65535", "a bin of 65,535 bytes", "the greatest, and the last with a header of 3 bytes", mpBin(rep("ff", 65535)), jBin(rep("ff", 65535)))
	a.ok("array-of-1024", "an array of 1,024 elements", "the greatest", join(mpArrayHeader(1024), nils(1024)), jNils(1024))
	in, form := mapOf(256)
	a.ok("map-of-256", "a map of 256 entries", "the greatest; a count of 8 bits is 0", in, form)

	a.about()
	const over = "a limit that is one too high, or compared with > where >= was meant"
	a.bad("str-of-4097", "str-of-4096", mpStr(letters(4097)), "MP-006", 0, "a str of 4,097 bytes", over)
	a.bad("bin-of-65536", "bin-of-65535", join("c6 00010000", rep("ff", 65536)), "MP-006", 0, "a bin of 65,536 bytes, in its shortest header", over)
	a.bad("array-of-1025", "array-of-1024", join(mpArrayHeader(1025), nils(1025)), "MP-006", 0, "an array of 1,025 elements", over)
	in, _ = mapOf(257)
	a.bad("map-of-257", "map-of-256", in, "MP-006", 0, "a map of 257 entries", over)

	const bomb = "six bytes that make a reader allocate gigabytes when it believes them (CVE-2022-41719, CVE-2026-21452)"
	const twice = "breaks MP-013 as well"
	a.bad("str-of-4-gib", "str-of-0", "db ffffffff", "MP-006", 0, "a str that announces 4 GiB", bomb).Notes = twice
	a.bad("bin-of-4-gib", "bin-of-0", "c6 ffffffff", "MP-006", 0, "a bin that announces 4 GiB", bomb).Notes = twice
	a.bad("array-of-4-g", "array-of-0", "dd ffffffff", "MP-006", 0, "an array that announces 2^32-1 elements", bomb).Notes = twice
	a.bad("map-of-4-g", "map-of-0", "df ffffffff", "MP-006", 0, "a map that announces 2^32-1 entries", bomb).Notes = twice
	a.bad("array-of-2-31", "array-of-0", "dd 80000000", "MP-006", 0, "an array that announces 2^31 elements", "the count is negative in 32 signed bits, and passes a check for too many").Notes = twice
	msgpackValues(a)
}

// msgpackValues is MP-008. 4 arrays of 1,018 or so elements keep every other limit.
func msgpackValues(a *area) {
	arrays := func(last int) (hexed, []any) {
		in, form := mpArrayHeader(4), []any{}
		for _, n := range []int{1023, 1023, 1023, last} {
			in = join(in, mpArrayHeader(n), nils(n))
			form = append(form, jNils(n))
		}
		return in, form // 1 + 4 + 3069 + last values
	}
	in, form := arrays(1022)
	a.about("MP-008")
	a.ok("values-4096", "4,096 values", "the greatest number; each key, element and container counts as one, the outermost too", in, form)
	in, _ = arrays(1023)
	a.bad("values-4097", "values-4096", in, "MP-008", in.len()-1, "4,097 values", "a check that does not count containers lets it pass")

	mapped := func(last int) (hexed, object) {
		b, pairs := body{}, []any{}
		for i := range 256 {
			n := 14
			if i == 255 {
				n = last
			}
			key := fmt.Sprintf("%03d", i)
			b = append(b, entry{key, mpArrayHeader(n) + nils(n), nil})
			pairs = append(pairs, key, jNils(n))
		}
		return b.hexed(), jMap(pairs...) // 1 + 256*2 + 255*14 + last values
	}
	in, entries := mapped(13)
	a.ok("values-4096-in-a-map", "4,096 values, of which 256 are keys", "keys count", in, entries)
	in, _ = mapped(14)
	a.bad("values-4097-in-a-map", "values-4096-in-a-map", in, "MP-008", in.len()-1, "4,097 values, of which 256 are keys", "a check that does not count keys lets it pass")
}

// msgpackForms is MP-004: a header that is longer than it has to be. The twin says the same in the short header.
func msgpackForms(a *area) {
	const (
		long = "MessagePack allows it, so that libraries read it, and one value has two encodings"
		edge = "off by one where the header changes its form"
	)
	map15, _ := mapOf(15)
	map16, _ := mapOf(16)
	for _, r := range []struct {
		slug, twin string
		in         hexed
		title, why string
	}{
		{"str-8-of-0", "str-of-0", "d9 00", "an empty str in a header of 2 bytes", long},
		{"str-8-of-31", "str-of-31", "d9 1f " + rep("61", 31), "a str of 31 bytes in a header of 2 bytes", edge + "; old encoders have no D9 and write others"},
		{"str-16-of-1", "str-of-1", "da 0001 61", "a str of 1 byte in a header of 3 bytes", long},
		{"str-16-of-32", "str-of-32", "da 0020 " + rep("61", 32), "a str of 32 bytes in a header of 3 bytes", "encoders from before 2013 have no D9, and write it so"},
		{"str-16-of-255", "str-of-255", "da 00ff " + rep("61", 255), "a str of 255 bytes in a header of 3 bytes", edge},
		{"str-32-of-0", "str-of-0", "db 00000000", "an empty str in a header of 5 bytes", "an encoder that writes into a buffer of unknown size reserves the longest header"},
		{"str-32-of-4096", "str-of-4096", "db 00001000 " + rep("61", 4096), "a str of 4,096 bytes in a header of 5 bytes", long},
		{"bin-16-of-0", "bin-of-0", "c5 0000", "an empty bin in a header of 3 bytes", long},
		{"bin-16-of-255", "bin-of-255", "c5 00ff " + rep("ff", 255), "a bin of 255 bytes in a header of 3 bytes", edge},
		{"bin-32-of-1", "bin-of-1", "c6 00000001 ff", "a bin of 1 byte in a header of 5 bytes", long},
		{"bin-32-of-256", "bin-of-256", "c6 00000100 " + rep("ff", 256), "a bin of 256 bytes in a header of 5 bytes", long},
		{"array-16-of-0", "array-of-0", "dc 0000", "an empty array in a header of 3 bytes", long},
		{"array-16-of-15", "array-of-15", "dc 000f " + nils(15), "an array of 15 in a header of 3 bytes", edge},
		{"array-32-of-0", "array-of-0", "dd 00000000", "an empty array in a header of 5 bytes", "an encoder that counts while it writes reserves the longest header"},
		{"array-32-of-16", "array-of-16", "dd 00000010 " + nils(16), "an array of 16 in a header of 5 bytes", long},
		{"map-16-of-0", "map-of-0", "de 0000", "an empty map in a header of 3 bytes", long},
		{"map-16-of-15", "map-of-15", join("de 000f", raw(map15.bytes()[1:])), "a map of 15 in a header of 3 bytes", edge},
		{"map-32-of-0", "map-of-0", "df 00000000", "an empty map in a header of 5 bytes", "an encoder that counts while it writes reserves the longest header"},
		{"map-32-of-16", "map-of-16", join("df 00000010", raw(map16.bytes()[3:])), "a map of 16 in a header of 5 bytes", long},
	} {
		a.bad(r.slug, r.twin, r.in, "MP-004", 0, r.title, r.why)
	}
	a.bad("key-in-a-long-header", "key-of-one-byte", "81 d90161 c0", "MP-004", 1, "a key in a header of 2 bytes", "a decoder that reads keys through a function of its own may check nothing there")
	a.bad("long-header-inside", "array-in-an-array", "91 dc0000", "MP-004", 1, "an inner array in a header of 3 bytes", "a check of the top value only does not see it")
	a.ok("array-in-an-array", "an empty array in an array", "twin of an inner array in a long header", "91 90", jArray(jArray())).Req = []string{"MP-004"}
}
