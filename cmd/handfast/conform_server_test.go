package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance/driver"
)

func TestConformServerStartsTheAcceptor(t *testing.T) {
	t.Parallel()
	args := append([]string{"server", "--run", "heartbeat/*"}, ownDriver(t, "serve", "--ready", "--listen", "127.0.0.1:0", "--short-timers")...)
	code, out, errs := conform(t, args...)
	require.Equal(t, exitOK, code, out+errs)
	require.Contains(t, out, "pass")
	require.NotContains(t, errs, "printed last")
}

// An acceptor that dies is a crash, it is started again for the other cases, and what it printed is shown.
func TestConformServerWithAnAcceptorThatDies(t *testing.T) {
	t.Parallel()
	args := []string{"server", "--run", "heartbeat/*,frame/header-checksum-wrong", "--jobs", "1", "--", "env", runAsMortal + "=1", os.Args[0], "serve", "--ready", "--listen", "127.0.0.1:0", "--short-timers", "--log", "off"}
	code, out, errs := conform(t, args...)
	require.Equal(t, exitDiffers, code, out+errs)
	require.Contains(t, out, "CRASH")
	require.Contains(t, out, "exit code 9")
	require.Contains(t, out, "no heart")
	require.Contains(t, out, " pass, ")
	require.NotContains(t, out, "inconclusive")
}

func TestConformServerExitCodes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no address", []string{"server"}, exitUsage, "one ADDR"},
		{"two addresses", []string{"server", "a:1", "b:2"}, exitUsage, "one ADDR"},
		{"an address and a command", []string{"server", "a:1", "--", "true"}, exitUsage, "one ADDR"},
		{"no command", []string{"server", "--"}, exitUsage, "one ADDR"},
		{"no such program", []string{"server", "--", "no-such-command-anywhere"}, exitMeasured, "cannot be started"},
		{"a program that ends", []string{"server", "--", "sh", "-c", "echo no port >&2; exit 3"}, exitMeasured, "no port"},
		{"a program that says something else", []string{"server", "--", "echo", "hello"}, exitMeasured, "ready"},
		{"a line without a listener", []string{"server", "--timeout", "1s", "--", "sh", "-c", `echo '{"ready": {"addr": "127.0.0.1:1"}}'; cat`}, exitMeasured, "refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := conform(t, tc.args...)
			require.Equal(t, tc.code, code, out+errs)
			require.Contains(t, errs, tc.says)
		})
	}
}

func TestServeReadyEndsWithStdin(t *testing.T) {
	code, out, errs := outcome(t, "serve", "--ready", "--listen", "127.0.0.1:0") // its stdin is empty
	require.Equal(t, exitOK, code, errs)
	require.Regexp(t, `^\{"ready":\{"addr":"127\.0\.0\.1:\d+"\}\}\n$`, out)
}

// runAsMortal makes the test binary be a `handfast serve --ready` that dies of the mortalLinks-th connection.
const (
	runAsMortal = "HANDFAST_TEST_AS_MORTAL"
	mortalLinks = 12
)

// mortal serves behind a proxy that counts.
func mortal() {
	lines, out := io.Pipe()
	go run(context.Background(), os.Args[1:], env{stdin: os.Stdin, stdout: out, stderr: os.Stderr})
	var said struct{ Ready driver.Ready }
	if json.NewDecoder(lines).Decode(&said) != nil {
		os.Exit(1)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Printf("{\"ready\": {\"addr\": %q}}\n", ln.Addr())
	for range mortalLinks - 1 {
		front, err := ln.Accept()
		if err != nil {
			os.Exit(1)
		}
		back, err := net.Dial("tcp", said.Ready.Addr)
		if err != nil {
			os.Exit(1)
		}
		for from, to := range map[net.Conn]net.Conn{front: back, back: front} {
			go func() { // ends with the connection, at the latest with the process
				_, _ = io.Copy(to, from)
				_ = to.Close()
			}()
		}
	}
	_, _ = ln.Accept()
	_, _ = os.Stderr.WriteString("no heart\n")
	os.Exit(9)
}
