package fast

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// ClientConfig says how a client behaves. The zero value is good.
type ClientConfig struct {
	// Dialect is how requests are written. Zero: V1, which every release serves but 2.8.2 with crc_mode 3. A default 3.x server
	// answers each request in its version.
	Dialect Dialect
	// MaxPayload bounds one message, in bytes. 0: DefaultMaxPayload.
	MaxPayload int
	// MaxQueued bounds the values of one request that nobody has taken, in bytes. For Stream the connection is not read beyond it,
	// because Fast has no word for one request alone; Call fails. 0: DefaultMaxPayload.
	MaxQueued int
	// MaxRequests bounds the requests that are pending, abandoned ones that the server has not answered included. 0: 65,536.
	MaxRequests int
	// MessageTimeout bounds the time from the first byte of a message to its last. 0: 30 s.
	MessageTimeout time.Duration
	// IgnoreNull drops values that are null. Else they fail their request.
	IgnoreNull bool
	// Spin bounds how long a Call looks for its reply again and again before its goroutine sleeps, where calls come one by one and
	// are answered soon: that spares most of the time of a short call, and costs up to one processor while it lasts. At most half of
	// the processors do so at once, and a server that is slow costs nothing of note. The end of an idle connection is then found up
	// to 10 ms later. 0: DefaultSpin; negative, or with one processor: never; at most MaxSpin.
	Spin time.Duration
	// OnError is called at most once, with what ends the client, before requests fail. Nothing is said of an end of stream when
	// nothing is pending, or of Close and Detach. It must not wait for the client.
	OnError func(error)
}

// maxFree is how many streams are kept for later calls.
const maxFree = 64

// ClientStats counts what a client has seen.
type ClientStats struct {
	Pending     int    // requests without an end, abandoned ones included
	Abandoned   int    // of these
	Requests    uint64 // so far
	Failed      uint64 // of these
	LaterErrors uint64 // faults after the first
	Looked      uint64 // requests whose callers have found the end of the reply themselves: see ClientConfig.Spin
}

// Client makes requests on one connection. Its methods may be called by any goroutine.
type Client struct {
	cfg  ClientConfig
	conn net.Conn
	r    *Reader
	w    *writer
	done chan struct{} // closed when reading has ended

	wanted chan struct{} // capacity 1: the goroutine of the client has to read again
	tick   *time.Timer   // of that goroutine

	mu       sync.Mutex // guards the fields below
	requests map[uint32]*Stream
	last     uint32 // id given last
	err      error  // why the client has ended
	room     sync.Cond
	stats    ClientStats
	free     []*Stream // of calls that have ended
	reading  bool      // somebody reads, and owns r
	chance   chance    // of a caller that looks for its reply

	completed map[string]uint64 // by method
}

// NewClient makes a client of a connection. A protocol error ends conn; after Detach it is the caller's again.
func NewClient(conn net.Conn, cfg ClientConfig) *Client {
	noDelay(conn)
	if cfg.Dialect == (Dialect{}) {
		cfg.Dialect = V1
	}
	if cfg.MaxQueued == 0 {
		cfg.MaxQueued = DefaultMaxPayload
	}
	if cfg.MaxRequests == 0 {
		cfg.MaxRequests = 65536
	}
	if cfg.MessageTimeout == 0 {
		cfg.MessageTimeout = 30 * time.Second
	}
	c := &Client{cfg: cfg, conn: conn, w: newWriter(conn), r: NewReader(conn, cfg.MaxPayload), done: make(chan struct{}), requests: make(map[uint32]*Stream), completed: make(map[string]uint64)}
	c.r.conn, c.r.timeout = conn, cfg.MessageTimeout
	if cfg.Dialect == V1New {
		c.r.sums = newOnly
	}
	c.wanted, c.reading = make(chan struct{}, 1), true
	if window := spinTime(cfg.Spin); window > 0 {
		c.r.socket, c.chance = newPoller(conn), newChance(window)
	}
	c.room.L = &c.mu
	go c.read()
	return c
}

// Stats reads the counters.
func (c *Client) Stats() ClientStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.stats
	st.Pending = len(c.requests)
	for _, s := range c.requests {
		if s.ended {
			st.Abandoned++
		}
	}
	return st
}

// Flush waits until everything that was sent is with the transport, or the client has ended. Who ends its direction of the
// connection and waits for answers has to call it before.
func (c *Client) Flush() { c.w.drain() }

// Done is closed when the client has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the client has ended, or nil.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close fails what is pending and ends the connection.
func (c *Client) Close() error {
	c.end(ErrClientDetached, false)
	err := c.conn.Close()
	<-c.done
	<-c.w.done
	return err
}

// Detach fails what is pending and leaves the connection to the caller, who may find it within a message.
func (c *Client) Detach() {
	c.end(ErrClientDetached, false)
	_ = c.conn.SetDeadline(time.Unix(1, 0))
	<-c.done
	<-c.w.done
	_ = c.conn.SetDeadline(time.Time{})
}

