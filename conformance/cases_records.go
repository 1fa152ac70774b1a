package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"handfast/codec"
)

// recordCases are about RECORDS, in both directions.
func recordCases() []Case {
	return slices.Concat(recordFormCases(), recordOrderCases(), recordTakenCases(), recordSentCases(), recordBoundCases())
}

// recordScene attaches a master whose next number is 3.
func recordScene(c *Conn) *feed {
	c.delivers()
	return c.t.newFeed("a").attach(c).send(words(2)...).done()
}

// recordFormCases are about the form of RECORDS (REC-001, REC-002).
func recordFormCases() []Case {
	const fin, more = codec.FlagFin, codec.FlagMore
	seq := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	whole := codec.AppendPiece(nil, []byte("three"))
	form := func(slug, req, what string, flags codec.Flags, good, bad []byte) Case {
		send := func(f *feed, flags codec.Flags, payload []byte) Packet {
			return Frame(codec.Header{Type: codec.TypeRecords, Flags: flags, Stream: f.s.ID}, payload)
		}
		return Case{
			ID: "record/" + slug, Req: strings.Fields(req), Title: what + " ends the link with ENCODING",
			Reject: Rejection{
				Good: func(c *Conn) { f := recordScene(c); c.Send(send(f, 0, good)) },
				Bad:  func(c *Conn) { f := recordScene(c); c.Send(send(f, flags, bad).Fault(what)) },
			}.closes(codec.CodeEncoding),
		}
	}
	good := slices.Concat(seq(3), whole)
	long := func(n uint32) []byte { return append(binary.BigEndian.AppendUint32(seq(3), n), "three"...) }
	return []Case{
		form("without-payload", "REC-001", "a RECORDS without payload", 0, good, nil),
		form("number-short", "REC-001", "a RECORDS of 7 bytes", 0, good, seq(3)[:7]),
		form("number-zero", "REC-001", "a RECORDS with the number 0", 0, good, slices.Concat(seq(0), whole)),
		form("number-too-great", "REC-001", "a RECORDS with a number above 2^63-2", 0, good, slices.Concat(seq(1<<63-1), whole)),
		form("number-grows-too-great", "REC-001", "a RECORDS whose second record is above 2^63-2", 0, good, slices.Concat(seq(1<<63-2), whole, whole)),
		form("number-of-64-bits", "REC-001", "a RECORDS with the number 2^64-1", 0, good, slices.Concat(seq(1<<64-1), whole)),
		form("without-piece", "REC-002", "a RECORDS without a piece", 0, good, seq(3)),
		form("without-piece-and-fin", "REC-002", "a RECORDS with FIN and without a piece", fin, good, seq(3)),
		form("piece-too-long", "REC-002", "a RECORDS whose piece is one byte longer than what is left", 0, good, long(6)),
		form("piece-of-4-gib", "REC-002", "a RECORDS whose piece has 2^32-1 bytes", 0, good, long(1<<32-1)),
		form("bytes-left-over", "REC-002", "a RECORDS with three bytes left over", 0, good, append(slices.Clone(good), 0, 0, 0)),
		form("fin-and-more", "REC-002", "a RECORDS with FIN and MORE", fin|more, good, good),
		form("more-behind-nothing", "REC-002", "a RECORDS with MORE whose last piece is empty", more, good, slices.Concat(seq(3), codec.AppendPiece(nil, nil))),
		{
			ID: "record/fin-inside", Req: []string{"REC-002"}, Title: "FIN in the middle of a record ends the link with ENCODING",
			Reject: Rejection{
				Good: func(c *Conn) {
					f := recordScene(c)
					c.Send(f.records(more, []byte("thr")), f.records(fin, []byte("ee")))
				},
				Bad: func(c *Conn) {
					f := recordScene(c)
					c.Send(f.records(more, []byte("thr")), f.s.Fin().Fault("FIN inside of a record"))
				},
			}.closes(codec.CodeEncoding),
		},
	}
}

