package conformance

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"handfast/codec"
)

// gapCases are about GAP, in both directions, and about what else a mirror does.
func gapCases() []Case {
	return slices.Concat(gapFormCases(), gapTakenCases(), gapSentCases(), mirrorCases())
}

// gapFormCases are about the form of GAP (GAP-001).
func gapFormCases() []Case {
	form := func(slug, req, what string, bad edit) Case {
		send := func(c *Conn, e edit) {
			f := recordScene(c)
			c.Send(e(f.gap(3, codec.GapExpired)))
		}
		return Case{
			ID: "gap/" + slug, Req: strings.Fields(req), Title: "a GAP " + what + " ends the link with ENCODING",
			Reject: Rejection{
				Good: func(c *Conn) { send(c, same) },
				Bad:  func(c *Conn) { send(c, func(p Packet) Packet { return bad(p).Fault(what) }) },
			}.closes(codec.CodeEncoding),
		}
	}
	numbers := func(from, to uint64) edit {
		return func(p Packet) Packet {
			return p.Payload("", func(b []byte) []byte {
				binary.BigEndian.PutUint64(b, from)
				binary.BigEndian.PutUint64(b[8:], to)
				return b
			})
		}
	}
	return []Case{
		form("from-zero", "GAP-001", "that begins with 0", numbers(0, 3)),
		form("backwards", "GAP-001", "that ends before it begins", numbers(4, 3)),
		form("too-great", "GAP-001", "that ends above 2^63-2", numbers(3, 1<<63-1)),
		form("of-64-bits", "GAP-001", "that begins with 2^64-1", numbers(1<<64-1, 1<<64-1)),
		form("short", "FRAME-010 GAP-001", "of 23 bytes", resized(23)),
		form("long", "FRAME-010 GAP-001", "of 25 bytes", resized(25)),
	}
}

// gapTakenCases are about what a receiver makes of a GAP.
func gapTakenCases() []Case {
	return []Case{
		{
			ID: "gap/consumes-its-numbers", Req: []string{"GAP-002", "MIRR-006"}, Title: "the numbers of a GAP are consumed: the next record has the number behind it",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				for i, n := range []uint64{1, 5, 1, 64} {
					r := fmt.Appendf(nil, "before gap %d", i)
					f.send(r)
					c.Send(f.gap(n, codec.GapExpired))
					f.send([]byte("behind"))
					k.gives(r).lacks(n, codec.GapExpired).gives([]byte("behind"))
				}
				f.done().leave().attach(c).stands(codec.PositionKept, f.ch.Next-1)
			},
		},
		{
			ID: "gap/is-acknowledged", Req: []string{"GAP-002", "ACK-004"}, Title: "a GAP alone is acknowledged, as records are",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				c.Send(f.gap(40, codec.GapRestart))
				f.done()
				c.Send(f.gap(1, codec.GapRestart))
				f.done().leave().attach(c).stands(codec.PositionKept, 41)
			},
		},
		{
			ID: "gap/consumes-no-others", Req: []string{"GAP-002", "REC-009"}, Title: "a GAP behind a record that is still being applied does not consume that record",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				slow := hold(slowFor / 8)
				f.send(slow)
				c.Send(f.gap(2, codec.GapExpired))
				f.send([]byte("behind")).done()
				k.gives(slow).lacks(2, codec.GapExpired).gives([]byte("behind"))
			},
		},
		{
			ID: "gap/of-each-reason", Req: []string{"GAP-002", "GAP-006", "MIRR-006"}, Title: "a GAP of each reason is consumed, and of reasons that nobody knows",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				reasons := []uint32{codec.GapOverflow, codec.GapRestart, codec.GapExpired, codec.GapFiltered, codec.GapOperator, 6, 77, 0, 1<<32 - 1}
				for _, reason := range reasons {
					c.Send(f.gap(2, reason))
					k.lacks(2, reason)
				}
				f.send([]byte("behind")).done()
				k.gives([]byte("behind"))
			},
		},
		{
			ID: "gap/one-behind-the-other", Req: []string{"GAP-002"}, Title: "GAPs that follow each other consume each its own numbers",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				for range 20 {
					c.Send(f.gap(3, codec.GapFiltered))
				}
				f.send([]byte("behind")).done()
				k.lacks(60, codec.GapFiltered).gives([]byte("behind"))
			},
		},
		{
			ID: "gap/at-once-after-a-position", Req: []string{"GAP-002", "CHAN-017"}, Title: "a channel whose first records are gone begins with a GAP",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a")
				f.ch.First, f.ch.Next = 6, 8
				f.attach(c).stands(codec.PositionLost, 0)
				c.Send(f.gap(5, codec.GapRestart))
				f.send([]byte("six"), []byte("seven")).done()
				f.mirror(c).take().lacks(5, codec.GapRestart).gives([]byte("six"), []byte("seven"))
			},
		},
		{
			ID: "gap/to-the-last-number", Req: []string{"GAP-002", "MIRR-007"}, Title: "a GAP may end with 2^63-2, the greatest number that there is, and is consumed in a moment",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c).send(words(1)...)
				c.Send(f.gap(codec.MaxSeq-f.seq+1, codec.GapOperator))
				f.done().leave().attach(c).stands(codec.PositionKept, codec.MaxSeq)
			},
		},
		{
			ID: "gap/unused-bits", Req: []string{"FRAME-013", "GAP-002"}, Title: "reserved of a GAP is ignored",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				c.Send(f.gap(3, codec.GapExpired).Payload("", func(b []byte) []byte { b[20], b[23] = 0xAA, 0x55; return b }).Harmless())
				f.done()
			},
		},
	}
}

