package mutant

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"

	"handfast/codec"
)

// outcome is how a call, a stream or a link of this side's has ended, in the words of conformance/DRIVER.md.
type outcome struct {
	by        string
	code      codec.Code
	processed string
}

// caller is what a stream has that this side has opened: a call, or a stream that the driver holds.
type caller struct {
	held     bool
	answered bool // ACCEPT or REJECT has come
	replies  []string
	failed   *outcome  // ERROR has come
	over     *outcome  // how it has ended, nil while it has not; done has no by
	waiting  []message // of a held stream
	sends    bool      // of a held stream: no other send goes first
}

// ended says how the link has ended. The caller holds mu.
func (l *link) endedHow() *outcome {
	if l.end != nil {
		return l.end
	}
	return &outcome{by: "transport", code: codec.CodeNoError, processed: "maybe"}
}

// mayOpenMore tells whether another stream was granted (STRM-018).
func (l *link) mayOpenMore() bool {
	return l.ownOpened < max(l.mayOpen, l.other.Limits.Streams) || l.has("opens-beyond-the-grant")
}

// drains tells whether streams may not be opened any more (DRAIN-001).
func (l *link) drains() bool {
	return l.drained != nil && !l.has("opens-after-drain") || l.draining && !l.has("opens-after-its-own-drain")
}

// openOwn opens a stream of call. It waits for a grant.
func (l *link) openOwn(ctx context.Context, held bool) (*stream, *outcome) {
	wake := context.AfterFunc(ctx, l.wake)
	defer wake()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.gone || l.closing:
			how := *l.endedHow()
			how.by = "link"
			return nil, &how
		case l.drains():
			return nil, &outcome{"self", codec.CodeDraining, "no"}
		case ctx.Err() != nil:
			return nil, &outcome{"self", giveUpCode(ctx), "no"}
		case l.mayOpenMore():
			return l.newOwn(held), nil
		}
		l.changed.Wait()
	}
}

// wake makes everybody who waits look again.
func (l *link) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed.Broadcast()
}

// giveUpCode is the code of a context that has ended.
func giveUpCode(ctx context.Context) codec.Code {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return codec.CodeDeadline
	}
	return codec.CodeCancelled
}

// nextOwn makes the next stream of this side, without a word. The caller holds mu.
func (l *link) nextOwn(held bool) *stream {
	l.ownLast += 2
	if l.dialer && l.ownLast == 2 {
		l.ownLast = 1
	} else if l.has("leaves-ids-out") {
		l.ownLast += 2
	}
	l.ownOpened++
	s := &stream{l: l, id: l.ownLast, credit: newCredit(l.self.Limits.StreamCredit, l.other.Limits.StreamCredit), caller: &caller{held: held}}
	s.ctx, s.cancel = context.WithCancel(l.ctx)
	l.streams[s.id] = s
	return s
}

// newOwn makes the stream, and says OPEN. The caller holds mu.
func (l *link) newOwn(held bool) *stream {
	s := l.nextOwn(held)
	on := s.id
	if l.has("opens-with-even-ids") {
		on++
	}
	b, err := codec.Open{Stream: on, Proto: "call", Ver: 1}.AppendFrame(nil)
	if err == nil { // it is a small map
		l.push(b)
	}
	switch {
	case l.has("sends-frames-of-delivery"):
		l.push(codec.AppendFrame(nil, codec.Header{Type: codec.TypeAck, Stream: s.id}, make([]byte, 16)))
	case l.has("sends-unregistered-frames"):
		l.push(codec.AppendFrame(nil, codec.Header{Type: 0x40}, nil))
	}
	return s
}

// conclude notes how a stream of this side has ended, once. The caller holds mu.
func (s *stream) conclude(how outcome) {
	if s.caller != nil && s.caller.over == nil {
		s.caller.over = &how
	}
	s.l.changed.Broadcast()
}

// onOwnAnswer serves the answer to an OPEN of this side.
func (s *stream) onOwnAnswer(f codec.Frame, at *codec.Position) error {
	switch {
	case s.caller.answered && s.l.has("takes-second-answers"):
		return s.l.onIdle(f)
	case s.caller.answered:
		return linkFault("STRM-016", codec.CodeState, "%v where none is due", f.Type)
	}
	s.caller.answered = true
	s.l.changed.Broadcast() // a session waits for its answer
	if f.Type == codec.TypeAccept && s.l.has("refuses-unknown-keys-of-accept") && strangeKey(f.Payload, "channel", "params") {
		return linkFault("FRAME-017", codec.CodeEncoding, "a key that nobody knows")
	}
	if f.Type == codec.TypeReject {
		m, err := codec.ParseReject(f)
		if err != nil {
			return err
		}
		how := outcome{"peer", m.Code, "no"}
		if s.l.has("takes-reject-for-the-end-of-the-link") {
			return linkFault("ERR-004", codec.CodeInternal, "REJECT")
		}
		s.conclude(how)
		s.dead = true
		s.settle()
	}
	if s.outlet != nil && f.Type == codec.TypeAccept {
		return s.outlet.onAccept(at)
	}
	return nil
}

