package link

import (
	"encoding/binary"

	"handfast/codec"
)

// Send sends one message. It copies msg, waits for credit and for room, and returns before the message is on the wire.
// While the transport takes nothing it waits too: all messages of a link that were not yet written are kept in
// Config.MaxUnsent bytes. A message over the other side's max_message is refused here. The error is an *Error when the
// stream or link has ended.
func (s *Stream) Send(msg []byte) error {
	if len(msg) >= directFrom {
		if err := s.checkSize(len(msg)); err != nil {
			return err
		}
		if s.sendDirect(msg) {
			return nil
		}
	}
	s.mu.Lock()
	if s.canAdd(len(msg)) && s.place(len(msg), 0) {
		copy(s.extend(len(msg), false), msg)
		full := s.full()
		s.mu.Unlock()
		if full {
			s.link.w.flush()
		}
		return nil
	}
	err := s.sendSlow(message{size: len(msg), body: msg})
	s.mu.Unlock()
	return err
}

// SendParts is Send for a message that is head and then body: it saves the caller a copy of both.
func (s *Stream) SendParts(head, body []byte) error {
	size := len(head) + len(body)
	if err := s.checkSize(size); err != nil {
		return err
	}
	s.mu.Lock()
	if s.canAdd(size) && s.place(size, 0) {
		p := s.extend(size, false)
		copy(p[copy(p, head):], body)
		full := s.full()
		s.mu.Unlock()
		if full {
			s.link.w.flush()
		}
		return nil
	}
	err := s.sendSlow(message{size: size, head: head, body: body})
	s.mu.Unlock()
	return err
}

// SendMade is Send for a message of n bytes that is made where it is sent from: make writes the bytes of the message that
// begin at from into all of p. However large the message is, and however long it waits, it takes no memory of its own. make
// is called with the stream locked: it must be short, and must not use the stream.
func (s *Stream) SendMade(n int, make func(p []byte, from int)) error {
	if err := s.checkSize(n); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sendSlow(message{size: n, make: make})
}

func (s *Stream) checkSize(n int) error {
	if uint64(n) > s.link.peerLimits.MaxMessage {
		return streamFault(codec.CodeMsgTooBig, "DATA-006", "message over the other side's max_message")
	}
	return nil
}

// message is one message to send: its bytes in two parts, or what makes them.
type message struct {
	size       int
	head, body []byte
	make       func(p []byte, from int)
}

