package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"handfast/codec"
)

// recordSentCases are about what a sender sends.
func recordSentCases() []Case {
	return []Case{
		{
			ID: "record/numbers", Req: []string{"CHAN-010", "REC-004"}, Title: "records have the numbers 1, 2, 3 and so on, over several streams and links",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				k := f.mirror(c).take()
				for n := range 3 {
					f.send(words(30)...).done()
					if k.gives(words(30)...); k.next != uint64(30*(n+1)+1) {
						t.Harness("the count is wrong")
					}
					c.Send(k.ack(k.next - 1))
					c.Barrier()
					c = c.Again()
					f.attach(c)
					stable := k.next - 1
					k = f.mirror(c)
					if k.ch.Next != stable+1 {
						t.Fail(fmt.Sprintf("an OPEN with next %d", stable+1), "%d", k.ch.Next)
					}
					k.resume(stable)
				}
			},
		},
		{
			ID: "record/from-the-position", Req: []string{"REC-004", "CHAN-016"}, Title: "a sender goes on behind the stable of ACCEPT, whichever it is, with each number once",
			Run: func(t *T) {
				c := t.Deliver()
				f, _ := mastered(c)
				f.send(words(6)...).done()
				for _, stable := range []uint64{0, 2, 3, 5} {
					c = c.Again()
					f.attach(c)
					k := f.mirror(c).resume(stable).gives(words(6)[stable:]...)
					c.Send(k.ack(stable))
					k.silent("a second time")
				}
			},
		},
		{
			ID: "record/from-a-diverged-position", Req: []string{"REC-004"}, Title: "a sender that is answered diverged goes on behind stable all the same",
			Run: func(t *T) {
				c := t.Deliver()
				f, _ := mastered(c)
				f.send(words(4)...).done()
				f.attach(c.Again())
				k := f.mirror(f.c)
				f.c.Send(k.accepts(codec.Position{State: codec.PositionDiverged, Stable: 1, Dup: 3}))
				k.gives(words(4)[1:]...)
			},
		},
		{
			ID: "record/ranges-left-out", Req: []string{"REC-005", "REC-004"}, Title: "a sender covers every number that is not in ranges of ACCEPT, once and ascending",
			Run: func(t *T) {
				c := t.Deliver()
				f, _ := mastered(c)
				f.send(words(12)...).done()
				f.attach(c.Again())
				k := f.mirror(f.c).resume(2, codec.Range{First: 4, Last: 5}, codec.Range{First: 8, Last: 8}, codec.Range{First: 11, Last: 12})
				for _, n := range []uint64{3, 6, 7, 9, 10} {
					i := k.comes()
					for i.first < n && slices.Contains([]uint64{4, 5, 8}, i.first) { // a sender may send those as well
						i = k.comes()
					}
					if i.gap || i.first != n || !bytes.Equal(i.data, words(12)[n-1]) {
						t.Fail(fmt.Sprintf("record %d", n), "%s", i)
					}
				}
			},
		},
		{
			ID: "record/fin-behind-the-last", Req: []string{"REC-018", "MIRR-008"}, Title: "a sender ends with FIN, on its last RECORDS or alone, behind everything that it has",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				f.send(words(5)...)
				c.Send(f.records(codec.FlagFin, []byte("record 6")))
				f.done()
				c.Expect(finOn(f.s))
				k.take().gives(words(6)...).ends()
				c.Send(k.ack(6), k.s.Fin())
				c.Barrier()
				f.attach(c.Again()).stands(codec.PositionKept, 6)
				if k := f.mirror(f.c); k.ch.Stable != 6 {
					t.Fail("an OPEN that knows of the ACK before FIN", "stable %d", k.ch.Stable)
				}
			},
		},
		{
			ID: "record/fin-of-nothing", Req: []string{"REC-018", "REC-019", "MIRR-008"}, Title: "a channel of which nothing was sent ends with FIN",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				c.Send(f.s.Fin())
				c.Expect(finOn(f.s))
				k.ends()
				c.Send(k.s.Fin())
			},
		},
		{
			ID: "record/fin-is-answered", Req: []string{"REC-019"}, Title: "FIN is answered, when everything is stable, with an ACK that says so and then FIN",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				f.send(words(3)...).send(hold(150 * time.Millisecond))
				c.Send(f.records(codec.FlagFin, []byte("last")))
				var stable uint64
				for {
					e := c.Expect(Matching("ACK or FIN", func(e *Event) bool {
						return e.Frame.Stream == f.s.ID && (e.Frame.Type == codec.TypeAck || e.Frame.Type == codec.TypeData)
					}))
					if m, ok := e.Message.(codec.Ack); ok {
						stable = m.Stable
						continue
					}
					if stable != 5 {
						t.Fail("an ACK of 5 before FIN", "FIN behind an ACK of %d", stable)
					}
					return
				}
			},
		},
		{
			ID: "record/fin-is-answered-at-once", Req: []string{"REC-019"}, Title: "FIN on the last RECORDS is answered as soon as that is stable, with an ACK that nothing else would have called for yet",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a")
				for n := range uint64(5) {
					f.attach(c)
					c.Send(f.records(codec.FlagFin, []byte("last")))
					f.acked(n + 1)
					c.Expect(finOn(f.s))
				}
			},
		},
		{
			ID: "record/fin-first", Req: []string{"REC-021"}, Title: "FIN of the receiver, before that of the sender, is answered with PROTOCOL",
			Reject: Rejection{
				Good: func(c *Conn) {
					f, k := mastered(c)
					k.take()
					c.Send(f.s.Fin())
					k.ends()
					c.Send(k.s.Fin())
				},
				Bad: func(c *Conn) {
					f, k := mastered(c)
					k.take()
					f.send(words(1)...)
					k.gives(words(1)...)
					c.Send(k.s.Fin().Fault("the FIN of the receiver comes first"))
				},
			}.wants(theirs, Reset, codec.CodeProtocol),
		},
		{
			ID: "record/attached-again-after-sequence", Req: []string{"REC-017", "MIRR-003"}, Title: "a sender that receives RESET(SEQUENCE) opens a new stream before it sends more, and goes on where its receiver is",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(4)...).done()
				k.gives(words(4)...)
				old := k.s
				c.Send(Message(codec.Reset{Stream: old.ID, Code: codec.CodeSequence, RetryMS: 0}))
				f.send(words(6)[4:]...).done()
				k.reopened(c, "a"+mirrorSuffix).resume(2).gives(words(6)[2:]...)
				c.Never("record on the stream that was reset", func(e *Event) bool {
					return e.Frame != nil && e.Frame.Stream == old.ID && e.Frame.Type == codec.TypeRecords
				})
			},
		},
		{
			ID: "record/attached-again-after-reject", Req: []string{"MIRR-003"}, Title: "a mirror that was rejected for the moment is opened again",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				f.send(words(2)...).done()
				c.Send(Message(codec.Reject{Stream: k.s.ID, Code: codec.CodeBusyElsewhere, RetryMS: 0}))
				k.reopened(c, "a"+mirrorSuffix).take().gives(words(2)...)
			},
		},
	}
}

// givesWithin waits for a part of what a grant has room for, of n records of which it has not room for all, and a little longer: where a record
// is cut it costs more, and a sender may find the last of a grant not worth a frame. That no more comes than was granted, the wire checker sees.
func (k *taker) givesWithin(grant uint64, n int, record []byte) {
	for range int(grant) / (len(record) + codec.MessageCharge) * 2 / 5 {
		k.gives(record)
	}
	k.c.t.Sleep(MaxQuiet / 2)
	if k.next > uint64(n) {
		k.c.t.Fail("a sender that stops where the grant ends", "all %d records", n)
	}
}
