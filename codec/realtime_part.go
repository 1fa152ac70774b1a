package codec

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
)

// The bounds of a PART (REAL-027, REAL-029).
const (
	MaxRealtimePart   = 1 << 20  // bytes of the whole record
	RealtimePartHead  = 32       // bytes before those of the object's record
	MaxRealtimeObject = 16 << 20 // bytes of an OBJECT; a larger one is sent in PARTs
)

// MaxRealtimeHead bounds what stands before the object in an OBJECT, in bytes.
const MaxRealtimeHead = realtimeHead + 16*MaxRealtimePath + MaxRealtimeNamespace + MaxRealtimeKey

// RealtimePart is some bytes of an OBJECT that is too large for one record.
type RealtimePart struct {
	ID     [8]byte // the same in all parts of an OBJECT
	Total  uint64  // bytes of the OBJECT
	Offset uint64  // where these begin
	Bytes  []byte  // aliases the record that it was parsed from
}

// IsRealtimePart tells whether a record says that it is a PART.
func IsRealtimePart(b []byte) bool { return len(b) > 0 && b[0] == byte(RealtimeKindPart) }

// Append appends the record. What ParseRealtimePart would refuse is refused with the same error.
func (p *RealtimePart) Append(b []byte) ([]byte, error) {
	if err := p.check(); err != nil {
		return b, err
	}
	b = append(b, byte(RealtimeKindPart), 0, 0, 0, 0, 0, 0, 0)
	b = append(b, p.ID[:]...)
	b = bigEndian.AppendUint64(b, p.Total)
	b = bigEndian.AppendUint64(b, p.Offset)
	return append(b, p.Bytes...), nil
}

// Size gives the bytes that Append appends.
func (p *RealtimePart) Size() int { return RealtimePartHead + len(p.Bytes) }

// Last tells whether the OBJECT ends with this part.
func (p *RealtimePart) Last() bool { return p.Offset+uint64(len(p.Bytes)) == p.Total }

func (p *RealtimePart) check() error {
	switch n := len(p.Bytes); {
	case n == 0:
		return realtimeFault("REAL-029", RealtimePartHead, "part without bytes")
	case n > MaxRealtimePart-RealtimePartHead:
		return realtimeFault("REAL-029", MaxRealtimePart, "part over 1,048,576 bytes")
	case p.Total > math.MaxInt64 || p.Offset > p.Total || p.Total-p.Offset < uint64(n):
		return realtimeFault("REAL-029", 24, "part beyond the end of its object")
	}
	return nil
}

// ParseRealtimePart reads a PART, all of b. What is none has scope item, as with ParseRealtime.
func ParseRealtimePart(b []byte) (RealtimePart, error) {
	var p RealtimePart
	if len(b) < RealtimePartHead {
		return p, realtimeFault("REAL-029", len(b), "part ends inside its head")
	}
	if !IsRealtimePart(b) {
		return p, realtimeFault("REAL-029", 0, "record of another kind")
	}
	copy(p.ID[:], b[8:])
	p.Total, p.Offset, p.Bytes = bigEndian.Uint64(b[16:]), bigEndian.Uint64(b[24:]), b[RealtimePartHead:]
	if err := p.check(); err != nil {
		return RealtimePart{}, err
	}
	return p, nil
}

// RealtimeHead reads what stands before the object of an OBJECT, of which b is the beginning: namespace, key and path. ok is false where it is
// none, or is not all there.
func RealtimeHead(b []byte) (r Realtime, ok bool) {
	r, err := ParseRealtime(b)
	return r, err == nil
}

// realtimePartJSON is the JSON form of a PART.
type realtimePartJSON struct {
	Kind   string `json:"kind"` // PART
	ID     string `json:"id"`
	Total  string `json:"total"`
	Offset string `json:"offset"`
	Bytes  string `json:"bytes"`
}

// RealtimePartJSON gives the JSON form of a PART, as RealtimeJSON that of an OBJECT. 64-bit numbers are strings:
//
//	{"kind": "PART", "id": "0102030405060708", "total": "20000000", "offset": "0", "bytes": "0100..."}
func RealtimePartJSON(p *RealtimePart) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return json.Marshal(realtimePartJSON{
		Kind: RealtimeKindPart.String(), ID: hex.EncodeToString(p.ID[:]), Bytes: hex.EncodeToString(p.Bytes),
		Total: strconv.FormatUint(p.Total, 10), Offset: strconv.FormatUint(p.Offset, 10),
	})
}
