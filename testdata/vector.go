package testdata

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// What a vector's input is.
const (
	OpMsgpack = "msgpack" // one body in the strict MessagePack profile
	OpOpening = "opening" // one HELLO or REFUSE
	OpFrame   = "frame"   // one frame: header, payload, trailer
	OpCall    = "call"    // one message of the sub-protocol call
)

// The verdicts. There is no third.
const (
	Accept = "accept"
	Reject = "reject"
)

// Whose turn it is in a call, for OpCall: which message the receiver waits for.
const (
	TurnRequest = "request" // the callee, for its first message
	TurnArg     = "arg"     // the callee, after REQUEST
	TurnReply   = "reply"   // the caller
)

// DefaultMaxFrame is the receiver's max_frame where a vector names none: the default of the specification.
const DefaultMaxFrame = 131072

// File is the vectors of one area.
type File struct {
	Format         int      `json:"format"`
	MustUnderstand []string `json:"must_understand"` // what a reader has to know; a reader that does not must refuse the file
	Spec           string   `json:"spec"`
	Area           string   `json:"area"`
	Vectors        []Vector `json:"vectors"`
}

// Vector is one input and its verdict.
type Vector struct {
	ID           string          `json:"id"`  // area/slug: never changed, never used again
	Req          []string        `json:"req"` // the requirements that it is about
	Title        string          `json:"title"`
	Why          string          `json:"why"` // which mistake or attack it finds
	Op           string          `json:"op"`
	Turn         string          `json:"turn,omitempty"`         // OpCall
	MaxFrame     uint32          `json:"max_frame,omitempty"`    // OpFrame: the receiver's max_frame; 0: DefaultMaxFrame
	BeforeReady  bool            `json:"before_ready,omitempty"` // OpFrame: the receiver has not received READY
	In           string          `json:"in"`                     // hexadecimal, with spaces where parts meet
	Verdict      string          `json:"verdict"`
	Value        json.RawMessage `json:"value,omitempty"`        // Accept: what the input says
	Noncanonical bool            `json:"noncanonical,omitempty"` // Accept: an encoder writes this value as other bytes
	Error        *Fault          `json:"error,omitempty"`        // Reject
	Twin         string          `json:"twin,omitempty"`         // Reject: the accepted vector that lacks this fault alone
	Notes        string          `json:"notes,omitempty"`
}

// Fault is what a rejected input is answered with.
type Fault struct {
	Scope string `json:"scope"` // link or stream
	Code  string `json:"code"`  // registered name
	Req   string `json:"req"`   // the requirement that the input breaks; "" where none is written yet
	At    int    `json:"at"`    // offset of what is at fault
}

// Bytes gives the input. Only for vectors that Check has passed: otherwise it may panic.
func (v *Vector) Bytes() []byte {
	b, err := v.bytes()
	if err != nil {
		panic("testdata: " + v.ID + ": " + err.Error())
	}
	return b
}

func (v *Vector) bytes() ([]byte, error) { return hex.DecodeString(strings.ReplaceAll(v.In, " ", "")) }

// Limit gives the max_frame in force.
func (v *Vector) Limit() uint32 {
	if v.MaxFrame == 0 {
		return DefaultMaxFrame
	}
	return v.MaxFrame
}

func sortedAreas(raw map[string][]byte) []string {
	areas := make([]string, 0, len(raw))
	for area := range raw {
		areas = append(areas, area)
	}
	slices.Sort(areas)
	return areas
}
