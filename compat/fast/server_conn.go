package fast

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

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
	if !m.Named || m.Name == "" {
		c.server.failed.Add(1)
		return c.writer(m).fail("", &ServerError{Name: "FastError", Message: "RPC request is not well-formed", Info: infoOf(BadData, "", id)})
	}
	h := c.server.methods[m.Name]
	if h == nil {
		h = c.server.methods[""]
	}
	switch {
	case h == nil:
		c.server.failed.Add(1)
		return c.writer(m).fail(m.Name, UnknownMethod(&Request{Method: m.Name, Msgid: id}))
	case h.inline != nil:
		return c.inline(h.inline, m)
	}
	return c.start(h.handler, m)
}

// writer makes the writer of a request.
func (c *serverConn) writer(m *Message) *Writer {
	return &Writer{c: c, id: uint32(m.Msgid), dialect: m.Dialect}
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
func (c *serverConn) inline(h Inline, m *Message) error {
	v := valuesPool.Get().(*Values)
	defer valuesPool.Put(v)
	w := &v.w
	w.c, w.id, w.dialect = c, uint32(m.Msgid), m.Dialect
	v.name, v.b = m.Name, v.b[:0]
	failure := h(m.D, v)
	b, err := c.w.begin()
	if err != nil {
		return err
	}
	b = append(b, v.b...)
	if cap(v.b) > readLarge {
		v.b = nil
	}
	if cap(v.scratch) > readLarge {
		v.scratch = nil
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

// overloaded answers a request for which the server has no place.
var overloaded = &ServerError{Name: "OverloadedError", Message: "too many requests are running"}

// start serves a request on a goroutine of its own, which finish waits for. It waits for a place on the connection. The error is that of
// the transport.
func (c *serverConn) start(h Handler, m *Message) error {
	w := c.writer(m)
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
		return nil
	}
	if c.server.running.Add(1) > int64(c.server.cfg.MaxRunning) {
		c.server.running.Add(-1)
		c.mu.Unlock()
		c.server.failed.Add(1)
		return w.fail(r.Method, overloaded)
	}
	c.active[w.id] = struct{}{}
	c.running++
	c.bytes += len(r.Args)
	c.mu.Unlock()
	go func() { // ends with the handler; finish waits for it
		err := h(c.ctx, r, w)
		w.over.Store(true)
		c.server.running.Add(-1)
		c.answer(w, r, err)
	}()
	return nil
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
	c.w.fail(err) // first: a handler that its context has ended must not tell the peer
	c.cancel(err)
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
