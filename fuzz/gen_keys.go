package fuzz

import (
	"slices"

	"handfast/codec"
)

// keyed writes the map that a list of registered keys describes.
func (w *body) keyed(keys []codec.KeyInfo) {
	type entry struct {
		name []byte
		info *codec.KeyInfo // nil for one that nobody knows
	}
	var list []entry
	for i := range keys {
		k := &keys[i]
		if !k.Required && w.one(2) || w.faulted() {
			continue
		}
		list = append(list, entry{[]byte(k.Name), k})
	}
	if w.one(6) {
		list = append(list, entry{w.text(1 + w.IntN(12)), nil})
	}
	slices.SortFunc(list, func(a, b entry) int { return slices.Compare(a.name, b.name) })
	list = slices.CompactFunc(list, func(a, b entry) bool { return slices.Equal(a.name, b.name) })
	names := make([][]byte, len(list))
	for i := range list {
		names[i] = list[i].name
	}
	names = w.disorder(names)
	w.mapOf(len(names))
	for _, name := range names {
		w.key(name)
		at := slices.IndexFunc(list, func(e entry) bool { return slices.Equal(e.name, name) })
		if at < 0 || list[at].info == nil || w.faulted() {
			w.value(2)
			continue
		}
		w.member(list[at].info)
	}
}

// member writes the value of a registered key.
func (w *body) member(k *codec.KeyInfo) {
	switch k.Type {
	case "str":
		w.str(w.word(k))
	case "bin":
		n := k.Size
		if n < 0 {
			n = w.size(300, 255, 256)
		}
		if w.faulted() {
			n = max(0, n+w.IntN(3)-1)
		}
		w.bin(w.bytes(n))
	case "uint", "u64":
		if w.one(2) {
			w.unsigned(uint64(w.IntN(6))) // positions of a channel have to go together
			return
		}
		w.unsigned(w.number())
	case "u16":
		w.unsigned(w.number() % (1<<16 + w.over()))
	case "u32":
		w.unsigned(w.number() % (1<<32 + w.over()))
	case "array":
		w.elements(k)
	case "map":
		w.inner(k)
	default:
		w.value(2)
	}
}

// over is what a range is widened by where a fault is due.
func (w *body) over() uint64 {
	if w.faulted() {
		return 3
	}
	return 0
}

// words are texts that mean something somewhere.
var words = []string{"no", "maybe", "yes", "kept", "lost", "diverged", "foreign", "call", "delivery", "tls.bind", "probe.and", "x.grease.0a0a", "echo"}

func (w *body) word(k *codec.KeyInfo) []byte {
	most := k.Max
	if most < 0 {
		most = 128
	}
	if !w.faulted() && w.one(2) {
		return []byte(of(w.random, words))
	}
	n := w.size(most, most)
	if w.faulted() {
		n = most + 1
	}
	s := w.text(n)
	for len(s) > n {
		s = s[:n] // may end inside a character, which is another fault
	}
	return s
}

func (w *body) elements(k *codec.KeyInfo) {
	if k.Name == "vers" && !w.one(4) { // what agrees with the header of an opening
		w.array(1)
		w.unsigned(1)
		return
	}
	low, most := max(k.Min, 0), k.Max
	if most < 0 {
		most = 20
	}
	n := max(low, w.size(most, most))
	if w.faulted() {
		n = of(w.random, []int{low - 1, most + 1})
	}
	n = max(0, n)
	w.array(n)
	last := uint64(0)
	for range n {
		switch k.Of {
		case "u16":
			w.unsigned(w.number() % (1<<16 + w.over()))
		case "str":
			w.str(w.text(1 + w.size(40, 64)))
		case "range":
			first := last + 2 + w.number()%1000
			last = first + w.number()%1000
			if w.faulted() {
				first, last = last, first
			}
			w.tuple(first, last)
		case "epoch":
			w.array(3)
			last += 1 + w.over()
			w.unsigned(last)
			w.unsigned(w.number() >> 1)
			w.unsigned(last + uint64(w.IntN(3)))
		default:
			w.value(3)
		}
	}
}

// tuple writes a range: an array of its two ends.
func (w *body) tuple(first, last uint64) {
	w.array(2)
	w.unsigned(first)
	w.unsigned(last)
}

// inner writes a map inside a body: of registered keys, or of names.
func (w *body) inner(k *codec.KeyInfo) {
	if len(k.Keys) > 0 {
		w.keyed(k.Keys)
		return
	}
	var names [][]byte
	var value func(name []byte)
	switch k.Name {
	case "limits":
		for _, l := range codec.LimitInfos() {
			if w.one(2) {
				names = append(names, []byte(l.Name))
			}
		}
		value = w.limit
	case "protos":
		names = w.names("call", "x.one", "sync")
		value = func([]byte) { w.proto() }
	default:
		for _, c := range codec.CapabilityInfos() {
			if w.one(3) {
				names = append(names, []byte(c.Name))
			}
		}
		value = w.capability
	}
	if w.one(5) {
		names = append(names, w.text(1+w.IntN(20)))
	}
	slices.SortFunc(names, slices.Compare)
	names = w.disorder(slices.CompactFunc(names, slices.Equal))
	w.mapOf(len(names))
	for _, name := range names {
		w.key(name)
		if w.faulted() {
			w.value(3)
			continue
		}
		value(name)
	}
}

func (w *body) names(list ...string) [][]byte {
	var names [][]byte
	for _, name := range list {
		if w.one(2) {
			names = append(names, []byte(name))
		}
	}
	return names
}

// limit writes the value of a limit: inside its range, or just outside where a fault is due.
func (w *body) limit(name []byte) {
	for _, l := range codec.LimitInfos() {
		if l.Name == string(name) {
			n := of(w.random, []uint64{l.Min, l.Default, l.Max, l.Min + w.number()%(l.Max-l.Min+1)})
			if w.faulted() || w.one(30) {
				n = of(w.random, []uint64{l.Min - 1, l.Max + 1, 0})
			}
			w.unsigned(n)
			return
		}
	}
	w.unsigned(w.number())
}

// capability writes the value of a capability.
func (w *body) capability(name []byte) {
	for _, c := range codec.CapabilityInfos() {
		if c.Name != string(name) {
			continue
		}
		switch c.Type {
		case "true":
			w.b = append(w.b, 0xC3)
		case "uint":
			w.unsigned(w.number())
		default:
			names := w.names("a", "b", "c")
			w.array(len(names))
			for _, name := range names {
				w.str(name)
			}
		}
		return
	}
	w.value(3)
}

// proto writes what stands behind a sub-protocol: its versions in HELLO, and one in READY.
func (w *body) proto() {
	if w.one(2) && !w.hello {
		w.unsigned(w.number() % (1<<16 + w.over()))
		return
	}
	n := 1 + w.size(16, 16)
	w.array(n)
	for i := range n {
		w.unsigned(uint64(i + 1 - w.IntN(40)/39))
	}
}
