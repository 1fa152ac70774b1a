package fast

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// ServerConfig says how a server behaves. The zero value is good.
type ServerConfig struct {
	// MaxPayload bounds one message, in bytes. 0: DefaultMaxPayload.
	MaxPayload int
	// MaxRequests bounds the requests of one connection that run at once; beyond it the connection is not read. 0: 1,024.
	MaxRequests int
	// MaxRunning bounds the requests of all connections that run at once on goroutines of their own; beyond it a request is answered by
	// ERROR with the name OverloadedError. Who ends his stream leaves his requests behind for FinishTimeout, and could fill the
	// memory with them, connection after connection. 0: 8,192.
	MaxRunning int
	// MessageTimeout bounds the time from the first byte of a message to its last. 0: 30 s.
	MessageTimeout time.Duration
	// FinishTimeout bounds the work on requests after the client's end of stream, which may mean that it waits for answers, or that it
	// has gone. 0: 5 min.
	FinishTimeout time.Duration
	// EitherChecksum takes messages of VERSION 1 with either checksum and answers with the one of the request, which releases 2.7.0
	// to 2.8.2 with crc_mode 2 do. Else VERSION 1 means the old one.
	EitherChecksum bool
	// NewChecksum takes messages of VERSION 1 with the new checksum only, as 2.8.2 with crc_mode 3.
	NewChecksum bool
	// Spin bounds how long a connection whose requests come one by one, each soon after the answer to the one before, is read again and
	// again before its goroutine sleeps: that spares most of the time of a short request, and costs up to one processor while it
	// lasts. At most half of the processors do so at once, and a peer that is slow or idle costs nothing of note. 0: DefaultSpin;
	// negative, or with one processor: never; at most MaxSpin.
	Spin time.Duration
	// Logger takes faults of the other side (Warn) and connections (Debug). Nil: none.
	Logger *slog.Logger
}

// Handler serves one request on a goroutine of its own. ctx ends when the connection has ended: by a fault, or FinishTimeout
// after the client's end of stream. Fast has no word for a client that has lost interest. The error it returns is said as ERROR: a *ServerError in its
// own words, else with the name "Error".
type Handler func(ctx context.Context, r *Request, w *Writer) error

// Inline serves a short request where it was read. It must not wait, and not keep args.
type Inline func(args []byte, v *Values) error

// Values takes the values of one short reply.
type Values struct {
	w       Writer
	name    string
	b       []byte // whole messages
	scratch []byte // for a value that is made
}

// Add adds one value. What Writer.Send says of it holds here.
func (v *Values) Add(value []byte) error {
	if !validValue(value) {
		return ErrValue
	}
	v.b = v.w.appendValues(v.b, Data, v.name, value)
	return nil
}

// Request is what a client asks.
type Request struct {
	Method string
	Args   []byte // the JSON array of arguments; owned by the handler
	Msgid  uint32
}

// ServerStats counts what a server has seen.
type ServerStats struct {
	Connections    int    // now
	Requests       int    // running now
	Created        uint64 // connections so far
	Started        uint64 // requests so far
	Completed      uint64 // answered by END
	Failed         uint64 // answered by ERROR
	IgnoredAborts  uint64 // ERROR messages of clients
	ProtocolErrors uint64 // connections that a fault of the client has ended
	SocketErrors   uint64 // connections that the transport has ended
}

// Server serves methods by name. Methods are registered before it is used. Its other methods may be called by any goroutine.
type Server struct {
	cfg     ServerConfig
	log     *slog.Logger
	methods map[string]*method

	mu     sync.Mutex // guards the fields below
	conns  map[*serverConn]struct{}
	idle   []func() // OnIdle
	closed bool
	drains bool // Shutdown was called

	running                                                           atomic.Int64
	created, started, completed, failed, aborts, faults, socketFaults atomic.Uint64
}

type method struct {
	inline  Inline
	handler Handler
}

