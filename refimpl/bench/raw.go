package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// rawPeer is the least that a message protocol over TCP can do: a 4-byte length, 64 KiB of buffer, no checksum, no
// flow control, one stream. In the streams workload it is ONE stream, because that is the ceiling for many.
func rawPeer() peer {
	return peer{
		name:  implRaw,
		takes: []string{oneway, acked, durable, streams, call, idle},
		dial: func() (link, error) {
			a, b, err := tcpPair()
			return &rawLink{a: a, b: b}, err
		},
		echo:    rawEcho,
		acked:   rawAcked,
		durable: bareDurable,
	}
}

type rawLink struct {
	a, b   net.Conn
	opened bool
}

func (l *rawLink) open(size int) (pipe, error) {
	if l.opened {
		return nil, errors.New("raw TCP has one stream")
	}
	l.opened = true
	return &rawPipe{
		w:   bufio.NewWriterSize(l.a, bufSize),
		r:   bufio.NewReaderSize(l.b, bufSize),
		buf: make([]byte, size),
	}, nil
}

// rest blocks a reader on each end, as any program does that waits on a connection. They end with the process.
func (l *rawLink) rest() {
	for _, c := range []net.Conn{l.a, l.b} {
		go func() {
			var b [16]byte
			c.Read(b[:])
		}()
	}
}

type rawPipe struct {
	w    *bufio.Writer
	r    *bufio.Reader
	head [4]byte
	buf  []byte
}

func (p *rawPipe) send(msg []byte, count int) error {
	for range count {
		binary.BigEndian.PutUint32(p.head[:], uint32(len(msg)))
		if _, err := p.w.Write(p.head[:]); err != nil {
			return err
		}
		if _, err := p.w.Write(msg); err != nil {
			return err
		}
	}
	return nil
}

func (p *rawPipe) recv() (int, error) {
	for n := 1; ; n++ {
		h, err := p.r.Peek(len(p.head))
		if err != nil {
			return 0, err
		}
		if err := checkSize(int(binary.BigEndian.Uint32(h)), len(p.buf)); err != nil {
			return 0, err
		}
		if _, err := p.r.Discard(len(p.head)); err != nil {
			return 0, err
		}
		if _, err := io.ReadFull(p.r, p.buf); err != nil {
			return 0, err
		}
		if p.r.Buffered() < len(p.head)+len(p.buf) {
			return n, nil
		}
	}
}
