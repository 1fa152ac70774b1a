package codec

import "strconv"

// The values of CallError.Processed: was the work done?
const (
	ProcessedNo    = "no"
	ProcessedMaybe = "maybe"
	ProcessedYes   = "yes"
)

// CallError is the last message of a call that failed.
type CallError struct {
	Code      Code
	Name      string // the method's own name for the error, at most 64 bytes; "": the key is absent
	Text      string // for people, at most 1,024 bytes; "": the key is absent
	Processed string // ProcessedNo, ProcessedMaybe or ProcessedYes
	RetryMS   uint32 // ms to wait before trying again, or RetryNever; only where HasRetry is true
	HasRetry  bool
	Data      []byte // more about the error, at most 65,535 bytes; nil: the key is absent
}

// maxCallText is the greatest length of CallError.Text, in bytes.
const maxCallText = 1024

// Append appends the ERROR (CALL-013). Text is cut to 1,024 bytes between characters. Beyond that it refuses what
// ParseCallError would refuse, with the same error.
func (e *CallError) Append(b []byte) ([]byte, error) {
	text := cutText(e.Text, maxCallText)
	entries := 2 + count(e.Data != nil) + count(e.Name != "") + count(e.HasRetry) + count(text != "")
	out := AppendMapHeader(append(b, byte(CallKindError)), entries)
	out = AppendUint(AppendStr(out, "code"), uint64(e.Code))
	if e.Data != nil {
		out = AppendBin(AppendStr(out, "data"), e.Data)
	}
	if e.Name != "" {
		out = AppendStr(AppendStr(out, "name"), e.Name)
	}
	out = AppendStr(AppendStr(out, "processed"), e.Processed)
	if e.HasRetry {
		out = AppendUint(AppendStr(out, "retry_ms"), uint64(e.RetryMS))
	}
	if text != "" {
		out = AppendStr(AppendStr(out, "text"), text)
	}
	if _, err := checkCallError(out[len(b):]); err != nil {
		return b, err
	}
	return out, nil
}

// Error gives "call: CALL_FAILED (processed: no): \"text\"", so that a method may return a *CallError as its error. Text is
// quoted: it is the other peer's words.
func (e *CallError) Error() string {
	text := "call: " + e.Code.String() + " (processed: " + e.Processed + ")"
	if e.Text != "" {
		text += ": " + strconv.Quote(e.Text)
	}
	return text
}

// ParseCallError reads an ERROR. A body that is not one map in the strict profile, lacks a required key, or has a value of another
// type or size is stream error PROTOCOL (CALL-013; the MP rule where the profile is broken). Unknown keys are ignored
// (CALL-015). The result does not alias msg.
func ParseCallError(msg []byte) (*CallError, error) {
	v, err := checkCallError(msg)
	if err != nil {
		return nil, err
	}
	e := &CallError{}
	for it := v.Iter(); it.Next(); {
		switch value := it.Value(); string(it.Key()) {
		case "code":
			e.Code = Code(uint32Of(value))
		case "data":
			e.Data = paramsOf(value)
		case "name":
			e.Name = strOf(value)
		case "processed":
			e.Processed = strOf(value)
		case "retry_ms":
			e.RetryMS, e.HasRetry = uint32Of(value), true
		case "text":
			e.Text = strOf(value)
		}
	}
	return e, nil
}

// checkCallError judges an ERROR and gives its map.
func checkCallError(msg []byte) (Value, error) {
	if len(msg) == 0 || CallKind(msg[0]) != CallKindError {
		return Value{}, callFault("CALL-013", 0, "message is no ERROR")
	}
	v, err := parseMap(msg[1:], 1, "CALL-013")
	if err == nil {
		err = checkKeys(v, keysCallError, 1, "CALL-013")
	}
	if err != nil {
		return Value{}, ofStream(err)
	}
	switch p, _ := v.Lookup("processed"); strOf(p) {
	case ProcessedNo, ProcessedMaybe, ProcessedYes:
		return v, nil
	default:
		return Value{}, callFault("CALL-013", 1+p.Offset(), "processed is not no, maybe or yes")
	}
}

// ofStream turns an error about a body into one that ends the stream only: a message of a sub-protocol is nothing that the
// link understands.
func ofStream(err error) error {
	e, ok := err.(*Error) //nolint:errorlint // made a moment ago by this package, never wrapped
	if !ok {
		return err
	}
	e.Code, e.Scope = CodeProtocol, ScopeStream
	return e
}
