package conformance

import "handfast/codec"

// windowBytesCases are about the half of the window that counts bytes (REC-013, REC-014).
func windowBytesCases() []Case {
	return append(forAll([]Case{{
		ID: "record/window-of-the-sender-in-bytes", Req: []string{"REC-013"}, Tags: []string{TagFlood, TagSlow}, Title: "a sender stops at 64 MiB that are not stable, whatever is granted, and goes on with the next ACK",
		Run: func(t *T) {
			const more = 3
			c := t.Deliver(func(h *codec.Hello) {
				h.Limits.StreamCredit, h.Limits.LinkCredit = 2*codec.WindowBytes, 2*codec.WindowBytes
			})
			f, k := mastered(c)
			k.take()
			record, n := c.windowful()
			for range n + more {
				f.send(record)
			}
			f.done()
			if first := k.comes(); first.gap {
				t.Unsupported("the queue of the mirror holds less than 64 MiB")
			}
			k.next++
			for range n - 1 {
				k.gives(record)
			}
			k.silent("beyond 64 MiB")
			c.Send(k.ack(more))
			for range more {
				k.gives(record)
			}
		},
	}}), forDialers([]Case{{ // what an acceptor grants is its own affair, and mostly far below 64 MiB
		ID: "record/window-of-the-receiver-in-bytes", Req: []string{"REC-014"}, Tags: []string{TagFlood, TagTiming, TagSlow}, Title: "a window over 64 MiB ends the link with WINDOW_EXCEEDED",
		Reject: func() *Rejection {
			r := Rejection{
				Good: func(c *Conn) { f := c.fillWindowBytes(); c.Send(f.records(0, make([]byte, len(hold(2*slowFor))))) },
				Bad: func(c *Conn) {
					f := c.fillWindowBytes()
					c.Send(f.records(0, make([]byte, len(hold(2*slowFor))+1)).Fault("a window of 64 MiB and one byte"))
				},
			}.closes(codec.CodeWindowExceeded)
			r.Options.Limits = map[string]uint64{"stream_credit": 2 * codec.WindowBytes, "link_credit": 2 * codec.WindowBytes}
			return r
		}(),
	}})...)
}

// windowful gives a record that either side takes, and how many of it make 64 MiB.
func (c *Conn) windowful() (record []byte, n int) {
	size := 64 << 10                                                                           // no peer takes less
	for uint64(size)+pieceLength+8 > min(c.Peer().Limits.MaxFrame, c.Self().Limits.MaxFrame) { // one that joins pieces may take fewer at a time (OPT-006)
		size /= 2
	}
	record = make([]byte, size)
	c.t.fill(record[:64])
	return record, codec.WindowBytes / size
}

// fillWindowBytes attaches a master whose first record is not applied for a while, and sends 64 MiB with it, but for as many bytes as that record has.
func (c *Conn) fillWindowBytes() *feed {
	c.delivers()
	if l := c.Peer().Limits; min(l.StreamCredit, l.LinkCredit) <= codec.WindowBytes {
		c.t.Unsupported("the peer grants less than 64 MiB")
	}
	f := c.t.newFeed("a").attach(c)
	first := hold(2 * slowFor)
	f.send(first)
	record, n := c.windowful()
	for range n - 1 {
		f.send(record)
	}
	f.send(record[2*len(first):])
	return f
}