// copyTo writes the bytes that begin at from into all of p.
func (m *message) copyTo(p []byte, from int) {
	switch {
	case m.make != nil:
		m.make(p, from)
	case from < len(m.head):
		copy(p[copy(p, m.head[from:]):], m.body)
	default:
		copy(p, m.body[from-len(m.head):])
	}
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
	limit, most := s.link.maxPayload, int(s.link.maxCharge)-codec.MessageCharge
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

// bufferFor is the size of the buffer for a first piece of n bytes. A stream that has filled a large one, or would
// have, gets a large one again. It is called with mu held.
func (s *Stream) bufferFor(n int) int {
	again := s.wants
	if s.link.w.active.Load() > manyAt {
		again = min(again, fillMany)
	}
	return bufferSize(max(codec.HeaderSize+pieceHeader+n+codec.TrailerSize, again))
}

// place sees to it that the send buffer has memory for a piece of n bytes, for which room has said that it fits. held is what
// the caller was given of the link's memory before. False: there is not enough, and nothing was done. It is called with mu
// held.
func (s *Stream) place(n, held int) bool {
	if s.out == nil {
		size := s.bufferFor(n)
		if !s.link.w.unsent.take(size - held) {
			return false
		}
		s.out, s.outHeld = getBuffer(size), size
		*s.out = (*s.out)[:codec.HeaderSize]
		return true
	}
	need := len(*s.out) + pieceHeader + n + codec.TrailerSize
	if need <= cap(*s.out) {
		return true
	}
	size := bufferSize(need)
	if !s.link.w.unsent.take(size - s.outHeld) {
		s.short = need
		return false
	}
	b := getBuffer(size)
	*b = append(*b, *s.out...)
	putBuffer(s.out)
	s.out, s.outHeld = b, size
	return true
}

// extend adds a piece of n bytes to the send buffer, which has memory for it, and sees to it that it will be written. The
// caller fills what it returns. It is called with mu held.
func (s *Stream) extend(n int, more bool) []byte {
	from := len(*s.out) + pieceHeader
	*s.out = binary.BigEndian.AppendUint32(*s.out, uint32(n))[:from+n]
	charge := chargeOf(n)
	s.outCharge += charge
	s.grant.Use(charge)
	s.outMore = more
	if !s.queued {
		s.queued = true
		s.link.w.enqueue(s)
	}
	return (*s.out)[from:]
}

// full says whether the send buffer should be written now. It is called with mu held.
func (s *Stream) full() bool {
	return len(*s.out)-codec.HeaderSize >= s.link.w.fill() || s.outCharge >= maxFrameCharge
}

// sendSlow waits for room, credit and memory, and cuts the message where it does not fit into a frame or into what may
// ever be granted at once. It is called with mu held.
func (s *Stream) sendSlow(m message) error {
	held := 0 // of the link's memory, given to this stream and not yet used
	defer func() { s.link.w.unsent.give(held) }()
	for from := 0; ; {
		if s.err != nil {
			return s.err
		}
		if s.fin {
			return streamFault(codec.CodeState, "STRM-020", "send after FIN")
		}
		left := m.size - from
		// A message is cut for credit only if it is large: cutting others would cost a frame for each piece, and the other
		// side a copy to join them.
		n, more := left, false
		if !s.canAdd(left) {
			n, more = s.cut(left), true
			if left+pieceHeader <= s.link.maxPayload && chargeOf(left) <= min(s.link.peerLimits.StreamCredit/2, s.link.maxCharge) {
				n = 0
			}
		}
		switch {
		case more && n <= 0: // no credit, or no room before what waits has left
			s.link.w.unsent.give(held)
			held = 0
			if s.out != nil && s.room() < left {
				s.flushUnlocked()
				if s.out == nil || s.room() >= left || s.err != nil {
					continue
				}
			}
			s.sendCond.Wait()
		case !s.place(n, held):
			s.link.w.unsent.give(held)
			held = s.awaitMemory(n)
		default:
			held = 0
			m.copyTo(s.extend(n, more), from)
			if from += n; more || s.full() {
				s.flushUnlocked()
			}
			if !more {
				return nil
			}
		}
	}
}

// awaitMemory waits for the memory of a piece of n bytes, and gives what was handed over, 0 if none was. It is called with
// mu held, which it releases meanwhile.
func (s *Stream) awaitMemory(n int) (held int) {
	if s.out != nil { // what it holds leaves first
		s.flushUnlocked()
		if s.out != nil && s.err == nil {
			s.sendCond.Wait()
		}
		return 0
	}
	size := s.bufferFor(n)
	if s.turn == nil {
		s.turn = make(chan bool, 1)
	}
	if s.link.w.unsent.claim(size, s.turn) {
		return size
	}
	s.mu.Unlock()
	s.link.w.active.Add(1)
	s.link.w.flush() // it is others' messages that have the memory
	given := <-s.turn
	s.link.w.active.Add(-1)
	s.mu.Lock()
	if !given {
		return 0
	}
	return size
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
		if !s.queued && !s.mute() {
			s.queued = true
			s.link.w.enqueue(s)
		}
	}
	return nil
}

// mute says whether nothing but an answer may be sent, because the other side's OPEN has none yet (STRM-003). It is called with mu held.
func (s *Stream) mute() bool { return !s.local && !s.answered }

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

// take seals the send buffer as one DATA frame, for whoever is writing, and gives it with what it holds of the link's
// memory. Nil means that there is nothing to send, or that the stream waits for credit of the link.
func (s *Stream) take(w *writer) (frame *[]byte, held int) {
	s.mu.Lock()
	if s.err != nil || s.out == nil && (!s.fin || s.finSent) {
		s.queued = false
		s.mu.Unlock()
		w.active.Add(-1)
		return nil, 0
	}
	if !w.use(s.outCharge) {
		need := s.outCharge
		s.mu.Unlock()
		w.park(s, need)
		return nil, 0
	}
	b, held, h := s.out, s.outHeld, codec.Header{Type: codec.TypeData, Stream: s.id}
	if s.carries != nil && b != nil && len(*b) == 0 { // room that was not used: FIN alone
		putBuffer(b)
		b = nil
	}
	if b != nil {
		// It follows slowly downwards: a frame may have been taken early, and one stream must not get less at a time than
		// others that say as much.
		s.wants, s.short = max(len(*b), s.short, s.wants/2), 0
	}
	if s.outMore {
		h.Flags |= codec.FlagMore
	} else if s.fin {
		h.Flags |= codec.FlagFin
		s.finSent = true
	}
	s.out, s.outHeld, s.outCharge, s.outMore, s.queued = nil, 0, 0, false, false
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
	} else if s.carries != nil {
		s.sealCarried(b, h.Flags&codec.FlagFin != 0)
		return b, held
	} else {
		*b = append(*b, 0, 0, 0, 0)
	}
	codec.SealFrame(*b, h)
	return b, held
}
