package fast

import (
	"encoding/json"
	"errors"
	"strconv"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Writer takes the values of one reply. Its methods may be called by any goroutine until the handler has returned.
type Writer struct {
	c       *serverConn
	id      uint32
	dialect Dialect
	method  string
	over    atomic.Bool
}

// errOver is what a Writer says whose request was answered.
var errOver = errors.New("fast: the request was answered")

// Send sends one value in a message of its own, which is what clients of every release take. value is JSON other than null, is
// checked, and is copied. It waits where much is
// to be sent already.
func (w *Writer) Send(value []byte) error {
	if !validValue(value) {
		return ErrValue
	}
	b, err := w.c.w.begin()
	if err != nil {
		return err
	}
	if w.over.Load() {
		w.c.w.cancel()
		return errOver
	}
	w.c.w.commit(w.appendValues(b, Data, w.method, value))
	return nil
}

// appendValues appends DATA with one value or none, or END without.
func (w *Writer) appendValues(b []byte, s Status, name string, value []byte) []byte {
	b = appendHeader(b, w.dialect, s, w.id)
	from := len(b)
	b = append(appendHead(b, name), '[')
	b = append(append(b, value...), "]}"...)
	return finish(b, from, w.dialect)
}

// fail sends ERROR.
func (w *Writer) fail(name string, failure error) error {
	b, err := w.c.w.begin()
	if err != nil {
		return err
	}
	w.c.w.commit(w.appendFailure(b, name, failure))
	return nil
}

// appendFailure appends ERROR.
func (w *Writer) appendFailure(b []byte, name string, failure error) []byte {
	e, ok := errors.AsType[*ServerError](failure)
	if !ok {
		e = &ServerError{Name: "Error", Message: failure.Error()}
	}
	b = appendHeader(b, w.dialect, Error, w.id)
	from := len(b)
	b = append(appendHead(b, name), `{"name":`...)
	b = appendString(b, e.Name)
	b = append(b, `,"message":`...)
	b = appendString(b, e.Message)
	b = append(b, `,"context":`...)
	b = appendObject(b, e.Context)
	b = append(b, `,"info":`...)
	b = appendObject(b, e.Info)
	if len(e.ASEErrors) > 0 && validValue(e.ASEErrors) {
		b = append(append(b, `,"ase_errors":`...), e.ASEErrors...)
	}
	return finish(append(b, "}}"...), from, w.dialect)
}

// appendHead appends the payload up to d. Clients of releases below 2.0 want m in each reply.
func appendHead(b []byte, name string) []byte {
	b = append(b, `{"m":{"uts":`...)
	b = strconv.AppendInt(b, time.Now().UnixMicro(), 10)
	b = append(b, `,"name":`...)
	b = appendString(b, name)
	return append(b, `},"d":`...)
}

// appendString appends a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			q, _ := json.Marshal(s)
			return append(b, q...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendObject appends an object, or {} where there is none.
func appendObject(b []byte, v json.RawMessage) []byte {
	if i := skipSpace(v, 0); i < len(v) && v[i] == '{' && validValue(v) {
		return append(b, v...)
	}
	return append(b, "{}"...)
}

func quote(s string) string { return string(appendString(nil, s)) }

// infoOf is what node-fast tells of its own errors.
func infoOf(r Reason, method string, id uint32) json.RawMessage {
	b := append([]byte(`{"fastReason":`), quote(string(r))...)
	if method != "" {
		b = append(append(b, `,"rpcMethod":`...), quote(method)...)
	}
	b = append(b, `,"rpcMsgid":`...)
	return append(strconv.AppendUint(b, uint64(id), 10), '}')
}

func uitoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// validText says whether a text is UTF-8.
func validText(s string) bool { return utf8.ValidString(s) }

// UnknownMethod is the error for a method that is not served.
func UnknownMethod(r *Request) error {
	return &ServerError{Name: "FastError", Message: `unsupported RPC method: ` + quote(r.Method), Info: infoOf(BadMethod, r.Method, r.Msgid)}
}
