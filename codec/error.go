package codec

import (
	"fmt"
	"io"
	"strconv"
)

// Scope says how much an error ends. The zero value is the widest: a scope that somebody forgot to set must not keep a
// link alive whose two ends no longer agree on what was said.
type Scope uint8

// The scopes, widest first.
const (
	ScopeLink   Scope = iota // the link is closed
	ScopeStream              // the stream is reset, the link lives
	ScopeItem                // one message, record or object is refused, the stream lives
)

// String gives the scope's name in the specification.
func (s Scope) String() string {
	switch s {
	case ScopeLink:
		return "link"
	case ScopeStream:
		return "stream"
	case ScopeItem:
		return "item"
	default:
		return "scope " + strconv.Itoa(int(s))
	}
}

// ErrShort says that what has arrived so far has no fault and that more bytes are needed to go on. Only callers that
// read from a stream see it; a body whose length is known and that ends too early is malformed (MP-013) instead.
var ErrShort = fmt.Errorf("codec: more bytes are needed: %w", io.ErrUnexpectedEOF)

// Error is what every parser and encoder of this package returns, apart from ErrShort. It holds no bytes of the input,
// so that it can be kept and logged.
type Error struct {
	Code   Code
	Scope  Scope
	Req    string // id of the requirement that the input breaks: "MP-003"; empty if none
	Offset int    // bytes from the start of the input given to the parser; for an encoder, of its output
	Detail string // for people; not stable
	Err    error  // cause, or nil
}

// Error gives "codec: ENCODING at byte 7 [MP-003]: detail". The text is for people: nothing may parse it.
func (e *Error) Error() string {
	text := "codec: " + e.Code.String() + " at byte " + strconv.Itoa(e.Offset)
	if e.Req != "" {
		text += " [" + e.Req + "]"
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is matches an *Error with the same code and, if the target names a requirement, the same requirement.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t != nil && t.Code == e.Code && (t.Req == "" || t.Req == e.Req)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
