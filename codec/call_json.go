package codec

import "encoding/json"

// The JSON form of a message of call, for vectors, traces and drivers:
//
//	{"kind": "REQUEST", "deadline_ms": "5000", "method": "echo", "args": "70696e67"}
//	{"kind": "REPLY", "value": "70696e67"}, {"kind": "ARG", "value": ""}
//	{"kind": "ERROR", "code": "CALL_FAILED", "data": "00ff", "name": "disk.full", "processed": "no", "retry_ms": "500", "text": "why"}
//
// Members have the names of the tables of spec/call.md, and come in their order. Integers are decimal strings, bytes are lower-case hexadecimal, and a key
// of ERROR that is absent is left out. Ignored keys and bits are not kept.

// callJSON has the members of all kinds; each message uses its own.
type callJSON struct {
	Kind       string    `json:"kind"`
	DeadlineMS *decimal  `json:"deadline_ms,omitempty"`
	Method     string    `json:"method,omitempty"`
	Args       *hexBytes `json:"args,omitempty"`
	Value      *hexBytes `json:"value,omitempty"`
	Code       *Code     `json:"code,omitempty"`
	Data       *hexBytes `json:"data,omitempty"`
	Name       string    `json:"name,omitempty"`
	Processed  string    `json:"processed,omitempty"`
	RetryMS    *decimal  `json:"retry_ms,omitempty"`
	Text       string    `json:"text,omitempty"`
}

// CallRequestJSON gives the JSON form of a REQUEST.
func CallRequestJSON(r CallRequest) ([]byte, error) {
	return json.Marshal(callJSON{Kind: CallKindRequest.String(), DeadlineMS: dec(uint64(r.DeadlineMS)), Method: r.Method, Args: hexOf(r.Args)})
}

// CallReplyJSON gives the JSON form of a REPLY.
func CallReplyJSON(value []byte) ([]byte, error) {
	return json.Marshal(callJSON{Kind: CallKindReply.String(), Value: hexOf(value)})
}

// CallArgJSON gives the JSON form of an ARG.
func CallArgJSON(value []byte) ([]byte, error) {
	return json.Marshal(callJSON{Kind: CallKindArg.String(), Value: hexOf(value)})
}

// CallErrorJSON gives the JSON form of an ERROR.
func CallErrorJSON(e *CallError) ([]byte, error) {
	f := callJSON{Kind: CallKindError.String(), Code: &e.Code, Name: e.Name, Processed: e.Processed, Text: e.Text}
	if e.Data != nil {
		f.Data = hexOf(e.Data)
	}
	if e.HasRetry {
		f.RetryMS = dec(uint64(e.RetryMS))
	}
	return json.Marshal(f)
}

// CallFromJSON reads what the functions above give, and gives the message. A member that is missing or unknown, and every other spelling of a value, is
// refused. So is what Append of the message refuses, with the same error.
func CallFromJSON(j []byte) (msg []byte, err error) {
	var f callJSON
	if err := json.Unmarshal(j, &f); err != nil {
		return nil, jsonCause("no JSON form of a message of call", err)
	}
	bytes := func(h *hexBytes) []byte {
		if h == nil {
			return nil
		}
		return *h
	}
	var again []byte
	switch f.Kind {
	case CallKindRequest.String():
		r := CallRequest{Method: f.Method, DeadlineMS: uint32(f.DeadlineMS.number()), Args: bytes(f.Args)}
		again, _ = CallRequestJSON(r)
		msg, err = r.Append(nil)
	case CallKindReply.String():
		again, _ = CallReplyJSON(bytes(f.Value))
		msg = AppendCallReply(nil, bytes(f.Value))
	case CallKindArg.String():
		again, _ = CallArgJSON(bytes(f.Value))
		msg = AppendCallArg(nil, bytes(f.Value))
	case CallKindError.String():
		e := &CallError{Name: f.Name, Text: f.Text, Processed: f.Processed, RetryMS: uint32(f.RetryMS.number()), HasRetry: f.RetryMS != nil}
		if f.Code != nil {
			e.Code = *f.Code
		}
		if f.Data != nil {
			e.Data = append([]byte{}, *f.Data...) // an empty one is not absent
		}
		again, _ = CallErrorJSON(e)
		msg, err = e.Append(nil)
	default:
		return nil, jsonFault("unknown kind " + f.Kind)
	}
	if fault := sameJSON(j, again); fault != nil {
		return nil, fault
	}
	if err != nil {
		return nil, err
	}
	return msg, nil
}
