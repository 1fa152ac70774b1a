package dial_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// keys writes a new authority and a certificate for 127.0.0.1 to files.
func keys(t *testing.T) dial.TLS {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	pemCert := write("cert.pem", "CERTIFICATE", cert)
	return dial.TLS{Cert: pemCert, Key: write("key.pem", "PRIVATE KEY", private), CA: pemCert}
}

func configs(t *testing.T) (client, server *tls.Config) {
	t.Helper()
	k := keys(t)
	client, err := k.Client()
	require.NoError(t, err)
	server, err = k.Server()
	require.NoError(t, err)
	return client, server
}

// listen accepts one connection and hands it to serve. What serve returns is what the test waits for.
func listen(t *testing.T, serve func(c net.Conn) error) (addr string, served <-chan error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		c, err := ln.Accept()
		if err == nil {
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			err = serve(c)
			_ = c.Close()
		}
		done <- err
	}()
	t.Cleanup(func() { _ = ln.Close() })
	return ln.Addr().String(), done
}

// TestDialerALPN: a dialer ends a connection on which the acceptor has not selected handfast/1, and says nothing of Handfast
// on it (TLS-003).
func TestDialerALPN(t *testing.T) {
	for _, tc := range []struct {
		name   string
		protos []string
		good   bool
	}{
		{"handfast/1", []string{codec.ALPN}, true},
		{"handfast/1 among others", []string{"h2", codec.ALPN}, true},
		{"none: a server without ALPN", nil, false},
		{"only others", []string{"h2", "http/1.1"}, false},
		{"another version", []string{"handfast/2"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, server := configs(t)
			server.NextProtos = tc.protos
			said := []byte{}
			addr, served := listen(t, func(c net.Conn) error {
				s := tls.Server(c, server)
				if err := s.Handshake(); err != nil {
					return err
				}
				if tc.good {
					_, err := s.Write([]byte("hello"))
					return err
				}
				var err error
				said, err = io.ReadAll(s)
				return err
			})
			c, err := dial.Transport(t.Context(), addr, client)
			if tc.good {
				require.NoError(t, err)
				require.Equal(t, codec.ALPN, c.(*tls.Conn).ConnectionState().NegotiatedProtocol)
				require.NoError(t, <-served)
				_ = c.Close()
				return
			}
			require.Error(t, err)
			require.Nil(t, c)
			if tc.protos == nil {
				require.ErrorIs(t, err, dial.ErrALPN)
			}
			<-served
			require.Empty(t, said)
		})
	}
}

// TestAcceptorALPN: an acceptor ends a handshake that does not offer handfast/1 (TLS-002).
func TestAcceptorALPN(t *testing.T) {
	for _, tc := range []struct {
		name   string
		protos []string
		good   bool
	}{
		{"handfast/1", []string{codec.ALPN}, true},
		{"none", nil, false},
		{"others", []string{"h2"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, server := configs(t)
			addr, served := listen(t, func(c net.Conn) error { return dial.Handshake(context.Background(), tls.Server(c, server)) })
			client.NextProtos, client.ServerName = tc.protos, "127.0.0.1"
			c, err := tls.Dial("tcp", addr, client)
			if err == nil {
				_, _ = c.Read(make([]byte, 1))
				_ = c.Close()
			}
			if tc.good {
				require.NoError(t, <-served)
			} else {
				require.Error(t, <-served)
			}
		})
	}
}

// TestTLSVersions: nothing below 1.3 is spoken, in either role (TLS-001).
func TestTLSVersions(t *testing.T) {
	client, server := configs(t)
	old := server.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS12
	addr, served := listen(t, func(c net.Conn) error { return tls.Server(c, old).Handshake() })
	_, err := dial.Transport(t.Context(), addr, client)
	require.Error(t, err)
	require.Error(t, <-served)

	addr, served = listen(t, func(c net.Conn) error { return dial.Handshake(context.Background(), tls.Server(c, server)) })
	older := client.Clone()
	older.MinVersion, older.MaxVersion, older.ServerName = tls.VersionTLS12, tls.VersionTLS12, "127.0.0.1"
	_, err = tls.Dial("tcp", addr, older)
	require.Error(t, err)
	require.Error(t, <-served)
}

