package conformance

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"handfast/codec"
)

// fakePeer is the smallest acceptor that passes the framework's own cases: opening, PING, echo, and CLOSE with the code of
// codec's error. Its hooks break it in one place.
type fakePeer struct {
	node [16]byte

	hello  func(h *codec.Hello)                  // changes its HELLO
	frame  func(w io.Writer, f codec.Frame) bool // true: the frame was dealt with
	broken func(w io.Writer, err error) bool     // true: the fault was dealt with

	wrongCode codec.Code // in CLOSE, if set
}

// start serves on a loopback port until the test ends, and returns the address.
func (p *fakePeer) start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = rand.Read(p.node[:])
	var work sync.WaitGroup
	work.Go(func() { // ends when the listener is closed
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { // ends with the connection, which the suite closes
				defer nc.Close()
				p.serve(nc)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		work.Wait()
	})
	return l.Addr().String()
}

// code gives the code to close with.
func (p *fakePeer) code(right codec.Code) codec.Code {
	if p.wrongCode != 0 {
		return p.wrongCode
	}
	return right
}

func (p *fakePeer) newHello() *codec.Hello {
	h := &codec.Hello{
		Vers: []uint16{1, 0x2A3A}, Node: p.node, Incarnation: 1,
		Caps: codec.Caps{
			"probe.and": true, "probe.min": int64(5), "probe.max": int64(5),
			"probe.intersect": []string{"b", "c", "d"}, "probe.choose": []string{"a", "c"}, "x.grease.0a0b": true,
		},
		Protos: map[string][]uint16{"call": {1}},
		Limits: codec.DefaultLimits(),
	}
	_, _ = rand.Read(h.Nonce[:])
	return h
}

// serve plays one link.
func (p *fakePeer) serve(nc net.Conn) {
	r := bufio.NewReaderSize(nc, 1<<20)
	dialer, raw, err := readHello(r)
	if err != nil {
		return
	}
	h := p.newHello()
	if p.hello != nil {
		p.hello(h)
	}
	own, err := h.AppendOpening(nil)
	if err != nil {
		return
	}
	agreed, _ := codec.Agree(dialer, h)
	ready, err := codec.NewReady(agreed, codec.TranscriptHash(raw, own), nil).AppendFrame(own)
	if err != nil {
		return
	}
	_, _ = nc.Write(codec.AppendFrame(ready, codec.Header{Type: 0x1B}, nil))
	p.frames(nc, r, uint32(h.Limits.MaxFrame))
}

// readHello reads the dialer's opening.
func readHello(r *bufio.Reader) (*codec.Hello, []byte, error) {
	head, err := r.Peek(codec.OpeningSize)
	if err != nil {
		return nil, nil, err
	}
	raw := make([]byte, codec.OpeningSize+int(binary.BigEndian.Uint32(head[16:])))
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, nil, err
	}
	o, _, err := codec.ParseOpening(raw)
	return o.Hello, raw, err
}

// frames answers frames until the link ends.
func (p *fakePeer) frames(nc net.Conn, r *bufio.Reader, most uint32) {
	for {
		f, err := readFrame(r, most)
		if e := (*codec.Error)(nil); errors.As(err, &e) {
			if p.broken != nil && p.broken(nc, err) {
				continue
			}
			_, _ = nc.Write(codec.Close{Code: p.code(e.Code), RetryMS: codec.RetryNever, Text: e.Detail}.AppendFrame(nil))
			_, _ = io.Copy(io.Discard, nc)
			return
		}
		if err != nil || f.Type == codec.TypeClose {
			return
		}
		if p.frame != nil && p.frame(nc, f) {
			continue
		}
		p.answer(nc, f)
	}
}

func readFrame(r *bufio.Reader, most uint32) (codec.Frame, error) {
	head, err := r.Peek(codec.HeaderSize)
	if err != nil {
		return codec.Frame{}, err
	}
	head = make([]byte, rawHeader(head).Size()) // whatever the checksum says, so that a broken peer can go on
	if _, err := io.ReadFull(r, head); err != nil {
		return codec.Frame{}, err
	}
	f, _, err := codec.ParseFrame(head, most)
	return f, err
}

// answer does what a core peer does with PING and with a call of echo.
func (p *fakePeer) answer(w io.Writer, f codec.Frame) {
	var b []byte
	switch f.Type {
	case codec.TypePing:
		m, _ := codec.ParsePing(f)
		now := time.Now().UnixNano()
		b = codec.Pong{Echo: m.Echo, T1: m.T1, T2: now, T3: now}.AppendFrame(nil)
	case codec.TypeOpen:
		if m, _ := codec.ParseOpen(f); m.Proto == "call" {
			b, _ = codec.Accept{Stream: f.Stream}.AppendFrame(nil)
		} else {
			b = codec.Reject{Stream: f.Stream, Code: codec.CodeUnknownProto}.AppendFrame(nil)
		}
	case codec.TypeData:
		pieces, _ := codec.ParseData(f)
		first, ok := pieces.Next()
		if q, err := codec.ParseCallRequest(first); ok && err == nil {
			reply := codec.NewPieces(codec.FlagFin, codec.AppendCallReply(nil, q.Args))
			b = codec.Data{Stream: f.Stream, Pieces: reply}.AppendFrame(nil)
		}
	}
	_, _ = w.Write(b)
}
