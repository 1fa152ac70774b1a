package call

import (
	"errors"
	"fmt"
	"time"

	"handfast/codec"
	"handfast/refimpl/link"
)

// Error is the failure of one call, as ERROR says it. A handler returns one to choose what is said.
type Error struct {
	Code      codec.Code
	Name      string        // the method's own name for the error, at most 64 bytes
	Text      string        // for people, at most 1,024 bytes
	Processed string        // "no", "maybe" or "yes"; empty: "maybe"
	Retry     time.Duration // wait this long before trying again; negative: never; 0: see HasRetry
	HasRetry  bool          // Retry is said even if it is 0, which is at once
	Data      []byte        // defined by the method
}

// Error gives a line for people.
func (e *Error) Error() string {
	s := "call failed: " + e.Code.String()
	if e.Name != "" {
		s += " " + e.Name
	}
	if e.Text != "" {
		s += fmt.Sprintf(": %q", e.Text)
	}
	return s
}

// Is matches an *Error with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Processed says whether the callee may have done work for a call that failed with err: "no", "maybe" or "yes" (CALL-011).
func Processed(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Processed
	}
	if e, ok := errors.AsType[*link.Error](err); ok {
		return e.Processed()
	}
	return "maybe"
}

// wireError is what a handler's error says on the wire.
func wireError(err error) *codec.CallError {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return &codec.CallError{Code: codec.CodeCallFailed, Processed: "maybe", Text: cut(err.Error())}
	}
	w := &codec.CallError{Code: e.Code, Name: e.Name, Text: cut(e.Text), Processed: e.Processed, Data: e.Data}
	if w.Processed == "" {
		w.Processed = "maybe"
	}
	switch {
	case e.Retry < 0:
		w.RetryMS, w.HasRetry = codec.RetryNever, true
	case e.Retry > 0 || e.HasRetry:
		w.RetryMS, w.HasRetry = uint32(min(e.Retry.Milliseconds(), codec.RetryNever-1)), true
	}
	return w
}

// cut shortens a text to what ERROR may carry.
func cut(s string) string {
	const most = 1024
	for len(s) > most {
		s = s[:most]
		for len(s) > 0 && s[len(s)-1]&0xC0 == 0x80 {
			s = s[:len(s)-1]
		}
		if len(s) > 0 {
			s = s[:len(s)-1]
		}
	}
	return s
}

// fromWire is the reverse of wireError.
func fromWire(w *codec.CallError) *Error {
	e := &Error{Code: w.Code, Name: w.Name, Text: w.Text, Processed: w.Processed, Data: w.Data}
	if w.HasRetry {
		e.HasRetry = true
		e.Retry = time.Duration(w.RetryMS) * time.Millisecond
		if w.RetryMS == codec.RetryNever {
			e.Retry = -1
		}
	}
	return e
}

// ErrBadArgument is the code for arguments that a method cannot use, as an error that a handler can return.
func ErrBadArgument(text string) error {
	return &Error{Code: codec.CodeCallBadArgument, Processed: "no", Text: text}
}
