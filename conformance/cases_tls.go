package conformance

import (
	"crypto/tls"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/conformance/wire"
)

// tlsCases are the cases of SPEC.md chapter 17, and those of READY's channel binding (chapter 6).
func tlsCases() []Case {
	return append(forAll(bindingCases()),
		onlyOverTLS("version-1-2", "TLS-001", "a dialer that speaks no more than TLS 1.2 gets no connection", func(t *T) {
			_, err := t.Connect(Options{TLS: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }})
			if err == nil {
				t.Fail("the end of the handshake", "TLS 1.2")
			}
		}),
		onlyOverTLS("alpn-absent", "TLS-002", "a TLS handshake that offers no ALPN protocol gets no link", func(t *T) {
			t.turnedAway(func(c *tls.Config) { c.NextProtos = nil })
		}),
		onlyOverTLS("alpn-foreign", "TLS-002", "a TLS handshake that offers other ALPN protocols gets no link", func(t *T) {
			t.turnedAway(func(c *tls.Config) { c.NextProtos = []string{"h2", "handfast/2", "handfast"} })
		}),
		onlyOverTLS("alpn-among-others", "TLS-002", "a TLS handshake that offers handfast/1 behind other ALPN protocols gets a link", func(t *T) {
			t.Open(Options{TLS: func(c *tls.Config) { c.NextProtos = []string{"h2", codec.ALPN} }}).Echo()
		}),
		onlyOverTLS("hello-in-clear", "TLS-008", "a HELLO in clear on the TLS address is refused with UNAUTHENTICATED, or not answered", func(t *T) {
			c := t.Dial(Options{InClear: true})
			c.Send(c.HelloPacket())
			c.Expect(unserved())
			if !c.hasEnded() {
				c.Expect(Gone())
			}
		}),
		onlyOverTLS("stranger-in-clear", "TLS-008", "bytes on the TLS address that are neither TLS nor a HELLO are not answered", func(t *T) {
			c := t.Dial(Options{InClear: true})
			c.Send(Raw("another protocol", []byte("GET / HTTP/1.1\r\nHost: handfast.example\r\n\r\n")))
			c.Expect(Ended())
		}),
		Case{
			ID: "tls/binding-not-offered-in-clear", Req: []string{"TLS-009"}, Level: 3, Roles: AnyRole,
			Title: "tls.bind is not offered on a plain transport",
			Run: func(t *T) {
				if t.judged == wire.Acceptor && t.target.Addr == "" {
					t.Unsupported("the run has no plain address")
				}
				if v, ok := t.Open(Options{}).Peer().Caps["tls.bind"]; ok {
					t.Fail("no tls.bind in HELLO", "tls.bind %v", v)
				}
			},
		},
	)
}

// overTLS asks for a TLS link where the run has a plain address as well.
func overTLS(*tls.Config) {}

// onlyOverTLS makes a case between two links over TLS that have to serve.
func onlyOverTLS(slug, req, title string, script func(t *T)) Case {
	return Case{
		ID: "tls/" + slug, Req: []string{req}, Title: title, Level: 3, Tags: []string{TagTLS},
		Run: func(t *T) {
			t.Open(Options{TLS: overTLS}).Echo()
			script(t)
			t.Open(Options{TLS: overTLS}).Echo()
		},
	}
}

// turnedAway dials over TLS in a way that gets no link. In TLS 1.3 the dialer's side of the handshake may be done before it learns that
// the acceptor has ended it; then the end has to come before any byte of Handfast.
func (t *T) turnedAway(change func(c *tls.Config)) {
	c, err := t.Connect(Options{TLS: change})
	switch {
	case err == nil:
		c.Send(c.HelloPacket())
		c.Expect(Ended())
	case isTimeout(err):
		t.stop(&Failure{Verdict: Timeout, Expected: "the end of the handshake", Actual: err.Error()})
	}
}

// unserved wants the answer to a HELLO in clear: REFUSE(UNAUTHENTICATED), or the end of the transport without a byte.
func unserved() Want {
	w := Ended()
	w.Text = "REFUSE(UNAUTHENTICATED), or the end of the transport without a byte"
	see := w.see
	w.see = func(e *Event) (grade, string) {
		if e.Opening != nil && e.Opening.Refuse != nil && e.Opening.Refuse.Code == codec.CodeUnauthenticated {
			return hit, ""
		}
		return see(e)
	}
	return w
}

// bindingCases are about cb in READY. A peer need not offer tls.bind.
func bindingCases() []Case {
	bound := func(c *Conn) {
		c.greet()
		if _, ok := c.Peer().Caps["tls.bind"]; !ok {
			if c.dialled != nil && c.t.seat.claims(driver.FeatureTLSBind) {
				c.t.Fail("tls.bind in HELLO over TLS, as the driver claims", "no tls.bind")
			}
			c.t.Unsupported("the peer does not offer tls.bind")
		}
	}
	wrong := func(slug, what string, cb func(c *Conn) edit) Case {
		return Case{
			ID: "ready/" + slug, Req: []string{"READY-015"}, Level: 4, Tags: []string{TagTLS},
			Title: "a READY " + what + " ends the link with UNAUTHENTICATED",
			Reject: &Rejection{
				Options:  Options{TLS: overTLS},
				Unopened: true,
				Good: func(c *Conn) {
					bound(c)
					c.SendReady()
				},
				Bad: func(c *Conn) {
					bound(c)
					c.Send(cb(c)(c.ReadyPacket()).Fault("a READY "+what), c.GreasePacket())
					c.sentinel()
				},
				Want: closedUnopened(codec.CodeUnauthenticated),
			},
		}
	}
	return []Case{
		{
			ID: "ready/binding-is-stated", Req: []string{"READY-014"}, Level: 4, Tags: []string{TagTLS},
			Title: "READY states the channel binding of its sender where tls.bind was selected",
			Run: func(t *T) {
				c := t.Dial(Options{TLS: overTLS})
				bound(c)
				c.SendReady()
				m := c.ready()
				if want := c.binding(c.other, m.TH); string(m.CB) != string(want) {
					t.Fail("cb that the TLS exporter gives for its sender", "%x", m.CB)
				}
				c.Echo()
			},
		},
		wrong("binding-missing", "without cb, where tls.bind was selected,", func(*Conn) edit { return drop("cb") }),
		wrong("binding-wrong", "whose cb is wrong in its last bit", func(c *Conn) edit {
			return func(p Packet) Packet {
				return p.Body("another cb", func(m map[string]any) {
					if cb, ok := m["cb"].([]byte); ok {
						cb[31] ^= 1
					}
				})
			}
		}),
		wrong("binding-of-the-other-role", "whose cb is that of the other side", func(c *Conn) edit {
			c.mu.Lock()
			th := c.wire.Hash()
			c.mu.Unlock()
			return put("cb", c.binding(c.other, th))
		}),
	}
}
