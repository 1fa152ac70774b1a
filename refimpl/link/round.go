package link

import (
	"net"
	"slices"
)

// round takes what is queued, writes it, and comes back. It is called with mu held and writing set, and returns with mu
// held; mu is not held over the write.
func (w *writer) round() {
	b := w.takeQueued()
	w.mu.Unlock()
	w.compose(&b)
	left, err := w.writeRound(&b)
	w.settle(b, left, err)
}

// batch is what one round of writing takes.
type batch struct {
	ctl          []byte
	replies      replies
	grants, acks []*Stream
	ready        []*Stream
	held         int // bytes of the link's memory, to be given back when it was written
	last         bool
}

// takeQueued empties the queues. It is called with mu held.
func (w *writer) takeQueued() batch {
	b := batch{ctl: w.ctl, replies: w.replies, grants: w.grants, acks: w.acks, ready: w.ready, held: w.ctlHeld, last: w.last}
	w.ctl, w.ctlHeld, w.replies = w.spare[:0], 0, replies{}
	w.grants, w.acks, w.ready = w.granted[:0], w.acked[:0], w.taken[:0]
	return b
}

// compose adds to the queued frames what is owed; nothing follows CLOSE.
func (w *writer) compose(b *batch) {
	if b.last {
		return
	}
	b.ctl = w.appendReplies(b.ctl, &b.replies)
	for _, s := range b.grants {
		b.ctl = s.appendCredit(b.ctl)
	}
	for _, s := range b.acks {
		b.ctl = s.appendAck(b.ctl)
	}
	b.ctl = w.appendGrease(b.ctl)
}

// settle gives back what the batch held, keeps its memory for the next, and streams that were not come to. It is called
// without mu and returns with it.
func (w *writer) settle(b batch, left []*Stream, err error) {
	w.unsent.give(b.held)
	if err == nil && b.last {
		err = net.ErrClosed
	}
	w.mu.Lock()
	if err != nil && w.err == nil {
		w.err = err
		w.room.Broadcast()
		w.mu.Unlock()
		w.link.writerEnded(err, b.last) // closing may wait: mu is what everybody else needs
		w.mu.Lock()
	}
	w.spare = keepBuffer(b.ctl)
	clear(b.grants)
	w.granted = b.grants[:0]
	clear(b.acks)
	w.acked = b.acks[:0]
	if len(left) > 0 { // before those that became ready meanwhile, so that every stream has its turn
		w.ready = slices.Insert(w.ready, 0, left...)
	}
	clear(b.ready)
	w.taken = b.ready[:0]
	w.room.Broadcast()
}

// writeRound writes b's frames and then its ready streams in turn, up to roundMax. It returns the streams that it did not
// come to.
func (w *writer) writeRound(b *batch) ([]*Stream, error) {
	w.vec = w.vec[:0]
	ctl, ready := b.ctl, b.ready
	flat, total, i := 0, len(ctl), 0
	for ; i < len(ready) && total < roundMax && !b.last; i++ {
		frame, held := ready[i].take(w)
		b.held += held
		if frame == nil {
			continue
		}
		total += len(*frame)
		if len(*frame) <= copyBelow {
			ctl = append(ctl, *frame...)
			putBuffer(frame)
			continue
		}
		if flat < len(ctl) {
			w.vec = append(w.vec, ctl[flat:len(ctl):len(ctl)])
			flat = len(ctl)
		}
		w.vec = append(w.vec, *frame)
		w.owned = append(w.owned, frame)
	}
	b.ctl = ctl
	var err error
	switch {
	case total == 0:
	case len(w.vec) == 0:
		err = w.write(ctl)
	case len(w.vec) == 1 && flat == len(ctl):
		err = w.write(w.vec[0])
	default:
		if flat < len(ctl) {
			w.vec = append(w.vec, ctl[flat:])
		}
		err = w.writeVec(total)
	}
	for _, b := range w.owned {
		putBuffer(b)
	}
	w.owned = w.owned[:0]
	return ready[i:], err
}
