package conformance

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"handfast/codec"
	"handfast/conformance/driver"
)

// The calls of a dialer: the driver is asked to make them, and the suite is the callee.

// with are further arguments of a request to the driver.
type with map[string]string

// Ask makes the driver call a method and takes the call: OPEN, ACCEPT, and the REQUEST.
func (c *Conn) Ask(method string, args []byte, more ...with) *Stream {
	s := c.begin(method, args, more...)
	s.accept()
	s.takeRequest(method, args)
	return s
}

// begin makes the driver call a method, and waits for the OPEN.
func (c *Conn) begin(method string, args []byte, more ...with) *Stream {
	request := with{"method": method, "args": hex.EncodeToString(args)}
	for _, m := range more {
		maps.Copy(request, m)
	}
	next := c.theirNext().ID
	o := c.order(driver.OpCall, request, driver.KindDone, driver.KindFailed, driver.KindEnded)
	c.expectOf(o, Matching(fmt.Sprintf("OPEN on stream %d", next), func(e *Event) bool {
		if e.Frame.Type != codec.TypeOpen || e.Frame.Stream != next {
			return false
		}
		if m, _ := e.Message.(codec.Open); m.Proto == mirrorProto { // which is due in a while, and not asked for
			next += 2
			return false
		}
		return true
	}))
	s := c.StreamAt(next)
	s.call = o
	return s
}

// expectOf is Expect for what a request to the driver should lead to. A driver that is at fault, or does not do what it claims, ends the wait.
func (c *Conn) expectOf(o *op, w Want) Event {
	c.watched = o
	defer func() { c.watched = nil }()
	return c.Expect(w)
}

// asked is closed when the watched request is answered.
func (c *Conn) asked() <-chan struct{} {
	if c.watched == nil {
		return nil
	}
	return c.watched.answered
}

// answered looks at the answer to the watched request, which says something by itself only where the driver is at fault.
func (c *Conn) answered() {
	o := c.watched
	c.watched = nil
	c.t.await(o)
}

// order sends a request about this link to the driver.
func (c *Conn) order(name string, args with, kinds ...string) *op {
	c.awaitOpen()
	all := map[string]string{"link": c.dialled.name}
	maps.Copy(all, args)
	return c.t.ask(name, all, kinds...)
}

// theirNext is the stream that the peer opens next.
func (c *Conn) theirNext() *Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := c.wire.Ends[c.other].LastID; last != 0 {
		return c.StreamAt(last + 2)
	}
	return c.StreamAt(c.other.FirstID())
}

// accept answers the OPEN.
func (s *Stream) accept() { s.c.Send(Message(codec.Accept{Stream: s.ID})) }

// takeRequest reads the REQUEST, which has to be what the driver was asked for (CALL-001).
func (s *Stream) takeRequest(method string, args []byte) codec.CallRequest {
	q, err := codec.ParseCallRequest(s.Next())
	switch {
	case err != nil:
		s.c.t.stop(&Failure{Verdict: Fail, Req: []string{"CALL-001"}, Expected: "a REQUEST as the first message", Actual: err.Error()})
	case q.Method != method || !slices.Equal(q.Args, args):
		s.c.t.stop(&Failure{
			Verdict: Fail, Req: []string{"CALL-001"}, Expected: fmt.Sprintf("a REQUEST of %s with %s", method, brief(args)),
			Actual: fmt.Sprintf("%q with %s", q.Method, brief(q.Args)),
		})
	}
	return q
}

// reply makes a DATA with REPLYs.
func (s *Stream) reply(flags codec.Flags, values ...[]byte) Packet {
	messages := make([][]byte, len(values))
	for i, value := range values {
		messages[i] = codec.AppendCallReply(nil, value)
	}
	return s.Data(flags, messages...)
}

// finish ends a call with replies and FIN, and checks that the driver reports just these.
func (s *Stream) finish(values ...[]byte) {
	s.c.Send(s.reply(codec.FlagFin, values...))
	s.done(values...)
}

// done checks that the driver reports a call that succeeded with replies.
func (s *Stream) done(values ...[]byte) {
	a := s.c.t.await(s.call)
	if a.Kind != driver.KindDone {
		s.c.t.Fail(fmt.Sprintf("the answer done to call, with %d replies", len(values)), "%s", describeEnd(a))
	}
	s.replied(a, values...)
}

// replied holds the replies of an answer against those that were sent.
func (s *Stream) replied(a driver.Answer, values ...[]byte) {
	if len(a.Replies) != len(values) {
		s.c.t.Fail(fmt.Sprintf("%d replies in the answer %s to call", len(values), a.Kind), "%d", len(a.Replies))
	}
	for i, text := range a.Replies {
		if got, err := hex.DecodeString(text); err != nil || !slices.Equal(got, values[i]) {
			s.c.t.Fail(fmt.Sprintf("%s as reply %s", brief(values[i]), strconv.Itoa(i)), "%s", brief(got))
		}
	}
}

// failed checks that the driver reports a call that failed: by whom, and with which code.
func (s *Stream) failed(by string, code codec.Code, req ...string) driver.Answer {
	a := s.c.t.await(s.call)
	if a.Kind != driver.KindFailed || a.By != by || a.Code != code.String() {
		s.c.t.stop(&Failure{
			Verdict: Fail, Req: req, Expected: fmt.Sprintf("the answer failed to call, by %s, code %v", by, code), Actual: describeEnd(a),
		})
	}
	return a
}

// processed checks whether the driver says that a call may have been processed.
func (s *Stream) processed(a driver.Answer, want string, req ...string) {
	if a.Processed != want {
		s.c.t.stop(&Failure{Verdict: Fail, Req: req, Expected: "processed " + want, Actual: describeEnd(a)})
	}
}
