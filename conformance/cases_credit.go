package conformance

import (
	"fmt"
	"slices"

	"handfast/codec"
	"handfast/conformance/wire"
)

// creditCases are the cases of SPEC.md chapter 11.
func creditCases() []Case {
	return slices.Concat(forAcceptors(beyondCases(), grantedCases(), regrantCases()), forAll(creditFormCases()))
}

// Replies of a call need credit of the suite, and what they answer is not consumed before they are sent. So a peer whose grants are used
// up keeps its own grants as they are: the only state in which a case can send exactly what was granted, and one more.

// jammed are options of a link on which a call jams soon.
func jammed() Options {
	return Options{NoCredit: true, Hello: func(h *codec.Hello) { h.Limits.StreamCredit = codec.MinLimits().StreamCredit }}
}

// onJammed is a call of echo that can reply no more and holds one argument that it could not answer, on a link with the options jammed.
func onJammed(c *Conn) *Stream {
	s := onOpen(c)
	const one = 4000
	left := c.Self().Limits.StreamCredit - codec.MessageCharge - 1 // the empty REPLY that has come
	for left > 0 {
		n := min(left, one)
		if rest := left - n; rest > 0 && rest <= codec.MessageCharge {
			n -= codec.MessageCharge + 1 // too little would be left for a REPLY
		}
		s.PourPiece(0, Arg(make([]byte, n-codec.MessageCharge-1)))
		left -= n
	}
	c.Await("replies that use up what was granted", func(l *wire.Link) bool {
		return l.Streams[s.ID].Halves[s.c.other].Charge == l.Streams[s.ID].Halves[s.c.own].Grant
	})
	s.PourPiece(0, Arg(nil))
	return s
}

// beyondCases are about DATA beyond what the peer has granted.
func beyondCases() []Case {
	return []Case{
		{
			ID: "credit/beyond-the-stream", Req: []string{"CRED-001"}, Level: 9,
			Title: "one charge more than was granted for a stream ends the link with FLOW_VIOLATION",
			Reject: &Rejection{
				Options: jammed(),
				Good:    func(c *Conn) { c.fillStream(0) },
				Bad:     func(c *Conn) { c.fillStream(1) },
				Want:    Closed(codec.CodeFlowViolation),
			},
		},
		{
			ID: "credit/beyond-the-stream-in-one-piece", Req: []string{"CRED-001"}, Level: 9,
			Title: "one large piece beyond what was granted for a stream ends the link with FLOW_VIOLATION",
			Reject: &Rejection{
				Options: jammed(),
				Good:    func(c *Conn) { c.lastPiece(0) },
				Bad:     func(c *Conn) { c.lastPiece(1) },
				Want:    Closed(codec.CodeFlowViolation),
			},
		},
		{
			ID: "credit/beyond-the-link", Req: []string{"CRED-002"}, Level: 9, Tags: []string{TagFlood},
			Title: "one charge more than was granted for the link ends it with FLOW_VIOLATION, where each stream keeps to its grant",
			Reject: &Rejection{
				Options: jammed(),
				Good:    func(c *Conn) { c.fillLink(0) },
				Bad:     func(c *Conn) { c.fillLink(1) },
				Want:    Closed(codec.CodeFlowViolation),
			},
		},
	}
}

// fillStream sends what is granted on a stream, and extra beyond it.
func (c *Conn) fillStream(extra uint64) {
	s := onJammed(c)
	c.Barrier()
	stream, whole := s.rooms()
	if whole <= stream {
		c.t.Unsupported("the link is granted no more than one stream")
	}
	c.sendExtra(extra, s.fill(stream+extra))
}

// lastPiece sends what is granted on a stream, and extra beyond it, of which the last frame is one piece.
func (c *Conn) lastPiece(extra uint64) {
	s := onJammed(c)
	c.Barrier()
	stream, whole := s.rooms()
	if whole <= stream {
		c.t.Unsupported("the link is granted no more than one stream")
	}
	n := min(10_000, int(stream)/2)
	packets := s.fill(stream - uint64(n) - codec.MessageCharge)
	c.sendExtra(extra, append(packets, s.Data(0, Arg(make([]byte, n-1+int(extra))))))
}