// recordOrderCases are about numbers that do not come as they should (REC-006, REC-007).
func recordOrderCases() []Case {
	order := func(slug, req, what string, good, bad func(f *feed) []Packet) Case {
		return Case{
			ID: "record/" + slug, Req: []string{req}, Title: what + " ends the stream with SEQUENCE",
			Reject: Rejection{
				Good: func(c *Conn) { f := recordScene(c); c.Send(good(f)...); f.done() },
				Bad: func(c *Conn) {
					f := recordScene(c)
					packets := bad(f)
					last := len(packets) - 1
					packets[last] = packets[last].Fault(what)
					c.Send(packets...)
				},
				Look: func(c *Conn, _ Event) { c.Echo() },
			}.wants(own, Reset, codec.CodeSequence),
		}
	}
	gap := func(f *feed, from, to uint64) Packet {
		return Message(codec.Gap{Stream: f.s.ID, From: from, To: to, Reason: codec.GapExpired})
	}
	number := func(n uint64, pieces ...[]byte) func(f *feed) []Packet {
		return func(f *feed) []Packet { return []Packet{f.numbered(n, 0, pieces...)} }
	}
	next := func(f *feed) []Packet { return []Packet{f.records(0, []byte("three"))} }
	lost := func(f *feed) []Packet { return []Packet{f.gap(2, codec.GapExpired)} }
	whole := func(f *feed) []Packet {
		return []Packet{f.records(codec.FlagMore, []byte("thr")), f.records(0, []byte("ee"))}
	}
	inside := func(p func(f *feed) Packet) func(f *feed) []Packet {
		return func(f *feed) []Packet { return []Packet{f.records(codec.FlagMore, []byte("thr")), p(f)} }
	}
	x := []byte("x")
	return []Case{
		order("number-jumped", "REC-006", "a number that was jumped to without GAP", next, number(4, x)),
		order("number-jumped-far", "REC-006", "the greatest number there is, where 3 is next", next, number(1<<63-2, x)),
		order("number-again", "REC-006", "a number that comes twice", next, number(2, x)),
		order("number-first-again", "REC-006", "the first number, which comes again", next, number(1, x)),
		order("numbers-overlap", "REC-006", "a RECORDS that begins with a number that was there, and ends with new ones", next, number(2, x, x, x)),
		order("gap-jumped", "REC-006", "a GAP that begins above the number that is next", lost, func(f *feed) []Packet { return []Packet{gap(f, 4, 5)} }),
		order("gap-again", "REC-006", "a GAP over numbers that were there", lost, func(f *feed) []Packet { return []Packet{gap(f, 1, 2)} }),
		order("gap-overlaps", "REC-006", "a GAP that begins with a number that was there, and ends above it", lost, func(f *feed) []Packet { return []Packet{gap(f, 2, 4)} }),
		order("number-inside-a-gap", "REC-006", "a record with a number of the GAP before it", func(f *feed) []Packet { return append(lost(f), f.records(0, x)) },
			func(f *feed) []Packet { return append(lost(f), f.numbered(4, 0, x)) }),
		order("number-behind-a-gap", "REC-006", "a record that jumps over the number behind a GAP", func(f *feed) []Packet { return append(lost(f), f.records(0, x)) },
			func(f *feed) []Packet { return append(lost(f), f.numbered(6, 0, x)) }),
		order("other-record-inside", "REC-007", "a RECORDS with the next number behind one with MORE", whole, inside(func(f *feed) Packet { return f.numbered(4, 0, x) })),
		order("earlier-record-inside", "REC-007", "a RECORDS with an earlier number behind one with MORE", whole, inside(func(f *feed) Packet { return f.numbered(2, 0, x) })),
		order("gap-inside", "REC-007", "a GAP between the pieces of a record", whole, inside(func(f *feed) Packet { return gap(f, 3, 3) })),
		order("gap-behind-inside", "REC-007", "a GAP over the number behind, between the pieces of a record", whole, inside(func(f *feed) Packet { return gap(f, 4, 4) })),
		{
			ID: "record/fault-keeps-the-rest", Req: []string{"REC-008", "CHAN-016"}, Title: "what came before and behind a SEQUENCE is applied once, and nothing twice",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				f.send(words(3)...).done()
				c.Send(f.numbered(2, 0, []byte("a copy"), []byte("another")).Fault("numbers that come again"))
				c.Expect(Matching("RESET(SEQUENCE)", func(e *Event) bool { return e.Frame.Type == codec.TypeReset && e.Frame.Stream == f.s.ID }))
				f.attach(c).stands(codec.PositionKept, 3).send([]byte("record 4")).done()
				k.gives(words(4)...).silent("more than once")
			},
		},
		{
			ID: "record/resumed-once", Req: []string{"REC-008", "REC-009", "MIRR-001"}, Title: "records of a channel that moves over eight links are applied once each, in order",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				all := words(80)
				for i := 0; i < len(all); {
					n := min(i+1+t.Rand.IntN(19), len(all))
					for _, r := range all[i:n] {
						c.Send(f.records(0, r))
					}
					if t.Rand.IntN(2) == 0 {
						f.done()
					}
					c = c.Again()
					f.attach(c) // seq goes on where the receiver is
					i = int(f.seq) - 1
					f.ch.Next = max(f.ch.Next, f.seq)
				}
				f.mirror(c).take().gives(all...).silent("twice")
			},
		},
		{
			ID: "record/goes-on-after-a-cut", Req: []string{"REC-008", "REC-002", "CHAN-016"}, Title: "a record that was cut off inside of a frame comes again, whole, and is applied once",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c).send(words(2)...).done()
				long := make([]byte, 9_000)
				t.fill(long)
				half := f.records(codec.FlagMore, long[:5_000])
				rest := f.records(0, long[5_000:])
				c.Send(half, rest.Truncate("the transport ends inside of it", 3_000))
				c.HangUp()
				d := c.Again()
				f.attach(d).stands(codec.PositionKept, 2).send(long, []byte("record 4")).done()
				f.mirror(d).take().gives(words(2)...).gives(long, []byte("record 4")).silent("twice")
			},
		},
	}
}

