package fuzz

import (
	"hash/fnv"
	"io"
	"math/bits"

	"handfast/conformance/driver"
)

// behaviourOf gives what an input made the parser and the reference do, as a hash: two inputs of one behaviour take, as far as anybody outside can see, the same way. The parser is opaque;
// the reference, which names the rule and gives the form, stands in for its branches. It is the same in every run, so that a seed is all that a run depends on.
func behaviourOf(in *input, want driver.Answer, got *driver.Answer) uint64 {
	h := fnv.New64a()
	word := func(s string) { _, _ = h.Write(append([]byte(s), 0)) }
	word(in.what)
	word(in.turn)
	if in.beforeReady {
		word("before")
	}
	for _, a := range []*driver.Answer{&want, got} {
		word(a.Kind)
		word(a.Code)
		word(a.Req)
	}
	if len(in.b) > 0 && want.Kind != driver.KindAccept {
		_, _ = h.Write(in.b[:1])
	}
	_, _ = h.Write([]byte{byte(bits.Len(uint(len(in.b))) / 2)})
	shape(h, want.Value)
	return h.Sum64()
}

// shape hashes a JSON value without what stands in texts that are values, but with the names of members and roughly the lengths of the rest.
func shape(h io.Writer, raw []byte) {
	const most = 400
	raw = raw[:min(len(raw), most)]
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '"' {
			_, _ = h.Write(raw[i : i+1])
			continue
		}
		end := i + 1
		for end < len(raw) && raw[end] != '"' {
			if raw[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(raw))
		if end+1 < len(raw) && raw[end+1] == ':' && end-i < 24 {
			_, _ = h.Write(raw[i:end])
		} else {
			_, _ = h.Write([]byte{'a' + byte(bits.Len(uint(end-i)))})
		}
		i = end
	}
}