// gapSentCases are about the GAPs of a sender.
func gapSentCases() []Case {
	return []Case{
		{
			ID: "gap/for-what-is-gone", Req: []string{"GAP-006", "REC-004"}, Title: "a sender covers by GAP what it cannot send any more, and nothing else, on every stream anew",
			Run: func(t *T) {
				c := t.Deliver()
				f, _ := mastered(c)
				f.send(words(2)...)
				c.Send(f.gap(3, codec.GapExpired))
				f.send(words(1)...)
				c.Send(f.gap(1, codec.GapFiltered), f.gap(1, codec.GapOperator))
				f.done()
				for range 2 {
					c = c.Again()
					f.attach(c)
					f.mirror(c).resume(1).gives(words(2)[1]).lacks(3, codec.GapExpired).gives(words(1)...).lacks(1, codec.GapFiltered).lacks(1, codec.GapOperator)
				}
			},
		},
		{
			ID: "gap/at-the-end", Req: []string{"GAP-006"}, Title: "numbers that are gone at the end of the queue are covered without a record behind them",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(1)...)
				c.Send(f.gap(4, codec.GapExpired))
				f.done()
				k.gives(words(1)...).lacks(4, codec.GapExpired)
				c.Send(k.ack(5))
				c.Barrier()
				f.attach(c.Again())
				if k := f.mirror(f.c); k.ch.Next != 6 || k.ch.First != 6 || k.ch.Stable != 5 {
					t.Fail("an OPEN with first 6, next 6, stable 5", "first %d, next %d, stable %d", k.ch.First, k.ch.Next, k.ch.Stable)
				}
			},
		},
		{
			ID: "gap/around-ranges", Req: []string{"GAP-007", "GAP-006"}, Title: "a GAP leaves out the numbers that stand in ranges of ACCEPT",
			Run: func(t *T) {
				c := t.Deliver()
				f, _ := mastered(c)
				f.send(words(2)...)
				c.Send(f.gap(9, codec.GapExpired)) // 3 to 11
				f.send(words(1)...).done()
				f.attach(c.Again())
				k := f.mirror(f.c).resume(1, codec.Range{First: 4, Last: 5}, codec.Range{First: 8, Last: 8}, codec.Range{First: 11, Last: 12})
				k.gives(words(2)[1]).lacks(1, codec.GapExpired)
				k.next = 6
				k.lacks(2, codec.GapExpired)
				k.next = 9
				k.lacks(2, codec.GapExpired).silentBut(12)
			},
		},
		{
			ID: "gap/from-the-position", Req: []string{"GAP-006", "REC-004"}, Title: "a GAP of which the receiver has the beginning starts behind that",
			Run: func(t *T) {
				c := t.Deliver()
				f, _ := mastered(c)
				c.Send(f.gap(9, codec.GapExpired))
				f.send(words(1)...).done()
				f.attach(c.Again())
				f.mirror(f.c).resume(4).lacks(5, codec.GapExpired).gives(words(1)...)
			},
		},
	}
}

// silentBut checks that nothing comes but one record, which a sender may send although ranges have it.
func (k *taker) silentBut(n uint64) {
	k.c.Quiet(MaxQuiet/2, "record or GAP but number "+fmt.Sprint(n), func(e *Event) bool {
		if e.Frame == nil || e.Frame.Stream != k.s.ID {
			return false
		}
		m, ok := e.Message.(codec.Records)
		return ok && m.Seq != n || e.Frame.Type == codec.TypeGap
	})
}

