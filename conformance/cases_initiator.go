package conformance

import (
	"slices"
	"strings"

	"handfast/codec"
	"handfast/conformance/driver"
)

// The scenes of a session that the peer has begun.

// onStart is one whose first CHECK, which has BRIEF, is not answered.
func onStart(c *Conn) *responder {
	r := c.responds(world{}, nodeClock{})
	if m := r.until(codec.SyncKindCheck).(codec.SyncCheck); !m.Brief { //nolint:forcetypeassert // until gives this kind
		c.t.Unsupported("it asks for no brief answer")
	}
	return r
}

// onSince is one whose SINCE is not answered.
func onSince(c *Conn) *responder {
	r := c.responds(world{}, nodeClock{})
	r.until(codec.SyncKindSince)
	return r
}

// onCheck is one whose CHECK of the empty prefix is not answered. The peer has objects of which the responder says that it knows their writes.
func onCheck(c *Conn) *responder {
	c.stock(2)
	r := onSince(c)
	r.clock.join(r.theirs)
	r.answers(r.last)
	r.until(codec.SyncKindCheck)
	return r
}

// onCheckKey is one whose first CHECK_KEY is not answered.
func onCheckKey(c *Conn) *responder {
	r := onCheck(c)
	r.answers(r.last)
	r.until(codec.SyncKindCheckKey)
	return r
}

// onComplete is one whose COMPLETE is not answered.
func onComplete(c *Conn) *responder {
	r := onSince(c)
	r.answers(r.last)
	r.until(codec.SyncKindComplete)
	return r
}

// initiatorCases judge a peer as the initiator of sessions that its driver begins.
func initiatorCases() []Case {
	return slices.Concat(initiatorFaults(), initiatorWalks(), initiatorEnds())
}

