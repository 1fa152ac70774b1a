package conformance

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"handfast/codec"
)

// hub is the port to which one driver dials. A driver is asked for one link at a time, and the connection that comes is given to whoever
// waits for it. A connection that carries the token of an earlier dial is none of those: it is closed and counted.
type hub struct {
	listener net.Listener
	work     sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	token   []byte     // of the dial that is waited for
	waiting chan net.Conn
	past    [][]byte // tokens of earlier dials, the newest last
	opening map[net.Conn]bool
	strays  int // connections that nobody waited for
	changed chan struct{}
	ended   bool
}

const (
	peekFor     = 300 * time.Millisecond // how long the first bytes of a connection are waited for before it is given away without them
	keptTokens  = 256
	tokenPrefix = "x.suite.token."
	tokenLength = len(tokenPrefix) + 16
)

func newHub(ctx context.Context) (*hub, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hub{listener: l, opening: make(map[net.Conn]bool), changed: make(chan struct{}, 1)}
	h.work.Go(h.accept) // ends when the listener is closed
	return h, nil
}

func (h *hub) addr() string { return h.listener.Addr().String() }

// expect says that the next connection is that of a token. The channel takes one connection.
func (h *hub) expect(token string) <-chan net.Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forgetLocked()
	h.token, h.waiting = []byte(token), make(chan net.Conn, 1)
	return h.waiting
}

// forget ends what expect began: a connection that comes from now on is a stray, and one that nobody has taken is closed.
func (h *hub) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forgetLocked()
}

func (h *hub) forgetLocked() {
	if h.token == nil {
		return
	}
	h.past = append(h.past, h.token)
	h.past = h.past[max(0, len(h.past)-keptTokens):]
	select {
	case nc := <-h.waiting:
		_ = nc.Close()
	default:
	}
	h.token, h.waiting = nil, nil
}

// count gives the number of stray connections so far.
func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.strays
}

// close ends the port and whatever has not been taken.
func (h *hub) close() {
	_ = h.listener.Close()
	h.mu.Lock()
	h.ended = true
	for nc := range h.opening {
		_ = nc.Close()
	}
	h.forgetLocked()
	h.mu.Unlock()
	h.work.Wait()
}

func (h *hub) accept() {
	for {
		nc, err := h.listener.Accept()
		if err != nil {
			return
		}
		h.mu.Lock()
		ended := h.ended
		h.opening[nc] = true
		h.mu.Unlock()
		if ended {
			_ = nc.Close()
			return
		}
		h.work.Go(func() { h.give(nc) }) // ends with peekFor at the latest
	}
}

// give looks at the first bytes of a connection and gives it to who waits.
func (h *hub) give(nc net.Conn) {
	first := h.peek(nc)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.opening, nc)
	old := false
	for _, token := range h.past {
		old = old || bytes.Contains(first, token)
	}
	if h.token == nil || old || len(h.waiting) > 0 {
		h.strays++
		notify(h.changed)
		_ = nc.Close()
		return
	}
	h.waiting <- &begun{TCPConn: nc.(*net.TCPConn), first: first}
}

// peek reads until a token is there, or the whole of the header and body of an opening, or peekFor is over.
func (h *hub) peek(nc net.Conn) []byte {
	_ = nc.SetReadDeadline(time.Now().Add(peekFor))
	defer func() { _ = nc.SetReadDeadline(time.Time{}) }()
	first := make([]byte, 0, codec.OpeningSize+codec.MaxOpeningBody)
	for len(first) < cap(first) {
		n, err := nc.Read(first[len(first):cap(first)])
		first = first[:len(first)+n]
		if err != nil || complete(first) {
			break
		}
	}
	return first
}

// complete tells that first bytes say all that they will say about whose they are.
func complete(first []byte) bool {
	at := bytes.Index(first, []byte(tokenPrefix))
	if at >= 0 && len(first) >= at+tokenLength {
		return true
	}
	_, _, err := codec.ParseOpening(first)
	return !errors.Is(err, codec.ErrShort)
}

// begun is a connection of which some bytes were read.
type begun struct {
	*net.TCPConn
	first []byte
}

// Read gives those bytes first.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 {
		return b.TCPConn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}
