package codec

import "slices"

// The limits of a record of the sub-protocol realtime. Those of names are OBJ-017's.
const (
	MaxRealtimePath      = 16   // clusters in the path, at least 1
	MaxRealtimeNamespace = 64   // bytes, at least 1
	MaxRealtimeKey       = 1024 // bytes, at least 1
)

const realtimeHead = 8 // bytes before the path

// Realtime is an object on its way from a source to a sink: the payload of one record of a channel of the sub-protocol realtime. The object is
// not looked at: its form is that of spec/objects.md.
type Realtime struct {
	Namespace string
	Key       string
	Path      [][16]byte // the clusters that it came through, the one of the sender last
	Object    []byte     // aliases the record that it was parsed from
}

// Append appends the record. What ParseRealtime would refuse is refused with the same error.
func (r *Realtime) Append(b []byte) ([]byte, error) {
	if err := r.check(); err != nil {
		return b, err
	}
	b = slices.Grow(b, r.Size())
	b = append(b, byte(RealtimeKindObject), 0, byte(len(r.Path)), byte(len(r.Namespace)))
	b = bigEndian.AppendUint16(b, uint16(len(r.Key)))
	b = append(b, 0, 0)
	for i := range r.Path {
		b = append(b, r.Path[i][:]...)
	}
	b = append(b, r.Namespace...)
	b = append(b, r.Key...)
	return append(b, r.Object...), nil
}

// Size gives the bytes that Append appends.
func (r *Realtime) Size() int {
	return realtimeHead + 16*len(r.Path) + len(r.Namespace) + len(r.Key) + len(r.Object)
}

// check judges the values, with the offsets that they have in a record.
func (r *Realtime) check() error {
	at := realtimeHead + 16*len(r.Path)
	switch {
	case len(r.Path) == 0 || len(r.Path) > MaxRealtimePath:
		return realtimeFault("REAL-004", 2, "path of none or more than 16 clusters")
	case !isNamespace(r.Namespace):
		return realtimeFault("OBJ-017", at, "namespace is not 1 to 64 of a-z, 0-9, '.', '_' and '-'")
	case len(r.Key) == 0 || len(r.Key) > MaxRealtimeKey:
		return realtimeFault("OBJ-017", 4, "key has not 1 to 1,024 bytes")
	case len(r.Object) == 0:
		return realtimeFault("REAL-004", at+len(r.Namespace)+len(r.Key), "record without an object")
	}
	return nil
}

// ParseRealtime reads a record, all of b. What is no record has scope item: the record is refused, and the channel goes on (REAL-005).
func ParseRealtime(b []byte) (Realtime, error) {
	var r Realtime
	if len(b) < realtimeHead {
		return r, realtimeFault("REAL-004", len(b), "record ends inside its head")
	}
	if b[0] != byte(RealtimeKindObject) {
		return r, realtimeFault("REAL-004", 0, "record of an unknown kind")
	}
	hops, ns, key := int(b[2]), int(b[3]), int(bigEndian.Uint16(b[4:]))
	if hops == 0 || hops > MaxRealtimePath {
		return r, realtimeFault("REAL-004", 2, "path of none or more than 16 clusters")
	}
	if ns == 0 || ns > MaxRealtimeNamespace {
		return r, realtimeFault("OBJ-017", 3, "namespace has not 1 to 64 bytes")
	}
	if key == 0 || key > MaxRealtimeKey {
		return r, realtimeFault("OBJ-017", 4, "key has not 1 to 1,024 bytes")
	}
	at := realtimeHead + 16*hops
	if len(b) <= at+ns+key {
		return r, realtimeFault("REAL-004", len(b), "record ends before its object")
	}
	r.Path = make([][16]byte, hops)
	for i := range r.Path {
		copy(r.Path[i][:], b[realtimeHead+16*i:])
	}
	r.Namespace, r.Key, r.Object = string(b[at:at+ns]), string(b[at+ns:at+ns+key]), b[at+ns+key:]
	if !isNamespace(r.Namespace) {
		return Realtime{}, realtimeFault("OBJ-017", at, "namespace is not 1 to 64 of a-z, 0-9, '.', '_' and '-'")
	}
	return r, nil
}

func isNamespace(s string) bool {
	if len(s) == 0 || len(s) > MaxRealtimeNamespace {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// realtimeFault makes an error that refuses one record.
func realtimeFault(req string, off int, detail string) *Error {
	return &Error{Code: CodeEncoding, Scope: ScopeItem, Req: req, Offset: off, Detail: detail}
}
