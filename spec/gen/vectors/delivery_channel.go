package main

import (
	"strings"

	"handfast/testdata"
)

// The key channel of OPEN and ACCEPT.

// mpTuple is a small array of uints.
func mpTuple(n ...int64) hexed {
	h := mpArrayHeader(len(n))
	for _, one := range n {
		h = join(h, mpInt(one))
	}
	return h
}

// lineage takes epoch, nonce and first of each entry.
func lineage(n ...int64) entry {
	list, forms := []hexed{}, []any{}
	for i := 0; i < len(n); i += 3 {
		list = append(list, mpTuple(n[i:i+3]...))
		forms = append(forms, form("epoch", sdec(n[i]), "nonce", sdec(n[i+1]), "first", sdec(n[i+2])))
	}
	return entry{"lineage", mpArray(list...), forms}
}

// someRanges takes first and last of each.
func someRanges(n ...int64) entry {
	list, forms := []hexed{}, []any{}
	for i := 0; i < len(n); i += 2 {
		list = append(list, mpTuple(n[i:i+2]...))
		forms = append(forms, form("first", sdec(n[i]), "last", sdec(n[i+1])))
	}
	return entry{"ranges", mpArray(list...), forms}
}

func number(key string, n int64) entry { return entry{key, mpInt(n), sdec(n)} }

const channelID = hexed("00112233445566778899aabbccddeeff")

func channel() body {
	return body{
		number("first", 51), {"id", mpBin(channelID), channelID.plain()}, lineage(1, 70, 1, 2, 71, 40), {"name", mpStr("out"), "out"},
		number("next", 66), number("stable", 50),
	}
}

// set gives a copy with other entries.
func (b body) set(entries ...entry) body {
	for _, e := range entries {
		b = b.with(e.key, e.value, e.form)
	}
	return b
}

// carrying puts the map under channel.
func (m mapped) carrying(b body) mapped { return m.with("channel", b.hexed(), b) }

func deliveryChannel(a *area) {
	o := open(5, "realtime", 1)
	ok := func(slug, title, why string, entries ...entry) {
		a.frame(slug, title, why, o.carrying(channel().set(entries...)).asOpen())
	}
	a.about("CHAN-004")
	ok("channel", "an OPEN with a channel", "the twin of most faults")
	ok("channel-of-one-start", "a lineage of one entry", "the least", lineage(1, 70, 1))
	long := lineage(2, 71, 1, 3, 72, 2, 4, 73, 3, 5, 74, 4, 6, 75, 5, 7, 76, 6, 8, 77, 7, 9, 78, 8)
	ok("channel-of-eight-starts", "a lineage of 8 entries", "the most", long)
	ok("channel-starts-without-a-record", "two entries with the same first number", "a process may start and give no number", lineage(1, 70, 40, 2, 71, 40))
	ok("channel-nonce-0", "the nonce 0", "as good as any", lineage(1, 70, 1, 2, 0, 40))
	ok("channel-nonce-2-63-less-1", "the nonce 2^63-1", "the greatest", lineage(1, 70, 1, 2, maxSeq+1, 40))
	ok("channel-new", "a channel without a record", "next 1, first 1, stable 0", number("first", 1), number("next", 1), number("stable", 0), lineage(1, 70, 1))
	ok("channel-first-is-next", "first is next", "the sender has no record any more", number("first", 66))
	ok("channel-stable-65", "stable is one below next", "everything is applied", number("stable", 65), number("first", 66))
	ok("channel-lineage-begins-at-next", "the newest entry begins at next", "the process has just begun", lineage(1, 70, 1, 2, 71, 66))
	ok("channel-all-given", "next is 2^63-1", "every number was given", number("next", maxSeq+1))
	ok("channel-name-empty", "a name of no bytes", "a sender with one queue", entry{"name", mpStr(""), ""})
	ok("channel-name-of-64", "a name of 64 bytes", "the longest", entry{"name", mpStr(strings.Repeat("n", 64)), strings.Repeat("n", 64)})
	a.frame("channel-and-params", "channel and params", "both are optional", o.carrying(channel()).with("params", mpBin("00ff"), "00ff").asOpen())
	a.about("CHAN-005")
	a.strange("channel-unknown-keys", "unknown keys in channel", "a later version says more",
		o.carrying(channel().with("a", "c0", nil).with("zz", "80", nil)).said("OPEN", true, "proto", "ver", "params").and("channel", channel()))
}

