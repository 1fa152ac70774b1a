package conformance

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"handfast/codec"
)

// listen serves connections on a loopback port until the test ends.
func listen(t *testing.T, serve func(nc net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends when the listener is closed
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // ends with the connection, which the suite closes
				defer nc.Close()
				serve(nc)
			}()
		}
	}()
	return l.Addr().String()
}

func TestStrangersAreNamed(t *testing.T) {
	says := func(text string) func(nc net.Conn) {
		return func(nc net.Conn) {
			_, _ = nc.Read(make([]byte, 1))
			_, _ = io.WriteString(nc, text)
			_, _ = io.Copy(io.Discard, nc)
		}
	}
	tests := []struct {
		name  string
		serve func(nc net.Conn)
		want  string
	}{
		{"HTTP", says("HTTP/1.1 400 Bad Request\r\n\r\n"), "which is HTTP"},
		{"TLS", says("\x15\x03\x01\x00\x02\x02\x46"), "try --tls"},
		{"a text protocol", says("* OK ready\r\n"), "* OK ready"},
		{"nc -l", func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }, "does not speak Handfast"},
		{"one that hangs up", func(net.Conn) {}, "sent nothing and ended it"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Run(t.Context(), Config{Target: Target{Addr: listen(t, tc.serve)}, Timeout: 200 * time.Millisecond})
			var stranger *PreflightError
			if !errors.As(err, &stranger) || !strings.Contains(stranger.Reason, tc.want) {
				t.Errorf("error %v; want one with %q", err, tc.want)
			}
		})
	}
}

func TestNothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, err = Run(t.Context(), Config{Target: Target{Addr: addr}})
	var nobody *PreflightError
	if !errors.As(err, &nobody) || !strings.Contains(nobody.Reason, "refused") {
		t.Errorf("error %v; want that the connection was refused", err)
	}
}

func TestPeerThatSpeaksHandfastBadlyIsNoStranger(t *testing.T) {
	addr := (&fakePeer{frame: func(io.Writer, codec.Frame) bool { return true }}).start(t)
	_, err := Run(t.Context(), Config{Target: Target{Addr: addr}, Timeout: 200 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "one echo") {
		t.Errorf("error %v; want that echo is not served", err)
	}
}
