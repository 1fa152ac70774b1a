package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// readyCases are the cases of READY in SPEC.md chapter 6. Those of its channel binding stand with TLS.
func readyCases() []Case {
	return slices.Concat(forAll(readySentCases(), firstFrameCases(), readyDifferentCases(), readyFormCases(), readyLimitCases()), forAcceptors(readyTimeCases()))
}

// closedUnopened wants CLOSE on a link that a PING of the case follows on: a PONG shows that the fault was taken.
func closedUnopened(code codec.Code) Want {
	return Closed(code).unless(Matching("PONG", func(e *Event) bool { return e.Frame.Type == codec.TypePong }))
}

// wrongReady is a READY that has to be answered with CLOSE, beside its twin. Both are the suite's own READY, edited.
type wrongReady struct {
	slug, req string
	what      string // completes "a READY …"
	good, bad edit
}

// as makes the case, for the code that CLOSE has to carry.
func (w wrongReady) as(code codec.Code) Case {
	return Case{
		ID: "ready/" + w.slug, Req: []string{w.req}, Level: 4,
		Title: fmt.Sprintf("a READY %s ends the link with %v", w.what, code),
		Reject: &Rejection{
			Unopened: true,
			Good: func(c *Conn) {
				c.greet()
				c.Send(w.good(c.ReadyPacket()).Harmless(), c.GreasePacket())
			},
			Bad: func(c *Conn) {
				c.greet()
				c.Send(w.bad(c.ReadyPacket()).Fault("a READY "+w.what), c.GreasePacket())
				c.sentinel()
			},
			Want: closedUnopened(code),
		},
	}
}

// wrongReadies makes the cases of READYs that are all answered with one code.
func wrongReadies(code codec.Code, list ...wrongReady) []Case {
	cases := make([]Case, len(list))
	for i, w := range list {
		cases[i] = w.as(code)
	}
	return cases
}

// readySentCases are about the READY that the acceptor sends, which the wire checker judges, and about what it takes.
func readySentCases() []Case {
	states := func(id, title string, calls []any, want map[string]uint16) Case {
		return Case{ID: "ready/" + id, Req: []string{"READY-011"}, Title: title, Level: 4, Run: func(t *T) {
			c := t.Dial(Options{})
			c.greetWith(putIn("protos", "call", calls)(c.HelloPacket()).Harmless())
			c.SendReady()
			if got := c.ready().Protos; !maps.Equal(got, want) {
				t.Fail(fmt.Sprintf("protos %v in READY", want), "%v", got)
			}
			c.Barrier()
		}}
	}
	return []Case{
		{
			ID: "ready/is-the-first-frame", Req: []string{"READY-001"}, Level: 4,
			Title: "the first frame is READY",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.greet()
				e := c.Expect(Matching("a frame", func(*Event) bool { return true }))
				if e.Frame.Type != codec.TypeReady {
					t.Fail("READY as the first frame", "%s", wire.DescribeFrame(*e.Frame))
				}
				c.SendReady()
				c.Barrier()
			},
		},
		{
			ID: "ready/grease-follows", Req: []string{"READY-016"}, Level: 4,
			Title: "a grease frame follows READY directly",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Expect(Greased())
				c.Barrier()
			},
		},
		{
			ID: "ready/hash-of-what-was-sent", Req: []string{"READY-004"}, Level: 4,
			Title: "th is the hash of the openings as they were on the wire, flags and unknown keys included",
			Run: func(t *T) {
				c := t.Dial(Options{})
				odd := then(put("zz", "kept"), header(9, 0xA5))(c.HelloPacket()).Harmless()
				c.greetWith(odd)
				c.SendReady()
				c.mu.Lock()
				dialer, acceptor := odd.bytes, c.wire.Ends[c.other].Opening
				c.mu.Unlock()
				if c.own == wire.Acceptor {
					dialer, acceptor = acceptor, dialer
				}
				if want, got := codec.TranscriptHash(dialer, acceptor), c.ready().TH; got != want {
					t.Fail(fmt.Sprintf("th %x", want), "%x", got)
				}
				c.Barrier()
			},
		},
		{
			ID: "ready/unknown-keys-ignored", Req: []string{"READY-010"}, Level: 4,
			Title: "a READY with keys that nobody knows is accepted",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.greet()
				c.Send(then(put("a", nil), put("q", map[string]any{"deep": []any{1}}), put("zz", true))(c.ReadyPacket()).Harmless(), c.GreasePacket())
				c.Echo()
			},
		},
		states("greatest-common-proto", "READY states the greatest version of a sub-protocol that both offer", []any{0x7001, 1, 0xFFFF}, map[string]uint16{"call": 1}),
		states("no-common-proto", "READY leaves a sub-protocol out that has no common version", []any{0x7001}, map[string]uint16{}),
		states("foreign-proto", "READY leaves a sub-protocol out that the other side alone offers", []any{1}, map[string]uint16{"call": 1}),
	}
}

