package conformance

import (
	"fmt"
	"slices"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
)

// dialOpeningCases are about HELLO, REFUSE and need (SPEC.md chapters 4 to 6).
func dialOpeningCases() []Case {
	cases := []Case{
		{
			ID: "opening/dialer-speaks-first", Req: []string{"HELLO-001"}, Level: 3,
			Title: "a dialer sends HELLO at once, without a byte of the acceptor",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.Expect(Greeted().Citing("HELLO-001"))
				c.Send(c.HelloPacket())
				c.SendReady()
				c.Echo()
			},
		},
		{
			ID: "version/no-second-try", Req: []string{"VER-005"}, Level: 3,
			Title: "a dialer that was refused with NO_VERSION, by an acceptor that speaks none of its versions, does not try again",
			Run:   func(t *T) { t.refusedOnce(0x7001) },
		},
		{
			ID: "version/no-second-try-with-what-was-offered", Req: []string{"VER-005"}, Level: 3,
			Title: "a dialer that was refused with NO_VERSION does not try again with the versions that it has offered",
			Run:   func(t *T) { t.refusedOnce(codec.WireVersion) },
		},
	}
	return slices.Concat(cases, dialRefuseCases(), dialNeedCases(), dialSelfCases())
}

// refusedOnce refuses a dial with NO_VERSION, and looks for a second one.
func (t *T) refusedOnce(vers ...uint16) {
	c := t.Dial(Options{})
	c.sendOpening(refusal(codec.CodeNoVersion, vers...).Fault("versions that the suite does not speak"))
	c.Expect(Ended())
	c.awaitEnded("refuse", codec.CodeNoVersion.String())
	c.dialsNoMore()
	t.Open(Options{}).Echo()
}

// dialsNoMore checks that the dialer has made no connection since its dial that nobody has asked for.
func (c *Conn) dialsNoMore() {
	c.t.Sleep(MaxQuiet)
	if n := c.t.seat.hub.count() - c.dialled.strays; n > 0 {
		c.t.Fail("no more connections than were asked for", "%d more", n)
	}
}

// dialRefuseCases are about what a dialer does with a REFUSE, good or faulty.
func dialRefuseCases() []Case {
	refuses := func(slug, what string, code codec.Code, reported string, e edit) Case {
		return Case{
			ID: "opening/refuse-" + slug, Req: []string{"HELLO-022"}, Level: 3,
			Title: "a dialer ends the transport after a REFUSE " + what + ", and sends nothing more",
			Reject: &Rejection{
				Unopened: true,
				Options:  Options{NoHangUp: true},
				Good:     func(c *Conn) { c.Handshake() },
				Bad: func(c *Conn) {
					c.sendOpening(e(refusal(code, codec.WireVersion)).Fault("a REFUSE " + what))
				},
				Want: Silence(),
				Look: func(c *Conn, _ Event) { c.awaitEnded("refuse", reported) },
			},
		}
	}
	const encoding, whatever = "ENCODING", ""
	return []Case{
		refuses("is-reported", "whose code it reports", codec.CodeDraining, "DRAINING", same),
		refuses("need-unmet", "that lists needs", codec.CodeNeedUnmet, "NEED_UNMET", put("need", strs("x.suite.a", "x.suite.b"))),
		refuses("unknown-code", "with a code that nobody knows", codec.CodeInternal, whatever, put("code", 0xF00D)),
		refuses("unknown-keys", "with keys that nobody knows", codec.CodeOverloaded, "OVERLOADED", then(put("a", nil), put("zz", []any{1}))),
		refuses("text-too-long", "whose text has 257 bytes", codec.CodeOverloaded, encoding, put("text", string(make257()))),
		refuses("checksum-wrong", "whose checksum is wrong", codec.CodeOverloaded, "HEADER_CRC", flip(20)),
		refuses("body-array", "whose body is an array", codec.CodeOverloaded, encoding, body(0x90)),
		refuses("without-code", "without code", codec.CodeOverloaded, encoding, drop("code")),
		refuses("without-vers", "without vers", codec.CodeOverloaded, encoding, drop("vers")),
		refuses("body-too-long", "with a body of over 1,024 bytes", codec.CodeOverloaded, whatever, put("zz", make([]byte, 1024))),
		refuses("and-more", "behind which a HELLO follows", codec.CodeOverloaded, "OVERLOADED", func(p Packet) Packet {
			p.bytes = append(p.Bytes(), p.bytes...)
			return p
		}),
	}
}

