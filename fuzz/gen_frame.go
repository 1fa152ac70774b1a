package fuzz

import (
	"encoding/binary"
	"slices"

	"handfast/codec"
	"handfast/testdata"
)

// generator makes inputs by the registry. It is not safe for concurrent use.
type generator struct {
	random
	plain bool // without grammar: mutation of the seeds alone
}

// faulty tells whether the next body has a fault.
func (g *generator) faulty() bool { return g.one(2) }

// make makes an input for a context.
func (g *generator) make(c context) []byte {
	switch c.what {
	case testdata.OpMsgpack:
		return g.msgpack()
	case testdata.OpOpening:
		return g.opening()
	case testdata.OpCall:
		return g.call(c.turn)
	}
	return g.frame(c)
}

// frame makes one frame, and now and then another one behind it, or a part of one.
func (g *generator) frame(c context) []byte {
	b := g.oneFrame(nil, c)
	switch {
	case g.one(10):
		b = g.oneFrame(b, c)
	case g.one(14):
		b = b[:g.IntN(len(b)+1)]
	case g.one(30):
		b = append(b, g.bytes(g.IntN(20))...)
	}
	return b
}

func (g *generator) oneFrame(b []byte, c context) []byte {
	types := codec.FrameTypes()
	info := of(g.random, types)
	h := codec.Header{Type: info.Type, Flags: g.flags(&info), Stream: g.stream(info.Scope)}
	var payload []byte
	if g.one(14) { // a type that nobody knows, or may not be
		h.Type = codec.Type(g.Uint32())
		if g.one(3) {
			h.Type = of(g.random, []codec.Type{0x00, 0xFF, 0x1B, 0x3A, 0x3F, 0x40, 0xC0, 0x08, 0x15, 0x23})
		}
		payload = g.bytes(g.size(300, 64))
	} else {
		payload = g.payload(&info, &h, c)
	}
	if g.one(10) {
		h.Reserved = uint16(g.number())
	}
	start := len(b)
	b = codec.AppendFrame(b, h, payload)
	if g.one(6) {
		g.harm(b[start:], len(payload))
	}
	return b
}

// flags makes flags that the type has, and now and then others.
func (g *generator) flags(info *codec.TypeInfo) codec.Flags {
	var f codec.Flags
	for _, one := range info.Flags {
		if g.one(3) {
			f |= one.Flag
		}
	}
	switch {
	case g.one(12):
		f |= codec.FlagMustUnderstand
	case g.one(12):
		f |= codec.Flags(g.Uint32())
	}
	return f
}

func (g *generator) stream(scope string) uint32 {
	if g.one(16) || scope == "any" {
		scope = of(g.random, []string{"link", "stream"})
	}
	if scope == "link" {
		return 0
	}
	if g.one(4) {
		return max(1, uint32(g.number()))
	}
	return uint32(1 + g.IntN(8))
}

// payload makes what the type's form says.
func (g *generator) payload(info *codec.TypeInfo, h *codec.Header, c context) []byte {
	switch info.Body {
	case "map":
		w := g.newBody()
		w.keyed(info.Keys)
		return g.ends(w.b)
	case "pieces":
		return g.pieces(nil, h.Flags, c)
	case "records":
		return g.pieces(g.fields(info.Fields, info.MinPayload), h.Flags, c)
	case "ack":
		return g.ack(info)
	case "ending":
		b := g.fields(info.Fields, 8)
		w := body{random: g.random, left: -1}
		text := w.text(g.size(256, 256, 255))
		if g.one(6) {
			text = g.bytes(g.size(257, 256))
		}
		return g.off(append(b, text...))
	}
	return g.off(g.fields(info.Fields, info.MaxPayload))
}

