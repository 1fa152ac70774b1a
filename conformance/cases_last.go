package conformance

import (
	"strings"

	"handfast/codec"
)

// onLast brings a session to where nothing differs but by CHECK with LAST, and gives the one that says so.
func (x *session) onLast() codec.SyncCheck {
	w := x.learns()
	x.acknowledges()
	return codec.SyncCheck{Fingerprint: fingerprint(w.under(codec.SyncPrefix{}), codec.SyncPrefix{})}
}

// clocked gives the question with the peer's own node clock, as it stands behind everything that other sessions have brought.
func (x *session) clocked(q codec.SyncCheck) codec.SyncCheck {
	y := x.c.session()
	own, _ := y.since(nodeClock{})
	y.completes()
	q.Clock, q.ClockCheck = true, codec.SyncClockCheck([16]byte{}, own.encode())
	return q
}

// goesOn asks by CHECK with LAST where something differs: the peer answers by DIGEST, as to any CHECK, and the session goes on.
func (x *session) goesOn(q codec.SyncCheck, form codec.SyncForm, items [][16]byte) {
	q.Last = true
	x.named = q.Fingerprint
	m, list := x.digestOf(q)
	x.digested(m, form, items)
	if len(list) > 0 {
		x.c.t.Fail("no REPAIR where CHECK had no PULL", "%d", len(list))
	}
	x.alive()
}

