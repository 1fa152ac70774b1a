package clock

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"handfast/refimpl/bulk"
)

// Sizes of the encoding in bytes (spec/objects.md).
const (
	headSize    = 8
	entrySize   = 24 // of a context
	siblingSize = 16 // without the value
	form        = 1

	flagTombstone = 1
)

// Limits bounds what Decode takes, and what an encoder should write. Zero refuses everything but an empty object; nothing means unlimited.
type Limits struct {
	Bytes    int // of the whole encoding, at most MaxBytes
	Actors   int // entries of the context, at most 1,024
	Siblings int // at most 1,024
}

// The limits of the specification (OBJ-007).
const (
	DefaultBytes = 16 << 20
	MaxBytes     = 1<<30 + 16<<20
	MaxActors    = 1024
	MaxSiblings  = 1024
)

// DefaultLimits are those of a store whose operator has not set others (OBJ-007).
func DefaultLimits() Limits {
	return Limits{Bytes: DefaultBytes, Actors: MaxActors, Siblings: MaxSiblings}
}

// GreatestLimits are those that no setting goes beyond (OBJ-007): what a store has in its own file may be as large.
func GreatestLimits() Limits {
	return Limits{Bytes: MaxBytes, Actors: MaxActors, Siblings: MaxSiblings}
}

// EncodedSize gives the bytes that AppendBinary appends.
func (s Set) EncodedSize() int {
	return headSize + entrySize*len(s.context) + siblingSize*len(s.siblings) + s.Size()
}

// Within tells whether the object is inside the limits.
func (s Set) Within(lim Limits) bool {
	return len(s.context) <= lim.Actors && len(s.siblings) <= lim.Siblings && s.EncodedSize() <= lim.Bytes
}

// AppendBinary appends the one encoding that the object has. The error is a *DecodeError with ReasonLimit where there are more actors or
// siblings, or longer values, than the fields hold; then b is returned as it was.
func (s Set) AppendBinary(b []byte) ([]byte, error) {
	if len(s.context) > math.MaxUint16 || len(s.siblings) > math.MaxUint16 || s.Size() > math.MaxUint32 {
		return b, &DecodeError{Reason: ReasonLimit, Req: "OBJ-007", Offset: len(b)}
	}
	b = slices.Grow(b, s.EncodedSize())
	s.encode(func(p []byte) { b = bulk.Append(b, p) })
	return b, nil
}

// WriteTo writes the bytes of AppendBinary without a copy of the values. The error is that of AppendBinary or of w.
func (s Set) WriteTo(w io.Writer) (n int64, err error) {
	if len(s.context) > math.MaxUint16 || len(s.siblings) > math.MaxUint16 || s.Size() > math.MaxUint32 {
		return 0, &DecodeError{Reason: ReasonLimit, Req: "OBJ-007"}
	}
	s.encode(func(p []byte) {
		if err == nil {
			var k int
			k, err = w.Write(p)
			n += int64(k)
		}
	})
	return n, err
}

// encode gives the encoding to out, in parts that are valid during the call.
func (s Set) encode(out func(p []byte)) {
	out(s.appendHead(nil))
	at := 0
	for _, one := range s.siblings {
		at = s.actorIndex(one.Dot.Actor, at)
		var head [siblingSize]byte
		out(appendSibling(head[:0], at, one))
		out(one.Value)
	}
}

// appendHead appends head and context.
func (s Set) appendHead(b []byte) []byte {
	b = append(b, form, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.context)))
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.siblings)))
	b = append(b, 0, 0)
	for _, d := range s.context {
		b = append(b, d.Actor[:]...)
		b = binary.BigEndian.AppendUint64(b, d.Counter)
	}
	return b
}

// actorIndex gives the place of the actor in the context, from at on: siblings ascend by actor as the context does.
func (s Set) actorIndex(a Actor, at int) int {
	for s.context[at].Actor != a {
		at++
	}
	return at
}

// appendSibling appends a sibling without its value.
func appendSibling(b []byte, actor int, one Sibling) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(actor))
	var flags byte
	if one.Tombstone {
		flags = flagTombstone
	}
	b = append(b, flags, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(one.Value)))
	return binary.BigEndian.AppendUint64(b, one.Dot.Counter)
}
