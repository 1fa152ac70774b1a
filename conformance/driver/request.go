package driver

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Version is that of the driver protocol.
const Version = "1"

// Bounds of a line, LF left out.
const (
	MaxRequest = 1 << 20
	MaxAnswer  = 4 << 20
)

// The ops.
const (
	OpHello   = "hello"
	OpReset   = "reset"
	OpBye     = "bye"
	OpBugs    = "bugs"
	OpDecode  = "decode"
	OpDecodes = "decodes"
	OpEncode  = "encode"
	OpDial    = "dial"
	OpCall    = "call"
	OpOpen    = "open"
	OpSend    = "send"
	OpRecv    = "recv"
	OpCancel  = "cancel"
	OpDrain   = "drain"
	OpClose   = "close"
	OpWait    = "wait"
	OpSync    = "sync"

	// Of the feature realtime.
	OpReplicate = "replicate"
	OpPut       = "put"
)

// Request is one line to a driver: an object in which every value is a text, apart from Value.
type Request struct {
	ID    string // Process sets it
	Op    string
	Args  map[string]string // the other members
	Value json.RawMessage   // of OpEncode: a JSON value of any depth
}

// valueMember is the name of Value.
const valueMember = "value"

// MarshalJSON writes id and op first and the arguments sorted, so that equal requests are equal bytes.
func (r Request) MarshalJSON() ([]byte, error) {
	b := appendMember([]byte{'{'}, "id", r.ID)
	b = appendMember(append(b, ','), "op", r.Op)
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		b = appendMember(append(b, ','), name, r.Args[name])
	}
	if r.Value != nil {
		b = append(append(append(b, `,"`+valueMember+`":`...), r.Value...), '}')
		return b, nil
	}
	return append(b, '}'), nil
}

// line gives the request without line breaks. The check that encoding/json does of its own result is left out where nothing is foreign.
func (r Request) line() ([]byte, error) {
	if r.Value != nil {
		return json.Marshal(r)
	}
	return r.MarshalJSON()
}

func appendMember(b []byte, name, value string) []byte {
	b = append(appendText(b, name), ':')
	return appendText(b, value)
}

// appendText writes a JSON text. Almost all texts of the protocol are names and digits.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7F {
			quoted, err := json.Marshal(text)
			if err != nil {
				return append(b, `""`...) // no text has no JSON form
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}

// UnmarshalJSON reads any request. Members that are no texts are an error, apart from value.
func (r *Request) UnmarshalJSON(b []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	*r = Request{Args: make(map[string]string, len(members))}
	for name, raw := range members {
		if name == valueMember {
			r.Value = raw
			continue
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return fmt.Errorf("%q is no text: %w", name, err)
		}
		switch name {
		case "id":
			r.ID = text
		case "op":
			r.Op = text
		default:
			r.Args[name] = text
		}
	}
	return nil
}