func make257() []byte {
	b := make([]byte, 257)
	for i := range b {
		b[i] = 'x'
	}
	return b
}

// dialSelfCases are about a dialer that has reached itself.
func dialSelfCases() []Case {
	nodeOf := func(c *Conn) []byte {
		h := c.Expect(Greeted()).Opening.Hello
		return slices.Clone(h.Node[:])
	}
	return []Case{{
		ID: "opening/own-node-of-a-dialer", Req: []string{"HELLO-029"}, Level: 3,
		Title: "an acceptor's HELLO whose node is the dialer's own is answered with CLOSE(SELF_CONNECT)",
		Reject: &Rejection{
			Unopened: true,
			Good: func(c *Conn) {
				node := nodeOf(c)
				node[15] ^= 1
				c.Send(put("node", node)(c.HelloPacket()).Harmless())
				c.SendReady()
				c.Expect(FrameOn(codec.TypeReady, 0))
			},
			Bad:  func(c *Conn) { c.Send(put("node", nodeOf(c))(c.HelloPacket()).Fault("the dialer's own node")) },
			Want: Closed(codec.CodeSelfConnect),
			Look: func(c *Conn, _ Event) { c.awaitEnded("self", codec.CodeSelfConnect.String()) },
		},
	}}
}

// dialNeedCases are about the needs of a dialer.
func dialNeedCases() []Case {
	const code = codec.CodeNeedUnmet
	unmet := func(slug, what, need string, good, bad func(c *Conn) edit) Case {
		return Case{
			ID: "capability/dialer-" + slug, Req: []string{"CAP-013"}, Level: 4, Needs: []string{driver.FeatureNeed},
			Title: "an acceptor's HELLO " + what + " is answered with CLOSE(NEED_UNMET)",
			Reject: &Rejection{
				Unopened: true,
				Options:  Options{Need: []string{need}},
				Good: func(c *Conn) {
					h := c.Expect(Greeted()).Opening.Hello
					if !slices.Contains(h.Need, need) {
						c.t.Fail("need "+need+" in HELLO, as dial says", "%q", h.Need)
					}
					c.Send(good(c)(c.HelloPacket()).Harmless())
					c.SendReady()
					c.Expect(FrameOn(codec.TypeReady, 0))
					c.awaitOpen()
				},
				Bad: func(c *Conn) {
					c.Expect(Greeted())
					c.Send(bad(c)(c.HelloPacket()).Fault("a HELLO " + what))
				},
				Want: Closed(code),
				Look: func(c *Conn, _ Event) { c.awaitEnded("self", code.String()) },
			},
		}
	}
	theirs := func(c *Conn) edit {
		return putIn("caps", "probe.intersect", asSet(namesIn(c.Peer().Caps["probe.intersect"])...))
	}
	apart := func(*Conn) edit { return putIn("caps", "probe.intersect", strs("none.suite")) }
	plain := func(*Conn) edit { return same }
	return []Case{
		unmet("need-not-offered", "that does not offer what the dialer needs", "probe.and", plain, func(*Conn) edit { return dropIn("caps", "probe.and") }),
		unmet("need-without-value", "with which the rule gives no value for what the dialer needs", "probe.intersect", theirs, apart),
	}
}

// dialStrangerCases are about answers that do not come from a peer of this protocol. A dialer says nothing to them, and tries nothing else
// either (VER-006).
func dialStrangerCases() []Case {
	strange := func(slug, what string, answer edit) Case {
		return Case{
			ID: "version/stranger-" + slug, Req: []string{"HELLO-028", "VER-006"}, Level: 3,
			Title: "a dialer that is answered by " + what + " ends the transport without a byte, and tries nothing else",
			Reject: &Rejection{
				Options:  Options{NoHangUp: true},
				Unopened: true,
				Good:     func(c *Conn) { c.Handshake() },
				Bad:      func(c *Conn) { c.sendOpening(answer(c.HelloPacket()).Fault(what)) },
				Want:     Silence(),
				Look:     func(c *Conn, _ Event) { c.abandoned("self", codec.CodeForeign) },
				Wait:     func(c *Conn) time.Duration { return min(c.t.timeout, c.t.OpeningLimit()/2) }, // it is no timer that ends it
			},
		}
	}
	text := func(s string) edit { return func(Packet) Packet { return Raw("", []byte(s)) } }
	return []Case{
		strange("http", "HTTP", text("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")),
		strange("ssh", "SSH", text("SSH-2.0-OpenSSH_9.6 a banner of more than twenty-four bytes\r\n")),
		strange("magic", "an opening whose magic is wrong in its first byte", header(0, 0xC0)),
		strange("magic-last-byte", "an opening whose magic is wrong in its last byte", header(7, 0x0D)),
		strange("magic-seven-bits", "an opening whose magic has lost its eighth bits", header(0, 0x41)),
		strange("magic-alone", "eight bytes that are not the magic, and nothing more", text("\xC1HFQ\r\n\x1a\n")),
		strange("invariants", "an opening whose invariants is 0", header(8, 0)),
		strange("invariants-two", "an opening whose invariants is 2", header(8, 2)),
		strange("kind", "an opening of kind 3", header(14, 0, 3)),
		strange("kind-zero", "an opening of kind 0", header(14, 0, 0)),
		strange("kind-high-byte", "an opening of kind 0101", header(14, 1, 1)),
		{
			ID: "version/stranger-nothing", Req: []string{"VER-006"}, Level: 3,
			Title: "a dialer that is answered by the end of the transport tries nothing else",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.Expect(Greeted())
				c.HangUp()
				c.Expect(Gone())
				c.abandoned("transport", codec.CodeNoError)
				t.Open(Options{}).Echo()
			},
		},
	}
}

