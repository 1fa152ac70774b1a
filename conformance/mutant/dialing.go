package mutant

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"handfast/codec"
)

// errRefused says that the acceptor has refused.
type errRefused struct{ code codec.Code }

// Error gives the code.
func (e *errRefused) Error() string { return "refused: " + e.code.String() }

// dial plays the dialer's side of chapter 4 on a transport, up to READY of this side. Without a link the outcome says why.
func (p *peer) dial(nc net.Conn, secure *tls.Conn, own *codec.Hello, until time.Time) (*link, outcome) {
	if !p.has("waits-for-an-acceptor-for-ever") {
		_ = nc.SetDeadline(until)
	}
	r := bufio.NewReaderSize(nc, 2*codec.MaxOpeningBody)
	opening, err := own.AppendOpening(nil)
	if err != nil {
		return nil, outcome{by: "self", code: codec.CodeInternal}
	}
	if p.has("waits-for-the-acceptor-to-speak") {
		if _, err := r.Peek(1); err != nil {
			return nil, outcome{by: "transport"}
		}
	}
	if _, err := nc.Write(opening); err != nil {
		return nil, outcome{by: "transport"}
	}
	o, raw, err := p.readAnswer(nc, r)
	if err != nil {
		return nil, p.turnAway(nc, err)
	}
	agreed, err := p.agreeWith(own, o.Hello)
	if err != nil {
		return nil, p.turnAway(nc, err)
	}
	l := newLink(p, nc, r, o.Hello, own)
	l.dialer, l.agreed, l.secure = true, agreed, secure
	l.th = p.dialerHash(raw, o.Hello, opening)
	flight, err := l.appendReady(nil)
	if err != nil {
		return nil, outcome{by: "self", code: codec.CodeInternal}
	}
	if _, err := nc.Write(flight); err != nil {
		return nil, outcome{by: "transport"}
	}
	return l, outcome{}
}

// dialerHash computes th of READY. A peer that hashes its own opening first is wrong as an acceptor alone, so that here it is the other way.
func (p *peer) dialerHash(raw []byte, acceptor *codec.Hello, own []byte) [32]byte {
	switch {
	case p.has("hashes-its-own-opening-first"):
		return codec.TranscriptHash(raw, own)
	case p.has("hashes-what-it-has-understood"):
		if again, err := acceptor.AppendOpening(nil); err == nil {
			raw = again
		}
	}
	return codec.TranscriptHash(own, raw)
}

// readAnswer reads the acceptor's HELLO. A REFUSE is an *errRefused; one that is faulty, and a stranger's bytes, are errors without a code
// that could be said.
func (p *peer) readAnswer(nc net.Conn, r *bufio.Reader) (codec.Opening, []byte, error) {
	const kind = 14
	for want := 1; ; {
		if _, err := r.Peek(want); err != nil {
			return codec.Opening{}, nil, err
		}
		b, _ := r.Peek(r.Buffered())
		if len(b) < codec.OpeningSize && p.has("waits-for-strangers-to-finish") {
			want = len(b) + 1
			continue
		}
		refuses := len(b) >= kind+2 && codec.Kind(uint16(b[kind])<<8|uint16(b[kind+1])) == codec.KindRefuse
		var o codec.Opening
		var n int
		var err error
		if refuses {
			o, n, err = codec.ParseOpening(b)
		} else {
			o, n, err = p.parseHello(b)
		}
		switch {
		case errors.Is(err, codec.ErrShort):
			switch {
			case p.has("wants-openings-in-one-read"):
				return codec.Opening{}, nil, err
			case p.has("waits-for-an-acceptor-from-its-last-byte"):
				_ = nc.SetReadDeadline(time.Now().Add(p.wait))
			}
			want = len(b) + 1
			continue
		case refuses && err != nil && p.has("answers-faulty-refuses"):
			return o, nil, linkFault("HELLO-022", codec.CodeEncoding, "a REFUSE that is faulty")
		case refuses && err != nil && asFault(err, 0) != nil:
			return o, nil, &errRefused{asFault(err, 0).code}
		case refuses:
			return o, nil, &errRefused{o.Refuse.Code}
		case err != nil:
			return o, nil, err
		}
		raw := append([]byte(nil), b[:n]...)
		_, _ = r.Discard(n) // they are buffered
		return o, raw, nil
	}
}

// agreeWith makes the checks 7 to 9 of chapter 14 for a dialer.
func (p *peer) agreeWith(own, acceptor *codec.Hello) (codec.Agreement, error) {
	if acceptor.Node == own.Node && !p.has("talks-to-itself") {
		return codec.Agreement{}, linkFault("HELLO-029", codec.CodeSelfConnect, "this is the acceptor's own node")
	}
	agreed, err := codec.Agree(own, acceptor)
	if err != nil && p.has("opens-without-a-common-version") {
		known := *acceptor
		known.Vers = own.Vers
		agreed, err = codec.Agree(own, &known)
	}
	p.misjudge(&agreed, acceptor, own)
	f := asFault(err, 0)
	if f == nil || f.code != codec.CodeNeedUnmet {
		return agreed, err
	}
	if p.has("ignores-its-own-need") {
		return agreed, nil
	}
	f.req = "CAP-013"
	return agreed, f
}

// turnAway ends an opening that has failed, with CLOSE where the acceptor may be told, and says how.
func (p *peer) turnAway(nc net.Conn, err error) outcome {
	defer nc.Close()
	if refused, ok := errors.AsType[*errRefused](err); ok {
		p.leaveRefused(nc)
		return outcome{by: "refuse", code: refused.code}
	}
	f := asFault(err, 0)
	var timeout net.Error
	switch {
	case f == nil && errors.As(err, &timeout) && timeout.Timeout():
		return outcome{by: "self", code: codec.CodeOpenTimeout}
	case f == nil:
		return outcome{by: "transport"}
	case f.code == codec.CodeForeign && !p.answersStranger(f):
		return outcome{by: "self", code: codec.CodeForeign}
	}
	code, mute := p.twist(f)
	var b []byte
	switch {
	case mute, p.has("ends-without-close"):
		return outcome{by: "self", code: code}
	case p.has("closes-with-internal"):
		code = codec.CodeInternal
	}
	b = codec.Close{Code: code, Text: f.req}.AppendFrame(nil)
	if p.has("refuses-like-an-acceptor") {
		b, _ = (&codec.Refuse{Code: code, Vers: []uint16{codec.WireVersion}}).AppendOpening(nil)
	}
	if _, err := nc.Write(b); err == nil {
		_ = closeWrite(nc)
		_ = nc.SetReadDeadline(time.Now().Add(linger))
		_, _ = io.Copy(io.Discard, nc) // so that CLOSE is not lost to a reset (CLOSE-003)
	}
	return outcome{by: "self", code: code}
}

// leaveRefused is what a dialer does when it has read a REFUSE: nothing, but for bugs.
func (p *peer) leaveRefused(nc net.Conn) {
	switch {
	case p.has("answers-refuse-with-close"):
		_, _ = nc.Write(codec.Close{Code: codec.CodeNoError}.AppendFrame(nil))
	case p.has("stays-after-a-refuse"):
		_ = nc.SetDeadline(time.Time{})
		<-p.done
	}
}
