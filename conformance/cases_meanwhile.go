package conformance

import (
	"bytes"
	"fmt"
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// narrow makes the options of a link on which the peer may send little on each stream before the suite grants more.
func narrow() Options {
	o := syncing()
	offer := o.Hello
	o.Hello = func(h *codec.Hello) { offer(h); h.Limits.StreamCredit = codec.MinLimits().StreamCredit }
	return o
}

// fills brings objects to the peer that are together more than it may send on a stream of a narrow link.
func (x *session) fills() {
	const n, size = 6, 30_000
	for range n {
		x.taken(x.c.t.key(), value(x.c.t.write(1), strings.Repeat("x", size)))
	}
	x.completes()
}

// begins waits for the first REPAIR, behind which the peer is looking for more, on a link where credit is withheld. Hear takes one message and tells
// whether it is that. No more is granted than that needs: the object, which is of whatever wrote to the peer's store before, may be larger than a narrow
// stream.
func (s *Stream) begins(hear func() bool) {
	for box := s.c.inbox(s.ID); ; s.fetch(box) {
		for len(box.messages) > 0 {
			if hear() {
				return
			}
		}
		for _, id := range []uint32{0, s.ID} {
			s.c.mu.Lock()
			grant, used, window, _ := s.c.window(id)
			s.c.mu.Unlock()
			if used+window > grant {
				s.c.Send(Message(codec.Credit{Stream: id, Max: used + window}))
			}
		}
	}
}

// meanwhileCases are about what others write while a session is going on. On the link of one session, which waits for credit, the suite has another.
func meanwhileCases() []Case {
	return []Case{
		{
			ID: "since/written-meanwhile", Req: []string{"SYNC-040"}, Title: "a CLOCK with ALL has no write that came while the objects before it were sent, unless its object was sent too",
			Run: func(t *T) {
				c := t.Open(narrow())
				c.syncs()
				c.session().fills()
				c.WithholdCredit()
				x := c.session()
				x.say(codec.SyncSince{Clock: nodeClock{}.encode()})
				x.s.begins(func() bool { x.hear(); return x.received > 0 })
				y := c.session()
				key, d := t.key(), t.write(2)
				y.taken(key, value(d, "meanwhile"))
				c.GrantCredit(x.s)
				for all := false; !all; {
					all = heard[codec.SyncClock](x).All
				}
				if _, sent := bring(x.brought(), key); x.last.has(d) && !sent {
					t.Fail("a CLOCK with ALL without a write whose object was not sent", "one that has counter %d of actor %X", d.counter, d.actor)
				}
				x.completes()
				y.completes()
			},
		},
		{
			ID: "repair/said-and-there", Req: []string{"SYNC-023"}, Title: "what RESULT has said in one session is there in another one at once",
			Run: func(t *T) {
				c := t.Syncing()
				x, y := c.session(), c.session()
				for range 5 {
					key, o := t.key(), value(t.write(0), "said")
					x.taken(key, o)
					y.has(key, o)
				}
				x.completes()
				y.completes()
			},
		},
	}
}

// initiatorMeanwhile are the same of initiators.
func initiatorMeanwhile() []Case {
	return []Case{
		{
			ID: "initiator/reads-while-it-sends", Req: []string{"SYNC-006"}, Tags: []string{TagSlow}, Title: "an initiator that may not send any more reads on: it grants credit for all that a responder sends meanwhile",
			Run: func(t *T) {
				c := t.Open(narrow())
				c.syncs()
				c.session().fills()
				c.WithholdCredit()
				r := c.responds(world{}, nodeClock{})
				r.until(codec.SyncKindSince)
				r.answers(r.last)
				r.s.begins(func() bool {
					if r.last = r.hear(); r.last.Kind() == codec.SyncKindRepair {
						return true
					}
					r.answers(r.last)
					return false
				})
				note := codec.SyncClock{Clock: manyRanges(1000).encode()}
				size := uint64(len(encoded(note)) + codec.MessageCharge)
				window, most := c.Peer().Limits.StreamCredit, uint64(16<<20)
				if window > most {
					t.Unsupported("it takes more on one stream before it has read than the case wants to send")
				}
				for sent := uint64(0); sent < window+2*size; sent += size {
					c.Await(fmt.Sprintf("CREDIT of stream %d for %d more, from an initiator that cannot send", r.s.ID, size), func(l *wire.Link) bool {
						return l.StreamRoom(c.own, r.s.ID) >= size && l.LinkRoom(c.own) >= size
					}, "SYNC-006")
					r.say(note)
				}
				c.GrantCredit(r.s)
				r.answers(r.last)
				r.last = nil
				r.whole().ends("whole")
			},
		},
		{
			ID: "initiator/pulled-and-written-meanwhile", Req: []string{"SYNC-043"}, Title: "an initiator sends an object back of which it knows more than PULL has brought, because it was written meanwhile",
			Run: func(t *T) {
				c := t.Syncing()
				key, a, b := t.key(), t.write(2), t.write(0)
				r := c.responds(world{string(key): value(a, "pulled")}, nodeClock{})
				pulled := false
				r.instead = func(m codec.SyncMessage) bool {
					switch m := m.(type) {
					case codec.SyncSince: // which leaves the object out
						r.say(codec.SyncClock{Clock: clockOf(a).encode()}, r.all())
						return true
					case codec.SyncCheck:
						if m.Pull && !pulled {
							pulled = true
							x := c.session()
							x.taken(key, value(b, "meanwhile")).completes()
						}
					}
					return false
				}
				r.whole()
				both := holds([]sibling{{dot: a, value: []byte("pulled")}, {dot: b, value: []byte("meanwhile")}})
				r.given(key, both).ends("whole")
				if !pulled {
					t.Unsupported("it asks for no object by PULL")
				}
			},
		},
	}
}

// manyRanges gives a clock of so many ranges, of an actor that nobody is.
func manyRanges(n int) nodeClock {
	clock, actor := nodeClock{}, [16]byte{0xEE}
	for i := range uint64(n) {
		clock[actor] = append(clock[actor], codec.Range{First: 2*i + 1, Last: 2*i + 1})
	}
	return clock
}

// sameCells tells whether a SKETCH has these cells.
func sameCells(m codec.SyncSketch, first int, want []byte) bool {
	return m.First == first && bytes.Equal(m.Cells, want)
}