// fields makes a fixed layout of n bytes or more. Codes and small numbers are frequent.
func (g *generator) fields(fields []codec.FieldInfo, n int) []byte {
	b := make([]byte, max(n, 0))
	for i := range fields {
		f := &fields[i]
		if f.Offset < 0 || f.Size <= 0 || f.Size > 8 {
			continue
		}
		for len(b) < f.Offset+f.Size {
			b = append(b, 0)
		}
		v := g.number()
		switch {
		case f.Name == "code" && !g.one(4):
			v = uint64(of(g.random, codec.Errors()).Code)
		case f.Name == "reserved" && !g.one(4):
			v = 0
		case g.one(3):
			v = uint64(g.IntN(6))
		}
		for k := range f.Size {
			b[f.Offset+f.Size-1-k] = byte(v >> (8 * k))
		}
	}
	return b
}

// off makes a payload a byte too long or too short, now and then.
func (g *generator) off(b []byte) []byte {
	switch {
	case g.one(24):
		return append(b, byte(g.Uint32()))
	case g.one(24) && len(b) > 0:
		return b[:len(b)-1]
	case g.one(60):
		return b[:g.IntN(len(b)+1)]
	}
	return b
}

// pieces makes messages behind their lengths, of which one may be wrong.
func (g *generator) pieces(b []byte, flags codec.Flags, c context) []byte {
	n := of(g.random, []int{0, 1, 1, 1, 2, 3, 5, 40})
	if n == 0 && flags&codec.FlagFin == 0 && !g.one(4) {
		n = 1
	}
	bad := -1
	if g.one(5) && n > 0 {
		bad = g.IntN(n)
	}
	for i := range n {
		size := g.size(600, 0, 1, 255, 256)
		if g.one(400) {
			size = g.bulk(c) - len(b) - 4 + g.IntN(3) - 1 // about as long as a frame may be
		}
		size = max(0, size)
		length := uint32(size)
		if i == bad {
			length = uint32(of(g.random, []uint64{uint64(size) + 1, uint64(size) - 1, g.number(), 0xFFFFFFFF, 0x80000000, 0x10000000, uint64(size) + 65536, uint64(size) | 1<<31}))
		}
		b = binary.BigEndian.AppendUint32(b, length)
		b = append(b, g.bytes(size)...)
	}
	if g.one(30) && len(b) > 0 {
		b = b[:len(b)-1-g.IntN(min(4, len(b)))]
	}
	return b
}

// bulk is the greatest payload that the receiver takes.
func (g *generator) bulk(c context) int {
	switch {
	case c.beforeReady:
		return codec.MaxControl
	case c.maxFrame == 0:
		return testdata.DefaultMaxFrame
	}
	return int(min(c.maxFrame, testdata.DefaultMaxFrame))
}

