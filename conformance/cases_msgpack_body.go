package conformance

import (
	"handfast/codec"
)

// bodyCases are about the body as a whole, and about the map of HELLO itself.
func bodyCases() []Case {
	return refusals(codec.CodeEncoding,
		refused{"msgpack/values-too-many", "MP-008", "with 4,097 values", crowded(4096), crowded(4097)},
		refused{"msgpack/body-map16", "MP-004", "whose map has a count of 16 bits, which it does not need", same, wideMap},
		refused{"msgpack/own-keys-descending", "MP-010", "with two keys of which the greater comes first", then(entry("zy"), entry("zz")), then(entry("zz"), entry("zy"))},
		refused{"msgpack/own-key-twice", "MP-011", "with one key twice, which nobody knows", then(entry("zy"), entry("zz")), then(entry("zz"), entry("zz"))},
		refused{"msgpack/known-key-twice", "MP-011", "with vers twice", entry("verz"), entry("vers")},
		refused{"msgpack/own-key-empty", "MP-009", "whose first key is empty", first("A161"), first("A0")},
		refused{"msgpack/byte-behind", "MP-012", "with a byte behind its map", same, trailed("00")},
		refused{"msgpack/nil-behind", "MP-012", "with nil behind its map", same, trailed("C0")},
		refused{"msgpack/map-behind", "MP-012", "with an empty map behind its map", same, trailed("80")},
	)
}

// entry appends an entry whose value is the list of version 1, and does not ask whether the key is in its place.
func entry(key string) edit {
	return func(p Packet) Packet {
		return p.Payload("another entry", func(body []byte) []byte {
			body[0]++
			return append(codec.AppendStr(body, key), 0x91, 0x01)
		})
	}
}

// first puts an entry in front of the others.
func first(key string) edit {
	return func(p Packet) Packet {
		return p.Payload("another first entry", func(body []byte) []byte {
			front := append([]byte{body[0] + 1}, raw(key+" C0")...)
			return append(front, body[1:]...)
		})
	}
}

// trailed appends bytes to the body.
func trailed(with string) edit {
	return func(p Packet) Packet {
		return p.Payload("bytes behind the body", func(body []byte) []byte { return append(body, raw(with)...) })
	}
}

// wideMap gives the map of the body, which has less than 16 entries, a count of 16 bits.
func wideMap(p Packet) Packet {
	return p.Payload("a count of 16 bits", func(body []byte) []byte {
		return append([]byte{0xDE, 0x00, body[0] & 0x0F}, body[1:]...)
	})
}

// crowded fills the body up to n values.
func crowded(n int) edit {
	return func(p Packet) Packet {
		body, err := codec.DecodeValue(p.bytes[codec.OpeningSize:])
		if err != nil {
			panic(err)
		}
		const key, list = 1, 1
		left := n - count(body) - key - list
		var arrays []byte
		elements := 0
		for ; left > 0; elements++ {
			size := min(left, 1+1024) // the array itself is one of them
			arrays = codec.AppendArrayHeader(arrays, size-1)
			for range size - 1 {
				arrays = codec.AppendNil(arrays)
			}
			left -= size
		}
		return unknown(append(codec.AppendArrayHeader(nil, elements), arrays...)...)(p)
	}
}

// count counts values as MP-008 does: keys, elements and containers.
func count(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			n += count(element)
		}
	case map[string]any:
		for _, value := range v {
			n += 1 + count(value)
		}
	}
	return n
}

// elsewhereCases try the profile in the maps of READY and OPEN, where a peer may use another decoder.
func elsewhereCases() []Case {
	var cases []Case
	for _, r := range []badValue{
		{"int-too-long", "MP-003", "1 as a uint8", "01", "CC 01"},
		{"text-not-utf8", "MP-005", "a str that is not UTF-8", "A1 7F", "A1 FF"},
		{"key-twice", "MP-011", "a map with one key twice", "82 A161 C0 A162 C0", "82 A161 C0 A161 C0"},
	} {
		ready := wrongReady{r.slug, r.req, "with " + r.what, unknown(raw(r.good)...), unknown(raw(r.bad)...)}.as(codec.CodeEncoding)
		ready.ID, ready.Roles = "msgpack/ready-"+r.slug, AnyRole
		open := Case{
			ID: "msgpack/open-" + r.slug, Req: []string{r.req}, Level: 6, Roles: AnyRole,
			Title: "an OPEN with " + r.what + " ends the link with ENCODING",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(unknown(raw(r.good)...)(c.NewStream().Open()).Harmless()) },
				Bad:  func(c *Conn) { c.Send(unknown(raw(r.bad)...)(c.NewStream().Open()).Fault(r.what)) },
				Want: Closed(codec.CodeEncoding),
			},
		}
		cases = append(cases, ready, open)
	}
	return cases
}
