package conformance

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// openingCases are the cases of SPEC.md chapter 4.
func openingCases() []Case {
	return slices.Concat(
		forAcceptors(greetingCases(), strangerCases()),
		headerCases(),
		missingKeyCases(),
		wrongKeyCases(),
		limitRangeCases(),
		versionListCases(),
		protoListCases(),
		forAcceptors(refuseCases(), openingTimeCases()),
		identityCases(),
	)
}

// An edit makes another packet of one, for twins and faults alike: what it is comes from where it is used.
type edit func(p Packet) Packet

// same leaves a packet as it is.
func same(p Packet) Packet { return p }

// then makes one edit after another.
func then(edits ...edit) edit {
	return func(p Packet) Packet {
		for _, e := range edits {
			p = e(p)
		}
		return p
	}
}

// put sets an entry of the map of an opening or READY.
func put(key string, value any) edit {
	return func(p Packet) Packet {
		return p.Body("another "+key, func(m map[string]any) { m[key] = value })
	}
}

// putIn sets an entry of a map in that map.
func putIn(key, inner string, value any) edit {
	return func(p Packet) Packet {
		return p.Body("another "+inner, func(m map[string]any) { within(m, key)[inner] = value })
	}
}

// drop leaves an entry out.
func drop(key string) edit {
	return func(p Packet) Packet {
		return p.Body("no "+key, func(m map[string]any) { delete(m, key) })
	}
}

// dropIn leaves an entry out of a map in the map.
func dropIn(key, inner string) edit {
	return func(p Packet) Packet {
		return p.Body("no "+inner, func(m map[string]any) { delete(within(m, key), inner) })
	}
}

// within gives the map under a key.
func within(m map[string]any, key string) map[string]any {
	inner, ok := m[key].(map[string]any)
	if !ok {
		panic("conformance: " + key + " is not a map")
	}
	return inner
}

// body replaces the whole body of an opening, or payload of a frame.
func body(with ...byte) edit {
	return func(p Packet) Packet {
		return p.Payload("another body", func([]byte) []byte { return with })
	}
}

// header sets bytes of the header and computes the checksum anew.
func header(off int, with ...byte) edit {
	return func(p Packet) Packet { return p.Set("another header", off, with...).Reseal() }
}

// offering lists versions, in the map and, as the smallest and the greatest, in the header.
func offering(least, greatest uint16, vers ...int) edit {
	return then(put("vers", numbers(vers)), bounds(least, greatest))
}

// bounds sets ver_min and ver_max.
func bounds(least, greatest uint16) edit {
	return header(10, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, least), greatest)...)
}

// numbers gives a list as a body holds it.
func numbers(list []int) []any {
	out := make([]any, len(list))
	for i, n := range list {
		out[i] = n
	}
	return out
}

// unknown appends an entry that nobody knows, with the bytes of any value: "zz" is behind every key of this page, so that the keys
// still ascend. The map may have 14 entries before.
func unknown(value ...byte) edit {
	return func(p Packet) Packet {
		return p.Payload("an unknown key", func(body []byte) []byte {
			body[0]++
			return append(codec.AppendStr(body, "zz"), value...)
		})
	}
}

// padded fills an opening to a body of n bytes.
func padded(n int) edit {
	return func(p Packet) Packet {
		const key, head = 1 + len("zz"), 3 // of the entry, and of a bin of 256 bytes and more
		fill := n - (len(p.bytes) - codec.OpeningSize) - key - head
		return unknown(codec.AppendBin(nil, make([]byte, fill))...)(p)
	}
}

// refused is a HELLO that has to be answered with REFUSE, beside its twin. Both are the suite's own HELLO, edited.
type refused struct {
	id, req string
	what    string // completes "a HELLO …"
	good    edit
	bad     edit
}

// as makes the case, for the code that REFUSE has to carry; or CLOSE, which is what a dialer says.
func (r refused) as(code codec.Code) Case {
	return Case{
		ID: r.id, Req: []string{r.req}, Level: 3, Roles: rolesBy(r.req),
		Title: fmt.Sprintf("a HELLO %s is refused with %v", r.what, code),
		Reject: &Rejection{
			Unopened:   true,
			Good:       func(c *Conn) { c.HandshakeWith(r.good(c.HelloPacket()).Harmless()) },
			Bad:        func(c *Conn) { c.sendOpening(r.bad(c.HelloPacket()).Fault("a HELLO " + r.what)) },
			Want:       Refused(code),
			DialerWant: Closed(code).unless(FrameOn(codec.TypeReady, 0)), // which shows that the fault was taken
			Look:       func(c *Conn, _ Event) { c.endsDial("self", code) },
		},
	}
}

// answered makes the case for dialers, where the rule is one for acceptors: a dialer says CLOSE of the same code (HELLO-023).
func (r refused) answered(code codec.Code) Case {
	c := r.as(code)
	area, slug, _ := strings.Cut(r.id, "/")
	c.ID, c.Req, c.Roles = area+"/acceptors-"+slug, []string{"HELLO-023"}, Dialers
	c.Title = fmt.Sprintf("an acceptor's HELLO %s is answered with CLOSE(%v)", r.what, code)
	return c
}

// refusals makes the cases of HELLOs that are all refused with one code, by acceptors and by dialers.
func refusals(code codec.Code, list ...refused) []Case {
	var cases []Case
	for _, r := range list {
		cases = append(cases, r.as(code))
		if !rolesBy(r.req).In(wire.Dialer) {
			cases = append(cases, r.answered(code))
		}
	}
	return cases
}

