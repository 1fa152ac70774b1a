package mutant

import (
	"context"
	"errors"
	"slices"
	"time"

	"handfast/codec"
)

// onMessage serves one whole message of a call: the REQUEST first, ARGs then.
func (s *stream) onMessage(m message) error {
	l := s.l
	if s.session != nil {
		return s.session.onMessage(m)
	}
	if s.caller != nil {
		return s.onOwnMessage(m)
	}
	if !s.requested {
		q, err := codec.ParseCallRequest(m.bytes)
		switch {
		case err != nil && l.has("skips-to-the-request"):
			s.consume(m.charge)
			return nil
		case err != nil && l.has("takes-any-method-name") && len(m.bytes) > 0 && m.bytes[0] == byte(codec.CallKindRequest):
		case err != nil:
			return asFault(err, s.id)
		case m.bytes[1] != 0 && l.has("resets-requests-with-reserved-bits"):
			return &fault{req: "CALL-002", code: codec.CodeProtocol, stream: s.id, text: "reserved bits"}
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
	if s.session != nil {
		return s.session.onFin()
	}
	if s.caller != nil {
		return s.onOwnFin()
	}
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
	if s.l.has("works-on-after-reset") || s.l.has("replies-on-after-reset") {
		whole = s.l.ctx
	}
	switch {
	case ms == 0 && s.l.has("takes-zero-for-a-deadline"):
		ms = 50
	case ms == 0 && s.l.has("ends-calls-without-deadline-at-once"):
		ms = 1
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