// lastCases are about CHECK with LAST.
func lastCases() []Case {
	refuse := func(slug, req, what string, good, bad func(x *session)) Case {
		return Case{ID: "check/last-" + slug, Req: strings.Fields(req), Title: what + " ends the stream with PROTOCOL", Reject: refusing(good, bad, codec.CodeProtocol)}
	}
	// row is a row of the form of a CHECK with LAST.
	row := func(slug, what string, bad []byte) Case {
		return refuse(slug, "SYNC-005", what,
			func(x *session) { x.goesOnAnyhow(codec.SyncCheck{Fingerprint: otherPrint}) },
			func(x *session) { x.states(); x.c.Send(x.wrong(what, bad)) })
	}
	// behind is a row of a message behind a CHECK with LAST where nothing differs.
	behind := func(slug, what string, bad func(x *session) []byte) Case {
		return refuse(slug, "SYNC-021 SYNC-048", what+" behind a CHECK with LAST where nothing differs",
			func(x *session) { x.lasts(x.onLast()) },
			func(x *session) {
				q := x.onLast()
				q.Last = true
				x.states().say(q)
				x.c.Send(x.wrong(what+" behind the end", bad(x)))
			})
	}
	edited := func(b []byte, at int, to byte) []byte {
		b = append([]byte(nil), b...)
		b[at] = to
		return b
	}
	last := encoded(codec.SyncCheck{Last: true, Fingerprint: otherPrint})
	counted := encoded(codec.SyncCheck{Last: true, Fingerprint: otherPrint, Counts: codec.SyncComplete{Errors: 1}})
	const flags, length = 1, 2 // offsets
	return []Case{
		{
			ID: "check/last-equal", Req: []string{"SYNC-048", "SYNC-046"}, Title: "a CHECK with LAST and the fingerprint of all objects is answered with COMPLETE and FIN, without a DIGEST",
			Run: func(t *T) { x := t.Session(); x.lasts(x.onLast()) },
		},
		{
			ID: "check/last-equal-at-once", Req: []string{"SYNC-048", "SYNC-046"}, Title: "a CHECK with LAST is answered with COMPLETE and FIN as the first message of a session, with the check of the peer's own node clock and without, and with BRIEF",
			Run: func(t *T) {
				for _, q := range []codec.SyncCheck{{}, {Brief: true}, {Clock: true}, {Clock: true, Brief: true}} {
					z := t.Session()
					at := z.onLast()
					z.completes()
					if q.Clock {
						at = z.clocked(at)
					}
					at.Brief = q.Brief
					t.Session().lasts(at)
				}
			},
		},
		{
			ID: "check/last-counts", Req: []string{"SYNC-048", "SYNC-031"}, Title: "a CHECK with LAST and COUNTS where nothing differs is answered with the counts of the session",
			Run: func(t *T) {
				x := t.Session()
				w := x.learnsAndAdds(t, 3)
				key, d := t.key(), t.write(0)
				x.taken(key, value(d, "once"))
				x.becomes(x.give(key, value(d, "once")), codec.SyncNoOp, 1)
				w[string(key)] = value(d, "once")
				x.acknowledges()
				x.lasts(codec.SyncCheck{Fingerprint: fingerprint(w.under(codec.SyncPrefix{}), codec.SyncPrefix{})})
			},
		},
		{
			ID: "check/last-counts-of-another-session", Req: []string{"SYNC-048", "SYNC-031"}, Title: "a CHECK with LAST whose counts are not those of the session is answered with the peer's own",
			Run: func(t *T) {
				x := t.Session()
				q := x.onLast()
				q.Counts = codec.SyncComplete{Errors: 3, Sent: 41, Acked: 40, Received: 7, Applied: 1, Rejected: 2}
				x.lasts(q)
			},
		},
		{
			ID: "check/last-fingerprint-differs", Req: []string{"SYNC-048", "SYNC-010", "SYNC-027"}, Title: "a CHECK with LAST and another fingerprint is answered by DIGEST, as to any CHECK, and the session goes on",
			Run: func(t *T) {
				x := t.Session()
				w := x.learnsAndAdds(t, 2)
				items := w.under(codec.SyncPrefix{})
				form := codec.SyncParts
				if len(items) <= 64 {
					form = codec.SyncItems
				}
				x.goesOn(codec.SyncCheck{Fingerprint: otherPrint}, form, items)
				x.goesOn(codec.SyncCheck{Fingerprint: otherPrint, Brief: true}, codec.SyncBrief, items)
				x.taken(t.key(), value(t.write(0), "behind LAST")).completes()
			},
		},
		{
			ID: "check/last-clock-same-and-fingerprint-not", Req: []string{"SYNC-048", "SYNC-045", "SYNC-027"}, Title: "a CHECK with LAST, the check of the peer's own node clock and another fingerprint is answered by DIGEST with CLOCK, and the session goes on",
			Run: func(t *T) {
				x := t.Session()
				w := x.learns()
				q := x.clocked(codec.SyncCheck{Fingerprint: otherPrint, Brief: true})
				q.Last = true
				m, _ := x.digestOf(q)
				x.digested(m, codec.SyncBrief, w.under(codec.SyncPrefix{}))
				if !m.SameClock {
					x.broke("SYNC-045", "a DIGEST with CLOCK", "one without")
				}
				x.named = otherPrint
				x.alive().completes()
			},
		},
		{
			ID: "check/last-clock-differs", Req: []string{"SYNC-048", "SYNC-045", "SYNC-027"}, Title: "a CHECK with LAST, the fingerprint of all objects and the check of another node clock is answered by DIGEST of the form SAME without CLOCK, and the session goes on",
			Run: func(t *T) {
				x := t.Session()
				q := x.onLast()
				q.Clock, q.ClockCheck, q.Last = true, [8]byte{1}, true
				m, _ := x.digestOf(q)
				x.digested(m, codec.SyncSame, nil)
				if m.SameClock {
					x.broke("SYNC-045", "a DIGEST without CLOCK", "one with it")
				}
				x.named = q.Fingerprint
				x.taken(t.key(), value(t.write(0), "behind LAST")).completes()
			},
		},
		{
			ID: "check/last-counts-are-ignored", Req: []string{"SYNC-048", "SYNC-031"}, Title: "the counts of a CHECK with LAST that is answered by DIGEST mean nothing",
			Run: func(t *T) {
				x := t.Session()
				x.goesOnAnyhow(codec.SyncCheck{Fingerprint: otherPrint, Counts: codec.SyncComplete{Errors: 9, Sent: 9, Received: 9}})
				x.taken(t.key(), value(t.write(0), "v")).completes()
			},
		},
		{
			ID: "check/last-twice", Req: []string{"SYNC-010", "SYNC-048"}, Title: "a CHECK with LAST where something differs is answered as often as it comes, and one where nothing does ends the session then",
			Run: func(t *T) {
				x := t.Session()
				q := x.onLast()
				for range 2 {
					x.goesOnAnyhow(codec.SyncCheck{Fingerprint: otherPrint})
				}
				x.lasts(q)
			},
		},
		{
			ID: "check/last-estimate", Req: []string{"SYNC-048", "SYNC-010"}, Title: "a CHECK with LAST and ESTIMATE is answered by an estimate where something differs, and with COMPLETE and FIN where nothing does",
			Run: func(t *T) {
				c := t.Open(celling(64))
				c.cells()
				x := c.session()
				q := x.onLast()
				if m, _ := x.digestOf(codec.SyncCheck{Fingerprint: otherPrint, Estimate: true, Last: true}); m.Form != codec.SyncEstimate {
					t.Fail("DIGEST of the form ESTIMATE", "form %d", m.Form)
				}
				q.Estimate = true
				x.alive().lasts(q)
			},
		},
		{
			ID: "check/last-not-said", Req: []string{"SYNC-010", "SYNC-048"}, Title: "a CHECK without LAST is answered by DIGEST, though nothing differs",
			Run: func(t *T) {
				x := t.Session()
				q := x.clocked(x.onLast())
				m, _ := x.digestOf(q)
				x.digested(m, codec.SyncSame, nil)
				if !m.SameClock {
					x.broke("SYNC-045", "a DIGEST with CLOCK", "one without")
				}
				x.named = q.Fingerprint
				x.alive().completes()
			},
		},
		{
			ID: "check/last-behind-refused", Req: []string{"SYNC-048", "SYNC-031"}, Title: "a CHECK with LAST where nothing differs is answered with COMPLETE that counts what was rejected, so that nobody takes the session for whole",
			Run: func(t *T) {
				x := t.Session()
				q := x.onLast()
				x.states().say(x.repair(t.key(), []byte("no object")))
				x.rejects(x.result(), codec.CodeSyncCorrupt)
				if m := x.lasts(q); m.Rejected != 1 {
					t.Fail("COMPLETE with one that was rejected", "%d", m.Rejected)
				}
			},
		},
		row("of-one-half-byte", "a CHECK with LAST of one half byte", append(edited(last, length, 1), 0x10)),
		row("with-pull", "a CHECK with LAST and PULL of the empty prefix", edited(last, flags, last[flags]|1)),
		row("counts-without-last", "a CHECK with COUNTS and without LAST", edited(counted, flags, counted[flags]&^16)),
		row("counts-cut", "a CHECK with LAST whose counts are not all there", counted[:len(counted)-1]),
		row("counts-missing", "a CHECK with LAST and COUNTS that has no counts", counted[:len(last)]),
		row("counts-unannounced", "a CHECK with LAST and counts that its flags do not say", edited(counted, flags, last[flags])),
		behind("question-behind", "a CHECK_KEY", func(x *session) []byte {
			return encoded(codec.SyncCheckKey{Key: x.c.t.key(), Version: object{}.version()})
		}),
		behind("complete-behind", "a COMPLETE", func(x *session) []byte { return encoded(x.counts()) }),
		behind("clock-behind", "a CLOCK", func(*session) []byte { return encoded(codec.SyncClock{Clock: nodeClock{}.encode()}) }),
		refuse("fin-behind-a-difference", "SYNC-020", "FIN with a CHECK with LAST where something differs",
			func(x *session) { x.completes() },
			func(x *session) { x.c.Send(x.s.Data(codec.FlagFin, last).Fault("FIN before COMPLETE")) }),
	}
}

// goesOnAnyhow is goesOn where it is of no meaning what the peer has.
func (x *session) goesOnAnyhow(q codec.SyncCheck) {
	q.Last = true
	x.named = q.Fingerprint
	if m, _ := x.digestOf(q); m.Form == codec.SyncSame {
		x.broke("SYNC-027", "a DIGEST that shows a difference", "form %d", m.Form)
	}
	x.alive()
}
