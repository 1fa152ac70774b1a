package conformance

import (
	"encoding/binary"
	"slices"
	"strings"

	"handfast/codec"
)

// repairCases are about REPAIR and RESULT.
func repairCases() []Case {
	refuse := func(slug, req, title string, good, bad func(x *session)) Case {
		return Case{ID: "repair/" + slug, Req: strings.Fields(req), Title: title, Reject: refusing(good, bad, codec.CodeProtocol)}
	}
	// numbered makes a rejection of a REPAIR with another number than the next, behind some good ones.
	numbered := func(slug, what string, before int, number uint8) Case {
		begin := func(x *session) ([]byte, object) {
			for range before {
				x.taken(x.c.t.key(), value(x.c.t.write(0), "before"))
			}
			d := x.c.t.write(0)
			x.states(d)
			return x.c.t.key(), value(d, "next")
		}
		return refuse(slug, "SYNC-016", what+" ends the stream with PROTOCOL",
			func(x *session) { key, o := begin(x); x.taken(key, o) },
			func(x *session) {
				key, o := begin(x)
				x.c.Send(x.wrong(what, encoded(codec.SyncRepair{Number: number, Key: key, Object: o.encode()})))
			})
	}
	// resulted makes a rejection of a RESULT about what PULL has brought: two REPAIRs.
	resulted := func(slug, what string, bad func(x *session) []byte, req ...string) Case {
		pulled := func(x *session) {
			for range 2 {
				key := x.c.t.key()
				x.taken(key, value(x.c.t.write(0), "pulled"))
				x.checks(prefixOf(keyHash(key), codec.MaxSyncPrefix), otherPrint, true)
			}
			if x.received != 2 {
				x.broke("SYNC-026", "two REPAIRs", "%d", x.received)
			}
		}
		return refuse(slug, strings.Join(append(req, "SYNC-019"), " "), what+" ends the stream with PROTOCOL",
			func(x *session) {
				pulled(x)
				x.say(codec.SyncResult{First: 1, Entries: make([]codec.SyncEntry, 1)}, codec.SyncResult{First: 2, Entries: make([]codec.SyncEntry, 1)})
				x.alive()
			},
			func(x *session) { pulled(x); x.c.Send(x.wrong(what, bad(x))) })
	}
	result := func(first uint8, n int) []byte {
		return encoded(codec.SyncResult{First: first, Entries: make([]codec.SyncEntry, n)})
	}
	edited := func(b []byte, at int, with ...byte) []byte { copy(b[at:], with); return b }
	outcome := func(first uint8, e codec.SyncEntry) []byte {
		return encoded(codec.SyncResult{First: first, Entries: []codec.SyncEntry{e}})
	}
	cases := []Case{
		numbered("first-2", "a first REPAIR with the number 2", 0, 2),
		numbered("number-0", "a first REPAIR with the number 0", 0, 0),
		numbered("number-again", "a REPAIR with the number of the one before", 2, 2),
		numbered("number-skipped", "a REPAIR that leaves a number out", 2, 4),
		numbered("number-255", "a second REPAIR with the number 255", 1, 255),
		refuse("before-a-clock", "SYNC-017", "a REPAIR before any clock was stated ends the stream with PROTOCOL",
			func(x *session) { x.taken(x.c.t.key(), value(x.c.t.write(0), "v")) },
			func(x *session) {
				x.c.Send(x.wrong("a REPAIR before a clock", encoded(x.repair(x.c.t.key(), value(x.c.t.write(0), "v").encode()))))
			}),
		refuse("without-a-body", "SYNC-005", "a REPAIR without a body ends the stream with PROTOCOL",
			func(x *session) { x.taken(x.c.t.key(), value(x.c.t.write(0), "v")) },
			func(x *session) { x.states(); x.c.Send(x.wrong("a REPAIR without a body", []byte{7})) }),
		refuse("key-long", "SYNC-005", "a REPAIR with a key of 1,025 bytes ends the stream with PROTOCOL",
			func(x *session) {
				key := append(x.c.t.key(), make([]byte, 1024)...)[:1024]
				x.taken(key, value(x.c.t.write(0), "v"))
			},
			func(x *session) {
				d := x.c.t.write(0)
				x.states(d)
				head := []byte{7, 1, 4, 1}
				x.c.Send(x.wrong("a key of 1,025 bytes", slices.Concat(head, make([]byte, 1025), value(d, "v").encode())))
			}),
		resulted("result-not-next", "a RESULT that begins behind the next REPAIR", func(*session) []byte { return result(2, 1) }),
		resulted("result-beyond", "a RESULT that goes beyond the last REPAIR", func(*session) []byte { return result(1, 3) }),
		resulted("result-again", "a RESULT that comes twice", func(x *session) []byte { x.put(result(1, 2)); return result(1, 2) }),
		resulted("result-number-0", "a RESULT that begins with 0", func(*session) []byte { return result(0, 1) }),
		resulted("result-without-entries", "a RESULT without runs", func(*session) []byte { return result(1, 1)[:2] }, "SYNC-005"),
		resulted("result-cut", "a RESULT with a run that is cut", func(*session) []byte { return result(1, 1)[:9] }, "SYNC-005"),
		resulted("result-outcome-4", "a RESULT with the outcome 4", func(*session) []byte { return edited(result(1, 1), 2, 4) }, "SYNC-005"),
		resulted("result-code-of-no-op", "a RESULT no-op with a code", func(*session) []byte { return edited(result(1, 1), 6, 0, 0, 0x81, 4) }, "SYNC-005"),
		resulted("result-run-beyond", "a RESULT whose one run goes beyond the last REPAIR", func(*session) []byte { return edited(result(1, 1), 3, 2) }),
		resulted("result-of-1025", "a RESULT about 1,025 REPAIRs", func(*session) []byte {
			return slices.Concat(result(1, 1024), result(1, 1)[2:])
		}, "SYNC-005"),
		resulted("result-rejected-without-code", "a RESULT rejected without a code", func(*session) []byte {
			return edited(outcome(1, codec.SyncEntry{Outcome: codec.SyncRejected, Code: codec.CodeSyncStore}), 6, 0, 0, 0, 0)
		}, "SYNC-005"),
		refuse("result-for-nothing", "SYNC-019", "a RESULT in a session in which the peer has sent no REPAIR ends the stream with PROTOCOL",
			func(x *session) { x.alive() },
			func(x *session) { x.c.Send(x.wrong("a RESULT for nothing", result(1, 1))) }),
		{
			ID: "repair/in-order", Req: []string{"SYNC-024"}, Title: "fifty REPAIRs at once, every fifth of which is no object, are answered by one entry each, in their order",
			Run: func(t *T) {
				x := t.Session()
				var dots []dot
				for range 50 {
					dots = append(dots, t.write(0))
				}
				x.states(dots...)
				for i, d := range dots {
					if i%5 == 4 {
						x.say(x.repair(t.key(), []byte("no object")))
						continue
					}
					x.say(x.repair(t.key(), value(d, "v").encode()))
				}
				for i := range dots {
					if e := x.result(); i%5 == 4 {
						x.rejects(e, codec.CodeSyncCorrupt)
					} else {
						x.becomes(e, codec.SyncApplied, 1)
					}
				}
				x.completes()
			},
		},
		{
			ID: "repair/refused-and-on", Req: []string{"SYNC-033", "SYNC-024"}, Title: "an object that is none is answered with rejected and SYNC_CORRUPT, and the session goes on",
			Run: func(t *T) {
				x := t.Session()
				key, d := t.key(), t.write(0)
				x.states(d).say(x.repair(key, nil))
				x.rejects(x.result(), codec.CodeSyncCorrupt).has(key, object{})
				x.taken(key, value(d, "good")).has(key, value(d, "good")).completes()
			},
		},
		{
			ID: "repair/collision", Req: []string{"SYNC-036", "OBJ-009", "SYNC-033"}, Title: "an object with a dot that the peer has with another value is rejected with SYNC_COLLISION, and nothing changes",
			Run: func(t *T) {
				x := t.Session()
				key, d := t.key(), t.write(0)
				x.taken(key, value(d, "one"))
				x.rejects(x.give(key, value(d, "two")), codec.CodeSyncCollision).has(key, value(d, "one"))
				x.rejects(x.give(key, tombstone(d)), codec.CodeSyncCollision).has(key, value(d, "one"))
				next := t.write(0)
				clash := holds([]sibling{{dot: d, value: []byte("two")}, {dot: next, value: []byte("three")}})
				x.rejects(x.give(key, clash), codec.CodeSyncCollision).has(key, value(d, "one")) // not half of it either
				x.becomes(x.give(key, value(d, "one")), codec.SyncNoOp, 1).completes()
			},
		},
		{
			ID: "repair/context-beyond-the-clock", Req: []string{"OBJ-019", "SYNC-033"}, Title: "an object whose context goes beyond the clock that was stated is rejected with SYNC_CORRUPT: a counter of 2^60",
			Run: func(t *T) {
				x := t.Session()
				key, d := t.key(), t.write(0)
				x.states(d)
				for _, o := range []object{value(d, "v", dot{d.actor, 1 << 60}), value(d, "v", dot{t.write(1).actor, 1 << 60}), value(dot{d.actor, 1 << 60}, "v")} {
					x.say(x.repair(key, o.encode()))
					x.rejects(x.result(), codec.CodeSyncCorrupt).has(key, object{})
				}
				x.taken(key, value(d, "v")).has(key, value(d, "v")).completes()
			},
		},
		{
			ID: "repair/two-sessions-at-once", Req: []string{"SYNC-032"}, Title: "two sessions that bring concurrent writes of the same keys lose none of them",
			Run: func(t *T) {
				c := t.Syncing()
				a, b := c.session(), c.session()
				const n = 20
				var keys [][]byte
				var mine, others []dot
				for range n {
					keys, mine, others = append(keys, t.key()), append(mine, t.write(0)), append(others, t.write(1))
				}
				a.states(mine...)
				b.states(others...)
				for i, key := range keys {
					a.say(a.repair(key, value(mine[i], "a").encode()))
					b.say(b.repair(key, value(others[i], "b").encode()))
				}
				for range n {
					a.result()
					b.result()
				}
				for i, key := range keys {
					a.has(key, holds([]sibling{{dot: mine[i], value: []byte("a")}, {dot: others[i], value: []byte("b")}}))
				}
				a.completes()
				b.completes()
			},
		},
		{
			ID: "repair/clock-in-between", Req: []string{"OBJ-019", "SYNC-024"}, Title: "a CLOCK between two REPAIRs widens what the second may carry",
			Run: func(t *T) {
				x := t.Session()
				a, b, one, two := t.write(0), t.write(1), t.key(), t.key()
				x.states(a).say(x.repair(one, value(a, "a").encode()))
				x.states(b).say(x.repair(two, value(b, "b").encode()))
				x.becomes(x.result(), codec.SyncApplied, 1).becomes(x.result(), codec.SyncApplied, 1).completes()
			},
		},
		{
			ID: "repair/kept-after-a-kill", Req: []string{"SYNC-023"}, Tags: []string{TagRestart}, Title: "what RESULT has said is there after SIGKILL, though more was on its way",
			Run: func(t *T) {
				x := t.Session()
				const n, said = 300, 100
				var keys [][]byte
				var dots []dot
				for range n {
					keys, dots = append(keys, t.key()), append(dots, t.write(0))
				}
				x.states(dots...)
				for i, key := range keys {
					x.say(x.repair(key, value(dots[i], "kept").encode()))
				}
				for range said {
					x.becomes(x.result(), codec.SyncApplied, 1)
				}
				t.Restart()
				y := t.Session()
				for i, key := range keys[:said] {
					y.has(key, value(dots[i], "kept"))
				}
				y.completes()
			},
		},
		{
			ID: "repair/large", Req: []string{"SYNC-024", "SYNC-026"}, Title: "a value of 200,000 bytes comes and goes",
			Run: func(t *T) {
				x := t.Session()
				key, o := t.key(), value(t.write(0), strings.Repeat("large ", 200_000/6))
				x.taken(key, o).has(key, o)
				_, list := x.checks(prefixOf(keyHash(key), codec.MaxSyncPrefix), otherPrint, true)
				x.brings(list, key, o).completes()
			},
		},
	}
	return cases
}

