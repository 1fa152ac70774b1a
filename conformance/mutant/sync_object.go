package mutant

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// dot names one write of an object (spec/objects.md).
type dot struct {
	actor   [16]byte
	counter uint64
}

func (d dot) compare(o dot) int {
	return cmp.Or(bytes.Compare(d.actor[:], o.actor[:]), cmp.Compare(d.counter, o.counter))
}

// sibling is a value or a tombstone; of a version it has the hash and the size of the value alone.
type sibling struct {
	dot
	gone  bool
	value []byte
	size  uint32
	hash  [sha256.Size]byte
}

// same tells whether two siblings of one dot are one.
func (s sibling) same(o sibling) bool {
	return s.gone == o.gone && s.size == o.size && s.hash == o.hash
}

// object is the state of an object, or its version. The zero value is the object that is not there. Siblings ascend by dot.
type object struct {
	context  map[[16]byte]uint64
	siblings []sibling
}

// maxObject bounds the entries of a context, and the siblings (OBJ-007).
const maxObject = 1024

const (
	objectHead  = 8
	contextSize = 24
	siblingHead = 16
)

// covers tells whether a context has a write.
func (o object) covers(d dot) bool { return d.counter <= o.context[d.actor] }

// find gives the sibling of a dot.
func (o object) find(d dot) (sibling, bool) {
	i := slices.IndexFunc(o.siblings, func(s sibling) bool { return s.dot == d })
	if i < 0 {
		return sibling{}, false
	}
	return o.siblings[i], true
}

// clone copies what knowing and merge change.
func (o object) clone() object {
	context := maps.Clone(o.context)
	if context == nil {
		context = map[[16]byte]uint64{}
	}
	return object{context, slices.Clone(o.siblings)}
}

// equal tells whether two objects, or two versions, are one state.
func (o object) equal(p object) bool {
	return maps.Equal(o.context, p.context) && slices.EqualFunc(o.siblings, p.siblings, func(a, b sibling) bool { return a.dot == b.dot && a.same(b) })
}

// actors gives those of the context, ascending.
func (o object) actors() [][16]byte {
	return slices.SortedFunc(maps.Keys(o.context), func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
}

// append appends the encoding: with values, or that of the version.
func (o object) append(b []byte, values bool) []byte {
	actors := o.actors()
	b = binary.BigEndian.AppendUint16(append(b, 1, 0), uint16(len(actors)))
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(o.siblings))), 0, 0)
	for _, actor := range actors {
		b = binary.BigEndian.AppendUint64(append(b, actor[:]...), o.context[actor])
	}
	for _, s := range o.siblings {
		place := slices.Index(actors, s.actor)
		flags := byte(0)
		if s.gone {
			flags = 1
		}
		b = append(binary.BigEndian.AppendUint16(b, uint16(place)), flags, 0)
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, s.size), s.counter)
		if values {
			b = append(b, s.value...)
		} else {
			b = append(b, s.hash[:]...)
		}
	}
	return b
}

// errObject says that bytes are no object.
var errObject = errors.New("mutant: no object")

// parseObject reads an object, or a version, as strictly as OBJ-003 to OBJ-007 ask for.
func (p *peer) parseObject(b []byte, values bool) (object, error) {
	r := objectReader{p: p, values: values, rest: b, o: object{context: map[[16]byte]uint64{}}}
	return r.object()
}

// objectReader reads one object.
type objectReader struct {
	p      *peer
	values bool
	rest   []byte
	o      object
	actors [][16]byte
}

// takes tells whether a peer with a bug overlooks something in an object. In versions it overlooks nothing.
func (r *objectReader) takes(bug string) bool { return r.values && r.p.bug == bug }

