package call

import (
	"context"

	"handfast/codec"
	"handfast/refimpl/link"
)

// Only gives h for callers whose link admit allows; all others are answered with ERROR(FORBIDDEN), and h does not run. A nil admit allows
// everybody. Admit is called once a call, from many goroutines.
func Only(admit func(*link.Link) bool, h Handler) Handler {
	if admit == nil {
		return h
	}
	return func(ctx context.Context, q *Request, w *Writer) error {
		if !admit(q.stream.Link()) {
			return &Error{Code: codec.CodeForbidden, Text: q.Method + " is for operators", Processed: codec.ProcessedNo}
		}
		return h(ctx, q, w)
	}
}
