package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"sync"
	"time"

	"handfast/codec"
	"handfast/conformance"
	"handfast/conformance/mutant"
	"handfast/refimpl"
)

// lab is where conform gets the peers from that it starts itself. The suite knows none of them, so that it judges the
// reference peer by the same means as any other.
type lab struct {
	self    func(ctx context.Context) (*conformance.TestPeer, error)
	mutants []conformance.Mutant
	start   conformance.StartFunc
}

func newLab() lab {
	return lab{self: startReference, mutants: mutant.Mutants(), start: mutant.Start}
}

// selfLimits are those of the reference peer under test: short timers, so that cases about time take milliseconds; a largest message that
// can be sent before its timer ends, on a busy machine too; and everything else as a peer has it by default.
func selfLimits() *codec.Limits {
	l := codec.DefaultLimits()
	l.IdleMS, l.PingMS, l.PingMinMS, l.MessageMS, l.MaxMessage = 400, 100, 50, 500, 256<<10
	return &l
}

// selfOpenTimeout is the reference peer's under test.
const selfOpenTimeout = time.Second

// startReference starts the reference peer twice, as one node with a plain address and a TLS address.
func startReference(ctx context.Context) (*conformance.TestPeer, error) {
	link, err := newLinkConfig("")
	if err != nil {
		return nil, err
	}
	link.Limits = selfLimits()
	link.OpenTimeout = selfOpenTimeout
	server, client, err := loopbackTLS()
	if err != nil {
		return nil, err
	}
	plain, err := serveReference(ctx, refimpl.Config{Link: link, DrainTimeout: time.Second})
	if err != nil {
		return nil, err
	}
	secure, err := serveReference(ctx, refimpl.Config{Link: link, DrainTimeout: time.Second, TLS: server})
	if err != nil {
		return nil, errors.Join(err, plain.stop())
	}
	return &conformance.TestPeer{
		Target: conformance.Target{Addr: plain.addr, TLSAddr: secure.addr, TLS: client, OpenTimeout: link.OpenTimeout},
		Stop:   func() error { return errors.Join(plain.stop(), secure.stop()) },
	}, nil
}

// served is a reference peer that runs in this process.
type served struct {
	addr string
	stop func() error
}

func serveReference(ctx context.Context, config refimpl.Config) (*served, error) {
	p, err := refimpl.New(config)
	if err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	var failed error // written by the goroutine below, read after work
	work.Go(func() { failed = p.Serve(ctx, ln) })
	return &served{addr: ln.Addr().String(), stop: func() error {
		cancel()
		work.Wait()
		return failed
	}}, nil
}

// loopbackTLS makes a certificate for 127.0.0.1 that lives as long as the process, and the configurations of both sides, each with
// that certificate.
func loopbackTLS() (server, client *tls.Config, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	own := []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	server = &tls.Config{Certificates: own, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13, NextProtos: []string{codec.ALPN}}
	client = &tls.Config{Certificates: own, RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13, NextProtos: []string{codec.ALPN}}
	return server, client, nil
}