// recordTakenCases are about what a receiver takes.
func recordTakenCases() []Case {
	return []Case{
		{
			ID: "record/applied-in-order", Req: []string{"MIRR-001", "REC-009"}, Title: "records are applied once each, in the order of their numbers, with the bytes that were sent",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				odd := [][]byte{nil, {0}, bytes.Repeat([]byte{0xFF}, 3000), []byte("hol"), []byte("hold"), []byte("hold x"), []byte("hold 5 "), []byte(" fail"), []byte("~")}
				f.send(odd...).done()
				k.gives(odd...)
			},
		},
		{
			ID: "record/many-to-a-frame", Req: []string{"REC-002", "REC-009", "MIRR-001"}, Title: "each further record of a RECORDS has the number behind",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				list := words(300)
				for at := 0; at < len(list); {
					n := min(at+1+t.Rand.IntN(40), len(list))
					c.Send(f.records(0, list[at:n]...))
					at = n
				}
				f.done()
				k.gives(list...)
			},
		},
		{
			ID: "record/cut-at-every-byte", Req: []string{"REC-002"}, Title: "a record in two pieces is joined, wherever it is cut",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				value := []byte("a record")
				for cut := 1; cut < len(value); cut++ {
					c.Send(f.records(codec.FlagMore, value[:cut]), f.records(0, value[cut:]))
				}
				f.done()
				for range len(value) - 1 {
					k.gives(value)
				}
			},
		},
		{
			ID: "record/whole-and-cut", Req: []string{"REC-002"}, Title: "of a RECORDS with MORE the last record alone goes on, under its own number",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				b := func(text string) []byte { return []byte(text) }
				c.Send(f.records(codec.FlagMore, b("one"), b("two"), b("thr")))
				c.Send(f.records(codec.FlagMore, b("e")), f.records(codec.FlagMore, b("e"), b("four"), b("fi")))
				c.Send(f.records(0, b("ve"), b("six")))
				f.done()
				k.gives(b("one"), b("two"), b("three"), b("four"), b("five"), b("six"))
			},
		},
		{
			ID: "record/pieces-between-others", Req: []string{"REC-002"}, Title: "frames of other streams may stand between the pieces of a record",
			Run: func(t *T) {
				c := t.Deliver()
				a, b := t.newFeed("a").attach(c), t.newFeed("b").attach(c)
				j, k := a.mirror(c).take(), b.mirror(c).take()
				for i := range 5 {
					c.Send(a.records(codec.FlagMore, []byte("left ")), b.records(codec.FlagMore, []byte("right ")))
					c.Barrier()
					c.Send(b.records(0, fmt.Append(nil, i)), a.records(0, fmt.Append(nil, i)))
				}
				for i := range 5 {
					j.gives(fmt.Append([]byte("left "), i))
					k.gives(fmt.Append([]byte("right "), i))
				}
			},
		},
		{
			ID: "record/too-large", Req: []string{"REC-002"}, Tags: []string{TagFlood}, Title: "a record over max_message ends the stream with MSG_TOO_BIG",
			Reject: Rejection{
				Good: func(c *Conn) { f := recordScene(c); f.pour(make([]byte, c.bigMessage())); f.done() },
				Bad:  func(c *Conn) { f := recordScene(c); f.pourOver(c.bigMessage() + 1) },
			}.wants(own, Reset, codec.CodeMsgTooBig),
		},
		{
			ID: "record/not-finished", Req: []string{"REC-002"}, Tags: []string{TagTiming, TagSlow}, Title: "a record that is not whole within message_ms ends the stream with MESSAGE_TIMEOUT",
			Reject: func() *Rejection {
				r := Rejection{
					Good: func(c *Conn) {
						f := recordScene(c)
						c.Send(f.records(codec.FlagMore, []byte("half")), f.records(0, []byte(" and half")))
					},
					Bad:        func(c *Conn) { f := recordScene(c); c.Send(f.records(codec.FlagMore, []byte("half"))) },
					NoSentinel: true,
					Wait: func(c *Conn) time.Duration {
						return time.Duration(c.Peer().Limits.MessageMS)*time.Millisecond + 2*Slack
					},
				}
				return r.wants(own, Reset, codec.CodeMessageTimeout)
			}(),
		},
		{
			ID: "record/credit-again", Req: []string{"REC-020"}, Tags: []string{TagFlood}, Title: "the charge of RECORDS is granted again, on the stream and on the link, as records are taken",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				k.take()
				limits := c.Peer().Limits
				record := make([]byte, min(limits.StreamCredit/4, limits.MaxFrame/2, limits.MaxMessage))
				// three times the first grant of the stream, and one and a half of the link where that is not too much to send
				total := max(3*limits.StreamCredit, min(limits.LinkCredit*3/2, 16<<20))
				for sent := uint64(0); sent < total; sent += uint64(len(record)) {
					f.send(record)
				}
				f.done()
			},
		},
		{
			ID: "record/credit-of-empty-records", Req: []string{"REC-020"}, Tags: []string{TagFlood}, Title: "records without bytes cost 64 each, which is granted again",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				n := int(2 * c.Peer().Limits.StreamCredit / codec.MessageCharge)
				batch := make([][]byte, 256)
				for range min(n, 40_000) / len(batch) {
					f.s.AwaitCredit(uint64(len(batch)) * codec.MessageCharge)
					c.Send(f.records(0, batch...))
				}
				f.done()
			},
		},
		{
			ID: "record/beyond-the-link", Req: []string{"REC-011"}, Tags: []string{TagFlood}, Title: "RECORDS beyond what is granted for the link end it with FLOW_VIOLATION, whatever is granted for their stream",
			Reject: Rejection{
				Good: func(c *Conn) {
					f := c.fillByMasters()
					c.Send(f.records(0, make([]byte, c.room(f.s)-codec.MessageCharge)))
				},
				Bad: func(c *Conn) {
					f := c.fillByMasters()
					c.Send(f.records(0, make([]byte, c.room(f.s)-codec.MessageCharge+1)).Fault("more than was granted for the link"))
				},
			}.closes(codec.CodeFlowViolation),
		},
		{
			ID: "record/beyond-the-stream", Req: []string{"REC-011"}, Title: "RECORDS beyond what is granted for the stream end the link with FLOW_VIOLATION",
			Reject: Rejection{
				Good: func(c *Conn) { f := c.slow(); c.pourTo(f, 0) },
				Bad:  func(c *Conn) { f := c.slow(); c.pourTo(f, 1) },
			}.closes(codec.CodeFlowViolation),
		},
	}
}