// Call makes a request and gives all values of its reply. args is a JSON array. The error is a *RequestError, or one of an
// argument.
func (c *Client) Call(ctx context.Context, method string, args []byte) ([]json.RawMessage, error) {
	s, err := c.begin(ctx, method, args, true)
	if err != nil {
		return nil, err
	}
	if c.lead(s) {
		return c.result(s)
	}
	if ctx.Done() == nil {
		<-s.signal
	} else {
		select {
		case <-s.signal:
		case <-ctx.Done():
			s.give(ctx)
		}
	}
	return c.result(s)
}

// result gives what a Call has come to. s is then for others, unless the server has not ended it.
func (c *Client) result(s *Stream) (values []json.RawMessage, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if values = s.values; s.err != io.EOF {
		err = s.err
	}
	if c.requests[s.id] != s && len(c.free) < maxFree {
		select {
		case <-s.signal:
		default:
		}
		*s = Stream{c: c, signal: s.signal}
		c.free = append(c.free, s)
	}
	return values, err
}

// Stream is a request whose values are taken one by one. Its Recv is for one goroutine.
type Stream struct {
	c       *Client
	id      uint32
	method  string
	begun   time.Time
	collect bool          // a Call
	alone   bool          // nothing else was pending
	signal  chan struct{} // capacity 1: something is new

	// Guarded by Client.mu.
	values []json.RawMessage
	size   int   // of values, in bytes
	err    error // after values; io.EOF after END
	ended  bool  // nothing more is taken from the server
}

// Stream makes a request. args is a JSON array. It waits where much is to be sent already, and not for the transport.
func (c *Client) Stream(ctx context.Context, method string, args []byte) (*Stream, error) {
	return c.begin(ctx, method, args, false)
}

// ErrArguments says that nothing was sent, because a method needs a name of UTF-8, and arguments are a JSON array of bounded depth.
var ErrArguments = errors.New("fast: a method has a name of UTF-8, and its arguments are a JSON array")

func (c *Client) begin(ctx context.Context, method string, args []byte, collect bool) (*Stream, error) {
	switch i := skipSpace(args, 0); {
	case method == "", !validText(method), i >= len(args), args[i] != '[', !validValue(args):
		return nil, ErrArguments
	}
	begun := time.Now()
	if ctx.Err() != nil {
		return nil, &RequestError{Method: method, Err: causeOf(ctx, begun)}
	}
	c.mu.Lock()
	err := c.err
	if err != nil {
		err = ErrDetached
	} else if len(c.requests) >= c.cfg.MaxRequests {
		err = ErrTooManyRequests
	}
	if err != nil {
		c.mu.Unlock()
		return nil, &RequestError{Method: method, Err: err}
	}
	s := c.stream()
	s.method, s.collect, s.begun = method, collect, begun
	s.id = c.allocate()
	c.requests[s.id] = s
	c.stats.Requests++
	s.alone = len(c.requests) == 1
	unread := !c.reading && !(collect && s.alone) // a Call that is alone looks for its reply first
	c.mu.Unlock()
	if unread {
		c.want()
	}
	b, err := c.w.begin()
	if err != nil {
		c.abort(err) // the reader may not have seen it yet
		<-s.signal   // whoever ends the client fails what is pending
		c.mu.Lock()
		defer c.mu.Unlock()
		return nil, s.err
	}
	b = appendHeader(b, c.cfg.Dialect, Data, s.id)
	from := len(b)
	b = append(append(appendHead(b, method), args...), '}')
	if b = finish(b, from, c.cfg.Dialect); s.alone {
		c.w.commitNow(b)
	} else {
		c.w.commit(b)
	}
	return s, nil
}

// stream gives a stream that nobody uses. The caller holds mu.
func (c *Client) stream() *Stream {
	if n := len(c.free); n > 0 {
		s := c.free[n-1]
		c.free = c.free[:n-1]
		return s
	}
	return &Stream{c: c, signal: make(chan struct{}, 1)}
}

// allocate gives the next id that is not in use. The caller holds mu and has less than MaxMsgid requests.
func (c *Client) allocate() uint32 {
	id, _ := nextID(c.last, 1, MaxMsgid, func(id uint32) bool { return c.requests[id] != nil })
	c.last = id
	return id
}

// nextID gives the id after last within lo to hi that is not taken, going on at lo behind hi. False: all are taken.
func nextID(last, lo, hi uint32, taken func(uint32) bool) (uint32, bool) {
	id := last
	for range uint64(hi) - uint64(lo) + 1 {
		if id++; id > hi || id < lo {
			id = lo
		}
		if !taken(id) {
			return id, true
		}
	}
	return 0, false
}