// TestOtherAnswers: what is not TLS on the other side ends the dialling, soon and with an error.
func TestOtherAnswers(t *testing.T) {
	for name, b := range map[string][]byte{
		"HTTP":    []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"alert":   {0x15, 3, 3, 0, 2, 2, 40},
		"garbage": {0xC1, 0x48, 0x46, 0x50, 0x0D, 0x0A, 0x1A, 0x0A},
		"nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := configs(t)
			addr, served := listen(t, func(c net.Conn) error {
				_, err := c.Write(b)
				return err
			})
			_, err := dial.Transport(t.Context(), addr, client)
			require.Error(t, err)
			require.NoError(t, <-served)
		})
	}
	t.Run("silence", func(t *testing.T) {
		client, _ := configs(t)
		quiet := make(chan struct{})
		addr, served := listen(t, func(net.Conn) error { <-quiet; return nil })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := dial.Transport(ctx, addr, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		close(quiet)
		require.NoError(t, <-served)
	})
}

// TestIdentity: a certificate from another authority is refused by either side (TLS-005, TLS-006).
func TestIdentity(t *testing.T) {
	client, server := configs(t)
	stranger, _ := configs(t)
	for _, tc := range []struct {
		name   string
		client *tls.Config
	}{
		{"the acceptor's authority is unknown", stranger},
		{"the dialer has no certificate", func() *tls.Config { c := client.Clone(); c.Certificates = nil; return c }()},
		{"the dialer's certificate is a stranger's", func() *tls.Config { c := client.Clone(); c.Certificates = stranger.Certificates; return c }()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			addr, served := listen(t, func(c net.Conn) error { return dial.Handshake(context.Background(), tls.Server(c, server)) })
			c, err := dial.Transport(t.Context(), addr, tc.client)
			if err == nil { // TLS 1.3 tells a dialer of its own certificate's refusal with the first read
				_, err = c.Read(make([]byte, 1))
				_ = c.Close()
			}
			require.Error(t, err)
			require.Error(t, <-served)
		})
	}
}

// TestLinkOverTLS: tls.bind is offered on TLS and there alone, and READY is bound to the channel (TLS-009, TLS-010,
// READY-014).
func TestLinkOverTLS(t *testing.T) {
	client, server := configs(t)
	result := make(chan *link.Link, 1)
	addr, served := listen(t, func(c net.Conn) error {
		s := tls.Server(c, server)
		if err := dial.Handshake(context.Background(), s); err != nil {
			return err
		}
		l, err := link.Accept(context.Background(), s, link.Config{Node: [16]byte{2}})
		if err != nil {
			return err
		}
		result <- l
		<-l.Done()
		return nil
	})
	c, err := dial.Transport(t.Context(), addr, client)
	require.NoError(t, err)
	d, err := link.Dial(t.Context(), c, link.Config{Node: [16]byte{1}})
	require.NoError(t, err)
	require.Equal(t, true, d.Agreed().Caps["tls.bind"])
	require.Equal(t, true, (<-result).Agreed().Caps["tls.bind"])
	require.NoError(t, d.Close(codec.CodeNoError, ""))
	require.NoError(t, <-served)
}

func TestFiles(t *testing.T) {
	k := keys(t)
	missing := filepath.Join(t.TempDir(), "none.pem")
	for name, broken := range map[string]dial.TLS{
		"certificate without key":     {Cert: k.Cert},
		"key without certificate":     {Key: k.Key},
		"no such certificate":         {Cert: missing, Key: k.Key},
		"key is no key":               {Cert: k.Cert, Key: k.Cert},
		"no such authority":           {Cert: k.Cert, Key: k.Key, CA: missing},
		"authority is no certificate": {Cert: k.Cert, Key: k.Key, CA: k.Key},
	} {
		_, err := broken.Client()
		require.Error(t, err, name)
		_, err = broken.Server()
		require.Error(t, err, name)
	}
	_, err := dial.TLS{}.Server()
	require.Error(t, err)
	c, err := dial.TLS{}.Client()
	require.NoError(t, err)
	require.True(t, c.SessionTicketsDisabled, "TLS-007")
}

// TestPlain: a refused connection is an error of the transport; a host that does not exist too.
func TestPlain(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := ln.Addr().String()
	_ = ln.Close()
	_, err = dial.Transport(t.Context(), addr, nil)
	var ne *net.OpError
	require.True(t, errors.As(err, &ne), "%v", err)
}
