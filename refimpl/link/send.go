package link

import (
	"handfast/codec"
)

// Send sends one message. It copies msg, waits for credit and for room, and returns before the message is on the wire.
// A message over the other side's max_message is refused here. The error is an *Error when the stream or link has ended.
func (s *Stream) Send(msg []byte) error {
	if len(msg) >= directFrom {
		if uint64(len(msg)) > s.link.peerLimits.MaxMessage {
			return streamFault(codec.CodeMsgTooBig, "DATA-006", "message over the other side's max_message")
		}
		if s.sendDirect(msg) {
			return nil
		}
	}
	s.mu.Lock()
	if s.canAdd(len(msg)) {
		full := s.add(msg, false)
		s.mu.Unlock()
		if full {
			s.link.w.flush()
		}
		return nil
	}
	err := s.sendSlow(msg)
	s.mu.Unlock()
	return err
}

// canAdd says whether a whole message of n bytes can be added to the send buffer now. It is called with mu held.
func (s *Stream) canAdd(n int) bool {
	if s.err != nil || s.fin || s.outMore || s.grant.Free() < chargeOf(n) {
		return false
	}
	return s.room() >= n
}

// room is the largest piece that fits into the send buffer now; negative: none. It is called with mu held.
func (s *Stream) room() int {
	limit, most := s.frameLimit(), int(s.link.maxCharge)-codec.MessageCharge
	if s.out == nil {
		return min(limit-pieceHeader, most)
	}
	used := len(*s.out) - codec.HeaderSize
	if used >= s.link.w.fill() || s.outCharge >= maxFrameCharge || s.outMore {
		return -1
	}
	return min(limit-used-pieceHeader, most-int(s.outCharge))
}

const pieceHeader = 4

// frameLimit is the largest payload of a frame of this stream now. While many streams are active it is small, so that what
// they hold together for a peer that does not read stays small.
func (s *Stream) frameLimit() int {
	if s.link.w.active.Load() > manyAt {
		return min(s.link.maxPayload, fillMany)
	}
	return s.link.maxPayload
}

// add puts one piece into the send buffer and sees to it that it will be written. It says whether the buffer is full.
// It is called with mu held.
func (s *Stream) add(piece []byte, more bool) bool {
	if s.out == nil {
		n := codec.HeaderSize + pieceHeader + len(piece) + codec.TrailerSize
		if s.bulk && s.link.w.active.Load() <= manyAt {
			n = fillOne
		}
		s.out = getBuffer(n)
		*s.out = (*s.out)[:codec.HeaderSize]
	} else if need := len(*s.out) + pieceHeader + len(piece) + codec.TrailerSize; need > cap(*s.out) {
		s.growOut(need)
	}
	*s.out = codec.AppendPiece(*s.out, piece)
	charge := chargeOf(len(piece))
	s.outCharge += charge
	s.grant.Use(charge)
	s.outMore = more
	if !s.queued {
		s.queued = true
		s.link.w.enqueue(s)
	}
	return len(*s.out)-codec.HeaderSize >= s.link.w.fill() || s.outCharge >= maxFrameCharge
}

// growOut moves the send buffer into a larger one.
func (s *Stream) growOut(need int) {
	b := getBuffer(need)
	*b = append(*b, *s.out...)
	putBuffer(s.out)
	s.out = b
}

// sendSlow waits for room and credit, and cuts the message where it does not fit into a frame or into what may ever be
// granted at once. It is called with mu held.
func (s *Stream) sendSlow(msg []byte) error {
	for {
		if s.err != nil {
			return s.err
		}
		if s.fin {
			return streamFault(codec.CodeState, "STRM-020", "send after FIN")
		}
		if s.canAdd(len(msg)) {
			if s.add(msg, false) {
				s.flushUnlocked()
			}
			return nil
		}
		// A message is cut for credit only if it is large: cutting others would cost a frame for each piece, and the other
		// side a copy to join them.
		whole := len(msg)+pieceHeader <= s.frameLimit() && chargeOf(len(msg)) <= min(s.link.peerLimits.StreamCredit/2, s.link.maxCharge)
		if n := s.cut(len(msg)); !whole && n > 0 {
			s.add(msg[:n], true)
			msg = msg[n:]
			s.flushUnlocked()
			continue
		}
		if s.out != nil && s.room() < len(msg) {
			s.flushUnlocked()
			if s.out == nil || s.room() >= len(msg) || s.err != nil {
				continue
			}
		}
		s.sendCond.Wait()
	}
}

