package mutant

import (
	"math"
	"slices"

	"handfast/codec"
)

// verdict is what a receiver makes of an OPEN with channel: a row of the table of spec/delivery.md.
type verdict struct {
	reject codec.Code // 0: it is accepted
	req    string
	state  codec.PositionState
	stable uint64
	ranges []codec.Range
	dup    uint64
	top    uint64
	fresh  bool // dup is that of row 4 or 5
}

// judge goes through the table (CHAN-033, CHAN-017). The caller holds the lock of the shelf.
func (h *held) judge(o *codec.Channel) verdict {
	p := h.p
	newest := o.Lineage[len(o.Lineage)-1]
	same := h.known && h.id == o.ID
	if other, known := p.shelf.ids[ownID{h.key.node, o.ID}]; known && other != h.key && !p.has("knows-no-foreign-channels") { // row 1
		return verdict{state: codec.PositionForeign}
	}
	if same && h.lineage[len(h.lineage)-1] == newest {
		switch {
		case o.Next <= h.greatest() && !p.has("cuts-by-overtaken-opens"):
			return verdict{reject: codec.CodeBusyElsewhere, req: "CHAN-033"}
		case p.has("takes-the-newest-entry-for-another-process"):
			return verdict{reject: codec.CodeEpochStale, req: "CHAN-017"}
		}
	}
	if !same && p.has("knows-no-ids") && h.known {
		same = true
	}
	fresh := verdict{stable: o.Stable, dup: o.Next - 1, fresh: true}
	switch {
	case p.has("answers-lost-from-0") && !same:
		fresh.stable = 0
	case p.has("forgets-dup-of-lost-channels"):
		fresh.dup = 0
	}
	switch at := entryOf(h.lineage, newest); {
	case same && at >= 0 && at < len(h.lineage)-1 && !p.has("takes-older-processes"): // row 2
		return verdict{reject: codec.CodeEpochStale, req: "CHAN-017"}
	case (!h.known || p.has("rejects-known-channels-when-it-is-full")) && p.shelf.of(h.key.node) >= codec.MaxChannels && !p.has("takes-any-number-of-channels"): // row 3
		return verdict{reject: codec.CodeOverloaded, req: "CHAN-017"}
	case !same: // row 4
		fresh.state = codec.PositionLost
		if p.has("answers-kept-to-new-channels") {
			fresh.state = codec.PositionKept
		}
		return fresh
	}
	now := verdict{state: codec.PositionKept, stable: h.stable, ranges: h.ranges, dup: h.dup, top: h.top}
	if p.has("forgets-dup-with-the-next-open") {
		now.dup = 0
	}
	if p.has("takes-back-what-it-has-acknowledged") && now.stable > 0 {
		now.stable, now.ranges = now.stable-1, nil
	}
	point, common := h.point(o)
	if !common && !p.has("looks-at-no-lineage") { // row 5
		fresh.state = codec.PositionDiverged
		if p.has("answers-kept-to-another-history") {
			fresh.state = codec.PositionKept
		}
		return fresh
	}
	now.dup = min(now.dup, point)
	if h.greatest() > point && !p.has("looks-at-no-lineage") { // row 6
		now.state, now.stable = codec.PositionDiverged, min(now.stable, point)
		now.ranges, now.top = cut(now.ranges, point), min(now.top, point)
		if p.has("answers-kept-to-a-cut-history") {
			now.state = codec.PositionKept
		}
		return now
	}
	if h.stable < o.Stable && !p.has("takes-itself-for-no-backup") { // row 7
		now.state = codec.PositionDiverged
		if p.has("believes-the-stable-that-is-offered") {
			now.stable, now.ranges = o.Stable, nil
		}
	}
	if now.state == codec.PositionKept && p.has("answers-lost-to-known-channels") {
		fresh.state = codec.PositionLost
		return fresh
	}
	return now // row 8
}

// greatest is the greatest number that was handed on, or that the position has.
func (h *held) greatest() uint64 {
	most := max(h.top, h.stable)
	if n := len(h.ranges); n > 0 {
		most = max(most, h.ranges[n-1].Last)
	}
	return most
}

// cut takes away what of ranges is above a point.
func cut(ranges []codec.Range, point uint64) []codec.Range {
	var left []codec.Range
	for _, r := range ranges {
		if r.Last = min(r.Last, point); r.First <= r.Last {
			left = append(left, r)
		}
	}
	return left
}

// entryOf finds an entry of a lineage; -1 where it is not there.
func entryOf(l codec.Lineage, e codec.Epoch) int {
	return slices.IndexFunc(l, func(one codec.Epoch) bool { return one.Epoch == e.Epoch && one.Nonce == e.Nonce })
}

