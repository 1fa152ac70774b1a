package fuzz

import (
	stdcontext "context"
	"encoding/binary"
	"errors"
	"fmt"
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

	streams map[uint32]*arrived
	theirs  uint32 // greatest id that it has opened
	granted uint64 // greatest STREAMS
	broken  string // what its sender may not send
	rule    string // that it breaks
	stage   string // of a wait that came to nothing: what did not come

	model *model      // what the link was like at the end
	want  expectation // what may come
}

// text says it in words.
func (o *outcome) text() string {
	switch {
	case o.refused:
		return "nobody listens any more"
	case o.odd != nil:
		return "what it sent is no frame: " + o.odd.Error()
	case o.broken != "":
		return o.broken
	case o.closed:
		return "the link ended with " + o.code.String()
	case o.late && o.stage != "":
		return o.stage
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

// play sends a sequence on a new link and gives what came. Who is the worker, of which each has an address and a node.
func (l *live) play(ctx stdcontext.Context, s *sequence, who int) (o outcome) {
	d := net.Dialer{LocalAddr: l.local(who), Timeout: l.config.Timeout}
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
	salt := l.links.Add(1)<<8 ^ s.index<<40
	mine := l.hello(s, who, salt)
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
		if l.learn != nil {
			l.learn(opening.Hello, &agreed)
		}
		if out, err = codec.NewReady(agreed, codec.TranscriptHash(mine, raw), nil).AppendFrame(nil); err != nil {
			o.odd = err
			return o
		}
	}
	m := newModel(s, l.kit)
	sum := expectation{alive: true}
	send := func(list [][]byte) {
		for _, b := range list {
			out = append(out, salted(b, salt)...)
		}
		if sum.alive {
			m.add(&sum, list)
		}
	}
	send(s.lead)
	if len(s.await) > 0 || s.grants > 0 {
		if _, err := conn.Write(out); err != nil && !isEnd(err) {
			return o.failed(err)
		}
		out = out[:0]
		o.frames(r, func() bool { return o.came(s.await) && o.granted >= s.grants })
		if o.ended || o.closed || o.late || o.odd != nil || o.broken != "" {
			if o.late {
				o.missing(s.await, s.grants > 0)
			}
			o.model, o.want = m, sum
			return o
		}
		m.settle(&o)
		send(s.reply(&o))
	}
	send(s.fuzz)
	if s.state == Greeted && sum.alive { // the probe comes in the place of READY
		sum = expectation{codes: append(sum.codes, codec.CodeState), silent: sum.silent, req: "READY-002"}
	}
	o.model, o.want = m, sum
	out = codec.Ping{Echo: probeEcho, ErrUS: codec.UnknownError}.AppendFrame(out)
	if _, err := conn.Write(out); err != nil && !isEnd(err) {
		return o.failed(err)
	}
	wants := m.wants()
	if !sum.alive { // the link ends, and with it the streams
		wants = nil
	}
	o.frames(r, func() bool { return o.pong && o.came(wants) })
	if o.late && o.pong {
		o.missing(wants, false)
	}
	return o
}

// missing says what did not come.
func (o *outcome) missing(list []await, grants bool) {
	for _, w := range list {
		if !o.came([]await{w}) {
			o.stage = fmt.Sprintf("no %s on a stream in time", w.what)
			if o.broken == "" && o.model != nil && o.model.streams[w.stream] != nil {
				o.rule = o.model.streams[w.stream].req
			}
			return
		}
	}
	if grants {
		o.stage, o.rule = "no more streams are granted though all have ended", "STRM-009"
	}
}

// hello makes an opening that differs from all others.
func (l *live) hello(s *sequence, who int, salt uint64) []byte {
	h := codec.Hello{
		Vers: []uint16{codec.WireVersion}, Cluster: l.cluster, Incarnation: 1, Caps: codec.Caps{}, Protos: map[string][]uint16{"call": {1}}, Limits: codec.DefaultLimits(), SW: "handfast fuzz",
	}
	binary.BigEndian.PutUint64(h.Node[:], s.seed|1)
	binary.BigEndian.PutUint64(h.Node[8:], salt|1<<63)
	binary.BigEndian.PutUint64(h.Nonce[:], s.index+1)
	if s.delivery { // a peer keeps channels of each node: there are as many as workers
		binary.BigEndian.PutUint64(h.Node[8:], uint64(who))
		h.Caps["delivery"], h.Protos[protoMirror] = true, []uint16{1}
	}
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

// frames reads until done says so, or to the end.
func (o *outcome) frames(r *codec.Reader, done func() bool) {
	for !done() {
		f, err := r.Next()
		if err != nil {
			*o = o.failed(err)
			return
		}
		switch f.Type {
		case codec.TypeReady:
			o.ready = true
		case codec.TypePong:
			if m, err := codec.ParsePong(f); err == nil && m.Echo == probeEcho {
				o.pong = true
			}
		case codec.TypeStreams:
			if m, err := codec.ParseStreams(f); err == nil {
				o.granted = max(o.granted, m.Max)
			}
		case codec.TypeClose:
			m, err := codec.ParseClose(f)
			if err != nil {
				o.odd = err
				return
			}
			o.closed, o.code = true, m.Code
			return
		}
		if f.Stream != 0 && codec.KnownType(f.Type) && o.broken == "" {
			o.broken, o.rule = o.take(f)
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
