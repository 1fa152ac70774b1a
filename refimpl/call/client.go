package call

import (
	"context"
	"io"
	"sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/link"
)

// Call asks for one reply. It appends the reply to reply and returns it; a call that ends without a REPLY gives reply
// unchanged, one with several gives the last. The error is an *Error if the callee said ERROR, a *link.Error if the
// stream or link ended, or the context's.
func Call(ctx context.Context, l *link.Link, method string, args, reply []byte) ([]byte, error) {
	u := unaries.Get().(*unary)
	u.reply, u.err, u.base = reply, nil, len(reply)
	var err error
	if u.req, err = appendRequest(ctx, u.req[:0], method, args); err != nil {
		unaries.Put(u)
		return reply, err
	}
	s, err := l.OpenWith(ctx, Proto, nil, u, u.req)
	if err != nil {
		u.reply = nil
		unaries.Put(u)
		return reply, err
	}
	if ctx.Done() == nil {
		<-u.done
	} else {
		u.wait(ctx, s)
	}
	reply, err = u.reply, u.err
	u.reply = nil
	unaries.Put(u)
	return reply, err
}

// unary receives the messages of a call with one reply. Its done has room for one, so that a call costs no channel.
type unary struct {
	done  chan struct{} // capacity 1; sent by OnEnd, once a call
	req   []byte
	reply []byte
	base  int
	err   error
}

var unaries = sync.Pool{New: func() any { return &unary{done: make(chan struct{}, 1)} }}

// wait waits for the end; when ctx ends first it resets the stream, which is an end too (CALL-014).
func (u *unary) wait(ctx context.Context, s *link.Stream) {
	select {
	case <-u.done:
	case <-ctx.Done():
		code := codec.CodeCancelled
		if ctx.Err() == context.DeadlineExceeded {
			code = codec.CodeDeadline
		}
		s.Reset(code, "")
		<-u.done
	}
}

// OnMessage takes a REPLY or ERROR.
func (u *unary) OnMessage(s *link.Stream, msg []byte, _ bool) {
	switch value, err := parseAnswer(msg); {
	case u.err != nil:
		s.Reset(codec.CodeProtocol, afterError)
	case err != nil:
		u.err = err
		if e, ok := err.(*Error); !ok || e == nil {
			s.Reset(codec.CodeProtocol, "CALL-016: "+err.Error())
		}
	default:
		u.reply = append(u.reply[:u.base], value...)
	}
}

const afterError = "CALL-016: something follows ERROR"

// OnEnd takes the end of the stream.
func (u *unary) OnEnd(_ *link.Stream, err error) {
	if u.err == nil {
		u.err = err
	}
	u.done <- struct{}{}
}

// parseAnswer reads what a callee sends: a value, an *Error that it said, or another error if it is neither.
func parseAnswer(msg []byte) ([]byte, error) {
	value, failure, err := codec.ParseCallAnswer(msg)
	if failure != nil {
		return nil, fromWire(failure)
	}
	return value, err
}

// appendRequest makes REQUEST; its deadline is what is left of ctx's.
func appendRequest(ctx context.Context, b []byte, method string, args []byte) ([]byte, error) {
	var ms uint32
	if at, ok := ctx.Deadline(); ok {
		ms = uint32(min(max(time.Until(at).Milliseconds(), 1), 1<<32-1))
	}
	return codec.AppendCallRequest(b, method, ms, args)
}

// Stream is a call with many replies or arguments. Send and CloseSend may be called by one goroutine at a time, and Recv
// by one at a time.
type Stream struct {
	s *link.Stream
}

// Open begins a call. The stream is reset when ctx ends. If last is set, no ARG follows.
func Open(ctx context.Context, l *link.Link, method string, args []byte, last bool) (*Stream, error) {
	req, err := appendRequest(ctx, nil, method, args)
	if err != nil {
		return nil, err
	}
	s, err := l.Open(ctx, Proto, nil)
	if err != nil {
		return nil, err
	}
	err = s.Send(req)
	if err == nil && last {
		err = s.CloseSend()
	}
	if err != nil {
		s.Reset(codec.CodeCancelled, "") // nobody else knows of it
		return nil, err
	}
	return &Stream{s: s}, nil
}

// Send sends one ARG. It waits for credit.
func (c *Stream) Send(arg []byte) error {
	return c.s.SendParts(argKind, arg)
}

// CloseSend says that no ARG follows.
func (c *Stream) CloseSend() error { return c.s.CloseSend() }

// Recv gives the next reply, valid until the next call. After the last one of a call that succeeded it returns io.EOF,
// and otherwise what Call returns.
func (c *Stream) Recv() ([]byte, error) {
	msg, err := c.s.Recv()
	if err != nil {
		return nil, err
	}
	value, err := parseAnswer(msg)
	if err == nil {
		return value, nil
	}
	if _, ok := err.(*Error); ok {
		if _, end := c.s.Recv(); end != io.EOF {
			c.s.Reset(codec.CodeProtocol, afterError)
		}
	} else {
		c.s.Reset(codec.CodeProtocol, "CALL-016: "+err.Error())
	}
	return nil, err
}

// Cancel ends the call with RESET(CANCELLED). It does nothing to a call that has ended.
func (c *Stream) Cancel() { c.s.Reset(codec.CodeCancelled, "") }