// initiatorFaults are what a responder may not send.
func initiatorFaults() []Case {
	refuse := func(slug, req, what string, scene func(c *Conn) *responder, bad func(r *responder) []byte) Case {
		return Case{
			ID: "initiator/" + slug, Req: strings.Fields(req), Title: what + " ends the stream with PROTOCOL",
			Reject: initiating(scene,
				func(r *responder) { r.answers(r.last); r.whole().ends("whole", "partial") },
				func(r *responder) { r.wrong(what, bad(r)) }),
		}
	}
	digest := func(change func(m *codec.SyncDigest)) func(r *responder) []byte {
		return func(r *responder) []byte {
			m := r.digest(r.last.(codec.SyncCheck)) //nolint:forcetypeassert // the scene has waited for one
			change(&m)
			b := append([]byte{byte(codec.SyncKindDigest), byte(m.Form), 0, byte(m.Prefix.Length)}, m.Prefix.Bytes[:(m.Prefix.Length+1)/2]...)
			return append(b, m.Entries...)
		}
	}
	fixed := func(m codec.SyncMessage) func(r *responder) []byte {
		return func(*responder) []byte { return encoded(m) }
	}
	elsewhere := prefixOf([8]byte{0x10}, 1)
	empty := nodeClock{}.encode()
	repair := func(number uint8) func(r *responder) []byte {
		return func(r *responder) []byte {
			d := r.c.t.write(2)
			r.say(codec.SyncClock{Clock: clockOf(d).encode()})
			return encoded(codec.SyncRepair{Number: number, Key: r.c.t.key(), Object: value(d, "pushed").encode()})
		}
	}
	return []Case{
		refuse("empty-message", "SYNC-005", "a message without bytes", onCheck, func(*responder) []byte { return nil }),
		refuse("check-from-the-responder", "SYNC-005", "CHECK from the responder", onCheck, fixed(codec.SyncCheck{})),
		refuse("since-from-the-responder", "SYNC-005", "SINCE from the responder", onSince, fixed(codec.SyncSince{Clock: empty})),
		refuse("clock-that-is-none", "SYNC-005", "a CLOCK without a clock", onSince, func(*responder) []byte { return []byte{2, 0} }),
		refuse("digest-half-an-item", "SYNC-005", "a DIGEST that ends inside an item", onCheck, digest(func(m *codec.SyncDigest) {
			m.Form, m.Entries = codec.SyncItems, itemsUnder(m.Prefix, 2)[:24]
		})),
		refuse("digest-items-descend", "SYNC-005", "a DIGEST whose items descend", onCheck, digest(func(m *codec.SyncDigest) {
			one := itemsUnder(m.Prefix, 2)
			m.Form, m.Entries = codec.SyncItems, slices.Concat(one[16:], one[:16])
		})),
		refuse("digest-form-5", "SYNC-005", "a DIGEST of the form 5", onCheck, digest(func(m *codec.SyncDigest) { m.Form = 5 })),
		refuse("estimate-unasked", "SYNC-044", "a DIGEST of the form ESTIMATE that was not asked for", onPlainCheck, digest(func(m *codec.SyncDigest) {
			m.Form, m.Entries = codec.SyncEstimate, make([]byte, codec.SyncEstimateSize)
		})),
		refuse("digest-of-another-prefix", "SYNC-011", "a DIGEST of another prefix than was asked about", onCheck, digest(func(m *codec.SyncDigest) {
			*m = codec.SyncDigest{Prefix: elsewhere, Form: codec.SyncItems}
		})),
		refuse("digest-unasked", "SYNC-011", "a DIGEST that nobody has asked for", onSince, fixed(codec.SyncDigest{})),
		refuse("version-for-a-check", "SYNC-011", "a VERSION where a CHECK waits for its DIGEST", onCheck, fixed(codec.SyncVersion{Key: []byte("k"), Version: object{}.version()})),
		refuse("version-of-another-key", "SYNC-011", "a VERSION of another key than was asked about", onCheckKey, fixed(codec.SyncVersion{Key: []byte("another key"), Version: object{}.version()})),
		refuse("version-that-is-none", "SYNC-005", "a VERSION without a version", onCheckKey, func(r *responder) []byte {
			b := encoded(codec.SyncVersion{Key: r.last.(codec.SyncCheckKey).Key, Version: object{}.version()}) //nolint:forcetypeassert // the scene has waited for one
			return b[:len(b)-8]
		}),
		refuse("brief-unasked", "SYNC-044", "a DIGEST of the form BRIEF that was not asked for", onPlainCheck, digest(func(m *codec.SyncDigest) {
			m.Form, m.Entries = codec.SyncBrief, make([]byte, 16)
		})),
		refuse("65-items", "SYNC-044", "a DIGEST of the empty prefix with 65 items", onCheck, digest(func(m *codec.SyncDigest) {
			m.Form, m.Entries = codec.SyncItems, itemsUnder(m.Prefix, 65)
		})),
		refuse("parts-for-brief", "SYNC-044", "a DIGEST of the form PARTS for a CHECK with BRIEF", onStart, digest(func(m *codec.SyncDigest) {
			m.Form, m.Entries = codec.SyncParts, make([]byte, 16*16)
		})),
		refuse("clock-never-stated", "SYNC-047", "a CLOCK with ALL that leaves out a clock which was never stated", onSince, fixed(codec.SyncClock{All: true})),
		refuse("second-clock-with-all", "SYNC-009", "a second CLOCK with ALL", onCheck, fixed(codec.SyncClock{All: true, Clock: empty})),
		refuse("repair-before-a-clock", "SYNC-017", "a REPAIR before a clock was stated", onSince, func(r *responder) []byte {
			return encoded(codec.SyncRepair{Number: 1, Key: r.c.t.key(), Object: value(r.c.t.write(2), "early").encode()})
		}),
		refuse("repair-number-2", "SYNC-016", "a first REPAIR with the number 2", onSince, repair(2)),
		refuse("repair-behind-the-questions", "SYNC-018", "a REPAIR that belongs to no open question", onComplete, repair(1)),
		refuse("result-for-nothing", "SYNC-019", "a RESULT in a session in which the initiator has sent no REPAIR", onSince, fixed(codec.SyncResult{First: 1, Entries: make([]codec.SyncEntry, 1)})),
		refuse("complete-too-early", "SYNC-020", "a COMPLETE before that of the initiator", onCheckKey, fixed(codec.SyncComplete{})),
		refuse("message-behind-complete", "SYNC-021", "a CLOCK behind the COMPLETE of the responder", onComplete, func(r *responder) []byte {
			r.say(r.counts())
			return encoded(codec.SyncClock{Clock: empty})
		}),
		{
			ID: "initiator/fin-early", Req: []string{"SYNC-020"}, Title: "FIN of a responder before its COMPLETE ends the stream with PROTOCOL",
			Reject: initiating(onCheck,
				func(r *responder) { r.answers(r.last); r.whole().ends("whole", "partial") },
				func(r *responder) { r.c.Send(r.s.Fin().Fault("FIN before COMPLETE")) }),
		},
	}
}

