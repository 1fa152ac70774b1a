package conformance

import (
	"bytes"
	"encoding/hex"
	"testing"

	"handfast/codec"
)

// example is that of spec/objects.md.
func example() object {
	a, b := [16]byte(bytes.Repeat([]byte{0xA1}, 16)), [16]byte(bytes.Repeat([]byte{0xB2}, 16))
	return holds([]sibling{{dot: dot{b, 7}, gone: true}, {dot: dot{a, 2}, value: []byte("v")}})
}

// TestObjects holds the suite's own objects to the example of spec/objects.md, which no peer of this module has made.
func TestObjects(t *testing.T) {
	const encoding = "01000002" + "00020000" + "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a10000000000000002" + "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b20000000000000007" +
		"0000000000000001000000000000000276" + "00010100000000000000000000000007"
	if got := hex.EncodeToString(example().encode()); got != encoding {
		t.Errorf("the encoding is %s", got)
	}
	if item := itemIn("users", []byte("ann"), example()); hex.EncodeToString(item[:]) != "4babc122ebc054f83b246ee3b09eb5fa" {
		t.Errorf("the item is %x", item)
	}
	parsed, err := parseObject(example().encode())
	if err != nil || !bytes.Equal(parsed.version(), example().version()) {
		t.Errorf("parsed: %v, %v", parsed, err)
	}
	for n := range example().encode() {
		if _, err := parseObject(example().encode()[:n]); err == nil {
			t.Errorf("%d bytes are an object", n)
		}
	}
	if !bytes.Equal(object{}.version(), []byte{1, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("the version of nothing is % X", object{}.version())
	}
}

func TestNodeClocks(t *testing.T) {
	a := [16]byte{1}
	n := clockOf(dot{a, 3}, dot{a, 1}, dot{a, 2}, dot{a, 7})
	if got := n[a]; len(got) != 2 || got[0] != (codec.Range{First: 1, Last: 3}) || got[1] != (codec.Range{First: 7, Last: 7}) {
		t.Fatalf("the ranges are %v", got)
	}
	if n.has(dot{a, 4}) || !n.has(dot{a, 2}) || !n.reaches(dot{a, 6}) || n.reaches(dot{a, 8}) || n.reaches(dot{[16]byte{2}, 1}) {
		t.Error("has and reaches are wrong")
	}
	parsed, err := parseNodeClock(n.encode())
	if err != nil || !bytes.Equal(parsed.encode(), n.encode()) {
		t.Errorf("parsed: %v, %v", parsed, err)
	}
	for _, ranges := range [][]codec.Range{{{First: 0, Last: 1}}, {{First: 2, Last: 1}}, {{First: 1, Last: 1 << 63}}, {{First: 1, Last: 2}, {First: 3, Last: 4}}} {
		if _, err := parseNodeClock(nodeClock{a: ranges}.encode()); err == nil {
			t.Errorf("%v is a node clock", ranges)
		}
	}
}

// TestFingerprints: none, few, and more than are hashed at once.
func TestFingerprints(t *testing.T) {
	var p codec.SyncPrefix
	if fingerprint(nil, p) != [16]byte{} {
		t.Error("nothing has a fingerprint that is not zeros")
	}
	w := world{}
	seen := map[[16]byte]bool{}
	for i := range byte(40) {
		w[string([]byte{i})] = value(dot{[16]byte{1}, uint64(i) + 1}, "v")
		if items := w.under(p); seen[fingerprint(items, p)] {
			t.Errorf("the fingerprint of %d objects is that of others", len(items))
		} else {
			seen[fingerprint(items, p)] = true
		}
	}
	sum := 0
	for half := range byte(16) {
		sum += len(w.under(p.Next(half)))
	}
	if sum != 40 {
		t.Errorf("the parts have %d of 40 objects", sum)
	}
}
