package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"golang.org/x/net/http2"
)

// h2Peer is the HTTP/2 frame codec alone, one DATA frame a message: no windows, no streams, no header compression.
// It shows what framing with an interface and two reads a frame costs against a fixed header parsed in place.
func h2Peer() peer {
	return peer{
		name:  "h2framer",
		takes: []string{oneway},
		dial: func() (link, error) {
			a, b, err := tcpPair()
			return &h2Link{a: a, b: b}, err
		},
	}
}

type h2Link struct {
	a      io.Writer
	b      io.Reader
	opened bool
}

func (l *h2Link) open(size int) (pipe, error) {
	if l.opened {
		return nil, errors.New("the framer alone has one stream")
	}
	l.opened = true
	r := bufio.NewReaderSize(l.b, bufSize)
	in := http2.NewFramer(io.Discard, r)
	in.SetMaxReadFrameSize(1 << 20) // the default of 16 KiB would refuse our largest message
	in.SetReuseFrames()
	out := http2.NewFramer(bufio.NewWriterSize(l.a, bufSize), nil)
	return &h2Pipe{out: out, in: in, r: r, size: size}, nil
}

type h2Pipe struct {
	out, in *http2.Framer
	r       *bufio.Reader // what in reads from
	size    int
}

// h2Stream is the stream that all frames name; the client's first is 1.
const h2Stream = 1

// h2Head is the length of an HTTP/2 frame header in bytes.
const h2Head = 9

func (p *h2Pipe) send(msg []byte, count int) error {
	for range count {
		if err := p.out.WriteData(h2Stream, false, msg); err != nil {
			return err
		}
	}
	return nil
}

func (p *h2Pipe) recv() (int, error) {
	for n := 1; ; n++ {
		f, err := p.in.ReadFrame()
		if err != nil {
			return 0, err
		}
		data, ok := f.(*http2.DataFrame)
		if !ok {
			return 0, fmt.Errorf("received a frame of type %v", f.Header().Type)
		}
		if err := checkSize(len(data.Data()), p.size); err != nil {
			return 0, err
		}
		if p.r.Buffered() < h2Head+p.size {
			return n, nil
		}
	}
}
