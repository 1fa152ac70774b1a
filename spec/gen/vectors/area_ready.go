package main

import "handfast/testdata"

// readyArea is READY in chapter 6 of SPEC.md. What caps and protos hold is not judged here: a receiver compares their bytes with its
// own.
func readyArea() *area {
	a := &area{name: "ready", op: testdata.OpFrame}
	r := ready()
	cb := mpBin(rep("62", 32))
	a.about("READY-001", "READY-009")
	a.frame("ready", "a READY", "the twin of most faults", r.asReady())
	a.frame("ready-nothing-agreed", "a READY without capabilities and sub-protocols", "empty maps are maps", nothing().asReady())
	protos := body{{"call", "01", "1"}, {"x.other", mpInt(65535), "65535"}}
	a.frame("ready-two-protos", "a READY with two sub-protocols", "65,535 is the greatest version", r.with("protos", protos.hexed(), protos).asReady())
	large := body{{"probe.max", mpInt(1<<63 - 1), jInt(1<<63 - 1)}}
	a.frame("ready-cap-of-2-63-less-1", "a READY with probe.max 2^63-1", "a reader that keeps numbers in doubles writes other bytes again", r.with("caps", large.hexed(), large).asReady())
	a.frame("ready-ver-65535", "a READY of version 65,535", "the greatest: which versions exist is judged later", r.with("ver", mpInt(65535), "65535").asReady())
	a.about("READY-008")
	foreign := body{{"Not a name", "02", "2"}, {"call", "01", "1"}}
	a.frame("ready-proto-of-no-name", "protos with a name that no HELLO can offer", "MISMATCH, when the bytes are compared, and not ENCODING", r.with("protos", foreign.hexed(), foreign).asReady())
	odd := body{{"a", "c0", nil}, {"b", mpInts(1), nil}, {"c", "ff", nil}, {"call", "01", "1"}, {"d", mpInt(65536), nil}, {"e", mpStr("1"), nil}}
	shown := body{{"call", "01", "1"}}
	a.strange("ready-protos-of-no-version", "protos with values that are no versions", "MISMATCH, when the bytes are compared, and not ENCODING; the form leaves them out", r.with("protos", odd.hexed(), shown).asReady())
	a.about("READY-014")
	a.frame("ready-bound", "a READY with cb", "the optional key", r.with("cb", cb, rep("62", 32)).asReady())
	a.about("READY-010")
	unknown := r.with("a", "c0", nil).with("d", "81 a16b 90", nil).with("zz", mpStr("x"), nil)
	a.strange("ready-unknown-keys", "unknown keys before, between and behind the known ones", "a later version says more", unknown.asReady())
	a.about("FRAME-008")
	a.strange("ready-with-ignored-bits", "a READY with reserved and flags 70 set", "ignored, and covered by both checksums", said{r.ignored(), r.asReady().form})
	a.about("FRAME-018")
	a.strange("ready-of-16384", "a READY of 16,384 bytes", "the greatest", r.padded(16384).asReady())
	a.about()
	a.no("ready-of-16385", "ready-of-16384", linkFault("FRAME_SIZE", "FRAME-018", 4), "a READY of 16,385 bytes", "max_frame is larger, and does not count", r.padded(16385).hexed())
	a.no("ready-announcing-16385", "ready", linkFault("FRAME_SIZE", "FRAME-018", 4), "a READY that announces 16,385 bytes, and no payload", "the answer does not wait for the payload", r.announcing(16385).header()).
		Notes = "the payload is left out: a receiver that waits for it gives no verdict"
	readyProfile(a, r)
	readyKeys(a, r, cb)
	return a
}

// nothing is a READY in which two peers agree on the version alone.
func nothing() mapped { return ready().with("caps", "80", body{}).with("protos", "80", body{}) }

