package clock

import "encoding/binary"

// NodeLimits bounds what DecodeNode takes. Zero refuses everything but an empty clock.
type NodeLimits struct {
	Actors int // at most 65,535
	Ranges int // of all actors
}

// DefaultNodeLimits are those that every receiver takes at least (OBJ-015).
func DefaultNodeLimits() NodeLimits { return NodeLimits{Actors: 1024, Ranges: 65536} }

// AppendBinary appends the one encoding of the clock. The error is a *DecodeError with ReasonLimit for more than 65,535 actors; then b
// is returned as it was.
func (n *Node) AppendBinary(b []byte) ([]byte, error) {
	if len(n.actors) > 0xFFFF {
		return b, &DecodeError{Reason: ReasonLimit, Req: "OBJ-015", Offset: len(b)}
	}
	b = append(b, form, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(n.actors)))
	for i := range n.actors {
		b = append(b, n.actors[i].actor[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(n.actors[i].ranges)))
		for _, r := range n.actors[i].ranges {
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, r.First), r.Last)
		}
	}
	return b, nil
}

// DecodeNode reads a node clock, all of b, in its one form (OBJ-014). The result does not alias b. The error is a *DecodeError. Memory stays below
// twice len(b) plus 64 KiB.
func DecodeNode(b []byte, lim NodeLimits) (*Node, error) {
	r := reader{b: b, req: "OBJ-014"}
	n := new(Node)
	if !r.need(4) {
		return nil, r.fault
	}
	if b[0] != form {
		r.fail(ReasonForm, "OBJ-014", 0)
	}
	if b[1] != 0 {
		r.fail(ReasonZero, "OBJ-014", 1)
	}
	actors := int(binary.BigEndian.Uint16(b[2:]))
	if actors > lim.Actors {
		r.fail(ReasonLimit, "OBJ-015", 2)
	}
	r.at = 4
	if r.fault == nil && r.need(actors*36) && actors > 0 { // an actor has at least one range
		n.actors = make([]seen, actors)
	}
	for i := 0; i < len(n.actors) && r.fault == nil; i++ {
		lim.Ranges -= r.seen(n, i, lim.Ranges)
	}
	if r.fault == nil && r.at != len(b) {
		r.fail(ReasonTail, "OBJ-014", r.at)
	}
	if r.fault != nil {
		return nil, r.fault
	}
	return n, nil
}

// seen reads what the clock has of one actor, and gives the number of ranges.
func (r *reader) seen(n *Node, i, most int) int {
	if !r.need(20) {
		return 0
	}
	one := &n.actors[i]
	start := r.at
	r.at += copy(one.actor[:], r.b[r.at:])
	if i > 0 && n.actors[i-1].actor.Compare(one.actor) >= 0 {
		r.fail(ReasonOrder, "OBJ-014", start)
	}
	count := binary.BigEndian.Uint32(r.b[r.at:])
	switch {
	case count == 0:
		r.fail(ReasonGap, "OBJ-014", r.at)
	case uint64(count) > uint64(max(most, 0)):
		r.fail(ReasonLimit, "OBJ-015", r.at)
	case uint64(len(r.b)-r.at-4) < uint64(count)*16:
		r.fail(ReasonShort, "OBJ-014", r.at)
	}
	r.at += 4
	if r.fault != nil {
		return 0
	}
	one.ranges = make([]Range, count)
	for j := range one.ranges {
		w := Range{binary.BigEndian.Uint64(r.b[r.at:]), binary.BigEndian.Uint64(r.b[r.at+8:])}
		switch {
		case w.First < 1 || w.Last > MaxCounter || w.First > w.Last:
			r.fail(ReasonCounter, "OBJ-014", r.at)
		case j > 0 && w.First <= one.ranges[j-1].Last:
			r.fail(ReasonOrder, "OBJ-014", r.at)
		case j > 0 && w.First == one.ranges[j-1].Last+1:
			r.fail(ReasonGap, "OBJ-014", r.at)
		}
		one.ranges[j] = w
		r.at += 16
	}
	return int(count)
}
