// Package limited makes peers that the repository has no release of: with fewer wire versions, sub-protocol versions or capabilities
// than today's, and from a future that has more of each. They are built on the codec alone. They open a link, make or serve one
// call, and end in good order: enough to see what two peers agree on.
package limited

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"handfast/codec"
)

// Peer is how one peer differs. The zero value offers what today's does.
type Peer struct {
	Name   string
	Vers   []uint16            // nil: the one of today
	Protos map[string][]uint16 // nil: call, version 1
	Caps   codec.Caps
	Need   []string
	// Future makes it send what no peer of today knows: flags and keys in the opening, frames, flags, and an error code.
	Future bool
	// Grease makes it send one of everything that is reserved for grease, wherever that is allowed.
	Grease bool
}

// Outcome is what one side of an opening has seen.
type Outcome struct {
	Version  uint16            // 0: no link
	Protos   map[string]uint16 // as READY has stated them
	Caps     codec.Caps
	Refuse   *codec.Refuse // what the acceptor has said, with a dialer
	Code     codec.Code    // of the REFUSE or CLOSE that ended the opening, sent or received
	Reply    string        // of the call that the dialer made
	Failed   codec.Code    // of the ERROR that the call ended with
	Accepted int           // calls that the acceptor has answered
}

// Link says whether a link was opened.
func (o *Outcome) Link() bool { return o.Version != 0 }

// limit bounds a whole session.
const limit = 10 * time.Second

// maxVers is how many versions an opening may list.
const maxVers = 16

// hello gives the offer and its bytes.
func (p *Peer) hello() (*codec.Hello, []byte, error) {
	h := &codec.Hello{Vers: p.Vers, Protos: p.Protos, Caps: codec.Caps{}, Need: p.Need, Limits: codec.DefaultLimits(), SW: "limited " + p.Name, Incarnation: 1}
	_, _ = rand.Read(h.Node[:]) // never fails
	_, _ = rand.Read(h.Nonce[:])
	if h.Vers == nil {
		h.Vers = []uint16{codec.WireVersion}
	}
	if h.Protos == nil {
		h.Protos = map[string][]uint16{"call": {1}}
	}
	for name, v := range p.Caps {
		h.Caps[name] = v
	}
	if len(h.Vers) < maxVers {
		h.Vers = append([]uint16{codec.GreaseVersion(0x5000)}, h.Vers...)
	}
	if p.Grease {
		for i := uint16(0); i < 8; i++ {
			h.Caps[codec.GreaseCapability(i<<12)] = []any{true, int64(i), []string{"grease"}}[i%3]
		}
		for i := uint16(1); len(h.Vers) < maxVers; i++ {
			h.Vers = append(h.Vers, codec.GreaseVersion(0x5000+i<<8))
		}
		slices.Sort(h.Vers)
		h.Vers = slices.Compact(h.Vers)
	}
	legal := *h
	if len(legal.Vers) > maxVers {
		legal.Vers = legal.Vers[len(legal.Vers)-maxVers:]
	}
	b, err := legal.AppendOpening(nil)
	if err != nil || !p.Future && !p.Grease && len(h.Vers) <= maxVers {
		return h, b, err
	}
	b, err = p.reshape(h, b)
	return h, b, err
}

// reshape puts into an opening what the codec of today would not write.
func (p *Peer) reshape(h *codec.Hello, b []byte) ([]byte, error) {
	v, err := codec.DecodeValue(b[codec.OpeningSize:])
	if err != nil {
		return nil, err
	}
	body, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("limited: an opening without a map")
	}
	var vers []any
	var real []uint16
	for _, n := range h.Vers {
		vers = append(vers, int64(n))
		if !codec.IsGreaseVersion(n) {
			real = append(real, n)
		}
	}
	body["vers"] = vers
	var flags uint8
	if p.Future {
		flags = 0xFF
		body["tomorrow"] = map[string]any{"a": []any{int64(1), "b"}}
		if limits, ok := body["limits"].(map[string]any); ok {
			limits["tomorrow_ms"] = int64(7)
		}
	}
	if p.Grease {
		flags ^= 0x5A
		body["zz.grease"] = true
	}
	raw, err := codec.AppendValue(nil, body)
	if err != nil {
		return nil, err
	}
	return codec.AppendRawOpening(nil, flags, slices.Min(real), slices.Max(real), codec.KindHello, raw), nil
}