// cut is the size of the piece that can be sent now of a message of n bytes that is cut; 0: none, wait.
func (s *Stream) cut(n int) int {
	free := s.grant.Free()
	if free <= codec.MessageCharge || s.outMore {
		return 0
	}
	size := min(s.room(), int(min(free-codec.MessageCharge, uint64(n))), fillOne)
	if size <= 0 || size >= n && s.canAdd(n) {
		return 0
	}
	return min(size, n-1) // the last piece has at least one byte of its own
}

func (s *Stream) flushUnlocked() {
	s.mu.Unlock()
	s.link.w.flush()
	s.mu.Lock()
}

// CloseSend ends this side's direction with FIN. It does not wait. Calling it again does nothing.
func (s *Stream) CloseSend() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if !s.fin {
		s.fin = true
		if !s.queued {
			s.queued = true
			s.link.w.enqueue(s)
		}
	}
	return nil
}

// SendLast sends a message and FIN in one frame where it can, without waiting for another goroutine to be kicked twice.
// It is what a reply is sent with. On the goroutine that reads the link it must be used with small messages only, because
// it waits for credit like Send; TrySendLast never waits.
func (s *Stream) SendLast(msg []byte) error {
	if s.TrySendLast(msg) {
		return nil
	}
	if err := s.Send(msg); err != nil {
		return err
	}
	return s.CloseSend()
}

// TrySendLast sends a small message and FIN as one frame, if nothing of the stream waits before it and credit is there. It
// never blocks. False means that nothing was done.
func (s *Stream) TrySendLast(msg []byte) bool {
	charge := chargeOf(len(msg))
	if len(msg) > copyBelow || len(msg)+pieceHeader > s.link.maxPayload {
		return false
	}
	s.mu.Lock()
	if s.err != nil || s.fin || s.out != nil || s.queued || s.grant.Free() < charge {
		s.mu.Unlock()
		return false
	}
	if !s.link.w.queueData(s.id, msg, charge) {
		s.mu.Unlock()
		return false
	}
	s.grant.Use(charge)
	s.fin, s.finSent = true, true
	over := s.finishLocked()
	s.mu.Unlock()
	if over {
		s.over()
	}
	return true
}

// take seals the send buffer as one DATA frame, for whoever is writing. Nil means that there is nothing to send, or that
// the stream waits for credit of the link.
func (s *Stream) take(w *writer) *[]byte {
	s.mu.Lock()
	if s.err != nil || s.out == nil && (!s.fin || s.finSent) {
		s.queued = false
		s.mu.Unlock()
		w.active.Add(-1)
		return nil
	}
	if !w.use(s.outCharge) {
		need := s.outCharge
		s.mu.Unlock()
		w.park(s, need)
		return nil
	}
	b, h := s.out, codec.Header{Type: codec.TypeData, Stream: s.id}
	s.bulk = b != nil && len(*b) > fillMany
	if s.outMore {
		h.Flags |= codec.FlagMore
	} else if s.fin {
		h.Flags |= codec.FlagFin
		s.finSent = true
	}
	s.out, s.outCharge, s.outMore, s.queued = nil, 0, false, false
	over := s.finishLocked()
	s.sendCond.Signal()
	s.mu.Unlock()
	w.active.Add(-1)
	if over {
		s.over()
	}
	if b == nil { // FIN alone
		b = getBuffer(codec.HeaderSize)
		*b = (*b)[:codec.HeaderSize]
	} else {
		*b = append(*b, 0, 0, 0, 0)
	}
	codec.SealFrame(*b, h)
	return b
}