// slow attaches a master of which one record is being applied for a while, so that nothing behind it is.
func (c *Conn) slow() *feed {
	c.delivers()
	f := c.t.newFeed("a").attach(c)
	f.send(hold(slowFor))
	c.Barrier()
	return f
}

// slowFor is how long a record holds up those behind it, where a case needs that nothing is stable.
const slowFor = 1500 * time.Millisecond

// bigMessage is the largest record that a peer takes, at most what a case can send in a moment.
func (c *Conn) bigMessage() int {
	const most = 2 << 20
	n := c.Peer().Limits.MaxMessage
	if n > most {
		c.t.Unsupported(fmt.Sprintf("the peer takes messages of %d bytes, and the case sends %d at most", n, most))
	}
	return int(n)
}

// pour sends one record in pieces, as the grants allow.
func (f *feed) pour(record []byte) {
	limits := f.c.Peer().Limits
	most := int(min(limits.MaxFrame, limits.StreamCredit/4)) - pieceLength - 8
	for len(record) > most {
		f.s.AwaitCredit(uint64(most) + codec.MessageCharge)
		f.c.Send(f.records(codec.FlagMore, record[:most]))
		record = record[most:]
	}
	f.s.AwaitCredit(uint64(len(record)) + codec.MessageCharge)
	f.c.Send(f.records(0, record))
}

