package fuzz

import (
	"slices"

	"handfast/codec"
)

// body writes MessagePack by the profile, and, where fault says so, breaks it in one place.
type body struct {
	random
	b      []byte
	left   int // choices until the fault; negative for none
	values int // that may still be written
	hello  bool
}

// newBody begins a body. With a fault it is somewhere in the first values, or nowhere where there are fewer.
func (g *generator) newBody() *body {
	w := &body{random: g.random, left: -1, values: 1 + g.size(400, 4096)}
	if g.faulty() {
		w.left = g.IntN(1 + g.IntN(24))
	}
	return w
}

// faulted tells whether this is the place of the fault.
func (w *body) faulted() bool {
	if w.left < 0 {
		return false
	}
	w.left--
	return w.left < 0
}

// head writes the header of a value of n units in a form that n may not need. Size is the number of bytes of the length.
func (w *body) head(n int, fix, fixMost int, codes [3]byte) {
	size := 0
	switch {
	case n <= fixMost:
	case codes[0] != 0 && n <= 0xFF:
		size = 1
	case n <= 0xFFFF:
		size = 2
	default:
		size = 4
	}
	claimed := uint64(n)
	if w.faulted() {
		switch w.IntN(4) {
		case 0:
			size = of(w.random, []int{0, 1, 2, 4})
		case 1:
			claimed += uint64(w.IntN(5)) - 2
		case 2:
			claimed, size = w.number(), max(size, of(w.random, []int{1, 2, 4}))
		default:
			size = max(size, of(w.random, []int{1, 2, 4}))
		}
		if codes[0] == 0 && size == 1 {
			size = 2
		}
	}
	switch size {
	case 0:
		w.b = append(w.b, byte(fix)|byte(min(claimed, uint64(max(fixMost, 0)))))
	case 1:
		w.b = append(w.b, codes[0], byte(claimed))
	case 2:
		w.b = append(w.b, codes[1], byte(claimed>>8), byte(claimed))
	default:
		w.b = append(w.b, codes[2], byte(claimed>>24), byte(claimed>>16), byte(claimed>>8), byte(claimed))
	}
}

func (w *body) str(s []byte) {
	if w.faulted() {
		s = slices.Clone(s)
		switch bad := of(w.random, [][]byte{{0}, {0xC0, 0x80}, {0xED, 0xA0, 0x80}, {0xFF}, {0xF4, 0x90, 0x80, 0x80}, {0xC3}, {0xE2, 0x82}}); {
		case w.one(2):
			s = append(s, bad...)
		default:
			s = slices.Insert(s, w.IntN(len(s)+1), bad...)
		}
	}
	w.head(len(s), 0xA0, 31, [3]byte{0xD9, 0xDA, 0xDB})
	w.b = append(w.b, s...)
}

func (w *body) bin(s []byte) {
	w.head(len(s), 0, -1, [3]byte{0xC4, 0xC5, 0xC6})
	w.b = append(w.b, s...)
}

func (w *body) array(n int) { w.head(n, 0x90, 15, [3]byte{0, 0xDC, 0xDD}) }
func (w *body) mapOf(n int) { w.head(n, 0x80, 15, [3]byte{0, 0xDE, 0xDF}) }

// integer writes a number, in a form that is too long where a fault is due.
func (w *body) integer(n int64) {
	if !w.faulted() {
		w.b = codec.AppendInt(w.b, n)
		return
	}
	code := of(w.random, []byte{0xCC, 0xCD, 0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xD3, 0xCA, 0xCB})
	size := 1 << (code & 3)
	if code == 0xCA || code == 0xCB { // a float
		size = 4 << (code & 1)
	}
	w.b = append(w.b, code)
	for i := size - 1; i >= 0; i-- {
		w.b = append(w.b, byte(uint64(n)>>(8*i)))
	}
}

