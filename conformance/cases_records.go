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
	return slices.Concat(recordFormCases(), recordOrderCases(), recordTakenCases(), recordSentCases(), recordBoundCases(), windowBytesCases())
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
