package clock

import (
	"encoding/binary"

	"handfast/refimpl/bulk"
)

// Decode reads an object, all of b, in its one form (OBJ-004 to OBJ-006). The result does not alias b. The error is a *DecodeError. Memory stays
// below twice len(b) plus 64 KiB, whatever the counts say.
func Decode(b []byte, lim Limits) (Set, error) { return decode(b, lim, false) }

// DecodeOwned is Decode of bytes that nobody changes any more: the result aliases b, and costs no copy of its values.
func DecodeOwned(b []byte, lim Limits) (Set, error) { return decode(b, lim, true) }

func decode(b []byte, lim Limits, owned bool) (Set, error) {
	r := reader{b: b, req: "OBJ-004", owned: owned}
	actors, siblings := r.head(lim)
	s := Set{context: r.context(actors)}
	r.siblings(&s, siblings)
	if r.fault == nil && r.at != len(b) {
		r.fail(ReasonTail, "OBJ-004", r.at)
	}
	if r.fault != nil {
		return Set{}, r.fault
	}
	return s, nil
}

// reader walks over an input; after the first fault it gives nothing more.
type reader struct {
	b     []byte
	req   string // of an input that ends early
	owned bool   // the result may alias b
	at    int
	fault *DecodeError
}

func (r *reader) fail(why Reason, req string, at int) {
	if r.fault == nil {
		r.fault = &DecodeError{Reason: why, Req: req, Offset: at}
	}
}

// need tells whether n more bytes are there.
func (r *reader) need(n int) bool {
	if r.fault == nil && len(r.b)-r.at < n {
		r.fail(ReasonShort, r.req, r.at)
	}
	return r.fault == nil
}

// zero refuses a reserved byte that is not zero.
func (r *reader) zero(at int) {
	if r.b[at] != 0 {
		r.fail(ReasonZero, "OBJ-004", at)
	}
}

// head reads the first eight bytes, and holds the counts against the limits and what has arrived.
func (r *reader) head(lim Limits) (actors, siblings int) {
	if len(r.b) > max(lim.Bytes, headSize) {
		r.fail(ReasonLimit, "OBJ-007", 0)
	}
	if !r.need(headSize) {
		return 0, 0
	}
	if r.b[0] != form {
		r.fail(ReasonForm, "OBJ-004", 0)
	}
	r.zero(1)
	actors, siblings = int(binary.BigEndian.Uint16(r.b[2:])), int(binary.BigEndian.Uint16(r.b[4:]))
	r.zero(6)
	r.zero(7)
	switch {
	case actors > min(lim.Actors, MaxActors):
		r.fail(ReasonLimit, "OBJ-007", 2)
	case siblings > min(lim.Siblings, MaxSiblings):
		r.fail(ReasonLimit, "OBJ-007", 4)
	}
	r.at = headSize
	r.need(actors*entrySize + siblings*siblingSize)
	return actors, siblings
}

// context reads the entries, whose bytes are there.
func (r *reader) context(n int) Context {
	if r.fault != nil || n == 0 {
		return nil
	}
	c := make(Context, n)
	for i := range c {
		r.at += copy(c[i].Actor[:], r.b[r.at:])
		c[i].Counter = binary.BigEndian.Uint64(r.b[r.at:])
		if i > 0 && c[i-1].Actor.Compare(c[i].Actor) >= 0 {
			r.fail(ReasonOrder, "OBJ-005", r.at-16)
		}
		if !c[i].valid() {
			r.fail(ReasonCounter, "OBJ-003", r.at)
		}
		r.at += 8
	}
	return c
}

// siblings reads the siblings into s. Their values are copied into one array, which is made when it is known that all of them are there.
func (r *reader) siblings(s *Set, n int) {
	if r.fault != nil || n == 0 {
		return
	}
	s.siblings = make([]Sibling, n)
	total := 0
	for i := range s.siblings {
		value := r.sibling(s, i)
		s.siblings[i].Value = value
		total += len(value)
	}
	if r.fault != nil || r.owned {
		return
	}
	values := make([]byte, 0, total)
	for i := range s.siblings {
		start := len(values)
		values = bulk.Append(values, s.siblings[i].Value)
		s.siblings[i].Value = values[start:len(values):len(values)]
	}
}

// sibling reads one, and gives its value as a part of the input.
func (r *reader) sibling(s *Set, i int) []byte {
	if !r.need(siblingSize) {
		return nil
	}
	at := r.at
	head := r.b[at : at+siblingSize]
	actor, flags, size := int(binary.BigEndian.Uint16(head)), head[2], binary.BigEndian.Uint32(head[4:])
	d := Dot{Counter: binary.BigEndian.Uint64(head[8:])}
	switch {
	case actor >= len(s.context):
		r.fail(ReasonContext, "OBJ-006", at)
		return nil
	case flags&^flagTombstone != 0:
		r.fail(ReasonFlags, "OBJ-006", at+2)
	case flags == flagTombstone && size != 0:
		r.fail(ReasonFlags, "OBJ-006", at+4)
	case !d.valid():
		r.fail(ReasonCounter, "OBJ-003", at+8)
	case d.Counter > s.context[actor].Counter:
		r.fail(ReasonContext, "OBJ-006", at+8)
	}
	r.zero(at + 3)
	d.Actor = s.context[actor].Actor
	s.siblings[i] = Sibling{Dot: d, Tombstone: flags == flagTombstone}
	if i > 0 && s.siblings[i-1].Dot.Compare(d) >= 0 {
		r.fail(ReasonOrder, "OBJ-005", at)
	}
	r.at += siblingSize
	if r.fault != nil || uint64(len(r.b)-r.at) < uint64(size) {
		r.fail(ReasonShort, "OBJ-004", at+4)
		return nil
	}
	value := r.b[r.at : r.at+int(size) : r.at+int(size)]
	r.at += int(size)
	return value
}
