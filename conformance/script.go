package conformance

import (
	"fmt"
	"strings"

	"handfast/codec"
)

// What the scripts of several areas have in common: the states in which something is tried, the things that are tried, and the rows
// of which tables of faults are made.

// A scene brings a link into the state in which something is tried, and gives the stream that it is tried on.
type scene func(c *Conn) *Stream

// onLink is the link itself.
func onLink(c *Conn) *Stream { return c.StreamAt(0) }

// onNext is a stream that is about to be opened.
func onNext(c *Conn) *Stream { return c.NewStream() }

// onUnopened is a stream that was never opened, and will not be.
func onUnopened(c *Conn) *Stream { return c.StreamAt(c.nextStream) }

// onOpen is a call of echo that has had one argument and waits for the next: both directions are open.
func onOpen(c *Conn) *Stream {
	s := c.NewStream()
	c.Send(s.Open(), s.Data(0, Request("echo", 0, nil)))
	c.Expect(Accepted(s.ID))
	s.Next()
	return s
}

// asleep is how long the method sleep sleeps where a case needs a call that does not end by itself, in milliseconds.
const asleep = 20_000

// onAsleep is a call of sleep whose request was sent with FIN: only the callee's direction is open.
func onAsleep(c *Conn) *Stream {
	s := c.NewStream()
	c.Send(s.Open(), s.Data(codec.FlagFin, Request("sleep", 0, Args("ms", asleep))))
	c.Expect(Accepted(s.ID))
	return s
}

// onFinished is a call of echo to which both sides have sent FIN.
func onFinished(c *Conn) *Stream {
	s := c.NewStream()
	c.Send(s.Open(), s.Data(codec.FlagFin, Request("echo", 0, nil)))
	c.Expect(Accepted(s.ID))
	s.Answer()
	return s
}

// onReset is a call of sleep that the suite has reset.
func onReset(c *Conn) *Stream {
	s := onAsleep(c)
	c.Send(s.Reset(codec.CodeCancelled))
	return s
}

// onRejected is a stream of a sub-protocol that the peer does not speak.
func onRejected(c *Conn) *Stream {
	s := c.NewStream()
	c.Send(s.OpenAs("x.suite.nobody", 1))
	c.Expect(FrameOn(codec.TypeReject, s.ID))
	return s
}

// A fault is a packet that has to be answered with an error, beside its twin: both are edits of one packet in one scene.
type fault struct {
	id     string
	req    string // ids, separated by spaces
	what   string // the beginning of a sentence: "a PING of 23 bytes"
	scene  scene
	packet func(s *Stream) Packet
	good   edit
	bad    edit
}

// as makes the case of the fault.
func (f fault) as(level int, how string, want Want) Case {
	return Case{
		ID: f.id, Req: strings.Fields(f.req), Title: f.what + " " + how, Level: level,
		Reject: &Rejection{
			Good: func(c *Conn) { c.Send(f.good(f.packet(f.scene(c)))) },
			Bad:  func(c *Conn) { c.Send(f.bad(f.packet(f.scene(c))).Fault(f.what)) },
			Want: want,
		},
	}
}

// closing makes the cases of faults that end the link with one code.
func closing(code codec.Code, level int, list ...fault) []Case {
	return casesOf(list, func(f fault) Case { return f.as(level, fmt.Sprintf("ends the link with %v", code), Closed(code)) })
}

// resetting makes the cases of faults that end their stream, the first of its link, with one code.
func resetting(code codec.Code, level int, list ...fault) []Case {
	return casesOf(list, func(f fault) Case { return f.as(level, fmt.Sprintf("ends its stream with %v", code), Reset(1, code)) })
}

func casesOf(list []fault, as func(f fault) Case) []Case {
	cases := make([]Case, len(list))
	for i, f := range list {
		cases[i] = as(f)
	}
	return cases
}

// harmless makes a packet by edits that every receiver has to accept, and every sender may make.
func harmless(e edit) edit { return func(p Packet) Packet { return e(p).Harmless() } }

// ignored declares a packet that no sender should send and every receiver has to ignore. It is what the twin of a fault is where no
// sender may send either.
func ignored(p Packet) Packet { return p.Fault("which a receiver ignores") }

// resized gives a payload another size: what is missing is zero.
func resized(n int) edit {
	return func(p Packet) Packet {
		return p.Payload(fmt.Sprintf("%d bytes", n), func(b []byte) []byte {
			if n <= len(b) {
				return b[:n]
			}
			return append(b, make([]byte, n-len(b))...)
		})
	}
}

// onStream moves a frame to another stream.
func onStream(id byte) edit { return header(8, 0, 0, 0, id) }