// Dial opens a link on conn, calls echo where call is agreed, and ends. It closes conn.
func (p *Peer) Dial(conn net.Conn) (*Outcome, error) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(limit))
	own, raw, err := p.hello()
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(raw); err != nil {
		return nil, err
	}
	r := codec.NewReader(conn, 0)
	o := &Outcome{}
	op, theirs, err := r.ReadOpening()
	if o.Code = codeOf(err); o.Code != 0 && op.Header.Kind == codec.KindHello {
		return o, farewell(conn, codec.Close{Code: o.Code}.AppendFrame(nil))
	}
	if err != nil {
		return o, err
	}
	if op.Refuse != nil {
		o.Refuse, o.Code = op.Refuse, op.Refuse.Code
		return o, nil
	}
	s := &session{peer: p, conn: conn, r: r, out: o}
	agreed, err := codec.Agree(own, op.Hello)
	if err != nil {
		o.Code = codeOf(err)
		return o, farewell(conn, codec.Close{Code: o.Code}.AppendFrame(nil))
	}
	if err := s.ready(agreed, codec.TranscriptHash(raw, theirs)); err != nil || !o.Link() {
		return o, err
	}
	return o, s.call()
}

// Accept serves one link on conn until the dialer ends it. It closes conn.
func (p *Peer) Accept(conn net.Conn) (*Outcome, error) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(limit))
	own, raw, err := p.hello()
	if err != nil {
		return nil, err
	}
	r := codec.NewReader(conn, 0)
	o := &Outcome{}
	op, theirs, err := r.ReadOpening()
	if err == nil && op.Hello == nil {
		return o, errors.New("limited: an opening that is no HELLO")
	}
	var agreed codec.Agreement
	if err == nil {
		agreed, err = codec.Agree(op.Hello, own)
	}
	if err != nil {
		if o.Code = codeOf(err); o.Code == 0 {
			return o, err
		}
		refuse := &codec.Refuse{Code: o.Code, Vers: slices.DeleteFunc(slices.Clone(own.Vers), codec.IsGreaseVersion)}
		refuse.Vers = refuse.Vers[:min(len(refuse.Vers), maxVers)] // a REFUSE holds no more
		if op.Hello != nil {
			refuse.Need = codec.Unmet(op.Hello, own, agreed.Caps)
		}
		b, err := refuse.AppendOpening(nil)
		if err != nil {
			return o, err
		}
		return o, farewell(conn, b)
	}
	if _, err := conn.Write(raw); err != nil {
		return o, err
	}
	s := &session{peer: p, conn: conn, r: r, out: o}
	if err := s.ready(agreed, codec.TranscriptHash(theirs, raw)); err != nil || !o.Link() {
		return o, err
	}
	return o, s.serve()
}

// farewell writes the last bytes and reads to the end, so that they are not lost in a reset.
func farewell(conn net.Conn, b []byte) error {
	if _, err := conn.Write(b); err != nil {
		return err
	}
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, conn)
	return nil
}

// codeOf is the code of a protocol error; 0: it is none.
func codeOf(err error) codec.Code {
	if e, ok := errors.AsType[*codec.Error](err); ok {
		return e.Code
	}
	return 0
}

// session is a link of a limited peer.
type session struct {
	peer *Peer
	conn net.Conn
	r    *codec.Reader
	out  *Outcome
}

// ready exchanges READY. Without an error and without a link the other side has said CLOSE.
func (s *session) ready(agreed codec.Agreement, th [32]byte) error {
	b, err := codec.NewReady(agreed, th, nil).AppendFrame(nil)
	if err != nil {
		return err
	}
	if _, err := s.conn.Write(s.strange(b)); err != nil {
		return err
	}
	f, err := s.r.Next()
	if err != nil {
		return err
	}
	if f.Type == codec.TypeClose {
		return s.closed(f)
	}
	theirs, err := codec.ParseReady(f)
	if err != nil {
		return err
	}
	if theirs.TH != th || theirs.Version != agreed.Version {
		return fmt.Errorf("limited: the other side states version %d, this one %d", theirs.Version, agreed.Version)
	}
	s.r.SetMaxFrame(uint32(codec.DefaultLimits().MaxFrame))
	s.out.Version, s.out.Protos, s.out.Caps = agreed.Version, agreed.Protos, agreed.Caps
	return nil
}

func (s *session) closed(f codec.Frame) error {
	c, err := codec.ParseClose(f)
	if err == nil && s.out.Code == 0 {
		s.out.Code = c.Code
	}
	return err
}

