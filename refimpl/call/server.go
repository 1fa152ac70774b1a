package call

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/link"
)

// Handler serves one call on a goroutine of its own. ctx ends when the deadline has passed, when the caller resets the
// stream, and when the link ends; work must then stop (CALL-006, CALL-008), or the end of the peer waits for it
// (link.Config.WorkTimeout) and reports its method. The error it returns is said as ERROR.
type Handler func(ctx context.Context, r *Request, w *Writer) error

// Inline serves a call that has its whole request in one small message, on the goroutine that reads the link. It appends
// its one reply to b. It must be short, must not wait, and must not keep args.
type Inline func(b, args []byte) ([]byte, error)

// maxInline is the largest request that is served inline, in bytes: a larger one takes so long to copy that other streams
// should not wait for it.
const maxInline = 8 << 10

// Request is what a caller asks.
type Request struct {
	Method string
	Args   []byte // of REQUEST; owned by the handler
	stream *link.Stream
	ended  bool // FIN came with REQUEST
}

// Next gives the next ARG; it is valid until the next call. After the last it returns io.EOF.
func (r *Request) Next() ([]byte, error) {
	if r.ended {
		return nil, io.EOF
	}
	msg, err := r.stream.Recv()
	if err != nil {
		return nil, err
	}
	value, err := codec.ParseCallArg(msg)
	if err != nil {
		r.stream.Reset(codec.CodeProtocol, err.Error())
		return nil, r.stream.Err()
	}
	return value, nil
}

// Writer takes the replies of one call. Its methods may be called by any goroutine.
type Writer struct {
	stream *link.Stream
	out    func([]byte) error // takes the replies in place of stream: Server.Do
	mu     sync.Mutex         // guards over, and keeps replies in order
	over   bool
}

// Reply sends one REPLY. It waits for credit. value is copied.
func (w *Writer) Reply(value []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return context.DeadlineExceeded
	}
	if w.out != nil {
		return w.out(value)
	}
	return w.stream.SendParts(replyKind, value)
}

// sendMade sends one REPLY of size bytes, its first included, that reply makes as Stream.SendMade says.
func (w *Writer) sendMade(size int, reply func(p []byte, from int)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return context.DeadlineExceeded
	}
	if w.out != nil {
		b := make([]byte, size)
		reply(b, 0)
		return w.out(b[1:])
	}
	return w.stream.SendMade(size, reply)
}

// end sends ERROR, if err is not nil, and FIN, once (CALL-004, CALL-005).
func (w *Writer) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.over = true
	if err == nil {
		_ = w.stream.CloseSend()
		return
	}
	_ = w.stream.SendLast(errorMessage(err))
}

func errorMessage(err error) []byte {
	b, encodeErr := wireError(err).Append(nil)
	if encodeErr != nil { // a handler's name or data beyond the profile
		b, _ = (&codec.CallError{Code: codec.CodeInternal, Processed: "maybe", Text: "the error cannot be encoded"}).Append(nil)
	}
	return b
}

// What stands before the value of a REPLY and of an ARG.
var (
	replyKind = codec.AppendCallReply(nil, nil)
	argKind   = codec.AppendCallArg(nil, nil)
)

// Server serves methods by name. It is a [link.Handler] for the sub-protocol call. Methods are registered before it is
// used.
type Server struct {
	methods map[string]Handler
	inlines map[string]Inline
}

// NewServer makes a server without methods.
func NewServer() *Server {
	return &Server{methods: make(map[string]Handler), inlines: make(map[string]Inline)}
}

// Handle registers a method.
func (s *Server) Handle(method string, h Handler) { s.methods[method] = h }

// HandleInline registers a short method. h serves it where the whole request is one small message, else is used.
func (s *Server) HandleInline(method string, h Inline, other Handler) {
	s.inlines[method] = h
	s.methods[method] = other
}

// HandleStream accepts a call.
func (s *Server) HandleStream(st *link.Stream, _ []byte) {
	st.AcceptWith(nil, (*awaiting)(s))
}

// awaiting receives the messages of calls whose REQUEST has not come. It has no state of its own: one serves all calls.
type awaiting Server

