package mutant

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"handfast/codec"
)

// open plays the acceptor's side of chapter 4: it reads a HELLO, and answers with HELLO, READY and grease in one flight, or with REFUSE, or
// not at all. Secure is the transport where that is TLS. It returns nil when there is no link.
func (p *peer) open(nc net.Conn, secure *tls.Conn, until time.Time) *link {
	_ = nc.SetDeadline(until)
	r := bufio.NewReaderSize(nc, 2*codec.MaxOpeningBody)
	dialer, raw, err := p.readHello(nc, r)
	if err != nil {
		p.refuse(nc, err)
		return nil
	}
	own := p.offer(secure != nil)
	_, syncs := dialer.Protos[syncProto]
	if _, replicates := dialer.Protos[realtimeProto]; syncs || replicates {
		own.Limits.MaxMessage, own.Limits.MessageMS, own.Limits.IdleMS = syncMessage, syncTime, syncTime
	}
	agreed, err := p.agree(dialer, own)
	if err != nil {
		p.refuse(nc, err)
		return nil
	}
	opening, err := own.AppendOpening(nil)
	if err != nil {
		return nil
	}
	l := newLink(p, nc, r, dialer, own)
	l.agreed, l.th, l.secure = agreed, p.hash(raw, dialer, opening), secure
	flight := opening
	if !p.has("sends-its-ready-second") {
		if flight, err = l.appendReady(opening); err != nil {
			return nil
		}
	}
	if _, err := nc.Write(flight); err != nil {
		return nil
	}
	return l
}

// hash computes th of READY.
func (p *peer) hash(raw []byte, dialer *codec.Hello, own []byte) [32]byte {
	switch {
	case p.has("hashes-its-own-opening-first"):
		return codec.TranscriptHash(own, raw)
	case p.has("hashes-what-it-has-understood"):
		if again, err := dialer.AppendOpening(nil); err == nil {
			raw = again
		}
	}
	return codec.TranscriptHash(raw, own)
}

