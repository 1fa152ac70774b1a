package clock

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrDotUsed says that a write was given a dot that is not new: its counter is not above every one that the object or the context
// knows of its actor, or is out of range (OBJ-002).
var ErrDotUsed = errors.New("clock: the dot of a write is not new")

// CollisionError says that two different writes have one dot (OBJ-009). One of the stores was copied, or restored without a new
// actor. Nothing was merged.
type CollisionError struct {
	Dot Dot
}

// Error names the dot.
func (e *CollisionError) Error() string {
	return fmt.Sprintf("clock: two different values have the dot %s", e.Dot)
}

// Reason says which rule of the encoding an input breaks.
type Reason uint8

// The reasons, by the rule. The vectors name them by String.
const (
	ReasonShort   Reason = iota + 1 // the input ends early
	ReasonForm                      // another form of the encoding
	ReasonZero                      // a reserved byte is not zero
	ReasonLimit                     // more bytes, actors, siblings or ranges than the receiver takes
	ReasonOrder                     // not strictly ascending
	ReasonCounter                   // a counter outside 1 to MaxCounter, or a range whose end is before its beginning
	ReasonContext                   // a sibling that the context does not have
	ReasonFlags                     // an unknown flag, or a tombstone with a value
	ReasonGap                       // ranges of a node clock that touch, and so are one
	ReasonTail                      // bytes behind the end
)

var reasonNames = [...]string{
	"unknown", "short", "form", "zero", "limit", "order", "counter", "context", "flags", "gap", "tail",
}

// String gives the stable token of the reason.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "reason " + strconv.Itoa(int(r))
}

// DecodeError says why bytes are no object or node clock. It holds no bytes of the input.
type DecodeError struct {
	Reason Reason
	Req    string // the requirement that the input breaks
	Offset int    // of the field at fault
}

// Error gives reason, place and requirement. For people only.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("clock: %s at byte %d [%s]", e.Reason, e.Offset, e.Req)
}

// Is matches a DecodeError with the same reason.
func (e *DecodeError) Is(target error) bool {
	t, ok := target.(*DecodeError)
	return ok && t != nil && t.Reason == e.Reason
}
