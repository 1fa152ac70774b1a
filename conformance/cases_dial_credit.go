package conformance

import (
	"fmt"
	"slices"

	"handfast/codec"
	"handfast/conformance/wire"
)

// dialCreditCases are about credit in both directions (SPEC.md chapter 11).
func dialCreditCases() []Case {
	return slices.Concat(dialSpendCases(), dialRegrantCases(), dialBeyondCases())
}

// dialSpendCases are about what the suite grants to a dialer.
func dialSpendCases() []Case {
	least := codec.MinLimits()
	small := func(h *codec.Hello) { h.Limits.StreamCredit = least.StreamCredit }
	narrow := func(h *codec.Hello) { h.Limits.LinkCredit, h.Limits.StreamCredit = least.LinkCredit, 1<<20 }
	// begin makes the driver send so many bytes, of which a part is granted.
	begin := func(c *Conn, n int) (*Stream, []byte) {
		args := make([]byte, n)
		c.t.fill(args)
		s := c.begin("discard", args)
		s.accept()
		return s, args
	}
	whole := func(s *Stream, args []byte) {
		s.takeRequest("discard", args)
		s.finish([]byte("done"))
	}
	return []Case{
		{
			ID: "credit/dialer-keeps-to-the-stream", Req: []string{"CRED-003"}, Level: 7,
			Title: "a dialer sends no more on a stream than was granted, step by step, and everything in the end",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: small})
				s, args := begin(c, 300_000)
				s.awaitData()
				for _, more := range []uint64{10_000, 11_000, 30_000, 100_000} {
					c.Send(s.Credit(least.StreamCredit + more))
					c.exhaust()
				}
				c.Send(s.Credit(1 << 20))
				whole(s, args)
			},
		},
		{
			ID: "credit/dialer-charges-small-messages", Req: []string{"CRED-003"}, Level: 7, Needs: streamsNeeded(),
			Title: "a dialer charges 64 for each piece: a thousand messages of one byte are close to the least grant",
			Run: func(t *T) {
				const n = 1100
				c := t.Open(Options{NoCredit: true, Hello: small})
				h := onHeld(c)
				var all []*op
				for i := range n {
					all = append(all, h.send([]byte{byte(i)}, false))
				}
				c.Await("messages that use what was granted", func(l *wire.Link) bool {
					return l.StreamRoom(c.other, h.ID) < 2*codec.MessageCharge
				}, "CRED-003")
				c.Barrier()
				c.Send(h.Credit(1 << 20))
				for i := range n {
					if m := h.Next(); len(m) != 1 {
						t.Fail(fmt.Sprintf("message %d of one byte", i), "%s", brief(m))
					}
					h.sent(all[i])
				}
			},
		},
		{
			ID: "credit/dialer-keeps-to-the-link", Req: []string{"CRED-004"}, Level: 7,
			Title: "a dialer sends no more on the link than was granted, and everything in the end",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: narrow})
				s, args := begin(c, 400_000)
				s.awaitData()
				c.exhaust()
				c.Send(onLink(c).Credit(300_000))
				c.exhaust()
				c.Send(onLink(c).Credit(1 << 20))
				whole(s, args)
			},
		},
		{
			ID: "credit/dialer-ignores-a-stale-stream-grant", Req: []string{"CRED-005"}, Level: 7,
			Title: "a dialer goes by the greatest CREDIT of a stream, and not by the last",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: small})
				s, args := begin(c, 200_000)
				c.Send(s.Credit(1<<20), s.Credit(1<<20), s.Credit(1000), s.Credit(0))
				whole(s, args)
			},
		},
		{
			ID: "credit/dialer-ignores-a-stale-link-grant", Req: []string{"CRED-005"}, Level: 7,
			Title: "a dialer goes by the greatest CREDIT of the link, and not by the last",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true, Hello: narrow})
				s, args := begin(c, 400_000)
				all := onLink(c)
				c.Send(all.Credit(1<<20), all.Credit(1<<20), all.Credit(1000), all.Credit(0))
				whole(s, args)
			},
		},
	}
}

// leastGrants makes a dialer grant as little as it may, where it can be told.
func leastGrants() map[string]uint64 {
	least := codec.MinLimits()
	return map[string]uint64{"stream_credit": least.StreamCredit, "link_credit": least.LinkCredit}
}