func (w *body) unsigned(n uint64) {
	if n > 1<<63-1 && !w.one(16) {
		n >>= 1
	}
	if n > 1<<63-1 {
		w.b = append(w.b, 0xCF, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		return
	}
	w.integer(int64(n))
}

// text makes UTF-8 of about n bytes.
func (w *body) text(n int) []byte {
	s := make([]byte, 0, n+4)
	for len(s) < n {
		switch w.IntN(12) {
		case 0:
			s = append(s, of(w.random, []string{"é", "€", "😀", "\u202e", "\ufeff", "\u2028", "\ufffd", "߿", "ࠀ"})...)
		case 1:
			s = append(s, byte(1+w.IntN(127)))
		default:
			s = append(s, byte('a'+w.IntN(26)))
		}
	}
	return s
}

// keys makes n keys that ascend, unless a fault is due.
func (w *body) keys(n int) [][]byte {
	set := make([][]byte, 0, n)
	for range n {
		set = append(set, w.text(1+w.size(63, 31, 32, 64)))
	}
	slices.SortFunc(set, slices.Compare)
	set = slices.CompactFunc(set, slices.Equal)
	return w.disorder(set)
}

// disorder breaks the order of keys, or makes one twice, where a fault is due.
func (w *body) disorder(set [][]byte) [][]byte {
	if len(set) < 2 || !w.faulted() {
		return set
	}
	i := w.IntN(len(set) - 1)
	switch w.IntN(4) {
	case 0:
		set[i], set[i+1] = set[i+1], set[i]
	case 1:
		k := w.IntN(len(set))
		set[i], set[k] = set[k], set[i]
	case 2:
		set = slices.Insert(set, i+1, set[i])
	default:
		set[i+1] = set[i]
	}
	return set
}

// value writes anything.
func (w *body) value(depth int) {
	w.values--
	if w.faulted() {
		w.outside()
		return
	}
	n := w.IntN(20)
	if w.values <= 0 {
		n %= 8
	}
	switch {
	case n == 0:
		w.b = append(w.b, 0xC0)
	case n == 1:
		w.b = append(w.b, 0xC2)
	case n == 2:
		w.b = append(w.b, 0xC3)
	case n < 8:
		if v := w.number(); w.one(3) {
			w.unsigned(v)
		} else {
			w.integer(int64(v))
		}
	case n < 11:
		w.str(w.text(w.size(4097, 15, 31, 32, 255, 256, 4096)))
	case n < 13:
		w.bin(w.bytes(w.size(300, 255, 256)))
	case depth >= 9 || depth == 8 && !w.one(8):
		w.b = append(w.b, 0xC3)
	case n < 16:
		w.array2(depth)
	default:
		w.map2(depth)
	}
}

func (w *body) array2(depth int) {
	n := min(w.size(1025, 15, 16, 1024), max(0, w.values)+1)
	if depth > 1 && w.one(2) {
		n = 1 // deep
	}
	w.array(n)
	for range n {
		w.value(depth + 1)
	}
}

func (w *body) map2(depth int) {
	set := w.keys(min(w.size(257, 15, 16, 256), max(0, w.values)+1))
	w.mapOf(len(set))
	for _, key := range set {
		w.values--
		w.key(key)
		w.value(depth + 1)
	}
}

// key writes a key of a map, which is a text of 1 to 64 bytes unless a fault is due.
func (w *body) key(key []byte) {
	if !w.faulted() {
		w.str(key)
		return
	}
	switch w.IntN(5) {
	case 0:
		w.str(nil)
	case 1:
		w.str(w.text(65))
	case 2:
		w.bin(key)
	case 3:
		w.integer(int64(w.number()))
	default:
		w.b = append(w.b, 0xC0)
	}
}

// outside writes a value that the profile does not have, or not there.
func (w *body) outside() {
	switch w.IntN(7) {
	case 0:
		w.b = append(w.b, 0xC1)
	case 1:
		w.b = append(append(w.b, 0xCB), w.bytes(8)...)
	case 2:
		w.b = append(append(w.b, 0xCA), w.bytes(4)...)
	case 3:
		w.b = append(append(w.b, 0xD4+byte(w.IntN(5))), w.bytes(1+1<<w.IntN(5))...)
	case 4:
		w.b = append(append(w.b, 0xC7+byte(w.IntN(3)), 1, 1), w.bytes(3)...)
	case 5: // too deep
		for range 7 + w.IntN(4) {
			if w.one(2) {
				w.b = append(w.b, 0x91)
			} else {
				w.b = append(w.b, 0x81, 0xA1, 'a')
			}
		}
		w.b = append(w.b, 0xC0)
	default: // a length that is not there
		w.b = append(w.b, of(w.random, [][]byte{
			{0xC6, 0x10, 0, 0, 0}, {0xDB, 0x7F, 0xFF, 0xFF, 0xFF}, {0xDD, 0x10, 0, 0, 0}, {0xDF, 0x08, 0, 0, 0}, {0xDD, 0xFF, 0xFF, 0xFF, 0xFF},
			{0xC5, 0xFF, 0xFF}, {0xDA, 0x10, 0}, {0xDC, 0x04, 0}, {0xDE, 0x01, 0}, {0xC6, 0x80, 0, 0, 0}, {0xC6, 0xFF, 0xFF, 0xFF, 0xFE},
		})...)
	}
}

// msgpack makes a body of any value.
func (g *generator) msgpack() []byte {
	w := g.newBody()
	switch w.IntN(8) {
	case 0:
		w.nested()
	case 1, 2:
		w.map2(1)
	default:
		w.value(1)
	}
	return g.ends(w.b)
}

// nested writes containers around each other, about as many as are allowed, with something in each.
func (w *body) nested() {
	deep := 6 + w.IntN(5)
	for range deep {
		if w.one(2) {
			w.array(1)
		} else {
			w.mapOf(1)
			w.key([]byte{'k'})
		}
	}
	w.value(9)
}

// ends cuts a body off or puts something behind it, now and then.
func (g *generator) ends(b []byte) []byte {
	if len(b) == 0 || !g.one(12) {
		return b
	}
	if g.one(2) {
		return b[:g.IntN(len(b))]
	}
	return append(b, g.bytes(1+g.IntN(3))...)
}
