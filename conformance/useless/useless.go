// Package useless holds peers that serve nobody. The suite runs against each, and what it may score is pinned in
// conformance/ceilings.json: a suite in which closing at once scores half has been published, and nobody noticed.
//
//	p, err := useless.Start("slam")
//	defer p.Close()
//
// None of them is a mutant: a mutant keeps every rule but one.
package useless

import (
	"fmt"
	"io"
	"net"
	"sync"

	"handfast/codec"
)

// Names lists the peers.
func Names() []string { return []string{"accept-all", "echo", "mute", "refuse-all", "slam"} }

// behaviour gives what a peer does with one connection, which is closed afterwards.
func behaviour(name string) (func(nc net.Conn), error) {
	switch name {
	case "accept-all":
		return acceptAll, nil
	case "echo":
		return echo, nil
	case "mute":
		return func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }, nil
	case "refuse-all":
		return refuseAll, nil
	case "slam":
		return func(net.Conn) {}, nil
	}
	return nil, fmt.Errorf("useless: no peer %q", name)
}

// Peer is a useless peer that listens.
type Peer struct {
	listener net.Listener
	work     sync.WaitGroup

	mu    sync.Mutex // guards conns and ended
	conns map[net.Conn]bool
	ended bool
}

// Start makes a peer listen on a loopback port.
func Start(name string) (*Peer, error) {
	serve, err := behaviour(name)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Peer{listener: l, conns: make(map[net.Conn]bool)}
	p.work.Go(func() { p.accept(serve) }) // ends when the listener is closed
	return p, nil
}

// Addr gives the address.
func (p *Peer) Addr() string { return p.listener.Addr().String() }

// Close ends the peer and its connections, and waits for both.
func (p *Peer) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.ended = true
	for nc := range p.conns {
		_ = nc.Close() // ends its goroutine, which is all that is wanted
	}
	p.mu.Unlock()
	p.work.Wait()
	return err
}

func (p *Peer) accept(serve func(net.Conn)) {
	for {
		nc, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.ended {
			p.mu.Unlock()
			_ = nc.Close()
			return
		}
		p.conns[nc] = true
		p.mu.Unlock()
		p.work.Go(func() { // ends with the connection
			serve(nc)
			_ = nc.Close()
			p.mu.Lock()
			delete(p.conns, nc)
			p.mu.Unlock()
		})
	}
}

// echo sends back what it reads.
func echo(nc net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := nc.Read(buf)
		if err != nil {
			return
		}
		if _, err := nc.Write(buf[:n]); err != nil {
			return
		}
	}
}

// refuseAll answers everything with REFUSE. It is the hardest to catch without twins: it refuses the right things too.
func refuseAll(nc net.Conn) {
	first := make([]byte, 1)
	if _, err := nc.Read(first); err != nil {
		return
	}
	refuse := codec.Refuse{Code: codec.CodeEncoding, Vers: []uint16{codec.WireVersion}}
	b, err := refuse.AppendOpening(nil)
	if err != nil {
		return
	}
	_, _ = nc.Write(b) // whoever is gone does not need it
	_, _ = io.Copy(io.Discard, nc)
}