// NewServer makes a server without methods.
func NewServer(cfg ServerConfig) *Server {
	if cfg.MaxRequests == 0 {
		cfg.MaxRequests = 1024
	}
	if cfg.MaxRunning == 0 {
		cfg.MaxRunning = 8192
	}
	if cfg.MessageTimeout == 0 {
		cfg.MessageTimeout = 30 * time.Second
	}
	if cfg.FinishTimeout == 0 {
		cfg.FinishTimeout = 5 * time.Minute
	}
	s := &Server{cfg: cfg, log: cfg.Logger, methods: make(map[string]*method), conns: make(map[*serverConn]struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Handle registers a method. The name "" takes all that have no handler of their own.
func (s *Server) Handle(name string, h Handler) { s.methods[name] = &method{handler: h} }

// HandleInline registers a short method.
func (s *Server) HandleInline(name string, h Inline) { s.methods[name] = &method{inline: h} }

// Stats reads the counters.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	n := len(s.conns)
	s.mu.Unlock()
	return ServerStats{
		Connections: n, Requests: int(s.running.Load()), Created: s.created.Load(), Started: s.started.Load(), Completed: s.completed.Load(),
		Failed: s.failed.Load(), IgnoredAborts: s.aborts.Load(), ProtocolErrors: s.faults.Load(), SocketErrors: s.socketFaults.Load(),
	}
}

// Serve accepts connections until ctx ends or ln fails, then ends them, and returns when the last has ended with its handlers. It
// closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var wg sync.WaitGroup
	for {
		conn, err := ln.Accept()
		if err != nil {
			_ = ln.Close()
			s.Close()
			wg.Wait()
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		wg.Go(func() { _ = s.ServeConn(ctx, conn) })
	}
}

// ServeConn serves one connection, which it owns, and returns when it has ended and its handlers have returned. The error is nil
// after the client's end of stream, a *ProtocolError or a *TransportError.
func (s *Server) ServeConn(ctx context.Context, conn net.Conn) error {
	return s.ServeAfter(ctx, conn, nil)
}

// ServeAfter is ServeConn for a connection of which first was already read.
func (s *Server) ServeAfter(ctx context.Context, conn net.Conn, first []byte) error {
	noDelay(conn)
	c := &serverConn{server: s, conn: conn, w: newWriter(conn), r: NewReader(conn, s.cfg.MaxPayload), active: make(map[uint32]struct{})}
	c.r.conn, c.r.timeout = conn, s.cfg.MessageTimeout
	if window := spinTime(s.cfg.Spin); window > 0 {
		c.r.socket, c.r.chance = newPoller(conn), newChance(window)
	}
	c.r.buf = append(c.r.buf, first...)
	c.r.end = len(first)
	switch {
	case s.cfg.NewChecksum:
		c.r.sums = newOnly
	case s.cfg.EitherChecksum:
		c.r.sums = either
	}
	c.ended.L = &c.mu
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	defer c.cancel(nil)
	if !s.add(c) {
		c.w.fail(ErrDetached)
		_ = conn.Close()
		<-c.w.done
		return ErrDetached
	}
	stop := context.AfterFunc(ctx, func() { c.end(&TransportError{Text: "server is ending", Err: context.Cause(ctx)}) })
	err := c.read()
	stop()
	if sent := c.w.failure(); sent != nil && !errors.Is(err, io.EOF) {
		err = sent
	}
	c.finish(err)
	<-c.w.done
	s.remove(c)
	return c.cause()
}

// noDelay asks for small messages to be sent at once: without it a reply of two messages waits for a delayed acknowledgement.
func noDelay(conn net.Conn) {
	if c, ok := conn.(interface{ SetNoDelay(bool) error }); ok {
		_ = c.SetNoDelay(true)
	}
}

func (s *Server) add(c *serverConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.drains {
		return false
	}
	s.conns[c] = struct{}{}
	s.created.Add(1)
	return true
}

func (s *Server) remove(c *serverConn) {
	s.mu.Lock()
	delete(s.conns, c)
	var idle []func()
	if len(s.conns) == 0 {
		idle, s.idle = s.idle, nil
	}
	s.mu.Unlock()
	for _, f := range idle {
		f()
	}
}

// OnIdle calls f once, when there is no connection: at once, or when the last has ended. Several are called in order.
func (s *Server) OnIdle(f func()) {
	s.mu.Lock()
	if len(s.conns) > 0 {
		s.idle = append(s.idle, f)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	f()
}

// Close ends every connection, and each later one at once. The caller closes its listener first. It does not wait: OnIdle tells.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	conns := s.list()
	s.mu.Unlock()
	for _, c := range conns {
		c.end(&TransportError{Text: "server closed"})
	}
}

// Shutdown ends each connection when no request of it runs, and all when ctx ends. It returns when there is none.
func (s *Server) Shutdown(ctx context.Context) {
	s.mu.Lock()
	s.drains = true
	conns := s.list()
	s.mu.Unlock()
	for _, c := range conns {
		c.drain()
	}
	done := make(chan struct{})
	s.OnIdle(func() { close(done) })
	select {
	case <-done:
	case <-ctx.Done():
		s.Close()
		<-done
	}
}

func (s *Server) list() []*serverConn {
	conns := make([]*serverConn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}
