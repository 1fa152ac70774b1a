// Package dial makes the transports of links: plain TCP, and TLS 1.3 with ALPN handfast/1 (SPEC.md chapter 17).
package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"handfast/codec"
)

// TLS says where keys and certificates are. A peer is client and server at once, so that one set serves both.
type TLS struct {
	Cert, Key string // PEM files of this peer's own certificate and key; both or neither
	CA        string // PEM file of the authorities that the other side's certificate must come from; empty: the system's
	Name      string // name that the acceptor's certificate must bear; empty: the host that is dialled
	Insecure  bool   // a dialer does not check the acceptor's certificate: laboratories only
}

// Client makes the configuration of a dialer.
func (t TLS) Client() (*tls.Config, error) {
	c, pool, err := t.load()
	if err != nil {
		return nil, err
	}
	c.RootCAs, c.ServerName, c.InsecureSkipVerify = pool, t.Name, t.Insecure
	return c, nil
}

// Server makes the configuration of an acceptor. With CA set a dialer must show a certificate from it (TLS-006).
func (t TLS) Server() (*tls.Config, error) {
	if t.Cert == "" {
		return nil, errors.New("dial: an acceptor with TLS needs a certificate and a key")
	}
	c, pool, err := t.load()
	if err != nil {
		return nil, err
	}
	if t.CA != "" {
		c.ClientCAs, c.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// load reads the files. Tickets are off, so that each link decides on identity anew (TLS-007).
func (t TLS) load() (*tls.Config, *x509.CertPool, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{codec.ALPN}, SessionTicketsDisabled: true}
	if (t.Cert == "") != (t.Key == "") {
		return nil, nil, errors.New("dial: certificate and key belong together, one of them is missing")
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, nil, fmt.Errorf("dial: certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if t.CA == "" {
		return c, nil, nil
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, nil, fmt.Errorf("dial: authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, fmt.Errorf("dial: %s holds no certificate", t.CA)
	}
	return c, pool, nil
}

// ErrALPN says that the other side does not speak handfast/1 inside TLS (TLS-002, TLS-003).
var ErrALPN = errors.New("dial: the other side did not agree on ALPN " + codec.ALPN)

// Handshake finishes the TLS handshake of c within ctx and checks the ALPN protocol. On failure c is closed.
func Handshake(ctx context.Context, c *tls.Conn) error {
	err := c.HandshakeContext(ctx)
	if err == nil && c.ConnectionState().NegotiatedProtocol != codec.ALPN {
		err = ErrALPN
	}
	if err != nil {
		_ = c.Close()
	}
	return err
}

// dialTimeout bounds connecting and the TLS handshake, each.
const dialTimeout = 5 * time.Second

// Transport dials TCP, and TLS over it if c is not nil. TCP_NODELAY is on, which is Go's default: a link decides itself
// when to write.
func Transport(ctx context.Context, addr string, c *tls.Config) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", addr)
	if err != nil || c == nil {
		return conn, err
	}
	c = c.Clone()
	if c.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		c.ServerName = host
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	secure := tls.Client(conn, c)
	if err := Handshake(ctx, secure); err != nil {
		return nil, fmt.Errorf("dial: TLS with %s: %w", addr, err)
	}
	return secure, nil
}
