package conformance

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"handfast/codec"
)

// ackCases are about ACK, in both directions.
func ackCases() []Case {
	return slices.Concat(ackFormCases(), ackImpossibleCases(), ackTakenCases(), ackSentCases())
}

// ackScene gives a mirror of which nine records were sent.
func ackScene(c *Conn) *taker {
	f, k := mastered(c)
	k.take()
	f.send(words(9)...).done()
	return k.gives(words(9)...)
}

// ackFormCases are about the form of ACK (ACK-001).
func ackFormCases() []Case {
	form := func(slug, req, what string, good, bad edit) Case {
		return Case{
			ID: "ack/" + slug, Req: strings.Fields(req), Title: "an ACK " + what + " ends the link with ENCODING",
			Reject: Rejection{
				Good: func(c *Conn) { k := ackScene(c); c.Send(good(k.ack(1))) },
				Bad:  func(c *Conn) { k := ackScene(c); c.Send(bad(k.ack(1)).Fault(what)) },
			}.closes(codec.CodeEncoding),
		}
	}
	ranges := func(count int, numbers ...uint64) edit {
		return func(p Packet) Packet {
			return p.Payload("", func(b []byte) []byte {
				binary.BigEndian.PutUint16(b[12:], uint16(count))
				for _, n := range numbers {
					b = binary.BigEndian.AppendUint64(b, n)
				}
				return b
			})
		}
	}
	var many []uint64
	for i := range uint64(65) {
		many = append(many, 3*i+3, 3*i+4)
	}
	good := harmless(ranges(2, 3, 4, 6, 7))
	return []Case{
		form("short", "FRAME-010 ACK-001", "of 15 bytes", same, resized(15)),
		form("count-over", "FRAME-010 ACK-001", "whose count is one more than its ranges", good, ranges(2, 3, 4)),
		form("count-under", "FRAME-010 ACK-001", "whose count is one less than its ranges", good, ranges(1, 3, 4, 6, 7)),
		form("many-ranges", "ACK-001", "with 65 ranges", good, ranges(65, many...)),
		form("range-at-stable", "ACK-001", "with a range that begins with stable", good, ranges(1, 1, 4)),
		form("ranges-touching", "ACK-001", "with ranges without a gap between them", good, ranges(2, 3, 4, 5, 7)),
		form("ranges-overlapping", "ACK-001", "with ranges that overlap", good, ranges(2, 3, 5, 5, 7)),
		form("ranges-descending", "ACK-001", "with ranges that descend", good, ranges(2, 6, 7, 3, 4)),
		form("range-backwards", "ACK-001", "with a range that ends before it begins", good, ranges(1, 4, 3)),
		form("range-too-great", "ACK-001", "with a range that ends above 2^63-2", good, ranges(1, 3, 1<<63-1)),
		form("stable-too-great", "ACK-001", "with a stable above 2^63-2", same, func(p Packet) Packet {
			return p.Payload("", func(b []byte) []byte { binary.BigEndian.PutUint64(b, 1<<63-1); return b })
		}),
	}
}

