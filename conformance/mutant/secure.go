package mutant

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"handfast/codec"
	"handfast/conformance"
)

// serveTLS serves a transport of the TLS address. A first byte that begins no TLS record is looked at as an opening in clear, which is
// refused at best (TLS-008).
func (p *peer) serveTLS(nc net.Conn, until time.Time) {
	const record = 0x16 // a handshake record of TLS
	_ = nc.SetDeadline(until)
	r := bufio.NewReader(nc)
	if first, err := r.Peek(1); err != nil {
		return
	} else if first[0] != record {
		p.serveClear(nc, r, until)
		return
	}
	secure := tls.Server(peeked{nc, r}, p.tlsConfig())
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		return
	}
	if l := p.open(secure, secure, until); l != nil {
		l.run(until)
	}
}

// tlsConfig gives the server's side of TLS: version 1.3, a certificate of the dialer, and the ALPN protocol, without which the handshake
// fails (TLS-001, TLS-002).
func (p *peer) tlsConfig() *tls.Config {
	c := p.tls.Clone()
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if state.NegotiatedProtocol != codec.ALPN {
			return errors.New("mutant: the dialer does not offer " + codec.ALPN)
		}
		return nil
	}
	switch {
	case p.has("speaks-tls-1-2"):
		c.MinVersion = tls.VersionTLS12
	case p.has("ignores-alpn"):
		c.NextProtos, c.VerifyConnection = nil, nil
	case p.has("takes-no-alpn-for-its-own"):
		c.VerifyConnection = nil
	case p.has("refuses-other-alpn-beside-its-own"):
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if len(hello.SupportedProtos) > 1 {
				return nil, errors.New("mutant: more than " + codec.ALPN)
			}
			return nil, nil //nolint:nilnil // this configuration is the one to go on with
		}
	}
	return c
}

// serveClear answers a HELLO in clear on the TLS address, and nothing else.
func (p *peer) serveClear(nc net.Conn, r *bufio.Reader, until time.Time) {
	if p.has("serves-in-clear") {
		if l := p.open(peeked{nc, r}, nil, until); l != nil {
			l.run(until)
		}
		return
	}
	_, _, err := p.readHello(nc, r)
	wrong := &fault{req: "TLS-008", code: codec.CodeUnauthenticated, text: "this address is for TLS"}
	if err == nil || p.has("answers-strangers-in-clear") {
		err = wrong
	}
	p.refuse(nc, err)
}

// peeked is a transport of which a few bytes were read already.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

// Read reads what was peeked at first.
func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// CloseWrite ends the half of the transport that this side writes.
func (p peeked) CloseWrite() error { return closeWrite(p.Conn) }

// certificates makes the configurations of both sides, once in a process.
var certificates = sync.OnceValues(makeCertificates)

// ends are the TLS configurations of both sides.
type ends struct{ server, client *tls.Config }

func makeCertificates() (*ends, error) {
	server, client, err := conformance.LoopbackTLS()
	return &ends{server, client}, err
}
