package conformance

import (
	"handfast/codec"
	"handfast/conformance/wire"
)

// A scene brings a link into the state in which something is tried, and gives the stream that it is tried on.
type scene func(c *Conn) *Stream

// onLink is the link itself.
func onLink(c *Conn) *Stream { return c.StreamAt(0) }

// onNext is a stream that is about to be opened.
func onNext(c *Conn) *Stream { return c.NewStream() }

// onUnopened is a stream that was never opened, and will not be.
func onUnopened(c *Conn) *Stream { return c.StreamAt(c.nextStream) }

// onOpen is a call of echo that has had one argument and waits for the next: both directions are open. Where a dialer is judged, it is a
// call of the driver's that waits for its reply, so that only the suite's direction is sure to be open.
func onOpen(c *Conn) *Stream {
	if c.own == wire.Acceptor {
		return c.Ask("echo", []byte("waits"))
	}
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
	if c.own == wire.Acceptor {
		s := c.Ask("sleep", Args("ms", asleep))
		s.End()
		return s
	}
	s := c.NewStream()
	c.Send(s.Open(), s.Data(codec.FlagFin, Request("sleep", 0, Args("ms", asleep))))
	c.Expect(Accepted(s.ID))
	return s
}

// onFinished is a call of echo to which both sides have sent FIN.
func onFinished(c *Conn) *Stream {
	if c.own == wire.Acceptor {
		s := c.Ask("echo", []byte("finished"))
		s.End()
		s.finish([]byte("finished"))
		return s
	}
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
	if s.call != nil {
		s.failed("peer", codec.CodeCancelled)
	}
	return s
}

// onRejected is a stream of a sub-protocol that the peer does not speak.
func onRejected(c *Conn) *Stream {
	s := c.NewStream()
	c.Send(s.OpenAs("x.suite.nobody", 1))
	c.Expect(FrameOn(codec.TypeReject, s.ID))
	return s
}

// onDiscard is a call of discard that waits for arguments.
func onDiscard(c *Conn) *Stream {
	s := c.NewStream()
	c.Send(s.Open(), s.Data(0, Request("discard", 0, nil)))
	c.Expect(Accepted(s.ID))
	return s
}
