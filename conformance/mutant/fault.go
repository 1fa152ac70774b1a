package mutant

import (
	"errors"
	"fmt"

	"handfast/codec"
)

// fault is a rule that the other side broke, and how it is answered: by a link error, or by a stream error.
type fault struct {
	req    string
	code   codec.Code
	stream uint32 // 0 for a link error
	text   string
	need   []string // of REFUSE(NEED_UNMET)
}

// Error gives the id and the text.
func (f *fault) Error() string { return fmt.Sprintf("%v [%s] %s", f.code, f.req, f.text) }

// linkFault makes a link error.
func linkFault(req string, code codec.Code, format string, args ...any) *fault {
	return &fault{req: req, code: code, text: fmt.Sprintf(format, args...)}
}

// asFault turns what a parser found on a stream, or on the link, into a fault; nil for an error that is none.
func asFault(err error, stream uint32) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	e, ok := errors.AsType[*codec.Error](err)
	if !ok {
		return nil
	}
	f := &fault{req: e.Req, code: e.Code, text: e.Detail}
	if e.Scope == codec.ScopeStream {
		f.stream = stream
	}
	return f
}
