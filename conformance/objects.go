package conformance

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"handfast/codec"
)

// The objects of spec/objects.md, as small as the suite needs them: it writes them down, and compares what comes with what it has written.

// fresh gives what no store has seen: actors, counters and keys of one run. They do not come from the seed, because a store keeps what an
// earlier run with the same seed has put into it.
type fresh struct {
	actors [4][16]byte // ascending
	next   atomic.Uint64
}

func newFresh() *fresh {
	f := new(fresh)
	_, _ = rand.Read(f.actors[0][:]) // never fails
	f.actors[0][0] &= 0x3F
	for i := range f.actors {
		f.actors[i] = f.actors[0]
		f.actors[i][0] += byte(i)
	}
	return f
}

// write gives a new dot of one of four actors, the first being the smallest.
func (t *T) write(actor int) dot { return dot{t.fresh.actors[actor], t.fresh.next.Add(1)} }

// key gives a key that was not used before.
func (t *T) key() []byte {
	return fmt.Appendf(nil, "%x-%d", t.fresh.actors[0][:6], t.fresh.next.Add(1))
}

// dot names one write.
type dot struct {
	actor   [16]byte
	counter uint64
}

func (d dot) compare(o dot) int {
	return cmp.Or(bytes.Compare(d.actor[:], o.actor[:]), cmp.Compare(d.counter, o.counter))
}

// sibling is a value, or a tombstone.
type sibling struct {
	dot
	value []byte
	gone  bool
}

// object is the state of an object. Both lists ascend.
type object struct {
	context  []dot // the greatest counter of each actor
	siblings []sibling
}

// holds makes an object whose context has no more than its siblings and further writes.
func holds(siblings []sibling, further ...dot) object {
	most := map[[16]byte]uint64{}
	for _, s := range siblings {
		most[s.actor] = max(most[s.actor], s.counter)
	}
	for _, d := range further {
		most[d.actor] = max(most[d.actor], d.counter)
	}
	o := object{siblings: slices.Clone(siblings)}
	for actor, counter := range most {
		o.context = append(o.context, dot{actor, counter})
	}
	slices.SortFunc(o.context, dot.compare)
	slices.SortFunc(o.siblings, func(a, b sibling) int { return a.dot.compare(b.dot) })
	return o
}

// value makes an object of one value that replaces further writes.
func value(d dot, text string, replaced ...dot) object {
	return holds([]sibling{{dot: d, value: []byte(text)}}, replaced...)
}

// tombstone makes an object that was deleted by a write.
func tombstone(d dot, replaced ...dot) object {
	return holds([]sibling{{dot: d, gone: true}}, replaced...)
}

const (
	objectHead  = 8
	contextSize = 24
	siblingHead = 16
	hashSize    = sha256.Size
)

// head appends head and context.
func (o object) head(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, 1, 0), uint16(len(o.context)))
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(o.siblings))), 0, 0)
	for _, d := range o.context {
		b = binary.BigEndian.AppendUint64(append(b, d.actor[:]...), d.counter)
	}
	return b
}

// siblingHead appends the first 16 bytes of a sibling.
func (o object) siblingHead(b []byte, s sibling) []byte {
	place := slices.IndexFunc(o.context, func(d dot) bool { return d.actor == s.actor })
	flags := byte(0)
	if s.gone {
		flags = 1
	}
	b = append(binary.BigEndian.AppendUint16(b, uint16(place)), flags, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.value)))
	return binary.BigEndian.AppendUint64(b, s.counter)
}

// encode gives the encoding.
func (o object) encode() []byte {
	b := o.head(nil)
	for _, s := range o.siblings {
		b = append(o.siblingHead(b, s), s.value...)
	}
	return b
}

// version gives the encoding with hashes for values.
func (o object) version() []byte { return o.hashed(o.head(nil)) }

func (o object) hashed(b []byte) []byte {
	for _, s := range o.siblings {
		h := sha256.Sum256(s.value)
		b = append(o.siblingHead(b, s), h[:]...)
	}
	return b
}

