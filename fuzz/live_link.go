package fuzz

import (
	stdcontext "context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"handfast/codec"
)

// outcome is what a peer did with a sequence.
type outcome struct {
	greeted bool // its HELLO came
	ready   bool // its READY came
	pong    bool // the probe was answered
	closed  bool // CLOSE or REFUSE came
	code    codec.Code
	ended   bool  // the transport ended
	late    bool  // nothing of it in time
	refused bool  // nobody listens
	odd     error // what it sent is no frame
}

// text says it in words.
func (o *outcome) text() string {
	switch {
	case o.refused:
		return "nobody listens any more"
	case o.odd != nil:
		return "what it sent is no frame: " + o.odd.Error()
	case o.closed:
		return "the link ended with " + o.code.String()
	case o.pong:
		return "the link goes on"
	case o.late && !o.greeted:
		return "no opening in time"
	case o.late:
		return "neither PONG nor the end of the link in time"
	}
	return "the transport ended without a word"
}

// probeEcho marks the PING that probes whether the link lives.
const probeEcho = 0xF0AA17E5F0AA17E5

// play sends a sequence on a new link and gives what came. Local is the address to dial from, or nil.
func (l *live) play(ctx stdcontext.Context, s *sequence, local net.Addr) (o outcome) {
	d := net.Dialer{LocalAddr: local, Timeout: l.config.Timeout}
	conn, err := d.DialContext(ctx, "tcp", l.config.Addr)
	if err != nil {
		o.refused = errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
		o.late = !o.refused
		return o
	}
	defer func() {
		if t, ok := conn.(*net.TCPConn); ok {
			_ = t.SetLinger(0) // thousands of links a second would use up the ports
		}
		_ = conn.Close()
	}()
	_ = conn.SetDeadline(time.Now().Add(l.config.Timeout))
	r := codec.NewReader(conn, 4<<10)
	if s.state == Unopened {
		_, _ = conn.Write(s.raw)
		if t, ok := conn.(*net.TCPConn); ok {
			_ = t.CloseWrite() // whatever it waits for does not come
		}
		opening, _, err := r.ReadOpening()
		return o.opening(opening, err, r)
	}
	mine := l.hello(s)
	if _, err := conn.Write(mine); err != nil {
		return o.failed(err)
	}
	opening, raw, err := r.ReadOpening()
	if err != nil || opening.Hello == nil {
		return o.opening(opening, err, r)
	}
	o.greeted = true
	r.SetMaxFrame(1 << 20)
	var out []byte
	if s.state != Greeted {
		own, _, err := codec.ParseOpening(mine)
		if err != nil {
			o.odd = err
			return o
		}
		agreed, err := codec.Agree(own.Hello, opening.Hello)
		if err != nil {
			o.odd = err
			return o
		}
		if out, err = codec.NewReady(agreed, codec.TranscriptHash(mine, raw), nil).AppendFrame(nil); err != nil {
			o.odd = err
			return o
		}
	}
	for _, list := range [][][]byte{s.lead, s.fuzz} {
		for _, b := range list {
			out = append(out, b...)
		}
	}
	out = codec.Ping{Echo: probeEcho, ErrUS: codec.UnknownError}.AppendFrame(out)
	if _, err := conn.Write(out); err != nil && !isEnd(err) {
		return o.failed(err)
	}
	return o.frames(r)
}

// hello makes an opening that differs from all others.
func (l *live) hello(s *sequence) []byte {
	h := codec.Hello{
		Vers: []uint16{codec.WireVersion}, Cluster: l.cluster, Incarnation: 1, Caps: codec.Caps{}, Protos: map[string][]uint16{"call": {1}}, Limits: codec.DefaultLimits(), SW: "handfast fuzz",
	}
	binary.BigEndian.PutUint64(h.Node[:], s.seed|1)
	binary.BigEndian.PutUint64(h.Node[8:], s.index+l.links.Add(1)<<32)
	binary.BigEndian.PutUint64(h.Nonce[:], s.index+1)
	b, err := h.AppendOpening(nil)
	if err != nil {
		return nil // it keeps to every rule
	}
	return b
}

// opening takes an answer to an opening.
func (o outcome) opening(opening codec.Opening, err error, r *codec.Reader) outcome {
	switch {
	case err != nil:
		return o.failed(err)
	case opening.Refuse != nil:
		o.closed, o.code = true, opening.Refuse.Code
		return o
	}
	o.greeted, o.pong = true, true // it takes the opening; the rest never comes
	return o
}

// frames reads to the answer to the probe, or to the end.
func (o outcome) frames(r *codec.Reader) outcome {
	for {
		f, err := r.Next()
		if err != nil {
			return o.failed(err)
		}
		switch f.Type {
		case codec.TypeReady:
			o.ready = true
		case codec.TypePong:
			if m, err := codec.ParsePong(f); err == nil && m.Echo == probeEcho {
				o.pong = true
				return o
			}
		case codec.TypeClose:
			m, err := codec.ParseClose(f)
			if err != nil {
				o.odd = err
				return o
			}
			o.closed, o.code = true, m.Code
			return o
		}
	}
}

// failed tells the end of a transport from silence and from nonsense.
func (o outcome) failed(err error) outcome {
	switch {
	case isEnd(err):
		o.ended = true
	case errors.Is(err, os.ErrDeadlineExceeded):
		o.late = true
	default:
		o.odd = err
	}
	return o
}

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}