// ack makes an ACK, whose ranges ascend unless they are to be at fault.
func (g *generator) ack(info *codec.TypeInfo) []byte {
	b := g.fields(info.Fields, info.MinPayload)
	n := of(g.random, []int{0, 0, 1, 2, 3, 64})
	if g.one(30) {
		n = 65
	}
	at := binary.BigEndian.Uint64(b)
	count := n
	if g.one(12) {
		count = n + g.IntN(3) - 1
	}
	binary.BigEndian.PutUint16(b[12:], uint16(max(count, 0)))
	var ends []uint64
	for range n {
		first := at + uint64(g.IntN(4)) + 1
		if !g.one(4) {
			first++
		}
		last := first + uint64(g.IntN(3))
		ends = append(ends, first, last)
		at = last
	}
	if len(ends) > 1 && g.one(6) {
		i, k := g.IntN(len(ends)), g.IntN(len(ends))
		ends[i], ends[k] = ends[k], ends[i]
	}
	for _, v := range ends {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return g.off(b)
}

// harm breaks a frame that is whole in one place on purpose: a checksum, or a length whose checksum is right.
func (g *generator) harm(b []byte, payload int) {
	end := codec.HeaderSize + payload
	switch g.IntN(9) {
	case 0:
		b[12+g.IntN(4)] ^= 1 << g.IntN(8)
	case 1, 2:
		if payload > 0 {
			b[end+g.IntN(4)] ^= 1 << g.IntN(8)
		}
	case 3: // the checksum of the other byte order
		slices.Reverse(b[12:16])
	case 4:
		if payload > 0 {
			slices.Reverse(b[end : end+4])
		}
	case 5:
		if payload > 0 {
			b[codec.HeaderSize+g.IntN(payload)] ^= 1 << g.IntN(8)
		}
	case 6: // none
		clear(b[12:16])
	default:
		v := of(g.random, []uint64{g.number(), uint64(payload) + 1, uint64(payload) + 65536, 131073, 131072, 16385, 0xFFFFFFFF, 0x80000000, 0x10000000, 1048577})
		binary.BigEndian.PutUint32(b[4:], uint32(v))
		sealHeader(b)
	}
}

// sealHeader makes the checksum of a header right.
func sealHeader(b []byte) {
	binary.BigEndian.PutUint32(b[12:], codec.Checksum(b[:12]))
}

// opening makes a HELLO or REFUSE.
func (g *generator) opening() []byte {
	kind := of(g.random, codec.OpeningKinds())
	w := g.newBody()
	w.hello = kind.Kind == codec.KindHello
	if g.one(40) {
		w.value(1)
	} else {
		w.keyed(kind.Keys)
	}
	content := g.ends(w.b)
	flags := byte(0)
	if g.one(8) {
		flags = byte(g.Uint32())
	}
	low, high := uint16(1), uint16(1)
	if g.one(6) {
		low, high = uint16(g.number()), uint16(g.number())
	}
	number := kind.Kind
	if g.one(20) {
		number = codec.Kind(g.number())
	}
	b := codec.AppendRawOpening(nil, flags, low, high, number, content)
	switch {
	case g.one(16):
		b[g.IntN(len(b))] ^= 1 << g.IntN(8)
	case g.one(16):
		binary.BigEndian.PutUint32(b[16:], uint32(of(g.random, []uint64{g.number(), uint64(len(content)) + 1, 16385, 16384, 1025, 0xFFFFFFFF, 0x10000000})))
		repairOpening(b)
	case g.one(20):
		slices.Reverse(b[20:24])
	}
	if g.one(14) {
		b = b[:g.IntN(len(b)+1)]
	} else if g.one(14) {
		b = append(b, g.bytes(1+g.IntN(20))...)
	}
	return b
}

// call makes a message of the sub-protocol call. Whose turn it is decides which ones are right.
func (g *generator) call(turn string) []byte {
	messages := codec.ProtoInfos()[0].Messages
	m := of(g.random, messages)
	if turn == testdata.TurnRequest && !g.one(4) {
		m = messages[0]
	}
	var b []byte
	switch {
	case len(m.Keys) > 0:
		w := g.newBody()
		w.keyed(m.Keys)
		b = append([]byte{m.Kind}, g.ends(w.b)...)
	case m.Name == "REQUEST":
		w := body{random: g.random, left: -1}
		method := of(g.random, [][]byte{[]byte("echo"), w.bytes(g.size(129, 128)), w.text(1 + g.size(128, 128))})
		b = append([]byte{m.Kind, 0}, binary.BigEndian.AppendUint16(nil, uint16(len(method)))...)
		b = binary.BigEndian.AppendUint32(b, uint32(g.number()))
		b = append(b, method...)
		if g.one(6) {
			binary.BigEndian.PutUint16(b[2:], uint16(of(g.random, []uint64{0, g.number(), uint64(len(method)) + 1, 129, 0xFFFF})))
		}
		if g.one(10) {
			b[1] = byte(g.Uint32())
		}
		b = append(b, g.bytes(g.size(100))...)
	default:
		b = append([]byte{m.Kind}, g.bytes(g.size(200))...)
	}
	switch {
	case g.one(20):
		b[0] = byte(g.Uint32())
	case g.one(20):
		b = b[:g.IntN(len(b)+1)]
	}
	return b
}
