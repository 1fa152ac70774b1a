package call

import (
	"context"

	"handfast/codec"
)

// Do serves a call that did not come over a link: for peers of another protocol, whose bytes it does not know. It calls reply with
// each REPLY's value, which is good until reply returns, and returns when the method has. ctx takes the place of the deadline and
// of the stream's end. A method that is not served is an *Error with CALL_UNKNOWN_METHOD.
func (s *Server) Do(ctx context.Context, method string, args []byte, reply func([]byte) error) error {
	if h, ok := s.inlines[method]; ok && len(args) <= maxInline {
		buf := replyBuffers.Get().(*[]byte)
		defer replyBuffers.Put(buf)
		b, err := h((*buf)[:0], args)
		if err != nil {
			return err
		}
		*buf = b[:0]
		return reply(b)
	}
	h, ok := s.methods[method]
	if !ok {
		return &Error{Code: codec.CodeCallUnknownMethod, Processed: "no", Text: "no method of that name is served here"}
	}
	w := &Writer{out: reply}
	err := h(ctx, &Request{Method: method, Args: append([]byte(nil), args...), ended: true}, w)
	w.mu.Lock() // what the handler has left behind replies no more
	w.over = true
	w.mu.Unlock()
	return err
}