// early judges what comes on a stream of this side before its answer (STRM-021).
func (s *stream) early(f codec.Frame, bug string) error {
	if s == nil || s.caller == nil || s.caller.answered || s.l.has(bug) {
		return nil
	}
	return linkFault("STRM-021", codec.CodeState, "%v on stream %d before ACCEPT", f.Type, s.id)
}

// onOwnMessage takes one whole message of the other side on a stream of this side.
func (s *stream) onOwnMessage(m message) error {
	c, l := s.caller, s.l
	if c.held {
		c.waiting = append(c.waiting, m)
		l.changed.Broadcast()
		return nil
	}
	s.consume(m.charge)
	wrong := func(text string) error {
		return &fault{req: "CALL-016", code: codec.CodeProtocol, stream: s.id, text: text}
	}
	if len(m.bytes) == 0 {
		if l.has("takes-answers-without-bytes") && c.failed == nil {
			return nil
		}
		return wrong("a message without bytes")
	}
	if c.failed != nil {
		if l.has("takes-messages-after-error") {
			return nil
		}
		return wrong("something follows ERROR")
	}
	switch kind := codec.CallKind(m.bytes[0]); kind {
	case codec.CallKindReply:
		if reply := hex.EncodeToString(m.bytes[1:]); l.has("hands-on-the-newest-first") {
			c.replies = append([]string{reply}, c.replies...)
		} else {
			c.replies = append(c.replies, reply)
		}
		l.changed.Broadcast()
		return nil
	case codec.CallKindError:
		return s.onError(m.bytes, wrong)
	case codec.CallKindRequest, codec.CallKindArg:
		if l.has("takes-kinds-of-the-caller") {
			return nil
		}
	default:
		if l.has("takes-kinds-that-nobody-sends") {
			return nil
		}
	}
	return wrong("a kind that a callee does not send")
}

// onError takes ERROR.
func (s *stream) onError(message []byte, wrong func(string) error) error {
	l := s.l
	e, err := codec.ParseCallError(message)
	switch {
	case err != nil && l.has("takes-errors-of-any-form"), err != nil && l.has("takes-any-word-on-processing") && bytes.Contains(message, []byte("perhaps")):
		s.caller.failed = &outcome{"error", codec.CodeCallFailed, "maybe"}
		return nil
	case err != nil:
		return wrong("an ERROR of another form")
	case l.has("refuses-unknown-keys-of-error") && strangeKey(message[1:], "code", "data", "name", "processed", "retry_ms", "text"):
		return wrong("an ERROR with a key that nobody knows")
	}
	s.caller.failed = &outcome{"error", e.Code, e.Processed}
	switch {
	case l.has("reports-every-error-as-failed"):
		s.caller.failed.code = codec.CodeInternal
	case l.has("loses-the-word-on-processing"):
		s.caller.failed.processed = "maybe"
	}
	return nil
}

// onOwnFin takes FIN of the other side on a stream of this side.
func (s *stream) onOwnFin() error {
	c := s.caller
	if !c.held && c.failed == nil && len(c.replies) == 0 && s.l.has("wants-a-reply") {
		return &fault{req: "CALL-016", code: codec.CodeProtocol, stream: s.id, text: "FIN without a reply"}
	}
	s.finIn = true
	switch {
	case c.held:
		if s.l.has("stops-sending-at-fin") {
			s.stopping = true
			s.stop()
		}
	case c.failed != nil:
		s.conclude(*c.failed)
	default:
		s.conclude(outcome{})
	}
	s.settle()
	s.l.changed.Broadcast()
	return nil
}

// giveUp resets a stream of this side. The caller does not hold mu.
func (s *stream) giveUp(code codec.Code) {
	l := s.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.over() || l.gone || l.closing {
		return
	}
	switch {
	case l.has("cancels-with-another-code"):
		code = codec.CodeInternal
	case l.has("never-cancels"):
		s.conclude(outcome{"self", code, "maybe"})
		return
	}
	l.reset(s, &fault{code: code, stream: s.id})
}
