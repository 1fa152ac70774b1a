package mutant

import (
	"context"
	"time"

	"handfast/codec"
)

// makeCall makes one call and waits for its end. After is the number of replies after which it is cancelled, -1 for none.
func (l *link) makeCall(ctx context.Context, method string, args []byte, deadline time.Duration, after int) (replies []string, how outcome) {
	if deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, deadline)
		defer cancel()
	}
	s, refused := l.openOwn(ctx, false)
	if refused != nil {
		return nil, *refused
	}
	wake := context.AfterFunc(ctx, l.wake)
	defer wake()
	for _, message := range l.request(method, args, deadline) {
		if err := s.send(ctx, message.bytes, message.last); err != nil {
			break // the stream has ended, or ctx has
		}
	}
	if deadline > 0 && l.has("resets-calls-with-a-deadline") {
		s.giveUp(codec.CodeDeadline)
	}
	return s.caller.replies, s.awaitEnd(ctx, after)
}

// part is one message of a request.
type part struct {
	bytes []byte
	last  bool
}

// request makes the messages of a call.
func (l *link) request(method string, args []byte, deadline time.Duration) []part {
	ms := uint32(deadline.Milliseconds())
	switch {
	case l.has("calls-without-arguments") && len(args) > 0:
		args = args[:len(args)-1]
	case l.has("calls-without-deadline"):
		ms = 0
	case l.has("calls-with-a-deadline-of-its-own") && ms == 0:
		ms = 60_000
	}
	b, err := codec.AppendCallRequest(nil, method, ms, args)
	if err != nil {
		return nil
	}
	switch {
	case l.has("sends-an-argument-before-the-request"):
		return []part{{codec.AppendCallArg(nil, args), false}, {b, true}}
	case l.has("sends-the-request-twice"):
		return []part{{b, false}, {b, true}}
	}
	return []part{{b, true}}
}

// awaitEnd waits for the end of a call.
func (s *stream) awaitEnd(ctx context.Context, after int) outcome {
	l := s.l
	for {
		l.mu.Lock()
		for s.caller.over == nil && !l.gone && ctx.Err() == nil && (after < 0 || len(s.caller.replies) < after) {
			l.changed.Wait()
		}
		how, gone := s.caller.over, l.gone
		end := *l.endedHow()
		l.mu.Unlock()
		switch {
		case how != nil:
			return l.misreport(*how)
		case gone:
			if l.has("takes-the-end-of-the-link-for-that-of-the-call") {
				return outcome{}
			}
			end.by, end.processed = "link", "maybe"
			return l.misreport(end)
		case ctx.Err() != nil && l.has("ignores-its-own-deadline") && giveUpCode(ctx) == codec.CodeDeadline:
			ctx = context.WithoutCancel(ctx)
			continue
		case ctx.Err() != nil:
			s.giveUp(giveUpCode(ctx))
		default:
			s.giveUp(codec.CodeCancelled)
			after = -1
		}
	}
}

// misreport is what a peer with a bug says of the end of a call.
func (l *link) misreport(how outcome) outcome {
	switch {
	case how.by == "peer" && how.processed == "maybe" && l.has("takes-reset-for-the-end-of-the-call"):
		return outcome{}
	case (how.by == "peer" || how.by == "link") && l.has("says-that-nothing-was-processed"):
		how.processed = "no"
	case how.by == "peer" && l.has("reports-every-reset-as-internal"):
		how.code = codec.CodeInternal
	}
	return how
}

// receiveOwn waits for the next message of a held stream: its bytes, FIN (ok, and nothing), or the end of the stream.
func (s *stream) receiveOwn(ctx context.Context) (b []byte, fin bool, how *outcome) {
	l := s.l
	wake := context.AfterFunc(ctx, l.wake)
	defer wake()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		c := s.caller
		switch {
		case len(c.waiting) > 0:
			next := 0
			if l.has("hands-on-the-newest-first") {
				next = len(c.waiting) - 1
			}
			m := c.waiting[next]
			c.waiting = append(c.waiting[:next:next], c.waiting[next+1:]...)
			if l.streams[s.id] == s {
				s.consume(m.charge)
			}
			return m.bytes, false, nil
		case c.over != nil:
			return nil, false, c.over
		case s.finIn:
			return nil, true, nil
		case l.gone || ctx.Err() != nil:
			end := *l.endedHow()
			end.by = "link"
			return nil, false, &end
		}
		l.changed.Wait()
	}
}

// sendOwn sends a message of a held stream, FIN, or both. One goes after the other.
func (s *stream) sendOwn(ctx context.Context, message []byte, some, fin bool) *outcome {
	l := s.l
	l.mu.Lock()
	for s.caller.sends && !l.gone {
		l.changed.Wait()
	}
	s.caller.sends = true
	l.mu.Unlock()
	var err error
	if some {
		err = s.send(ctx, message, fin)
	} else {
		err = s.sendFin()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.caller.sends = false
	l.changed.Broadcast()
	switch {
	case err == nil:
		return nil
	case s.caller.over != nil:
		return s.caller.over
	}
	end := *l.endedHow()
	end.by = "link"
	return &end
}

// drainFor is how long streams may go on after DRAIN.
const drainFor = 600 * time.Millisecond

// drain says DRAIN, waits for a moment, says it for good, and closes when no stream is open any more (DRAIN-003).
func (l *link) drain() {
	l.mu.Lock()
	l.draining = true
	l.push(codec.Drain{Last: codec.DrainUndecided, DeadlineMS: uint32(drainFor.Milliseconds())}.AppendFrame(nil))
	l.mu.Unlock()
	l.work.Go(func() { // ends with the link, or with its streams
		began := time.Now()
		l.pause(4 * tick)
		l.mu.Lock()
		l.final = true
		l.push(codec.Drain{Last: l.lastID, DeadlineMS: uint32((drainFor - 4*tick).Milliseconds())}.AppendFrame(nil))
		for !l.gone && !l.closing && l.busy() && (time.Since(began) < drainFor || l.has("outlives-its-drain")) && !l.has("closes-before-its-streams-have-ended") {
			l.mu.Unlock()
			l.pause(tick)
			l.mu.Lock()
		}
		code, idle := codec.CodeDraining, !l.busy()
		l.mu.Unlock()
		switch {
		case idle && l.has("stays-after-drain"):
			return
		case idle || l.has("closes-in-good-order-at-the-deadline") || l.has("closes-before-its-streams-have-ended"):
			code = codec.CodeNoError
		}
		l.fail(&fault{code: code, text: "drained"})
	})
}

// busy tells whether a stream is open. The caller holds mu.
func (l *link) busy() bool {
	for _, s := range l.streams {
		if !s.over() {
			return true
		}
	}
	return false
}

// pause passes time, unless the link ends.
func (l *link) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.ctx.Done():
	}
}
