package conformance

import (
	"bytes"
	"fmt"

	"handfast/codec"
)

var otherPrint = [16]byte{0xAA, 0xBB}

// digested holds a DIGEST against items: form and entries.
func (x *session) digested(m codec.SyncDigest, form codec.SyncForm, items [][16]byte) {
	var entries []byte
	switch form {
	case codec.SyncParts:
		for _, part := range partPrints(items, m.Prefix) {
			entries = append(entries, part[:]...)
		}
	case codec.SyncItems:
		for _, one := range items {
			entries = append(entries, one[:]...)
		}
	case codec.SyncBrief:
		entries = briefPrints(items)
	}
	switch {
	case m.Form != form && form == codec.SyncSame: // the form is wrong, or the fingerprint
		x.c.t.stop(&Failure{Verdict: Fail, Req: []string{"SYNC-027", "OBJ-016"}, Expected: "DIGEST of the form 0 for the fingerprint of what is there", Actual: fmt.Sprintf("form %d", m.Form)})
	case m.Form != form:
		x.broke("SYNC-027", fmt.Sprintf("DIGEST of the form %d", form), "form %d", m.Form)
	case !bytes.Equal(m.Entries, entries):
		x.c.t.Fail("DIGEST with the entries "+brief(entries), "%s", brief(m.Entries))
	}
}

// keyUnder gives a new key whose hash begins with a prefix, which is short.
func (t *T) keyUnder(p codec.SyncPrefix) []byte {
	for {
		if key := t.key(); prefixes(p, keyHash(key)) {
			return key
		}
	}
}

