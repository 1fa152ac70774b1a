package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"time"
)

// rawHead is the head of a raw request and of its answer: 4 bytes of length, 8 bytes of request number.
const rawHead = 12

// rawEcho is the floor of request and response: one event loop keeps all requests outstanding on one connection and
// sends each again when its answer comes, so no goroutine ever waits for one answer. Nobody would program like this;
// the ratio of a peer tells what its callers pay for being able to block.
func rawEcho(size, callers int) ([]worker, error) {
	c, s, err := tcpPair()
	if err != nil {
		return nil, err
	}
	go rawEchoServer(s, size) // ends with the process
	return []worker{func(t *tally) error { return rawCallLoop(c, size, callers, t) }}, nil
}

// rawEchoServer returns each request, and writes when its read buffer has run dry: the batch follows the load.
func rawEchoServer(c net.Conn, size int) error {
	r, w := bufio.NewReaderSize(c, bufSize), bufio.NewWriterSize(c, bufSize)
	frame := make([]byte, rawHead+size)
	for {
		if _, err := io.ReadFull(r, frame); err != nil {
			return err
		}
		if err := checkSize(int(binary.BigEndian.Uint32(frame)), size); err != nil {
			c.Close() // the client's read fails, and with it the point
			return err
		}
		if _, err := w.Write(frame); err != nil {
			return err
		}
		if r.Buffered() < len(frame) {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
}

func rawCallLoop(c net.Conn, size, callers int, t *tally) error {
	r, w := bufio.NewReaderSize(c, bufSize), bufio.NewWriterSize(c, bufSize)
	frame := append(make([]byte, rawHead), payload(size)...)
	binary.BigEndian.PutUint32(frame, uint32(size))
	sent := make([]time.Time, callers)
	for i := range sent {
		binary.BigEndian.PutUint64(frame[4:], uint64(i))
		sent[i] = time.Now()
		if _, err := w.Write(frame); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for {
		if _, err := io.ReadFull(r, frame); err != nil {
			return err
		}
		i := binary.BigEndian.Uint64(frame[4:]) % uint64(callers)
		now := time.Now()
		if !t.done(now.Sub(sent[i])) {
			return nil
		}
		sent[i] = now
		if _, err := w.Write(frame); err != nil {
			return err
		}
		if r.Buffered() < len(frame) {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
}
