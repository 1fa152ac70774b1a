package codec

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// The JSON form of a frame, for vectors, traces and drivers in other languages:
//
//	{"frame": "PING", "echo": "5", "t1": "1700000000000000000", "err_us": "250"}
//	{"frame": "OPEN", "stream": "1", "proto": "call", "ver": "1"}
//	{"frame": "DATA", "stream": "1", "flags": "FIN", "pieces": ["00ff", ""]}
//	{"frame": "0x1B", "flags": "0x70", "reserved": "0", "stream": "0", "payload": "00ff"}
//
// Members have the names of SPEC.md's tables. Integers are decimal strings, bytes are lower-case hexadecimal, types, codes and flags
// have their registered names, and numbers in hexadecimal where there is none. A member is left out where the key is absent
// from the frame's map. The values of capabilities have the form of ValueToJSON. Ignored bits and unknown keys are
// not kept.

// MessageJSON gives the JSON form of m, its members in the order of the fields.
func MessageJSON(m Message) ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, jsonCause("a message without a JSON form", err)
	}
	if p, ok := m.(Unknown); ok && KnownType(p.Type) {
		return nil, jsonFault("an Unknown of a known type")
	}
	return tagged("frame", m.FrameType().String(), body), nil
}

// tagged puts a first member in front of the others; body is a JSON object.
func tagged(name, value string, body []byte) []byte {
	out := append([]byte(nil), `{"`+name+`":"`+value+`"`...)
	if !bytes.Equal(body, []byte("{}")) {
		out = append(out, ',')
	}
	return append(out, body[1:]...)
}

// MessageFromJSON reads what MessageJSON gives. A member that is missing or unknown, and every other spelling of a value, is
// refused: vectors are written by people. White space and the order of members are free. It says nothing about whether
// the message may be sent.
func MessageFromJSON(j []byte) (Message, error) {
	var tag struct {
		Frame *Type `json:"frame"`
	}
	if err := json.Unmarshal(j, &tag); err != nil {
		return nil, jsonCause("no JSON form of a frame", err)
	}
	if tag.Frame == nil {
		return nil, jsonFault(`member "frame" is missing`)
	}
	m, err := messageOf(*tag.Frame, j)
	if err != nil {
		return nil, err
	}
	again, err := MessageJSON(m)
	if err != nil {
		return nil, err
	}
	return m, sameJSON(j, again)
}

// messageOf reads the members of a frame of type t.
func messageOf(t Type, j []byte) (Message, error) {
	switch t {
	case TypeReady:
		m := &Ready{}
		return m, unmarshal(j, m)
	case TypePing:
		return decoded[Ping](j)
	case TypePong:
		return decoded[Pong](j)
	case TypeCredit:
		return decoded[Credit](j)
	case TypeStreams:
		return decoded[Streams](j)
	case TypeDrain:
		return decoded[Drain](j)
	case TypeClose:
		return decoded[Close](j)
	case TypeOpen:
		return decoded[Open](j)
	case TypeAccept:
		return decoded[Accept](j)
	case TypeReject:
		return decoded[Reject](j)
	case TypeData:
		return decoded[Data](j)
	case TypeReset:
		return decoded[Reset](j)
	case TypeRecords:
		return decoded[Records](j)
	case TypeAck:
		return decoded[Ack](j)
	case TypeGap:
		return decoded[Gap](j)
	default:
		m := Unknown{Type: t}
		err := unmarshal(j, &m)
		return m, err
	}
}

func decoded[M Message](j []byte) (Message, error) {
	var m M
	err := unmarshal(j, &m)
	return m, err
}

func unmarshal(j []byte, into any) error {
	if err := json.Unmarshal(j, into); err != nil {
		return jsonCause("a member has another form", err)
	}
	return nil
}

// sameJSON tells whether two texts are the same values: what was read must be the one spelling of what was understood.
func sameJSON(got, canonical []byte) error {
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		return jsonCause("no JSON", err)
	}
	if err := json.Unmarshal(canonical, &b); err != nil {
		return jsonCause("no JSON", err)
	}
	if !reflect.DeepEqual(a, b) {
		return jsonFault("a member is missing, unknown, or spelled in another way than " + string(canonical))
	}
	return nil
}

func jsonCause(detail string, err error) error {
	return &Error{Code: CodeEncoding, Detail: "JSON form: " + detail, Err: err}
}
