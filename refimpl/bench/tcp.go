package main

import (
	"fmt"
	"net"
)

// bufSize is the buffer of every peer that leaves buffering to its user: 64 KiB, one write per 1,000 small messages.
const bufSize = 64 << 10

// tcpPair connects two ends over loopback on a port that the kernel picks.
func tcpPair() (dialed, accepted *net.TCPConn, err error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	// The kernel completes the handshake into the backlog, so that dialing before accepting needs no goroutine.
	dialed, err = net.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
	if err != nil {
		return nil, nil, err
	}
	accepted, err = l.AcceptTCP()
	if err != nil {
		dialed.Close()
		return nil, nil, err
	}
	return dialed, accepted, nil
}

// payload returns n bytes that no layer can compress: a fixed xorshift sequence, the same in every run.
func payload(n int) []byte {
	b := make([]byte, n)
	x := uint64(0x9E3779B97F4A7C15)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 24)
	}
	return b
}

// checkSize refuses a message of another length than the workload sent: a peer that loses its framing must fail, not
// look fast.
func checkSize(got, want int) error {
	if got != want {
		return fmt.Errorf("received a message of %d bytes, %d were sent", got, want)
	}
	return nil
}
