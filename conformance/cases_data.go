package conformance

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/conformance/wire"
)

// dataCases are the cases of messages and their pieces (SPEC.md chapter 10).
func dataCases() []Case {
	return slices.Concat(forAll(pieceFormCases()), forAcceptors(joinCases()), forAll(messageBoundCases()))
}

// payload makes a DATA whose payload has parts of any form, made for its stream.
func payload(flags codec.Flags, parts ...func(s *Stream) []byte) func(s *Stream) Packet {
	return func(s *Stream) Packet {
		var payload []byte
		for _, part := range parts {
			payload = append(payload, part(s)...)
		}
		return Frame(codec.Header{Type: codec.TypeData, Flags: flags, Stream: s.ID}, payload)
	}
}

// pieceFormCases are about payloads that are no pieces, and flags that do not go with them.
func pieceFormCases() []Case {
	const fin, more = codec.FlagFin, codec.FlagMore
	arg := func(s *Stream) []byte { return codec.AppendPiece(nil, s.word([]byte("arg"))) }
	nothing := func(*Stream) []byte { return codec.AppendPiece(nil, nil) }
	some := codec.AppendPiece(nil, Arg([]byte("arg")))
	lengthOf := func(n uint32) edit { // of the first piece, which has 4 bytes
		return func(p Packet) Packet {
			return p.Payload(fmt.Sprintf("a piece of %d bytes", n), func(b []byte) []byte {
				binary.BigEndian.PutUint32(b, n)
				return b
			})
		}
	}
	rest := func(n int) edit {
		return func(p Packet) Packet {
			return p.Payload(fmt.Sprintf("%d bytes left over", n), func(b []byte) []byte { return append(b, make([]byte, n)...) })
		}
	}
	flags := func(f codec.Flags) edit { return header(1, byte(f)) }
	empty := codec.AppendPiece(nil, nil)
	return closing(codec.CodeEncoding, 7,
		fault{"data/piece-one-byte-longer", "DATA-001", "a DATA whose piece is one byte longer than what is left", onOpen, payload(0, arg), same, lengthOf(5)},
		fault{"data/piece-of-four-gibibytes", "DATA-001", "a DATA whose piece has a length of FFFFFFFF", onOpen, payload(0, arg), same, lengthOf(0xFFFFFFFF)},
		fault{"data/second-piece-longer", "DATA-001", "a DATA whose second piece is longer than what is left", onOpen, payload(0, arg, arg), same, resized(2*8 - 1)},
		fault{"data/one-byte-left", "DATA-001", "a DATA with 1 byte left over", onOpen, payload(0, arg), same, rest(1)},
		fault{"data/three-bytes-left", "DATA-001", "a DATA with 3 bytes left over", onOpen, payload(0, arg), same, rest(3)},
		fault{"data/fin-with-bytes-left", "DATA-001", "a DATA with FIN and 2 bytes left over", onOpen, payload(fin, arg), same, rest(2)},
		fault{"data/neither-fin-nor-pieces", "DATA-002", "a DATA without FIN and without pieces", onOpen, payload(fin), same, flags(0)},
		fault{"data/fin-with-more", "DATA-004", "a DATA with FIN and MORE", onOpen, payload(fin, arg), same, flags(fin | more)},
		fault{"data/more-with-empty-piece", "DATA-005", "a DATA with MORE whose only piece is empty", onOpen, payload(more, nothing, arg), same, body(empty...)},
		fault{"data/more-with-empty-last-piece", "DATA-005", "a DATA with MORE whose last piece is empty", onOpen, payload(more, arg, arg), same, body(slices.Concat(some, empty)...)},
		fault{"data/more-without-pieces", "DATA-005", "a DATA with MORE and without pieces", onOpen, payload(more, arg), same, body()},
		fault{"data/fin-inside-a-message", "DATA-009", "a FIN without pieces, in the middle of a message,", inMessage, payload(fin, nothing), same, body()},
	)
}

// inMessage is a call of echo that has had the beginning of an argument.
func inMessage(c *Conn) *Stream {
	s := onOpen(c)
	c.Send(s.Data(codec.FlagMore, s.word([]byte("half"))))
	return s
}

