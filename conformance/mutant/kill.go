package mutant

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"

	"handfast/codec"
	"handfast/conformance"
)

// forgetful names the bugs that only a peer shows which is killed and started again.
func forgetful() []string {
	return []string{
		"writes-down-at-the-end-of-a-session", "counts-from-1-behind-a-kill", "goes-on-in-the-epoch-before-a-kill", "keeps-the-oldest-entries-of-lineages",
		"forgets-positions-when-it-is-killed", "lowers-positions-when-it-is-killed",
	}
}

// kill ends the peer as SIGKILL ends a process, and starts it again, on other ports, with what it has made durable: its node, its objects, and its channels
// with their positions. What was under way is lost.
func (p *peer) kill(ctx context.Context, target conformance.Target) (conformance.Target, error) {
	if err := p.stop(); err != nil {
		return target, err
	}
	p.mu.Lock() // nothing of the peer runs any more
	p.ended, p.done, p.listeners, p.conns = false, make(chan struct{}), nil, make(map[net.Conn]bool)
	p.starts++
	p.mu.Unlock()
	p.store.mu.Lock()
	p.rollBack()
	p.store.mu.Unlock()
	p.shelf.mu.Lock()
	p.shelf.jobs, p.shelf.desk = nil, false
	for _, h := range p.shelf.held {
		h.startAgain()
	}
	p.shelf.mu.Unlock()
	plain, err := p.listen(ctx, p.servePlain)
	if err != nil {
		return target, err
	}
	secure, err := p.listen(ctx, p.serveTLS)
	if err != nil {
		return target, errors.Join(err, p.stop())
	}
	target.Addr, target.TLSAddr = plain, secure
	return target, nil
}

// startAgain gives a channel and its mirror as a process that was killed finds them. The caller holds the lock of the shelf.
func (h *held) startAgain() {
	h.cur, h.waiting, h.entries, h.busy = nil, nil, nil, false
	switch {
	case h.p.has("forgets-positions-when-it-is-killed"):
		h.stable, h.ranges, h.top = 0, nil, 0
	case h.p.has("lowers-positions-when-it-is-killed"):
		h.stable, h.ranges = h.stable-min(h.stable, 50), nil
	}
	h.takenAgain()
	if h.mirror != nil {
		h.mirror.startAgain()
	}
}

// startAgain begins another epoch of a channel of this side (CHAN-010).
func (q *queue) startAgain() {
	q.want, q.out, q.finish = nil, nil, false
	q.turn++
	if q.p.has("goes-on-in-the-epoch-before-a-kill") {
		return
	}
	var nonce [8]byte
	_, _ = rand.Read(nonce[:]) // never fails
	last := q.lineage[len(q.lineage)-1]
	first := q.next
	if q.p.has("counts-from-1-behind-a-kill") {
		first = 1
		q.next, q.stable, q.slots, q.size = 1, 0, nil, 0
	}
	q.lineage = append(q.lineage[:len(q.lineage):len(q.lineage)], codec.Epoch{Epoch: last.Epoch + 1, Nonce: binary.BigEndian.Uint64(nonce[:]) >> 1, First: first})
	if n := len(q.lineage); n > codec.MaxLineage && !q.p.has("keeps-the-oldest-entries-of-lineages") {
		q.lineage = q.lineage[n-codec.MaxLineage:]
	} else if n > codec.MaxLineage {
		q.lineage = q.lineage[:codec.MaxLineage]
	}
}

// remembers notes what an object was before it is put into a store that is written down later. The caller holds the lock of the store.
func (p *peer) remembers(key string) {
	if !p.has("writes-down-at-the-end-of-a-session") {
		return
	}
	if p.store.before == nil {
		p.store.before, p.store.clockBefore = map[string]object{}, nodeClock{}
		p.store.clockBefore.join(p.store.clock)
	}
	if _, ok := p.store.before[key]; !ok {
		p.store.before[key] = p.store.objects[key]
	}
}

// writesDown makes durable what was put into the store.
func (p *peer) writesDown() {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	p.store.before, p.store.clockBefore = nil, nil
}

// rollBack takes out of the store what is not durable. The caller holds the lock of the store.
func (p *peer) rollBack() {
	before := p.store.before
	if before == nil {
		return
	}
	p.store.clock, p.store.before = p.store.clockBefore, nil
	for key, o := range before {
		p.put(key, o)
	}
}
