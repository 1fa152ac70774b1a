package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"handfast/conformance/wire"
)

// Proxy stands between dialers and an acceptor, hands every byte on as it came, and watches. Over TLS there is nothing to see, so it is for
// plain transports.
type Proxy struct {
	To    string // HOST:PORT of the acceptor
	Watch *Watch

	// Links is after how many links Serve returns; 0: when its context ends.
	Links int
	// DialTimeout is the longest wait for the acceptor; 0: 10 s.
	DialTimeout time.Duration
	// MaxLinks is how many links there may be at the same time; more wait in the listener. 0: 1,024.
	MaxLinks int

	// Each, if set, is called with each broken rule as it is seen. It may be called from several goroutines at once.
	Each func(f *Finding)
	// Failed, if set, is called with each link that could not be made, or broke; from several goroutines at once.
	Failed func(link string, err error)
}

// Serve takes links from the listener until the context ends or Links were there, and waits until those that it took have ended: after
// the end of the context it ends them itself. It closes the listener. The error is that of the listener.
func (p *Proxy) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unlisten := context.AfterFunc(ctx, func() { _ = ln.Close() }) // ends Accept
	defer unlisten()
	defer ln.Close() //nolint:errcheck // closed twice is closed
	places := make(chan struct{}, orDefault(p.MaxLinks, 1024))
	var work sync.WaitGroup
	defer work.Wait()
	for taken := 0; p.Links == 0 || taken < p.Links; taken++ {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		nc, err := ln.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		work.Go(func() { // ends with the link
			defer func() { <-places }()
			p.link(ctx, nc)
		})
	}
	return nil
}

// link carries one link.
func (p *Proxy) link(ctx context.Context, dialer net.Conn) {
	defer dialer.Close() //nolint:errcheck // whatever it says, the transport is gone
	name := dialer.RemoteAddr().String()
	dialing, cancel := context.WithTimeout(ctx, orDefault(p.DialTimeout, 10*time.Second))
	acceptor, err := (&net.Dialer{}).DialContext(dialing, "tcp", p.To)
	cancel()
	if err != nil {
		p.failed(name, err)
		return
	}
	defer acceptor.Close() //nolint:errcheck // as above
	stop := context.AfterFunc(ctx, func() {
		_ = dialer.Close()
		_ = acceptor.Close()
	})
	defer stop()

	seen := &seen{link: p.Watch.Link(name), each: p.Each}
	var work sync.WaitGroup
	carry := func(from wire.Side, src, dst net.Conn) {
		work.Go(func() { // ends with src, or with ctx
			if err := seen.carry(from, src, dst); err != nil && ctx.Err() == nil {
				p.failed(name, err)
			}
		})
	}
	carry(wire.Dialer, dialer, acceptor)
	carry(wire.Acceptor, acceptor, dialer)
	work.Wait()
}

func (p *Proxy) failed(link string, err error) {
	if p.Failed != nil {
		p.Failed(link, err)
	}
}

// seen is the one place that both directions of a link go through.
type seen struct {
	mu   sync.Mutex
	link *Link
	each func(f *Finding)
}

// carry hands on what one side sends, to its end. What is seen is judged before it is sent on, so that no answer is ever judged before
// what it answers.
func (s *seen) carry(from wire.Side, src, dst net.Conn) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			s.feed(from, buf[:n])
			if _, werr := dst.Write(buf[:n]); werr != nil {
				_ = src.Close() // the other end is gone: the sender has to learn that
				return passOver(werr)
			}
		}
		if err != nil {
			halfClose(dst)
			if errors.Is(err, io.EOF) {
				return nil
			}
			_ = dst.Close()
			return passOver(err)
		}
	}
}

func (s *seen) feed(from wire.Side, b []byte) {
	s.mu.Lock()
	found := s.link.Feed(from, b, time.Now())
	s.mu.Unlock()
	if s.each == nil {
		return
	}
	for _, f := range found {
		s.each(f)
	}
}

// passOver drops the errors of a transport that this side has ended.
func passOver(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// halfClose hands the end of one direction on.
func halfClose(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // fails only when the transport has ended already
	}
}

// orDefault gives a value that is set, or its default.
func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
