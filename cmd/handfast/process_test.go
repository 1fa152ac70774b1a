package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

// runAsHandfast makes the test binary be handfast itself, so that processes need no build of their own. It is set for every process that a test starts,
// and the command handfast is on PATH: tests that start one need no environment of their own, and so can run beside each other.
const runAsHandfast = "HANDFAST_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(runAsMortal) != "" {
		mortal()
	}
	if os.Getenv(runAsFaulty) != "" {
		beFaulty()
	}
	if os.Getenv(runAsHandfast) != "" {
		main()
	}
	bin, err := onPath()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(bin)
	os.Exit(code)
}

// onPath makes a folder in which the command handfast is this test binary, and puts it first on PATH.
func onPath() (bin string, err error) {
	if bin, err = os.MkdirTemp("", "handfast-test-"); err != nil {
		return "", err
	}
	self, err := os.Executable()
	return bin, errors.Join(err, os.Symlink(self, filepath.Join(bin, "handfast")), os.Setenv(runAsHandfast, "1"),
		os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")))
}

// handfast prepares a process of its own.
func handfast(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = os.Environ()
	return cmd
}

// process is a `handfast serve` that runs.
type process struct {
	cmd  *exec.Cmd
	addr string
	log  bytes.Buffer
}

func serve(t *testing.T, args ...string) *process {
	t.Helper()
	s := &process{cmd: handfast(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)}
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	s.addr = strings.TrimSpace(strings.TrimPrefix(line, "listening "))
	return s
}

// outcome runs handfast in this process and gives its exit code and what it printed.
func outcome(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs})
	return code, out.String(), errs.String()
}

// outcomeIn is outcome of a process with a folder of its own.
func outcomeIn(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := handfast(t, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError), "%s", errs.String())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestServeAndCall(t *testing.T) {
	s := serve(t)
	code, out, errs := outcome(t, "call", s.addr, "echo", "hello")
	require.Equal(t, 0, code, errs)
	require.Equal(t, "hello\n", out)

	code, out, _ = outcome(t, "call", s.addr, "stream", `{"n": 2, "size": 3}`, "--json")
	require.Equal(t, 0, code)
	require.Equal(t, "{\"reply\":\"000000\"}\n{\"reply\":\"010101\"}\n{\"end\":\"ok\"}\n", out)

	code, out, errs = outcome(t, "call", s.addr, "fail", `{"code": 36865, "text": "no luck", "processed": "yes"}`, "--json")
	require.Equal(t, 1, code)
	require.Contains(t, out, `"processed":"yes"`)
	require.Contains(t, errs, "no luck")

	code, _, errs = outcome(t, "call", s.addr, "sleep", `{"ms": 60000}`, "--deadline", "50ms")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "DEADLINE")
}

func TestWrongUse(t *testing.T) {
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"bogus"}, 2, "unknown command"},
		{[]string{"call"}, 2, "accepts between 2 and 3"},
		{[]string{"call", "127.0.0.1:1", "x"}, 3, "connection refused"},
		{[]string{"call", "127.0.0.1:1", "x", "hex:zz"}, 2, "hex"},
		{[]string{"call", "127.0.0.1:1", "x", `{"a": 1.5}`}, 2, "not an integer"},
		{[]string{"call", "127.0.0.1:1", "x", `{"a":`}, 2, "not JSON"},
		{[]string{"serve", "--limit-streams", "1"}, 2, "limit streams is 1"},
		{[]string{"serve", "--limit-idle-ms", "0"}, 2, "limit idle_ms is 0"},
		{[]string{"serve", "--node", "12"}, 2, "32 hexadecimal digits"},
		{[]string{"serve", "--log", "loud"}, 2, "loud"},
		{[]string{"serve", "--tls"}, 2, "certificate"},
		{[]string{"serve", "--tls-cert", "nowhere.pem"}, 2, "belong together"},
		{[]string{"serve", "--open-timeout", "1h"}, 2, "OpenTimeout"},
		{[]string{"serve", "--listen", "256.0.0.1:1"}, 3, "--listen"},
		{[]string{"conform", "server", "127.0.0.1:1"}, 3, "refused"},
		{[]string{"conform", "--self", "--run", "nothing/like-this"}, 2, "nothing/like-this"},
		{[]string{"conform", "--self", "--profile", "everything"}, 2, "everything"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			code, _, errs := outcome(t, tc.args...)
			require.Equal(t, tc.code, code, errs)
			require.Contains(t, errs, tc.says)
		})
	}
}

// talk opens an echo to a process, and returns when it is known to run.
func talk(t *testing.T, addr string) *call.Stream {
	t.Helper()
	conn, err := dial.Transport(t.Context(), addr, nil)
	require.NoError(t, err)
	l, err := link.Dial(t.Context(), conn, link.Config{Node: [16]byte{1}, Protos: map[string][]uint16{call.Proto: {call.Version}}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close(codec.CodeNoError, "") })
	s, err := call.Open(t.Context(), l, "echo", []byte("first"), false)
	require.NoError(t, err)
	reply, err := s.Recv()
	require.NoError(t, err)
	require.Equal(t, "first", string(reply))
	return s
}

