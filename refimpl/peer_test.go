package refimpl_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl"
	"handfast/refimpl/call"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

// secure makes TLS configurations of both sides, with one certificate.
func secure(t *testing.T) (client, server *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	client = &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{codec.ALPN}, RootCAs: pool}
	server = &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{codec.ALPN}, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return client, server
}

// serving starts a peer and gives its address. Ended by the returned function, it gives what Serve returned.
func serving(t *testing.T, change func(c *refimpl.Config)) (p *refimpl.Peer, addr string, end func() error) {
	t.Helper()
	cfg := refimpl.Config{Link: link.Config{Node: [16]byte{0xAA}, OpenTimeout: 300 * time.Millisecond}, DrainTimeout: new(time.Second)}
	if change != nil {
		change(&cfg)
	}
	p, err := refimpl.New(cfg)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, ln) }()
	ended := false
	end = func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		return <-served
	}
	t.Cleanup(func() { _ = end() })
	return p, ln.Addr().String(), end
}

func dialed(t *testing.T, addr string, c *tls.Config) (*link.Link, error) {
	t.Helper()
	conn, err := dial.Transport(t.Context(), addr, c)
	if err != nil {
		return nil, err
	}
	l, err := link.Dial(t.Context(), conn, link.Config{Node: [16]byte{1}, Protos: map[string][]uint16{call.Proto: {1}}})
	if err == nil {
		t.Cleanup(func() { _ = l.Close(codec.CodeNoError, "") })
	}
	return l, err
}

func TestPeerOverTLS(t *testing.T) {
	client, server := secure(t)
	p, addr, _ := serving(t, func(c *refimpl.Config) { c.TLS = server })
	l, err := dialed(t, addr, client)
	require.NoError(t, err)
	require.Equal(t, true, l.Agreed().Caps["tls.bind"])
	got, err := call.Call(t.Context(), l, "echo", []byte("over TLS"), nil)
	require.NoError(t, err)
	require.Equal(t, "over TLS", string(got))
	// In clear a peer is told, and a stranger is not (TLS-008).
	_, err = dialed(t, addr, nil)
	require.ErrorIs(t, err, &link.Error{Code: codec.CodeUnauthenticated})
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	_, _ = conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	n, _ := conn.Read(make([]byte, 1))
	require.Zero(t, n)
	_ = conn.Close()
	require.Eventually(t, func() bool { return p.Stats().Foreign == 2 }, patience, time.Millisecond)
}

// TestPeerSlowTLS: one deadline bounds the whole opening on a TLS address, the handshake included (HELLO-016).
func TestPeerSlowTLS(t *testing.T) {
	_, server := secure(t)
	for name, b := range map[string][]byte{
		"nothing":                       nil,
		"a handshake that drips":        {0x16, 3, 1, 0x10, 0, 1, 0, 0x0F, 0xFC, 3, 3},
		"the beginning of a Handfast's": {0xC1, 'H'},
	} {
		t.Run(name, func(t *testing.T) {
			p, addr, _ := serving(t, func(c *refimpl.Config) { c.TLS = server })
			from := time.Now()
			conn, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			_, _ = conn.Write(b)
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			buf := make([]byte, 100)
			for err == nil {
				_, err = conn.Read(buf)
			}
			require.Less(t, time.Since(from), 3*time.Second)
			_ = conn.Close()
			require.Eventually(t, func() bool { return p.Stats().Opening == 0 }, patience, time.Millisecond)
		})
	}
}

// TestPeerDrains: when Serve's context ends, calls that run are finished, nothing new begins, and Serve returns without error.
func TestPeerDrains(t *testing.T) {
	p, addr, end := serving(t, nil)
	l, err := dialed(t, addr, nil)
	require.NoError(t, err)
	c, err := call.Open(t.Context(), l, "sleep", kit(map[string]any{"ms": int64(150)}), true)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(p.Links()) == 1 && p.Links()[0].Stats().Streams == 1 }, patience, time.Millisecond)
	half, err := net.Dial("tcp", addr) // is not waited for
	require.NoError(t, err)
	defer func() { _ = half.Close() }()
	done := make(chan error, 1)
	go func() { done <- end() }()
	_, err = c.Recv()
	require.NoError(t, err, "a running call is finished")
	require.NoError(t, <-done)
	<-l.Done()
	require.ErrorIs(t, l.Err(), &link.Error{Code: codec.CodeNoError})
	_, err = net.Dial("tcp", addr)
	require.Error(t, err)
}