// OnMessage takes the first message.
func (a *awaiting) OnMessage(st *link.Stream, msg []byte, last bool) {
	req, err := codec.ParseCallRequest(msg)
	if err != nil {
		st.Reset(codec.CodeProtocol, "CALL-002: "+err.Error()) // OnEnd follows
		return
	}
	if last && len(req.Args) <= maxInline {
		if h, ok := a.inlines[req.Method]; ok && a.inline(st, h, req.Args) {
			return
		}
	}
	h, ok := a.methods[req.Method]
	if !ok {
		st.Receive(ignoring{})
		unknown := &Error{Code: codec.CodeCallUnknownMethod, Processed: "no", Text: "no method of that name is served here"}
		if !st.TrySendLast(errorMessage(unknown)) { // neither credit nor room: let a goroutine wait
			st.Go(func() { _ = st.SendLast(errorMessage(unknown)) })
		}
		st.Done()
		return
	}
	st.Pull()
	r := &Request{Method: req.Method, Args: append([]byte(nil), req.Args...), stream: st, ended: last}
	deadline := time.Duration(req.DeadlineMS) * time.Millisecond
	st.GoAs(req.Method, func() {
		defer st.Done()
		serve(h, r, deadline)
	})
}

// inline serves a call where it was read. False: the reply could not be sent without waiting, and nothing was done.
func (a *awaiting) inline(st *link.Stream, h Inline, args []byte) bool {
	buf := replyBuffers.Get().(*[]byte)
	defer replyBuffers.Put(buf)
	b, err := h(codec.AppendCallReply((*buf)[:0], nil), args)
	if err != nil {
		b = errorMessage(err)
	}
	*buf = b[:0]
	if !st.TrySendLast(b) {
		return false
	}
	st.Receive(ignoring{})
	st.Done()
	return true
}

var replyBuffers = sync.Pool{New: func() any { b := make([]byte, 0, maxInline+64); return &b }}

// OnEnd takes the end of a call that had no REQUEST (CALL-012).
func (a *awaiting) OnEnd(st *link.Stream, err error) {
	if err == nil {
		st.Reset(codec.CodeProtocol, "CALL-012: the stream ended without a REQUEST")
	}
	st.Done()
}

// ignoring receives what a caller still sends when its call was answered.
type ignoring struct{}

func (ignoring) OnMessage(st *link.Stream, msg []byte, _ bool) {
	if _, err := codec.ParseCallArg(msg); err != nil {
		st.Reset(codec.CodeProtocol, err.Error())
	}
}

func (ignoring) OnEnd(*link.Stream, error) {}

// serve runs one handler.
func serve(h Handler, r *Request, deadline time.Duration) {
	ctx, cancel := r.stream.Context(), func() {}
	if deadline > 0 { // CALL-007
		ctx, cancel = context.WithTimeout(ctx, deadline)
	}
	defer cancel()
	w := &Writer{stream: r.stream}
	stop := func() bool { return true }
	if deadline > 0 {
		// The caller hears of the deadline when it passes, whatever the handler is doing (CALL-006).
		stop = context.AfterFunc(ctx, func() {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				// Where the caller grants no credit, ERROR cannot be said, and a handler that replies waits for ever.
				late := time.AfterFunc(sayWithin, func() { r.stream.Reset(codec.CodeDeadline, "") })
				w.end(&Error{Code: codec.CodeDeadline, Processed: "maybe"})
				late.Stop()
			}
		})
	}
	err := h(ctx, r, w)
	stop()
	if err == nil {
		err = r.skip()
	}
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = &Error{Code: codec.CodeDeadline, Processed: "maybe"}
	}
	w.end(err)
}

// sayWithin is how long a call whose deadline has passed waits for credit to say so.
const sayWithin = time.Second

// skip reads the ARGs that a handler left, so that a fault among them is still answered; it does not wait for any.
func (r *Request) skip() error {
	if r.ended {
		return nil
	}
	r.stream.Receive(ignoring{}) // those that come from now on
	for r.stream.Unread() {
		if _, err := r.Next(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}