// readHello reads a HELLO. It looks at what has arrived after every read, so that a fault is found as soon as its bytes are there. Errors
// that are no fault are ends of the transport, time included (HELLO-016).
func (p *peer) readHello(nc net.Conn, r *bufio.Reader) (*codec.Hello, []byte, error) {
	if p.has("waits-for-an-opening-for-ever") {
		_ = nc.SetReadDeadline(time.Time{})
	}
	for want := 1; ; {
		if _, err := r.Peek(want); err != nil {
			return nil, nil, err
		}
		b, _ := r.Peek(r.Buffered())
		o, n, err := p.parseHello(b)
		if errors.Is(err, codec.ErrShort) {
			switch {
			case p.has("wants-openings-in-one-read"):
				return nil, nil, err
			case p.has("waits-for-an-opening-from-its-last-byte"):
				_ = nc.SetReadDeadline(time.Now().Add(p.wait))
			}
			want = len(b) + 1
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		raw := bytes.Clone(b[:n])
		_, _ = r.Discard(n) // they are buffered
		return o.Hello, raw, nil
	}
}

// parseHello makes the checks 1 to 6 of chapter 14. To codec a REFUSE is an opening like another; to an acceptor it is a stranger's.
func (p *peer) parseHello(b []byte) (codec.Opening, int, error) {
	if err := p.early(b); err != nil {
		return codec.Opening{}, 0, err
	}
	parse := codec.ParseOpening
	if l, ok := p.leniency(); ok {
		parse = l.mended
	}
	const kind = 14
	if len(b) >= kind+2 && bytes.HasPrefix(b, codec.Magic[:]) && b[8] == codec.Invariants &&
		codec.Kind(binary.BigEndian.Uint16(b[kind:])) != codec.KindHello && !p.has("takes-any-kind-for-hello") {
		return codec.Opening{}, 0, linkFault("HELLO-006", codec.CodeForeign, "kind is not HELLO")
	}
	o, n, err := parse(b)
	switch f := asFault(err, 0); {
	case f != nil && f.req == "HELLO-007" && p.has("waits-for-bodies-that-are-too-long"):
		if length := binary.BigEndian.Uint32(b[16:]); uint64(len(b)) < codec.OpeningSize+uint64(length) {
			return o, 0, codec.ErrShort
		}
	case err == nil:
		return o, n, p.fussy(o, b[codec.OpeningSize:n])
	}
	return o, n, err
}

// agree makes the checks 7 to 9 of chapter 14.
func (p *peer) agree(dialer, own *codec.Hello) (codec.Agreement, error) {
	if dialer.Node == own.Node && !p.has("dials-itself") {
		return codec.Agreement{}, linkFault("HELLO-018", codec.CodeSelfConnect, "this is the dialer's own node")
	}
	agreed, err := codec.Agree(dialer, own)
	if err != nil && p.has("opens-without-a-common-version") {
		known := *dialer
		known.Vers = own.Vers
		agreed, err = codec.Agree(&known, own)
	}
	p.misjudge(&agreed, dialer, own)
	return agreed, p.checkNeed(err, agreed, dialer, own)
}

// checkNeed makes the last check, which Agree has made.
func (p *peer) checkNeed(err error, agreed codec.Agreement, dialer, own *codec.Hello) error {
	f := asFault(err, 0)
	switch {
	case f == nil && p.has("refuses-every-need") && len(dialer.Need) > 0:
		return &fault{req: "CAP-011", code: codec.CodeNeedUnmet, need: dialer.Need}
	case f == nil || f.code != codec.CodeNeedUnmet:
		return err
	}
	f.need = codec.Unmet(dialer, own, agreed.Caps)
	offered := func(name string) bool { _, ok := own.Caps[name]; return ok }
	switch {
	case p.has("ignores-need"), p.has("takes-an-offer-for-a-result") && !slices.ContainsFunc(f.need, func(name string) bool { return !offered(name) }):
		return nil
	case p.has("lists-no-unmet-need"):
		f.need = nil
	case p.has("lists-all-needs"):
		f.need = dialer.Need
	case p.has("lists-few-needs"):
		f.need = f.need[:min(len(f.need), 4)]
	}
	return f
}

// refuse answers a fault in an opening, as long as it is none of a stranger's, and ends the transport.
func (p *peer) refuse(nc net.Conn, err error) {
	f := asFault(err, 0)
	if f == nil || f.code == codec.CodeForeign && !p.answersStranger(f) {
		_ = nc.Close()
		return
	}
	code, mute := p.twist(f)
	if mute {
		_ = nc.Close()
		return
	}
	b, err := p.refusal(codec.Refuse{Code: code, Need: f.need, Text: f.text, Vers: []uint16{codec.WireVersion}})
	if err != nil {
		return
	}
	if p.has("goes-on-after-refuse") {
		b = codec.Close{Code: code}.AppendFrame(b)
	}
	if _, err := nc.Write(b); err != nil {
		return
	}
	if p.has("stays-after-refuse") {
		_ = nc.SetReadDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, nc)
	}
	_ = closeWrite(nc)
	_ = nc.SetReadDeadline(time.Now().Add(linger))
	_, _ = io.Copy(io.Discard, nc) // so that the REFUSE is not lost to a reset (CLOSE-003 has the reason)
	_ = nc.Close()
}

// answersStranger tells whether this peer answers what does not come from a peer of this protocol.
func (p *peer) answersStranger(f *fault) bool {
	switch f.req {
	case "HELLO-003":
		return p.has("answers-other-protocols")
	case "HELLO-004":
		return p.has("answers-other-invariants")
	case "HELLO-006":
		return p.has("answers-other-kinds")
	}
	return false
}

// refusal makes the bytes of a REFUSE.
func (p *peer) refusal(r codec.Refuse) ([]byte, error) {
	switch {
	case p.has("lists-versions-that-it-does-not-speak"):
		r.Vers = append(r.Vers, 9)
	case p.has("lists-its-versions-with-no-version-alone") && r.Code != codec.CodeNoVersion:
		r.Vers = []uint16{9}
	case p.has("lists-every-need") && len(r.Need) > 0:
		body, err := codec.AppendValue(nil, map[string]any{"code": int64(r.Code), "need": anys(r.Need), "vers": []any{int64(codec.WireVersion)}})
		return codec.AppendRawOpening(nil, 0, codec.WireVersion, codec.WireVersion, codec.KindRefuse, body), err
	}
	return r.AppendOpening(nil)
}

// closeWrite ends the half of a transport that this side writes.
func closeWrite(nc net.Conn) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