// TestPeerDrainTimeout: what still runs after DrainTimeout is cut.
func TestPeerDrainTimeout(t *testing.T) {
	p, addr, end := serving(t, func(c *refimpl.Config) { c.DrainTimeout = new(200 * time.Millisecond) })
	l, err := dialed(t, addr, nil)
	require.NoError(t, err)
	c, err := call.Open(t.Context(), l, "sleep", kit(map[string]any{"ms": int64(600_000)}), true)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(p.Links()) == 1 && p.Links()[0].Stats().Streams == 1 }, patience, time.Millisecond)
	from := time.Now()
	require.NoError(t, end())
	require.Less(t, time.Since(from), 5*time.Second)
	_, err = c.Recv()
	require.ErrorIs(t, err, &link.Error{Code: codec.CodeDraining})
	require.Equal(t, "maybe", call.Processed(err))
}

// TestPeerStuckHandler: a handler that ignores its context does not keep Serve for ever: it is logged by its method, and Serve
// returns an error that names it, so that the process can exit.
func TestPeerStuckHandler(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{})
	var logged bytes.Buffer
	var l *link.Link
	p, addr, end := serving(t, func(c *refimpl.Config) {
		c.DrainTimeout, c.Link.WorkTimeout = new(100*time.Millisecond), new(100*time.Millisecond)
		c.Link.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelError}))
		c.Methods = func(s *call.Server) {
			s.Handle("stubborn", func(context.Context, *call.Request, *call.Writer) error {
				close(begun)
				<-release
				return nil
			})
		}
	})
	d, err := dialed(t, addr, nil)
	require.NoError(t, err)
	_, err = call.Open(t.Context(), d, "stubborn", nil, true)
	require.NoError(t, err)
	<-begun
	l = p.Links()[0]
	err = end()
	stuck, ok := errors.AsType[*link.StuckError](err)
	require.True(t, ok, "%v", err)
	require.Len(t, stuck.Work, 1)
	require.Equal(t, "stubborn", stuck.Work[0].Name)
	require.Contains(t, logged.String(), "name=stubborn")
	close(release)
	<-l.Done()
}

// TestPeerConfig: faults of a configuration are told all at once, before anything listens (LIM-002).
func TestPeerConfig(t *testing.T) {
	_, err := refimpl.New(refimpl.Config{MaxLinks: new(-1), MaxOpening: new(-1), MaxOpeningPerHost: new(-1), Link: link.Config{Limits: &codec.Limits{}}})
	for _, name := range []string{"MaxLinks", "MaxOpening", "MaxOpeningPerHost", "Node", "streams", "idle_ms"} {
		require.ErrorContains(t, err, name)
	}
}

// TestPeerListenerFails: a listener that fails is an error of Serve, after the links have drained.
func TestPeerListenerFails(t *testing.T) {
	p, err := refimpl.New(refimpl.Config{Link: link.Config{Node: [16]byte{1}}})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = ln.Close() }()
	require.NoError(t, p.Serve(context.Background(), ln), "closing the listener is an order to end")
}

// TestPeerZeroRefuses: a bound of zero refuses, and is not taken for one that is absent (LIM-002).
func TestPeerZeroRefuses(t *testing.T) {
	for name, set := range map[string]func(c *refimpl.Config){
		"MaxLinks":          func(c *refimpl.Config) { c.MaxLinks = new(0) },
		"MaxOpening":        func(c *refimpl.Config) { c.MaxOpening = new(0) },
		"MaxOpeningPerHost": func(c *refimpl.Config) { c.MaxOpeningPerHost = new(0) },
	} {
		t.Run(name, func(t *testing.T) {
			p, addr, end := serving(t, set)
			conn, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			_, err = conn.Read(make([]byte, 1))
			require.Error(t, err, "closed without a byte")
			require.NoError(t, conn.Close())
			require.Equal(t, uint64(1), p.Stats().Refused)
			end()
		})
	}
}