// strange appends what no peer of today knows, in places where it is to be passed over.
func (s *session) strange(b []byte) []byte {
	if s.peer.Future {
		for _, t := range []codec.Type{0x3C, 0x41, 0x7E, 0x9F} {
			b = codec.AppendFrame(b, codec.Header{Type: t, Flags: 0x70, Reserved: 0xBEEF}, []byte("of tomorrow"))
		}
	}
	if s.peer.Grease {
		for n := uint8(0); n < 8; n++ {
			b = codec.AppendFrame(b, codec.Header{Type: codec.GreaseType(n), Flags: codec.Flags(n<<4) & 0x70, Reserved: uint16(n)}, make([]byte, 8*n))
		}
	}
	return b
}

// data appends a DATA with one message and FIN.
func (s *session) data(b []byte, stream uint32, msg []byte) []byte {
	flags := codec.FlagFin
	if s.peer.Future || s.peer.Grease {
		flags |= 0x70
	}
	return s.strange(codec.AppendFrame(b, codec.Header{Type: codec.TypeData, Flags: flags, Stream: stream}, codec.AppendPiece(nil, msg)))
}

// call makes one call on a new link, then closes it.
func (s *session) call() error {
	ver, ok := s.out.Protos["call"]
	if ok {
		const stream = 1
		b, err := codec.Open{Stream: stream, Proto: "call", Ver: ver}.AppendFrame(nil)
		if err != nil {
			return err
		}
		req, err := codec.AppendCallRequest(nil, "echo", 0, []byte("hello"))
		if err != nil {
			return err
		}
		if _, err := s.conn.Write(s.data(b, stream, req)); err != nil {
			return err
		}
		if err := s.answer(stream); err != nil {
			return err
		}
	}
	return farewell(s.conn, codec.Close{Code: codec.CodeNoError}.AppendFrame(nil))
}

// answer reads until the call's stream has ended.
func (s *session) answer(stream uint32) error {
	for {
		f, err := s.r.Next()
		if err != nil {
			return err
		}
		switch {
		case f.Type == codec.TypeClose:
			return s.closed(f)
		case f.Type == codec.TypePing:
			if err := s.pong(f); err != nil {
				return err
			}
		case f.Stream == stream && (f.Type == codec.TypeReset || f.Type == codec.TypeReject):
			return fmt.Errorf("limited: the call was ended by %s", f.Type)
		case f.Stream == stream && f.Type == codec.TypeData:
			pieces, err := codec.ParseData(f)
			if err != nil {
				return err
			}
			for msg, ok := pieces.Next(); ok; msg, ok = pieces.Next() {
				value, failure, err := codec.ParseCallAnswer(msg)
				if err != nil {
					return err
				}
				if failure != nil {
					s.out.Failed = failure.Code
				}
				s.out.Reply += string(value)
			}
			if pieces.Fin() {
				return nil
			}
		}
	}
}

func (s *session) pong(f codec.Frame) error {
	ping, err := codec.ParsePing(f)
	if err != nil {
		return err
	}
	now := time.Now().UnixNano()
	_, err = s.conn.Write(codec.Pong{Echo: ping.Echo, T1: ping.T1, T2: now, T3: now, ErrUS: codec.UnknownError}.AppendFrame(nil))
	return err
}

// serve answers calls until the link ends.
func (s *session) serve() error {
	for {
		f, err := s.r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch f.Type {
		case codec.TypeClose:
			return s.closed(f)
		case codec.TypePing:
			err = s.pong(f)
		case codec.TypeOpen:
			var b []byte
			if b, err = (codec.Accept{Stream: f.Stream}).AppendFrame(nil); err == nil {
				_, err = s.conn.Write(s.strange(b))
			}
		case codec.TypeData:
			err = s.reply(f)
		}
		if err != nil {
			return err
		}
	}
}

// reply answers a request: echo by its arguments, anything else by a code of tomorrow or as an unknown method.
func (s *session) reply(f codec.Frame) error {
	pieces, err := codec.ParseData(f)
	if err != nil {
		return err
	}
	msg, ok := pieces.Next()
	if !ok {
		return nil
	}
	req, err := codec.ParseCallRequest(msg)
	if err != nil {
		return err
	}
	var b []byte
	if req.Method == "echo" {
		b = codec.AppendCallReply(nil, req.Args)
	} else {
		code := codec.CodeCallUnknownMethod
		if s.peer.Future {
			code = 0x7EEE
		}
		if b, err = (&codec.CallError{Code: code, Processed: "no"}).Append(nil); err != nil {
			return err
		}
	}
	s.out.Accepted++
	_, err = s.conn.Write(s.data(nil, f.Stream, b))
	return err
}
