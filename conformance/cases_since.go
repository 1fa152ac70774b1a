package conformance

import (
	"bytes"
	"slices"
	"strings"

	"handfast/codec"
)

// bring finds a key among REPAIRs.
func bring(list []repaired, key []byte) (object, bool) {
	i := slices.IndexFunc(list, func(r repaired) bool { return r.key == string(key) })
	if i < 0 {
		return object{}, false
	}
	return list[i].object, true
}

// brings checks that an object was brought as it is.
func (x *session) brings(list []repaired, key []byte, want object) *session {
	got, ok := bring(list, key)
	switch {
	case !ok:
		x.c.t.Fail("REPAIR of "+string(key), "none among %d", len(list))
	case !bytes.Equal(got.encode(), want.encode()):
		x.c.t.Fail("REPAIR with "+brief(want.encode()), "%s", brief(got.encode()))
	}
	return x
}

// leavesOut checks that an object was not brought.
func (x *session) leavesOut(list []repaired, key []byte) *session {
	if _, ok := bring(list, key); ok {
		x.c.t.Fail("no REPAIR of "+string(key), "one")
	}
	return x
}

// sinceCases are about SINCE and CLOCK.
func sinceCases() []Case {
	refuse := func(slug, req, title string, good, bad func(x *session)) Case {
		return Case{ID: "since/" + slug, Req: strings.Fields(req), Title: title, Reject: refusing(good, bad, codec.CodeProtocol)}
	}
	since := func() []byte { return encoded(codec.SyncSince{Clock: nodeClock{}.encode()}) }
	far := func(t *T) (nodeClock, dot) {
		n, d := nodeClock{}, dot{counter: 1 << 60}
		t.fill(d.actor[:])
		n.span(d.actor, 1, d.counter)
		return n, d
	}
	// ignorant checks that the peer's clock has not a write that it was told of and may not believe.
	ignorant := func(t *T, d dot) {
		x := t.Session()
		if all, _ := x.since(nodeClock{}); all.has(d) {
			t.Fail("a CLOCK without a write that was never brought", "one that has counter %d of actor %X", d.counter, d.actor)
		}
		x.completes()
	}
	return []Case{
		{
			ID: "since/brings-everything", Req: []string{"SYNC-008", "SYNC-025"}, Title: "SINCE with an empty clock brings each object as it is, and CLOCK with ALL behind them, which has each of their writes",
			Run: func(t *T) {
				x := t.Session()
				one, two, three := t.key(), t.key(), t.key()
				a, b, c, d := t.write(0), t.write(1), t.write(2), t.write(3)
				both := holds([]sibling{{dot: b, value: []byte("b")}, {dot: c, value: []byte("c")}})
				x.taken(one, value(a, "one")).taken(two, both).taken(three, tombstone(d))
				x.completes()
				y := t.Session()
				all, list := y.since(nodeClock{})
				y.brings(list, one, value(a, "one")).brings(list, two, both).brings(list, three, tombstone(d))
				for _, w := range []dot{a, b, c, d} {
					if !all.has(w) {
						t.Fail("a CLOCK with ALL that has each write", "one without counter %d of actor %X", w.counter, w.actor)
					}
				}
				y.completes()
			},
		},
		{
			ID: "since/leaves-out-what-is-known", Req: []string{"SYNC-008"}, Title: "SINCE brings no object all of whose siblings the clock has, and brings one of which it has not all, as a whole",
			Run: func(t *T) {
				x := t.Session()
				known, half, other, behind := t.key(), t.key(), t.key(), t.key()
				e, a, b, c, d := t.write(0), t.write(0), t.write(0), t.write(1), t.write(2)
				both := holds([]sibling{{dot: b, value: []byte("b")}, {dot: c, value: []byte("c")}})
				x.taken(known, value(a, "known")).taken(half, both).taken(other, value(d, "other")).taken(behind, value(e, "of a counter below others that are there"))
				x.completes()
				y := t.Session()
				_, list := y.since(clockOf(a, b))
				y.leavesOut(list, known).brings(list, half, both).brings(list, other, value(d, "other")).brings(list, behind, value(e, "of a counter below others that are there")).completes()
			},
		},
		{
			ID: "since/nothing-is-new", Req: []string{"SYNC-008"}, Title: "SINCE with the clock of the peer's own CLOCK with ALL brings nothing but CLOCK with ALL",
			Run: func(t *T) {
				x := t.Session()
				x.taken(t.key(), value(t.write(0), "v"))
				x.completes()
				y := t.Session()
				all, _ := y.since(nodeClock{})
				y.completes()
				z := t.Session()
				if _, list := z.since(all); len(list) > 0 {
					t.Fail("no REPAIR", "%d, the first of %q", len(list), list[0].key)
				}
				z.completes()
			},
		},
		refuse("twice", "SYNC-007", "a second SINCE ends the stream with PROTOCOL",
			func(x *session) { x.since(nodeClock{}); x.alive() },
			func(x *session) { x.since(nodeClock{}); x.c.Send(x.wrong("a second SINCE", since())) }),
		refuse("behind-clock", "SYNC-007", "a SINCE behind a CLOCK ends the stream with PROTOCOL",
			func(x *session) { x.since(nodeClock{}); x.states().alive() },
			func(x *session) { x.states(); x.c.Send(x.wrong("a SINCE behind a CLOCK", since())) }),
		{
			ID: "since/is-not-taken-over", Req: []string{"SYNC-041"}, Title: "what only a SINCE says is not taken into the clock: 2^60 writes that nobody has brought",
			Run: func(t *T) {
				n, d := far(t)
				x := t.Session()
				x.since(n)
				x.completes()
				ignorant(t, d)
			},
		},
		{
			ID: "since/clock-without-all-is-not-taken-over", Req: []string{"SYNC-041"}, Title: "what only a CLOCK without ALL says is not taken into the clock: 2^60 writes that nobody has brought",
			Run: func(t *T) {
				n, d := far(t)
				x := t.Session()
				x.say(codec.SyncClock{Clock: n.encode()})
				x.alive().completes()
				ignorant(t, d)
			},
		},
		{
			ID: "since/refused-is-not-taken-over", Req: []string{"SYNC-014"}, Title: "a CLOCK with ALL does not bring the writes of an object that was refused, so that the next session brings them again",
			Run: func(t *T) {
				x := t.Session()
				key, a, b := t.key(), t.write(0), t.write(0)
				x.taken(key, value(a, "one"))
				clash := holds([]sibling{{dot: a, value: []byte("another")}, {dot: b, value: []byte("two")}})
				x.rejects(x.give(key, clash), codec.CodeSyncCollision)
				x.say(codec.SyncClock{All: true, Clock: clockOf(a, b).encode()})
				x.alive().completes()
				ignorant(t, b)
			},
		},
		{
			ID: "since/clock-as-stated", Req: []string{"SYNC-047"}, Title: "a CLOCK with ALL that leaves its clock out is about the one that was stated last, which the peer takes over",
			Run: func(t *T) {
				x := t.Session()
				d, e := t.write(0), t.write(1)
				x.taken(t.key(), value(d, "v")).states(d, e)
				x.say(codec.SyncClock{All: true})
				x.alive().completes()
				y := t.Session()
				if all, _ := y.since(nodeClock{}); !all.has(d) {
					t.Fail("a CLOCK with the write that was brought", "counter %d of actor %X is missing", d.counter, d.actor)
				}
				y.completes()
			},
		},
		refuse("clock-never-stated", "SYNC-047", "a CLOCK with ALL that leaves out a clock which was never stated ends the stream with PROTOCOL",
			func(x *session) { x.states().say(codec.SyncClock{All: true}).alive() },
			func(x *session) {
				x.c.Send(x.wrong("a CLOCK without a clock", encoded(codec.SyncClock{All: true})))
			}),
		{
			ID: "since/clock-of-1024-actors", Req: []string{"OBJ-015"}, Title: "a node clock of 1,024 actors is taken",
			Run: func(t *T) {
				n := nodeClock{}
				for i := range 1024 {
					n.span([16]byte{0xEE, byte(i >> 8), byte(i)}, 1, 1<<62)
				}
				x := t.Session()
				x.say(codec.SyncClock{Clock: n.encode()})
				x.alive().completes()
			},
		},
		{
			ID: "since/too-large-to-send", Req: []string{"SYNC-034", "SYNC-015", "SYNC-008"}, Title: "for an object that is larger than the initiator's max_message ERROR comes in its place, the session goes on, and CLOCK with ALL has not its write",
			Run: func(t *T) {
				large, small, a, b := t.key(), t.key(), t.write(0), t.write(1)
				x := t.Session()
				x.taken(large, value(a, strings.Repeat("large", 20_000))).taken(small, value(b, "small")).completes()
				o := syncing()
				offer := o.Hello
				o.Hello = func(h *codec.Hello) { offer(h); h.Limits.MaxMessage = codec.MinLimits().MaxMessage }
				c := t.Open(o)
				c.syncs()
				y := c.session()
				all, list := y.since(clockOf())
				y.leavesOut(list, large).brings(list, small, value(b, "small"))
				if y.errors == 0 || all.has(a) || !all.has(b) {
					t.Fail("ERROR of the object, and a CLOCK with ALL without its write", "%d ERRORs, its write is there: %v, that of the other one: %v", y.errors, all.has(a), all.has(b))
				}
				y.completes()
			},
		},
		{
			ID: "since/clock-of-65536-ranges", Req: []string{"OBJ-015"}, Title: "a node clock of 1,024 actors and 65,536 ranges is taken",
			Run: func(t *T) {
				n := nodeClock{}
				for i := range 1024 {
					actor := [16]byte{0xEE, byte(i >> 8), byte(i)}
					for r := range uint64(64) {
						n[actor] = append(n[actor], codec.Range{First: 2*r + 1, Last: 2*r + 1})
					}
				}
				b := encoded(codec.SyncClock{Clock: n.encode()})
				o := syncing()
				o.Limits = map[string]uint64{"max_message": 2 << 20}
				c := t.Open(o)
				c.syncs()
				x := c.session()
				if most := x.c.Peer().Limits.MaxMessage; uint64(len(b)) > most {
					t.Unsupported("its max_message is too small for such a clock")
				}
				x.put(b)
				x.alive().completes()
			},
		},
	}
}
