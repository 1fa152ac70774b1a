package explain

import (
	"encoding/hex"
	"encoding/json"

	"handfast/codec"
)

// The JSON form. Members that say nothing are left out. Offsets and sizes are bytes and numbers: they are far below 2^53.

type explanationJSON struct {
	What    string     `json:"what"`
	Size    int        `json:"size"`
	Fault   *faultJSON `json:"fault,omitempty"`
	Missing int        `json:"missing,omitempty"`
	Packets []Packet   `json:"packets"`
}

type packetJSON struct {
	Name    string      `json:"name"`
	Offset  int         `json:"offset"`
	Size    int         `json:"size"`
	Missing int         `json:"missing,omitempty"`
	Doc     string      `json:"doc,omitempty"`
	Fault   *faultJSON  `json:"fault,omitempty"`
	Fields  []fieldJSON `json:"fields"`
}

type fieldJSON struct {
	Offset int        `json:"offset"`
	Size   int        `json:"size"`
	Own    int        `json:"own"`
	Key    int        `json:"key,omitempty"`
	Head   int        `json:"head,omitempty"`
	Depth  int        `json:"depth"`
	Hex    string     `json:"hex"` // of its own bytes, the first 64
	Type   string     `json:"type,omitempty"`
	Name   string     `json:"name"`
	Value  string     `json:"value,omitempty"`
	Doc    string     `json:"doc,omitempty"`
	Req    []string   `json:"req,omitempty"`
	Fault  *faultJSON `json:"fault,omitempty"`
}

type faultJSON struct {
	Code   string `json:"code"`
	Scope  string `json:"scope"`
	Req    string `json:"req,omitempty"`
	Offset int    `json:"offset"`
	Detail string `json:"detail,omitempty"`
}

func toFault(e *codec.Error) *faultJSON {
	if e == nil {
		return nil
	}
	return &faultJSON{Code: e.Code.String(), Scope: e.Scope.String(), Req: e.Req, Offset: e.Offset, Detail: e.Detail}
}

// MarshalJSON gives {"what", "size", "fault", "missing", "packets"}.
func (e *Explanation) MarshalJSON() ([]byte, error) {
	packets := e.Packets
	if packets == nil {
		packets = []Packet{}
	}
	return json.Marshal(explanationJSON{What: e.What.String(), Size: e.Size, Fault: toFault(e.Fault), Missing: e.Missing, Packets: packets})
}

// MarshalJSON gives {"name", "offset", "size", "missing", "doc", "fault", "fields"}. Of the bytes of a field the first 64 are shown.
func (p Packet) MarshalJSON() ([]byte, error) {
	fields := make([]fieldJSON, len(p.Fields))
	for i := range p.Fields {
		f := &p.Fields[i]
		own := p.Own(f)
		fields[i] = fieldJSON{
			Offset: f.Offset, Size: f.Size, Own: f.Own, Key: f.Key, Head: f.Head, Depth: f.Depth, Hex: hex.EncodeToString(own[:min(len(own), maxShown)]),
			Type: f.Type, Name: f.Name, Value: f.Value, Doc: f.Doc, Req: f.Req, Fault: toFault(f.Fault),
		}
	}
	form := packetJSON{Name: p.Name, Offset: p.Offset, Size: len(p.Bytes), Missing: p.Missing, Doc: p.Doc, Fault: toFault(p.Fault), Fields: fields}
	return json.Marshal(form)
}