// point is the end of the latest common entry: the smaller of its end offered and its end known.
func (h *held) point(o *codec.Channel) (point uint64, common bool) {
	p := h.p
	for i := len(o.Lineage) - 1; i >= 0; i-- {
		at := entryOf(h.lineage, o.Lineage[i])
		if p.has("compares-epochs-alone") {
			at = slices.IndexFunc(h.lineage, func(one codec.Epoch) bool { return one.Epoch == o.Lineage[i].Epoch })
		}
		if at < 0 {
			continue
		}
		offered, known := o.Next-1, uint64(math.MaxUint64)
		if i+1 < len(o.Lineage) {
			offered = o.Lineage[i+1].First - 1
		}
		if at+1 < len(h.lineage) {
			known = h.lineage[at+1].First - 1
		}
		switch {
		case p.has("looks-at-the-offered-end-alone"):
			known = math.MaxUint64
		case p.has("looks-at-the-known-end-alone"):
			offered = math.MaxUint64
		}
		return min(offered, known), true
	}
	return 0, false
}

// of counts the channels of a node.
func (s *shelf) of(node string) int {
	n := 0
	for key, h := range s.held {
		if key.node == node && h.known {
			n++
		}
	}
	return n
}

// offered answers an OPEN with channel. It is work of the desk.
func (p *peer) offered(in *intake, key channelKey) {
	p.shelf.mu.Lock()
	do := p.offeredLocked(in, key)
	p.shelf.mu.Unlock()
	run(do)
}

func (p *peer) offeredLocked(in *intake, key channelKey) (do []func()) {
	if p.shelf.held == nil {
		p.shelf.held, p.shelf.ids = make(map[channelKey]*held), make(map[ownID]channelKey)
	}
	if in.gone {
		return nil
	}
	h := p.shelf.held[key]
	if h == nil {
		h = &held{p: p, key: key}
	}
	in.held = h
	v := h.judge(in.offer)
	switch {
	case v.reject != 0:
		if h.cur != nil && p.has("ends-older-streams-before-it-looks") {
			do = append(do, h.cur.overtaken)
		}
		return append(do, func() { in.reject(v.reject, v.req) })
	case v.state == codec.PositionForeign:
		return append(do, func() { in.accept(v, nil) })
	}
	if h.cur != nil && p.has("rejects-newer-opens") {
		return append(do, func() { in.reject(codec.CodeBusyElsewhere, "CHAN-029") })
	}
	for _, older := range []*intake{h.cur, h.waiting} {
		if older != nil {
			h.drop(older)
			if !p.has("leaves-older-streams-open") {
				do = append(do, older.overtaken)
			}
		}
	}
	p.shelf.held[key] = h
	h.cur, h.waiting = nil, in
	return append(do, h.answer()...)
}

// overtaken ends a stream whose channel is attached by a newer OPEN (CHAN-029).
func (in *intake) overtaken() {
	in.s.endBy(in.s.fault("CHAN-029", codec.CodeBusyElsewhere, "the channel is attached to a newer stream"))
}

// endBy ends a stream by a fault. It is called without locks.
func (s *stream) endBy(f *fault) {
	if s.l.p.widens(f) {
		s.l.fail(f)
		return
	}
	s.on(func() { s.l.reset(s, f) })
}

// answer answers the OPEN that waits, if everything was applied (CHAN-022). The caller holds the lock of the shelf, and does what is
// returned without it.
func (h *held) answer() (do []func()) {
	in := h.waiting
	if in == nil || h.busy && !h.p.has("answers-while-it-applies") {
		return nil
	}
	h.waiting = nil
	v := h.judge(in.offer)
	if v.reject != 0 {
		return append(do, func() { in.reject(v.reject, v.req) })
	}
	if h.known && h.id != in.offer.ID {
		delete(h.p.shelf.ids, ownID{h.key.node, h.id})
	}
	if !h.known || h.id != in.offer.ID || !h.p.has("keeps-the-lineage-that-it-knew") {
		h.lineage = in.offer.Lineage
	}
	h.known, h.id = true, in.offer.ID
	h.stable, h.ranges, h.dup, h.top, h.early = v.stable, v.ranges, v.dup, v.top, 0
	v.ranges = h.firstRanges()
	h.p.shelf.ids[ownID{h.key.node, h.id}] = h.key
	h.cur = in
	if h.mirror == nil && (h.key.master() || h.key.proto == mirrorProto && h.p.has("mirrors-mirrors")) {
		h.mirror = newQueue(h.p, h.key)
	}
	return append(do, func() { in.accept(v, h.mirror) })
}

// reject answers OPEN with REJECT.
func (in *intake) reject(code codec.Code, req string) {
	s, l := in.s, in.s.l
	f := s.fault(req, code, "")
	if l.p.widens(f) {
		l.fail(f)
		return
	}
	s.on(func() {
		l.push(l.rejectFrame(f))
		in.left, s.dead = true, true
		s.settle()
	})
}

// accept answers OPEN with ACCEPT, and attaches the mirror.
func (in *intake) accept(v verdict, q *queue) {
	s, l := in.s, in.s.l
	at := codec.Position{State: v.state, Stable: v.stable, Ranges: v.ranges}
	if v.dup > v.stable || v.fresh {
		at.Dup = v.dup
	}
	done := false
	s.on(func() {
		b, err := codec.Accept{Stream: s.id, Channel: &at}.AppendFrame(nil)
		if err != nil {
			return
		}
		in.accepted, in.expected, in.skip = v.state != codec.PositionForeign, v.stable+1, v.ranges
		in.foreign = !in.accepted
		l.push(b)
		done = true
	})
	if done && q != nil {
		q.attach(l)
	}
}
