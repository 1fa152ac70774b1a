package main

// magic is what every opening begins with.
const magic hexed = "c14846500d0a1a0a"

// opening is an opening in parts. Its methods give changed copies.
type opening struct {
	magic          hexed
	invariants     uint8
	flags          uint8
	verMin, verMax uint16
	kind           uint16
	entries        body
	body           *hexed  // instead of entries
	length         *uint32 // instead of the right one
	sum            *uint32 // instead of the right one
}

func (o opening) bodyBytes() hexed {
	if o.body != nil {
		return *o.body
	}
	return o.entries.hexed()
}

// head is bytes 0 to 19.
func (o opening) head() hexed {
	length := uint32(o.bodyBytes().len())
	if o.length != nil {
		length = *o.length
	}
	return join(o.magic, u8(o.invariants), u8(o.flags), u16(o.verMin), u16(o.verMax), u16(o.kind), u32(length))
}

// rightSum is the checksum that the bytes should have.
func (o opening) rightSum() uint32 { return crc32c(o.head(), o.bodyBytes()) }

func (o opening) hexed() hexed {
	sum := o.rightSum()
	if o.sum != nil {
		sum = *o.sum
	}
	return join(o.head(), u32(sum), o.bodyBytes())
}

// header is the first 24 bytes, behind which nothing comes.
func (o opening) header() hexed { return raw(o.hexed().bytes()[:24]) }

func (o opening) with(key string, value hexed, form any) opening {
	o.entries = o.entries.with(key, value, form)
	return o
}

func (o opening) without(key string) opening {
	o.entries = o.entries.without(key)
	return o
}

// vers changes the list of versions, and with it what the header says of it.
func (o opening) vers(least, greatest uint16, list ...uint16) opening {
	o.verMin, o.verMax = least, greatest
	return o.with("vers", mpInts(list...), decs(list...))
}

func (o opening) saying(body hexed) opening { o.body = &body; return o }

func (o opening) announcing(length uint32) opening { o.length = &length; return o }

func (o opening) summed(sum uint32) opening { o.sum = &sum; return o }

// padded gives an opening whose body has n bytes.
func (o opening) padded(n int) opening { o.entries = o.entries.padded(n); return o }

// at gives the offset of a key's value.
func (o opening) at(key string) int { return 24 + o.entries.offset(key) }

// capability and limit change one entry of the map inside, named by its own key.
func (o opening) capability(name string, value hexed, form any) opening {
	return o.inside("caps", name, value, form)
}

func (o opening) inside(key, name string, value hexed, form any) opening {
	inner := o.entries.inner(key).with(name, value, form)
	return o.with(key, inner.hexed(), inner)
}

// atInside gives the offset of a value in the map inside.
func (o opening) atInside(key, name string) int { return o.at(key) + o.entries.inner(key).offset(name) }

// inner gives the map that stands under a key.
func (b body) inner(key string) body { return b.form(key).(body) }

// hello is a HELLO that has everything that is required, in the form of this repository's encoder: all limits are there.
func hello() opening {
	caps := body{
		{"probe.and", "c3", true},
		{"probe.choose", mpStrs("red", "blue"), jArray("red", "blue")},
		{"probe.intersect", mpStrs("one", "two"), jArray("one", "two")},
		{"probe.max", mpInt(40), jInt(40)},
		{"probe.min", mpInt(300), jInt(300)},
		{"x.grease.5eed", mpInt(7), jInt(7)},
	}
	protos := body{{"call", mpInts(1), decs(1)}}
	limits := limitsOf(func(l limit) uint64 { return l.normal })
	cluster, node, nonce := text("vector cluster 1"), text("vector node 0001"), hexed("")
	for i := range 32 {
		nonce += u8(uint8(i))
	}
	o := opening{magic: magic, invariants: 1, kind: 1, entries: body{
		{"caps", caps.hexed(), caps},
		{"cluster", mpBin(cluster), cluster.plain()},
		{"incarnation", mpInt(3), "3"},
		{"limits", limits.hexed(), limits},
		{"need", mpArray(), []string{}},
		{"node", mpBin(node), node.plain()},
		{"nonce", mpBin(nonce), nonce.plain()},
		{"protos", protos.hexed(), protos},
	}}
	return o.vers(1, 1, 1, 0x3a5a)
}

// refuse is the least REFUSE.
func refuse() opening {
	o := opening{magic: magic, invariants: 1, kind: 2, entries: body{{"code", mpInt(0x0201), "NO_VERSION"}}}
	return o.vers(1, 1, 1)
}

// helloForm is the JSON form of a HELLO: its keys, and every limit, be it there or not.
func (o opening) helloForm() object {
	f := object{{"kind", "HELLO"}}
	for _, key := range []string{"vers", "node", "cluster", "cluster_name", "incarnation", "nonce", "caps", "need", "protos"} {
		f = append(f, form(key, o.entries.form(key))...)
	}
	limits := object{}
	stated := o.entries.inner("limits")
	for _, l := range limits9() {
		value := stated.form(l.name)
		if value == nil {
			value = dec(l.normal)
		}
		limits = append(limits, member{l.name, value})
	}
	f = append(f, member{"limits", limits})
	return append(f, form("sw", o.entries.form("sw"))...)
}

// refuseForm is the JSON form of a REFUSE.
func (o opening) refuseForm() object {
	f := object{{"kind", "REFUSE"}}
	for _, key := range []string{"code", "need", "retry_ms", "text", "vers"} {
		f = append(f, form(key, o.entries.form(key))...)
	}
	return f
}

// MarshalJSON gives a map inside an opening as an object of those entries that a receiver knows.
func (b body) MarshalJSON() ([]byte, error) {
	o := object{}
	for _, e := range b {
		o = append(o, form(e.key, e.form)...)
	}
	return o.MarshalJSON()
}

// limit is a row of chapter 15 of SPEC.md.
type limit struct {
	name                    string
	least, normal, greatest uint64
}

func limits9() []limit {
	return []limit{
		{"idle_ms", 200, 20000, 600000},
		{"link_credit", 262144, 8388608, 1099511627776},
		{"max_frame", 16384, 131072, 1048576},
		{"max_message", 65536, 16777216, 1073741824},
		{"message_ms", 100, 120000, 3600000},
		{"ping_min_ms", 10, 1000, 60000},
		{"ping_ms", 50, 5000, 300000},
		{"stream_credit", 65536, 262144, 1073741824},
		{"streams", 16, 256, 1048576},
	}
}

// limitsOf makes the map of all limits.
func limitsOf(value func(limit) uint64) body {
	b := body{}
	for _, l := range limits9() {
		b = append(b, entry{l.name, mpInt(int64(value(l))), dec(value(l))})
	}
	return b
}