// Recv gives the next value, which is the caller's. After the last it returns io.EOF; else a *RequestError. When ctx ends the
// request is abandoned.
func (s *Stream) Recv(ctx context.Context) (json.RawMessage, error) {
	for {
		s.c.mu.Lock()
		if len(s.values) > 0 {
			v := s.values[0]
			s.values = s.values[1:]
			full := s.size >= s.c.cfg.MaxQueued
			s.size -= len(v)
			if full {
				s.c.room.Broadcast()
			}
			s.c.mu.Unlock()
			return v, nil
		}
		err := s.err
		s.c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-s.signal:
		case <-ctx.Done():
			s.give(ctx)
		}
	}
}

// Abandon fails the request if it has not ended. Nothing is sent: the server runs it to its end.
func (s *Stream) Abandon() { s.abandon(ErrAbandoned) }

func (s *Stream) give(ctx context.Context) { s.abandon(causeOf(ctx, s.begun)) }

func causeOf(ctx context.Context, begun time.Time) error {
	if at, ok := ctx.Deadline(); ok && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &TimeoutError{After: at.Sub(begun).Round(time.Millisecond)}
	}
	return ErrAbandoned
}

func (s *Stream) abandon(cause error) {
	s.c.mu.Lock()
	s.stop(cause)
	s.c.mu.Unlock()
}

// stop ends the request for its caller, once. Its id stays in use until the server has ended it. The caller holds mu.
func (s *Stream) stop(cause error) {
	if s.err == nil {
		s.c.stats.Failed++
		s.c.completed[s.method]++
		s.err = &RequestError{Msgid: s.id, Method: s.method, Err: cause}
	}
	s.ended = true
	s.c.room.Broadcast()
	s.wake()
}

func (s *Stream) wake() {
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// take deals with one message.
func (c *Client) take(m *Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.requests[uint32(m.Msgid)]
	if s == nil {
		return &ProtocolError{Reason: UnknownMsgid, Msgid: uint32(m.Msgid), Text: "fast protocol: received message with unknown msgid " + uitoa(uint32(m.Msgid))}
	}
	if m.Status == Error {
		c.remove(s)
		if !s.ended {
			e, _ := serverErrorOf(m.D) // was checked
			s.stop(e)
		}
		return nil
	}
	if len(m.D) > 2 && !s.ended {
		elements(m.D, func(v []byte) bool {
			c.deliver(s, v)
			return !s.ended && c.err == nil
		})
	}
	if m.Status == End {
		c.remove(s)
		if !s.ended {
			s.err, s.ended = io.EOF, true
			c.completed[s.method]++
			s.wake()
		}
	}
	return nil
}

// remove forgets a request that the server has ended, and learns whether a look is better than to wait. The caller holds mu.
func (c *Client) remove(s *Stream) {
	delete(c.requests, s.id)
	switch {
	case !s.alone || !s.collect || len(c.requests) > 0:
		c.chance.none()
	case !c.chance.promising():
		c.chance.waited(time.Since(s.begun))
	}
}

// deliver queues one value. It waits for room where the request is a stream. The caller holds mu.
func (c *Client) deliver(s *Stream, v []byte) {
	if string(v) == "null" {
		if !c.cfg.IgnoreNull {
			s.stop(&ProtocolError{Reason: NullValue, Msgid: s.id, Text: `server sent "null" value`})
		}
		return
	}
	for s.size >= c.cfg.MaxQueued && !s.ended && c.err == nil {
		if s.collect {
			s.stop(ErrReplyTooLarge)
			return
		}
		c.room.Wait()
	}
	if s.ended {
		return
	}
	s.values = append(s.values, append(json.RawMessage(nil), v...))
	s.size += len(v)
	if !s.collect {
		s.wake()
	}
}

// abort ends the client because of what reading or writing has returned, and the connection with it.
func (c *Client) abort(err error) {
	sent := c.w.failure()
	switch _, fault := errors.AsType[*ProtocolError](err); {
	case fault:
	case sent != nil:
		err = sent
	case errors.Is(err, io.EOF):
		err = ErrUnexpectedEnd
	default:
		if _, ok := errors.AsType[*TransportError](err); !ok {
			err = &TransportError{Text: "unexpected error on transport", Err: err}
		}
	}
	if c.end(err, true) {
		_ = c.conn.Close()
	}
}

// end ends the client, once: it tells its owner, then fails what is pending. False: it had ended.
func (c *Client) end(err error, tell bool) bool {
	c.mu.Lock()
	if c.err != nil {
		c.stats.LaterErrors++
		c.mu.Unlock()
		return false
	}
	c.err = err
	pending := false
	for _, s := range c.requests {
		pending = pending || !s.ended
	}
	c.room.Broadcast()
	c.mu.Unlock()
	c.want()
	c.w.fail(ErrDetached)
	if tell && c.cfg.OnError != nil && (pending || err != ErrUnexpectedEnd) {
		c.cfg.OnError(err)
	}
	c.mu.Lock()
	for id, s := range c.requests {
		if !s.ended {
			s.stop(err)
		}
		delete(c.requests, id)
	}
	c.mu.Unlock()
	return true
}
