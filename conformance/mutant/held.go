package mutant

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"handfast/codec"
)

// held is a channel of the other side, with the position in it. It is guarded by the lock of the shelf.
type held struct {
	p   *peer
	key channelKey

	known   bool
	id      [16]byte
	lineage codec.Lineage
	stable  uint64
	ranges  []codec.Range // above stable, ascending, with a gap between them
	dup     uint64
	top     uint64    // greatest number that was handed on
	moved   time.Time // when stable has grown
	early   uint64    // of a peer that acknowledges what has arrived

	cur     *intake // nil: detached
	waiting *intake // its OPEN waits until everything was applied
	entries []entry // handed on, and not begun
	busy    bool    // the goroutine that applies is there
	failed  map[tried]bool

	mirror *queue // nil of a channel that has none, and before the first ACCEPT
	taken  taken  // of realtime
}

// tried is a record that has failed once.
type tried struct {
	id  [16]byte
	seq uint64
}

// has tells whether a number was applied or consumed.
func (h *held) has(seq uint64) bool { return len(h.missing(seq, seq)) == 0 }

// missing gives what of first to last was not applied or consumed.
func (h *held) missing(first, last uint64) []codec.Range {
	var list []codec.Range
	at := max(first, h.stable+1)
	for _, r := range h.ranges {
		if r.Last < at || r.First > last {
			continue
		}
		if r.First > at {
			list = append(list, codec.Range{First: at, Last: r.First - 1})
		}
		at = r.Last + 1
	}
	if at <= last {
		list = append(list, codec.Range{First: at, Last: last})
	}
	return list
}

// add notes that first to last were applied or consumed.
func (h *held) add(first, last uint64) {
	if last <= h.stable {
		return
	}
	all := append(slices.Clone(h.ranges), codec.Range{First: max(first, h.stable+1), Last: last})
	slices.SortFunc(all, func(a, b codec.Range) int {
		if a.First < b.First {
			return -1
		}
		return 1
	})
	joined := all[:0]
	for _, r := range all {
		if n := len(joined); n > 0 && r.First <= joined[n-1].Last+1 {
			joined[n-1].Last = max(joined[n-1].Last, r.Last)
			continue
		}
		joined = append(joined, r)
	}
	if joined[0].First == h.stable+1 {
		h.stable, joined, h.moved = joined[0].Last, joined[1:], time.Now()
	}
	h.ranges = joined
}

// firstRanges gives what an ACK or ACCEPT says of ranges (ACK-006).
func (h *held) firstRanges() []codec.Range {
	most := min(len(h.ranges), codec.MaxRanges)
	return slices.Clone(h.ranges[:most])
}

// take hands an entry on, unless it is a duplicate. It says which.
func (h *held) take(e entry) bool {
	if !e.gap && h.has(e.first) && !h.p.has("takes-numbers-again") {
		return false
	}
	h.top = max(h.top, e.last)
	e.from.pending++
	h.entries = append(h.entries, e)
	if !h.busy {
		h.busy = h.p.spawn(h.apply)
	}
	return true
}

// drop forgets what a stream has brought and what was not begun, because the stream has ended by a RESET of this side (CHAN-030).
func (h *held) drop(in *intake) {
	h.entries = slices.DeleteFunc(h.entries, func(e entry) bool { return e.from == in })
	in.pending = 0
}

// ended is told when the stream that had the channel has ended.
func (h *held) ended() {
	switch {
	case h.p.has("forgets-channels-with-their-streams"):
		h.forget()
	case h.p.has("forgets-positions-with-their-streams"):
		h.stable, h.ranges, h.top = 0, nil, 0
	}
}

// forget drops the channel.
func (h *held) forget() {
	h.known = false
	delete(h.p.shelf.ids, ownID{h.key.node, h.id})
	delete(h.p.shelf.held, h.key)
}

// apply applies entries in their order, until there are none.
func (h *held) apply() {
	mu := &h.p.shelf.mu
	for {
		mu.Lock()
		if len(h.entries) == 0 {
			h.busy = false
			do := h.answer()
			mu.Unlock()
			run(do)
			return
		}
		batch := h.batch()
		mu.Unlock()
		for _, e := range batch {
			e.from.s.l.mu.Lock()
			e.from.s.giveBack(e.charge)
			e.from.s.l.mu.Unlock()
		}
		if !h.p.pass(h.delay(batch[0])) {
			return
		}
		mu.Lock()
		do := h.applied(batch)
		mu.Unlock()
		run(do)
	}
}

