package vectors

import (
	"encoding/binary"
	"slices"
	"strings"

	"handfast/codec"
	"handfast/spec"
	"handfast/testdata"
)

// The steps of SPEC.md chapter 3 at which a payload is read.
const (
	levelHeader    = 1
	levelMsgpack   = 2
	levelOpening   = 3
	levelAgreement = 4
	levelHeartbeat = 5
	levelStream    = 6
	levelCredit    = 7
	levelEnding    = 8
	levelLimits    = 9
	levelDelivery  = 10 // not in chapter 3: the profile delivery comes after core
)

// levelOfFrame says at which step the payload of a frame is read.
func levelOfFrame(name string) (level int, known bool) {
	switch name {
	case "READY":
		return levelAgreement, true
	case "PING", "PONG":
		return levelHeartbeat, true
	case "OPEN", "ACCEPT", "DATA":
		return levelStream, true
	case "CREDIT", "STREAMS":
		return levelCredit, true
	case "REJECT", "RESET", "DRAIN", "CLOSE":
		return levelEnding, true
	case "RECORDS", "ACK", "GAP":
		return levelDelivery, true
	}
	return 0, false
}

// levelOf gives the level of a vector by itself.
func levelOf(v *testdata.Vector) int {
	switch {
	case strings.HasPrefix(v.ID, "delivery/"):
		return levelDelivery
	case slices.Contains(v.Req, "ERR-003"): // two faults in one input
		return levelLimits
	}
	switch v.Op {
	case testdata.OpMsgpack:
		return levelMsgpack
	case testdata.OpOpening:
		return levelOpening
	case testdata.OpCall:
		if NameOf(v) == "ERROR" {
			return levelEnding
		}
		return levelStream
	}
	name := NameOf(v)
	level, known := levelOfFrame(name)
	switch {
	case !known, name == "PING" && strings.HasPrefix(v.ID, "frame/"): // the step itself needs some frame to be tried with
		return levelHeader
	case name == "DATA" && strings.HasPrefix(v.ID, "data/"):
		return levelCredit
	}
	return level
}

// NameOf names what an input begins as: a frame, a kind of opening or a message of call; "" for what the registry does not have.
func NameOf(v *testdata.Vector) string {
	b := v.Bytes()
	reg := spec.Registry()
	switch {
	case v.Op == testdata.OpFrame && len(b) > 0:
		for _, f := range reg.Frames {
			if f.Value == b[0] {
				return f.Name
			}
		}
	case v.Op == testdata.OpOpening && len(b) >= 16:
		for _, k := range reg.Opening.Kinds {
			if k.Value == binary.BigEndian.Uint16(b[14:]) {
				return k.Name
			}
		}
	case v.Op == testdata.OpCall && len(b) > 0:
		return codec.CallKind(b[0]).String()
	}
	return ""
}