// mergeCases are the rows of merging (OBJ-008): what the peer has, what comes, and what is there then.
func mergeCases() []Case {
	row := func(slug, title string, outcome codec.SyncOutcome, make func(t *T) (has, comes, is object)) Case {
		return Case{
			ID: "repair/merge-" + slug, Req: []string{"OBJ-008", "SYNC-024", "SYNC-012"}, Title: title,
			Run: func(t *T) {
				x := t.Session()
				key := t.key()
				has, comes, is := make(t)
				x.taken(key, has)
				x.becomes(x.give(key, comes), outcome, len(is.siblings)).has(key, is)
				x.becomes(x.give(key, comes), codec.SyncNoOp, len(is.siblings)) // idempotent
				x.completes()
			},
		}
	}
	v := func(d dot, text string) sibling { return sibling{dot: d, value: []byte(text)} }
	return []Case{
		row("same", "an object that is there already is a no-op", codec.SyncNoOp, func(t *T) (object, object, object) {
			o := value(t.write(0), "v")
			return o, o, o
		}),
		row("newer", "a newer object replaces", codec.SyncApplied, func(t *T) (object, object, object) {
			a, b := t.write(0), t.write(0)
			return value(a, "old"), value(b, "new", a), value(b, "new", a)
		}),
		row("older", "an older object is a no-op", codec.SyncNoOp, func(t *T) (object, object, object) {
			a, b := t.write(0), t.write(0)
			return value(b, "new", a), value(a, "old"), value(b, "new", a)
		}),
		row("concurrent", "concurrent writes become siblings", codec.SyncSiblings, func(t *T) (object, object, object) {
			a, b := t.write(0), t.write(1)
			return value(a, "v"), value(b, "w"), holds([]sibling{v(a, "v"), v(b, "w")})
		}),
		row("siblings-shrink", "of three siblings those stay that both have, and those that the other context does not cover", codec.SyncSiblings, func(t *T) (object, object, object) {
			x, y, z := t.write(0), t.write(0), t.write(0)
			return holds([]sibling{v(x, "x"), v(y, "y"), v(z, "z")}), value(y, "y"), holds([]sibling{v(y, "y"), v(z, "z")})
		}),
		row("all-replaced", "three older siblings are replaced by one write", codec.SyncApplied, func(t *T) (object, object, object) {
			a, b, c, e := t.write(0), t.write(0), t.write(0), t.write(0)
			return holds([]sibling{v(a, "a"), v(b, "b"), v(c, "c")}), value(e, "e", c), value(e, "e", c)
		}),
		row("replaced-by-another-actor", "a write of another actor that has read the first replaces it", codec.SyncApplied, func(t *T) (object, object, object) {
			a, b := t.write(0), t.write(1)
			return value(a, "v"), value(b, "x", a), value(b, "x", a)
		}),
		row("deleted", "a tombstone replaces a value", codec.SyncApplied, func(t *T) (object, object, object) {
			a, b := t.write(0), t.write(1)
			return value(a, "v"), tombstone(b, a), tombstone(b, a)
		}),
		row("deletion-and-write", "a deletion and a concurrent write both stay", codec.SyncSiblings, func(t *T) (object, object, object) {
			a, b, c := t.write(0), t.write(1), t.write(2)
			return value(b, "changed", a), tombstone(c, a), holds([]sibling{v(b, "changed"), {dot: c, gone: true}}, a)
		}),
		row("context-grows", "a context that is wider alone is kept", codec.SyncApplied, func(t *T) (object, object, object) {
			a, b := t.write(0), t.write(1)
			return value(a, "v"), value(a, "v", b), value(a, "v", b)
		}),
	}
}