// initiatorWalks are about what an initiator asks and sends.
func initiatorWalks() []Case {
	// has checks what the peer has in the end, by a session of the suite's.
	has := func(c *Conn, key []byte, o object) {
		x := c.session()
		x.has(key, o).completes()
	}
	return []Case{
		{
			ID: "initiator/both-ways", Req: []string{"SYNC-001", "SYNC-016", "SYNC-024", "SYNC-025", "SYNC-030", "SYNC-022"}, Title: "a session that a peer begins brings what each side lacks, and is whole",
			Run: func(t *T) {
				c := t.Syncing()
				keys := c.stock(3)
				key, d := t.key(), t.write(2)
				r := c.responds(world{string(key): value(d, "of the responder")}, clockOf(d)).whole()
				if len(r.received) != len(keys) {
					t.Fail("REPAIR of 3 objects", "%d", len(r.received))
				}
				r.ends("whole")
				has(c, key, value(d, "of the responder"))
			},
		},
		{
			ID: "initiator/equal", Req: []string{"SYNC-046", "SYNC-030", "SYNC-020"}, Title: "a session of a peer with an equal store brings nothing, and is whole",
			Run: func(t *T) {
				c := t.Syncing()
				c.stock(2)
				x := c.session()
				own, list := x.since(nodeClock{})
				x.completes()
				w := world{}
				for _, one := range list {
					w[one.key] = one.object
				}
				r := c.respondsAs(w, own).whole()
				if len(r.received) > 0 || r.sent > 0 {
					t.Fail("no REPAIR", "%d of the peer, and %d were due to it", len(r.received), r.sent)
				}
				if m := r.complete; m.Root && m.Fingerprint != r.named || !m.Root && r.named != fingerprint(w.under(codec.SyncPrefix{}), codec.SyncPrefix{}) {
					r.broke("SYNC-046", "a COMPLETE that says the fingerprint of all objects", "ROOT %v, %X", m.Root, m.Fingerprint)
				}
				r.ends("whole")
			},
		},
		{
			ID: "initiator/clock-as-stated", Req: []string{"SYNC-047", "SYNC-022"}, Title: "an initiator takes a CLOCK with ALL that leaves its clock out as one with the clock that was stated last",
			Run: func(t *T) {
				c := t.Syncing()
				key, d := t.key(), t.write(2)
				r := c.responds(world{string(key): value(d, "v")}, clockOf(d))
				r.instead = func(m codec.SyncMessage) bool {
					if m.Kind() != codec.SyncKindSince {
						return false
					}
					r.say(codec.SyncClock{Clock: r.clock.encode()}, r.send(string(key), r.w[string(key)]), codec.SyncClock{All: true})
					return true
				}
				r.whole().ends("whole")
				has(c, key, value(d, "v"))
			},
		},
		{
			ID: "initiator/finds-what-clocks-hide", Req: []string{"SYNC-013", "SYNC-028", "SYNC-030"}, Title: "an initiator asks down to keys where the fingerprints differ, and sends what the answers lack",
			Run: func(t *T) {
				c := t.Syncing()
				c.stock(2)
				r := onSince(c)
				r.clock.join(r.theirs) // it says that it knows these writes, and has none of them
				r.answers(r.last)
				r.whole()
				if len(r.received) != 2 {
					t.Fail("REPAIR of 2 objects of which VERSION has said that they are not there", "%d", len(r.received))
				}
			},
		},
		{
			ID: "initiator/pulls", Req: []string{"SYNC-024", "SYNC-028", "SYNC-030"}, Title: "an initiator pulls an object that only the items of a DIGEST show",
			Run: func(t *T) {
				c := t.Syncing()
				key, d := t.key(), t.write(2)
				r := c.responds(world{string(key): value(d, "pulled")}, nodeClock{})
				r.instead = func(m codec.SyncMessage) bool {
					if m.Kind() == codec.SyncKindSince { // which leaves the object out
						r.say(codec.SyncClock{Clock: clockOf(d).encode()}, r.all())
						return true
					}
					return false
				}
				r.whole().ends("whole")
				has(c, key, value(d, "pulled"))
			},
		},
		{
			ID: "initiator/older-there", Req: []string{"SYNC-013", "SYNC-012"}, Title: "an initiator answers an older VERSION with its newer object",
			Run: func(t *T) {
				c := t.Syncing()
				x := c.session()
				key, a, b := t.key(), t.write(0), t.write(0)
				x.taken(key, value(b, "new", a)).completes()
				r := onSince(c)
				r.w[string(key)] = value(a, "old")
				r.clock.join(r.theirs)
				r.clock.add(a)
				r.instead = func(m codec.SyncMessage) bool {
					q, ok := m.(codec.SyncCheckKey)
					if ok { // without the old object, which has no news
						r.answered++
						r.say(codec.SyncVersion{Key: q.Key, Version: r.w[string(q.Key)].version()})
					}
					return ok
				}
				r.say(r.all())
				r.whole().given(key, value(b, "new", a)).ends("whole")
			},
		},
		{
			ID: "initiator/waits-for-results", Req: []string{"SYNC-030"}, Title: "an initiator does not send COMPLETE, or CHECK with LAST, before the RESULT of its last REPAIR",
			Run: func(t *T) {
				c := t.Syncing()
				keys := c.stock(2)
				r := onSince(c)
				r.answers(r.last)
				for range keys {
					r.until(codec.SyncKindRepair)
					r.keeps()
				}
				asks := false // by CHECK without LAST, which may come
				quiet := func() {
					c.Quiet(MaxQuiet, "COMPLETE, and no CHECK with LAST, before RESULT", func(e *Event) bool {
						return slices.ContainsFunc(e.Messages, func(b []byte) bool {
							early, asking := ending(b)
							asks = asks || asking
							return early
						})
					})
				}
				if quiet(); asks {
					r.answers(r.until(codec.SyncKindCheck)) // which is the same now
					quiet()
				}
				r.say(codec.SyncResult{First: 1, Entries: slices.Repeat([]codec.SyncEntry{{Outcome: codec.SyncApplied, Siblings: 1}}, len(keys))})
				r.whole().ends("whole")
			},
		},
		{
			ID: "initiator/bounced", Req: []string{"SYNC-028", "SYNC-030"}, Title: "an initiator whose versions are all bounced asks about each key once, and completes the session",
			Run: func(t *T) {
				c := t.Syncing()
				keys := c.stock(5)
				r := onSince(c)
				r.clock.join(r.theirs)
				r.answers(r.last)
				bounced := 0
				r.instead = func(m codec.SyncMessage) bool {
					q, ok := m.(codec.SyncCheckKey)
					if ok {
						bounced++
						r.answered++
						r.say(codec.SyncVersion(q))
					}
					return ok
				}
				r.whole()
				if bounced < len(keys) {
					t.Fail("CHECK_KEY of each of 5 keys", "%d", bounced)
				}
			},
		},
		{
			ID: "initiator/flooded-with-prefixes", Req: []string{"SYNC-028", "SYNC-030"}, Title: "an initiator that is told of differences without end asks about each prefix once, and completes the session when they end",
			Run: func(t *T) {
				c := t.Syncing()
				c.stock(1)
				r := onSince(c)
				r.answers(r.last)
				const most = 400
				told := 0
				r.instead = func(m codec.SyncMessage) bool {
					q, ok := m.(codec.SyncCheck)
					if !ok || q.Pull || q.Brief {
						return false
					}
					r.answered++
					told++
					if told > most || q.Prefix.Length == codec.MaxSyncPrefix {
						r.say(codec.SyncDigest{Prefix: q.Prefix})
						return true
					}
					r.say(codec.SyncDigest{Prefix: q.Prefix, Form: codec.SyncParts, Entries: t.randomPrints(16)})
					return true
				}
				r.whole()
				if told == 0 {
					t.Unsupported("it asks for no fingerprints")
				}
			},
		},
		{
			ID: "initiator/collision", Req: []string{"SYNC-036", "SYNC-033", "SYNC-022"}, Title: "an initiator rejects an object with a dot that it has with another value, goes on, and reports no whole session",
			Run: func(t *T) {
				c := t.Syncing()
				x := c.session()
				key, d, e := t.key(), t.write(0), t.write(2)
				x.taken(key, value(d, "one")).completes()
				clash := holds([]sibling{{dot: d, value: []byte("two")}, {dot: e, value: []byte("three")}})
				r := c.responds(world{string(key): clash}, clockOf(d, e))
				r.whole()
				if len(r.acked) == 0 || r.acked[0].Outcome != codec.SyncRejected || r.acked[0].Code != codec.CodeSyncCollision {
					t.Fail("RESULT rejected, code SYNC_COLLISION", "%v", r.acked)
				}
				r.ends("partial")
				has(c, key, value(d, "one"))
			},
		},
	}
}

