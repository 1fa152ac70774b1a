package clock

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// hashSize is the size of the hash of a value.
const hashSize = sha256.Size

// Version is the state of an object without its values: what two stores compare before they send any (spec/sync.md). Its encoding is that
// of the object, with the SHA-256 of each value in the place of the value, which is also what the state hash is made of.
type Version struct {
	Context  Context
	Siblings []VersionSibling // ascending by dot
}

// VersionSibling stands for a Sibling.
type VersionSibling struct {
	Dot       Dot
	Tombstone bool
	Size      uint32 // bytes of the value
	Hash      [hashSize]byte
}

// Version gives the version of an object.
func (s Set) Version() Version {
	v := Version{Context: s.context, Siblings: make([]VersionSibling, len(s.siblings))}
	for i, one := range s.siblings {
		v.Siblings[i] = one.version()
	}
	return v
}

func (s Sibling) version() VersionSibling {
	return VersionSibling{s.Dot, s.Tombstone, uint32(len(s.Value)), sha256.Sum256(s.Value)}
}

// Dots gives the dots of the siblings.
func (v Version) Dots() []Dot {
	list := make([]Dot, len(v.Siblings))
	for i, one := range v.Siblings {
		list[i] = one.Dot
	}
	return list
}

// Find gives the sibling with a dot.
func (v Version) Find(d Dot) (VersionSibling, bool) {
	i, ok := slices.BinarySearchFunc(v.Siblings, d, func(one VersionSibling, d Dot) int { return one.Dot.Compare(d) })
	if !ok {
		return VersionSibling{}, false
	}
	return v.Siblings[i], true
}

// Equal tells whether both are versions of one state.
func (v Version) Equal(o Version) bool {
	return v.Context.Equal(o.Context) && slices.Equal(v.Siblings, o.Siblings)
}

// News tells whether merging the object would change what has the version: it shows a write, knows that one is gone, or has a
// context that the other has not. One dot with two values is news too, so that its receiver finds the collision.
func (s Set) News(theirs Version) bool {
	if !theirs.Context.Descends(s.context) {
		return true
	}
	for _, one := range s.siblings {
		if have, ok := theirs.Find(one.Dot); ok && have != one.version() {
			return true
		}
	}
	return slices.ContainsFunc(theirs.Siblings, func(one VersionSibling) bool { return s.context.Has(one.Dot) && !s.Has(one.Dot) })
}

// Knowing gives the object with a context that covers the dot too: a write of the object that is known, and gone unless it is a sibling.
func (s Set) Knowing(d Dot) Set { return Set{s.context.With(d), s.siblings} }

// AppendBinary appends the one encoding of a version. The error is a *DecodeError with ReasonLimit where there are more actors or siblings than
// the fields hold; then b is returned as it was.
func (v Version) AppendBinary(b []byte) ([]byte, error) {
	bare := Set{context: v.Context, siblings: make([]Sibling, len(v.Siblings))}
	if len(v.Context) > MaxActors || len(v.Siblings) > MaxSiblings {
		return b, &DecodeError{Reason: ReasonLimit, Req: "OBJ-007", Offset: len(b)}
	}
	b = bare.appendHead(b)
	at := 0
	for _, one := range v.Siblings {
		at = bare.actorIndex(one.Dot.Actor, at)
		start := len(b)
		b = appendSibling(b, at, Sibling{Dot: one.Dot, Tombstone: one.Tombstone})
		binary.BigEndian.PutUint32(b[start+4:], one.Size)
		b = append(b, one.Hash[:]...)
	}
	return b, nil
}

// DecodeVersion reads a version, all of b, in its one form (OBJ-004 to OBJ-006, with hashes for values). The result does not alias b. The error
// is a *DecodeError. Memory stays below twice len(b) plus 64 KiB.
func DecodeVersion(b []byte, lim Limits) (Version, error) {
	r := reader{b: b, req: "OBJ-004"}
	lim.Bytes = headSize + entrySize*lim.Actors + (siblingSize+hashSize)*lim.Siblings
	actors, siblings := r.head(lim)
	bare := Set{context: r.context(actors)}
	v := Version{Context: bare.context}
	if r.fault == nil && siblings > 0 {
		bare.siblings, v.Siblings = make([]Sibling, siblings), make([]VersionSibling, siblings)
	}
	for i := range v.Siblings {
		v.Siblings[i] = r.versionSibling(&bare, i)
	}
	if r.fault == nil && r.at != len(b) {
		r.fail(ReasonTail, "OBJ-004", r.at)
	}
	if r.fault != nil {
		return Version{}, r.fault
	}
	return v, nil
}

// versionSibling reads one, by way of a sibling without a value.
func (r *reader) versionSibling(bare *Set, i int) (v VersionSibling) {
	if !r.need(siblingSize + hashSize) {
		return v
	}
	at := r.at
	head := slices.Clone(r.b[at : at+siblingSize])
	v.Size = binary.BigEndian.Uint32(head[4:])
	if head[2]&flagTombstone != 0 && v.Size != 0 {
		r.fail(ReasonFlags, "OBJ-006", at+4)
		return v
	}
	clear(head[4:8])
	one := reader{b: head, req: r.req}
	one.sibling(bare, i)
	if one.fault != nil {
		r.fail(one.fault.Reason, one.fault.Req, at+one.fault.Offset)
		return v
	}
	v.Dot, v.Tombstone = bare.siblings[i].Dot, bare.siblings[i].Tombstone
	copy(v.Hash[:], r.b[at+siblingSize:])
	r.at = at + siblingSize + hashSize
	if v.Tombstone && v.Hash != sha256.Sum256(nil) {
		r.fail(ReasonFlags, "OBJ-006", at+siblingSize)
	}
	return v
}

// Trim gives a clock of at most n ranges that n covers: of each actor the last ranges stay, as many as there is room for. To claim less than one
// has is always true. n must be at least the number of actors; of more actors the first stay.
func (n *Node) Trim(most int) *Node {
	if n.Count() <= most {
		return n
	}
	out := &Node{actors: slices.Clone(n.actors[:min(len(n.actors), most)])}
	spare := out.Count() - most
	for i := range out.actors {
		list := out.actors[i].ranges
		cut := min(len(list)-1, max(spare, 0))
		out.actors[i].ranges = slices.Clone(list[cut:])
		spare -= cut
	}
	return out
}