// run does what has to be done without locks.
func run(do []func()) {
	for _, f := range do {
		f()
	}
}

// batch takes the next entries: one that has to wait alone.
func (h *held) batch() []entry {
	n := 1
	if h.delay(h.entries[0]) == 0 {
		for n < len(h.entries) && h.delay(h.entries[n]) == 0 && n < codec.AckRecords {
			n++
		}
	}
	if h.p.has("applies-the-newest-first") {
		slices.Reverse(h.entries)
	}
	batch := slices.Clone(h.entries[:n])
	h.entries = h.entries[n:]
	return batch
}

// delay tells how long an entry has to wait still (MIRR-009).
func (h *held) delay(e entry) time.Duration {
	if e.gap || !h.key.master() || h.p.has("does-not-hold-records") {
		return 0
	}
	if bytes.HasPrefix(e.data, []byte("hold")) && h.p.has("holds-too-much") {
		return max(time.Until(e.at.Add(5*time.Second)), time.Microsecond)
	}
	digits, found := bytes.CutPrefix(e.data, []byte("hold "))
	ms, err := strconv.ParseUint(string(digits), 10, 32)
	if !found || err != nil || len(digits) > 5 || ms > 10_000 || ms == 0 {
		return 0
	}
	return max(time.Until(e.at.Add(time.Duration(ms)*time.Millisecond)), time.Microsecond)
}

// fails tells whether a record has to fail: the first time, if it asks for it (MIRR-010).
func (h *held) fails(e entry) bool {
	one := tried{h.id, e.first}
	if e.gap || !bytes.HasPrefix(e.data, []byte("fail")) || !h.key.master() || h.failed[one] && !h.p.has("fails-every-time") || h.p.has("never-fails-records") {
		return false
	}
	if h.failed == nil {
		h.failed = make(map[tried]bool)
	}
	h.failed[one] = true
	return true
}

// applied makes the effects of entries, and gives what follows from them.
func (h *held) applied(batch []entry) (do []func()) {
	told := make(map[*intake]bool)
	for i, e := range batch {
		if h.fails(e) {
			for _, rest := range batch[i:] {
				rest.from.pending--
			}
			return append(do, h.writeFailed(e.from)...)
		}
		if h.key.proto == realtimeProto {
			goesOn, consumed := h.takeEntry(e)
			if !goesOn {
				for _, rest := range batch[i:] {
					rest.from.pending--
				}
				return append(do, h.writeFailed(e.from)...)
			}
			if !consumed {
				e.from.pending--
				continue
			}
		}
		h.effect(e)
		if h.p.has("applies-records-twice") && !e.gap {
			h.effect(e)
		}
		h.add(e.first, e.last)
		e.from.pending--
		if !told[e.from] && h.cur == e.from {
			told[e.from] = true
			do = append(do, e.from.acknowledge)
		}
	}
	if h.mirror != nil {
		do = append(do, h.mirror.wake)
	}
	if in := batch[len(batch)-1].from; in.fin && in.pending == 0 && h.cur == in && !h.p.has("ends-before-all-is-applied") {
		do = append(do, in.finish)
	}
	return do
}

// writeFailed ends the stream whose record could not be applied (ACK-012).
func (h *held) writeFailed(in *intake) (do []func()) {
	if h.p.has("ignores-failed-writes") {
		return nil
	}
	h.drop(in)
	if h.cur != in {
		return nil
	}
	h.cur = nil
	return []func(){func() { in.s.endBy(in.s.fault("ACK-012", codec.CodeInternal, "a record could not be applied")) }}
}

// effect is what an entry does: a record stands in the mirror, and a gap is there too.
func (h *held) effect(e entry) {
	q := h.mirror
	if q == nil {
		return
	}
	if !e.gap {
		q.append(e.data)
		return
	}
	n := uint64(0)
	for _, r := range h.missing(e.first, e.last) {
		n += r.Last - r.First + 1
	}
	if n <= 1024 || h.p.has("gives-up-numbers-for-long-gaps") && n <= 5000 {
		q.giveUp(int(n), e.reason)
	}
}
