package conformance

import (
	"bytes"
	"fmt"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// Request makes the bytes of a REQUEST, the first message of a call.
func Request(method string, deadlineMS uint32, args []byte) []byte {
	return must(codec.AppendCallRequest(nil, method, deadlineMS, args))
}

// Arg makes the bytes of an ARG.
func Arg(value []byte) []byte { return codec.AppendCallArg(nil, value) }

// Args makes a map in the strict profile, for the methods of the test kit. Pairs are name, value, name, value.
func Args(pairs ...any) []byte {
	m := make(map[string]any)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		m[name] = pairs[i+1]
	}
	return must(codec.AppendValue(nil, m))
}

// must takes the result of an encoder that cannot fail unless a case is written wrong; then the case is inconclusive.
func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// Answer is how a call ended: by FIN after its replies, or by ERROR.
type Answer struct {
	Replies [][]byte
	Err     *codec.CallError // nil for success
}

// Call makes a whole call: OPEN, REQUEST, an ARG for each of more, FIN; and reads it to its end.
func (c *Conn) Call(method string, args []byte, more ...[]byte) Answer {
	s := c.NewStream()
	messages := [][]byte{Request(method, 0, args)}
	for _, value := range more {
		messages = append(messages, Arg(value))
	}
	c.Send(s.Open(), s.Data(codec.FlagFin, messages...))
	c.Expect(Accepted(s.ID))
	return s.Answer()
}

// Answer reads a call to its end.
func (s *Stream) Answer() Answer {
	var a Answer
	for {
		m, ok := s.next()
		switch {
		case !ok:
			return a
		case a.Err != nil:
			s.c.t.stop(&Failure{Verdict: Fail, Req: []string{"CALL-005"}, Expected: "nothing but FIN after ERROR", Actual: fmt.Sprintf("a message of %d bytes", len(m))})
		case len(m) > 0 && m[0] == byte(codec.CallKindReply):
			a.Replies = append(a.Replies, m[1:])
		case len(m) > 0 && m[0] == byte(codec.CallKindError):
			failed, err := codec.ParseCallError(m)
			if err != nil {
				s.c.t.stop(&Failure{Verdict: Fail, Req: []string{"CALL-013"}, Expected: "an ERROR in the strict profile", Actual: err.Error()})
			}
			a.Err = failed
		default:
			s.c.t.Fail("REPLY or ERROR", "a message of %d bytes that is neither", len(m))
		}
	}
}

// Echo calls the method echo with random bytes and checks what comes back: the proof that a link serves. Of a dialer it is the driver that
// calls.
func (c *Conn) Echo() {
	args := make([]byte, 1+c.t.Rand.IntN(64))
	c.t.fill(args)
	if c.own == wire.Acceptor {
		s := c.Ask("echo", args)
		s.finish(args)
		return
	}
	a := c.Call("echo", args)
	switch {
	case a.Err != nil:
		c.t.Fail("a REPLY to echo", "ERROR(%v)", a.Err.Code)
	case len(a.Replies) != 1 || !bytes.Equal(a.Replies[0], args):
		c.t.Fail(fmt.Sprintf("one REPLY of echo with %x", args), "%d replies, %x", len(a.Replies), a.Replies)
	}
}

// Barrier waits until the peer has read everything that was sent before. It is a PING where one is lawful by now, which is once in
// ping_min_ms (BEAT-006), and else an OPEN of a sub-protocol that nobody has (STRM-004).
func (c *Conn) Barrier() {
	if c.mayPing() {
		ping := c.Ping()
		c.Send(Message(ping))
		c.Expect(Ponged(ping))
		return
	}
	s := c.NewStream()
	c.Send(s.OpenAs("x.suite.barrier", 1))
	c.Expect(Matching(fmt.Sprintf("REJECT on stream %d", s.ID), func(e *Event) bool {
		return e.Frame.Type == codec.TypeReject && e.Frame.Stream == s.ID
	}))
}

// mayPing reports whether the suite may send a PING now.
func (c *Conn) mayPing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, hello := c.wire.Ends[c.own].Ping, c.wire.Ends[c.other].Hello
	if last.Waiting || hello == nil {
		return false
	}
	least := time.Duration(hello.Limits.PingMinMS) * time.Millisecond
	return !last.Sent || c.t.now().Sub(last.At) >= least
}
