package gocodec

import (
	"encoding/hex"
	"encoding/json"
	"errors"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// callForm is the JSON form of a message of call, which codec has none of.
type callForm struct {
	Kind       string      `json:"kind"`
	DeadlineMS *uint32     `json:"deadline_ms,string,omitempty"`
	Method     string      `json:"method,omitempty"`
	Args       *string     `json:"args,omitempty"`
	Value      *string     `json:"value,omitempty"`
	Code       *codec.Code `json:"code,omitempty"`
	Data       *string     `json:"data,omitempty"`
	Name       string      `json:"name,omitempty"`
	Processed  string      `json:"processed,omitempty"`
	RetryMS    *uint32     `json:"retry_ms,string,omitempty"`
	Text       string      `json:"text,omitempty"`
}

// decodeCall judges a message by whose turn it is.
func decodeCall(item Item) driver.Answer {
	msg := item.Bytes
	var form callForm
	switch {
	case item.Turn == testdata.TurnRequest:
		r, err := codec.ParseCallRequest(msg)
		if err != nil {
			return refused(err)
		}
		form = callForm{Kind: "REQUEST", DeadlineMS: &r.DeadlineMS, Method: r.Method, Args: new(hex.EncodeToString(r.Args))}
	case item.Turn == testdata.TurnReply:
		value, failure, err := codec.ParseCallAnswer(msg)
		if err != nil {
			return refused(err)
		}
		form = callForm{Kind: "REPLY", Value: new(hex.EncodeToString(value))}
		if failure != nil {
			form = errorForm(failure)
		}
	default:
		value, err := codec.ParseCallArg(msg)
		if err != nil {
			return refused(err)
		}
		form = callForm{Kind: "ARG", Value: new(hex.EncodeToString(value))}
	}
	raw, err := json.Marshal(form)
	return accepted(raw, err, len(msg))
}

func errorForm(e *codec.CallError) callForm {
	form := callForm{Kind: "ERROR", Code: &e.Code, Name: e.Name, Processed: e.Processed, Text: e.Text}
	if e.Data != nil {
		form.Data = new(hex.EncodeToString(e.Data))
	}
	if e.HasRetry {
		form.RetryMS = &e.RetryMS
	}
	return form
}

// encodeCall writes a message of call.
func encodeCall(value json.RawMessage) ([]byte, error) {
	var form callForm
	if err := json.Unmarshal(value, &form); err != nil {
		return nil, err
	}
	switch form.Kind {
	case "REQUEST":
		args, err := form.bytes(form.Args)
		if err != nil || form.DeadlineMS == nil {
			return nil, errors.Join(err, errForm)
		}
		return codec.AppendCallRequest(nil, form.Method, *form.DeadlineMS, args)
	case "REPLY", "ARG":
		b, err := form.bytes(form.Value)
		if err != nil {
			return nil, err
		}
		if form.Kind == "ARG" {
			return codec.AppendCallArg(nil, b), nil
		}
		return codec.AppendCallReply(nil, b), nil
	case "ERROR":
		return form.encodeError()
	}
	return nil, errForm
}

// errForm says that a value is not of the JSON form.
var errForm = errors.New("gocodec: no JSON form of a message of call")

func (f *callForm) bytes(text *string) ([]byte, error) {
	if text == nil {
		return nil, errForm
	}
	return hex.DecodeString(*text)
}

func (f *callForm) encodeError() ([]byte, error) {
	if f.Code == nil {
		return nil, errForm
	}
	e := codec.CallError{Code: *f.Code, Name: f.Name, Processed: f.Processed, Text: f.Text}
	if f.Data != nil {
		data, err := hex.DecodeString(*f.Data)
		if err != nil {
			return nil, err
		}
		e.Data = append([]byte{}, data...) // an empty one is not absent
	}
	if f.RetryMS != nil {
		e.RetryMS, e.HasRetry = *f.RetryMS, true
	}
	return e.Append(nil)
}
