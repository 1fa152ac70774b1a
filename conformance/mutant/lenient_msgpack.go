package mutant

import (
	"bytes"
	"errors"
	"slices"
	"unicode/utf8"

	"handfast/codec"
	"handfast/conformance"
)

// profileBug is a bug of a peer that does not mind one fault of the MessagePack profile. It finds what it looks for and does not read on:
// everything behind the last key that it knows is left out, which is where the suite puts its faults.
type profileBug struct {
	conformance.Mutant

	minds func(value []byte) bool // whether this fault, at the beginning of value, is still one; nil: never
}

func profileBugs() []profileBug {
	first := func(firsts ...byte) func([]byte) bool {
		return func(value []byte) bool { return len(value) == 0 || !slices.Contains(firsts, value[0]) }
	}
	bug := func(name, req, doc string, minds func([]byte) bool) profileBug {
		return profileBug{conformance.Mutant{Name: name, Req: req, Doc: doc}, minds}
	}
	return []profileBug{
		bug("takes-floats", "MP-001", "It takes floats.", first(0xCA, 0xCB)),
		bug("takes-ext", "MP-001", "It takes ext values.", first(0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8)),
		bug("takes-the-byte-c1", "MP-001", "It takes C1 for nil.", first(0xC1)),
		bug("takes-integers-over-2-63", "MP-002", "It takes integers up to 2^64-1.", nil),
		bug("takes-long-unsigned-integers", "MP-003", "It takes unsigned integers in any form.", first(0xCC, 0xCD, 0xCE, 0xCF)),
		bug("takes-long-negative-integers", "MP-003", "It takes negative integers in any form.", func(v []byte) bool { return !signed(v) || v[1]&0x80 == 0 }),
		bug("takes-signed-forms", "MP-003", "It takes numbers from 0 up in signed forms.", func(v []byte) bool { return !signed(v) || v[1]&0x80 != 0 }),
		bug("takes-long-headers-of-strs", "MP-004", "It takes a str whose length could be shorter.", first(0xD9, 0xDA, 0xDB)),
		bug("takes-long-headers-of-bins", "MP-004", "It takes a bin whose length could be shorter.", first(0xC5, 0xC6)),
		bug("takes-long-headers-of-arrays", "MP-004", "It takes an array whose count could be shorter.", first(0xDC, 0xDD)),
		bug("takes-long-headers-of-maps", "MP-004", "It takes a map whose count could be shorter.", first(0xDE, 0xDF)),
		bug("takes-nul", "MP-005", "It takes a str with U+0000.", func(v []byte) bool { return !utf8.Valid(text(v)) }),
		bug("takes-bytes-for-text", "MP-005", "It takes a str that is not UTF-8.", func(v []byte) bool { return utf8.Valid(text(v)) }),
		bug("takes-surrogates", "MP-005", "It takes a str with surrogates, as some languages write them.", func(v []byte) bool { return !bytes.Contains(v, []byte{0xED, 0xA0}) }),
		bug("takes-long-strs", "MP-006", "It takes a str of any length.", first(0xDA)),
		bug("takes-long-arrays", "MP-006", "It takes an array of any length.", first(0xDC)),
		bug("takes-large-maps", "MP-006", "It takes a map of any size.", first(0xDE)),
		bug("takes-deep-arrays", "MP-007", "It takes arrays at any depth.", first(0x90, 0x91)),
		bug("takes-deep-maps", "MP-007", "It takes maps at any depth.", first(0x80)),
		bug("takes-many-values", "MP-008", "It does not count values.", nil),
		bug("takes-keys-of-other-types", "MP-009", "It takes a key that is no str.", func(v []byte) bool { return isStr(v) }),
		bug("takes-empty-keys", "MP-009", "It takes an empty key.", first(0xA0)),
		bug("takes-long-keys", "MP-009", "It takes a key of any length.", first(0xD9)),
		bug("takes-keys-in-any-order", "MP-010", "It takes the keys of a map in any order.", nil),
		bug("takes-keys-twice", "MP-011", "It takes a map with one key twice.", nil),
		bug("ignores-bytes-behind-the-body", "MP-012", "It does not read on behind the map.", nil),
		bug("ignores-what-is-cut-off", "MP-013", "It takes what is left for what was announced.", nil),
	}
}

// signed tells the first byte of an integer in a signed form.
func signed(v []byte) bool { return len(v) > 1 && v[0] >= 0xD0 && v[0] <= 0xD3 }

// isStr tells the first byte of a str.
func isStr(v []byte) bool {
	return len(v) > 0 && (v[0] >= 0xA0 && v[0] <= 0xBF || v[0] >= 0xD9 && v[0] <= 0xDB)
}

// text gives the contents of a short str.
func text(v []byte) []byte {
	if len(v) == 0 || v[0] < 0xA0 || v[0] > 0xBF {
		return nil
	}
	return v[1:min(len(v), 1+int(v[0]&0x1F))]
}

// msgpackLeniencies are those bugs in HELLO.
func msgpackLeniencies() []leniency {
	var all []leniency
	for _, b := range profileBugs() {
		all = append(all, leniency{Mutant: b.Mutant, mend: func(_, body []byte) []byte { return b.overlook(body, "vers") }})
	}
	return all
}

// overlook leaves out of a map what this peer does not mind. Last is the last key that it knows.
func (b profileBug) overlook(body []byte, last string) []byte {
	fault, ok := errors.AsType[*codec.Error](codec.ValidateMsgpack(body))
	if !ok || fault.Req != b.Req || b.minds != nil && b.minds(body[min(fault.Offset, len(body)):]) {
		return body
	}
	if len(body) > 3 && body[0] == 0xDE { // the count of the map itself
		body = append([]byte{0x80 | body[2]}, body[3:]...)
	}
	if len(body) > 3 && body[1] == 0xA0 { // an empty first key, which has nil for its value
		body = append([]byte{body[0] - 1}, body[3:]...)
	}
	return withoutTail(body, last)
}

// overlook leaves out of the payload of READY or OPEN what this peer does not mind.
func (p *peer) overlook(payload []byte) []byte {
	for _, b := range profileBugs() {
		if p.has(b.Name) {
			return b.overlook(payload, "ver")
		}
	}
	return payload
}

// withoutTail leaves out of a map with less than 16 entries what stands behind the entry of a key.
func withoutTail(body []byte, last string) []byte {
	at := bytes.Index(body, codec.AppendStr(nil, last))
	if at < 0 {
		return body
	}
	for end := at + 1; end <= len(body); end++ {
		for n := body[0] & 0x0F; n > 0; n-- {
			short := append([]byte{0x80 | n}, body[1:end]...)
			if v, err := codec.ParseValue(short); err == nil && endsWith(v, last) {
				return short
			}
		}
	}
	return body
}

// endsWith tells whether a key is the last of a map.
func endsWith(v codec.Value, last string) bool {
	var key []byte
	for it := v.Iter(); it.Next(); {
		key = it.Key()
	}
	return string(key) == last
}