// ackImpossibleCases are about ACKs that no receiver sends (ACK-008, ACK-009), and those that come where none may.
func ackImpossibleCases() []Case {
	// impossible makes a case of an ACK behind one of 4; nine records were sent. The queue of the mirror has to be as it was.
	impossible := func(slug, what string, good, bad func(k *taker) Packet) Case {
		scene := func(c *Conn) *taker {
			k := ackScene(c)
			c.Send(k.ack(4))
			return k
		}
		return Case{
			ID: "ack/" + slug, Req: []string{"ACK-008", "ACK-009"}, Title: "an ACK " + what + " ends the link with ACK_INVALID, and frees nothing",
			Reject: Rejection{
				Good: func(c *Conn) { c.Send(good(scene(c))) },
				Bad:  func(c *Conn) { c.Send(bad(scene(c)).Fault(what)) },
				Look: func(c *Conn, _ Event) {
					f := c.t.feeds[len(c.t.feeds)-1]
					d := c.Again()
					f.attach(d).mirror(d).resume(4).gives(words(9)[4:]...)
				},
			}.closes(codec.CodeAckInvalid),
		}
	}
	of := func(stable uint64, ranges ...codec.Range) func(k *taker) Packet {
		return func(k *taker) Packet { return k.ack(stable, ranges...) }
	}
	state := func(slug, what string, good, bad func(c *Conn) []Packet) Case {
		return Case{
			ID: "ack/" + slug, Req: []string{"CHAN-015"}, Title: what + " ends the link with STATE",
			Reject: Rejection{
				Good: func(c *Conn) { c.delivers(); c.Send(good(c)...) },
				Bad: func(c *Conn) {
					c.delivers()
					list := bad(c)
					last := len(list) - 1
					list[last] = list[last].Fault(what)
					c.Send(list...)
				},
			}.closes(codec.CodeState),
		}
	}
	none := func(*Conn) []Packet { return nil }
	records := func(s *Stream) Packet {
		return Message(codec.Records{Stream: s.ID, Seq: 1, Pieces: codec.NewPieces(0, []byte("x"))})
	}
	gap := func(s *Stream) Packet {
		return Message(codec.Gap{Stream: s.ID, From: 1, To: 1, Reason: codec.GapExpired})
	}
	ack := func(s *Stream) Packet { return Message(codec.Ack{Stream: s.ID}) }
	fed := func(what func(f *feed) []Packet) func(c *Conn) []Packet {
		return func(c *Conn) []Packet { return what(c.t.newFeed("a").attach(c)) }
	}
	mirrored := func(what func(s *Stream) Packet) func(c *Conn) []Packet {
		return func(c *Conn) []Packet { _, k := mastered(c); k.take(); return []Packet{what(k.s)} }
	}
	offered := func(c *Conn) []Packet { _, k := mastered(c); return []Packet{ack(k.s)} }
	called := func(what func(s *Stream) Packet) func(c *Conn) []Packet {
		return func(c *Conn) []Packet { return []Packet{what(onOpen(c))} }
	}
	ended := func(what func(f *feed) Packet) func(c *Conn) []Packet {
		return fed(func(f *feed) []Packet { return []Packet{f.records(codec.FlagFin, hold(400*time.Millisecond)), what(f)} })
	}
	before := fed(func(f *feed) []Packet { return []Packet{f.records(codec.FlagFin, hold(100*time.Millisecond))} })
	return []Case{
		impossible("beyond", "of one number more than was sent", of(9), of(10)),
		impossible("far-beyond", "of 2^62", of(9), of(1<<62)),
		impossible("range-beyond", "with a range that ends one above what was sent", of(4, codec.Range{First: 7, Last: 9}), of(4, codec.Range{First: 7, Last: 10})),
		impossible("falling", "of one number less than before", of(4), of(3)),
		impossible("falling-to-zero", "of 0 behind one of 4", of(4), of(0)),
		{
			ID: "ack/below-the-position", Req: []string{"ACK-008"}, Title: "an ACK below the stable of ACCEPT ends the link with ACK_INVALID",
			Reject: func() *Rejection {
				scene := func(c *Conn) *taker {
					f := c.t.newFeed("a").attach(c.Again()).send(words(9)...).done()
					return f.attach(c).mirror(c).resume(4).gives(words(9)[4:]...)
				}
				return Rejection{
					Good: func(c *Conn) { k := scene(c); c.Send(k.ack(5)) },
					Bad:  func(c *Conn) { k := scene(c); c.Send(k.ack(3).Fault("below the position")) },
				}.closes(codec.CodeAckInvalid)
			}(),
		},
		state("on-a-master", "an ACK from the sender of a channel", none, fed(func(f *feed) []Packet { return []Packet{ack(f.s)} })),
		state("before-accept", "an ACK before ACCEPT", mirrored(ack), offered),
		state("on-a-call", "an ACK on the stream of a call", none, called(ack)),
		state("records-on-a-mirror", "a RECORDS from the receiver of a channel", mirrored(ack), mirrored(records)),
		state("gap-on-a-mirror", "a GAP from the receiver of a channel", mirrored(ack), mirrored(gap)),
		state("records-on-a-call", "a RECORDS on the stream of a call", none, called(records)),
		state("gap-on-a-call", "a GAP on the stream of a call", none, called(gap)),
		state("records-after-fin", "a RECORDS after FIN", before, ended(func(f *feed) Packet { return f.records(0, []byte("late")) })),
		state("gap-after-fin", "a GAP after FIN", before, ended(func(f *feed) Packet { return f.gap(1, codec.GapExpired) })),
	}
}

