package link

import "handfast/codec"

// Room is how much a stream with a channel can take at once.
type Room struct {
	Charge int // for pieces
	Bytes  int // of whole frames
}

// AwaitRoom waits until about want bytes of frames can be put on the stream of a channel, or what the stream gets at a time:
// until the frames before them have left, there is credit worth a frame, and the link has memory. The room stays until
// SendFrames. It belongs to the one goroutine that sends. The error is why the stream has ended.
func (s *Stream) AwaitRoom(want int) (Room, error) {
	l := s.link
	// Less credit is not worth a frame, and a window of which the other side has everything back is always worth one.
	worth := min(l.peerLimits.StreamCredit/2, l.maxCharge, uint64(directFrom))
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.err != nil:
			return Room{}, s.err
		case s.fin:
			return Room{}, streamFault(codec.CodeState, "STRM-020", "send after FIN")
		case s.outHeld > 0 && len(*s.out) == 0: // room that was not used
		case s.out != nil || s.grant.Free() < worth:
			s.sendCond.Wait()
			continue
		default:
			size := bufferSize(min(max(want, minRoom), l.w.fillRecords()) + recordsOverhead)
			if !l.w.unsent.take(size) && !s.claimRoom(size) {
				continue
			}
			s.out, s.outHeld = getBuffer(size), size
		}
		charge := min(s.grant.Free(), l.maxCharge, maxFrameCharge)
		return Room{Charge: int(charge), Bytes: cap(*s.out) - codec.HeaderSize}, nil
	}
}

const (
	minRoom         = 1 << 10
	recordsOverhead = 1 << 10 // for the heads of frames
)

// fillRecords is how much of a channel may be written at a time, in bytes. Records wait in a queue anyway, and one write of twice the size
// wakes the other side half as often: measured on loopback, 1 KiB records take half the processor time.
func (w *writer) fillRecords() int {
	if n := w.fill(); n < fillOne {
		return n
	}
	return 2 * fillOne
}

// claimRoom waits for memory of the link. False: the stream has ended. It is called with mu held, which it releases meanwhile.
func (s *Stream) claimRoom(size int) bool {
	w := s.link.w
	if s.turn == nil {
		s.turn = make(chan bool, 1)
	}
	if w.unsent.claim(size, s.turn) {
		return true
	}
	s.mu.Unlock()
	w.active.Add(1)
	w.flush() // it is others' messages that have the memory
	given := <-s.turn
	w.active.Add(-1)
	s.mu.Lock()
	if given && s.err != nil {
		w.unsent.give(size)
		return false
	}
	return given
}

// SendFrames puts whole frames of the channel on the stream: add appends RECORDS and GAP within the room that AwaitRoom gave, and
// says what their pieces cost. It is called with the stream locked: it must be short, and must not use the stream. Nothing is
// written before Flush, or before others make the link write. False: the stream has ended, and add was not called.
func (s *Stream) SendFrames(add func(b []byte) (frames []byte, charge int)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || s.out == nil {
		return false
	}
	var charge int
	if *s.out, charge = add(*s.out); len(*s.out) == 0 {
		return true
	}
	s.outCharge += uint64(charge)
	s.grant.Use(uint64(charge))
	if !s.queued {
		s.queued = true
		s.link.w.enqueue(s)
	}
	return true
}

// Flush writes what is queued on the link, on the caller's goroutine, if nobody else writes. It waits for the transport.
func (s *Stream) Flush() { s.link.w.flush() }

// GiveRoom gives back what AwaitRoom gave and SendFrames did not use.
func (s *Stream) GiveRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil && len(*s.out) == 0 {
		putBuffer(s.out)
		s.link.w.unsent.give(s.outHeld)
		s.out, s.outHeld = nil, 0
	}
}

// sealCarried ends a buffer of whole frames, with FIN behind them where it is due.
func (s *Stream) sealCarried(b *[]byte, fin bool) {
	if fin {
		*b = codec.AppendFrame(*b, codec.Header{Type: codec.TypeData, Flags: codec.FlagFin, Stream: s.id}, nil)
	}
}

// SendAck replaces the ACK that waits to be sent (ACK-005). It copies the ranges and does not wait.
func (s *Stream) SendAck(a codec.Ack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.carries
	if s.ended || s.finSent {
		return
	}
	ranges := append(c.ack.Ranges[:0], a.Ranges...)
	c.ack = a
	c.ack.Stream, c.ack.Ranges = s.id, ranges
	if s.mute() {
		c.ackEarly = true
		return
	}
	s.oweAck()
}

// oweAck sees to it that the ACK that waits is sent. It is called with mu held.
func (s *Stream) oweAck() {
	if !s.carries.ackOwed {
		s.carries.ackOwed = true
		s.link.w.oweAck(s)
	}
}

// appendAck writes the ACK that the stream owes.
func (s *Stream) appendAck(b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.carries
	if c.ackOwed = false; s.ended || s.finSent {
		return b
	}
	b, _ = c.ack.AppendFrame(b) // the core keeps to the form
	return b
}

// oweAck adds a stream that owes an ACK; the stream sees to it that it is added once.
func (w *writer) oweAck(s *Stream) {
	w.mu.Lock()
	if !w.last {
		w.acks = append(w.acks, s)
		w.wake()
	}
	w.mu.Unlock()
}