// cut gives the next n bytes.
func (r *objectReader) cut(n int) ([]byte, bool) {
	if n > len(r.rest) {
		return nil, false
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b, true
}

func (r *objectReader) object() (object, error) {
	head, ok := r.cut(objectHead)
	if !ok {
		if r.takes("takes-objects-that-end-early") {
			return r.o, nil
		}
		return object{}, errObject
	}
	actors, siblings := int(binary.BigEndian.Uint16(head[2:])), int(binary.BigEndian.Uint16(head[4:]))
	switch {
	case head[0] != 1 && !r.takes("takes-objects-of-any-form"),
		(head[1] != 0 || head[6] != 0 || head[7] != 0) && !r.takes("takes-reserved-bytes-of-objects"),
		actors > maxObject && !r.takes("takes-objects-of-many-actors"),
		siblings > maxObject && !r.takes("takes-objects-of-many-siblings"):
		return object{}, errObject
	}
	for range actors {
		if !r.entry() {
			return object{}, errObject
		}
	}
	for range siblings {
		if ended, ok := r.sibling(); !ok {
			return object{}, errObject
		} else if ended {
			break
		}
	}
	if len(r.rest) > 0 && !r.takes("takes-bytes-behind-objects") {
		return object{}, errObject
	}
	slices.SortFunc(r.o.siblings, func(a, b sibling) int { return a.compare(b.dot) }) // they are, but of a peer with a bug
	return r.o, nil
}

// entry reads an entry of the context.
func (r *objectReader) entry() bool {
	b, ok := r.cut(contextSize)
	if !ok {
		return false
	}
	actor, counter := [16]byte(b), binary.BigEndian.Uint64(b[16:])
	if n := len(r.actors); n > 0 && bytes.Compare(r.actors[n-1][:], actor[:]) >= 0 && !r.takes("takes-contexts-out-of-order") {
		return false
	}
	if (counter == 0 || counter >= 1<<63) && !r.takes("takes-any-counter-of-a-context") {
		return false
	}
	r.actors = append(r.actors, actor)
	r.o.context[actor] = counter
	return true
}

// sibling reads a sibling. Ended is said by a peer that takes objects that end early.
func (r *objectReader) sibling() (ended, ok bool) {
	b, ok := r.cut(siblingHead)
	if !ok {
		return true, r.takes("takes-objects-that-end-early")
	}
	place, flags, size, counter := int(binary.BigEndian.Uint16(b)), b[2], binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint64(b[8:])
	if place >= len(r.actors) {
		if !r.takes("takes-siblings-of-no-actor") || len(r.actors) == 0 {
			return false, false
		}
		place = len(r.actors) - 1
	}
	s := sibling{dot: dot{r.actors[place], counter}, gone: flags&1 != 0, size: size}
	switch {
	case b[3] != 0 && !r.takes("takes-reserved-bytes-of-objects"),
		flags > 1 && !r.takes("takes-unknown-flags-of-siblings"),
		s.gone && size > 0 && !r.takes("takes-tombstones-with-values"),
		counter == 0 && !r.takes("takes-siblings-of-the-counter-0"),
		counter > r.o.context[s.actor] && !r.takes("takes-siblings-beyond-their-context"),
		!r.ascends(s.dot) && !r.takes("takes-siblings-out-of-order"):
		return false, false
	}
	return r.body(&s)
}

// ascends holds the dot of a sibling against the one before.
func (r *objectReader) ascends(d dot) bool {
	n := len(r.o.siblings)
	return n == 0 || r.o.siblings[n-1].compare(d) < 0
}

// body reads what comes behind the head of a sibling: the value, or its hash.
func (r *objectReader) body(s *sibling) (ended, ok bool) {
	n := sha256.Size
	if r.values {
		n = int(s.size)
	}
	b, ok := r.cut(n)
	if !ok {
		if !r.takes("takes-objects-that-end-early") {
			return false, false
		}
		b, ended = r.rest, true
		r.rest = nil
	}
	if r.values {
		s.value, s.hash, s.size = bytes.Clone(b), sha256.Sum256(b), uint32(len(b))
	} else {
		s.hash = [sha256.Size]byte(b)
		if s.gone && s.hash != sha256.Sum256(nil) {
			return false, false
		}
	}
	r.o.siblings = append(r.o.siblings, *s)
	return ended, true
}