// SIGTERM finishes what runs and takes nothing new.
func TestServeDrainsOnSIGTERM(t *testing.T) {
	p := serve(t)
	s := talk(t, p.addr)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	for { // until the listener has gone, and so the signal has been taken
		if code, _, _ := outcome(t, "call", p.addr, "echo", "x"); code != 0 {
			break
		}
	}
	require.NoError(t, s.Send([]byte("after the signal")))
	require.NoError(t, s.CloseSend())
	reply, err := s.Recv()
	require.NoError(t, err)
	require.Equal(t, "after the signal", string(reply))
	_, err = s.Recv()
	require.Equal(t, io.EOF, err)
	require.NoError(t, p.cmd.Wait(), "exit code 0 after an end in good order: %s", p.log.String())
}

// A killed peer is a failed call with an honest answer: neither a hang nor, worse, an end that looks good.
func TestServeKilled(t *testing.T) {
	p := serve(t)
	s := talk(t, p.addr)
	require.NoError(t, p.cmd.Process.Kill())
	_, err := s.Recv()
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)
	require.Equal(t, "maybe", call.Processed(err))
}

// Two processes that know each other by certificates, and one that does not belong.
func TestTLSBetweenProcesses(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, filepath.Join(dir, "ca"))
	ca.issue(t, filepath.Join(dir, "server"))
	ca.issue(t, filepath.Join(dir, "client"))
	newAuthority(t, filepath.Join(dir, "stranger-ca")).issue(t, filepath.Join(dir, "stranger"))
	file := func(name string) string { return filepath.Join(dir, name+".pem") }
	as := func(who string) []string {
		return []string{"--tls-ca", file("ca"), "--tls-cert", file(who), "--tls-key", file(who + "-key")}
	}
	s := serve(t, as("server")...)

	code, out, errs := outcome(t, append([]string{"call", s.addr, "echo", "secret"}, as("client")...)...)
	require.Equal(t, 0, code, errs)
	require.Equal(t, "secret\n", out)

	code, _, errs = outcome(t, "call", s.addr, "echo", "secret")
	require.Equal(t, 3, code)
	require.Contains(t, errs, "UNAUTHENTICATED")
	require.Contains(t, errs, "--tls")

	code, _, _ = outcome(t, append([]string{"call", s.addr, "echo", "secret"}, as("stranger")...)...)
	require.Equal(t, 3, code)

	code, _, errs = outcome(t, append([]string{"call", s.addr, "echo", "secret", "--tls-ca", file("stranger-ca")}, as("client")[2:]...)...)
	require.Equal(t, 3, code)
	require.Contains(t, errs, "certificate")
}

// Peers that are none are told apart from peers that fail, with the reason.
func TestConformServerAgainstStrangers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, says string
		serve      func(net.Conn)
	}{
		{"mute", "", func(c net.Conn) { <-t.Context().Done() }},
		{"closes", "", func(c net.Conn) {}},
		{"http", "which is HTTP", func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }},
		{"echo", "", func(c net.Conn) {
			b := make([]byte, 4096)
			for {
				n, err := c.Read(b)
				if err != nil {
					return
				}
				_, _ = c.Write(b[:n])
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer func() { _ = ln.Close() }()
			go func() { // ends when the listener does
				for {
					c, err := ln.Accept()
					if err != nil {
						return
					}
					go func() { tc.serve(c); _ = c.Close() }()
				}
			}()
			code, out, errs := outcome(t, "conform", "server", ln.Addr().String(), "--timeout", "300ms")
			require.Equal(t, 3, code, out+errs)
			require.Contains(t, errs, tc.says)
			require.NotEmpty(t, errs)
		})
	}
}

func TestConformServerJudgesTheReferencePeer(t *testing.T) {
	t.Parallel()
	s := serve(t, "--short-timers")
	report := filepath.Join(t.TempDir(), "report.json")
	code, out, errs := outcome(t, "conform", "server", s.addr, "--run", "frame/*", "--json", report)
	require.Equal(t, 0, code, out+errs)
	b, err := os.ReadFile(report)
	require.NoError(t, err)
	require.Contains(t, string(b), `"profile": "core"`)
}

// authority is a certificate authority in two PEM files.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: filepath.Base(name)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	writePEM(t, name+".pem", "CERTIFICATE", der)
	return &authority{cert: cert, key: key}
}

// issue writes a certificate for 127.0.0.1 that serves as client and as server.
func (a *authority) issue(t *testing.T, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: filepath.Base(name)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	writePEM(t, name+".pem", "CERTIFICATE", der)
	der, err = x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	writePEM(t, name+"-key.pem", "PRIVATE KEY", der)
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}
