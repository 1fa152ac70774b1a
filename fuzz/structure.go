package fuzz

import (
	"encoding/binary"
	"slices"

	"handfast/codec"
	"handfast/testdata"
)

// node is a value of MessagePack as it stands in the bytes, whatever the profile says about it. Of a map the keys are children as well.
type node struct {
	start, end int // its bytes, header and children included
	head       int // bytes of the header: type and length
	text       bool
	children   []node
	isMap      bool
	key        bool
}

// maxNodes bounds what is looked at of one body.
const maxNodes = 3000

// loose reads a value at an offset as far as it can be told where it ends. It is lenient about everything but that.
type loose struct {
	b    []byte
	left int
}

func (l *loose) value(at, depth int) (n node, ok bool) {
	if at >= len(l.b) || depth > 40 || l.left <= 0 {
		return node{}, false
	}
	l.left--
	c := l.b[at]
	n = node{start: at, head: 1, end: at + 1}
	size, count := 0, -1
	switch {
	case c <= 0x7F || c >= 0xE0 || c == 0xC0 || c == 0xC1 || c == 0xC2 || c == 0xC3:
		return n, true
	case c <= 0x8F:
		n.isMap, count = true, 2*int(c&15)
	case c <= 0x9F:
		count = int(c & 15)
	case c <= 0xBF:
		n.text, size = true, int(c&31)
	case c >= 0xCC && c <= 0xD3:
		size = 1 << (c & 3)
	case c == 0xCA || c == 0xCB:
		size = 4 << (c & 1)
	case c >= 0xD4 && c <= 0xD8:
		size = 1 + 1<<(c-0xD4)
	default:
		width := map[byte]int{0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}[c]
		if at+1+width > len(l.b) {
			return node{}, false
		}
		v := 0
		for _, d := range l.b[at+1 : at+1+width] {
			v = v<<8 | int(d)
		}
		n.head = 1 + width
		switch {
		case c >= 0xDE:
			n.isMap, count = true, 2*v
		case c >= 0xDC:
			count = v
		case c >= 0xC7 && c <= 0xC9:
			size = v + 1
		default:
			n.text, size = true, v
		}
	}
	n.end = at + n.head + size
	for i := 0; i < count; i++ {
		child, ok := l.value(n.end, depth+1)
		if !ok {
			return node{}, false
		}
		child.key = n.isMap && i%2 == 0
		n.children = append(n.children, child)
		n.end = child.end
	}
	return n, n.end <= len(l.b)
}

// region gives where the body of an input stands; ok is false where it has none.
func region(c context, b []byte) (from, to int, ok bool) {
	switch c.what {
	case testdata.OpMsgpack:
		return 0, len(b), true
	case testdata.OpOpening:
		return codec.OpeningSize, len(b), len(b) > codec.OpeningSize
	case testdata.OpCall:
		return 1, len(b), len(b) > 1 && b[0] == 3
	}
	if len(b) <= codec.HeaderSize+codec.TrailerSize {
		return 0, 0, false
	}
	t := codec.Type(b[0])
	return codec.HeaderSize, len(b) - codec.TrailerSize, t == codec.TypeReady || t == codec.TypeOpen || t == codec.TypeAccept
}

// edit replaces bytes, and the header of a container around them.
type edit struct {
	from, to int
	with     []byte
	parent   *node // nil for none
	change   int   // of the number of its elements or entries
}

// apply makes the bytes with an edit, lengths and checksums mended.
func (e *edit) apply(c context, b []byte) []byte {
	out := slices.Concat(b[:e.from], e.with, b[e.to:])
	if e.parent != nil {
		count := len(e.parent.children)
		if e.parent.isMap {
			count /= 2
		}
		head := container(e.parent.isMap, count+e.change)
		out = slices.Concat(out[:e.parent.start], head, out[e.parent.start+e.parent.head:])
	}
	return repair(c, out, true)
}

// container makes the shortest header.
func container(isMap bool, n int) []byte {
	fix, code := byte(0x90), byte(0xDC)
	if isMap {
		fix, code = 0x80, 0xDE
	}
	if n < 16 {
		return []byte{fix | byte(max(n, 0))}
	}
	return []byte{code, byte(n >> 8), byte(n)}
}