// readyProfile is READY-009 for payloads that are no map in the strict profile.
func readyProfile(a *area, r mapped) {
	a.about("READY-009")
	size := r.payload.len()
	bad := func(slug string, f testdata.Fault, title, why string, payload hexed) {
		v := a.no(slug, "ready", f, title, why, r.saying(payload).hexed())
		if payload.len() < 2 {
			v.Notes = "the whole payload is the damage"
		}
	}
	rest := raw(r.payload.bytes()[1:]) // behind the header of the map, 84
	bad("payload-empty", encoding("MP-013", 16), "no payload", "a READY that agrees to everything by saying nothing", "")
	bad("payload-nil", encoding("READY-009", 16), "nil", "a decoder gives an empty map for it", "c0")
	bad("payload-array", encoding("READY-009", 16), "an array of the map", "a decoder that takes the first value", join("91", r.payload))
	bad("payload-cut", encoding("MP-013", r.at("ver")), "a payload without its last byte", "length and checksums are right: only the map says that something is missing", r.payload.cut(1))
	bad("payload-and-a-byte", encoding("MP-012", 16+size), "one byte behind the map", "length and checksums are right: only a check for the end finds it", join(r.payload, "c0"))
	bad("payload-long-map", encoding("MP-004", 16), "the map in a header of 3 bytes", "encoders that count while they write", join("de0004", rest))
	bad("payload-long-int", encoding("MP-003", r.at("ver")), "ver in two bytes", "READY is compared as bytes, so that one value has one form", r.with("ver", "cc01", nil).payload)
	bad("payload-signed-int", encoding("MP-003", r.at("ver")), "ver in the signed form of 16 bits", "an encoder of signed types writes it", r.with("ver", "d10001", nil).payload)
	bad("payload-float", encoding("MP-001", r.at("ver")), "ver as a double", "JavaScript's encoders write it", r.with("ver", "cb3ff0000000000000", nil).payload)
	n := r.entries
	descending := body{n[1], n[0], n[2], n[3]}
	bad("payload-descending", encoding("MP-010", 16+descending.start(1)), "protos before caps", "encoders that write fields in the order of a struct", descending.hexed())
	twice := body{n[0], n[1], n[2], n[3], n[3]}
	bad("payload-key-twice", encoding("MP-011", 16+twice.start(4)), "ver twice", "one decoder takes the first and another the last", twice.hexed())
}

// readyKeys is READY-009 for keys and their values.
func readyKeys(a *area, r mapped, cb hexed) {
	a.about()
	for _, e := range r.entries {
		a.no("without-"+e.key, "ready-nothing-agreed", encoding("READY-009", 16), "a READY without "+e.key, "a decoder into a struct leaves a zero in its place, which is a value", nothing().without(e.key).hexed())
	}
	const (
		nilKey = "a decoder takes nil for an absent value, and leaves a zero"
		size   = "a comparison over the shorter length calls it equal"
		bytes  = "old encoders write bytes as str"
	)
	n := nothing()
	th := text("@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_")
	for _, v := range []struct {
		slug, key  string
		value      hexed
		title, why string
	}{
		{"caps-nil", "caps", "c0", "caps is nil", nilKey},
		{"caps-array", "caps", "90", "caps is an empty array", "languages that have one type for both write an empty map so"},
		{"protos-nil", "protos", "c0", "protos is nil", nilKey},
		{"protos-array", "protos", mpStrs("call"), "protos is a list of names", "a list without versions"},
		{"th-of-31", "th", mpBin(th.cut(1)), "th of 31 bytes", size},
		{"th-of-33", "th", mpBin(th + "00"), "th of 33 bytes", size},
		{"th-of-0", "th", mpBin(""), "th of no bytes", "a comparison over the shorter length calls it equal to every hash"},
		{"th-str", "th", "d920" + th, "th is a str of 32 bytes", bytes},
		{"th-hex", "th", mpStr(th.plain()), "th is its hexadecimal form", "a hash library that gives text"},
		{"ver-str", "ver", mpStr("1"), "ver is the text 1", "languages that convert text to numbers accept it"},
		{"ver-minus-1", "ver", "ff", "ver is -1", "in 16 bits it is 65,535"},
		{"ver-nil", "ver", "c0", "ver is nil", nilKey},
		{"ver-array", "ver", mpInts(1), "ver is an array of 1", "HELLO has a list"},
	} {
		bad := a.no(v.slug, "ready-nothing-agreed", encoding("READY-009", n.at(v.key)), v.title, v.why, n.with(v.key, v.value, nil).hexed())
		if v.slug == "th-hex" {
			bad.Notes = "the same hash, in twice as many bytes"
		}
	}
	a.no("ver-65536", "ready-ver-65535", encoding("READY-009", r.at("ver")), "ver is 65,536", "in 16 bits it is 0", r.with("ver", mpInt(65536), nil).hexed())
	bound := r.with("cb", cb, nil)
	for _, v := range []struct {
		slug       string
		value      hexed
		title, why string
	}{
		{"cb-of-31", mpBin(rep("62", 31)), "cb of 31 bytes", size},
		{"cb-of-33", mpBin(rep("62", 33)), "cb of 33 bytes", size},
		{"cb-str", "d920" + rep("62", 32), "cb is a str of 32 bytes", bytes},
		{"cb-nil", "c0", "cb is nil", "an optional key is left out, and not nil: here it is the proof of the channel"},
	} {
		a.no(v.slug, "ready-bound", encoding("READY-009", bound.at("cb")), v.title, v.why, bound.with("cb", v.value, nil).hexed())
	}
}