// joinCases are about messages in pieces. In each the call is echo, whose replies show what was joined.
func joinCases() []Case {
	return []Case{
		{
			ID: "data/cut-at-every-byte", Req: []string{"DATA-003"}, Level: 7,
			Title: "a REQUEST in two pieces is joined, wherever it is cut",
			Run: func(t *T) {
				c := t.Open(Options{})
				request := Request("echo", 0, []byte("value"))
				for cut := 1; cut < len(request); cut++ {
					c.AwaitSlots(1)
					s := c.NewStream()
					c.Send(s.Open(), s.Data(codec.FlagMore, request[:cut]), s.Data(codec.FlagFin, request[cut:]))
					s.answered("value")
				}
			},
		},
		{
			ID: "data/pieces-of-one-byte", Req: []string{"DATA-003"}, Level: 7,
			Title: "a message in pieces of one byte each is joined",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := c.NewStream()
				c.Send(s.Open())
				request := Request("echo", 0, []byte("piece by piece"))
				last := len(request) - 1
				for i := range last {
					c.Send(s.Data(codec.FlagMore, request[i:i+1]))
				}
				c.Send(s.Data(codec.FlagFin, request[last:]))
				s.answered("piece by piece")
			},
		},
		{
			ID: "data/last-and-first-alone-are-joined", Req: []string{"DATA-003"}, Level: 7,
			Title: "of a DATA with MORE the last piece alone goes on, and in the next DATA with the first piece alone",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onOpen(c)
				c.Send(
					s.Data(codec.FlagMore, Arg([]byte("one")), Arg([]byte("two")), Arg([]byte("thr"))),
					s.Data(codec.FlagMore, []byte("ee"), Arg([]byte("four")), Arg([]byte("fi"))),
					s.Data(codec.FlagFin, []byte("ve"), Arg([]byte("six"))))
				for _, value := range []string{"one", "two", "three", "four", "five", "six"} {
					s.expectReply([]byte(value))
				}
				s.End()
			},
		},
		{
			ID: "data/empty-piece-ends-a-message", Req: []string{"DATA-003"}, Level: 7,
			Title: "an empty piece ends the message that goes on with it",
			Run: func(t *T) {
				c := t.Open(Options{})
				s := onOpen(c)
				c.Send(s.Data(codec.FlagMore, Arg([]byte("whole"))), s.Data(codec.FlagFin, nil, Arg(nil)))
				s.expectReply([]byte("whole"))
				s.expectReply(nil)
				s.End()
			},
		},
		{
			ID: "data/streams-interleaved", Req: []string{"DATA-003"}, Level: 7,
			Title: "pieces of three streams that take turns are joined each with those of its own stream",
			Run: func(t *T) {
				c := t.Open(Options{})
				streams := []*Stream{onOpen(c), onOpen(c), onOpen(c)}
				parts := []string{"first", "second", "third"}
				for i, part := range parts {
					for k, s := range streams {
						p := s.Data(codec.FlagMore, fmt.Appendf(nil, "%s of %d, ", part, k))
						if i == 0 {
							p = s.Data(codec.FlagMore, Arg(fmt.Appendf(nil, "%s of %d, ", part, k)))
						}
						c.Send(p)
					}
				}
				for _, s := range streams {
					c.Send(s.Data(codec.FlagFin, []byte("end")))
				}
				for k, s := range streams {
					s.expectReply(fmt.Appendf(nil, "first of %d, second of %d, third of %d, end", k, k, k))
					s.End()
				}
			},
		},
		{
			ID: "data/order-of-messages", Req: []string{"DATA-008"}, Level: 7,
			Title: "300 messages, alone and many to a frame, whole and cut, are handed on in the order of sending",
			Run:   func(t *T) { inOrder(t, 300) },
		},
	}
}

// inOrder sends n numbered arguments to echo, in frames of all shapes, and reads the replies.
func inOrder(t *T, n int) {
	c := t.Open(Options{})
	s := onOpen(c)
	var packets []Packet
	for next := 0; next < n; {
		var pieces [][]byte
		for range min(1+t.Rand.IntN(7), n-next) {
			pieces = append(pieces, Arg(fmt.Appendf(nil, "argument %d", next)))
			next++
		}
		last := len(pieces) - 1
		if t.Rand.IntN(2) == 0 {
			packets = append(packets, s.Data(0, pieces...))
			continue
		}
		cut := 1 + t.Rand.IntN(len(pieces[last])-1)
		tail := pieces[last][cut:]
		pieces[last] = pieces[last][:cut]
		packets = append(packets, s.Data(codec.FlagMore, pieces...), s.Data(0, tail))
	}
	c.Send(append(packets, s.Fin())...)
	for i := range n {
		s.expectReply(fmt.Appendf(nil, "argument %d", i))
	}
	s.End()
}

