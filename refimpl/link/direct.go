package link

import (
	"handfast/codec"
)

// directFrom is the size from which on a message is written from where it lies, by the caller, without being copied.
// Measured on loopback: four copied messages of 16 KiB in one write beat four vectored writes (1.4 of raw TCP's processor
// time a message against 1.9), and at 64 KiB the vectored write wins.
const directFrom = 32 << 10

// sendDirect writes a large message as one frame on the caller's goroutine, if nothing waits before it, nobody else
// writes, and credit is there. False: nothing was done, and the message takes the common way.
func (s *Stream) sendDirect(msg []byte) bool {
	if len(msg)+pieceHeader > s.link.maxPayload {
		return false
	}
	w, charge := s.link.w, chargeOf(len(msg))
	s.mu.Lock()
	if s.err != nil || s.fin || s.out != nil || s.queued || s.grant.Free() < charge {
		s.mu.Unlock()
		return false
	}
	w.mu.Lock()
	if w.writing || w.err != nil || w.last || len(w.ready) > 0 || !w.use(charge) {
		w.mu.Unlock()
		s.mu.Unlock()
		return false
	}
	w.writing = true
	b := w.takeQueued()
	w.mu.Unlock()
	s.grant.Use(charge)
	s.mu.Unlock()

	w.compose(&b)
	err := w.writeMessage(b.ctl, s.id, msg)

	w.settle(b, nil, err)
	w.writing = false
	if w.pending() {
		w.wake()
	}
	w.mu.Unlock()
	return true
}

// writeMessage writes ctl and one DATA frame of one message.
func (w *writer) writeMessage(ctl []byte, stream uint32, msg []byte) error {
	head := codec.AppendDataHead(w.head[:0], stream, msg)
	tail := codec.AppendDataTail(w.tail[:0], head, msg)
	w.vec = w.vec[:0]
	if len(ctl) > 0 {
		w.vec = append(w.vec, ctl)
	}
	w.vec = append(w.vec, head, msg, tail)
	return w.writeVec(len(ctl) + len(head) + len(msg) + len(tail))
}