// dots gives the dots of the siblings and the context.
func (o object) dots() []dot {
	list := slices.Clone(o.context)
	for _, s := range o.siblings {
		list = append(list, s.dot)
	}
	return list
}

// errObject says that bytes are no object.
var errObject = errors.New("bytes that are no object")

// parseObject reads an object, as its receiver has to.
func parseObject(b []byte) (o object, err error) {
	if len(b) < objectHead {
		return o, errObject
	}
	actors, siblings := int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint16(b[4:]))
	rest := b[objectHead:]
	for range actors {
		if len(rest) < contextSize {
			return o, errObject
		}
		o.context = append(o.context, dot{[16]byte(rest), binary.BigEndian.Uint64(rest[16:])})
		rest = rest[contextSize:]
	}
	for range siblings {
		if len(rest) < siblingHead {
			return o, errObject
		}
		place, size := int(binary.BigEndian.Uint16(rest)), int(binary.BigEndian.Uint32(rest[4:]))
		if place >= actors || size > len(rest)-siblingHead {
			return o, errObject
		}
		o.siblings = append(o.siblings, sibling{
			dot: dot{o.context[place].actor, binary.BigEndian.Uint64(rest[8:])}, value: rest[siblingHead : siblingHead+size], gone: rest[2] == 1,
		})
		rest = rest[siblingHead+size:]
	}
	ascends := func(a, b dot) int { return a.compare(b) }
	if !slices.IsSortedFunc(o.context, ascends) || !bytes.Equal(o.encode(), b) {
		return o, errObject
	}
	return o, nil
}

// nodeClock is a node clock: of each actor the ranges that are there, ascending and apart.
type nodeClock map[[16]byte][]codec.Range

// clockOf makes a node clock of writes.
func clockOf(dots ...dot) nodeClock {
	n := nodeClock{}
	n.add(dots...)
	return n
}

// add adds writes.
func (n nodeClock) add(dots ...dot) {
	for _, d := range dots {
		n.span(d.actor, d.counter, d.counter)
	}
}

// span adds a range.
func (n nodeClock) span(actor [16]byte, first, last uint64) {
	list := append(slices.Clone(n[actor]), codec.Range{First: first, Last: last})
	slices.SortFunc(list, func(a, b codec.Range) int { return cmp.Compare(a.First, b.First) })
	out := list[:1]
	for _, r := range list[1:] {
		if end := &out[len(out)-1]; r.First <= end.Last+1 {
			end.Last = max(end.Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	n[actor] = out
}

// join adds all of another clock.
func (n nodeClock) join(o nodeClock) {
	for actor, list := range o {
		for _, r := range list {
			n.span(actor, r.First, r.Last)
		}
	}
}

// has tells whether a write is there.
func (n nodeClock) has(d dot) bool {
	return slices.ContainsFunc(n[d.actor], func(r codec.Range) bool { return r.First <= d.counter && d.counter <= r.Last })
}

// reaches tells whether a counter is not above every one that is there of its actor.
func (n nodeClock) reaches(d dot) bool {
	list := n[d.actor]
	return len(list) > 0 && d.counter <= list[len(list)-1].Last
}

// encode gives the encoding.
func (n nodeClock) encode() []byte {
	b := binary.BigEndian.AppendUint16([]byte{1, 0}, uint16(len(n)))
	for _, actor := range slices.SortedFunc(maps.Keys(n), func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) }) {
		b = binary.BigEndian.AppendUint32(append(b, actor[:]...), uint32(len(n[actor])))
		for _, r := range n[actor] {
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, r.First), r.Last)
		}
	}
	return b
}

