package rolling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"crypto/tls"

	"handfast/codec"
	"handfast/compat/fast"
	"handfast/refimpl/call"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

// Protocol is what a remote is spoken to in.
type Protocol string

// The protocols.
const (
	Handfast Protocol = "handfast"
	Fast     Protocol = "fast"
)

// Remote is the configuration of one recipient of calls.
type Remote struct {
	Addr     string
	Protocol Protocol // there is no default, and nothing is guessed
	// Link is what a link offers, with Handfast.
	Link link.Config
	// TLS is that of links. Fast has none, and is refused where it is set.
	TLS *tls.Config
	// Fast is how requests are written, with Fast.
	Fast fast.ClientConfig
}

// Caller calls the methods of one recipient. Its methods may be called by any goroutine.
type Caller interface {
	// Call makes a call and gives each value of its reply to each, if that is not nil; value is good until each returns. An error of
	// each ends the call. The error is an *call.Error if the recipient has said so, or the deadline has passed; with Fast, args and
	// the values are JSON, args an array.
	Call(ctx context.Context, method string, args []byte, each func(value []byte) error) error
	// Done is closed when the connection has ended.
	Done() <-chan struct{}
	// Close ends the connection, and fails what is pending.
	Close() error
}

// Dial connects to a remote in the protocol of its configuration, and in no other (VER-006).
func Dial(ctx context.Context, r Remote) (Caller, error) {
	switch r.Protocol {
	case Handfast:
		conn, err := dial.Transport(ctx, r.Addr, r.TLS)
		if err != nil {
			return nil, err
		}
		if r.Link.Protos == nil {
			r.Link.Protos = map[string][]uint16{call.Proto: {call.Version}}
		}
		l, err := link.Dial(ctx, conn, r.Link)
		if err != nil {
			return nil, err
		}
		return linkCaller{l}, nil
	case Fast:
		if r.TLS != nil {
			return nil, errors.New("rolling: Fast has no TLS: take it away, or call the remote in Handfast")
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", r.Addr)
		if err != nil {
			return nil, err
		}
		return fastCaller{fast.NewClient(conn, r.Fast)}, nil
	}
	return nil, fmt.Errorf("rolling: the remote's protocol is %q, not %q or %q", r.Protocol, Handfast, Fast)
}

type linkCaller struct{ l *link.Link }

func (c linkCaller) Done() <-chan struct{} { return c.l.Done() }
func (c linkCaller) Close() error          { return c.l.Close(codec.CodeNoError, "") }

func (c linkCaller) Call(ctx context.Context, method string, args []byte, each func([]byte) error) error {
	s, err := call.Open(ctx, c.l, method, args, true)
	if err != nil {
		return err
	}
	for {
		v, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && each != nil {
			if err = each(v); err != nil {
				s.Cancel()
			}
		}
		if err != nil {
			return err
		}
	}
}

type fastCaller struct{ c *fast.Client }

func (c fastCaller) Done() <-chan struct{} { return c.c.Done() }
func (c fastCaller) Close() error          { return c.c.Close() }

func (c fastCaller) Call(ctx context.Context, method string, args []byte, each func([]byte) error) error {
	s, err := c.c.Stream(ctx, method, args)
	if errors.Is(err, fast.ErrArguments) { // nothing was sent
		return &call.Error{Code: codec.CodeCallBadArgument, Text: err.Error(), Processed: "no"}
	}
	if err != nil {
		return fromFast(err)
	}
	for {
		v, err := s.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fromFast(err)
		}
		if each != nil {
			if err := each(v); err != nil {
				s.Abandon()
				return err
			}
		}
	}
}