// pourOver sends a record of n bytes, which is one too many, and declares the last piece a fault.
func (f *feed) pourOver(n int) {
	limits := f.c.Peer().Limits
	most := int(min(limits.MaxFrame, limits.StreamCredit/4)) - pieceLength - 8
	for ; n > most; n -= most {
		f.s.AwaitCredit(uint64(most) + codec.MessageCharge)
		f.c.Send(f.records(codec.FlagMore, make([]byte, most)))
	}
	f.s.AwaitCredit(uint64(n) + codec.MessageCharge)
	f.c.Send(f.records(0, make([]byte, n)).Fault("a record over max_message"))
}

// pourTo uses up what is granted for a stream, and over bytes more. What is granted meanwhile is used up, too: the record before these is
// not applied, and a receiver that grants for what it only queues has an end as well, or has granted what comes.
func (c *Conn) pourTo(f *feed, over int) {
	limits := c.Peer().Limits
	piece := int(min(limits.MaxFrame, limits.StreamCredit/4)) - pieceLength - 8 - codec.MessageCharge
	for range 1 << 10 {
		room := int(c.room(f.s))
		if room < piece+codec.MessageCharge {
			break
		}
		c.Send(f.records(0, make([]byte, piece)))
	}
	c.Barrier() // so that a grant that was on its way is there
	if room := int(c.room(f.s)); over == 0 && room >= codec.MessageCharge {
		c.Send(f.records(0, make([]byte, min(room-codec.MessageCharge, piece))))
	} else if over > 0 {
		if room >= int(limits.MaxFrame) {
			c.t.Unsupported("the peer grants more while it applies nothing")
		}
		c.Send(f.numbered(f.seq, 0, make([]byte, max(room-codec.MessageCharge, 0)+over)).Fault("more than was granted"))
	}
}