// objectFormCases are about objects that are none (OBJ-003 to OBJ-007). Each is refused as an item, and its twin is taken.
func objectFormCases() []Case {
	row := func(slug, req, what string, bad func(x *session, good object) []byte) Case {
		return Case{
			ID: "repair/object-" + slug, Req: []string{req, "SYNC-033"}, Title: "an object " + what + " is rejected with SYNC_CORRUPT, and the session goes on",
			Run: func(t *T) {
				x := t.Session()
				key, a, b := t.key(), t.write(0), t.write(1)
				good := holds([]sibling{{dot: a, value: []byte("value")}, {dot: b, gone: true}})
				most := nodeClock{}
				most.span(a.actor, 1, 1<<63-1) // so that no counter is beyond it
				most.span(b.actor, 1, 1<<63-1)
				most.span(t.fresh.actors[2], 1, 1<<63-1)
				x.own.join(most)
				x.states()
				x.say(x.repair(key, bad(x, good)))
				x.rejects(x.result(), codec.CodeSyncCorrupt).has(key, object{})
				x.taken(key, good).has(key, good).completes()
			},
		}
	}
	set := func(at int, with ...byte) func(x *session, good object) []byte {
		return func(_ *session, good object) []byte { b := good.encode(); copy(b[at:], with); return b }
	}
	const first, second = objectHead + 2*contextSize, objectHead + 2*contextSize + siblingHead + 5 // siblings
	return []Case{
		row("form", "OBJ-004", "of the form 2", set(0, 2)),
		row("reserved", "OBJ-004", "with a reserved byte in its head that is not 0", set(1, 1)),
		row("reserved-behind", "OBJ-004", "with a reserved byte behind its counts that is not 0", set(7, 1)),
		row("sibling-reserved", "OBJ-004", "with a reserved byte in a sibling that is not 0", set(first+3, 1)),
		row("cut", "OBJ-004", "that ends early", func(_ *session, good object) []byte { b := good.encode(); return b[:len(b)-1] }),
		row("cut-value", "OBJ-004", "whose value ends early", func(_ *session, good object) []byte { return good.encode()[:first+siblingHead+2] }),
		row("tail", "OBJ-004", "with a byte behind its last sibling", func(_ *session, good object) []byte { return append(good.encode(), 0) }),
		row("length-of-4-gib", "OBJ-004", "with a value of 2^32-1 bytes of which five are there", set(first+4, 255, 255, 255, 255)),
		row("counter-0", "OBJ-003", "with a sibling of the counter 0", set(first+8, make([]byte, 8)...)),
		row("context-counter-0", "OBJ-003", "with the counter 0 in its context, of an actor without siblings", func(x *session, good object) []byte {
			good.context = append(good.context, dot{actor: x.c.t.fresh.actors[2]})
			return good.encode()
		}),
		row("counter-of-64-bits", "OBJ-003", "with a counter above 2^63-1 in its context", set(objectHead+16, 0x80, 0, 0, 0, 0, 0, 0, 0)),
		row("context-descends", "OBJ-005", "whose context descends", func(_ *session, good object) []byte {
			b := good.encode()
			one := slices.Clone(b[objectHead : objectHead+contextSize])
			copy(b[objectHead:], b[objectHead+contextSize:objectHead+2*contextSize])
			copy(b[objectHead+contextSize:], one)
			return b
		}),
		row("context-twice", "OBJ-005", "with one actor twice in its context", func(_ *session, good object) []byte {
			b := good.encode()
			copy(b[objectHead+contextSize:], b[objectHead:objectHead+16])
			return b
		}),
		row("siblings-descend", "OBJ-005", "whose siblings descend", func(_ *session, good object) []byte {
			b := good.encode()
			return slices.Concat(b[:first], b[second:], b[first:second])
		}),
		row("sibling-twice", "OBJ-005", "with one sibling twice", func(_ *session, good object) []byte {
			b := good.encode()
			return slices.Concat(b[:first], b[first:second], b[first:second])
		}),
		row("flag", "OBJ-006", "with an unknown flag of a sibling", set(first+2, 2)),
		row("place", "OBJ-006", "with a sibling of an actor that the context has not", set(second, 0, 2)),
		row("beyond-the-context", "OBJ-006", "with a sibling whose counter is above that of the context", func(_ *session, good object) []byte {
			b := good.encode()
			binary.BigEndian.PutUint64(b[first+8:], good.siblings[0].counter+1)
			return b
		}),
		row("tombstone-with-a-value", "OBJ-006", "with a tombstone that has a value", set(first+2, 1)),
		row("1025-actors", "OBJ-007", "with 1,025 entries in its context", func(x *session, good object) []byte {
			o, clock := object{}, nodeClock{}
			for i := range 1025 {
				d := dot{[16]byte{0xF0, byte(i >> 8), byte(i)}, 1}
				o.context = append(o.context, d)
				if clock.add(d); i%600 == 599 || i == 1024 { // of more than 1,024 actors no clock has to be taken
					x.say(codec.SyncClock{Clock: clock.encode()})
					clock = nodeClock{}
				}
			}
			o.siblings = []sibling{{dot: o.context[0], value: []byte("v")}}
			return o.encode()
		}),
		row("1025-siblings", "OBJ-007", "with 1,025 siblings", func(_ *session, good object) []byte {
			o := object{context: []dot{{good.context[0].actor, 2000}}}
			for i := range uint64(1025) {
				o.siblings = append(o.siblings, sibling{dot: dot{good.context[0].actor, i + 1}, value: []byte{1}})
			}
			return o.encode()
		}),
	}
}
