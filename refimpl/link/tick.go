package link

import (
	"time"

	"handfast/codec"
)

// tick runs when the link's one timer is due: heartbeat, silence, stall, and messages that are never finished.
func (l *Link) tick() {
	now := l.now()
	l.beatMu.Lock()
	l.armed = false
	since := l.w.since.Load()
	l.beat.Writing(since)
	b := l.beat.Tick(now)
	askAt := max(since, l.asked) + l.stallAfter/8
	if since != 0 && now >= askAt && b.End == codec.CodeNoError {
		l.asked, askAt = now, now+l.stallAfter/8
		l.w.ask() // whether it takes anything at all, often enough to know when it took something last
	}
	l.beatMu.Unlock()
	switch b.End {
	case codec.CodeIdle:
		l.fail(fault(codec.CodeIdle, "BEAT-007", "nothing was heard"))
		return
	case codec.CodeSendStall: // it cannot be said: the transport takes nothing
		if l.w.ask() {
			l.tickIn(answerIn)
		} else {
			l.stall()
		}
		return
	}
	if b.Ping {
		l.w.reply(func(r *replies) {
			r.ping, r.pingFrame = true, codec.Ping{Echo: b.Echo, ErrUS: clockUnknown}
		})
	}
	next := min(b.Next, l.sendLate(now))
	if since != 0 {
		next = min(next, askAt)
	}
	for _, s := range l.joinList() {
		if at := s.joinExpired(now); at == 0 {
			l.unwatchJoin(s)
		} else {
			next = min(next, at)
		}
	}
	l.tickIn(time.Duration(max(next-l.now(), int64(time.Millisecond))))
}

// pingSent notes that the PING that is due leaves now.
func (l *Link) pingSent() {
	l.beatMu.Lock()
	defer l.beatMu.Unlock()
	l.beat.Sent(l.now())
}

// answerIn is how soon a write that was interrupted has surely returned.
const answerIn = 100 * time.Millisecond

// clockUnknown is stated as the error bound of a clock whose bound is not known.
const clockUnknown = 0xFFFFFFFF

// tickIn makes tick run after d or earlier.
func (l *Link) tickIn(d time.Duration) {
	at := l.now() + int64(d)
	l.beatMu.Lock()
	defer l.beatMu.Unlock()
	if l.timer == nil || l.still {
		return
	}
	if l.armed && l.next <= at { // one that is due and has not struck is not put off
		return
	}
	l.next, l.armed = at, true
	l.timer.Reset(d)
}

// stopTick ends the timer. A tick that runs meanwhile sets no other.
func (l *Link) stopTick() {
	l.beatMu.Lock()
	l.still = true
	if l.timer != nil {
		l.timer.Stop()
	}
	if l.last != nil {
		l.last.Stop()
	}
	l.beatMu.Unlock()
}

func (l *Link) joinList() []*Stream {
	l.joinMu.Lock()
	defer l.joinMu.Unlock()
	if len(l.joins) == 0 {
		return nil
	}
	list := make([]*Stream, 0, len(l.joins))
	for s := range l.joins {
		list = append(list, s)
	}
	return list
}

// onPing answers a PING. Only the newest is kept (BEAT-002).
func (l *Link) onPing(p codec.Ping, now int64) *Error {
	l.beatMu.Lock()
	ok := l.beat.Ping(now)
	l.beatMu.Unlock()
	if !ok {
		return fault(codec.CodeCalm, "BEAT-010", "too many early PINGs")
	}
	wall := l.wall()
	l.w.reply(func(r *replies) {
		r.pong, r.pongAt = true, now
		r.pongFrame = codec.Pong{Echo: p.Echo, T1: p.T1, T2: wall, ErrUS: clockUnknown}
	})
	return nil
}

// onPong takes a PONG. It says whether it answered the PING that was open.
func (l *Link) onPong(p codec.Pong, now int64) bool {
	l.beatMu.Lock()
	rtt, ok := l.beat.Pong(p, now)
	if ok {
		l.clock.Add(Sample{T1: p.T1, T2: p.T2, T3: p.T3, T4: l.wall(), RTT: rtt, Now: now,
			Hold: time.Duration(p.HoldUS) * time.Microsecond, Err: -1 /* this side does not know its own bound */, Stepped: p.Clock&1 != 0})
	}
	l.beatMu.Unlock()
	if ok {
		l.tickIn(0) // the next PING may be due already
	}
	return ok
}