// fillByMasters uses up what is granted for the link, but for less than a frame, by masters whose first records are not applied for a while. It gives one on
// whose own stream there is room for more.
func (c *Conn) fillByMasters() *feed {
	limits := c.Peer().Limits
	if limits.LinkCredit > 16<<20 || limits.LinkCredit/limits.StreamCredit > codec.MaxChannels-2 {
		c.t.Unsupported("the peer grants more for a link than a case can send")
	}
	c.delivers()
	most := limits.MaxFrame / 2
	for n := range codec.MaxChannels {
		f := c.t.newFeed(fmt.Sprintf("f%d", n)).attach(c).send(hold(2 * slowFor))
		for {
			c.mu.Lock()
			stream, link := c.wire.StreamRoom(c.own, f.s.ID), c.wire.LinkRoom(c.own)
			c.mu.Unlock()
			if link < 2*most && stream > link {
				return f
			}
			piece := min(most, stream, link-most) // so that the next master has room for its first record
			if piece < 2*codec.MessageCharge {
				break
			}
			c.Send(f.records(0, make([]byte, piece-codec.MessageCharge)))
		}
	}
	c.t.Unsupported("the peer grants more while it applies nothing")
	return nil
}

// room is what may be sent on a stream.
func (c *Conn) room(s *Stream) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return min(c.wire.StreamRoom(c.own, s.ID), c.wire.LinkRoom(c.own))
}

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

