package link

import (
	"errors"
	"fmt"
	"net"
	"time"

	"handfast/codec"
)

// Error is the end of a link or of a stream, by a code of the specification.
type Error struct {
	Code   codec.Code
	Scope  codec.Scope   // ScopeLink or ScopeStream
	Remote bool          // the other side found the fault and said so
	Reject bool          // the stream was rejected: nothing of it was processed
	Req    string        // requirement that was broken, where this side found it
	Retry  time.Duration // wait this long before trying again; negative: never; 0: as the code says
	Text   string        // for people; the other side's words where Remote is set: show them escaped (CLOSE-005)
	Err    error         // cause, or nil

	Refuse *codec.Refuse // REFUSE as it was received, or nil
	Unmet  []string      // needed capabilities that are missing, with NEED_UNMET found here
	broken bool          // the transport has failed: nothing can be said on it
}

// Error gives a line for people.
func (e *Error) Error() string {
	who := "here"
	if e.Remote {
		who = "by the other side"
	}
	s := fmt.Sprintf("%s ended %s: %s", e.Scope, who, e.Code)
	if e.Req != "" {
		s += " [" + e.Req + "]"
	}
	if e.Text != "" {
		s += fmt.Sprintf(": %q", e.Text)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause. A link that has ended is also a closed connection to callers that ask for one.
func (e *Error) Unwrap() []error {
	if e.Scope == codec.ScopeLink {
		if e.Err != nil {
			return []error{e.Err, net.ErrClosed}
		}
		return []error{net.ErrClosed}
	}
	if e.Err != nil {
		return []error{e.Err}
	}
	return nil
}

// Is matches an *Error with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Processed answers whether work may have been done: "no" or "maybe" (chapter 14).
func (e *Error) Processed() string {
	if e.Reject {
		return "no"
	}
	return "maybe"
}

// ErrDraining is returned by Open after DRAIN was sent or received (DRAIN-001).
var ErrDraining = errors.New("link: draining, no new streams")

// errReleased is what Recv returns after the work of a stream was declared to have ended.
var errReleased = streamFault(codec.CodeCancelled, "", "received after Done")

func fault(code codec.Code, req, detail string) *Error {
	return &Error{Code: code, Scope: codec.ScopeLink, Req: req, Text: detail}
}

func streamFault(code codec.Code, req, detail string) *Error {
	return &Error{Code: code, Scope: codec.ScopeStream, Req: req, Text: detail}
}

// linkError turns what a parser or the transport returned into the end of a link.
func linkError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*codec.Error](err); ok {
		return &Error{Code: e.Code, Scope: codec.ScopeLink, Req: e.Req, Text: e.Detail, Err: err}
	}
	return &Error{Code: codec.CodeInternal, Scope: codec.ScopeLink, Err: err}
}

func retryOf(ms uint32) time.Duration {
	switch ms {
	case 0:
		return 0
	case codec.RetryNever:
		return -1
	default:
		return time.Duration(ms) * time.Millisecond
	}
}
