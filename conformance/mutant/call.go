package mutant

import (
	"context"
	"errors"
	"slices"
	"time"

	"handfast/codec"
)

// errStream says that a stream has ended, so that nothing can be sent on it.
var errStream = errors.New("mutant: the stream has ended")

// onMessage serves one whole message of a call: the REQUEST first, ARGs then.
func (s *stream) onMessage(m message) error {
	l := s.l
	if !s.requested {
		q, err := codec.ParseCallRequest(m.bytes)
		switch {
		case err != nil && l.has("skips-to-the-request"):
			s.consume(m.charge)
			return nil
		case err != nil && l.has("takes-any-method-name") && len(m.bytes) > 0 && m.bytes[0] == byte(codec.CallKindRequest):
		case err != nil:
			return asFault(err, s.id)
		}
		s.requested = true
		s.consume(m.charge)
		s.begin(q)
		return nil
	}
	kind, value, err := codec.ParseCallKind(m.bytes)
	switch {
	case l.skipsKind(kind, m.bytes):
		s.consume(m.charge)
		return nil
	case err != nil:
		return asFault(err, s.id)
	case kind != codec.CallKindArg:
		return &fault{req: "CALL-010", code: codec.CodeProtocol, stream: s.id, text: kind.String() + " from the caller"}
	case !s.wantsArgs:
		s.consume(m.charge)
		return nil
	}
	s.inbox = append(s.inbox, message{value, m.charge})
	l.changed.Broadcast()
	return nil
}

// skipsKind tells messages that a peer with a bug takes for nothing.
func (l *link) skipsKind(kind codec.CallKind, message []byte) bool {
	switch {
	case len(message) == 0:
		return l.has("ignores-messages-without-bytes")
	case kind == codec.CallKindRequest:
		return l.has("ignores-second-requests")
	case kind == codec.CallKindReply, kind == codec.CallKindError:
		return l.has("ignores-kinds-of-the-callee")
	}
	return kind != codec.CallKindArg && l.has("ignores-unknown-kinds")
}

// onFin notes the end of the dialer's direction. Alone says that nothing came with it.
func (s *stream) onFin(alone bool) error {
	s.finIn = s.requested
	switch {
	case !s.requested && s.l.has("bears-fin-before-request"):
		s.finIn, s.finOut = true, true
		s.l.pushFin(s.id)
	case !s.requested:
		return &fault{req: "CALL-012", code: codec.CodeProtocol, stream: s.id, text: "FIN before REQUEST"}
	case alone && s.l.has("stops-sending-at-fin"):
		s.stopping = true
		s.stop()
	}
	s.settle()
	s.l.changed.Broadcast()
	return nil
}

// begin starts the method in a goroutine of its own, so that no call waits for another (CALL-009).
func (s *stream) begin(q codec.CallRequest) {
	method, known := s.l.methods()[q.Method]
	if !known || s.l.has("serves-no-"+q.Method) {
		method = unknownMethod
	}
	s.working, s.wantsArgs = true, q.Method == "echo" || q.Method == "discard"
	ctx, cancel := s.deadline(q.DeadlineMS)
	wake := context.AfterFunc(ctx, func() { // whoever waits for credit or an ARG looks at ctx
		s.l.mu.Lock()
		defer s.l.mu.Unlock()
		s.l.changed.Broadcast()
	})
	s.l.work.Go(func() { // ends with its method, which ends with ctx
		defer cancel()
		defer wake()
		if s.l.has("serves-one-call-at-a-time") {
			s.l.one.Lock()
			defer s.l.one.Unlock()
		}
		s.finish(ctx, method(ctx, s, q.Args))
	})
}

// deadline makes the context of a method: it ends with the stream, or when the deadline has passed (CALL-006, CALL-007).
func (s *stream) deadline(ms uint32) (context.Context, context.CancelFunc) {
	whole := s.ctx
	if s.l.has("works-on-after-reset") {
		whole = s.l.ctx
	}
	if ms == 0 && s.l.has("takes-zero-for-a-deadline") {
		ms = 50
	}
	if ms == 0 || s.l.has("ignores-deadlines") {
		return context.WithCancel(whole)
	}
	return context.WithTimeout(whole, time.Duration(ms)*time.Millisecond)
}

// finish ends the call as its method says, and then its stream's work.
func (s *stream) finish(ctx context.Context, err error) {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = s.deadlineError()
	}
	f, reset := errors.AsType[*fault](err)
	if e, ok := errors.AsType[*failed](err); ok {
		_ = s.sendError(e) // a stream that has ended needs no answer
	} else if err == nil && !s.l.has("never-ends-calls") {
		_ = s.sendFin()
	}
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if reset && !s.over() {
		s.l.reset(s, f)
	}
	s.working, s.wantsArgs = false, false
	for _, m := range s.inbox {
		s.consume(m.charge)
	}
	s.inbox = nil
	s.settle()
}

// deadlineError is how a call ends whose deadline has passed.
func (s *stream) deadlineError() error {
	switch {
	case s.l.has("ends-in-silence-at-the-deadline"):
		return nil
	case s.l.has("resets-at-the-deadline"):
		return &fault{req: "CALL-006", code: codec.CodeDeadline, stream: s.id}
	}
	return &failed{codec.CallError{Code: codec.CodeDeadline, Processed: codec.ProcessedMaybe}}
}

// receive waits for the next ARG; false is FIN, or the end of the call.
func (s *stream) receive(ctx context.Context) ([]byte, bool) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	for len(s.inbox) == 0 {
		if s.finIn || s.dead || s.l.gone || ctx.Err() != nil {
			return nil, false
		}
		s.l.changed.Wait()
	}
	next := 0
	if s.l.has("hands-on-the-newest-first") {
		next = len(s.inbox) - 1
	}
	m := s.inbox[next]
	s.inbox = slices.Delete(s.inbox, next, next+1)
	s.consume(m.charge)
	return m.bytes, true
}

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
	const pieceLength = 4
	cost := s.l.pieceCost()
	least := cost + uint64(min(n, 1))
	maxFrame := s.l.other.Limits.MaxFrame
	if s.l.has("sends-frames-over-max-frame") {
		maxFrame = codec.DefaultLimits().MaxFrame
	}
	for {
		if s.over() || s.finOut || s.l.gone || s.l.closing || ctx.Err() != nil {
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
