package rolling

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"handfast/codec"
	"handfast/compat/fast"
	"handfast/refimpl/call"
)

// notJSON is said where a method's REPLY cannot be a value of Fast.
var notJSON = &call.Error{Code: codec.CodeCallFailed, Name: "NotJSONError", Text: "a reply of the method is not one JSON value other than null", Processed: "maybe"}

// info is what ERROR of Fast tells of an ERROR of call, in d.info.handfast, so that nothing of it is lost between two Handfast
// peers of which one has to be called over Fast.
type info struct {
	Code      uint32  `json:"code"`
	Name      string  `json:"name,omitempty"`
	Processed string  `json:"processed"`
	RetryMS   *uint32 `json:"retryMs,omitempty"`
	Data      string  `json:"data,omitempty"` // base64
}

// toFast says a method's error in Fast (FAST-009).
func toFast(err error, r *fast.Request) error {
	if f, ok := errors.AsType[*fast.ServerError](err); ok { // a method that was written for Fast
		return f
	}
	e, ok := errors.AsType[*call.Error](err)
	switch {
	case !ok && errors.Is(err, context.DeadlineExceeded):
		e = &call.Error{Code: codec.CodeDeadline}
	case !ok:
		e = &call.Error{Code: codec.CodeCallFailed, Text: err.Error()}
	case e.Code == codec.CodeCallUnknownMethod:
		return fast.UnknownMethod(r)
	}
	i := info{Code: uint32(e.Code), Name: e.Name, Processed: e.Processed, Data: base64.StdEncoding.EncodeToString(e.Data)}
	if i.Processed == "" {
		i.Processed = "maybe"
	}
	if e.Retry != 0 || e.HasRetry {
		ms := uint32(min(e.Retry.Milliseconds(), codec.RetryNever-1))
		if e.Retry < 0 {
			ms = codec.RetryNever
		}
		i.RetryMS = &ms
	}
	f := &fast.ServerError{Name: e.Name, Message: e.Text}
	if f.Name == "" {
		f.Name = e.Code.String()
	}
	f.Info, _ = json.Marshal(map[string]any{"handfast": i}) // numbers and strings: cannot fail
	if len(e.Data) > 0 && e.Data[0] == '{' && json.Valid(e.Data) {
		f.Context = e.Data
	}
	return f
}

// fromFast says a failed request of Fast as a call's error (FAST-016). What is no ERROR of the server leaves it open whether
// work was done.
func fromFast(err error) error {
	if t, ok := errors.AsType[*fast.TimeoutError](err); ok {
		return &call.Error{Code: codec.CodeDeadline, Processed: "maybe", Text: t.Error()}
	}
	if errors.Is(err, fast.ErrAbandoned) {
		return &call.Error{Code: codec.CodeCancelled, Processed: "maybe", Text: err.Error()}
	}
	f, ok := errors.AsType[*fast.ServerError](err)
	if !ok {
		return err
	}
	var said struct {
		Handfast   *info  `json:"handfast"`
		FastReason string `json:"fastReason"`
	}
	_ = json.Unmarshal(f.Info, &said) // absent or of another shape: nothing more is known
	e := &call.Error{Code: codec.CodeCallFailed, Name: cut(f.Name, 64), Text: cut(f.Message, 1024), Processed: "maybe", Data: f.Raw}
	switch i := said.Handfast; {
	case i != nil:
		e.Code, e.Name = codec.Code(i.Code), i.Name
		e.Data, _ = base64.StdEncoding.DecodeString(i.Data)
		if i.Processed == "no" || i.Processed == "yes" {
			e.Processed = i.Processed
		}
		if i.RetryMS != nil {
			e.Retry, e.HasRetry = time.Duration(*i.RetryMS)*time.Millisecond, true
			if *i.RetryMS == codec.RetryNever {
				e.Retry = -1
			}
		}
	case f.Name == "FastError" && said.FastReason == string(fast.BadMethod), f.Name == "RPCNotDefinedError":
		e.Code, e.Processed = codec.CodeCallUnknownMethod, "no"
	case f.Name == "FastError" && said.FastReason == string(fast.BadData):
		e.Code, e.Processed = codec.CodeCallBadArgument, "no"
	}
	return e
}

// cut shortens a text to n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
