package conformance

import (
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// sessionCases are about the OPEN of a session.
func sessionCases() []Case {
	salted := func(salt byte, namespace string) []byte {
		return codec.SyncParams{SaltCheck: codec.SyncSaltCheck([16]byte{salt}), Namespace: namespace}.Append(nil)
	}
	refused := func(slug, req, what string, code codec.Code, params []byte) Case {
		return Case{
			ID: "session/" + slug, Req: []string{req}, Title: "an OPEN " + what + " is rejected with " + code.String(),
			Reject: &Rejection{
				Options: syncing(),
				Good:    func(c *Conn) { c.syncs(); c.session().alive() },
				Bad: func(c *Conn) {
					c.syncs()
					_, open := c.opening(params)
					c.Send(open)
				},
				Want: Rejected(own(wire.Acceptor), code), DialerWant: Rejected(own(wire.Dialer), code),
			},
		}
	}
	const protocol = codec.CodeProtocol
	return []Case{
		refused("params-missing", "SYNC-002", "without params", protocol, nil),
		refused("params-empty", "SYNC-002", "with empty params", protocol, []byte{}),
		refused("params-short", "SYNC-002", "with params of 7 bytes", protocol, salted(0, "")[:7]),
		refused("params-without-namespace", "SYNC-002", "without a namespace", protocol, salted(0, "")),
		refused("params-upper-case", "SYNC-002", "with a namespace in upper case", protocol, salted(0, "Conform")),
		refused("params-with-a-space", "SYNC-002", "with a space in its namespace", protocol, salted(0, "con form")),
		refused("params-with-nul", "SYNC-002", "with a zero behind its namespace", protocol, salted(0, syncNamespace+"\x00")),
		refused("params-long", "SYNC-002", "with a namespace of 65 bytes", protocol, salted(0, strings.Repeat("a", 65))),
		refused("namespace-not-shared", "SYNC-003", "for a namespace that the peer does not share", codec.CodeSyncNamespace, salted(0, syncForeign)),
		refused("salt-other", "SYNC-004", "with another salt", codec.CodeSyncSalt, salted(1, syncNamespace)),
		{
			ID: "session/repair-into-a-denied-namespace", Req: []string{"SYNC-003"}, Title: "an OPEN for a namespace that the peer does not share, with CLOCK and REPAIR right behind it, is rejected with SYNC_NAMESPACE, and the link lives on",
			Reject: func() *Rejection {
				open := func(c *Conn, namespace string) *Stream {
					c.syncs()
					s, packet := c.opening(syncParams(namespace))
					d := c.t.write(0)
					c.Send(packet,
						s.Data(0, encoded(codec.SyncClock{Clock: clockOf(d).encode()})),
						s.Data(0, encoded(codec.SyncRepair{Number: 1, Key: c.t.key(), Object: value(d, "denied").encode()})))
					return s
				}
				return &Rejection{
					Options: syncing(),
					Good: func(c *Conn) {
						s := open(c, syncNamespace)
						c.Expect(Accepted(s.ID))
						x := c.sessionOn(s)
						x.sent = 1
						x.becomes(x.result(), codec.SyncApplied, 1) // a later case may ask about all objects
					},
					Bad:  func(c *Conn) { open(c, syncForeign) },
					Want: Rejected(own(wire.Acceptor), codec.CodeSyncNamespace), DialerWant: Rejected(own(wire.Dialer), codec.CodeSyncNamespace),
				}
			}(),
		},
		{
			ID: "session/two-on-one-link", Req: []string{"SYNC-012", "SYNC-031"}, Title: "two sessions on one link each get their own answers",
			Run: func(t *T) {
				c := t.Syncing()
				a, b := c.session(), c.session()
				key, d := t.key(), t.write(0)
				a.taken(key, value(d, "one"))
				b.has(key, value(d, "one"))
				a.alive()
				b.completes()
				a.completes()
			},
		},
	}
}

// sessionFormCases are about the form of messages (SYNC-005).
func sessionFormCases() []Case {
	row := func(slug, what string, good, bad []byte, more ...string) Case {
		return Case{
			ID: "session/" + slug, Req: append([]string{"SYNC-005"}, more...), Title: what + " ends the stream with PROTOCOL",
			Reject: refusing(
				func(x *session) { x.states(); x.put(good); x.any(); x.alive() },
				func(x *session) { x.states(); x.c.Send(x.wrong(what, bad)) },
				codec.CodeProtocol),
		}
	}
	// before is a row of what has to come before any clock is stated.
	before := func(slug, what string, good, bad []byte, more ...string) Case {
		return Case{
			ID: "session/" + slug, Req: append([]string{"SYNC-005"}, more...), Title: what + " ends the stream with PROTOCOL",
			Reject: refusing(
				func(x *session) { x.put(good); x.any(); x.alive() },
				func(x *session) { x.c.Send(x.wrong(what, bad)) },
				codec.CodeProtocol),
		}
	}
	edited := func(b []byte, at int, with ...byte) []byte {
		b = append([]byte(nil), b...)
		copy(b[at:], with)
		return b
	}
	check := encoded(codec.SyncCheck{})
	deep := encoded(codec.SyncCheck{Prefix: prefixOf([8]byte{1, 2, 3, 4, 5, 6, 7, 8}, 16), Pull: true})
	odd := encoded(codec.SyncCheck{Prefix: prefixOf([8]byte{0x12, 0x34}, 3)})
	clockCheck := encoded(codec.SyncCheck{Clock: true})
	key := []byte("no-such-key")
	checkKey := encoded(codec.SyncCheckKey{Key: key, Version: object{}.version()})
	itemError := encoded(codec.SyncError{Code: codec.CodeSyncUnreadable, Key: []byte("k"), Text: "text"})
	empty := nodeClock{}
	since, clock := encoded(codec.SyncSince{Clock: empty.encode()}), encoded(codec.SyncClock{Clock: empty.encode()})
	actor := [16]byte{1}
	ranged := func(ranges ...codec.Range) []byte {
		return nodeClock{actor: ranges}.encode()
	}
	lawful := encoded(codec.SyncClock{Clock: ranged(codec.Range{First: 1, Last: 3}, codec.Range{First: 5, Last: 5})})
	clocked := func(b []byte) []byte { return encoded(codec.SyncClock{Clock: b}) }
	version := value(dot{actor, 1}, "v").version()
	asked := func(v []byte) []byte { return encoded(codec.SyncCheckKey{Key: key, Version: v}) }
	cases := []Case{
		row("empty-message", "a message without bytes", check, nil),
		row("kind-0", "a message of the kind 0", check, edited(check, 0, 0)),
		row("kind-13", "a message of the kind 13", check, edited(check, 0, 13)),
		row("kind-255", "a message of the kind 255", check, edited(check, 0, 255)),
		row("digest-from-the-initiator", "DIGEST from the initiator", check, encoded(codec.SyncDigest{})),
		row("version-from-the-initiator", "VERSION from the initiator", checkKey, encoded(codec.SyncVersion{Key: key, Version: object{}.version()})),
		row("cells-without-the-capability", "CELLS without the capability sync.cells", check, encoded(codec.SyncCells{Count: 1}), "CELL-011"),
		row("estimate-without-the-capability", "CHECK with ESTIMATE without the capability sync.cells", check, encoded(codec.SyncCheck{Estimate: true}), "CELL-011"),
		row("check-without-a-body", "a CHECK without a body", check, check[:1]),
		row("check-short", "a CHECK of 18 bytes", check, check[:18]),
		row("check-long", "a CHECK with a byte behind it", check, append(edited(check, 0, 3), 0)),
		row("check-length-17", "a CHECK with a prefix of 17 half bytes", check, append(edited(check, 2, 17), make([]byte, 9)...)),
		row("check-prefix-cut", "a CHECK whose prefix is not all there", odd, odd[:len(odd)-1]),
		row("check-behind-the-prefix", "a CHECK with a half byte behind its prefix", odd, edited(odd, len(odd)-1, 0x31)),
		row("check-pull-of-15", "a CHECK with PULL of 15 half bytes", deep, edited(edited(deep, 2, 15), len(deep)-1, 0)),
		row("check-clock-cut", "a CHECK with CLOCK whose check of the clock is not all there", clockCheck, clockCheck[:len(clockCheck)-1]),
		row("check-clock-of-1", "a CHECK with CLOCK of one half byte", clockCheck, append(append(edited(clockCheck, 2, 1)[:19], 0x10), make([]byte, 8)...)),
		row("check-brief-of-1", "a CHECK with BRIEF of one half byte", encoded(codec.SyncCheck{Brief: true}), append(edited(encoded(codec.SyncCheck{Brief: true}), 2, 1), 0x10)),
		row("check-key-without-a-body", "a CHECK_KEY without a body", checkKey, checkKey[:1]),
		row("check-key-empty", "a CHECK_KEY with an empty key", checkKey, edited(checkKey, 2, 0, 0)),
		row("check-key-cut", "a CHECK_KEY whose key is not all there", checkKey, checkKey[:8]),
		row("check-key-long", "a CHECK_KEY with a key of 1,025 bytes", checkKey, append(append([]byte{5, 0, 4, 1}, make([]byte, 1025)...), object{}.version()...)),
		row("version-missing", "a CHECK_KEY without a version", checkKey, checkKey[:4+len(key)]),
		row("version-cut", "a CHECK_KEY with a version that is cut", asked(version), asked(version[:len(version)-1])),
		row("version-with-a-tail", "a CHECK_KEY with a byte behind its version", asked(version), append(asked(version), 0)),
		row("version-form", "a CHECK_KEY with a version of the form 2", asked(version), asked(edited(version, 0, 2))),
		row("version-counter-0", "a CHECK_KEY with a version whose context has the counter 0", asked(version), asked(edited(version, 8+16, make([]byte, 8)...))),
		row("error-scope-0", "an ERROR of the scope 0", itemError, edited(itemError, 1, 0)),
		row("error-scope-3", "an ERROR of the scope 3", itemError, edited(itemError, 1, 3)),
		row("error-key-cut", "an ERROR whose key is not all there", itemError, edited(itemError, 2, 4, 0)),
		row("error-text", "an ERROR whose text is no UTF-8", itemError, edited(itemError, len(itemError)-1, 0xFF)),
		before("since-without-a-body", "a SINCE without a body", since, since[:1]),
		before("since-without-a-clock", "a SINCE without a clock", since, since[:2]),
		before("clock-without-a-clock", "a CLOCK without a clock", clock, clock[:2]),
		before("clock-form", "a CLOCK with a node clock of the form 2", lawful, edited(lawful, 2, 2), "OBJ-014"),
		before("clock-reserved", "a CLOCK with a reserved byte of its node clock that is not 0", lawful, edited(lawful, 3, 1), "OBJ-014"),
		before("clock-cut", "a CLOCK with a node clock that ends early", lawful, lawful[:len(lawful)-1], "OBJ-014"),
		before("clock-tail", "a CLOCK with a byte behind its node clock", lawful, append(edited(lawful, 0, 2), 0), "OBJ-014"),
		before("clock-actor-without-ranges", "a CLOCK with an actor without a range", lawful, clocked(append([]byte{1, 0, 0, 1}, make([]byte, 20)...)), "OBJ-014"),
		before("clock-range-from-0", "a CLOCK with a range that begins with 0", lawful, clocked(ranged(codec.Range{First: 0, Last: 3})), "OBJ-014"),
		before("clock-range-backwards", "a CLOCK with a range whose last is below its first", lawful, clocked(ranged(codec.Range{First: 3, Last: 2})), "OBJ-014"),
		before("clock-range-of-63-bits", "a CLOCK with a range up to 2^63", lawful, clocked(ranged(codec.Range{First: 3, Last: 1 << 63})), "OBJ-014"),
		before("clock-ranges-that-touch", "a CLOCK with two ranges without a gap", lawful, clocked(ranged(codec.Range{First: 1, Last: 3}, codec.Range{First: 4, Last: 5})), "OBJ-014"),
		before("clock-ranges-descend", "a CLOCK with ranges that descend", lawful, clocked(ranged(codec.Range{First: 5, Last: 5}, codec.Range{First: 1, Last: 3})), "OBJ-014"),
		before("clock-count-of-4-billion", "a CLOCK with 2^32-1 ranges of which none is there", lawful, clocked(append(append([]byte{1, 0, 0, 1}, actor[:]...), 255, 255, 255, 255)), "OBJ-014"),
	}
	return cases
}

// any waits until whatever was sent is answered.
func (x *session) any() {
	// What is asked behind it is answered behind it (SYNC-010).
	raw := x.c.t.key()
	x.say(codec.SyncCheckKey{Key: raw, Version: object{}.version()})
	for {
		if m, ok := x.hear().(codec.SyncVersion); ok && string(m.Key) == string(raw) {
			x.brought() // what SINCE has brought
			return
		}
	}
}

// sessionStateCases are about what may come when.
func sessionStateCases() []Case {
	refuse := func(slug, req, title string, good, bad func(x *session)) Case {
		return Case{ID: "session/" + slug, Req: strings.Fields(req), Title: title, Reject: refusing(good, bad, codec.CodeProtocol)}
	}
	whole := func(x *session) { x.completes() }
	return []Case{
		{
			ID: "session/nothing-to-do", Req: []string{"SYNC-031"}, Title: "COMPLETE is answered with COMPLETE and FIN, in a session in which nothing was said",
			Run: func(t *T) { t.Session().completes() },
		},
		{
			ID: "session/counts", Req: []string{"SYNC-031"}, Title: "COMPLETE has the counts of the session: what came of each kind of outcome, and what was sent",
			Run: func(t *T) {
				x := t.Session()
				key, a, b := t.key(), t.write(0), t.write(1)
				x.taken(key, value(a, "one"))
				x.becomes(x.give(key, value(a, "one")), codec.SyncNoOp, 1)
				x.becomes(x.give(key, value(b, "two")), codec.SyncSiblings, 2)
				x.say(x.repair(key, []byte("no object")))
				x.rejects(x.result(), codec.CodeSyncCorrupt)
				x.asks(key, object{}.version())
				x.completes()
			},
		},
		{
			ID: "session/complete-says-what-is-there", Req: []string{"SYNC-031", "OBJ-016"}, Title: "COMPLETE has the number of objects and the fingerprint of the empty prefix, of that moment",
			Run: func(t *T) {
				x := t.Session()
				w := x.learns()
				key, d := t.key(), t.write(0)
				x.taken(key, value(d, "one"))
				w[string(key)] = value(d, "one")
				m := x.completes()
				items := w.under(codec.SyncPrefix{})
				if want := fingerprint(items, codec.SyncPrefix{}); int(m.Count) != len(items) || m.Fingerprint != want {
					t.Fail("COMPLETE with the count and the fingerprint of what is there", "%d objects, fingerprint %X; there are %d, %X", m.Count, m.Fingerprint, len(items), want)
				}
			},
		},
		{
			ID: "session/complete-in-short", Req: []string{"SYNC-046"}, Title: "the COMPLETE of a peer has ROOT where its fingerprint is not the one that was named last, and without ROOT it says that one",
			Run: func(t *T) {
				x := t.Session()
				w := x.learns()
				key, d := t.key(), t.write(0)
				x.taken(key, value(d, "one"))
				w[string(key)] = value(d, "one")
				print := fingerprint(w.under(codec.SyncPrefix{}), codec.SyncPrefix{})
				x.checks(codec.SyncPrefix{}, print, false)
				x.short = true
				if m := x.completes(); m.Root && m.Fingerprint != print {
					t.Fail("COMPLETE without ROOT, or with the fingerprint of what is there", "the fingerprint %X", m.Fingerprint)
				}
				y := t.Session()
				y.checks(codec.SyncPrefix{}, otherPrint, false)
				y.short = true
				if m := y.completes(); !m.Root || m.Fingerprint != print {
					y.broke("SYNC-046", "COMPLETE with ROOT and the fingerprint of what is there", "ROOT %v, the fingerprint %X", m.Root, m.Fingerprint)
				}
			},
		},
		{
			ID: "session/ignored-bits", Req: []string{"SYNC-010", "SYNC-012"}, Title: "flags and reserved bytes that mean nothing are ignored",
			Run: func(t *T) {
				x := t.Session()
				for _, m := range []codec.SyncMessage{codec.SyncClock{Clock: nodeClock{}.encode()}, codec.SyncCheck{}, codec.SyncCheckKey{Key: t.key(), Version: object{}.version()}} {
					b := encoded(m)
					switch b[0] {
					case byte(codec.SyncKindClock):
						b[1] = 0xFE
					case byte(codec.SyncKindCheck):
						b[1] = 0xC0
					default:
						b[1] = 0xFF
					}
					x.put(b)
				}
				heard[codec.SyncDigest](x)
				heard[codec.SyncVersion](x)
				x.completes()
			},
		},
		{
			ID: "session/aborted", Req: []string{"SYNC-031"}, Title: "behind 20 sessions that are reset in the middle another one is served as if there had been none",
			Run: func(t *T) {
				c := t.Syncing()
				for range 20 {
					x := c.session()
					key := t.key()
					x.states(t.write(0)).say(codec.SyncCheckKey{Key: key, Version: object{}.version()})
					x.told(key)
					c.Send(x.s.Reset(codec.CodeCancelled))
				}
				c.session().taken(t.key(), value(t.write(0), "v")).completes()
			},
		},
		refuse("fin-early", "SYNC-020", "FIN before COMPLETE ends the stream with PROTOCOL", whole, func(x *session) {
			x.c.Send(x.s.Fin().Fault("FIN before COMPLETE"))
		}),
		refuse("fin-behind-a-question", "SYNC-020", "FIN behind a CHECK, and before COMPLETE, ends the stream with PROTOCOL", whole, func(x *session) {
			x.c.Send(x.s.Data(codec.FlagFin, encoded(codec.SyncCheck{})).Fault("FIN before COMPLETE"))
		}),
		refuse("complete-short", "SYNC-005", "a COMPLETE that is shorter than its flags say ends the stream with PROTOCOL", whole, func(x *session) {
			b := encoded(x.counts())
			x.c.Send(x.wrong("a COMPLETE that is too short", b[:len(b)-1]))
		}),
		refuse("question-behind-complete", "SYNC-021", "a CHECK behind COMPLETE ends the stream with PROTOCOL", whole, func(x *session) {
			x.say(x.counts())
			x.c.Send(x.wrong("a CHECK behind COMPLETE", encoded(codec.SyncCheck{})))
		}),
		refuse("two-completes", "SYNC-021", "a second COMPLETE ends the stream with PROTOCOL", whole, func(x *session) {
			x.say(x.counts())
			x.c.Send(x.wrong("a second COMPLETE", encoded(x.counts())))
		}),
		refuse("repair-behind-complete", "SYNC-021", "a REPAIR behind COMPLETE ends the stream with PROTOCOL", whole, func(x *session) {
			d := x.c.t.write(0)
			x.states(d).say(x.counts())
			x.c.Send(x.wrong("a REPAIR behind COMPLETE", encoded(x.repair(x.c.t.key(), value(d, "late").encode()))))
		}),
		refuse("question-behind-error", "SYNC-021", "a CHECK behind an ERROR of the session ends the stream with PROTOCOL",
			func(x *session) { x.say(codec.SyncError{Code: codec.CodeSyncStore}); x.alive() },
			func(x *session) {
				x.say(codec.SyncError{Session: true, Code: codec.CodeSyncStore})
				x.c.Send(x.wrong("a CHECK behind an ERROR of the session", encoded(codec.SyncCheck{})))
			}),
	}
}