// ackTakenCases are about the ACKs that a peer sends.
func ackTakenCases() []Case {
	const due = codec.AckDelay * time.Millisecond
	return []Case{
		{
			ID: "ack/of-one-record", Req: []string{"ACK-004"}, Tags: []string{TagTiming}, Title: "a record alone is acknowledged within 100 ms",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				for range 5 {
					began := t.now()
					f.send([]byte("alone"))
					if took := f.acked(f.seq - 1).Time.Sub(began); took > due+Slack {
						t.Fail("an ACK within 100 ms", "one after %v", took)
					}
				}
			},
		},
		{
			ID: "ack/of-64-records", Req: []string{"ACK-004"}, Tags: []string{TagTiming}, Title: "64 records are acknowledged at once, and not after 100 ms",
			Run: func(t *T) { ackedAtOnce(t, codec.AckRecords, 1) },
		},
		{
			ID: "ack/of-256-kib", Req: []string{"ACK-004"}, Tags: []string{TagTiming}, Title: "256 KiB of records are acknowledged at once, and not after 100 ms",
			Run: func(t *T) { ackedAtOnce(t, 20, codec.AckBytes/16) },
		},
		{
			ID: "ack/not-before-it-is-applied", Req: []string{"ACK-002", "MIRR-009"}, Tags: []string{TagTiming}, Title: "a record is not acknowledged before it is applied, and neither is one behind it",
			Run: func(t *T) {
				const wait = 300 * time.Millisecond
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(2)...).done()
				k.gives(words(2)...)
				began := t.now()
				f.send(hold(wait)).send(words(1)...)
				c.Send(f.gap(2, codec.GapExpired))
				if took := f.acked(3).Time.Sub(began); took < wait {
					t.Fail(fmt.Sprintf("an ACK of record 3 after %v", wait), "one after %v", took)
				}
				if i := k.comes(); i.at.Sub(began) < wait {
					t.Fail(fmt.Sprintf("the mirrored record after %v", wait), "%s after %v", i, i.at.Sub(began))
				}
				k.next++
				k.gives(words(1)...).lacks(2, codec.GapExpired)
				f.done()
			},
		},
		{
			ID: "ack/of-applied-records-alone", Req: []string{"ACK-002", "MIRR-001"}, Title: "what was acknowledged stands in the mirror, whatever happens to the link in the next moment",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				list := words(50)
				for at := 0; at < len(list); at += 10 {
					f.send(list[at : at+10]...).done()
					c.HangUp()
					c = c.Again()
					f.attach(c).stands(codec.PositionKept, uint64(at+10))
				}
				f.mirror(c).take().gives(list...)
			},
		},
		{
			ID: "ack/never-falls", Req: []string{"ACK-003", "CHAN-016"}, Title: "stable does not fall, from ACK to ACK and from stream to stream",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				least := uint64(0)
				for n := range 40 {
					f.send([]byte("x"))
					if n%7 == 0 {
						f.done()
						least = f.stable
					}
					if n%5 == 4 {
						f.leave().attach(c)
						if f.at.Stable < least {
							t.Fail(fmt.Sprintf("a stable of %d or more", least), "%d", f.at.Stable)
						}
						least = f.at.Stable
						f.ch.Stable = max(f.ch.Stable, least)
					}
				}
			},
		},
		{
			ID: "ack/states-its-delay", Req: []string{"ACK-011"}, Title: "delay_us is the time since the newest record became stable, which is less than that since it was sent",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				for range 5 {
					began := t.now()
					f.send([]byte("alone"))
					e := f.acked(f.seq - 1)
					m, _ := e.Message.(codec.Ack)
					if delay, most := time.Duration(m.DelayUS)*time.Microsecond, e.Time.Sub(began); delay > most {
						t.Fail(fmt.Sprintf("a delay of %v at most", most), "%v", delay)
					}
				}
			},
		},
		{
			ID: "ack/position-does-not-fall", Req: []string{"ACK-003", "CHAN-017"}, Title: "a sender that has not seen the newest ACKs is answered with what they said",
			Run: func(t *T) {
				_, f := stand(t, 6)
				for _, seen := range []uint64{5, 2, 0} {
					g := f.as(func(ch *codec.Channel) { ch.Stable, ch.First = seen, seen+1 })
					g.attach(f.c.Again()).stands(codec.PositionKept, 6)
				}
			},
		},
		{
			ID: "ack/failed-write", Req: []string{"ACK-012", "MIRR-010"}, Title: "a stream is ended by RESET when a record cannot be applied, which is not acknowledged; it may come again",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(2)...).done()
				f.send([]byte("fail once"))
				f.send([]byte("behind"))
				c.Expect(Matching("RESET", func(e *Event) bool { return e.Frame.Stream == f.s.ID && e.Frame.Type == codec.TypeReset }))
				f.attach(c.Again()).stands(codec.PositionKept, 2)
				k = f.mirror(f.c).resume(2)
				f.send([]byte("fail once"), []byte("behind")).done()
				k.gives([]byte("fail once"), []byte("behind")).silent("of the first try")
			},
		},
	}
}