// mirrorCases are about what is particular to mirror.
func mirrorCases() []Case {
	return []Case{
		{
			ID: "mirror/in-time", Req: []string{"MIRR-002"}, Tags: []string{TagTiming}, Title: "a mirror is opened within 1 s of the ACCEPT of its master",
			Run: func(t *T) {
				const most, slack = time.Second, 400 * time.Millisecond
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				began := t.now()
				f.mirror(c)
				if took := t.now().Sub(began); took > most+slack {
					t.Fail("OPEN within 1 s", "OPEN after %v", took)
				}
			},
		},
		{
			ID: "mirror/stays-on-its-link", Req: []string{"MIRR-002"}, Title: "a mirror that is attached stays on its stream when its master comes anew on the same link",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(2)...).done().leave().attach(c).send(words(3)[2:]...).done()
				k.gives(words(3)...)
				c.Quiet(MaxQuiet/2, "second OPEN of the mirror", opensMirror("a"+mirrorSuffix))
			},
		},
		{
			ID: "mirror/not-of-a-mirror", Req: []string{"MIRR-004"}, Title: "a channel whose name ends in ~ is taken, and has no mirror",
			Run: func(t *T) {
				c := t.Deliver()
				for _, name := range []string{"a~", "~", "a~~"} {
					t.newFeed(name).attach(c).stands(codec.PositionLost, 0).send(words(3)...).done()
				}
				f, _ := mastered(c)
				f.done()
				c.Quiet(MaxQuiet/2, "OPEN of another channel", func(e *Event) bool {
					_, ok := e.Message.(codec.Open)
					return ok
				})
			},
		},
		{
			ID: "mirror/name-too-long", Req: []string{"MIRR-005"}, Title: "an OPEN of a master whose name has 64 bytes is rejected with PROTOCOL",
			Reject: Rejection{
				Good: func(c *Conn) {
					c.delivers()
					c.t.newFeed(strings.Repeat("n", 63)).attach(c)
					c.t.newFeed(strings.Repeat("n", 63) + mirrorSuffix).attach(c)
				},
				Bad: func(c *Conn) { c.Send(c.t.newFeed(strings.Repeat("n", 64)).open(c)) },
			}.wants(own, Rejected, codec.CodeProtocol),
		},
		{
			ID: "mirror/longest-gap", Req: []string{"MIRR-006", "MIRR-007"}, Title: "a GAP of 1,024 numbers is mirrored, and one of 1,025 is not",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				c.Send(f.gap(1024, codec.GapExpired))
				f.send(words(1)...)
				c.Send(f.gap(1025, codec.GapExpired))
				f.send([]byte("behind")).done()
				k.lacks(1024, codec.GapExpired).gives(words(1)...).gives([]byte("behind"))
			},
		},
		{
			ID: "mirror/after-lost", Req: []string{"MIRR-001", "MIRR-002"}, Title: "a master that was closed as lost, and the one that came in its place, have one mirror",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send([]byte("of the first")).done()
				c = c.Again()
				g := t.newFeed("a").attach(c).stands(codec.PositionLost, 0)
				g.send([]byte("of the second")).done()
				l := g.mirror(c)
				if l.ch.ID != k.ch.ID || l.ch.Next > 3 {
					t.Fail("the same mirror", "%+v", l.ch)
				}
				l.resume(0).gives([]byte("of the first"), []byte("of the second"))
			},
		},
		{
			ID: "mirror/of-two-nodes", Req: []string{"MIRR-001", "MIRR-002"}, Title: "masters of one name and two nodes have two mirrors",
			Run: func(t *T) {
				c, d := t.Deliver(), t.Deliver()
				f, j := mastered(c)
				g, k := mastered(d)
				if j.ch.ID == k.ch.ID {
					t.Fail("two channels", "one, %x", j.ch.ID)
				}
				j.take()
				k.take()
				f.send([]byte("left")).done()
				g.send([]byte("right")).done()
				j.gives([]byte("left"))
				k.gives([]byte("right"))
			},
		},
		{
			ID: "mirror/holds-what-it-says", Req: []string{"MIRR-009"}, Tags: []string{TagTiming}, Title: "hold with a number waits for as long, and nothing else that begins with hold waits",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				began := t.now()
				f.send([]byte("hold"), []byte("hold 30000"), []byte("hold 100000"), []byte("hold 900 "), []byte("hold  900"), []byte("hold 0x9"), []byte("hold -1"), []byte("hold 0")).done()
				if took := f.c.t.now().Sub(began); took > Slack {
					t.Fail("no wait", "%v", took)
				}
			},
		},
	}
}
