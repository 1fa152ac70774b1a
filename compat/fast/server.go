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
	w    *Writer
	name string
	b    []byte // whole messages
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

// serverConn is one connection.
type serverConn struct {
	server *Server
	conn   net.Conn
	r      *Reader
	w      *writer
	ctx    context.Context
	cancel context.CancelCauseFunc
	spoken Dialect // with EitherChecksum: what the client is known to write; zero: not yet

	mu       sync.Mutex          // guards the fields below
	ended    sync.Cond           // a request has ended, or the connection
	active   map[uint32]struct{} // ids in use
	running  int                 // requests whose handler runs or whose answer is not yet handed over
	bytes    int                 // of their arguments
	err      error               // why the connection ends, once
	draining bool
}

// read takes requests until the stream ends.
func (c *serverConn) read() error {
	for {
		m, err := c.r.Next()
		if err != nil {
			return err
		}
		if c.r.more() { // answers to what came together go together
			c.w.hold()
			err = c.take(&m)
			for err == nil && c.r.more() {
				if m, err = c.r.Next(); err == nil {
					err = c.take(&m)
				}
			}
			c.w.release()
		} else {
			err = c.take(&m)
		}
		if err != nil {
			return err
		}
	}
}

// take deals with one message.
func (c *serverConn) take(m *Message) error {
	id := uint32(m.Msgid)
	switch m.Status {
	case Error: // an abort of releases 0.4.0 to 0.5.x
		c.server.aborts.Add(1)
		return nil
	case End:
		return &ProtocolError{Reason: UnexpectedStatus, Msgid: id, Found: uint32(m.Status), Text: "fast protocol: unexpected status END from a client"}
	}
	c.settle(m)
	c.mu.Lock()
	_, twice := c.active[id]
	c.mu.Unlock()
	if twice {
		return &ProtocolError{Reason: DuplicateMsgid, Msgid: id, Text: "fast protocol: client attempted to reuse a msgid that is in use"}
	}
	c.server.started.Add(1)
	w := &Writer{c: c, id: id, dialect: m.Dialect}
	if !m.Named || m.Name == "" {
		c.server.failed.Add(1)
		return w.fail("", &ServerError{Name: "FastError", Message: "RPC request is not well-formed", Info: infoOf(BadData, "", id)})
	}
	h := c.server.methods[m.Name]
	if h == nil {
		h = c.server.methods[""]
	}
	switch {
	case h == nil:
		c.server.failed.Add(1)
		return w.fail(m.Name, UnknownMethod(&Request{Method: m.Name, Msgid: id}))
	case h.inline != nil:
		return c.inline(h.inline, m, w)
	}
	c.start(h.handler, m, w)
	return nil
}

// settle chooses the dialect of an answer to a message that both checksums fit: what the client was seen to write before.
func (c *serverConn) settle(m *Message) {
	switch {
	case m.Dialect.Version != 1 || c.r.sums != either:
	case !m.both:
		c.spoken = m.Dialect
	case c.spoken.Version != 0:
		m.Dialect = c.spoken
	}
}

// inline serves a request where it was read.
func (c *serverConn) inline(h Inline, m *Message, w *Writer) error {
	v := valuesPool.Get().(*Values)
	defer valuesPool.Put(v)
	v.w, v.name, v.b = w, m.Name, v.b[:0]
	failure := h(m.D, v)
	b, err := c.w.begin()
	if err != nil {
		return err
	}
	b = append(b, v.b...)
	if cap(v.b) > readLarge {
		v.b = nil
	}
	if failure != nil {
		c.server.failed.Add(1)
		c.w.commitNow(w.appendFailure(b, m.Name, failure))
		return nil
	}
	c.server.completed.Add(1)
	c.w.commitNow(w.appendValues(b, End, m.Name, nil))
	return nil
}

var valuesPool = sync.Pool{New: func() any { return new(Values) }}

// start serves a request on a goroutine of its own, which finish waits for. It waits for a place.
func (c *serverConn) start(h Handler, m *Message, w *Writer) {
	r := &Request{Method: m.Name, Args: append([]byte(nil), m.D...), Msgid: w.id}
	w.method = r.Method
	c.mu.Lock()
	for c.full(len(r.Args)) {
		c.mu.Unlock() // answers must go out before somebody waits for a place
		c.w.release()
		c.mu.Lock()
		if c.full(len(r.Args)) {
			c.ended.Wait()
		}
	}
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.active[w.id] = struct{}{}
	c.running++
	c.bytes += len(r.Args)
	c.mu.Unlock()
	c.server.running.Add(1)
	go func() { // ends with the handler; finish waits for it
		err := h(c.ctx, r, w)
		w.over.Store(true)
		c.server.running.Add(-1)
		c.answer(w, r, err)
	}()
}

// full says whether a request with so many bytes of arguments has to wait for others to end. The caller holds mu.
func (c *serverConn) full(args int) bool {
	most := 2 * c.r.limit
	return c.err == nil && c.running > 0 && (c.running >= c.server.cfg.MaxRequests || c.bytes+args > most)
}

// answer says END or ERROR and frees the id. The id is free before the client can have seen its end.
func (c *serverConn) answer(w *Writer, r *Request, err error) {
	args, name := len(r.Args), r.Method
	c.mu.Lock()
	delete(c.active, w.id)
	c.mu.Unlock()
	if err != nil {
		c.server.failed.Add(1)
		_ = w.fail(name, err)
	} else {
		c.server.completed.Add(1)
		if b, err := c.w.begin(); err == nil {
			c.w.commit(w.appendValues(b, End, name, nil))
		}
	}
	c.mu.Lock()
	c.running--
	c.bytes -= args
	idle := c.draining && c.running == 0
	c.ended.Broadcast()
	c.mu.Unlock()
	if idle {
		c.endIdle()
	}
}

// finish ends the connection after reading has ended with err. After an end of stream what runs is finished and answered first.
func (c *serverConn) finish(err error) {
	if errors.Is(err, io.EOF) {
		late := time.AfterFunc(c.server.cfg.FinishTimeout, func() {
			c.end(&TransportError{Text: "the client has ended its stream, and the requests take too long"})
		})
		defer late.Stop()
		c.mu.Lock()
		for c.running > 0 && c.err == nil {
			c.ended.Wait()
		}
		c.mu.Unlock()
		c.w.drain()
		c.w.fail(ErrDetached)
		_ = c.conn.Close()
	} else {
		c.end(err)
	}
	c.mu.Lock()
	for c.running > 0 {
		c.ended.Wait()
	}
	c.mu.Unlock()
}

// end ends the connection because of err, once.
func (c *serverConn) end(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	if _, ok := errors.AsType[*ProtocolError](err); ok {
		c.server.faults.Add(1)
		c.server.log.Warn("fast: connection ended by a protocol error", "conn", Summarize(c.conn).Label, "err", err)
	} else if _, ok := errors.AsType[*TransportError](err); !ok {
		err = &TransportError{Text: "unexpected error on transport", Err: err}
		c.server.socketFaults.Add(1)
	}
	c.err = err
	c.mu.Unlock()
	c.cancel(err)
	c.w.fail(err)
	_ = c.conn.Close()
	c.mu.Lock()
	c.ended.Broadcast()
	c.mu.Unlock()
}

func (c *serverConn) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// drain ends the connection as soon as no request runs.
func (c *serverConn) drain() {
	c.mu.Lock()
	c.draining = true
	idle := c.running == 0
	c.mu.Unlock()
	if idle {
		c.endIdle()
	}
}

func (c *serverConn) endIdle() {
	c.w.drain()
	c.end(&TransportError{Text: "server is ending"})
}