// ackedAtOnce sends rounds of records and checks that one of them was acknowledged much faster than the timer of ACK would have it. A machine
// that is busy makes some rounds slow, and none fast.
func ackedAtOnce(t *T, records, size int) {
	const due = codec.AckDelay * time.Millisecond
	c := t.Deliver()
	f := t.newFeed("a").attach(c)
	list := make([][]byte, records)
	for i := range list {
		list[i] = make([]byte, size)
	}
	fastest := time.Hour
	most := min(records, int(c.Peer().Limits.MaxFrame)/(size+pieceLength+8))
	enough := uint64(records) // those that have to be acknowledged
	if size > 1 {
		enough = codec.AckBytes / uint64(size)
	}
	for range 12 {
		before := f.seq - 1
		began := t.now()
		for at := 0; at < records; at += most {
			n := min(most, records-at)
			f.s.AwaitCredit(uint64(n * (size + codec.MessageCharge)))
			c.Send(f.records(0, list[at:at+n]...))
		}
		fastest = min(fastest, f.acked(before+enough).Time.Sub(began))
		if fastest < due*6/10 {
			return
		}
		f.done()
	}
	t.Fail(fmt.Sprintf("an ACK as soon as %d records of %d bytes are stable", records, size), "%v in the fastest of twelve rounds", fastest)
}

// ackSentCases are about what a sender makes of an ACK.
func ackSentCases() []Case {
	return []Case{
		{
			ID: "ack/ranges-free-nothing", Req: []string{"ACK-007"}, Title: "records in ranges of an ACK are kept until stable has reached them, and come again where ACCEPT lacks them",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(9)...).done()
				k.gives(words(9)...)
				c.Send(k.ack(2), k.ack(2, codec.Range{First: 4, Last: 6}), k.ack(3, codec.Range{First: 5, Last: 6}, codec.Range{First: 8, Last: 9}))
				c.Barrier()
				f.attach(c.Again())
				f.mirror(f.c).resume(3).gives(words(9)[3:]...)
			},
		},
		{
			ID: "ack/of-a-position-frees-to-stable", Req: []string{"ACK-007", "REC-004"}, Title: "a sender keeps what is above stable of ACCEPT, though it was sent and ranges had it",
			Run: func(t *T) {
				c := t.Deliver()
				f, _ := mastered(c)
				f.send(words(9)...).done()
				d := c.Again()
				f.attach(d)
				f.mirror(d).resume(2, codec.Range{First: 5, Last: 7})
				e := d.Again()
				f.attach(e)
				f.mirror(e).resume(2).gives(words(9)[2:]...)
			},
		},
		{
			ID: "ack/often", Req: []string{"ACK-010", "ACK-007"}, Title: "an ACK for each record, and an empty one, make nothing come twice",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(30)...).done()
				c.Send(k.ack(0))
				for n := range uint64(30) {
					k.gives(words(30)[n])
					c.Send(k.ack(n + 1))
				}
				k.silent("a second time")
				f.send([]byte("behind")).done()
				k.gives([]byte("behind"))
			},
		},
		{
			ID: "ack/repairs-nothing-on-its-stream", Req: []string{"ACK-010"}, Title: "a range above a hole does not make a sender send the hole again on the stream",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(9)...).done()
				k.gives(words(9)...)
				for range 5 {
					c.Send(k.ack(2, codec.Range{First: 6, Last: 9}))
				}
				k.silent("a second time")
			},
		},
		{
			ID: "ack/unused-bits", Req: []string{"FRAME-013", "ACK-001"}, Title: "reserved of an ACK and a delay of an hour are of no meaning to its reader",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(3)...).done()
				k.gives(words(3)...)
				c.Send(k.ack(2).Payload("", func(b []byte) []byte {
					binary.BigEndian.PutUint32(b[8:], 3_600_000_000)
					b[14], b[15] = 0xAA, 0x55
					return b
				}).Harmless())
				c.Barrier()
				f.attach(c.Again())
				if k := f.mirror(f.c); k.ch.Stable != 2 {
					t.Fail("an OPEN with stable 2", "stable %d", k.ch.Stable)
				}
			},
		},
	}
}
