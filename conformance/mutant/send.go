package mutant

import (
	"context"
	"errors"

	"handfast/codec"
)

// reply sends a REPLY.
func (s *stream) reply(ctx context.Context, value []byte) error {
	return s.send(ctx, codec.AppendCallReply(nil, value), false)
}

// sendError sends ERROR, with FIN.
func (s *stream) sendError(e *failed) error {
	b, err := e.Append(nil)
	if err != nil {
		return err
	}
	switch {
	case s.l.has("never-ends-failed-calls"):
		return s.send(s.ctx, b, false)
	case s.l.has("fails-twice"):
		if err := s.send(s.ctx, b, false); err != nil {
			return err
		}
	case s.l.has("replies-after-error"):
		if err := s.send(s.ctx, b, false); err != nil {
			return err
		}
		b = codec.AppendCallReply(nil, nil)
	case s.l.has("sends-errors-without-processed"):
		b = brokenError("code", uint32(e.Code))
	case s.l.has("sends-errors-without-code"):
		b = brokenError("processed", e.Processed)
	case s.l.has("sends-errors-out-of-order"):
		b = brokenError("processed", e.Processed, "code", uint32(e.Code))
	}
	return s.send(s.ctx, b, true)
}

// brokenError makes an ERROR with these keys and values.
func brokenError(pairs ...any) []byte {
	b := codec.AppendMapHeader([]byte{byte(codec.CallKindError)}, len(pairs)/2)
	for _, v := range pairs {
		switch v := v.(type) {
		case string:
			b = codec.AppendStr(b, v)
		case uint32:
			b = codec.AppendUint(b, uint64(v))
		}
	}
	return b
}

// send sends one message, in as many pieces as frame and credit ask for, and waits for credit and for room.
func (s *stream) send(ctx context.Context, message []byte, fin bool) error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.sending = true
	defer func() { s.sending = false; s.stop() }()
	for first := true; first || len(message) > 0; first = false {
		n, err := s.room(ctx, len(message))
		if err != nil {
			return err
		}
		var flags codec.Flags
		switch {
		case n < len(message):
			flags = codec.FlagMore
		case fin:
			flags = codec.FlagFin
			s.finOut = true
		}
		s.credit.spent += uint64(n) + s.l.pieceCost()
		s.l.credit.spent += uint64(n) + s.l.pieceCost()
		if s.l.has("sends-without-the-64-of-the-link") {
			s.l.credit.spent -= codec.MessageCharge
		}
		s.l.push(codec.Data{Stream: s.id, Pieces: codec.NewPieces(flags, message[:n])}.AppendFrame(nil))
		message = message[n:]
	}
	s.settle()
	return nil
}

// stop ends the direction of a peer that stops at the other's FIN, between two messages.
func (s *stream) stop() {
	if s.stopping && !s.sending && !s.finOut && !s.dead {
		s.finOut = true
		s.l.pushFin(s.id)
		s.settle()
	}
}

// room waits until a piece of a message of n bytes may be sent, and gives the bytes that may.
func (s *stream) room(ctx context.Context, n int) (int, error) {
	pieceLength := uint64(4)
	if s.l.has("forgets-the-lengths-of-pieces") {
		pieceLength = 0
	}
	cost := s.l.pieceCost()
	least := cost + uint64(min(n, 1))
	maxFrame := s.l.other.Limits.MaxFrame
	if s.l.has("sends-frames-over-max-frame") {
		maxFrame = codec.DefaultLimits().MaxFrame
	}
	for {
		if s.over() && !s.l.has("replies-on-after-reset") || s.finOut || s.l.gone || s.l.closing || ctx.Err() != nil {
			return 0, errStream
		}
		may := min(s.credit.room(), s.l.credit.room())
		switch {
		case s.l.has("sends-beyond-the-stream-grant"):
			may = s.l.credit.room()
		case s.l.has("sends-beyond-the-link-grant"):
			may = s.credit.room()
		}
		if may >= least && len(s.l.queue) < fullQueue {
			return int(min(uint64(n), may-cost, maxFrame-pieceLength)), nil
		}
		s.l.changed.Wait()
	}
}

// pieceCost is what a piece costs besides its length.
func (l *link) pieceCost() uint64 {
	if l.has("sends-without-the-64") {
		return 0
	}
	return codec.MessageCharge
}

// sendFin ends this side's direction. An empty DATA costs nothing.
func (s *stream) sendFin() error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if s.over() || s.finOut {
		return errStream
	}
	s.finOut = true
	s.l.pushFin(s.id)
	if s.l.has("sends-after-fin") {
		s.l.pushFin(s.id)
	}
	s.settle()
	return nil
}

// errStream says that a stream has ended, so that nothing can be sent on it.
var errStream = errors.New("mutant: the stream has ended")
