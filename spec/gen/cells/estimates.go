package main

import (
	"encoding/binary"
	"encoding/hex"
)

// estimated is the estimates of two sets, and how many key hashes they say that the sets differ in.
type estimated struct {
	ID     string `json:"id"`
	Ours   string `json:"ours"`
	Theirs string `json:"theirs"`
	Keys   int    `json:"keys"`
}

func estimates() (all []estimated) {
	for _, e := range []struct {
		name         string
		ours, theirs []bytes16
	}{
		{"equal", span(1, 50), span(1, 50)}, {"one-theirs", span(1, 50), span(1, 51)}, {"one-ours", span(1, 51), span(1, 50)},
		{"two", span(1, 50), span(2, 51)}, {"200", span(1, 300), span(101, 400)}, {"theirs-1000", span(1, 0), span(1, 1000)},
	} {
		ours, theirs := estimateOf(e.ours), estimateOf(e.theirs)
		all = append(all, estimated{"estimate/" + e.name, ours, theirs, keysOf(ours, theirs)})
	}
	return all
}

// keysOf is (n + |c|) / 2, at least |c|, rounded up.
func keysOf(ours, theirs string) int {
	a, _ := hex.DecodeString(ours) // made here
	b, _ := hex.DecodeString(theirs)
	c := int(int16(binary.BigEndian.Uint16(b) - binary.BigEndian.Uint16(a)))
	if c < 0 {
		c = -c
	}
	n16 := 0
	for i := 2; i < len(a); i++ {
		z := int(int8(b[i] - a[i]))
		n16 += z * z
	}
	return max((n16+16*c+31)/32, c)
}
