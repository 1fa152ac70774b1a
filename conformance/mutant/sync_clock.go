package mutant

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"handfast/codec"
)

// nodeClock is a node clock: of each actor the writes that are known, in ranges that ascend and do not touch. A nil one may be read.
type nodeClock map[[16]byte][]codec.Range

// maxRange bounds the ranges of a clock that is stated (OBJ-015).
const maxRange = 1 << 16

// has tells whether a write is there.
func (n nodeClock) has(d dot) bool {
	return slices.ContainsFunc(n[d.actor], func(r codec.Range) bool { return r.First <= d.counter && d.counter <= r.Last })
}

// reaches tells whether no counter is above every one of its actor.
func (n nodeClock) reaches(actor [16]byte, counter uint64) bool {
	list := n[actor]
	return len(list) > 0 && counter <= list[len(list)-1].Last
}

// add adds a range.
func (n nodeClock) add(actor [16]byte, first, last uint64) {
	list := n[actor]
	switch most := len(list) - 1; {
	case most < 0 || first > list[most].Last+1:
		n[actor] = append(list, codec.Range{First: first, Last: last})
		return
	case slices.ContainsFunc(list, func(r codec.Range) bool { return r.First <= first && last <= r.Last }):
		return
	}
	list = append(slices.Clone(list), codec.Range{First: first, Last: last})
	slices.SortFunc(list, func(a, b codec.Range) int { return cmp.Compare(a.First, b.First) })
	out := list[:1]
	for _, r := range list[1:] {
		if end := &out[len(out)-1]; r.First <= end.Last+1 {
			end.Last = max(end.Last, r.Last)
		} else {
			out = append(out, r)
		}
	}
	n[actor] = out
}

// join adds all of another clock.
func (n nodeClock) join(o nodeClock) {
	for actor, list := range o {
		for _, r := range list {
			n.add(actor, r.First, r.Last)
		}
	}
}

// without gives a copy that lacks some writes.
func (n nodeClock) without(dots ...dot) nodeClock {
	out := maps.Clone(n)
	for _, d := range dots {
		var list []codec.Range
		for _, r := range out[d.actor] {
			if d.counter < r.First || r.Last < d.counter {
				list = append(list, r)
				continue
			}
			if r.First < d.counter {
				list = append(list, codec.Range{First: r.First, Last: d.counter - 1})
			}
			if d.counter < r.Last {
				list = append(list, codec.Range{First: d.counter + 1, Last: r.Last})
			}
		}
		if out[d.actor] = list; len(list) == 0 {
			delete(out, d.actor)
		}
	}
	return out
}

// encode gives the encoding of what a receiver is expected to take: of more ranges, the last ones.
func (n nodeClock) encode() []byte {
	actors := slices.SortedFunc(maps.Keys(n), func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	actors = actors[:min(len(actors), maxObject)]
	room := maxRange - len(actors)
	b := binary.BigEndian.AppendUint16([]byte{1, 0}, uint16(len(actors)))
	for _, actor := range actors {
		list := n[actor]
		list = list[max(0, len(list)-1-room):]
		room -= len(list) - 1
		b = binary.BigEndian.AppendUint32(append(b, actor[:]...), uint32(len(list)))
		for _, r := range list {
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, r.First), r.Last)
		}
	}
	return b
}

// errClock says that bytes are no node clock.
var errClock = errors.New("mutant: no node clock")

// parseClock reads a node clock, as strictly as OBJ-014 asks for. Memory stays below three times len(b).
func (p *peer) parseClock(b []byte) (nodeClock, error) {
	const head, actorHead, rangeSize = 4, 20, 16
	n := nodeClock{}
	if len(b) < head {
		return nil, errClock
	}
	if b[0] != 1 && !p.has("takes-clocks-of-any-form") || b[1] != 0 && !p.has("takes-reserved-bytes-of-clocks") {
		return nil, errClock
	}
	actors, rest := int(binary.BigEndian.Uint16(b[2:])), b[head:]
	if actors > 1000 && p.has("takes-clocks-of-few-actors") {
		return nil, errClock
	}
	var before [16]byte
	for i := range actors {
		if len(rest) < actorHead {
			return nil, errClock
		}
		actor, count := [16]byte(rest), int(binary.BigEndian.Uint32(rest[16:]))
		rest = rest[actorHead:]
		if count > len(rest)/rangeSize {
			if !p.has("takes-clocks-that-end-early") {
				return nil, errClock
			}
			count, rest = len(rest)/rangeSize, rest[:len(rest)/rangeSize*rangeSize]
		}
		switch {
		case i > 0 && bytes.Compare(before[:], actor[:]) >= 0,
			count == 0 && !p.has("takes-actors-without-ranges") && !p.has("takes-clocks-that-end-early"):
			return nil, errClock
		}
		before = actor
		var last uint64
		for j := range count {
			r := codec.Range{First: binary.BigEndian.Uint64(rest), Last: binary.BigEndian.Uint64(rest[8:])}
			rest = rest[rangeSize:]
			if !p.rangeFits(r, last, j) {
				return nil, errClock
			}
			last = r.Last
			n.add(actor, r.First, r.Last)
		}
		if len(n[actor]) > 60 && p.has("takes-clocks-of-few-ranges") {
			return nil, errClock
		}
	}
	if len(rest) > 0 && !p.has("takes-bytes-behind-clocks") {
		return nil, errClock
	}
	return n, nil
}

// rangeFits judges range number j of an actor, behind one that ends with last.
func (p *peer) rangeFits(r codec.Range, last uint64, j int) bool {
	switch {
	case r.First == 0 && !p.has("takes-ranges-from-0"),
		r.First > r.Last && !p.has("takes-ranges-backwards"),
		r.Last >= 1<<63 && !p.has("takes-ranges-of-64-bits"):
		return false
	case j == 0:
		return true
	case r.First == last+1:
		return p.has("takes-ranges-that-touch")
	}
	return r.First > last || p.has("takes-ranges-out-of-order")
}