// welcomed makes the case of a HELLO that is unusual, and still has to be accepted.
func welcomed(id, req, title string, e edit) Case {
	return Case{ID: id, Req: []string{req}, Title: title, Level: 3, Roles: rolesBy(req), Run: func(t *T) {
		c := t.Dial(Options{})
		c.HandshakeWith(e(c.HelloPacket()).Harmless())
		c.Echo()
	}}
}

// greetingCases are about a HELLO that has no fault.
func greetingCases() []Case {
	return []Case{
		{
			ID: "opening/hello-is-answered", Req: []string{"HELLO-002", "READY-001", "READY-016"}, Level: 3,
			Title: "a HELLO is answered with HELLO, READY and grease, before the dialer sends anything more",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.Send(c.HelloPacket())
				c.Expect(Greeted())
				c.Expect(FrameOn(codec.TypeReady, 0))
				c.Expect(Greased())
				c.SendReady()
				c.Echo()
			},
		},
		{
			ID: "opening/byte-by-byte", Req: []string{"FRAME-014", "HELLO-002"}, Level: 3,
			Title: "a HELLO that arrives byte by byte is accepted",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.SendCut(1, c.HelloPacket())
				c.Expect(Greeted())
				c.SendReady()
				c.Echo()
			},
		},
		welcomed("opening/flags-ignored", "HELLO-005", "a HELLO with every bit of flags set is accepted", header(9, 0xFF)),
		welcomed("opening/unknown-keys-ignored", "HELLO-011", "a HELLO with keys that nobody knows, before, between and behind the others, is accepted",
			then(put("a", nil), put("node.next", map[string]any{"deep": []any{-1, "text", []byte{1}}}), put("zz", true))),
		welcomed("opening/optional-keys-absent", "HELLO-010", "a HELLO without sw and cluster_name is accepted", drop("sw")),
		welcomed("opening/optional-keys-present", "HELLO-010", "a HELLO with sw and cluster_name of 64 bytes is accepted",
			then(put("sw", text64()), put("cluster_name", text64()))),
		welcomed("opening/limits-absent", "HELLO-010", "a HELLO whose limits are an empty map is accepted", put("limits", map[string]any{})),
	}
}

// strangerCases are about bytes that do not come from a peer of this protocol, which are not answered.
func strangerCases() []Case {
	magic := func(id, what string, with ...byte) Case {
		return stranger("opening/"+id, "HELLO-003", "bytes that begin with "+what+" are not answered", header(0, with...))
	}
	return []Case{
		magic("magic-first-byte", "a magic whose first byte is wrong", 0xC0),
		magic("magic-last-byte", "a magic whose last byte is wrong", 0xC1, 'H', 'F', 'P', 0x0D, 0x0A, 0x1A, 0x0D),
		magic("magic-seven-bits", "a magic that has lost its eighth bits", 0x41),
		magic("magic-line-ends", "a magic whose CR LF has become LF LF", 0xC1, 'H', 'F', 'P', 0x0A, 0x0A),
		stranger("opening/magic-alone", "HELLO-003", "eight bytes that are not the magic are not answered",
			func(Packet) Packet { return Raw("", []byte("\xC1HFQ\r\n\x1a\n")) }),
		stranger("opening/http-request", "HELLO-003", "an HTTP request is not answered",
			func(Packet) Packet { return Raw("", []byte("GET / HTTP/1.1\r\nHost: handfast.example\r\n\r\n")) }),
		stranger("opening/tls-in-clear", "HELLO-003", "the beginning of a TLS handshake on a plain address is not answered",
			func(Packet) Packet {
				return Raw("", []byte("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"+strings.Repeat("r", 32)+"\x00\x00\x02\x13\x01\x01\x00\x00\x00"))
			}),
		stranger("opening/invariants-zero", "HELLO-004", "an opening whose invariants is 0 is not answered", header(8, 0)),
		stranger("opening/invariants-two", "HELLO-004", "an opening whose invariants is 2 is not answered", header(8, 2)),
		stranger("opening/kind-zero", "HELLO-006", "an opening of kind 0 is not answered", header(14, 0, 0)),
		stranger("opening/kind-unknown", "HELLO-006", "an opening of kind 3 is not answered", header(14, 0, 3)),
		stranger("opening/kind-high-byte", "HELLO-006", "an opening of kind 0101 is not answered", header(14, 1, 1)),
		stranger("opening/kind-refuse", "HELLO-006", "a REFUSE from the dialer is not answered", func(Packet) Packet {
			refuse := codec.Refuse{Code: codec.CodeInternal, Vers: []uint16{codec.WireVersion}}
			return Raw("", must(refuse.AppendOpening(nil)))
		}),
	}
}

// stranger makes the case of an opening that ends the transport without a byte.
func stranger(id, req, title string, bad edit) Case {
	return Case{
		ID: id, Req: []string{req}, Title: title, Level: 3,
		Reject: &Rejection{
			Unopened: true,
			Good:     func(c *Conn) { c.Handshake() },
			Bad:      func(c *Conn) { c.Send(bad(c.HelloPacket()).Fault(title)) },
			Want:     Silence(),
		},
	}
}

// text64 is as long as a short text for people may be.
func text64() string { return strings.Repeat("t", 64) }
