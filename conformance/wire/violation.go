package wire

import (
	"errors"
	"fmt"

	"handfast/codec"
)

// Violation is a rule that a sender broke.
type Violation struct {
	Req    string // "" where no requirement has a name for it
	Offset int    // in the opening or frame, -1 where it has no place
	Detail string
}

// String gives the id and what was wrong.
func (v *Violation) String() string { return fmt.Sprintf("[%s] %s", v.Req, v.Detail) }

// Broke makes a violation that has no place in the packet.
func Broke(req, format string, args ...any) *Violation {
	return &Violation{Req: req, Offset: -1, Detail: fmt.Sprintf(format, args...)}
}

// brokeAt makes a violation at an offset.
func brokeAt(off int, req, format string, args ...any) *Violation {
	v := Broke(req, format, args...)
	v.Offset = off
	return v
}

// parsing turns an error of codec into a violation.
func parsing(err error) *Violation {
	var e *codec.Error
	if errors.As(err, &e) {
		return brokeAt(e.Offset, e.Req, "%s", e.Detail)
	}
	return Broke("", "%v", err)
}

// Unreadable turns an error of codec, which is a receiver, into the rule that the sender of such bytes broke.
func Unreadable(err error) *Violation {
	v := parsing(err)
	if v.Req == "FRAME-003" || v.Req == "READY-013" {
		v.Req = "FRAME-012"
	}
	return v
}