// reductions lists edits that make an input smaller without changing what it is a case of, the largest first.
func reductions(c context, b []byte) []edit {
	var list []edit
	if from, to, ok := region(c, b); ok {
		l := loose{b[:to], maxNodes}
		if root, ok := l.value(from, 0); ok {
			list = reduce(list, b, &root, nil, 0)
		}
	}
	list = append(list, pieceEdits(c, b)...)
	slices.SortStableFunc(list, func(x, y edit) int { return (y.to - y.from - len(y.with)) - (x.to - x.from - len(x.with)) })
	return list
}

func reduce(list []edit, b []byte, n, parent *node, i int) []edit {
	if parent != nil {
		last := n
		if !parent.isMap {
			list = append(list, edit{from: n.start, to: last.end, parent: parent, change: -1})
		} else if n.key && i+1 < len(parent.children) {
			list = append(list, edit{from: n.start, to: parent.children[i+1].end, parent: parent, change: -1})
		}
	}
	if size := n.end - n.start; size > 1 && !n.key {
		list = append(list, edit{from: n.start, to: n.end, with: []byte{0xC0}})
		if len(n.children) > 0 {
			list = append(list, edit{from: n.start, to: n.end, with: container(n.isMap, 0)})
		}
	}
	if content := n.end - n.start - n.head; n.text && content > 1 {
		code := b[n.start]
		for _, keep := range []int{content / 2, content - 1} {
			kept := b[n.start+n.head : n.start+n.head+keep]
			var with []byte
			if code == 0xC4 || code == 0xC5 || code == 0xC6 {
				with = codec.AppendBin(nil, kept)
			} else {
				with = codec.AppendStr(nil, kept)
			}
			list = append(list, edit{from: n.start, to: n.end, with: with})
		}
	}
	for k := range n.children {
		list = reduce(list, b, &n.children[k], n, k)
	}
	return list
}

// pieceEdits lists edits of the pieces of a DATA or RECORDS.
func pieceEdits(c context, b []byte) []edit {
	if c.what != testdata.OpFrame || len(b) < codec.HeaderSize+codec.TrailerSize {
		return nil
	}
	at, end := codec.HeaderSize, len(b)-codec.TrailerSize
	switch codec.Type(b[0]) {
	case codec.TypeData:
	case codec.TypeRecords:
		at += 8
	default:
		return nil
	}
	var list []edit
	for at+4 <= end && len(list) < maxNodes {
		n := int(binary.BigEndian.Uint32(b[at:]))
		if n > end-at-4 {
			break
		}
		list = append(list, edit{from: at, to: at + 4 + n})
		for _, keep := range []int{0, n / 2, n - 1} {
			if n > 0 && keep < n {
				list = append(list, edit{from: at, to: at + 4 + n, with: codec.AppendPiece(nil, b[at+4:at+4+keep])})
			}
		}
		at += 4 + n
	}
	return list
}

// rebuild changes the structure of an input: a part twice, in another place, or gone. It gives nil where there is no structure.
func (g *generator) rebuild(c context, b []byte) []byte {
	from, to, ok := region(c, b)
	if !ok {
		return nil
	}
	l := loose{b[:to], maxNodes}
	root, ok := l.value(from, 0)
	if !ok {
		return nil
	}
	var all []*node
	collect(&root, &all)
	if len(all) == 0 {
		return nil
	}
	n := of(g.random, all)
	i := g.IntN(len(n.children))
	end := i
	if n.isMap {
		i -= i % 2
		end = min(i+1, len(n.children)-1)
	}
	part := b[n.children[i].start:n.children[end].end]
	e := edit{parent: n}
	switch g.IntN(4) {
	case 0:
		e.from, e.to, e.change = n.children[i].start, n.children[end].end, -1
	case 1: // twice
		e.from = n.children[end].end
		e.to, e.with, e.change = e.from, slices.Clone(part), 1
	case 2: // another place
		k := g.IntN(len(n.children))
		if n.isMap {
			k -= k % 2
		}
		e.from = n.children[k].start
		e.to, e.with, e.change = e.from, slices.Clone(part), 1
	default: // around itself
		w := body{random: g.random, left: -1, values: 8}
		e.parent = nil
		value := &n.children[end]
		e.from, e.to = value.start, value.end
		if g.one(2) {
			w.array(1)
			e.with = append(w.b, b[value.start:value.end]...)
		} else {
			w.value(4)
			e.with = w.b
		}
	}
	return e.apply(c, b)
}

// collect lists the containers that hold something.
func collect(n *node, all *[]*node) {
	if len(n.children) > 0 {
		*all = append(*all, n)
	}
	for i := range n.children {
		collect(&n.children[i], all)
	}
}