// initiatorEnds are about what an initiator reports.
func initiatorEnds() []Case {
	// counted makes a case of a COMPLETE that does not agree with what was done.
	counted := func(slug, what string, change func(m *codec.SyncComplete)) Case {
		return Case{
			ID: "initiator/" + slug, Req: []string{"SYNC-022"}, Title: "a session whose responder " + what + " is not reported as whole",
			Run: func(t *T) {
				c := t.Syncing()
				c.stock(2)
				key, d := t.key(), t.write(2)
				r := c.responds(world{string(key): value(d, "v")}, clockOf(d))
				r.until(codec.SyncKindComplete)
				m := r.counts()
				change(&m)
				r.say(m)
				r.c.Send(r.s.Fin())
				r.s.End()
				r.ends("partial", "failed")
			},
		}
	}
	return []Case{
		counted("count-sent", "has counted more that it has sent", func(m *codec.SyncComplete) { m.Sent++ }),
		counted("count-acked", "has counted fewer answers", func(m *codec.SyncComplete) { m.Acked-- }),
		counted("count-received", "has received fewer objects", func(m *codec.SyncComplete) { m.Received--; m.Applied-- }),
		counted("count-outcomes", "has outcomes that are not the sum", func(m *codec.SyncComplete) { m.Applied-- }),
		counted("count-rejected", "has rejected an object", func(m *codec.SyncComplete) { m.Applied--; m.Rejected++ }),
		counted("count-errors", "has counted an error", func(m *codec.SyncComplete) { m.Errors++ }),
		{
			ID: "initiator/never-completes", Req: []string{"SYNC-022"}, Title: "a session whose responder never sends COMPLETE is not reported, and failed when its stream is reset",
			Run: func(t *T) {
				r := onComplete(t.Syncing())
				t.Sleep(MaxQuiet)
				if r.op.over() {
					t.Fail("no answer to sync before COMPLETE", "%q", t.await(r.op).End)
				}
				r.c.Send(r.s.Reset(codec.CodeCancelled))
				r.ends("failed")
			},
		},
		{
			ID: "initiator/aborted", Req: []string{"SYNC-022"}, Title: "a session that its responder resets at once is reported as failed, and the next one on the link is whole",
			Run: func(t *T) {
				c := t.Syncing()
				r := onSince(c)
				r.c.Send(r.s.Reset(codec.CodeCancelled))
				r.ends("failed")
				c.responds(world{}, nodeClock{}).whole().ends("whole")
			},
		},
		{
			ID: "initiator/told-an-error", Req: []string{"SYNC-022"}, Title: "a session that its responder ends by ERROR is reported as failed",
			Run: func(t *T) {
				c := t.Syncing()
				r := onSince(c)
				r.say(codec.SyncError{Session: true, Code: codec.CodeSyncStore, RetryMS: 1000})
				r.c.Send(r.s.Fin())
				r.s.End()
				r.ends("failed")
			},
		},
		{
			ID: "initiator/refused", Req: []string{"SYNC-022"}, Title: "a session that is rejected is reported as failed",
			Run: func(t *T) {
				c := t.Syncing()
				s := c.theirNext()
				r := &responder{c: c, s: s, op: c.order(driver.OpSync, with{"namespace": syncNamespace}, driver.KindSession)}
				c.expectOf(r.op, FrameOn(codec.TypeOpen, s.ID))
				c.Send(Message(codec.Reject{Stream: s.ID, Code: codec.CodeSyncSalt, RetryMS: codec.RetryNever}))
				r.ends("failed")
				if a := t.await(r.op); a.Code != codec.CodeSyncSalt.String() {
					t.Fail("the code SYNC_SALT", "%s", a.Code)
				}
			},
		},
	}
}
