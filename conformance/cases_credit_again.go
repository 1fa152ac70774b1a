package conformance

import (
	"encoding/binary"
	"fmt"
	"math"

	"handfast/codec"
)

// regrantCases are about charge that the peer grants again.
func regrantCases() []Case {
	return []Case{
		{
			ID: "credit/consumed-is-granted-again", Req: []string{"CRED-006"}, Level: 7,
			Title: "the charge of messages that were consumed is granted again on their stream, three times over",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onDiscard(c)
				c.spend(s, 3*c.affordable(c.Peer().Limits.StreamCredit))
				c.Send(s.Fin())
				s.Answer()
			},
		},
		{
			ID: "credit/joined-is-granted-again", Req: []string{"CRED-006"}, Level: 7,
			Title: "the charge of pieces is granted again before their message is complete, where it is larger than the window",
			Run: func(t *T) {
				c := t.Open(Options{})
				limits := c.Peer().Limits
				s := onDiscard(c)
				s.pourCharge(c.affordable(limits.StreamCredit)*5/4, int(limits.MaxMessage))
				s.PourPiece(codec.FlagFin, nil)
				s.Answer()
			},
		},
		{
			ID: "credit/link-is-granted-again", Req: []string{"CRED-007"}, Level: 7, Tags: []string{TagFlood},
			Title: "the charge of messages that were consumed is granted again on the link",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onDiscard(c)
				c.spend(s, c.affordable(c.Peer().Limits.LinkCredit)*5/4)
				c.Send(s.Fin())
				s.Answer()
			},
		},
		{
			ID: "credit/ignored-is-granted-again", Req: []string{"CRED-007", "STRM-014"}, Level: 8, Tags: []string{TagFlood}, Roles: AnyRole,
			Title: "the charge of DATA of rejected streams is granted again on the link",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.spendOnEach(onRejected, func(*Stream) {})
			},
		},
		{
			ID: "credit/dropped-is-granted-again", Req: []string{"CRED-007"}, Level: 8, Tags: []string{TagFlood},
			Title: "the charge of messages that wait on a stream is granted again on the link when the stream is reset",
			Run: func(t *T) {
				c := t.Open(jammed())
				if l := c.Peer().Limits; l.LinkCredit/l.StreamCredit > codec.ResetsMin/2 {
					t.Unsupported("the case would have to reset more streams than are tolerated")
				}
				c.spendOnEach(onJammed, func(s *Stream) { c.Send(resetPacket(s)) })
			},
		},
	}
}

// affordable is an amount of charge that a case can send; a peer may grant much more.
func (c *Conn) affordable(charge uint64) uint64 {
	const most = 64 << 20
	if charge > most {
		c.t.Unsupported(fmt.Sprintf("the case would have to send %d", charge))
	}
	return charge
}

// spend sends arguments of a charge on one stream, as the grants allow.
func (c *Conn) spend(s *Stream, charge uint64) {
	const step = 30 * (codec.MessageCharge + 1)
	for charge >= step {
		s.AwaitCredit(step)
		n := min(s.room(), charge)
		c.Send(s.fill(n)...)
		charge -= n
	}
}

// spendOnEach uses up what the link is granted, and a quarter more, on streams that take what each is granted and are ended then.
func (c *Conn) spendOnEach(begin scene, end func(s *Stream)) {
	most := c.affordable(c.Peer().Limits.LinkCredit) * 5 / 4
	for spent := uint64(0); spent < most; {
		c.AwaitSlots(1)
		s := begin(c)
		n, _ := s.rooms()
		s.AwaitCredit(n)
		c.Send(s.fill(n)...)
		end(s)
		spent += n
	}
}

// pourCharge sends pieces of a message of a charge, which goes on after each. They are as small as it takes for the message to have no
// more than so many bytes.
func (s *Stream) pourCharge(charge uint64, most int) {
	limits := s.c.Peer().Limits
	began, size := s.c.t.now(), int(min(limits.MaxFrame, limits.StreamCredit/4))-pieceLength-codec.MessageCharge
	pieces := func() int { return int(charge)/(size+codec.MessageCharge) + 1 }
	for size > 1 && pieces()*size > most {
		size /= 2
	}
	piece := s.word(make([]byte, size-1)) // the first byte of the first is the kind
	for range pieces() {
		s.PourPiece(codec.FlagMore, piece)
		s.inTime(began)
	}
}

// creditFormCases are about grants that are larger than any.
func creditFormCases() []Case {
	credit := func(s *Stream) Packet { return s.Credit(codec.MaxCredit) }
	streams := func(*Stream) Packet { return Message(codec.Streams{Max: codec.MaxStreams}) }
	most := func(n uint64) edit {
		return func(p Packet) Packet {
			return p.Payload("too much", func([]byte) []byte { return binary.BigEndian.AppendUint64(nil, n) })
		}
	}
	return closing(codec.CodeEncoding, 7,
		fault{"credit/link-over-the-most", "CRED-008", "a CREDIT of the link over 2^63-1", onLink, credit, same, most(codec.MaxCredit + 1)},
		fault{"credit/link-all-ones", "CRED-008", "a CREDIT of the link of 2^64-1", onLink, credit, same, most(math.MaxUint64)},
		fault{"credit/stream-over-the-most", "CRED-008", "a CREDIT of a stream over 2^63-1", onOpen, credit, same, most(codec.MaxCredit + 1)},
		fault{"credit/streams-over-the-most", "CRED-008", "a STREAMS over 2^31", onLink, streams, same, most(codec.MaxStreams + 1)},
	)
}
