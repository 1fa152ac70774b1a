package link

import (
	"context"
	"errors"
	"time"

	"handfast/codec"
)

// drainNotice in DRAIN says that the sender has not yet decided which streams it will serve.
const drainNotice = 0xFFFFFFFF

// onDrain takes DRAIN (DRAIN-001, DRAIN-002, DRAIN-004). It says whether it changed anything.
func (l *Link) onDrain(d codec.Drain) (useful bool, err error) {
	l.mu.Lock()
	if l.drained && d.Last > l.drainIn {
		l.mu.Unlock()
		return false, fault(codec.CodeState, "DRAIN-004", "DRAIN with a greater last")
	}
	useful = !l.drained || d.Last < l.drainIn
	l.drained, l.draining, l.drainIn = true, true, d.Last
	l.slotCond.Broadcast()
	if useful {
		l.log.Info("other side drains", "code", d.Code.String(), "deadline_ms", d.DeadlineMS)
	}
	sending := l.sending()
	l.mu.Unlock()
	for _, s := range sending {
		s.carries.sender.OnDrain(s)
	}
	return useful, nil
}

// Drain ends the link in good order: no new streams, a notice, a round trip, the final DRAIN, what is open is finished,
// CLOSE(NO_ERROR). Streams that are open when ctx ends are cut by CLOSE(DRAINING), which is also what Drain then returns.
// It returns when the link has ended, and what was done for its streams too; but for work that ignores its end Drain waits at
// most Config.WorkTimeout, logs it, and returns a *StuckError. code says why, to the other side.
func (l *Link) Drain(ctx context.Context, code codec.Code) error {
	deadline := uint32(0xFFFFFFFF)
	if at, ok := ctx.Deadline(); ok {
		deadline = uint32(min(max(time.Until(at).Milliseconds(), 0), 0xFFFFFFFE))
	}
	if l.sendDrain(drainNotice, code, deadline) {
		l.roundTrip(ctx)
		l.sendDrain(0, code, deadline)
	}
	stop := context.AfterFunc(ctx, func() {
		l.fail(&Error{Code: codec.CodeDraining, Scope: codec.ScopeLink, Text: "drain deadline passed"})
	})
	defer stop()
	l.mu.Lock()
	for (len(l.streams) > 0 || l.lateCount.Load() > 0) && l.err == nil {
		l.empty.Wait()
	}
	l.mu.Unlock()
	l.fail(&Error{Code: codec.CodeNoError, Scope: codec.ScopeLink})
	stuck := l.await()
	if e, ok := l.Err().(*Error); ok && e.Code != codec.CodeNoError {
		if stuck == nil {
			return e
		}
		return errors.Join(e, stuck)
	}
	return stuck
}

// sendDrain says DRAIN; for the final one last is the greatest stream of the other side so far. False: the link has ended.
func (l *Link) sendDrain(last uint32, code codec.Code, deadline uint32) bool {
	l.mu.Lock()
	if l.err != nil || l.final { // final: another Drain is ahead of this one, and its last may not grow (DRAIN-004)
		ok := l.err == nil
		l.mu.Unlock()
		return ok
	}
	l.draining = true
	if last != drainNotice {
		last, l.final = l.lastPeer, true
	}
	l.slotCond.Broadcast()
	// mu is held over the queueing: an OPEN that is read later is rejected, and its REJECT follows this frame.
	err := l.w.queue(func(b []byte) []byte {
		return codec.Drain{Last: last, Code: code, DeadlineMS: deadline}.AppendFrame(b)
	})
	sending := l.sending()
	l.mu.Unlock()
	for _, s := range sending {
		s.carries.sender.OnDrain(s)
	}
	return err == nil
}

// roundTrip waits as long as a frame and its answer take, so that streams which were opened before the notice was read
// are still served. A link that has measured nothing waits 50 ms.
func (l *Link) roundTrip(ctx context.Context) {
	l.beatMu.Lock()
	rtt := l.clock.Clock(l.now()).RTT
	l.beatMu.Unlock()
	if rtt == 0 {
		rtt = 50 * time.Millisecond
	}
	t := time.NewTimer(min(2*rtt, time.Second))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-l.ending:
	}
}

// Close ends the link at once with CLOSE(code). Open streams end with that code. It returns when the link has ended. Its
// error is nil, or a *StuckError as Drain's.
func (l *Link) Close(code codec.Code, text string) error {
	l.fail(&Error{Code: code, Scope: codec.ScopeLink, Text: text})
	return l.await()
}
