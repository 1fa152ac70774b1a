package driver

import (
	"encoding/json"
	"fmt"
)

// The kinds of answers.
const (
	KindHello       = "hello"
	KindOK          = "ok"
	KindUnsupported = "unsupported"
	KindBroken      = "broken"
	KindBugs        = "bugs"
	KindAccept      = "accept"
	KindReject      = "reject"
	KindMore        = "more"
	KindDecoded     = "decoded"
	KindBytes       = "bytes"
	KindOpen        = "open"
	KindEnded       = "ended"
	KindDone        = "done"
	KindFailed      = "failed"
	KindMessage     = "message"
	KindFIN         = "fin"
	KindOver        = "over"
	KindSession     = "session"
)

// Answer is one line of a driver. Which members it has depends on Kind; those that this package does not know are passed over.
type Answer struct {
	ID   string `json:"id,omitempty"` // of an item of decoded there is none
	Kind string `json:"answer"`
	Text string `json:"text,omitempty"` // broken: what is the matter

	// hello
	Driver   string   `json:"driver,omitempty"`
	Impl     string   `json:"impl,omitempty"`
	Version  string   `json:"version,omitempty"`
	Roles    []string `json:"roles,omitzero"`
	Spec     []string `json:"spec,omitzero"`
	Features []string `json:"features,omitzero"`
	Bugs     []Bug    `json:"bugs,omitzero"` // names alone in hello

	// accept, reject, bytes
	Value    json.RawMessage `json:"value,omitempty"`
	Consumed string          `json:"consumed,omitempty"`
	Code     string          `json:"code,omitempty"`
	Scope    string          `json:"scope,omitempty"`
	At       string          `json:"at,omitempty"`
	Req      string          `json:"req,omitempty"`
	Hex      string          `json:"hex,omitempty"`  // message and bytes always have it
	Items    []Answer        `json:"items,omitzero"` // decoded: an answer for each item

	// of a dialer
	Ver       string          `json:"ver,omitempty"`
	Caps      json.RawMessage `json:"caps,omitempty"`
	Protos    json.RawMessage `json:"protos,omitempty"`
	By        string          `json:"by,omitempty"`
	Replies   []string        `json:"replies,omitzero"` // done and failed always have it
	Processed string          `json:"processed,omitempty"`
	Fin       Yes             `json:"fin,omitempty"`
	End       string          `json:"end,omitempty"` // session: whole, partial or failed
}

// MarshalJSON writes the members that the kind has to have, even if they are empty.
func (a Answer) MarshalJSON() ([]byte, error) {
	type plain Answer
	out := struct {
		plain
		Hex *string `json:"hex,omitempty"`
	}{plain: plain(a)}
	if a.Hex != "" || a.Kind == KindMessage || a.Kind == KindBytes {
		out.Hex = &a.Hex
	}
	if a.Replies == nil && (a.Kind == KindDone || a.Kind == KindFailed) {
		out.Replies = []string{}
	}
	return json.Marshal(out)
}

// Yes is a truth that is written "true", as everything is a text.
type Yes bool

// MarshalJSON writes a text.
func (y Yes) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `"%t"`, bool(y)), nil }

// UnmarshalJSON takes the text and JSON's own form.
func (y *Yes) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"true"`, "true":
		*y = true
	case `"false"`, "false":
		*y = false
	default:
		return fmt.Errorf(`%s is neither "true" nor "false"`, cut(b))
	}
	return nil
}

// Bug is a fault that a driver has on purpose when it is asked to by BugEnv.
type Bug struct {
	Name string `json:"name"`
	Req  string `json:"req"` // the requirement that it breaks
	Doc  string `json:"doc"`
}

// BugEnv is the environment variable that names the bug of a driver.
const BugEnv = "HANDFAST_BUG"

// MarshalJSON writes the name alone where there is nothing else.
func (b Bug) MarshalJSON() ([]byte, error) {
	if b.Req == "" && b.Doc == "" {
		return json.Marshal(b.Name)
	}
	type plain Bug
	return json.Marshal(plain(b))
}

// UnmarshalJSON takes an object, or a name alone.
func (b *Bug) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		*b = Bug{}
		return json.Unmarshal(raw, &b.Name)
	}
	type plain Bug
	return json.Unmarshal(raw, (*plain)(b))
}

// Answers that need no members but one.

// OK answers that it is done.
func OK() Answer { return Answer{Kind: KindOK} }

// Unsupported answers that the op, the what or an argument is not known.
func Unsupported() Answer { return Answer{Kind: KindUnsupported} }

// Brokenf answers that the driver itself is at fault.
func Brokenf(format string, args ...any) Answer {
	return Answer{Kind: KindBroken, Text: fmt.Sprintf(format, args...)}
}
