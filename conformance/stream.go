package conformance

import (
	"handfast/codec"
)

// Stream is one stream, of whichever side. Its methods that return packets send nothing: a case sends them, damaged or not.
type Stream struct {
	c    *Conn
	ID   uint32
	call *op // of a call that the driver makes on it; nil for others
}

// NewStream takes the next id of the suite's own.
func (c *Conn) NewStream() *Stream {
	s := c.StreamAt(c.nextStream)
	c.nextStream += 2
	return s
}

// StreamAt gives a stream with any id, for ids that are wrong.
func (c *Conn) StreamAt(id uint32) *Stream { return &Stream{c: c, ID: id} }

// Open makes the OPEN of a call.
func (s *Stream) Open() Packet { return s.OpenAs("call", 1) }

// OpenAs makes an OPEN for any sub-protocol.
func (s *Stream) OpenAs(proto string, ver uint16) Packet {
	return Message(codec.Open{Stream: s.ID, Proto: proto, Ver: ver})
}

// Data makes a DATA with pieces. Flags are FlagFin, FlagMore or 0.
func (s *Stream) Data(flags codec.Flags, pieces ...[]byte) Packet {
	return Message(codec.Data{Stream: s.ID, Pieces: codec.NewPieces(flags, pieces...)})
}

// word makes the bytes of a message of a call that this side of the stream may send at any time: ARG as the caller, REPLY as the callee.
func (s *Stream) word(value []byte) []byte {
	if s.ID%2 == s.c.own.FirstID()%2 {
		return Arg(value)
	}
	return codec.AppendCallReply(nil, value)
}

// Fin makes a DATA with FIN and nothing else.
func (s *Stream) Fin() Packet { return s.Data(codec.FlagFin) }

// Reset makes a RESET.
func (s *Stream) Reset(code codec.Code) Packet {
	return Message(codec.Reset{Stream: s.ID, Code: code, RetryMS: codec.RetryNever})
}

// Credit makes a CREDIT.
func (s *Stream) Credit(most uint64) Packet {
	return Message(codec.Credit{Stream: s.ID, Max: most})
}

// Next waits for the next whole message of the peer on this stream.
func (s *Stream) Next() []byte {
	m, ok := s.next()
	if !ok {
		s.c.t.Fail("a message on the stream", "FIN")
	}
	return m
}

// End waits for FIN and checks that no message comes before it.
func (s *Stream) End() {
	if m, ok := s.next(); ok {
		s.c.t.Fail("FIN", "a message of %d bytes", len(m))
	}
}

// next waits for a message or FIN. One DATA may complete several messages, which stay in the inbox until they are asked for.
func (s *Stream) next() (message []byte, ok bool) {
	box := s.c.inbox(s.ID)
	for len(box.messages) == 0 {
		if box.fin {
			return nil, false
		}
		s.fetch(box)
	}
	message, box.messages = box.messages[0], box.messages[1:]
	return message, true
}

// fetch waits for the next DATA, which need not complete a message.
func (s *Stream) fetch(box *inbox) {
	e := s.c.Expect(FrameOn(codec.TypeData, s.ID))
	box.messages = append(box.messages, e.Messages...)
	box.fin = e.Frame.Flags&codec.FlagFin != 0
}

// inbox is what a case has not asked for yet of one stream.
type inbox struct {
	messages [][]byte
	fin      bool
}

// inbox gives the inbox of a stream. Only the goroutine of the case uses inboxes.
func (c *Conn) inbox(id uint32) *inbox {
	if c.inboxes[id] == nil {
		c.inboxes[id] = new(inbox)
	}
	return c.inboxes[id]
}