// and adds a member to the form.
func (s said) and(key string, value any) said {
	s.form = append(s.form, member{key, value})
	return s
}

func deliveryBadChannel(a *area) {
	o := open(5, "realtime", 1)
	a.about()
	inner := func(b body, key string) int { return o.carrying(b).at("channel") + b.offset(key) }
	start := o.carrying(channel()).at("channel")
	for _, r := range []struct{ slug, title, why string }{
		{"first", "no first", "a decoder into a struct leaves 0"}, {"id", "no id", "all channels would be one"},
		{"lineage", "no lineage", "histories cannot be told apart"}, {"name", "no name", "an empty one is written"},
		{"next", "no next", "a decoder into a struct leaves 0"}, {"stable", "no stable", "a receiver that lost its state starts at 0"},
	} {
		b := channel().without(r.slug)
		a.no("channel-without-"+r.slug, "channel", encoding("CHAN-004", start), r.title, r.why, o.carrying(b).hexed())
	}
	typed := func(slug, title, why string, e entry) {
		b := channel().set(e)
		a.no(slug, "channel", encoding("CHAN-004", inner(b, e.key)), title, why, o.carrying(b).hexed())
	}
	typed("channel-id-of-15", "an id of 15 bytes", "off by one in the size", entry{"id", mpBin(channelID.cut(1)), nil})
	typed("channel-id-of-17", "an id of 17 bytes", "off by one in the size", entry{"id", mpBin(channelID + "00"), nil})
	typed("channel-id-str", "an id that is a str", "languages with one type for both write it so", entry{"id", mpStr("0123456789abcdef"), nil})
	typed("channel-first-str", "first is a text", "languages that convert text to numbers accept it", entry{"first", mpStr("51"), nil})
	typed("channel-next-minus-1", "next is -1", "2^64-1 in a reader without signs", entry{"next", "ff", nil})
	typed("channel-stable-nil", "stable is nil", "none is 0", entry{"stable", "c0", nil})
	typed("channel-name-bin", "a name that is a bin", "languages with one type for both write it so", entry{"name", mpBin(text("out")), nil})
	typed("channel-lineage-map", "a lineage that is a map", "epochs as keys are the obvious form in some languages", entry{"lineage", "80", nil})
	typed("channel-lineage-empty", "a lineage without an entry", "a receiver that takes the last one reads behind the array", lineage())
	typed("channel-entry-of-2", "an entry of two ints", "a receiver that reads three reads those of the next", entry{"lineage", mpArray(mpTuple(1, 70)), nil})
	typed("channel-entry-of-4", "an entry of four ints", "the form has no room for more", entry{"lineage", mpArray(mpTuple(1, 70, 1, 1)), nil})
	typed("channel-entry-int", "an entry that is an int", "a lineage of epochs alone", entry{"lineage", mpArray("01"), nil})
	typed("channel-nonce-minus-1", "the nonce -1", "a random i64, half of which are negative", entry{"lineage", mpArray(mpTuple(1, -1, 1)), nil})
	nine := lineage(1, 70, 1, 2, 71, 1, 3, 72, 2, 4, 73, 3, 5, 74, 4, 6, 75, 5, 7, 76, 6, 8, 77, 7, 9, 78, 8)
	b := channel().set(nine)
	a.no("channel-of-nine-starts", "channel-of-eight-starts", encoding("CHAN-004", inner(b, "lineage")), "a lineage of 9 entries", "off by one in the limit", o.carrying(b).hexed())
	name := channel().with("name", mpStr(strings.Repeat("n", 65)), nil)
	a.no("channel-name-of-65", "channel-name-of-64", encoding("CHAN-004", inner(name, "name")), "a name of 65 bytes", "off by one in the limit", o.carrying(name).hexed())
	wrong := func(slug, twin, title, why string, entries ...entry) {
		a.no(slug, twin, encoding("CHAN-004", start), title, why, o.carrying(channel().set(entries...)).hexed())
	}
	wrong("channel-next-0", "channel-new", "next is 0", "there is no record 0", number("first", 1), number("next", 0), number("stable", 0), lineage(1, 70, 1))
	wrong("channel-first-0", "channel-new", "first is 0", "there is no record 0", number("first", 0), number("next", 1), number("stable", 0), lineage(1, 70, 1))
	wrong("channel-first-over-next", "channel-first-is-next", "first is above next", "a GAP would cover numbers that were never given", number("first", 67))
	wrong("channel-stable-is-next", "channel-stable-65", "stable is next", "a record that was never given cannot be stable", number("stable", 66), number("first", 66))
	wrong("channel-epoch-0", "channel-of-one-start", "epoch 0", "epochs count from 1", lineage(0, 70, 1))
	wrong("channel-epochs-jump", "channel", "epochs 1 and 3", "an entry is missing", lineage(1, 70, 1, 3, 71, 40))
	wrong("channel-epochs-equal", "channel", "epoch 1 twice", "a restored backup that has not counted on", lineage(1, 70, 1, 1, 71, 40))
	wrong("channel-epochs-fall", "channel", "epochs 2 and 1", "the newest first", lineage(2, 70, 1, 1, 71, 40))
	wrong("channel-lineage-from-0", "channel", "an entry that begins at 0", "there is no record 0", lineage(1, 70, 0, 2, 71, 40))
	wrong("channel-lineage-falls", "channel-starts-without-a-record", "an entry that begins below the one before", "numbers never start again", lineage(1, 70, 41, 2, 71, 40))
	wrong("channel-lineage-over-next", "channel-lineage-begins-at-next", "an entry that begins above next", "the end of an entry would lie in the future", lineage(1, 70, 1, 2, 71, 67))
	for _, r := range []struct {
		slug, title, why string
		value            hexed
	}{
		{"channel-nil", "channel is nil", "an optional key is left out, and not nil", "c0"},
		{"channel-bin", "channel is a bin", "params are bytes, channel is not", mpBin("80")},
		{"channel-array", "channel is an array", "a struct written by position", mpArray("01")},
	} {
		m := o.with("channel", r.value, nil)
		a.no(r.slug, "channel", encoding("FRAME-016", m.at("channel")), r.title, r.why, m.hexed()).Notes = "the whole map is replaced"
	}
}

