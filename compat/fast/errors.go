package fast

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

// Reason says which rule of the protocol was broken. The words are the fastReason values of node-fast, and two more.
type Reason string

// The reasons.
const (
	UnsupportedVersion Reason = "unsupported_version"
	UnsupportedType    Reason = "unsupported_type"
	UnsupportedStatus  Reason = "unsupported_status"
	InvalidMsgid       Reason = "invalid_msgid"
	BadCRC             Reason = "bad_crc"
	InvalidJSON        Reason = "invalid_json"
	BadData            Reason = "bad_data"
	BadDataD           Reason = "bad_data_d"
	BadError           Reason = "bad_error"
	IncompleteMessage  Reason = "incomplete_message"
	UnknownMsgid       Reason = "unknown_msgid"
	UnexpectedStatus   Reason = "unexpected_status"
	DuplicateMsgid     Reason = "duplicate_msgid"
	BadMethod          Reason = "bad_method"   // said by servers, in ERROR
	InvalidUTF8        Reason = "invalid_utf8" // not in node-fast, which replaces what is not UTF-8
	TooLong            Reason = "too_long"     // not in node-fast, which has no limit
	NullValue          Reason = "null_value"   // not in node-fast, which says it in words only
)

// ProtocolError is a fault of the other side. It ends the connection, with the exception of NullValue, which ends its request.
type ProtocolError struct {
	Reason   Reason
	Msgid    uint32 // of the message, where it is known
	Found    uint32 // version, type, status, msgid, length or checksum that was found
	Expected uint32 // with BadCRC the checksum that was calculated, with TooLong the limit
	Version  uint8  // with BadCRC the version of the message
	Text     string // for people
}

// Error gives a line for people.
func (e *ProtocolError) Error() string { return e.Text }

// Is matches a *ProtocolError with the same reason.
func (e *ProtocolError) Is(target error) bool {
	t, ok := target.(*ProtocolError)
	return ok && t.Reason == e.Reason
}

// TransportError says that the transport failed or was taken away.
type TransportError struct {
	Text string
	Err  error // cause, or nil
}

// Error gives a line for people.
func (e *TransportError) Error() string {
	if e.Err != nil {
		return e.Text + ": " + e.Err.Error()
	}
	return e.Text
}

// Unwrap gives the cause; a transport that is gone is a closed connection too.
func (e *TransportError) Unwrap() []error {
	if e.Err != nil {
		return []error{e.Err, net.ErrClosed}
	}
	return []error{net.ErrClosed}
}

// The transport errors without a cause.
var (
	ErrDetached       error = &TransportError{Text: "transport detached"}
	ErrClientDetached error = &TransportError{Text: "client detached from transport"}
	ErrUnexpectedEnd  error = &TransportError{Text: "unexpected end of transport stream"}
)

// ErrAbandoned is the cause of a request that its caller has abandoned.
var ErrAbandoned = errors.New("request abandoned by user")

// ErrTooManyRequests says that ClientConfig.MaxRequests are pending, abandoned ones that were not answered included.
var ErrTooManyRequests = errors.New("fast: too many requests are pending")

// ErrReplyTooLarge is the cause of a request whose values together exceed ClientConfig.MaxQueued.
var ErrReplyTooLarge = errors.New("fast: the values of the reply exceed the limit")

// TimeoutError is the cause of a request whose deadline has passed.
type TimeoutError struct{ After time.Duration }

// Error gives a line for people.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("timed out after %d milliseconds", e.After.Milliseconds())
}

// Timeout makes it a timeout to callers that ask for net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is asked for by net.Error.
func (e *TimeoutError) Temporary() bool { return true }

// ServerError is what ERROR carries. A handler returns one to choose what is said.
type ServerError struct {
	Name, Message string
	Context, Info json.RawMessage // objects; absent: sent as {}
	ASEErrors     json.RawMessage // absent: not sent
	Stack         json.RawMessage // as received; never sent
	Raw           json.RawMessage // the whole object as it was received; never sent
}

// Error gives a line for people.
func (e *ServerError) Error() string {
	return fmt.Sprintf("server error: %s: %q", e.Name, e.Message)
}

// RequestError is what every failed request returns. Its cause is a *ServerError, *ProtocolError, *TransportError, *TimeoutError,
// ErrAbandoned or ErrReplyTooLarge.
type RequestError struct {
	Msgid  uint32
	Method string
	Err    error
}

// Error gives a line for people.
func (e *RequestError) Error() string { return "request failed: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// serverErrorOf reads d of ERROR. False: it has no name or no message.
func serverErrorOf(d []byte) (*ServerError, bool) {
	var m map[string]json.RawMessage // not a struct, whose fields would match in any case of letters
	if json.Unmarshal(d, &m) != nil || m == nil {
		return nil, false
	}
	var name, message any
	if json.Unmarshal(m["name"], &name) != nil || json.Unmarshal(m["message"], &message) != nil {
		return nil, false
	}
	e := &ServerError{Context: m["context"], Info: m["info"], ASEErrors: m["ase_errors"], Stack: m["stack"], Raw: append([]byte(nil), d...)}
	var ok1, ok2 bool
	e.Name, ok1 = name.(string)
	e.Message, ok2 = message.(string)
	return e, ok1 && ok2
}
