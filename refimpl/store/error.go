package store

import (
	"errors"
	"syscall"
)

// Code says what was refused or failed. Texts are stable.
type Code string

// The codes. Those that a peer can cause are also what a merge is rejected with.
const (
	CodeNotFound  Code = "NOT_FOUND"     // no object, or only tombstones where a value is needed
	CodeName      Code = "NAME"          // a namespace, key or cursor name that is none (OBJ-017)
	CodeDenied    Code = "NS_DENIED"     // a namespace that the store does not have
	CodeTooLarge  Code = "TOO_LARGE"     // a value, object or cursor over its limit
	CodeLimit     Code = "LIMIT"         // more siblings or actors than the namespace takes
	CodeContext   Code = "CONTEXT"       // a context with writes that this store does not know, or none where one is needed
	CodeCollision Code = "DOT_COLLISION" // two different writes with one dot
	CodeCorrupt   Code = "CORRUPT"       // a dot beyond what its sender can know, or stored bytes that are no object
	CodeBusy      Code = "BUSY"          // the queue of writes is full; nothing was done
	CodeFull      Code = "DISK_FULL"     // the disk or a quota is full; nothing was done
	CodeDisk      Code = "DISK"          // a write or sync failed; the store refuses writes from now on
	CodeClosed    Code = "CLOSED"        // Close was called
)

// Error is what the functions of this package return, apart from the errors of callbacks and contexts.
type Error struct {
	Code   Code
	Detail string // for people; not stable
	Err    error  // cause, or nil
}

// Error gives code, detail and cause, for people.
func (e *Error) Error() string {
	text := "store: " + string(e.Code)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is matches an *Error with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t != nil && t.Code == e.Code
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf gives the code of the *Error in err, "" where there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func fail(code Code, detail string) *Error { return &Error{Code: code, Detail: detail} }

// isFull tells whether an error means that there is no room: of the disk, of a quota, or for a file of this size.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