// checkCases are about CHECK and DIGEST.
func checkCases() []Case {
	whole := func(key []byte) codec.SyncPrefix { return prefixOf(keyHash(key), codec.MaxSyncPrefix) }
	// filled makes a case with a number of objects under a prefix of two half bytes.
	filled := func(slug, title string, n int, form codec.SyncForm) Case {
		return Case{
			ID: "check/" + slug, Req: []string{"SYNC-027", "SYNC-010", "OBJ-016"}, Title: title, Tags: []string{TagSlow},
			Run: func(t *T) {
				x := t.Session()
				w := x.learns()
				var p codec.SyncPrefix
				for {
					p = codec.SyncPrefix{}.Next(byte(t.Rand.IntN(16))).Next(byte(t.Rand.IntN(16)))
					if len(w.under(p)) <= n {
						break
					}
				}
				for len(w.under(p)) < n {
					key, o := t.keyUnder(p), value(t.write(0), "v")
					x.taken(key, o)
					w[string(key)] = o
				}
				m, _ := x.checks(p, otherPrint, false)
				x.digested(m, form, w.under(p))
				m, _ = x.checks(p, fingerprint(w.under(p), p), false)
				x.digested(m, codec.SyncSame, w.under(p))
				x.completes()
			},
		}
	}
	return []Case{
		{
			ID: "check/same", Req: []string{"SYNC-010", "SYNC-027", "OBJ-012", "OBJ-013", "OBJ-016"}, Title: "a CHECK with the peer's own fingerprint is answered with the form SAME",
			Run: func(t *T) {
				x := t.Session()
				key, o := t.key(), value(t.write(0), "value")
				x.taken(key, o)
				items := [][16]byte{itemOf(key, o)}
				m, _ := x.checks(whole(key), fingerprint(items, whole(key)), false)
				x.digested(m, codec.SyncSame, items)
				x.completes()
			},
		},
		{
			ID: "check/items", Req: []string{"SYNC-010", "SYNC-027", "OBJ-012", "OBJ-013", "OBJ-016"}, Title: "a CHECK with another fingerprint is answered with what the peer has itself, as items where it is little",
			Run: func(t *T) {
				x := t.Session()
				key, a, b := t.key(), t.write(0), t.write(1)
				o := holds([]sibling{{dot: a, value: []byte("value")}, {dot: b, gone: true}}, t.write(2))
				x.taken(key, o)
				m, _ := x.checks(whole(key), otherPrint, false)
				x.digested(m, codec.SyncItems, [][16]byte{itemOf(key, o)})
				x.completes()
			},
		},
		{
			ID: "check/nothing-there", Req: []string{"SYNC-010", "SYNC-027", "OBJ-016"}, Title: "a CHECK of a prefix without objects is answered without items, and has the fingerprint of zeros",
			Run: func(t *T) {
				x := t.Session()
				p := whole(t.key())
				m, _ := x.checks(p, otherPrint, false)
				x.digested(m, codec.SyncItems, nil)
				m, _ = x.checks(p, [16]byte{}, false)
				x.digested(m, codec.SyncSame, nil)
				x.completes()
			},
		},
		{
			ID: "check/everything", Req: []string{"SYNC-010", "SYNC-027", "OBJ-016"}, Title: "a CHECK of the empty prefix is answered with the fingerprint of all objects",
			Run: func(t *T) {
				x := t.Session()
				w := x.learnsAndAdds(t, 3)
				items, form := w.under(codec.SyncPrefix{}), codec.SyncParts
				if len(items) <= 64 {
					form = codec.SyncItems
				}
				m, _ := x.checks(codec.SyncPrefix{}, otherPrint, false)
				x.digested(m, form, items)
				x.completes()
			},
		},
		filled("64-objects", "64 objects under a prefix are listed as items", 64, codec.SyncItems),
		filled("65-objects", "65 objects under a prefix are given as the fingerprints of its 16 parts", 65, codec.SyncParts),
		{
			ID: "check/in-order", Req: []string{"SYNC-010", "SYNC-012"}, Title: "twenty questions at once are answered in their order, each once",
			Run: func(t *T) {
				x := t.Session()
				var keys [][]byte
				for range 10 {
					keys = append(keys, t.key())
				}
				for _, key := range keys {
					x.say(codec.SyncCheck{Prefix: whole(key), Fingerprint: otherPrint}, codec.SyncCheckKey{Key: key, Version: object{}.version()})
				}
				for _, key := range keys {
					if m := heard[codec.SyncDigest](x); m.Prefix != whole(key) {
						t.Fail(fmt.Sprintf("DIGEST of %X", whole(key).Bytes), "of %X", m.Prefix.Bytes)
					}
					x.told(key)
				}
				x.alive().completes()
			},
		},
		{
			ID: "check/asked-twice", Req: []string{"SYNC-010"}, Title: "one prefix that is asked about twice is answered twice, so that a responder remembers no question",
			Run: func(t *T) {
				x := t.Session()
				key, o := t.key(), value(t.write(0), "v")
				x.taken(key, o)
				for range 2 {
					m, _ := x.checks(whole(key), otherPrint, false)
					x.digested(m, codec.SyncItems, [][16]byte{itemOf(key, o)})
				}
				x.completes()
			},
		},
		{
			ID: "check/brief", Req: []string{"SYNC-027", "SYNC-010", "OBJ-016"}, Title: "a CHECK with BRIEF is answered by the first bytes of the fingerprints of the 16 parts, and by SAME where nothing differs",
			Run: func(t *T) {
				x := t.Session()
				w := x.learnsAndAdds(t, 3)
				items := w.under(codec.SyncPrefix{})
				m, _ := x.digestOf(codec.SyncCheck{Brief: true, Fingerprint: otherPrint})
				x.digested(m, codec.SyncBrief, items)
				m, _ = x.digestOf(codec.SyncCheck{Brief: true, Fingerprint: fingerprint(items, codec.SyncPrefix{})})
				x.digested(m, codec.SyncSame, items)
				x.completes()
			},
		},
		{
			ID: "check/clock", Req: []string{"SYNC-045"}, Title: "a CHECK with CLOCK is answered with the flag CLOCK where the peer's node clock has that check, and without it where it has another",
			Run: func(t *T) {
				x := t.Session()
				x.taken(t.key(), value(t.write(0), "v")).completes()
				z := t.Session()
				own, _ := z.since(nodeClock{})
				z.completes()
				y := t.Session()
				check := codec.SyncClockCheck([16]byte{}, own.encode())
				for _, c := range []struct {
					q    codec.SyncCheck
					same bool
				}{
					{codec.SyncCheck{Clock: true, ClockCheck: check}, true},
					{codec.SyncCheck{Clock: true, Brief: true, ClockCheck: check}, true},
					{codec.SyncCheck{Clock: true, ClockCheck: [8]byte{1}}, false},
					{codec.SyncCheck{}, false},
				} {
					if m, _ := y.digestOf(c.q); m.SameClock != c.same {
						y.broke("SYNC-045", fmt.Sprintf("a DIGEST with CLOCK: %v", c.same), "%v, for CLOCK %v and the check %X", m.SameClock, c.q.Clock, c.q.ClockCheck)
					}
				}
				y.completes()
			},
		},
		{
			ID: "check/pull", Req: []string{"SYNC-026"}, Title: "a CHECK with PULL brings each object under the prefix before its DIGEST",
			Run: func(t *T) {
				x := t.Session()
				key, o := t.key(), value(t.write(0), "pulled")
				x.taken(key, o)
				m, list := x.checks(whole(key), otherPrint, true)
				x.brings(list, key, o).digested(m, codec.SyncItems, [][16]byte{itemOf(key, o)})
				if len(list) != 1 {
					t.Fail("one REPAIR", "%d", len(list))
				}
				x.completes()
			},
		},
		{
			ID: "check/pull-only-when-asked", Req: []string{"SYNC-026"}, Title: "a CHECK without PULL brings no object, and a CHECK with PULL of an unknown key none",
			Run: func(t *T) {
				x := t.Session()
				key, o := t.key(), value(t.write(0), "stays")
				x.taken(key, o)
				_, list := x.checks(whole(key), otherPrint, false)
				_, more := x.checks(whole(t.key()), otherPrint, true)
				if n := len(list) + len(more); n > 0 {
					t.Fail("no REPAIR", "%d", n)
				}
				x.completes()
			},
		},
	}
}

