package main

import (
	"encoding/binary"
	"io"

	"github.com/hashicorp/yamux"
)

// yamuxPeer is hashicorp/yamux with its default settings, used as a message library would use it: a 4-byte length
// and the message joined into one Write. A caller that puts a bufio.Writer on top gains much on one stream and nothing
// on a thousand; that would measure the buffer.
func yamuxPeer() peer {
	return peer{
		name:  "yamux",
		takes: []string{oneway, streams, call, idle, idleStreams},
		dial: func() (link, error) {
			a, b, err := yamuxPair()
			return &yamuxLink{a: a, b: b}, err
		},
		echo: yamuxEcho,
	}
}

func yamuxPair() (client, server *yamux.Session, err error) {
	a, b, err := tcpPair()
	if err != nil {
		return nil, nil, err
	}
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	if client, err = yamux.Client(a, cfg); err != nil {
		return nil, nil, err
	}
	if server, err = yamux.Server(b, cfg); err != nil {
		return nil, nil, err
	}
	return client, server, nil
}

type yamuxLink struct{ a, b *yamux.Session }

func (l *yamuxLink) open(size int) (pipe, error) {
	out, err := l.a.OpenStream()
	if err != nil {
		return nil, err
	}
	in, err := l.b.AcceptStream()
	if err != nil {
		return nil, err
	}
	return &yamuxPipe{out: out, in: in, buf: make([]byte, size)}, nil
}

// rest accepts on the server's end, without which nobody could open a stream. The goroutine ends with the process.
func (l *yamuxLink) rest() { go l.b.AcceptStream() }

type yamuxPipe struct {
	out, in *yamux.Stream
	frame   []byte // the next Write
	head    [4]byte
	buf     []byte
}

func (p *yamuxPipe) send(msg []byte, count int) error {
	for range count {
		p.frame = binary.BigEndian.AppendUint32(p.frame[:0], uint32(len(msg)))
		p.frame = append(p.frame, msg...)
		if _, err := p.out.Write(p.frame); err != nil {
			return err
		}
	}
	return nil
}

// recv reads straight from the stream, which has the bytes in memory already: a buffer of our own would be weighed
// with a thousand streams.
func (p *yamuxPipe) recv() (int, error) {
	if _, err := io.ReadFull(p.in, p.head[:]); err != nil {
		return 0, err
	}
	if err := checkSize(int(binary.BigEndian.Uint32(p.head[:])), len(p.buf)); err != nil {
		return 0, err
	}
	_, err := io.ReadFull(p.in, p.buf)
	return 1, err
}

// yamuxEcho opens a stream for each request, the way that yamux is used for calls.
func yamuxEcho(size, callers int) ([]worker, error) {
	client, server, err := yamuxPair()
	if err != nil {
		return nil, err
	}
	go yamuxServe(server, size) // ends with the session, and that with the process
	msg := payload(size)
	ws := make([]worker, callers)
	for i := range ws {
		reply := make([]byte, size)
		ws[i] = eachCall(func() error {
			st, err := client.OpenStream()
			if err != nil {
				return err
			}
			if _, err := st.Write(msg); err != nil {
				return err
			}
			if _, err := io.ReadFull(st, reply); err != nil {
				return err
			}
			return st.Close()
		})
	}
	return ws, nil
}

func yamuxServe(s *yamux.Session, size int) {
	for {
		st, err := s.AcceptStream()
		if err != nil {
			return
		}
		go func() { // ends after one request; a failure reaches the caller as the end of its stream
			defer st.Close()
			b := make([]byte, size)
			if _, err := io.ReadFull(st, b); err == nil {
				st.Write(b)
			}
		}()
	}
}
