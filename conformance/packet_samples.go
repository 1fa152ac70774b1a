package conformance

import (
	"fmt"

	"handfast/codec"
)

// Packets that are tried on streams, and on the link, by the cases of several areas.

// strangeTypes lists a frame type of each range of chapter 18 that means nothing on any link of the suite.
func strangeTypes() []codec.Type { return []codec.Type{0x0F, 0x2F, 0x55, 0x90, 0xC7, 0xE3, 0xFE} }

// strangePacket makes a frame of a type that nobody knows.
func strangePacket(s *Stream) Packet {
	types := strangeTypes()
	return s.strange(types[s.c.t.Rand.IntN(len(types))], s.c.t.Rand.IntN(40))
}

// strange makes a frame of any type, with n random bytes.
func (s *Stream) strange(typ codec.Type, n int) Packet {
	payload := make([]byte, n)
	s.c.t.fill(payload)
	return Frame(codec.Header{Type: typ, Stream: s.ID}, payload).Fault(fmt.Sprintf("type %v, which nobody knows", typ))
}

// openPacket makes the OPEN of a call.
func openPacket(s *Stream) Packet { return s.Open() }

// resetPacket makes a RESET.
func resetPacket(s *Stream) Packet { return s.Reset(codec.CodeCancelled) }

// rejectPacket makes a REJECT.
func rejectPacket(s *Stream) Packet {
	return Message(codec.Reject{Stream: s.ID, Code: codec.CodeRefused, RetryMS: codec.RetryNever})
}

// acceptPacket makes an ACCEPT.
func acceptPacket(s *Stream) Packet { return Message(codec.Accept{Stream: s.ID}) }

// argPacket makes a DATA with an argument of a call, or a reply.
func argPacket(s *Stream) Packet { return s.Data(0, s.word([]byte("argument"))) }

// creditPacket makes a CREDIT that raises what the suite has granted.
func creditPacket(s *Stream) Packet {
	most := s.c.Self().Limits.StreamCredit
	if s.ID == 0 {
		most = s.c.Self().Limits.LinkCredit
	}
	return s.Credit(most + 1000)
}

// pingPacket makes a PING.
func pingPacket(s *Stream) Packet { return Message(s.c.Ping()) }

// pongPacket makes a PONG that answers nothing, which is ignored (BEAT-012).
func pongPacket(s *Stream) Packet {
	ping := s.c.Ping()
	return ignored(Message(codec.Pong{Echo: ping.Echo, T1: ping.T1, T2: ping.T1, T3: ping.T1, ErrUS: codec.UnknownError}))
}

// streamsPacket makes a STREAMS that raises what the suite has granted.
func streamsPacket(s *Stream) Packet {
	return Message(codec.Streams{Max: s.c.Self().Limits.Streams + 1})
}

// drainPacket makes a DRAIN that is not final.
func drainPacket(*Stream) Packet {
	return Message(codec.Drain{Last: codec.DrainUndecided, DeadlineMS: 60_000})
}

// closePacket makes a CLOSE.
func closePacket(*Stream) Packet { return Message(codec.Close{Code: codec.CodeNoError}) }