// dialRegrantCases are about charge that a dialer grants again.
func dialRegrantCases() []Case {
	return []Case{
		{
			ID: "credit/replies-are-granted-again", Req: []string{"CRED-006"}, Level: 7,
			Title: "the charge of replies is granted again on their stream, three times over",
			Run: func(t *T) {
				c := t.Open(Options{Limits: leastGrants()})
				s := onOpen(c)
				c.spend(s, 3*c.affordable(c.Peer().Limits.StreamCredit))
				c.Send(s.Fin())
				t.await(s.call)
			},
		},
		{
			ID: "credit/joined-replies-are-granted-again", Req: []string{"CRED-006"}, Level: 7,
			Title: "the charge of the pieces of a reply is granted again before it is complete, where it is larger than the window",
			Run: func(t *T) {
				c := t.Open(Options{Limits: leastGrants()})
				limits := c.Peer().Limits
				s := onOpen(c)
				s.pourCharge(c.affordable(limits.StreamCredit)*5/4, c.reportable(min(int(limits.MaxMessage), 1<<20)))
				s.PourPiece(codec.FlagFin, nil)
				t.await(s.call)
			},
		},
		{
			ID: "credit/link-of-replies-is-granted-again", Req: []string{"CRED-007"}, Level: 7, Tags: []string{TagFlood},
			Title: "the charge of replies is granted again on the link",
			Run: func(t *T) {
				c := t.Open(Options{Limits: leastGrants()})
				s := onOpen(c)
				c.spend(s, c.affordable(c.Peer().Limits.LinkCredit)*5/4)
				c.Send(s.Fin())
				t.await(s.call)
			},
		},
		{
			ID: "credit/dropped-by-a-dialer-is-granted-again", Req: []string{"CRED-007"}, Level: 8, Tags: []string{TagFlood}, Needs: streamsNeeded(),
			Title: "the charge of messages that nobody has asked for is granted again on the link when their stream is reset",
			Run: func(t *T) {
				c := t.Open(Options{Limits: leastGrants()})
				c.spendOnEach(func(c *Conn) *Stream { return onHeld(c).Stream }, func(s *Stream) { c.Send(resetPacket(s)) })
			},
		},
		{
			ID: "credit/received-is-granted-again", Req: []string{"CRED-006"}, Level: 7, Needs: streamsNeeded(),
			Title: "the charge of messages is granted again on a held stream as they are received",
			Run: func(t *T) {
				c := t.Open(Options{Limits: leastGrants()})
				h := onHeld(c)
				message := h.word(make([]byte, 15_000))
				for range 12 {
					h.PourPiece(0, message)
					h.receives(message)
				}
			},
		},
	}
}

// dialBeyondCases are about DATA beyond what a dialer has granted, however much of that it grants again meanwhile: one frame of so many pieces
// without bytes that no grant could cover it.
func dialBeyondCases() []Case {
	beyond := func(slug, req, what string, limits map[string]uint64, faulty edit, code codec.Code, room func(s *Stream) (least, most uint64)) Case {
		return Case{
			ID: "credit/" + slug, Req: []string{req}, Level: 9, Tags: []string{TagFlood},
			Title: what + " ends the link with " + code.String(),
			Reject: &Rejection{
				Options: Options{Limits: limits},
				Good:    func(c *Conn) { c.Send(argPacket(onOpen(c))) },
				Bad: func(c *Conn) {
					s := onOpen(c)
					c.Barrier()
					least, most := room(s)
					n := min(c.Peer().Limits.MaxFrame/pieceLength-1, most/codec.MessageCharge)
					if n*codec.MessageCharge <= least {
						c.t.Unsupported("one frame cannot hold more charge than is granted")
					}
					pieces := make([][]byte, n)
					pieces[0] = s.word(nil)
					c.Send(faulty(s.Data(0, pieces...)).Fault(what))
				},
				Want: Closed(code),
			},
		}
	}
	ofStream := func(s *Stream) (least, most uint64) {
		stream, link := s.rooms()
		return stream + 2*s.c.Peer().Limits.StreamCredit, link
	}
	ofLink := func(s *Stream) (least, most uint64) {
		stream, link := s.rooms()
		return link + 2*s.c.Peer().Limits.LinkCredit, stream
	}
	least := codec.MinLimits()
	order := beyond("dialer-form-before-credit", "ERR-003", "a DATA with bytes left over, and more charge than was granted,",
		map[string]uint64{"stream_credit": least.StreamCredit}, leftOver, codec.CodeEncoding, ofStream)
	order.ID = "order/dialer-form-before-credit"
	return []Case{
		order,
		beyond("beyond-the-stream-of-a-dialer", "CRED-001", "more charge than was granted for a stream",
			map[string]uint64{"stream_credit": least.StreamCredit}, same, codec.CodeFlowViolation, ofStream),
		beyond("beyond-the-link-of-a-dialer", "CRED-002", "more charge than was granted for the link",
			map[string]uint64{"stream_credit": 4 << 20, "link_credit": least.LinkCredit}, same, codec.CodeFlowViolation, ofLink),
	}
}