// recordBoundCases are about what a sender may not send: too large records, too many, and more than was granted.
func recordBoundCases() []Case {
	least := codec.MinLimits()
	small := func(h *codec.Hello) {
		h.Limits.StreamCredit, h.Limits.MaxMessage, h.Limits.MaxFrame = least.StreamCredit, least.MaxMessage, least.MaxFrame
	}
	return []Case{
		{
			ID: "record/too-large-for-the-receiver", Req: []string{"REC-015", "REC-016"}, Title: "a sender puts a GAP with reason 5 in the place of a record over the receiver's max_message",
			Run: func(t *T) {
				c := t.Deliver(small)
				f, k := mastered(c)
				k.take()
				largest := make([]byte, c.Self().Limits.MaxMessage)
				t.fill(largest)
				f.pour([]byte("before"))
				f.pour(largest)
				if c.Peer().Limits.MaxMessage <= uint64(len(largest)) {
					t.Unsupported("the peer takes no larger messages than the suite can state")
				}
				f.pour(append(largest, 1))
				f.pour(append(largest, 1, 2))
				f.pour([]byte("behind"))
				f.done()
				k.gives([]byte("before"), largest).lacks(2, codec.GapOperator).gives([]byte("behind"))
			},
		},
		{
			ID: "record/pieces-of-max-frame", Roles: Acceptors, Req: []string{"FRAME-012", "REC-002"}, Title: "a sender cuts a record that is over max_frame of its receiver",
			Run: func(t *T) {
				c := t.Deliver(small)
				f, k := mastered(c)
				k.take()
				for _, n := range []uint64{least.MaxFrame - 13, least.MaxFrame - 12, least.MaxFrame, 3 * least.MaxFrame} {
					record := make([]byte, n)
					t.fill(record)
					f.pour(record)
					k.gives(record)
				}
			},
		},
		{
			ID: "record/within-the-grant-of-the-stream", Req: []string{"REC-012"}, Title: "a sender stops where the grant of the stream ends, and goes on as it is raised",
			Run: func(t *T) {
				c := t.Open(func() Options {
					o := delivering(small)
					o.NoCredit = true
					return o
				}())
				f, k := mastered(c)
				k.take()
				record := make([]byte, 1000)
				n := int(least.StreamCredit)/(len(record)+codec.MessageCharge) + 5
				for range n {
					f.send(record)
				}
				f.done()
				k.givesWithin(least.StreamCredit, n, record)
				c.Send(k.s.Credit(2 * least.StreamCredit))
				for k.next <= uint64(n) {
					k.gives(record)
				}
			},
		},
		{
			ID: "record/within-the-grant-of-the-link", Req: []string{"REC-012"}, Title: "a sender stops where the grant of the link ends, and goes on as it is raised",
			Run: func(t *T) {
				c := t.Open(func() Options {
					o := delivering(func(h *codec.Hello) { h.Limits.LinkCredit, h.Limits.StreamCredit = least.LinkCredit, 1<<20 })
					o.NoCredit = true
					return o
				}())
				f, k := mastered(c)
				k.take()
				record := make([]byte, 8000)
				n := int(least.LinkCredit)/(len(record)+codec.MessageCharge) + 3
				for range n {
					f.send(record)
				}
				f.done()
				k.givesWithin(least.LinkCredit, n, record)
				c.Send(Message(codec.Credit{Max: 2 * least.LinkCredit}))
				for k.next <= uint64(n) {
					k.gives(record)
				}
			},
		},
		{
			ID: "record/window-of-the-sender", Req: []string{"REC-013"}, Tags: []string{TagFlood}, Title: "a sender stops at 65,536 records that are not stable, whatever is granted, and goes on with the next ACK",
			Run: func(t *T) {
				c := t.Deliver(func(h *codec.Hello) { h.Limits.StreamCredit, h.Limits.LinkCredit = 64<<20, 64<<20 })
				f, k := mastered(c)
				k.take()
				const more = 200
				batch := make([][]byte, 512)
				for sent := 0; sent < codec.WindowRecords+more; sent += len(batch) {
					n := min(len(batch), codec.WindowRecords+more-sent)
					f.s.AwaitCredit(uint64(n) * codec.MessageCharge)
					c.Send(f.records(0, batch[:n]...))
				}
				f.done()
				for range codec.WindowRecords {
					k.gives(nil)
				}
				k.silent("beyond the window")
				c.Send(k.ack(more))
				for range more {
					k.gives(nil)
				}
			},
		},
		{
			ID: "record/window-counts-gaps", Req: []string{"REC-013"}, Tags: []string{TagFlood}, Title: "a GAP counts as one record of the sender's window",
			Run: func(t *T) {
				c := t.Deliver(func(h *codec.Hello) { h.Limits.StreamCredit, h.Limits.LinkCredit = 64<<20, 64<<20 })
				f, k := mastered(c)
				k.take()
				const records, pairs = codec.WindowRecords - 136, 200 // of which 68 have room
				batch := make([][]byte, 512)
				for sent := 0; sent < records; sent += len(batch) {
					n := min(len(batch), records-sent)
					f.s.AwaitCredit(uint64(n) * codec.MessageCharge)
					c.Send(f.records(0, batch[:n]...))
				}
				f.s.AwaitCredit(pairs * codec.MessageCharge)
				for range pairs {
					c.Send(f.records(0, nil), f.gap(1, codec.GapExpired))
				}
				f.done()
				for range records {
					k.gives(nil)
				}
				for range 68 {
					k.gives(nil).lacks(1, codec.GapExpired)
				}
				k.silent("beyond the window")
				c.Send(k.ack(100))
				for range 50 {
					k.gives(nil).lacks(1, codec.GapExpired)
				}
			},
		},
		{
			ID: "record/window-of-the-receiver", Req: []string{"REC-014"}, Tags: []string{TagFlood, TagTiming, TagSlow}, Title: "a window over 65,536 records ends the link with WINDOW_EXCEEDED, a GAP counting as one",
			Reject: Rejection{
				Good: func(c *Conn) { c.fillWindow(codec.WindowRecords - 1) },
				Bad: func(c *Conn) {
					f := c.fillWindow(codec.WindowRecords - 1)
					c.Send(f.gap(1, codec.GapFiltered).Fault("a window of 65,537"))
				},
			}.closes(codec.CodeWindowExceeded),
		},
	}
}

// fillWindow attaches a master whose first record is not applied for a while, and sends n GAPs behind it, which cost nothing.
func (c *Conn) fillWindow(n int) *feed {
	c.delivers()
	f := c.t.newFeed("a").attach(c)
	f.send(hold(2 * slowFor))
	var packets []Packet
	for range n {
		packets = append(packets, f.gap(1, codec.GapFiltered))
		if len(packets) == 2048 {
			c.sendMany("2048 GAPs of one number", packets)
			packets = packets[:0]
		}
	}
	c.sendMany("GAPs of one number", packets)
	return f
}
