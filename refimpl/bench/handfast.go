package main

import (
	"context"
	"net"

	"handfast/codec"
	hfcall "handfast/refimpl/call"
	hflink "handfast/refimpl/link"
)

// handfastPeer is Handfast with both checksums and with credit at both levels. This file is the only place in the module
// that knows its API.
func handfastPeer() peer {
	return peer{
		name:  implHandfast,
		takes: []string{oneway, acked, durable, soak, resume, resumeFile, streams, call, idle, idleStreams},
		dial:  func() (link, error) { return dialHandfast(nil) },
		echo:  handfastEcho,
		acked: handfastAcked(true), durable: handfastDurable, resume: handfastResume,
	}
}

// handfastWorkerPeer is Handfast with a sink that may wait, as a store on a disk does.
func handfastWorkerPeer() peer {
	return peer{name: implHandfast + "-worker", takes: []string{acked}, acked: handfastAcked(false)}
}

// handfastLink is one link; the acceptor's streams come out of opened, in the order of their opening.
type handfastLink struct {
	dialer, acceptor *hflink.Link
	opened           chan *hflink.Stream // capacity 1: one opening at a time
}

const handfastProto = "bench"

func dialHandfast(calls hflink.Handler) (*handfastLink, error) {
	a, b, err := tcpPair()
	if err != nil {
		return nil, err
	}
	l := &handfastLink{opened: make(chan *hflink.Stream, 1)}
	limits := codec.DefaultLimits()
	limits.Streams = 4096 // a thousand streams are open at once
	accept := hflink.Config{
		Node: [16]byte{2}, Limits: &limits,
		Handlers: map[string]hflink.Handler{handfastProto: hflink.HandlerFunc(func(s *hflink.Stream, _ []byte) {
			s.Accept(nil)
			l.opened <- s
		})},
	}
	if calls != nil {
		accept.Handlers[hfcall.Proto] = calls
	}
	dial := hflink.Config{Node: [16]byte{1}, Limits: &limits, Protos: map[string][]uint16{handfastProto: {1}, hfcall.Proto: {1}}}
	accepted := make(chan error, 1)
	go func() {
		var err error
		l.acceptor, err = hflink.Accept(context.Background(), net.Conn(b), accept)
		accepted <- err
	}()
	if l.dialer, err = hflink.Dial(context.Background(), a, dial); err != nil {
		return nil, err
	}
	return l, <-accepted
}

func (l *handfastLink) open(size int) (pipe, error) {
	out, err := l.dialer.Open(context.Background(), handfastProto, nil)
	if err != nil {
		return nil, err
	}
	return &handfastPipe{out: out, in: <-l.opened, size: size}, nil
}

type handfastPipe struct {
	out, in *hflink.Stream
	size    int
}

func (p *handfastPipe) send(msg []byte, count int) error {
	for range count {
		if err := p.out.Send(msg); err != nil {
			return err
		}
	}
	return nil
}

func (p *handfastPipe) recv() (int, error) {
	for n := 1; ; n++ {
		msg, err := p.in.Recv()
		if err != nil {
			return 0, err
		}
		if err := checkSize(len(msg), p.size); err != nil {
			return 0, err
		}
		if !p.in.Buffered() {
			return n, nil
		}
	}
}

func handfastEcho(size, callers int) ([]worker, error) {
	srv := hfcall.NewServer()
	hfcall.AddTestKit(srv)
	l, err := dialHandfast(srv)
	if err != nil {
		return nil, err
	}
	workers := make([]worker, callers)
	for i := range workers {
		msg, reply := payload(size), make([]byte, 0, size)
		workers[i] = eachCall(func() error {
			var err error
			if reply, err = hfcall.Call(context.Background(), l.dialer, "echo", msg, reply[:0]); err != nil {
				return err
			}
			return checkSize(len(reply), size)
		})
	}
	return workers, nil
}