// firstFrameCases are about what comes instead of READY, or as a second one.
func firstFrameCases() []Case {
	instead := func(slug, what string, frame func(c *Conn) Packet) Case {
		return Case{
			ID: "ready/first-is-" + slug, Req: []string{"READY-002"}, Level: 4,
			Title: what + " as the first frame ends the link with STATE",
			Reject: &Rejection{
				Unopened: true,
				Good: func(c *Conn) {
					c.greet()
					c.SendReady()
					c.Send(frame(c))
				},
				Bad: func(c *Conn) {
					c.greet()
					c.Send(frame(c).Fault("before READY"), c.ReadyPacket(), c.GreasePacket())
					c.sentinel()
				},
				Want: closedUnopened(codec.CodeState),
			},
		}
	}
	return []Case{
		instead("credit", "a CREDIT", func(c *Conn) Packet { return Message(codec.Credit{Max: c.Self().Limits.LinkCredit + 1}) }),
		instead("open", "an OPEN", func(c *Conn) Packet { return c.NewStream().OpenAs("x.suite.other", 1) }),
		instead("ping", "a PING", func(c *Conn) Packet { return Message(c.Ping()) }),
		instead("grease", "a grease frame", func(c *Conn) Packet { return c.GreasePacket() }),
		{
			ID: "ready/first-is-close", Req: []string{"READY-002"}, Level: 4,
			Title: "a CLOSE as the first frame ends the link without an answer",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.greet()
				c.Send(Message(codec.Close{Code: codec.CodeNoError}))
				c.Expect(Ended())
				t.Open(Options{}).Echo()
			},
		},
		{
			ID: "ready/second", Req: []string{"READY-003"}, Level: 4,
			Title: "a second READY, the same as the first, ends the link with STATE",
			Reject: &Rejection{
				Good: func(c *Conn) { c.Send(c.GreasePacket()) },
				Bad:  func(c *Conn) { c.Send(c.ReadyPacket().Fault("a second READY")) },
				Want: Closed(codec.CodeState),
			},
		},
	}
}

// readyDifferentCases are about a READY that states something else than the acceptor computed.
func readyDifferentCases() []Case {
	th := func(change func(th []byte)) edit {
		return func(p Packet) Packet {
			return p.Body("another th", func(m map[string]any) {
				if b, ok := m["th"].([]byte); ok {
					change(b)
				}
			})
		}
	}
	return append(
		wrongReadies(codec.CodeDowngrade,
			wrongReady{"th-first-bit", "READY-005", "whose th differs in its first bit", same, th(func(b []byte) { b[0] ^= 0x80 })},
			wrongReady{"th-last-bit", "READY-005", "whose th differs in its last bit", same, th(func(b []byte) { b[31] ^= 0x01 })},
			wrongReady{"th-zero", "READY-005", "whose th is zero", same, th(func(b []byte) { clear(b) })},
			wrongReady{"th-backwards", "READY-005", "whose th stands backwards", same, th(slices.Reverse[[]byte])},
		),
		wrongReadies(codec.CodeMismatch,
			wrongReady{"ver-greater", "READY-006", "whose ver is 2", same, put("ver", 2)},
			wrongReady{"ver-zero", "READY-006", "whose ver is 0", same, put("ver", 0)},
			wrongReady{"ver-grease", "READY-006", "whose ver is a grease version", same, put("ver", 0x1A1A)},
			wrongReady{"caps-empty", "READY-007", "whose caps are empty", same, put("caps", map[string]any{})},
			wrongReady{"caps-one-less", "READY-007", "whose caps lack one that was agreed", same, dropIn("caps", "probe.and")},
			wrongReady{"caps-one-more", "READY-007", "whose caps have one that was not agreed", same, putIn("caps", "delivery", true)},
			wrongReady{"caps-unknown-more", "READY-007", "whose caps have one that nobody knows", same, putIn("caps", "x.suite.other", true)},
			wrongReady{"caps-other-value", "READY-007", "whose caps have another value", same, putIn("caps", "probe.max", 1<<40)},
			wrongReady{"caps-other-type", "READY-007", "whose caps have a value of another type", same, putIn("caps", "probe.and", 1)},
			wrongReady{"protos-empty", "READY-008", "whose protos are empty", same, put("protos", map[string]any{})},
			wrongReady{"protos-one-more", "READY-008", "whose protos have one that was not agreed", same, putIn("protos", "x.suite.other", 1)},
			wrongReady{"protos-other-version", "READY-008", "whose protos have another version", same, putIn("protos", "call", 2)},
			wrongReady{"protos-other-type", "READY-008", "whose protos have an array of versions", same, putIn("protos", "call", []any{1})},
		)...)
}

// readyFormCases are about a READY that has another form than the table says.
func readyFormCases() []Case {
	const req = "READY-009"
	cases := wrongReadies(codec.CodeEncoding,
		wrongReady{"empty", req, "without a payload", same, body()},
		wrongReady{"nil", req, "whose payload is nil", same, body(0xC0)},
		wrongReady{"array", req, "whose payload is an array", same, body(0x90)},
		wrongReady{"float", req, "with a float under a key that nobody knows", unknown(0x00), unknown(0xCA, 0, 0, 0, 0)},
		wrongReady{"cut-short", req, "whose payload ends before its map does", same, shortened},
		wrongReady{"caps-array", req, "whose caps are an array", same, put("caps", []any{})},
		wrongReady{"protos-array", req, "whose protos are an array", same, put("protos", []any{})},
		wrongReady{"th-short", req, "whose th has 31 bytes", same, put("th", make([]byte, 31))},
		wrongReady{"th-long", req, "whose th has 33 bytes", same, put("th", make([]byte, 33))},
		wrongReady{"th-str", req, "whose th is a str", same, put("th", strings.Repeat("h", 32))},
		wrongReady{"ver-str", req, "whose ver is a str", same, put("ver", "1")},
		wrongReady{"ver-negative", req, "whose ver is -1", same, put("ver", -1)},
		wrongReady{"ver-over-u16", req, "whose ver is 65,536", same, put("ver", 65536)},
		wrongReady{"cb-short", req, "whose cb has 31 bytes", same, put("cb", make([]byte, 31))},
		wrongReady{"cb-str", req, "whose cb is a str", same, put("cb", strings.Repeat("b", 32))},
	)
	for _, key := range []string{"caps", "protos", "th", "ver"} {
		cases = append(cases, wrongReady{"without-" + key, req, "without " + key, same, drop(key)}.as(codec.CodeEncoding))
	}
	return cases
}
