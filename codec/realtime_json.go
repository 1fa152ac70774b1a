package codec

import (
	"encoding/hex"
	"encoding/json"
)

// realtimeJSON is the JSON form of a record: names of SPEC.md's tables, bytes in lower-case hexadecimal.
type realtimeJSON struct {
	Kind      string   `json:"kind"` // OBJECT
	Path      []string `json:"path"`
	Namespace string   `json:"namespace"`
	Key       string   `json:"key"`
	Object    string   `json:"object"`
}

// RealtimeJSON gives the JSON form of a record, for vectors, traces and drivers in other languages:
//
//	{"kind": "OBJECT", "path": ["c1c1..."], "namespace": "users", "key": "616e6e", "object": "0100..."}
func RealtimeJSON(r *Realtime) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	j := realtimeJSON{
		Kind: RealtimeKindObject.String(), Path: make([]string, len(r.Path)), Namespace: r.Namespace,
		Key: hex.EncodeToString([]byte(r.Key)), Object: hex.EncodeToString(r.Object),
	}
	for i := range r.Path {
		j.Path[i] = hex.EncodeToString(r.Path[i][:])
	}
	return json.Marshal(j)
}

// RealtimeFromJSON reads what RealtimeJSON gives. A member that is missing or unknown, and every other spelling of a value, is refused. So is what
// ParseRealtime refuses, with the same error.
func RealtimeFromJSON(b []byte) (*Realtime, error) {
	var j realtimeJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return nil, jsonCause("no JSON form of a record", err)
	}
	if j.Kind != RealtimeKindObject.String() {
		return nil, jsonFault("kind is not OBJECT")
	}
	r := &Realtime{Namespace: j.Namespace, Path: make([][16]byte, len(j.Path))}
	key, err := hex.DecodeString(j.Key)
	if err != nil {
		return nil, jsonCause("key", err)
	}
	if r.Object, err = hex.DecodeString(j.Object); err != nil {
		return nil, jsonCause("object", err)
	}
	r.Key = string(key)
	for i, s := range j.Path {
		id, err := hex.DecodeString(s)
		if err != nil || len(id) != len(r.Path[i]) {
			return nil, jsonFault("path is not of 16 bytes each")
		}
		copy(r.Path[i][:], id)
	}
	again, err := RealtimeJSON(r)
	if err != nil {
		return nil, err
	}
	return r, sameJSON(b, again)
}