// fillLink sends what is granted on the link, and extra beyond it, on as many streams as that takes.
func (c *Conn) fillLink(extra uint64) {
	var streams []*Stream
	for room := uint64(0); room <= c.linkRoom()+codec.MinLimits().StreamCredit; { // some of it may yet be granted again
		if c.Slots() == 0 {
			c.t.Unsupported("the streams that are granted cannot use up what the link is granted")
		}
		s := onJammed(c)
		streams = append(streams, s)
		stream, _ := s.rooms()
		room += stream
	}
	c.Barrier()
	left := c.linkRoom() + extra
	var packets []Packet
	for _, s := range streams {
		stream, _ := s.rooms()
		n := min(stream, left)
		if rest := left - n; rest > 0 && rest <= codec.MessageCharge {
			n -= codec.MessageCharge // for another piece
		}
		if n > codec.MessageCharge {
			packets = append(packets, s.fill(n)...)
			left -= n
		}
	}
	if left > 0 {
		c.t.Harness("%d charge is left", left)
	}
	c.sendExtra(extra, packets)
}

// sendExtra sends packets, of which the last goes beyond a grant where extra is not 0.
func (c *Conn) sendExtra(extra uint64, packets []Packet) {
	if last := len(packets) - 1; extra > 0 {
		packets[last] = packets[last].Fault(fmt.Sprintf("%d beyond what was granted", extra))
	}
	c.Send(packets...)
}

// rooms is the charge that may be sent on a stream, and on the link.
func (s *Stream) rooms() (stream, whole uint64) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.c.wire.StreamRoom(s.c.own, s.ID), s.c.wire.LinkRoom(s.c.own)
}

// linkRoom is the charge that may be sent on the link.
func (c *Conn) linkRoom() uint64 {
	_, whole := onLink(c).rooms()
	return whole
}

// grantedCases are about what the suite grants to the peer.
func grantedCases() []Case {
	const n, size = 40, 10_000 // of replies, which together are over every first grant of these cases
	small := func(h *codec.Hello) { h.Limits.StreamCredit = codec.MinLimits().StreamCredit }
	narrow := func(h *codec.Hello) { h.Limits.LinkCredit = codec.MinLimits().LinkCredit }
	begin := func(c *Conn) *Stream {
		s := c.NewStream()
		c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", n, "size", size))))
		c.Expect(Accepted(s.ID))
		return s
	}
	return []Case{
		{
			ID: "credit/peer-keeps-to-the-stream", Req: []string{"CRED-003"}, Level: 7,
			Title: "a peer sends no more on a stream than was granted, step by step, and everything in the end",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: small})
				s := begin(c)
				s.awaitData()
				for _, more := range []uint64{10_000, 11_000, 30_000, 100_000} {
					c.Send(s.Credit(codec.MinLimits().StreamCredit + more))
					c.exhaust()
				}
				c.Send(s.Credit(1 << 20))
				checkStream(t, s.Answer(), n, size)
			},
		},
		{
			ID: "credit/peer-charges-small-messages", Req: []string{"CRED-003"}, Level: 7,
			Title: "a peer charges 64 for each piece: 2,000 empty replies are more than the least grant",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: small})
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", 2000, "size", 0))))
				s.awaitData()
				c.Send(s.Credit(1 << 20))
				checkStream(t, s.Answer(), 2000, 0)
			},
		},
		{
			ID: "credit/peer-keeps-to-the-link", Req: []string{"CRED-004"}, Level: 7,
			Title: "a peer sends no more on all streams together than was granted, and everything in the end",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: func(h *codec.Hello) { narrow(h); h.Limits.StreamCredit = 1 << 20 }})
				first, second := begin(c), begin(c)
				c.exhaust()
				c.Send(onLink(c).Credit(300_000))
				c.exhaust()
				c.Send(onLink(c).Credit(1 << 20))
				checkStream(t, first.Answer(), n, size)
				checkStream(t, second.Answer(), n, size)
			},
		},
		{
			ID: "credit/stale-stream-grant-ignored", Req: []string{"CRED-005"}, Level: 7,
			Title: "a CREDIT of a stream that is not greater than the one before is ignored",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: small})
				s := begin(c)
				c.Send(s.Credit(1<<20), s.Credit(1<<20), s.Credit(1000), s.Credit(0))
				checkStream(t, s.Answer(), n, size)
			},
		},
		{
			ID: "credit/stale-link-grant-ignored", Req: []string{"CRED-005"}, Level: 7,
			Title: "a CREDIT of the link that is not greater than the one before is ignored",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: func(h *codec.Hello) { narrow(h); h.Limits.StreamCredit = 1 << 20 }})
				s := begin(c)
				all := onLink(c)
				c.Send(all.Credit(1<<20), all.Credit(1<<20), all.Credit(1000), all.Credit(0))
				checkStream(t, s.Answer(), n, size)
			},
		},
	}
}
