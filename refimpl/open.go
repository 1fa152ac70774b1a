package refimpl

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"handfast/codec"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

// firstByteTimeout bounds the wait for the first byte and for the TLS handshake on a TLS address, each.
const firstByteTimeout = 5 * time.Second

// tlsHandshake is the first byte of every TLS connection.
const tlsHandshake = 0x16

var errNotTLS = errors.New("refimpl: first bytes are not TLS")

// open opens a link on an accepted transport, by what its first bytes are (chapter 17).
func (p *Peer) open(ctx context.Context, conn net.Conn) (*link.Link, error) {
	// Once the peer drains, transports that are not yet links are not waited for.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	// One deadline bounds all of it, TLS included (HELLO-016).
	limit := p.cfg.Link.OpenTimeout
	if limit == 0 {
		limit = codec.OpenTimeout * time.Millisecond
	}
	if p.cfg.TLS == nil {
		return p.openPlain(ctx, conn, limit)
	}
	opening, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	peeked, err := p.peek(conn, min(limit, firstByteTimeout))
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	hctx, stopTLS := context.WithTimeout(opening, firstByteTimeout)
	defer stopTLS()
	secure := tls.Server(peeked, p.cfg.TLS)
	if err := dial.Handshake(hctx, secure); err != nil {
		p.log.Warn("no TLS", "conn", conn.RemoteAddr().String(), "err", err)
		return nil, err
	}
	return link.Accept(opening, secure, p.cfg.Link)
}

// openPlain opens a link on a plain transport, or says that it is one of the other protocol.
func (p *Peer) openPlain(ctx context.Context, conn net.Conn, limit time.Duration) (*link.Link, error) {
	until, silence, other := time.Now().Add(limit), limit, p.cfg.Other
	if other != nil && other.Silence > silence {
		silence = other.Silence
	}
	first, err := readFirst(ctx, conn, silence)
	if err == nil && other != nil && other.Is(first) {
		return nil, &otherBegun{first: first}
	}
	if silence > limit { // whoever was silent for long has all its time from its first byte
		until = time.Now().Add(limit)
	}
	opening, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
	defer cancel()
	if ctx.Err() != nil {
		cancel()
	}
	l, err := link.AcceptAfter(opening, conn, first, p.cfg.Link)
	if e, ok := errors.AsType[*link.Error](err); ok && e.Req == "HELLO-003" {
		p.counts.count(kindOf(first))
	}
	return l, err
}

// peek looks at the first byte on a TLS address. A peer that dials it in clear is told so; anything else is not answered
// (TLS-008).
func (p *Peer) peek(conn net.Conn, limit time.Duration) (net.Conn, error) {
	_ = conn.SetReadDeadline(time.Now().Add(limit))
	r := bufio.NewReaderSize(conn, 16)
	first, err := r.Peek(1)
	if err != nil {
		return nil, err
	}
	if first[0] == tlsHandshake {
		_ = conn.SetReadDeadline(time.Time{})
		return &peekedConn{Conn: conn, r: r}, nil
	}
	if magic, err := r.Peek(len(codec.Magic)); err == nil && [8]byte(magic) == codec.Magic {
		refuse := &codec.Refuse{Code: codec.CodeUnauthenticated, Vers: []uint16{codec.WireVersion}, Text: "TLS-008: this address is for TLS"}
		if b, err := refuse.AppendOpening(nil); err == nil {
			link.Farewell(conn, b)
		}
	}
	p.counts.count(kindOf(peekedBytes(r)))
	p.log.Warn("not TLS", "conn", conn.RemoteAddr().String(), "first", first[0])
	return nil, errNotTLS
}

// peekedBytes gives what has arrived.
func peekedBytes(r *bufio.Reader) []byte {
	b, _ := r.Peek(r.Buffered())
	return b
}

// peekedConn gives the peeked bytes first.
type peekedConn struct {
	net.Conn
	r *bufio.Reader
}

// Read reads what was peeked, then the connection.
func (c *peekedConn) Read(b []byte) (int, error) {
	if c.r != nil && c.r.Buffered() == 0 {
		c.r = nil
	}
	if c.r != nil {
		return c.r.Read(b[:min(len(b), c.r.Buffered())])
	}
	return c.Conn.Read(b)
}
