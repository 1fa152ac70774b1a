package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"handfast/spec"
	"handfast/spec/exchange"
)

// recorder notes what a side writes, in the order of writing of both.
type recorder struct {
	net.Conn
	side exchange.Side
	mu   *sync.Mutex
	out  *[]exchange.Step
}

func (r recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	*r.out = append(*r.out, exchange.Step{From: r.side, Bytes: bytes.Clone(b)})
	r.mu.Unlock()
	return r.Conn.Write(b)
}

// TestDissectorTLS records the exchange over TLS 1.3 and gives tshark the keys: the ALPN protocol leads to the dissector, on a port that
// nothing is registered for.
func TestDissectorTLS(t *testing.T) {
	x, err := exchange.Build()
	if err != nil {
		t.Fatal(err)
	}
	var keys bytes.Buffer
	var mu sync.Mutex
	var wire []exchange.Step
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	alpn := []string{spec.Registry().ALPN}
	acceptor := tls.Server(recorder{far, exchange.Acceptor, &mu, &wire}, &tls.Config{Certificates: []tls.Certificate{certificate(t)}, NextProtos: alpn, MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true})
	dialer := tls.Client(recorder{near, exchange.Dialer, &mu, &wire}, &tls.Config{InsecureSkipVerify: true, NextProtos: alpn, KeyLogWriter: &keys, MinVersion: tls.VersionTLS13})
	done := make(chan error, 1)
	step := make(chan struct{})
	go func() { // the acceptor: reads what the dialer says, step by step, and says its own
		for _, s := range x.Steps {
			var err error
			if s.From == exchange.Acceptor {
				_, err = acceptor.Write(s.Bytes)
			} else {
				_, err = io.ReadFull(acceptor, make([]byte, len(s.Bytes)))
			}
			if err != nil {
				done <- err
				return
			}
			<-step
		}
		done <- nil
	}()
	for _, s := range x.Steps {
		if s.From == exchange.Dialer {
			_, err = dialer.Write(s.Bytes)
		} else {
			_, err = io.ReadFull(dialer, make([]byte, len(s.Bytes)))
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case step <- struct{}{}:
		case err := <-done:
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	rec := newTape()
	rec.ends[exchange.Acceptor].port = 50001
	rec.connect()
	for _, s := range wire {
		rec.send(s.From, s.Bytes)
	}
	b, err := rec.pcap()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, log := filepath.Join(dir, "tls.pcap"), filepath.Join(dir, "keys.txt")
	for name, content := range map[string][]byte{file: b, log: keys.Bytes()} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := handfastTree(tshark(t, file, "-o", "tls.keylog_file:"+log, "-V", "-O", "handfast"))
	for _, want := range []string{"Handfast, HELLO: ", "Handfast, READY\n", "Handfast, OPEN, stream 1\n", "call REQUEST, echo\n", "Handfast, CLOSE\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in what was decrypted:\n%s", want, text)
		}
	}
	if strings.Contains(text, "broken requirement") {
		t.Errorf("a fault was seen:\n%s", text)
	}
}

// certificate makes a certificate for this test.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