// checkKeyCases are about CHECK_KEY and VERSION.
func checkKeyCases() []Case {
	// asked makes a case of one question about an object that the peer has: own with the version that is asked with, and whether REPAIR is due.
	asked := func(slug, title string, news bool, make func(t *T) (has, version object)) Case {
		req := []string{"SYNC-012", "SYNC-042"}
		return Case{
			ID: "check/key-" + slug, Req: req, Title: title,
			Run: func(t *T) {
				x := t.Session()
				key := t.key()
				has, version := make(t)
				if len(has.siblings) > 0 {
					x.taken(key, has)
				}
				got, list := x.asks(key, version.version())
				if !bytes.Equal(got, has.version()) {
					x.broke("SYNC-012", "VERSION of what the peer has itself, "+brief(has.version()), "%s", brief(got))
				}
				switch {
				case news:
					x.brings(list, key, has)
				case len(list) > 0:
					t.Fail("no REPAIR where the object has no news", "REPAIR with %s", brief(list[0].encode()))
				}
				x.alive().completes() // there is no second answer
			},
		}
	}
	return []Case{
		asked("newer-there", "an older version is answered with REPAIR and the peer's own, newer version, and not with the version that was asked with", true, func(t *T) (object, object) {
			a, b := t.write(0), t.write(0)
			return value(b, "new", a), value(a, "old")
		}),
		asked("older-there", "a newer version is answered with the peer's own, older version, once, and no REPAIR", false, func(t *T) (object, object) {
			a, b := t.write(0), t.write(0)
			return value(a, "old"), value(b, "new", a)
		}),
		asked("same", "the peer's own version is answered with itself, and no REPAIR", false, func(t *T) (object, object) {
			o := value(t.write(0), "same")
			return o, o
		}),
		asked("concurrent", "a concurrent version is answered with REPAIR and the peer's own", true, func(t *T) (object, object) {
			return value(t.write(0), "here"), value(t.write(1), "there")
		}),
		asked("fewer-siblings", "a version with one of two siblings is answered with REPAIR of both", true, func(t *T) (object, object) {
			a, b := t.write(0), t.write(1)
			return holds([]sibling{{dot: a, value: []byte("a")}, {dot: b, value: []byte("b")}}), value(a, "a")
		}),
		asked("wider-context", "a version whose context alone is smaller is answered with REPAIR", true, func(t *T) (object, object) {
			a, b := t.write(0), t.write(1)
			return value(a, "a", b), value(a, "a")
		}),
		asked("replaced-sibling", "a version with a sibling that the peer's context covers and its object lacks is answered with REPAIR", true, func(t *T) (object, object) {
			a, b := t.write(0), t.write(1)
			return value(b, "b", a), holds([]sibling{{dot: a, value: []byte("a")}, {dot: b, value: []byte("b")}})
		}),
		asked("absent-there", "a version of an object that the peer has not is answered with the version of nothing, and no REPAIR", false, func(t *T) (object, object) {
			return object{}, value(t.write(0), "only here")
		}),
		asked("absent-here", "the version of nothing is answered with REPAIR and the peer's own", true, func(t *T) (object, object) {
			return value(t.write(0), "only there"), object{}
		}),
		asked("tombstone-there", "a version with a value that was deleted there is answered with REPAIR of the tombstone", true, func(t *T) (object, object) {
			a, b := t.write(0), t.write(1)
			return tombstone(b, a), value(a, "deleted")
		}),
		{
			ID: "check/key-gone", Req: []string{"SYNC-029", "SYNC-042"}, Title: "a version with a sibling that the peer knows to be gone is answered with a REPAIR without siblings, whose context covers it",
			Run: func(t *T) {
				x := t.Session()
				key, d := t.key(), t.write(0)
				x.knowsGone(d)
				got, list := x.asks(key, value(d, "kept too long").version())
				if !bytes.Equal(got, object{}.version()) {
					t.Fail("the VERSION of nothing", "%s", brief(got))
				}
				x.brings(list, key, object{context: []dot{d}}).completes()
			},
		},
		{
			ID: "check/key-gone-behind-unknown", Req: []string{"SYNC-029"}, Title: "a version with a sibling that the peer knows to be gone, and an earlier one of the same actor that it does not know, brings no context that covers the unknown one",
			Run: func(t *T) {
				x := t.Session()
				key, unknown, gone := t.key(), t.write(0), t.write(0)
				x.knowsGone(gone)
				version := holds([]sibling{{dot: unknown, value: []byte("unknown")}, {dot: gone, value: []byte("gone")}}).version()
				_, list := x.asks(key, version)
				for _, one := range list {
					for _, d := range one.context {
						if d.actor == unknown.actor && d.counter >= unknown.counter {
							t.Fail("no context that covers a write which the peer does not know", "counter %d, and %d is unknown", d.counter, unknown.counter)
						}
					}
				}
				x.completes()
			},
		},
	}
}

// knowsGone lets the peer learn of a write that is of no object any more. A peer need not take a clock over; one that does not is not judged.
func (x *session) knowsGone(d dot) {
	x.own.add(d)
	x.stated = true
	x.say(codec.SyncClock{All: true, Clock: clockOf(d).encode()})
	x.alive()
	y := x.c.session()
	if all, _ := y.since(nodeClock{}); !all.has(d) {
		x.c.t.Unsupported("it does not take a clock over")
	}
	y.completes()
}
