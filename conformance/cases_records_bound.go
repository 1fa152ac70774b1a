package conformance

import (
	"handfast/codec"
)

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