// messageBoundCases are about messages that are too large or take too long.
func messageBoundCases() []Case {
	return []Case{
		{
			ID: "data/message-too-big", Req: []string{"DATA-006"}, Level: 9, Tags: []string{TagFlood},
			Title: "a message is answered with MSG_TOO_BIG as soon as its pieces are over max_message, and not before",
			Reject: &Rejection{
				Good: func(c *Conn) {
					if c.own == wire.Acceptor {
						s := onOpen(c)
						n := c.reportable(c.maxMessage())
						s.pourBegun(n)
						s.PourPiece(codec.FlagFin, nil)
						s.done(make([]byte, n-1)) // the first byte is the kind
						return
					}
					s := onDiscard(c)
					s.pourBegun(c.maxMessage())
					s.PourPiece(codec.FlagFin, nil)
					s.Answer()
				},
				Bad: func(c *Conn) {
					s := onFlood(c)
					s.pourBegun(c.maxMessage())
					s.AwaitCredit(codec.MessageCharge + 1)
					c.Send(s.Data(codec.FlagMore, []byte("1")).Fault("one byte too many"))
				},
				Want: Reset(1, codec.CodeMsgTooBig),
			},
		},
		{
			ID: "data/message-never-complete", Req: []string{"DATA-007"}, Level: 9, Tags: []string{TagTiming, TagSlow},
			Title: "a message that is not complete message_ms after its first piece is answered with MESSAGE_TIMEOUT",
			Reject: &Rejection{
				Good: func(c *Conn) {
					s := inMessage(c)
					c.StaysOpen(c.MessageLimit() / 4)
					c.Send(s.Data(0, []byte("and half")))
					s.proves([]byte("halfand half"))
				},
				Bad:  func(c *Conn) { inMessage(c) },
				Want: Reset(1, codec.CodeMessageTimeout),
				Wait: func(c *Conn) time.Duration { return c.MessageLimit() + Slack },
			},
		},
		{
			ID: "data/message-that-drips", Req: []string{"DATA-007"}, Level: 9, Tags: []string{TagTiming, TagSlow},
			Title: "a message whose pieces keep coming has no more time than message_ms, from its first piece on",
			Reject: &Rejection{
				Good: func(c *Conn) {
					s := onOpen(c)
					for range 8 { // many messages may take longer than one
						c.Send(s.Data(codec.FlagMore, s.word([]byte("a"))))
						c.StaysOpen(c.MessageLimit() / 8)
						c.Send(s.Data(0, []byte("b")))
						s.proves([]byte("ab"))
					}
				},
				Bad: func(c *Conn) {
					s := inMessage(c)
					pause := c.MessageLimit() / 8
					for dripped := time.Duration(0); dripped < c.MessageLimit()+Slack && c.opens(s.ID); dripped += pause {
						c.StaysOpen(pause)
						c.Send(s.Data(codec.FlagMore, []byte("more")))
					}
				},
				Want: Reset(1, codec.CodeMessageTimeout),
				Wait: func(c *Conn) time.Duration { return c.MessageLimit() / 2 }, // it has come by now, if the last piece has not put it off
			},
		},
	}
}

// reportable is a number of bytes that fits into an answer of the driver.
func (c *Conn) reportable(n int) int {
	const most = driver.MaxAnswer/2 - 1024 // in hexadecimal, with the rest of the line
	if n > most {
		c.t.Unsupported(fmt.Sprintf("the driver would have to report %d bytes in one line", n))
	}
	return n
}

// onFlood is a call on which the peer takes whatever comes.
func onFlood(c *Conn) *Stream {
	if c.own == wire.Acceptor {
		return onOpen(c)
	}
	return onDiscard(c)
}

// proves shows that a message has arrived, where the peer answers it.
func (s *Stream) proves(value []byte) {
	if s.call == nil {
		s.expectReply(value)
	}
}

// maxMessage is max_message of the peer, where a case can send so much.
func (c *Conn) maxMessage() int {
	const most = 64 << 20
	n := c.Peer().Limits.MaxMessage
	if n > most {
		c.t.Unsupported(fmt.Sprintf("the case would have to send %d bytes", n))
	}
	return int(n)
}

// pourBegun sends the first n bytes of an argument, as the grants allow, in pieces after each of which it goes on.
func (s *Stream) pourBegun(n int) {
	limits := s.c.Peer().Limits
	most := int(min(limits.MaxFrame, limits.StreamCredit/2)) - pieceLength - codec.MessageCharge
	began := s.c.t.now()
	for kind := s.word(nil); n > 0; n -= most {
		s.PourPiece(codec.FlagMore, append(kind, make([]byte, min(n, most)-len(kind))...))
		kind = nil
		s.inTime(began)
	}
}

// inTime gives up a message that takes so long to send that the peer may call it late (DATA-007).
func (s *Stream) inTime(began time.Time) {
	if limit := s.c.MessageLimit(); s.c.t.now().Sub(began) > limit*3/4 {
		s.c.t.Unsupported(fmt.Sprintf("so large a message cannot be sent within message_ms, which is %v", limit))
	}
}