// critical sets MUST_UNDERSTAND and no other flag.
func critical(p Packet) Packet { return header(1, byte(codec.FlagMustUnderstand))(p) }

// headerOnly makes a header announce a payload of n bytes of which nothing follows.
func headerOnly(n uint32) edit {
	return func(p Packet) Packet {
		return header(4, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))(p).Truncate("the header alone", codec.HeaderSize)
	}
}

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

// argPacket makes a DATA with an argument of a call.
func argPacket(s *Stream) Packet { return s.Data(0, Arg([]byte("argument"))) }

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

// tour makes the peer send every kind of frame that an acceptor of the profile core sends without being asked to by an operator, for the
// wire checker to look at. CLOSE is left to the cases that reject.
func (c *Conn) tour() {
	ping := c.Ping()
	c.Send(Message(ping))
	c.Expect(Ponged(ping))
	onRejected(c)
	if a := c.Call("stream", Args("n", 20, "size", 3000)); len(a.Replies) != 20 {
		c.t.Fail("20 replies of stream", "%d", len(a.Replies))
	}
	if a := c.Call("fail", Args("code", 0x8003, "text", "on purpose")); a.Err == nil {
		c.t.Fail("ERROR from fail", "%d replies", len(a.Replies))
	}
	s := c.NewStream()
	c.Send(s.Open(), s.Data(0, Arg(nil))) // where REQUEST is due
	c.Expect(FrameOn(codec.TypeReset, s.ID))
	s = onDiscard(c)
	c.Send(s.fill(s.room())...)
	s.AwaitCredit(codec.MessageCharge)
	c.Send(s.Fin())
	s.Answer()
	c.useStreams(c.Slots())
	c.AwaitSlots(1)
	c.ExpectWithin(c.PingInterval()+Slack, FrameOn(codec.TypePing, 0))
}

// onDiscard is a call of discard that waits for arguments.
func onDiscard(c *Conn) *Stream {
	s := c.NewStream()
	c.Send(s.Open(), s.Data(0, Request("discard", 0, nil)))
	c.Expect(Accepted(s.ID))
	return s
}

// useStreams makes n calls of echo, as many at a time as the peer has granted.
func (c *Conn) useStreams(n uint64) {
	const tooMany, atOnce = 1 << 13, 64
	if n > tooMany {
		c.t.Unsupported(fmt.Sprintf("the case would have to make %d calls", n))
	}
	for n > 0 {
		c.AwaitSlots(1)
		var packets []Packet
		var streams []*Stream
		for range min(n, c.Slots(), atOnce) {
			s := c.NewStream()
			streams = append(streams, s)
			packets = append(packets, s.Open(), s.Data(codec.FlagFin, Request("echo", 0, nil)))
		}
		c.Send(packets...)
		for _, s := range streams {
			c.Expect(Accepted(s.ID))
			s.expectReply(nil)
			s.End()
		}
		n -= uint64(len(streams))
	}
}

// awaitData waits until the peer has sent DATA on the stream, and leaves it to later expectations.
func (s *Stream) awaitData() {
	s.c.Await(fmt.Sprintf("DATA on stream %d", s.ID), func(l *link) bool { return l.streams[s.ID].halves[peer].charge > 0 })
}

// room is the charge that may be sent on a stream.
func (s *Stream) room() uint64 {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return min(s.c.wire.streamRoom(s.ID), s.c.wire.linkRoom())
}

// fill makes DATA with arguments whose charge is as much as is asked for.
func (s *Stream) fill(charge uint64) []Packet { return s.pack(crumbs(charge)) }

// crumbs makes arguments whose charge is as much as is asked for, which is 65 or more. Small pieces cost most, so that a whole window
// fits into few bytes and, for most peers, into one frame.
func crumbs(charge uint64) [][]byte {
	const one = codec.MessageCharge + 1 // of an ARG without bytes
	var list [][]byte
	for charge >= 2*one {
		list = append(list, Arg(nil))
		charge -= one
	}
	return append(list, Arg(make([]byte, charge-one)))
}

// pack puts messages into as few DATA as max_frame of the peer allows.
func (s *Stream) pack(messages [][]byte) []Packet {
	most := int(s.c.Peer().Limits.MaxFrame)
	var packets []Packet
	begin, size := 0, 0
	for i, m := range messages {
		if size+pieceLength+len(m) > most {
			packets = append(packets, s.Data(0, messages[begin:i]...))
			begin, size = i, 0
		}
		size += pieceLength + len(m)
	}
	return append(packets, s.Data(0, messages[begin:]...))
}
