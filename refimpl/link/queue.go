package link

import (
	"context"
	"net"
	"slices"

	"handfast/codec"
)

// queue appends whole frames. It never waits, because the reader does not (CRED-011): what the reader queues is bounded by
// the number of streams, and whoever may wait does so in awaitRoom before. After CLOSE nothing is queued.
func (w *writer) queue(add func(b []byte) []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.last {
		return net.ErrClosed
	}
	w.ctl = add(w.ctl)
	w.wake()
	return nil
}

// awaitRoom waits until less than ctlMax is queued, or ctx or the writer has ended.
func (w *writer) awaitRoom(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ctl) < ctlMax {
		return
	}
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		w.room.Broadcast()
		w.mu.Unlock()
	})
	defer stop()
	for len(w.ctl) >= ctlMax && w.err == nil && !w.last && ctx.Err() == nil {
		w.room.Wait()
	}
}

// use takes credit of the link. False means that there is not enough.
func (w *writer) use(charge uint64) bool {
	for {
		used := w.used.Load()
		if w.max.Load()-used < charge {
			return false
		}
		if w.used.CompareAndSwap(used, used+charge) {
			return true
		}
	}
}

// queueData appends a DATA frame of one message with FIN, if that neither waits nor goes beyond the link's credit and memory.
func (w *writer) queueData(stream uint32, msg []byte, charge uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := len(msg) + lastOverhead
	if w.err != nil || w.last || len(w.ctl) >= ctlMax || !w.unsent.take(held) {
		return false
	}
	if !w.use(charge) {
		w.unsent.give(held)
		return false
	}
	w.ctlHeld += held
	w.ctl = appendLast(w.ctl, stream, msg)
	w.wake()
	return true
}

// lastOverhead is what appendLast appends beside the message, in bytes.
const lastOverhead = codec.HeaderSize + pieceHeader + codec.TrailerSize

// appendLast appends a DATA frame of one message with FIN.
func appendLast(b []byte, stream uint32, msg []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, codec.HeaderSize)...)
	b = codec.AppendPiece(b, msg)
	b = append(b, 0, 0, 0, 0)
	codec.SealFrame(b[at:], codec.Header{Type: codec.TypeData, Flags: codec.FlagFin, Stream: stream})
	return b
}

// queueLast appends CLOSE and lets nothing follow it.
func (w *writer) queueLast(add func(b []byte) []byte) {
	w.mu.Lock()
	if w.err == nil && !w.last {
		w.ctl = add(w.ctl)
		w.last = true
		w.ready, w.parked, w.grants, w.acks = nil, nil, nil, nil
		w.replies = replies{}
		w.wake()
	}
	w.room.Broadcast()
	w.mu.Unlock()
}

// stop ends run without writing anything more.
func (w *writer) stop(err error) {
	w.mu.Lock()
	if w.err == nil {
		w.err = err
	}
	w.room.Broadcast()
	w.mu.Unlock()
	select {
	case w.kick <- struct{}{}:
	default: // run has a kick to take already
	}
}

// failed is why the transport has failed the writer, nil if it has not.
func (w *writer) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// enqueue adds a stream that has data to send; the stream sees to it that it is added once.
func (w *writer) enqueue(s *Stream) {
	w.mu.Lock()
	if !w.last {
		w.active.Add(1)
		w.ready = append(w.ready, s)
		w.wake()
	}
	w.mu.Unlock()
}

// park keeps a stream until the link has more credit. It is called by whoever is writing.
func (w *writer) park(s *Stream, need uint64) {
	w.mu.Lock()
	switch {
	case s.gone.Load(): // it ended meanwhile, and unpark has looked already
		w.active.Add(-1)
	case w.max.Load()-w.used.Load() >= need: // it came meanwhile
		w.ready = append(w.ready, s)
	default:
		w.parked = append(w.parked, s)
	}
	w.mu.Unlock()
}

// unpark forgets a stream that has ended while it waited for credit of the link. The link has forgotten it before.
func (w *writer) unpark(s *Stream) {
	w.mu.Lock()
	if i := slices.Index(w.parked, s); i >= 0 {
		w.parked = slices.Delete(w.parked, i, i+1)
		w.active.Add(-1)
	}
	w.mu.Unlock()
}

// raise takes a CREDIT of the link (CRED-005).
func (w *writer) raise(to uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to <= w.max.Load() {
		return false
	}
	w.max.Store(to)
	w.ready = append(w.ready, w.parked...)
	clear(w.parked)
	w.parked = w.parked[:0]
	if len(w.ready) > 0 {
		w.wake()
	}
	return true
}