// abandoned checks that the driver says how its dial has ended, and that the dialer makes no other connection.
func (c *Conn) abandoned(by string, code codec.Code) {
	c.awaitEnded(by, code.String())
	c.dialsNoMore()
}

// dialTimeCases are about an acceptor whose READY does not come (HELLO-026).
func dialTimeCases() []Case {
	late := func(slug, title string, bad func(c *Conn), wait func(c *Conn) time.Duration) Case {
		want := Gone()
		want.scope = scopeLink
		return Case{
			ID: "opening/" + slug, Req: []string{"HELLO-026"}, Title: title, Level: 3, Tags: []string{TagSlow},
			Reject: &Rejection{
				Unopened: true,
				Good:     func(c *Conn) { c.Handshake() },
				Bad:      bad, Want: want, Wait: wait, NoSentinel: true,
				Look: func(c *Conn, _ Event) { c.awaitEnded("self", codec.CodeOpenTimeout.String()) },
			},
		}
	}
	limit := func(c *Conn) time.Duration { return c.t.OpeningLimit() + Slack }
	return []Case{
		late("silent-acceptor", "a dialer ends a transport on which the acceptor says nothing, 10 s after it connected at the latest",
			func(c *Conn) { c.Expect(Greeted()) }, limit),
		late("acceptor-without-ready", "a dialer ends a transport on which no READY follows the acceptor's HELLO, 10 s after it connected at the latest",
			(*Conn).greet, limit),
		late("dripping-acceptor", "a dialer ends a transport on which the acceptor's HELLO goes on arriving, and is not whole, after 10 s at the latest",
			func(c *Conn) {
				c.Expect(Greeted())
				c.Drip(c.HelloPacket())
			}, dripped),
	}
}

// dialReportCases are about what a driver says of a link that is open.
func dialReportCases() []Case {
	return []Case{
		{
			ID: "capability/unregistered-of-both-not-merged", Req: []string{"CAP-001"}, Level: 4,
			Title: "a capability that both offer and that is not registered, which the token is, is not in READY",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.greetWith(putIn("caps", c.dialled.token, true)(c.HelloPacket()).Harmless())
				c.SendReady()
				if _, has := c.ready().Caps[c.dialled.token]; has {
					t.Fail("no "+c.dialled.token+" in READY", "it is there")
				}
				c.Barrier()
			},
		},
		{
			ID: "ready/dialer-reports-it", Req: []string{"VER-001", "CAP-001", "READY-011"}, Level: 4,
			Title: "a dialer knows the version, the capabilities and the sub-protocols that were agreed",
			Run: func(t *T) {
				c := t.Open(Options{})
				a := t.await(c.dialled.dial)
				c.mu.Lock()
				agreed := c.wire.Agreed
				c.mu.Unlock()
				if want := fmt.Sprint(agreed.Version); a.Ver != want {
					t.Fail("ver "+want+" in the answer open", "%q", last(a.Ver, 20))
				}
				if got, want := reported(a.Caps), reportOf(agreed.Caps); got != want {
					t.Fail("caps "+want+" in the answer open", "%s", got)
				}
				if got, want := reported(a.Protos), reportOf(agreed.Protos); got != want {
					t.Fail("protos "+want+" in the answer open", "%s", got)
				}
			},
		},
	}
}