func position(state string, stable, dup int64) body {
	return body{number("dup", dup), number("stable", stable), {"state", mpStr(state), state}}
}

func deliveryPosition(a *area) {
	c := accept(5)
	ok := func(slug, title, why string, b body) { a.frame(slug, title, why, c.carrying(b).asAccept()) }
	kept := position("kept", 57, 0)
	a.about("CHAN-004")
	ok("position-kept", "kept at 57", "the twin of most faults", kept)
	ok("position-ranges", "kept at 57 with a range", "what was applied out of order", kept.set(someRanges(60, 61)))
	ok("position-range-behind-stable", "a range that begins behind stable", "nobody has said so yet, and no fault", kept.set(someRanges(58, 61)))
	ok("position-two-ranges", "two ranges with one number between them", "the least gap", kept.set(someRanges(60, 61, 63, 63)))
	var many []int64
	for i := range int64(65) {
		many = append(many, 60+2*i, 60+2*i)
	}
	ok("position-64-ranges", "64 ranges", "the most", kept.set(someRanges(many[:128]...)))
	ok("position-lost", "lost", "the receiver has nothing", position("lost", 0, 65))
	ok("position-diverged", "diverged", "the histories differ", position("diverged", 39, 0))
	ok("position-foreign", "foreign", "the id is another channel's", position("foreign", 0, 0))
	ok("position-greatest", "stable and dup are 2^63-2", "the last number", position("kept", maxSeq, maxSeq))
	a.about("CHAN-005")
	a.strange("position-unknown-keys", "unknown keys in channel", "a later version says more",
		c.carrying(kept.with("a", "c0", nil).with("zz", "80", nil)).said("ACCEPT", true, "params").and("channel", kept))
	a.about()
	start := c.carrying(kept).at("channel")
	for _, key := range []string{"dup", "stable", "state"} {
		a.no("position-without-"+key, "position-kept", encoding("CHAN-004", start), "no "+key, "nothing stands for it", c.carrying(kept.without(key)).hexed())
	}
	bad := func(slug, twin, title, why string, b body, key string) {
		at := start
		if key != "" {
			at += b.offset(key)
		}
		a.no(slug, twin, encoding("CHAN-004", at), title, why, c.carrying(b).hexed())
	}
	bad("position-state-unknown", "position-kept", "the state keep", "a state that nobody knows answers nothing", kept.set(entry{"state", mpStr("keep"), nil}), "")
	bad("position-state-in-capitals", "position-kept", "the state KEPT", "text is compared as bytes", kept.set(entry{"state", mpStr("KEPT"), nil}), "")
	bad("position-state-empty", "position-kept", "a state of no bytes", "a decoder into a struct leaves it so", kept.set(entry{"state", mpStr(""), nil}), "")
	bad("position-state-int", "position-kept", "the state 0", "an enumeration written by number", kept.set(entry{"state", "00", nil}), "state")
	bad("position-stable-str", "position-kept", "stable is a text", "languages that convert text to numbers accept it", kept.set(entry{"stable", mpStr("57"), nil}), "stable")
	bad("position-dup-minus-1", "position-kept", "dup is -1", "none is 0", kept.set(entry{"dup", "ff", nil}), "dup")
	bad("position-stable-2-63-less-1", "position-greatest", "stable is 2^63-1", "no record has this number", position("kept", maxSeq+1, maxSeq), "")
	bad("position-dup-2-63-less-1", "position-greatest", "dup is 2^63-1", "no record has this number", position("kept", maxSeq, maxSeq+1), "")
	bad("position-ranges-empty", "position-ranges", "ranges without a range", "one state has one form: the key is left out", kept.set(someRanges()), "ranges")
	bad("position-65-ranges", "position-64-ranges", "65 ranges", "off by one in the limit", kept.set(someRanges(many...)), "ranges")
	bad("position-range-of-1", "position-ranges", "a range of one int", "a receiver that reads two reads that of the next", kept.set(entry{"ranges", mpArray(mpTuple(60)), nil}), "ranges")
	bad("position-range-of-3", "position-ranges", "a range of three ints", "the form has no room for more", kept.set(entry{"ranges", mpArray(mpTuple(60, 61, 62)), nil}), "ranges")
	bad("position-range-of-stable", "position-range-behind-stable", "a range that begins at stable", "one state has one form", kept.set(someRanges(57, 61)), "")
	bad("position-range-backwards", "position-ranges", "a range that ends before it begins", "a loop from first to last runs for ever", kept.set(someRanges(60, 59)), "")
	bad("position-range-over-the-last", "position-ranges", "a range up to 2^63-1", "no record has this number", kept.set(someRanges(60, maxSeq+1)), "")
	bad("position-ranges-touch", "position-two-ranges", "two ranges without a gap", "one state has one form: they are one range", kept.set(someRanges(60, 61, 62, 63)), "")
	bad("position-ranges-descending", "position-two-ranges", "two ranges in the wrong order", "a loop that walks along misses the second", kept.set(someRanges(63, 63, 60, 61)), "")
	bad("position-foreign-with-stable", "position-foreign", "foreign at 57", "nothing of another's channel is told", position("foreign", 57, 0), "")
	bad("position-foreign-with-dup", "position-foreign", "foreign with dup 9", "nothing flows", position("foreign", 0, 9), "")
	m := c.with("channel", "c0", nil)
	a.no("position-nil", "position-kept", testdata.Fault{Scope: "link", Code: "ENCODING", Req: "FRAME-016", At: m.at("channel")}, "channel is nil", "an optional key is left out, and not nil", m.hexed()).
		Notes = "the whole map is replaced"
}
