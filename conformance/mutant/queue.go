package mutant

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"time"

	"handfast/codec"
)

// queue is a channel of this side: a mirror, or what goes to a remote. It is guarded by the lock of the shelf.
type queue struct {
	p     *peer
	name  string
	proto string

	id      [16]byte
	lineage codec.Lineage
	next    uint64
	stable  uint64 // greatest that was seen
	dup     uint64 // records up to this one were taken over from another channel
	slots   []slot // stable+1 to next-1
	size    int    // bytes of their data, and 64 for each

	want   *link // where the master is attached
	turn   int   // grows with each change of want
	finish bool  // the stream ends behind what is there
	out    *outlet
}

// slot is a record, or a number that was given up.
type slot struct {
	data   []byte
	gap    bool
	reason uint32 // of a gap
}

// mostQueued bounds a queue, in bytes.
const mostQueued = 32 << 20

// reopenAfter is how long a mirror waits before it opens another stream on the same link.
const reopenAfter = 30 * time.Millisecond

// newQueue begins a channel. The caller holds the lock of the shelf.
func newQueue(p *peer, master channelKey) *queue {
	q := &queue{p: p, name: master.name + mirrorSuffix, proto: mirrorProto}
	q.begin()
	return q
}

// begin mints an id and a lineage.
func (q *queue) begin() {
	_, _ = rand.Read(q.id[:]) // never fails
	var nonce [8]byte
	_, _ = rand.Read(nonce[:])
	q.lineage = codec.Lineage{{Epoch: 1, Nonce: binary.BigEndian.Uint64(nonce[:]) >> 1, First: 1}}
	q.next, q.stable, q.dup = 1, 0, 0
	switch {
	case q.p.has("has-one-id-for-all-channels"):
		q.id = [16]byte{'o', 'n', 'e'}
	case q.p.has("begins-at-100"):
		q.giveUp(99, codec.GapFiltered)
	}
}

// append takes a record.
func (q *queue) append(data []byte) {
	if q.p.has("gives-every-second-number") {
		q.put(slot{gap: true, reason: codec.GapFiltered})
	}
	switch {
	case q.p.has("mirrors-one-byte-less") && len(data) > 0:
		data = data[:len(data)-1]
	case q.p.has("mirrors-no-empty-records") && len(data) == 0:
		return
	}
	q.put(slot{data: bytes.Clone(data)})
}

// giveUp gives n numbers up.
func (q *queue) giveUp(n int, reason uint32) {
	switch {
	case q.p.has("gives-up-one-number-too-few") && n > 0:
		n--
	case q.p.has("gives-up-for-a-reason-of-its-own"):
		reason = codec.GapOperator
	case q.p.has("reports-losses-as-skipped"):
		reason = codec.GapFiltered
	case q.p.has("mirrors-no-gaps"):
		return
	}
	for range n {
		q.put(slot{gap: true, reason: reason})
	}
}

func (q *queue) put(one slot) {
	q.slots = append(q.slots, one)
	q.size += len(one.data) + codec.MessageCharge
	q.next++
	most := mostQueued
	if q.proto == realtimeProto {
		most *= 2 // two objects in PARTs
	}
	for i := 0; q.size > most && i < len(q.slots); i++ {
		if !q.slots[i].gap {
			q.size -= len(q.slots[i].data)
			q.slots[i] = slot{gap: true, reason: codec.GapOverflow}
		}
	}
}

// first is the number of the oldest record; next where there is none.
func (q *queue) first() uint64 {
	for i := range q.slots {
		if !q.slots[i].gap {
			return q.stable + 1 + uint64(i)
		}
	}
	return q.next
}

// at gives the slot of a number above stable and below next.
func (q *queue) at(seq uint64) *slot { return &q.slots[seq-q.stable-1] }

// free forgets what is stable.
func (q *queue) free(stable uint64) {
	if stable <= q.stable || stable >= q.next {
		return
	}
	for range stable - q.stable {
		q.size -= len(q.slots[0].data) + codec.MessageCharge
		q.slots = q.slots[1:]
	}
	q.stable = stable
}

// renew goes on with a new channel (CHAN-025, CHAN-026).
func (q *queue) renew() {
	if q.p.has("goes-on-with-a-foreign-channel") {
		return
	}
	var records []slot
	for _, one := range q.slots {
		if !one.gap {
			records = append(records, one)
		}
	}
	q.slots, q.size = nil, 0
	q.begin()
	for _, one := range records {
		q.put(one)
	}
	if !q.p.has("takes-records-over-without-a-word") {
		q.dup = q.next - 1
	}
}

// offer is what OPEN says.
func (q *queue) offer() *codec.Channel {
	c := &codec.Channel{ID: q.id, Name: q.name, Lineage: q.lineage, First: q.first(), Next: q.next, Stable: q.stable}
	switch {
	case q.p.has("offers-a-first-of-1"):
		c.First = 1
	case q.p.has("offers-a-stable-of-0"):
		c.Stable = 0
	}
	return c
}

// wake makes the outlet look for more. It is called without locks.
func (q *queue) wake() {
	q.p.shelf.mu.Lock()
	l := q.want
	q.p.shelf.mu.Unlock()
	if l != nil {
		l.wake()
	}
}

// attach lets the mirror go on on a link. It is called without locks.
func (q *queue) attach(l *link) {
	if q.p.has("opens-no-mirror") {
		return
	}
	mu := &q.p.shelf.mu
	mu.Lock()
	if q.want == l && !q.finish {
		mu.Unlock()
		return
	}
	if q.want != nil && q.p.has("stays-on-the-first-link") {
		mu.Unlock()
		return
	}
	q.want, q.finish = l, false
	q.turn++
	turn, old := q.turn, q.out
	q.out = nil
	mu.Unlock()
	if old != nil && !q.p.has("attaches-twice") {
		old.s.on(func() {
			old.s.l.reset(old.s, old.s.fault("CHAN-013", codec.CodeCancelled, "the channel goes on elsewhere"))
		})
	}
	if q.p.has("opens-mirrors-late") && !q.p.pass(4*time.Second) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.gone && !l.closing {
		l.work.Go(func() { q.serve(l, turn) }) // ends with the link, or with its turn
	}
}

// finishOn ends the mirror's stream on a link, behind what is there (MIRR-008). It is called without locks.
func (q *queue) finishOn(l *link) {
	if q.p.has("leaves-mirrors-open") {
		return
	}
	q.p.shelf.mu.Lock()
	if q.want == l {
		q.finish = true
	}
	q.p.shelf.mu.Unlock()
	l.wake()
}

// serve opens one stream after the other, as long as the mirror belongs to the link.
func (q *queue) serve(l *link, turn int) {
	for {
		s, refused := l.openOutlet(q, turn)
		if refused {
			return
		}
		if s != nil {
			s.outlet.send()
		}
		q.p.shelf.mu.Lock()
		over := q.turn != turn || q.want != l || q.finish && s != nil
		if over && q.turn == turn {
			q.want = nil
		}
		if s != nil && q.out == s.outlet {
			q.out = nil
		}
		q.p.shelf.mu.Unlock()
		if over || l.p.has("never-opens-mirrors-again") {
			return
		}
		if l.pause(reopenAfter); l.ctx.Err() != nil {
			return
		}
	}
}