// parseNodeClock reads a node clock, as its receiver has to.
func parseNodeClock(b []byte) (nodeClock, error) {
	bad := errors.New("bytes that are no node clock")
	if len(b) < 4 {
		return nil, bad
	}
	n, rest := nodeClock{}, b[4:]
	for range binary.BigEndian.Uint16(b[2:]) {
		if len(rest) < 20 {
			return nil, bad
		}
		actor, count := [16]byte(rest), int(binary.BigEndian.Uint32(rest[16:]))
		if rest = rest[20:]; count > len(rest)/16 {
			return nil, bad
		}
		for range count {
			n[actor] = append(n[actor], codec.Range{First: binary.BigEndian.Uint64(rest), Last: binary.BigEndian.Uint64(rest[8:])})
			rest = rest[16:]
		}
	}
	if !bytes.Equal(n.encode(), b) {
		return nil, bad
	}
	for _, list := range n {
		for i, r := range list {
			if r.First == 0 || r.First > r.Last || r.Last >= 1<<63 || i > 0 && r.First < list[i-1].Last+2 {
				return nil, bad
			}
		}
	}
	return n, nil
}

// The hashes, with a salt of zeros.

func nameOf(namespace string, key []byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(namespace))), namespace...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(key))), key...)
}

// keyHash gives the hash of a key in the namespace of the suite.
func keyHash(key []byte) [8]byte { return keyHashIn(syncNamespace, key) }

func keyHashIn(namespace string, key []byte) [8]byte {
	h := sha256.Sum256(slices.Concat(make([]byte, 16), []byte("K"), nameOf(namespace, key)))
	return [8]byte(h[:])
}

// itemOf gives the item of an object in the namespace of the suite.
func itemOf(key []byte, o object) [16]byte { return itemIn(syncNamespace, key, o) }

func itemIn(namespace string, key []byte, o object) (item [16]byte) {
	state := sha256.Sum256(o.hashed(o.head(append([]byte("HFO\x01"), nameOf(namespace, key)...))))
	short := sha256.Sum256(slices.Concat(make([]byte, 16), []byte("S"), state[:]))
	kh := keyHashIn(namespace, key)
	copy(item[:8], kh[:])
	copy(item[8:], short[:8])
	return item
}

// world is what a store has in the namespace, by keys.
type world map[string]object

// under gives the items under a prefix, ascending.
func (w world) under(p codec.SyncPrefix) [][16]byte {
	var list [][16]byte
	for key, o := range w {
		if kh := keyHash([]byte(key)); prefixes(p, kh) {
			list = append(list, itemOf([]byte(key), o))
		}
	}
	slices.SortFunc(list, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return list
}

// prefixes tells whether a key hash begins with a prefix.
func prefixes(p codec.SyncPrefix, kh [8]byte) bool { return prefixOf(kh, p.Length) == p }

// prefixOf gives the first half bytes of a key hash.
func prefixOf(kh [8]byte, length int) (p codec.SyncPrefix) {
	for i := range length {
		p = p.Next(kh[i/2] >> (4 * (1 - i%2)) & 15)
	}
	return p
}

// fingerprint gives that of items under a prefix, all of which are in the list, ascending.
func fingerprint(items [][16]byte, p codec.SyncPrefix) (print [16]byte) {
	const most = 32
	if len(items) == 0 {
		return print
	}
	b := []byte("L")
	if len(items) <= most || p.Length == codec.MaxSyncPrefix {
		for _, one := range items {
			b = append(b, one[:]...)
		}
	} else {
		b = []byte("N")
		for _, part := range partPrints(items, p) {
			b = append(b, part[:]...)
		}
	}
	h := sha256.Sum256(b)
	return [16]byte(h[:])
}

// partPrints gives the fingerprints of the prefixes that are one half byte longer.
func partPrints(items [][16]byte, p codec.SyncPrefix) (list [16][16]byte) {
	for half := range list {
		longer := p.Next(byte(half))
		list[half] = fingerprint(slices.DeleteFunc(slices.Clone(items), func(one [16]byte) bool { return !prefixes(longer, [8]byte(one[:])) }), longer)
	}
	return list
}
